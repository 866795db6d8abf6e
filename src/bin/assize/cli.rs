//! The flags, and nothing else: what they mean is decided in `cmd`. A file a family of commands.
//!
//! The flags of `scan`, their names and meanings, are a contract that others script against.

mod ask;
mod aws_config;
mod library;
mod past;
mod scan;
mod setup;
mod shared;
mod trail;
mod value;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::ask::{
    AlarmPath, AnswerFormat, Explain, ExplainOther, Inventory, LookedAt, Query, Related, Report,
};
pub(crate) use self::aws_config::{CompareConfig, ConfigAccount, Export, Import, Origin};
pub(crate) use self::library::{Packs, Resources, Rules};
pub(crate) use self::past::{Deliver, Diff, Events, History, Kept, Past, Snapshots, Timeline, Trail, Upkeep};
pub(crate) use self::scan::{Asking, Before, Collect, Evaluate, Permissions, Plan, Scan, What};
pub(crate) use self::setup::{Config, Runner, Sarif};
pub(crate) use self::shared::{
    Account, Choice, ConfigFile, Credentials, Definitions, Folders, Iac, ListFormat, Output, Store, Targets, TextOrJson,
};
pub(crate) use self::trail::{TrailFiles, VerifyTrail};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Scans AWS accounts, judges what it finds by rules, and reports.
#[derive(Debug, Parser)]
#[command(name = "assize", version, styles = STYLES, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to write colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,

    /// Judge on so many threads; all cores by default
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  nothing was found at or above --fail-on, and everything asked for was judged
  1  something was found that --fail-on names: a severity, new, gaps
  2  assize could not do its work
  3  nothing was found at or above --fail-on, but not everything could be read or judged";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read an account, judge it by rules, and report
    Scan(Scan),
    /// Read an account and keep what was read as a snapshot
    Collect(Collect),
    /// Judge a snapshot of assize, or files of AWS Config, by rules
    Evaluate(Evaluate),
    /// Put what AWS Config recorded into a store
    Import(Import),
    /// Write what was read as the files that AWS Config delivers
    Export(Export),
    /// Show where AWS Config's own results for the same rules are others than ours
    CompareConfig(CompareConfig),
    /// Show a JSON report again, in other formats
    Report(Report),
    /// Count resources by type and region, and name the types that assize does not read
    Inventory(Inventory),
    /// Ask items in AWS Config's query language, or in SQL
    Query(Query),
    /// Send what is new in the store to a file, a topic or a bucket, as AWS Config would; scans do it by themselves
    Deliver(Deliver),
    /// Show what is related to a resource, step by step: what a change of it may touch
    Related(Related),
    /// Tell what is different between two snapshots, or two reports
    Diff(Diff),
    /// List and show the snapshots of a store
    #[command(subcommand)]
    Snapshots(Snapshots),
    /// Show, check and shrink the store itself
    #[command(subcommand)]
    Store(Upkeep),
    /// Show how resources changed, what rules said, and who made the changes
    History(History),
    /// Show the changes of all resources, and the calls that may have made them, in one line of time
    Timeline(Timeline),
    /// Tell whether the files of trails are as they were delivered
    #[command(subcommand)]
    Trail(TrailFiles),
    /// List, show, document, check, test and begin rules
    #[command(subcommand)]
    Rules(Rules),
    /// List and show conformance packs, and how much of them assize can run
    #[command(subcommand)]
    Packs(Packs),
    /// List, show and document the resource types that can be read
    #[command(subcommand)]
    Resources(Resources),
    /// Show the calls that a scan would make
    Plan(Plan),
    /// Write the IAM policy that a scan needs, and no more
    Permissions(Permissions),
    /// Check the configuration file, and show what comes of it
    #[command(subcommand)]
    Config(Config),
    /// Show where a finding comes from: the facts, the calls behind them, the change, and how to mend it
    Explain(Explain),
    /// Write what runs a scan again and again: a workflow, a pipeline, a timer
    Schedule {
        /// What is to run it
        #[arg(value_name = "WHERE", value_enum)]
        runner: Runner,
    },
    /// Tell what code scanning would say of a SARIF file
    #[command(subcommand)]
    Sarif(Sarif),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    // On a terminal, unless the environment says otherwise. No doc comments: they would make all of `--help` long.
    Auto,
    Always,
    Never,
}
