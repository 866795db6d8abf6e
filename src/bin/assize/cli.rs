//! The flags, and nothing else: what they mean is decided in `cmd`.
//!
//! The flags of `scan`, their names and meanings, are a contract that others script against.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use assize::config;
use assize::evaluation::Severity;
use assize::export;
use assize::report::diff::Format as DiffFormat;
use assize::report::{Extent, FailOn, FailOnError, Format};
use assize::rule::Category;
use assize::rule::set::Assignment;
use assize::source::config_bucket::{Address, AddressError};
use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

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
  1  something was found at or above --fail-on
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
    /// List, show and forget the snapshots of a store
    #[command(subcommand)]
    Snapshots(Snapshots),
    /// Show how resources changed, what rules said, and who made the changes
    History(History),
    /// Show the changes of all resources, and the calls that may have made them, in one line of time
    Timeline(Timeline),
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
pub(crate) struct Import {
    /// Files of AWS Config, folders of them, or its bucket: `s3://BUCKET[/FOLDER]`
    #[arg(required_unless_present = "from_api", value_name = "PATH", value_parser = origin())]
    pub(crate) origins: Vec<Origin>,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Only what was delivered on this day or later
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<jiff::civil::Date>,
    /// Only what was delivered on this day or earlier
    #[arg(long, value_name = "DAY")]
    pub(crate) until: Option<jiff::civil::Date>,
    /// Only what was delivered for these accounts
    #[arg(long = "account", value_name = "ID", value_delimiter = ',')]
    pub(crate) accounts: Vec<String>,
    /// Ask the API of AWS Config: for the current items and for their history
    #[arg(long, help_heading = "Account", conflicts_with_all = ["since", "until", "accounts"])]
    pub(crate) from_api: bool,
    /// Ask this aggregator for the current items of all accounts and regions that it sees
    #[arg(long, value_name = "NAME", help_heading = "Account", requires = "from_api")]
    pub(crate) aggregator: Option<String>,
    #[command(flatten)]
    pub(crate) account: ConfigAccount,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// A snapshot of assize, or files or folders of AWS Config. The store's last known state by default
    #[arg(value_name = "SNAPSHOT")]
    pub(crate) snapshots: Vec<PathBuf>,
    /// The folder to write to, as if it were the bucket
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// One document a file, as AWS Config writes it, or an item a line
    #[arg(short, long, value_name = "FORMAT", value_parser = export_formats(), default_value = "aws-config")]
    pub(crate) format: export::Format,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Write the store's state of this moment: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT", conflicts_with = "snapshots", help_heading = "Store")]
    pub(crate) at: Option<String>,
    /// Write the history from this moment on, instead of a state: each version, in a file for each type and six hours
    #[arg(long, value_name = "MOMENT", conflicts_with_all = ["snapshots", "at"], help_heading = "Store")]
    pub(crate) since: Option<String>,
    /// Write the history up to this moment
    #[arg(long, value_name = "MOMENT", conflicts_with_all = ["snapshots", "at"], help_heading = "Store")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct CompareConfig {
    /// What assize judges: a snapshot of assize, or files or folders of AWS Config
    #[arg(required = true, value_name = "SNAPSHOT")]
    pub(crate) snapshots: Vec<PathBuf>,
    /// Take AWS Config's rules and results from this file, as AWS's command line prints them, instead of its API
    #[arg(long, value_name = "FILE")]
    pub(crate) results: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) account: ConfigAccount,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal)]
    pub(crate) format: TextOrJson,
    /// Also write the comparison to a file, as JSON
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show at most so many resources of a rule on the terminal; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// Whose AWS Config is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct ConfigAccount {
    #[command(flatten)]
    pub(crate) credentials: Credentials,
    /// The regions of AWS Config; of its API that of the profile by default
    #[arg(short, long = "region", value_name = "REGION", value_delimiter = ',')]
    pub(crate) regions: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Inventory {
    /// Count what is in a snapshot of assize, or in files of AWS Config, instead of an account
    #[arg(value_name = "SNAPSHOT", conflicts_with_all = ["Credentials", "regions", "record", "replay", "demo"])]
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
pub(crate) struct Deliver {
    #[command(flatten)]
    pub(crate) store: Store,
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
    /// Look at this snapshot of assize, or at files of AWS Config. The store's last known state by default, or an account
    #[arg(long = "snapshot", value_name = "FILE")]
    pub(crate) snapshots: Vec<PathBuf>,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal)]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) store: Store,
    /// Look at the store's state of this moment: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT", conflicts_with = "snapshots", help_heading = "Store")]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
