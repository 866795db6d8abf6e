//! The flags of what reads and judges: `scan`, `collect`, `evaluate`, and what they would call.

use std::path::PathBuf;

use assize::source::config_bucket::Address;
use clap::{Args, ValueEnum};

use super::shared::{Account, Choice, ConfigFile, Definitions, Iac, Output, Store, Targets};
use super::value::{age, named_value};

#[derive(Debug, Args)]
pub(crate) struct Scan {
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) targets: Targets,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    /// Read every resource type and part, not only those that the rules need
    #[arg(long, help_heading = "Resources")]
    pub(crate) all: bool,
    /// Keep the snapshot in this file too; compressed if it ends in .gz
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) snapshot_out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Read nothing if a snapshot of the store is not older, such as 10m or 2h, and has all that is needed: judge that one
    #[arg(long, value_name = "AGE", value_parser = age, conflicts_with_all = ["replay", "demo", "record"], help_heading = "Store")]
    pub(crate) max_age: Option<jiff::Span>,
    /// Judge what changed since the last judged snapshot of the store, and take the other answers from there
    #[arg(long, help_heading = "Store")]
    pub(crate) changed_only: bool,
    /// With --changed-only, how often periodic rules are judged whatever changed
    #[arg(long, value_name = "FREQUENCY", default_value = "TwentyFour_Hours", help_heading = "Store")]
    pub(crate) periodic: Frequency,
    #[command(flatten)]
    pub(crate) iac: Iac,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

/// How often AWS Config runs a periodic rule, in its words
/// (<https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigRule.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Frequency {
    #[value(name = "One_Hour")]
    OneHour,
    #[value(name = "Three_Hours")]
    ThreeHours,
    #[value(name = "Six_Hours")]
    SixHours,
    #[value(name = "Twelve_Hours")]
    TwelveHours,
    #[value(name = "TwentyFour_Hours")]
    TwentyFourHours,
}

impl Frequency {
    pub(crate) fn hours(self) -> u32 {
        match self {
            Self::OneHour => 1,
            Self::ThreeHours => 3,
            Self::SixHours => 6,
            Self::TwelveHours => 12,
            Self::TwentyFourHours => 24,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Collect {
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    /// Read every resource type and part, not only those that the rules need
    #[arg(long, help_heading = "Resources")]
    pub(crate) all: bool,
    /// The file to write; compressed if it ends in .gz. Standard output by default
    #[arg(short, long, alias = "snapshot-out", value_name = "FILE", help_heading = "Snapshot")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// A snapshot of assize, or snapshot or history files of AWS Config, compressed or not, or folders of such files.
    /// The store's state by default
    #[arg(value_name = "SNAPSHOT")]
    pub(crate) snapshots: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) before: Before,
    /// Judge the store's state of this moment: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT", conflicts_with = "snapshots", help_heading = "Store")]
    pub(crate) at: Option<String>,
    /// Judge by the rules and parameters that were recorded last at that moment, not by today's
    #[arg(
        long,
        conflicts_with_all = ["snapshots", "rules", "parameters", "services", "severities", "categories", "folders"],
        help_heading = "Store"
    )]
    pub(crate) recorded_rules: bool,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) targets: Targets,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) iac: Iac,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) what: What,
    /// Count the calls for as many resources as this snapshot has
    #[arg(long, value_name = "SNAPSHOT", conflicts_with = "inventory")]
    pub(crate) snapshot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Permissions {
    #[command(flatten)]
    pub(crate) what: What,
    /// For these commands, which ask AWS for what no scan reads: history and timeline with `--events account`, import with
    /// `--from-api` or with an aggregator, compare-config. With `scan` among them, for that too: only then do the flags
    /// that choose rules count
    #[arg(
        long = "for",
        value_name = "COMMAND",
        value_delimiter = ',',
        conflicts_with_all = ["inventory", "import", "trail", "deliver"]
    )]
    pub(crate) commands: Vec<Asking>,
    /// Which rules, or commands, need which action, instead of the policy
    #[arg(long)]
    pub(crate) by_rule: bool,
    /// For `assize import` from this bucket of AWS Config, instead of a scan
    #[arg(long, value_name = "s3://BUCKET[/FOLDER]", conflicts_with_all = ["by_rule", "all", "inventory", "rules"])]
    pub(crate) import: Option<Address>,
    /// For `assize trail verify` of this bucket, instead of a scan
    #[arg(long, value_name = "s3://BUCKET[/FOLDER]", conflicts_with_all = ["by_rule", "all", "inventory", "rules", "import"])]
    pub(crate) trail: Option<Address>,
    /// For the role that delivers (`deliver` of the configuration file), instead of a scan
    #[arg(long, conflicts_with_all = ["by_rule", "all", "inventory", "rules", "import", "trail"])]
    pub(crate) deliver: bool,
}

/// What asks AWS for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Asking {
    // As of `Color`.
    Scan,
    History,
    Import,
    ImportAggregator,
    CompareConfig,
}

/// What would be read: the flags of a scan that decide it.
#[derive(Debug, Args)]
pub(crate) struct What {
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) targets: Targets,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    /// For every resource type and part, not only for those that the rules need
    #[arg(long, help_heading = "Resources")]
    pub(crate) all: bool,
    /// For `assize inventory`: the listings of all types, and what tells of types that assize does not read
    #[arg(long, help_heading = "Resources", conflicts_with_all = ["all", "rules", "tags"])]
    pub(crate) inventory: bool,
    /// For these regions, or `all` for the enabled ones
    #[arg(short, long = "region", value_name = "REGION", value_delimiter = ',', help_heading = "Resources")]
    pub(crate) regions: Vec<String>,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

/// What is not deployed yet.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Before deployment")]
pub(crate) struct Before {
    /// Judge the resources of a template of `CloudFormation` or SAM, or of all templates below a folder
    #[arg(long, value_name = "FILE|DIR", conflicts_with_all = ["snapshots", "store", "at", "recorded_rules", "plan"])]
    pub(crate) template: Option<PathBuf>,
    /// Judge the resources as a plan of Terraform makes them: what terraform show -json prints of it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["snapshots", "store", "at", "recorded_rules"])]
    pub(crate) plan: Option<PathBuf>,
    /// A parameter's value, or a pseudo parameter's such as `AWS::Region=eu-west-1`
    #[arg(long = "template-parameter", value_name = "NAME=VALUE", value_parser = named_value)]
    pub(crate) template_parameters: Vec<(String, String)>,
}
