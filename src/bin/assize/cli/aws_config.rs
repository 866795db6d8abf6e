//! The flags of what goes between AWS Config and assize: `import`, `export`, `compare-config`.

use std::path::PathBuf;

use assize::export;
use assize::source::config_bucket::Address;
use clap::Args;

use super::shared::{Choice, ConfigFile, Credentials, Definitions, Store, TextOrJson};
use super::value::{export_formats, origin};

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

/// Where files of AWS Config are.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Path(PathBuf),
    Bucket(Address),
}
