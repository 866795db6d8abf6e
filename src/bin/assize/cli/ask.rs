//! The flags of what asks and shows: `report`, `explain`, `query`, `related`, `inventory`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::shared::{Account, ConfigFile, Definitions, Iac, Output, Store, TextOrJson};
use super::value::pattern;
use crate::cmd::explain::events::Kind;

#[derive(Debug, Args)]
pub(crate) struct Inventory {
    /// Count what is in a snapshot of assize, or in files of AWS Config, instead of an account
    #[arg(value_name = "SNAPSHOT", conflicts_with_all = ["Credentials", "regions", "budget", "record", "replay", "demo"])]
    pub(crate) snapshots: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal, help_heading = "Report")]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// A JSON report of assize. What the store recorded last by default
    #[arg(value_name = "REPORT")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Show what was recorded last at this moment: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT", conflicts_with = "file", help_heading = "Store")]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) iac: Iac,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The query, such as "SELECT resourceId WHERE awsRegion = 'eu-west-1'"; - reads it from standard input
    #[arg(value_name = "QUERY", required_unless_present = "file")]
    pub(crate) text: Option<String>,
    /// Read the query from this file
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    /// Ask this snapshot of assize, or snapshot or history file of AWS Config; compressed or not. The store's last known
    /// state by default
    #[arg(long = "snapshot", value_name = "FILE", conflicts_with = "store")]
    pub(crate) snapshots: Vec<PathBuf>,
    /// The query is SQL over tables, as docs/query.md describes them; it can only read. Of the store without --at it is
    /// asked over the whole history
    #[arg(long)]
    pub(crate) sql: bool,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = AnswerFormat::Table)]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Ask the store's state of this moment: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT", conflicts_with = "snapshots", help_heading = "Store")]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Related {
    /// A resource: its ARN, id or name
    #[arg(value_name = "ARN|ID|NAME")]
    pub(crate) resource: String,
    /// Only a resource of this type, such as `AWS::EC2::SecurityGroup`
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) resource_type: Option<String>,
    /// Walk over so many links; 0 walks as far as they lead
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) depth: usize,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal)]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) looked_at: LookedAt,
}

/// What a question is asked of.
#[derive(Debug, Args)]
pub(crate) struct LookedAt {
    /// Look at this snapshot of assize, or at files of AWS Config. The store's last known state by default, or an account
    #[arg(long = "snapshot", value_name = "FILE", conflicts_with_all = ["store", "Credentials", "regions", "budget", "record", "replay", "demo"])]
    pub(crate) snapshots: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Look at the store's state of this moment: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT", conflicts_with_all = ["snapshots", "Credentials", "regions", "budget", "record", "replay", "demo"], help_heading = "Store")]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Explain {
    #[command(subcommand)]
    pub(crate) other: Option<ExplainOther>,
    /// The finding's fingerprint as reports have it, or its first six digits or more; or the id of its rule
    #[arg(value_name = "FINDING|RULE", required = true)]
    pub(crate) finding: Option<String>,
    /// With a rule, the resource: its id, name or ARN
    #[arg(value_name = "RESOURCE")]
    pub(crate) resource: Option<String>,
    /// A JSON report that has the finding. What the store recorded last by default
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: Store,
    /// As it was at this moment: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT", conflicts_with = "report", help_heading = "Store")]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

/// What else can be explained.
#[derive(Debug, Subcommand)]
pub(crate) enum ExplainOther {
    /// Follow the way from an event to a person who is notified of it, and tell the first link that is broken
    ///
    /// The way is: a trail of all regions → the log group it delivers to → a metric filter that counts the event → an alarm
    /// on the filter's metric → an SNS topic → a confirmed subscription. The exit code is 1 if it is broken, and 3 if a link
    /// could not be read.
    AlarmPath(AlarmPath),
}

#[derive(Debug, Args)]
pub(crate) struct AlarmPath {
    /// The kind of event: those of the CIS benchmark's part 4
    #[arg(value_name = "EVENT", value_enum, default_value_t = Kind::RootSignIn)]
    pub(crate) kind: Kind,
    /// Look for a metric filter that says the same as this pattern, in whatever order and spacing
    #[arg(long, value_name = "PATTERN", conflicts_with = "kind", value_parser = pattern)]
    pub(crate) pattern: Option<String>,
    /// Look for a metric filter that counts this event: JSON as CloudTrail writes it, or a log file of it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "pattern"])]
    pub(crate) event: Option<PathBuf>,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal)]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) looked_at: LookedAt,
}

/// How the rows of a query are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    // For people; as AWS Config answers; for spreadsheets.
    Table,
    Json,
    Csv,
}
