//! The flags of `trail`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::aws_config::Origin;
use super::shared::{Credentials, TextOrJson};
use super::value::{first_moment, last_moment, origin};

#[derive(Debug, Subcommand)]
pub(crate) enum TrailFiles {
    /// Tell whether the log files of trails are as CloudTrail delivered them, by its signed digests
    Verify(VerifyTrail),
}

#[derive(Debug, Args)]
#[command(after_help = VERIFY_HELP)]
pub(crate) struct VerifyTrail {
    /// The bucket of the trail, `s3://BUCKET[/FOLDER]`, or a folder that is a copy of it or of a part of it
    #[arg(value_name = "DIR|s3://…", value_parser = origin())]
    pub(crate) origin: Origin,
    /// Only what was delivered at this time or later: a time in RFC 3339, or a day
    #[arg(long, value_name = "TIME", value_parser = first_moment)]
    pub(crate) since: Option<Timestamp>,
    /// Only what was delivered at this time or earlier: a time in RFC 3339, or a day
    #[arg(long, value_name = "TIME", value_parser = last_moment)]
    pub(crate) until: Option<Timestamp>,
    /// Only files of these accounts
    #[arg(long = "account", value_name = "ID", value_delimiter = ',')]
    pub(crate) accounts: Vec<String>,
    /// Only files of calls in these regions
    #[arg(short, long = "region", value_name = "REGION", value_delimiter = ',')]
    pub(crate) regions: Vec<String>,
    /// Only digests of the trail of this name; files that no digest names are not told then
    #[arg(long, value_name = "NAME")]
    pub(crate) trail: Option<String>,
    /// Take CloudTrail's keys from this file, as `aws cloudtrail list-public-keys` prints them, instead of asking for
    /// them; can be given for each region
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub(crate) public_keys: Vec<PathBuf>,
    /// The format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Terminal, help_heading = "Report")]
    pub(crate) format: TextOrJson,
    /// Show at most so many problems of a trail and region on the terminal; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Report")]
    pub(crate) limit: usize,
    #[command(flatten, next_help_heading = "Account")]
    pub(crate) credentials: Credentials,
}

const VERIFY_HELP: &str = "\
Exit codes:
  0  all digests and log files are as CloudTrail delivered them
  1  at least one is not, or is missing
  2  assize could not do its work
  3  none is known to be otherwise, but not all could be verified";