#[command(after_help = DIFF_HELP)]
pub(crate) struct Diff {
    /// The older state: a snapshot, a file of AWS Config, or a JSON report; or of the store `latest~2`, a snapshot's
    /// number, a time [default: latest~1]
    #[arg(value_name = "FROM")]
    pub(crate) from: Option<String>,
    /// The newer state, of the same kind [default: latest]
    #[arg(value_name = "TO")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) definitions: Definitions,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_parser = diff_formats(), default_value = "terminal", help_heading = "Report")]
    pub(crate) format: DiffFormat,
    /// Also write the differences to a file, such as markdown=changes.md
    #[arg(short, long = "output", value_name = "FORMAT=FILE", value_parser = diff_output, help_heading = "Report")]
    pub(crate) outputs: Vec<(DiffFormat, PathBuf)>,
    /// End with exit code 1 if anything is different
    #[arg(long, help_heading = "Report")]
    pub(crate) exit_code: bool,
    /// The file of the repository that SARIF results point at [default: assize.yaml, or README.md]
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) anchor: Option<PathBuf>,
    /// Show at most so many of a kind on the terminal and in Markdown; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Report")]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

const DIFF_HELP: &str = "\
Exit codes:
  0  the states were compared
  1  they are different, and --exit-code was given
  2  assize could not do its work";

#[derive(Debug, Args)]
pub(crate) struct History {
    /// A resource: its ARN, id or name
    #[arg(value_name = "ARN|ID|NAME")]
    pub(crate) resource: String,
    #[command(flatten)]
    pub(crate) past: Past,
    #[command(flatten)]
    pub(crate) trail: Trail,
}

#[derive(Debug, Args)]
pub(crate) struct Timeline {
    /// Only these resources: their ARNs, ids or names. All by default, without what the first look found
    #[arg(value_name = "ARN|ID|NAME")]
    pub(crate) resources: Vec<String>,
    #[command(flatten)]
    pub(crate) past: Past,
    #[command(flatten)]
    pub(crate) trail: Trail,
}

/// Which part of the past is shown, and how.
#[derive(Debug, Args)]
pub(crate) struct Past {
    /// Only resources of this type, such as `AWS::EC2::SecurityGroup`
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) resource_type: Option<String>,
    /// Only what was seen at this moment or later: a time, a day, the number of a snapshot, latest or latest~2
    #[arg(long, value_name = "MOMENT")]
    pub(crate) since: Option<String>,
    /// Only what was seen at this moment or earlier: the past as it was known then
    #[arg(long, visible_alias = "at", value_name = "MOMENT")]
    pub(crate) until: Option<String>,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal)]
    pub(crate) format: TextOrJson,
    /// Show at most so many changed facts of a change on the terminal; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

/// Where the calls come from that may have made changes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Events")]
pub(crate) struct Trail {
    /// Look for the calls behind changes: `account` asks CloudTrail, a folder or a bucket (`s3://BUCKET[/FOLDER]`) holds files of
    /// a trail. What is found is kept in the store, and shown again without asking
    #[arg(long, value_name = "account|DIR|s3://…|none", value_parser = events, default_value = "none")]
    pub(crate) events: Events,
    #[command(flatten)]
    pub(crate) credentials: Credentials,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    Account,
    Folder(PathBuf),
    Bucket(Address),
    None,
}

