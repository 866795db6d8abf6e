//! The flags of what surrounds a scan: `config`, `schedule`, `sarif`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::scan::Scan;
use super::shared::TextOrJson;

/// What runs a scan again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Runner {
    // As of `Color`.
    Github,
    Gitlab,
    Systemd,
    Cron,
    Eventbridge,
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
