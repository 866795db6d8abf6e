//! The flags of what tells of the past: `diff`, `history`, `timeline`, `snapshots`, `store`, `deliver`.

use std::path::PathBuf;

use assize::report::diff::Format as DiffFormat;
use assize::source::config_bucket::{Address, AddressError};
use clap::{Args, Subcommand};

use super::shared::{ConfigFile, Credentials, Definitions, Store, TextOrJson};
use super::value::{age, diff_formats, diff_output};

#[derive(Debug, Args)]
pub(crate) struct Deliver {
    /// Forget what waits for a channel that the configuration file does not name any more
    #[arg(long)]
    pub(crate) forget: bool,
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
#[command(after_help = DIFF_HELP)]
pub(crate) struct Diff {
    /// The older state: a snapshot, a file of AWS Config, or a JSON report; or of the store `latest~2`, a snapshot's
    /// number, a time, an age such as `7d` (before the last snapshot) [default: latest~1]
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
    /// Show on the terminal at most so many changed facts of a change, and in a timeline so much of what could not be read;
    /// 0 shows all
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
}

#[derive(Debug, Subcommand)]
pub(crate) enum Upkeep {
    /// Show how large the store is, what it holds from when to when, and how it grew
    Info(Kept),
    /// Forget snapshots, and what was over before
    Prune {
        /// Keep what is younger, such as 90d, 12w or 1y
        #[arg(long, value_name = "AGE", value_parser = age)]
        keep: jiff::Span,
        #[command(flatten)]
        store: Store,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Look through the whole store: whether all that was put into it is still there as it was
    Verify(Kept),
    /// Give room back that nothing is kept in any more
    Vacuum {
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