/// A folder that is called as one of the words is `./account`.
fn events(text: &str) -> Result<Events, AddressError> {
    Ok(match text {
        "account" => Events::Account,
        "none" => Events::None,
        address if address.starts_with(Address::SCHEME) => Events::Bucket(address.parse()?),
        folder => Events::Folder(folder.into()),
    })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Snapshots {
    /// List the snapshots, from the earliest on
    List(Kept),
    /// Show what a snapshot is of, what it holds, and what could not be read
    Show {
        /// The number of a snapshot, latest, or latest~2
        #[arg(value_name = "SNAPSHOT")]
        snapshot: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Look through the whole store: whether all that was put into it is still there as it was
    Verify(Kept),
    /// Forget snapshots, and what was over before
    Purge {
        /// Keep what is younger, such as 90d, 12w or 1y
        #[arg(long, value_name = "AGE", value_parser = age)]
        keep: jiff::Span,
        #[command(flatten)]
        store: Store,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Which store, and how it is told.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    #[command(flatten)]
    pub(crate) store: Store,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal, help_heading = "Report")]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// List rules with their severity and title
    List {
        #[command(flatten)]
        choice: Choice,
        /// The format on standard output; JSON has all there is to know of the rules
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Terminal)]
        format: ListFormat,
        #[command(flatten)]
        definitions: Definitions,
    },
    /// Show all there is to know of a rule
    Show {
        /// A rule's id, or AWS Config's identifier
        #[arg(value_name = "RULE")]
        rule: String,
        /// Also find the rule in this folder
        #[arg(long = "rules", value_name = "DIR")]
        folders: Vec<PathBuf>,
        #[command(flatten)]
        definitions: Definitions,
    },
    /// Write all there is to know of rules as pages of Markdown, one for each service
    Docs {
        /// The folder to write to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        definitions: Definitions,
    },
    /// Run the cases of rules: the built-in ones, or those of a folder
    Test {
        /// Folders of rules
        #[arg(value_name = "DIR")]
        folders: Vec<PathBuf>,
        /// Only rules of these ids or patterns
        #[arg(long = "rule", value_name = "ID|GLOB", value_delimiter = ',')]
        rules: Vec<String>,
        /// Also say what the cases leave untested: branches that none reaches, and changes that none notices
        #[arg(long)]
        thorough: bool,
        #[command(flatten)]
        definitions: Definitions,
    },
    /// Look for what cannot be right in rules, without running them: the built-in ones, or those of a folder
    Check {
        /// Folders of rules
        #[arg(value_name = "DIR")]
        folders: Vec<PathBuf>,
        /// Only rules of these ids or patterns
        #[arg(long = "rule", value_name = "ID|GLOB", value_delimiter = ',')]
        rules: Vec<String>,
        #[command(flatten)]
        definitions: Definitions,
    },
    /// Begin a rule: write its three files, which pass their own cases
    New {
        /// The rule's id, such as volumes-are-small
        #[arg(value_name = "RULE")]
        rule: String,
        /// The type that it judges
        #[arg(long = "type", value_name = "TYPE", default_value = "AWS::EC2::Volume")]
        resource_type: String,
        /// The folder of rules to put it in
        #[arg(long, value_name = "DIR", default_value = "rules")]
        dir: PathBuf,
        #[command(flatten)]
        definitions: Definitions,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Packs {
    /// List the packs that come with assize
    List,
    /// Show a pack: its parameters, its rules and their controls
    Show {
        /// The name of a pack, or its file
        #[arg(value_name = "NAME|FILE")]
        pack: String,
        #[command(flatten)]
        folders: Folders,
    },
    /// Show how many rules of packs assize can run, and what is missing
    Coverage {
        /// Packs by name, files, or folders of files; those that come with assize by default
        #[arg(value_name = "NAME|FILE|DIR")]
        packs: Vec<String>,
        /// The format on standard output
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Terminal)]
        format: ListFormat,
        #[command(flatten)]
        folders: Folders,
    },
}

/// How what there is is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    // As of `Color`.
    Terminal,
    #[value(alias = "md")]
    Markdown,
    Json,
}

