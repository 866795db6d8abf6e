//! How much memory it takes to judge a million items from a snapshot file, and how long.
//!
//! `cargo bench --bench million` writes a snapshot into a temporary folder, reads it as the command line does, judges it by
//! all rules, and prints the greatest amount of memory that the process had.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod items;

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::sync::Arc;
use std::time::Instant;

use assize::evaluate::{self, Options};
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

    let start = Instant::now();
    let file = File::open(&path).expect("the file can be read");
    let snapshot = Arc::new(Snapshot::read(BufReader::new(file)).expect("it is a snapshot"));
    println!("read in {:.1} s: {} MB", start.elapsed().as_secs_f64(), peak());

    let rules = RuleSet::builtin();
    let start = Instant::now();
    let outcome = evaluate::run(&rules, &snapshot, &Options::default());
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} evaluations by {} rules in {seconds:.1} s: {} MB at most",
        outcome.evaluations.len(),
        rules.len(),
        peak()
    );
}

/// The most memory that the process ever had, in MB. Linux tells.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kb| kb.trim().parse::<u64>().ok()).unwrap_or(0)
        / 1_000
}
