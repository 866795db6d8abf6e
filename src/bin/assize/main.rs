//! The command line of assize: flags in, stages called in order, an exit code out.
//!
//! This is glue, and the only part that prints or ends the process. `cli` has the flags, `cmd` one file a command, `exit`
//! the exit codes, `failure` the form of an error, `store` finds the history.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

mod cli;
mod cmd;
mod exit;
mod failure;
mod input;
mod output;
mod repository;
mod settings;
mod store;

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    // Nothing is loaded before the flags are known: `--version` and `--help` answer at once.
    let cli = Cli::parse();
    let color = output::choose(cli.color);
    match run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let mut stderr = anstream::AutoStream::new(io::stderr().lock(), color.stderr);
            // Where the error itself cannot be written the exit code is all that is left to say.
            _ = write!(stderr, "{failure}").and_then(|()| stderr.flush());
            ExitCode::from(exit::FAILED)
        }
    }
}

fn run(cli: Cli) -> Result<u8, Failure> {
    let threads = usize::from(cli.threads.unwrap_or(0));
    let color = output::choose(cli.color);
    match cli.command {
        Command::Scan(scan) => cmd::scan::scan(scan, threads, color),
        Command::Collect(collect) => cmd::scan::collect(collect, color),
        Command::Evaluate(evaluate) => cmd::evaluate::run(evaluate, threads, color),
        Command::CompareConfig(compare) => cmd::compare_config::run(&compare, threads, color),
        Command::Export(export) => cmd::export::run(export, color),
        Command::Import(import) => cmd::import::run(import, color),
        Command::Report(report) => cmd::report::run(report, color),
        Command::Inventory(inventory) => cmd::inventory::run(&inventory, color),
        Command::Query(query) => cmd::query::run(query, color),
        Command::Deliver(deliver) => cmd::deliver::run(deliver, color),
        Command::Related(related) => cmd::related::run(related, color),
        Command::Diff(diff) => cmd::diff::run(diff, color),
        Command::Snapshots(snapshots) => cmd::snapshots::run(snapshots, color),
        Command::Store(upkeep) => cmd::store::run(upkeep, color),
        Command::History(history) => cmd::history::history(history, color),
        Command::Timeline(timeline) => cmd::history::timeline(timeline, color),
        Command::Trail(trail) => cmd::trail::run(&trail, color),
        Command::Rules(rules) => cmd::rules::run(&rules, color),
        Command::Packs(packs) => cmd::packs::run(&packs, color),
        Command::Resources(resources) => cmd::resources::run(&resources, color),
        Command::Plan(plan) => cmd::plan::plan(plan, color),
        Command::Permissions(permissions) => cmd::plan::permissions(permissions, color),
        Command::Sarif(sarif) => cmd::sarif::run(&sarif, color),
        Command::Config(config) => cmd::config::run(config, threads, color),
        Command::Explain(explain) => cmd::explain::run(explain, color),
        Command::Schedule { runner } => cmd::schedule::run(runner, color),
    }
}