/// Rules of the user's own.
#[derive(Debug, Args)]
pub(crate) struct Folders {
    /// Also the rules of this folder; a rule of a built-in one's id takes its place
    #[arg(long = "rules", value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Resources {
    /// List the resource types that can be read
    List {
        #[command(flatten)]
        definitions: Definitions,
    },
    /// Show the calls behind a type, its parts and its relationships
    Show {
        /// A type as AWS spells it, such as `AWS::S3::Bucket`
        #[arg(value_name = "TYPE")]
        resource_type: String,
        #[command(flatten)]
        definitions: Definitions,
    },
    /// Write how the resource types are read as pages of Markdown, one for each service
    Docs {
        /// The folder to write to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        folders: Folders,
        #[command(flatten)]
        definitions: Definitions,
    },
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
    /// Which rules need which action, instead of the policy
    #[arg(long)]
    pub(crate) by_rule: bool,
    /// For `assize import` from this bucket of AWS Config, instead of a scan
    #[arg(long, value_name = "s3://BUCKET[/FOLDER]", conflicts_with_all = ["by_rule", "all", "inventory", "rules"])]
    pub(crate) import: Option<Address>,
    /// For the role that delivers (`deliver` of the configuration file), instead of a scan
    #[arg(long, conflicts_with_all = ["by_rule", "all", "inventory", "rules", "import"])]
    pub(crate) deliver: bool,
}

/// Where files of AWS Config are.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Path(PathBuf),
    Bucket(Address),
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

/// Whose permissions are used.
#[derive(Debug, Args)]
pub(crate) struct Credentials {
    /// The profile of AWS's configuration files to use
    #[arg(short, long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// A role to assume first
    #[arg(long, value_name = "ARN")]
    pub(crate) role_arn: Option<String>,
    /// The external id that the role asks for
    #[arg(long, value_name = "ID", requires = "role_arn")]
    pub(crate) external_id: Option<String>,
}

/// Where the facts come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct Account {
    #[command(flatten)]
    pub(crate) credentials: Credentials,
    /// Regions to read, or `all` for the enabled ones; the profile's region by default
    #[arg(short, long = "region", value_name = "REGION", value_delimiter = ',')]
    pub(crate) regions: Vec<String>,
    /// Keep all exchanges with AWS in this file, without credentials; compressed if it ends in .gz
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Replace account ids in the recording by 111122223333
    #[arg(long, requires = "record")]
    pub(crate) scrub_accounts: bool,
    /// Read from a recording instead of AWS
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "role_arn", "record"])]
    pub(crate) replay: Option<PathBuf>,
    /// Read from the recording of an example account that comes with assize
    #[arg(long, conflicts_with_all = ["replay", "profile", "role_arn", "record"])]
    pub(crate) demo: bool,
    /// Those that the configuration file names.
    #[arg(skip)]
    pub(crate) accounts: Vec<config::Account>,
}

/// Which rules, and with what.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct Choice {
    /// Only rules of these ids, patterns (`s3-*`) or identifiers of AWS Config
    #[arg(long = "rule", value_name = "ID|GLOB", value_delimiter = ',')]
    pub(crate) rules: Vec<String>,
    /// A parameter's value, of all chosen rules that have it (NAME=VALUE) or of one (RULE.NAME=VALUE)
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) parameters: Vec<Assignment>,
    /// The rules of this conformance pack: a name of `assize packs list`, or a file. With --rule, those as well
    #[arg(long = "pack", value_name = "NAME|FILE", conflicts_with_all = ["services", "severities", "categories"])]
    pub(crate) packs: Vec<String>,
    /// A value for a parameter of the packs that have it (NAME=VALUE), or of one pack (PACK.NAME=VALUE)
    #[arg(long = "pack-parameter", value_name = "NAME=VALUE", requires = "packs", value_parser = assignment)]
    pub(crate) pack_parameters: Vec<Assignment>,
    /// Only rules of these services, such as ec2
    #[arg(long = "service", value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) services: Vec<String>,
    /// Only rules of these severities
    #[arg(long = "severity", value_name = "SEVERITY", value_delimiter = ',', value_parser = severities())]
    pub(crate) severities: Vec<Severity>,
    /// Only rules of these categories
    #[arg(long = "category", value_name = "CATEGORY", value_delimiter = ',', value_parser = categories())]
    pub(crate) categories: Vec<Category>,
    /// Also the rules of this folder; a rule of a built-in one's id takes its place
    #[arg(long = "rules", value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// Whether the command line has parameters, once those of the configuration file are beside them.
    #[arg(skip)]
    pub(crate) sets_parameters: bool,
    /// Those of the configuration file, once flags and file are resolved.
    #[arg(skip)]
    pub(crate) packs_of_file: Vec<config::PackEntry>,
    /// Other severities than the rules say, from the configuration file.
    #[arg(skip)]
    pub(crate) overrides: Vec<(String, Severity)>,
}

