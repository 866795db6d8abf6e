//! What a scan takes: processor time, memory and requests of the real binary on an account of 750 resources.
//!
//! `cargo bench --bench scan`
//!
//! The account is moto's, as in the tests of `tests/account/`, so Python is needed. How long the scan waits says
//! something of moto only. The table is for reading: times are of the machine, and nothing here fails on them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what measures may fail")]
#![expect(clippy::print_stdout, reason = "the table is what this is for")]

#[path = "../tests/account/moto.rs"]
#[expect(dead_code, reason = "walls and facts are for tests")]
mod moto;
#[path = "../tests/venv/mod.rs"]
mod venv;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use moto::Moto;
use serde::Deserialize;

const REGION: &str = "us-east-1";

const SEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/scan_seed.py");
const USAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/scan_usage.py");

/// Runs of each scan, after one that is not counted.
const RUNS: usize = 7;

/// What the table shows of each scan: a name, and the rules.
const SCANS: [(&str, &[&str]); 2] = [("one rule", &["--rule", "encrypted-volumes"]), ("all rules", &[])];

fn main() {
    // Tests that take in the benchmarks (`cargo test --benches`) see that it builds.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let bench = Bench::start();
    let made = bench.seed();
    println!("{} resources of {} types; {RUNS} runs each\n", made.values().sum::<usize>(), made.len());
    println!("{:10} {:24} {:>8} {:>8} {:>8}", "", "", "min", "median", "max");
    for (name, rules) in SCANS {
        let requests = bench.requests(rules);
        let runs: Vec<Usage> = (0..RUNS).map(|_| bench.scan(rules)).collect();
        row(name, "processor time, s", &runs, |run| run.cpu);
        row("", "peak memory, MB", &runs, |run| run.peak / 1e6);
        row("", "wall time, s", &runs, |run| run.wall);
        println!("{:10} {:24} {:>8}   (at most {} by `assize plan`)", "", "requests", requests.made, requests.planned);
    }
}

/// The account, and what shows the binary the way to it.
struct Bench {
    moto: Moto,
    home: tempfile::TempDir,
}

/// What one run took; see `scan_usage.py`.
#[derive(Deserialize)]
struct Usage {
    cpu: f64,
    wall: f64,
    peak: f64,
    code: i32,
}

struct Requests {
    made: u64,
    planned: u64,
}

impl Bench {
    fn start() -> Self {
        Self { moto: Moto::start(), home: tempfile::tempdir().unwrap() }
    }

    /// The command with an environment of nothing but what leads to the account.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("AWS_ENDPOINT_URL", self.moto.endpoint())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stderr(Stdio::inherit());
        command
    }

    /// Fills the account, and tells how many resources of each type are in it.
    fn seed(&self) -> BTreeMap<String, usize> {
        let output =
            self.command(self.moto.interpreter()).args([SEED, &self.moto.endpoint(), REGION]).output().unwrap();
        assert!(output.status.success(), "the account could not be filled: why is above");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn scan(&self, rules: &[&str]) -> Usage {
        let output = self
            .command(self.moto.interpreter())
            .arg(USAGE)
            .args([env!("CARGO_BIN_EXE_assize"), "scan", "--region", REGION])
            .args(rules)
            .output()
            .unwrap();
        let usage: Usage = serde_json::from_slice(&output.stdout).unwrap();
        assert!(matches!(usage.code, 0 | 1), "the scan ended with {}", usage.code);
        usage
    }

    /// The requests that a scan makes, and how many `plan` takes it to make at most.
    fn requests(&self, rules: &[&str]) -> Requests {
        let [report, snapshot] = ["report.json", "snapshot.jsonl"].map(|name| self.home.path().join(name));
        let assize = |arguments: &[&str]| {
            let output =
                self.command(Path::new(env!("CARGO_BIN_EXE_assize"))).args(arguments).args(rules).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let (to_report, at) = (format!("json={}", report.display()), snapshot.display().to_string());
        assize(&["scan", "--region", REGION, "-o", &to_report, "--snapshot-out", &at]);
        let report: serde_json::Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
        let made: BTreeMap<String, u64> = serde_json::from_value(report["snapshot"]["requests"].clone()).unwrap();
        let plan = assize(&["plan", "--region", REGION, "--snapshot", &at]);
        let bound = plan.lines().find_map(|line| line.strip_prefix("at most ")?.split(' ').next());
        let planned = bound.unwrap_or_else(|| panic!("`assize plan` does not say how many:\n{plan}"));
        Requests { made: made.values().sum(), planned: planned.parse().unwrap() }
    }
}

fn row(scan: &str, what: &str, runs: &[Usage], value: impl Fn(&Usage) -> f64) {
    let mut values: Vec<f64> = runs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    let [min, median, max] = [0, values.len() / 2, values.len() - 1].map(|at| values[at]);
    println!("{scan:10} {what:24} {min:8.3} {median:8.3} {max:8.3}");
}
