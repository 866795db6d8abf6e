//! How much memory it takes to judge a million items from a snapshot file, and how long.
//!
//! `cargo bench --bench million` writes a snapshot into a temporary folder, judges it by all rules as the command line does,
//! writes the JSON report, and prints the time of each step and the greatest amount of memory that the process had by then.
//! `ITEMS=100000` makes it shorter; `WHOLE=1` reads the snapshot into memory before it is judged, as files that cannot be
//! read twice are.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod items;

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use assize::evaluate::{self, Judged, Options};
use assize::report::{Report, SnapshotSummary, json};
use assize::rule::RuleSet;
use assize::snapshot::Snapshot;

/// Unless another number stands in the environment variable `ITEMS`.
const COUNT: usize = 1_000_000;

fn main() {
    let count = std::env::var("ITEMS").ok().and_then(|count| count.parse().ok()).unwrap_or(COUNT);
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let path = folder.path().join("snapshot.jsonl");
    let file = File::create(&path).expect("the file can be made");
    items::write(count, BufWriter::new(file)).expect("the file can be written");
    println!("{count} items, {} MB of file", fs::metadata(&path).map_or(0, |file| file.len() / 1_000_000));
    println!("before: {} MB", peak());

    let rules = RuleSet::builtin();
    let judged = if std::env::var_os("WHOLE").is_some() { whole(&rules, &path) } else { streamed(&rules, &path) };
    println!("{} evaluations by {} rules", judged.outcome.evaluations.len(), rules.len());

    let start = Instant::now();
    let Judged { about, contents, outcome } = judged;
    let summary = SnapshotSummary::new(&about, &contents);
    let report =
        Report::new(rules.iter(), summary, contents.into_gaps(&about), outcome.evaluations, outcome.rule_errors);
    let path = folder.path().join("report.json");
    json::write(&report, BufWriter::new(File::create(&path).expect("the file can be made")))
        .expect("it can be written");
    println!("report written in {:.1} s: {} MB at most", start.elapsed().as_secs_f64(), peak());
}

/// Reads and judges at once.
fn streamed(rules: &RuleSet, path: &Path) -> Judged {
    let start = Instant::now();
    let open = || File::open(path).map(BufReader::new);
    let judged = evaluate::run_file(rules, open, &Options::default()).expect("it is a snapshot");
    println!("read and judged in {:.1} s: {} MB at most", start.elapsed().as_secs_f64(), peak());
    judged
}

/// Reads, then judges.
fn whole(rules: &RuleSet, path: &Path) -> Judged {
    let start = Instant::now();
    let file = File::open(path).expect("the file can be read");
    let snapshot = Arc::new(Snapshot::read(BufReader::new(file)).expect("it is a snapshot"));
    println!("read in {:.1} s: {} MB at most", start.elapsed().as_secs_f64(), peak());
    let start = Instant::now();
    let outcome = evaluate::run(rules, &snapshot, &Options::default());
    println!("judged in {:.1} s: {} MB at most", start.elapsed().as_secs_f64(), peak());
    Judged::of(&snapshot, outcome)
}

/// The most memory that the process ever had, in MB. Linux tells.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kb| kb.trim().parse::<u64>().ok()).unwrap_or(0)
        / 1_000
}
