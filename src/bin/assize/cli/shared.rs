//! The flags that several commands have.

use std::path::PathBuf;

use assize::config;
use assize::evaluation::Severity;
use assize::report::{Extent, FailOn, Format};
use assize::rule::Category;
use assize::rule::set::Assignment;
use clap::{Args, ValueEnum};

use super::value::{assignment, categories, extents, fail_on, formats, output, severities, tag};

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
    /// Send at most so many requests to AWS. What cannot be asked for then is a gap, and never a verdict
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["replay", "demo"])]
    pub(crate) budget: Option<u64>,
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
    /// Parameters of the configuration file, once flags and file are resolved. Those of the command line come after them.
    #[arg(skip)]
    pub(crate) parameters_of_file: Vec<Assignment>,
    /// Packs of the configuration file, once flags and file are resolved.
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