/// Which resources.
#[derive(Debug, Args)]
#[command(next_help_heading = "Resources")]
pub(crate) struct Targets {
    /// Judge only resources with one of these tags; any value will do for KEY alone
    #[arg(long = "tag", value_name = "KEY[=VALUE]", value_parser = tag)]
    pub(crate) tags: Vec<(String, Option<String>)>,
    /// Judge only resources that have all of the tags
    #[arg(long, requires = "tags")]
    pub(crate) all_tags: bool,
    /// The tags one of which a resource needs, once flags and file are resolved.
    #[arg(skip)]
    pub(crate) any: Vec<config::Tag>,
    /// The tags all of which it needs.
    #[arg(skip)]
    pub(crate) all: Vec<config::Tag>,
}

impl Targets {
    /// Whether tags decide.
    pub(crate) fn by_tag(&self) -> bool {
        !self.any.is_empty() || !self.all.is_empty()
    }
}

/// A user's own resource types and models.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Definitions")]
pub(crate) struct Definitions {
    /// Also the resource types of this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) resources: Option<PathBuf>,
    /// Also the service models of this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,
}

/// Where history is kept.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Store")]
pub(crate) struct Store {
    /// The store, an SQLite file that keeps what is read and judged [default: `ASSIZE_STORE` of the environment, or
    /// `store` of the configuration file]
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// Do without a store, whatever the environment and the configuration file say
    #[arg(long, conflicts_with = "store")]
    pub(crate) no_store: bool,
}

/// How the outcome is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct Output {
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_parser = formats(), default_value = "terminal")]
    pub(crate) format: Format,
    /// Also write the report to a file, such as sarif=assize.sarif
    #[arg(short, long = "output", value_name = "FORMAT=FILE", value_parser = output)]
    pub(crate) outputs: Vec<(Format, PathBuf)>,
    /// How much html, csv, junit, ocsf and asff have: what needs a look, or with full what passed as well
    #[arg(long = "report", value_name = "EXTENT", value_parser = extents(), default_value = "findings")]
    pub(crate) extent: Extent,
    /// End with exit code 1 only for findings of this severity or worse, for those that are new, or for gaps: one of
    /// critical, high, medium, low, informational, and new and gaps, with commas; or never [default: informational]
    #[arg(long, value_name = "WORDS", value_parser = fail_on)]
    pub(crate) fail_on: Option<FailOn>,
    /// A JSON report of before: what it has is not new. Without one the store knows
    #[arg(long, value_name = "REPORT")]
    pub(crate) baseline: Option<PathBuf>,
    /// The file of the repository that SARIF results point at [default: the configuration file, or README.md]
    #[arg(long, value_name = "FILE")]
    pub(crate) anchor: Option<PathBuf>,
    /// Put exempted findings into SARIF too, as suppressed results; code scanning would open them again
    #[arg(long)]
    pub(crate) sarif_suppressions: bool,
    /// Show at most so many findings of a rule on the terminal; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// The format of what is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOrJson {
    // As of `Color`.
    Terminal,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The finding's fingerprint as reports have it, or its first six digits or more; or the id of its rule
    #[arg(value_name = "FINDING|RULE")]
    pub(crate) finding: String,
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

/// What runs a scan again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Runner {
    // As of `Color`.
    Github,
    Gitlab,
    Systemd,
    Cron,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    // On a terminal, unless the environment says otherwise. No doc comments: they would make all of `--help` long.
    Auto,
    Always,
    Never,
}

