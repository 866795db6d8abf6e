//! The flags of what assize knows: `rules`, `packs`, `resources`.

use std::path::PathBuf;

use clap::Subcommand;

use super::shared::{Choice, Definitions, Folders, ListFormat};

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
