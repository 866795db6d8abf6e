//! Rules: what is asked of resources, as data and a script.
//!
//! A rule is three files side by side: `<id>.yaml` says what it is, `<id>.rhai` decides, `<id>.test.yaml` holds its
//! cases. [`load`] turns the first two into a checked [`Rule`], [`set`] picks rules and gives them their parameters,
//! [`case`] runs the third. After loading nothing here reads a file, and nothing here knows where items come from.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::evaluation::Severity;
use crate::item::ACCOUNT;
use crate::value::Value;

pub mod case;
pub mod check;
pub mod fix;
mod judge;
pub mod load;
mod native;
pub mod parameter;
mod run;
mod script;
pub mod set;
mod surface;

pub use fix::Fix;
pub use load::Texts;
pub use native::{PatternError, check_filter_pattern};
pub use parameter::{Parameter, ParameterError, ParameterType, ParameterValues};
pub(crate) use script::STACK;
pub use set::{RuleSet, Selection};

/// One requirement: what it is, which resources it speaks of, and the script that decides.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rule {
    /// The rule's name for ever: AWS Config's name for its managed rule, where there is one.
    pub id: Arc<str>,
    /// A sentence that is true of a compliant resource.
    pub title: String,
    /// The folder it stands in, such as `ec2`.
    pub service: String,
    /// How bad it is when a resource is not as the rule asks.
    pub severity: Severity,
    /// What it is good for.
    pub category: Category,
    /// How far it can be relied on.
    pub maturity: Maturity,
    /// When AWS Config would run it.
    pub trigger: Trigger,
    /// The types it judges.
    pub resource_types: Vec<Arc<str>>,
    /// For rules on the account itself: whether it is judged once, or in each region.
    pub level: Option<Level>,
    /// The types it reads, with the parts beyond their listing.
    pub reads: BTreeMap<Arc<str>, BTreeSet<PartRead>>,
    /// What is checked, in Markdown.
    pub description: String,
    /// Why it matters, in Markdown.
    pub risk: String,
    /// How to mend it, in Markdown.
    pub remediation: String,
    /// How to mend it, as text to copy.
    pub fix: Fix,
    /// Its parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Other names it answers to.
    pub aliases: Vec<String>,
    /// Where to read on.
    pub references: Vec<String>,
    /// Where it stands, without endings: `ec2/encrypted-volumes`.
    path: Box<str>,
    /// The `.yaml` file, or the JSON that the build made of it.
    metadata: Cow<'static, str>,
    script: Arc<script::Script>,
}

/// SHA-256, as hexadecimal digits, of several texts.
pub(crate) fn digest_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        // The length in front keeps the texts apart.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().fold(String::with_capacity(64), |digits, byte| digits + format!("{byte:02x}").as_str())
}

impl Rule {
    /// SHA-256, as hexadecimal digits, of all that the rule says: its metadata, its script and the libraries that it
    /// calls. The layout of its files and the values of its parameters are not part of it.
    pub fn digest(&self) -> String {
        let reads: BTreeMap<&str, Vec<(&str, Option<&str>)>> = self
            .reads
            .iter()
            .map(|(kind, parts)| (&**kind, parts.iter().map(|read| (&*read.part, read.parameter.as_deref())).collect()))
            .collect();
        let snippet = |one: &Option<fix::Snippet>| one.as_ref().map(|one| one.text().to_owned());
        let metadata = serde_json::json!({
            "id": *self.id,
            "title": self.title,
            "severity": self.severity,
            "category": self.category,
            "maturity": self.maturity,
            "trigger": self.trigger,
            "resourceTypes": self.resource_types,
            "level": self.level,
            "reads": reads,
            "description": self.description,
            "risk": self.risk,
            "remediation": self.remediation,
            "fix": {"cli": snippet(&self.fix.cli), "terraform": snippet(&self.fix.terraform)},
            "parameters": self.parameters,
            "aliases": self.aliases,
            "references": self.references,
        });
        digest_of(std::iter::once(metadata.to_string().as_str()).chain(self.script.texts()))
    }

    /// The texts that the rule is made of: with them it can be made again.
    pub fn texts(&self) -> Texts {
        Texts {
            path: self.path.to_string(),
            metadata: self.metadata.to_string(),
            scripts: self.script.parts().to_vec(),
        }
    }