/// How the rows of a query are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    // For people; as AWS Config answers; for spreadsheets.
    Table,
    Json,
    Csv,
}

/// Which configuration file.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct ConfigFile {
    /// The configuration file, whose values flags override [default: assize.yaml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Do without a configuration file
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Tell all that is wrong with a configuration file
    Check {
        /// The file [default: assize.yaml]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show the values that a scan with these flags has, and where each comes from
    Show(Box<Scan>),
    /// Write the JSON schema of the file, for editors
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sarif {
    /// Tell, before the upload, what GitHub would refuse, and what it would not show
    Check {
        /// SARIF files, compressed or not
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The format on standard output
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal)]
        format: TextOrJson,
    },
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

/// Where resources are defined.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Infrastructure as code")]
pub(crate) struct Iac {
    /// Show each finding where its resource is defined below this folder: by Terraform, `CloudFormation` or SAM
    #[arg(long, value_name = "DIR")]
    pub(crate) iac: Option<PathBuf>,
    /// A state of Terraform that is not in the folder: a file, `s3://BUCKET/KEY`, or what terraform show -json prints
    #[arg(long = "iac-state", value_name = "FILE", requires = "iac")]
    pub(crate) iac_states: Vec<String>,
}

fn words<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|one| word(*one)))
        .try_map(move |text| all.iter().copied().find(|one| word(*one) == text).ok_or("no such word"))
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    words(&Severity::ALL, Severity::as_str)
}

fn categories() -> impl TypedValueParser<Value = Category> {
    words(&Category::ALL, Category::as_str)
}

fn formats() -> impl TypedValueParser<Value = Format> {
    words(&Format::ALL, Format::as_str)
}

fn extents() -> impl TypedValueParser<Value = Extent> {
    words(&Extent::ALL, Extent::as_str)
}

fn export_formats() -> impl TypedValueParser<Value = export::Format> {
    words(&export::Format::ALL, export::Format::as_str)
}

fn diff_formats() -> impl TypedValueParser<Value = DiffFormat> {
    words(&DiffFormat::ALL, DiffFormat::as_str)
}

fn origin() -> impl TypedValueParser<Value = Origin> {
    OsStringValueParser::new().try_map(|text| match text.to_str() {
        Some(address) if address.starts_with(Address::SCHEME) => address.parse().map(Origin::Bucket),
        _ => Ok::<_, AddressError>(Origin::Path(text.into())),
    })
}

fn fail_on(text: &str) -> Result<FailOn, FailOnError> {
    text.parse()
}

fn assignment(text: &str) -> Result<Assignment, assize::rule::ParameterError> {
    text.parse()
}

/// A time that is not nothing, or nothing would be kept.
fn age(text: &str) -> Result<jiff::Span, String> {
    let span = text.parse::<jiff::Span>().ok().filter(|span| !span.is_zero() && !span.is_negative());
    span.ok_or_else(|| "write an age such as 90d, 12w or 1y".to_owned())
}

fn named_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "write NAME=VALUE".to_owned())
}

fn tag(text: &str) -> Result<(String, Option<String>), String> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    };
    if key.is_empty() {
        return Err("a tag has a key: KEY or KEY=VALUE".to_owned());
    }
    Ok((key.to_owned(), value))
}

fn output(text: &str) -> Result<(Format, PathBuf), String> {
    format_and_file(text, &Format::ALL.map(Format::as_str))
}

fn diff_output(text: &str) -> Result<(DiffFormat, PathBuf), String> {
    format_and_file(text, &DiffFormat::ALL.map(DiffFormat::as_str))
}

/// `FORMAT=FILE`, with one of the known formats.
fn format_and_file<F: FromStr<Err: Display>>(text: &str, known: &[&str]) -> Result<(F, PathBuf), String> {
    let known = known.join(", ");
    let (format, file) = text.split_once('=').ok_or_else(|| format!("write FORMAT=FILE, with a format of {known}"))?;
    let format = format.parse().map_err(|error| format!("{error}; there are {known}"))?;
    if file.is_empty() {
        return Err("the file's name is missing behind `=`".to_owned());
    }
    Ok((format, PathBuf::from(file)))
}