    /// What has to be collected for the rule when it is run with these parameters: each type it judges or reads, with
    /// the parts of it.
    pub fn needs(&self, parameters: &ParameterValues) -> BTreeMap<String, BTreeSet<String>> {
        let mut needs: BTreeMap<String, BTreeSet<String>> =
            self.resource_types.iter().map(|kind| (kind.to_string(), BTreeSet::new())).collect();
        for (kind, parts) in &self.reads {
            let wanted = parts.iter().filter(|read| read.is_wanted(parameters)).map(|read| read.part.clone());
            needs.entry(kind.to_string()).or_default().extend(wanted);
        }
        needs
    }

    /// Whether the rule may look at resources of this type: it judges them, or says that it reads them.
    pub fn may_read(&self, resource_type: &str) -> bool {
        self.reads.contains_key(resource_type) || self.judges(resource_type)
    }

    /// The types of which the rule may look up items beside the one that it judges: those that its script names where it
    /// does so, of those that it may read.
    pub fn looked_up(&self) -> BTreeSet<Arc<str>> {
        let lookups = self.script.lookups();
        let may_read = self.reads.keys().chain(&self.resource_types);
        may_read.filter(|kind| lookups.may_name(kind)).map(Arc::clone).collect()
    }

    /// Whether what the rule says may change while nothing but time passes.
    pub fn asks_for_the_time(&self) -> bool {
        self.script.asks_for_the_time()
    }

    /// Whether the rule judges resources of this type.
    pub fn judges(&self, resource_type: &str) -> bool {
        self.resource_types.iter().any(|kind| **kind == *resource_type)
    }

    /// Whether the rule judges the items of this type in this region. Only the account has items on two levels.
    pub fn judges_in(&self, resource_type: &str, region: &str) -> bool {
        self.judges(resource_type)
            && (resource_type != ACCOUNT
                || match self.level {
                    Some(Level::Account) => region == crate::item::GLOBAL,
                    Some(Level::Region) => region != crate::item::GLOBAL,
                    None => true,
                })
    }
}

/// A part of a type's items that a rule reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "PartReadFile")]
pub struct PartRead {
    /// The part's name in the type's descriptor.
    pub part: String,
    /// The part is read only when this parameter is set.
    pub parameter: Option<String>,
}

impl PartRead {
    fn is_wanted(&self, parameters: &ParameterValues) -> bool {
        self.parameter.as_deref().is_none_or(|name| parameters.get(name).is_some_and(|value| *value != Value::Null))
    }
}

/// `BucketPolicy`, or `{part: TrailStatus, parameter: expectedDeliveryWindowAge}`.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum PartReadFile {
    Always(String),
    When { part: String, parameter: String },
}

impl From<PartReadFile> for PartRead {
    fn from(file: PartReadFile) -> Self {
        match file {
            PartReadFile::Always(part) => Self { part, parameter: None },
            PartReadFile::When { part, parameter } => Self { part, parameter: Some(parameter) },
        }
    }
}

/// What a rule is good for: Trusted Advisor's five
/// (<https://docs.aws.amazon.com/awssupport/latest/user/trusted-advisor-check-reference.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Nobody gets at what they should not.
    Security,
    /// Nothing is paid for that nobody uses.
    Cost,
    /// Nothing is slower than it has to be.
    Performance,
    /// Nothing stops when a part of it does.
    FaultTolerance,
    /// Nothing is about to hit a quota.
    ServiceLimits,
}

impl Category {
    /// All of them, in the order of the reports.
    pub const ALL: [Self; 5] =
        [Self::Security, Self::Cost, Self::Performance, Self::FaultTolerance, Self::ServiceLimits];

    /// As it is written in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Cost => "cost",
            Self::Performance => "performance",
            Self::FaultTolerance => "fault-tolerance",
            Self::ServiceLimits => "service-limits",
        }
    }
}

/// How far a rule can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Maturity {
    /// Tried out; may go away.
    Sandbox,
    /// Works; parameters may still change.
    Incubating,
    /// Stays as it is.
    Stable,
    /// Replaced by another one; kept for those who name it.
    Deprecated,
}

impl Maturity {
    /// As it is written in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Incubating => "incubating",
            Self::Stable => "stable",
            Self::Deprecated => "deprecated",
        }
    }
}

/// When AWS Config would run the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// When a resource in scope changes.
    ConfigurationChange,
    /// Every so many hours.
    Periodic,
    /// Both.
    Both,
}

impl Trigger {
    /// As it is written in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationChange => "configuration-change",
            Self::Periodic => "periodic",
            Self::Both => "both",
        }
    }
}

/// On which of the account's items a rule is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// On the one of region `global`.
    Account,
    /// On the one of each region.
    Region,
}

macro_rules! display_as_str {
    ($($name:ty),*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        })*
    };
}
display_as_str!(Category, Maturity, Trigger);
