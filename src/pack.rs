//! Conformance packs: AWS Config's own files, read as they are, and the packs that come with assize, which have the same form.
//!
//! A pack is a template of CloudFormation that holds rules of AWS Config, with parameters and conditions. Reading one gives
//! its rules with the parameters that they are to run with; [`choose`] finds the rules of assize that they stand for, and
//! [`standing`] says after a run how each of them ended. A rule of a pack never gets lost: what assize cannot run is
//! listed with the reason. Nothing else that a template may hold is looked at; a remediation is named and never run.
//!
//! The form: <https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html>, and for rules
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-config-configrule.html>.

mod choice;
pub mod standing;
mod template;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

pub use self::choice::{Choice, Run, choose};
use crate::nearest;
use crate::rule;
use crate::tree::yaml;
use crate::value::Value;

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The identifier under which AWS's packs list what a person has to check and to answer for; nothing can evaluate it.
pub const PROCESS_CHECK: &str = "AWS_CONFIG_PROCESS_CHECK";

/// How the files of packs end.
const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "template"];

/// So large a file is no pack: AWS takes templates of up to 50 KB, and 300 KB from a bucket.
const MOST_BYTES: u64 = 4 << 20;

/// A conformance pack with its parameters filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// The name of its file, without the ending.
    pub name: String,
    /// Its file as it was named; for packs that come with assize, `packs/<name>.yaml`.
    pub origin: String,
    /// SHA-256, as hexadecimal digits, of its file and of the values of its parameters.
    pub digest: String,
    /// What the template says of itself.
    pub description: Option<String>,
    /// Its parameters by name, with the values that they have.
    pub parameters: BTreeMap<String, Option<String>>,
    /// Its rules, in the order of the file. Those that a condition leaves out are not among them.
    pub rules: Vec<PackRule>,
    /// What is no rule, such as a remediation: logical id and type. assize does nothing with it.
    pub others: Vec<(String, String)>,
}

/// One rule of a pack.
#[derive(Clone, Debug, PartialEq)]
pub struct PackRule {
    /// Its logical id in the template.
    pub logical_id: String,
    /// What the pack calls it; the logical id if it has no name of its own.
    pub name: String,
    /// The line of the template on which it begins, from 1.
    pub line: u64,
    /// What decides.
    pub source: Source,
    /// The values of its parameters; or why they are not known before the pack is deployed.
    pub parameters: Result<BTreeMap<String, Value>, String>,
    /// Which resources it is for.
    pub scope: Scope,
    /// How often a periodic rule runs at AWS Config, such as `Twelve_Hours`.
    pub frequency: Option<String>,
    /// The requirements of a framework that it speaks to.
    pub controls: Vec<String>,
}

/// What decides for a rule of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A managed rule of AWS Config, by its identifier.
    Managed(String),
    /// A function in the account, which cannot be run from outside.
    CustomLambda,
    /// A policy in the language of AWS CloudFormation Guard.
    CustomPolicy,
    /// An owner that AWS Config does not have, as it is written.
    Unknown(String),
}

/// Which resources a rule is for. Without conditions: all that the rule can judge.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// Only these types.
    pub resource_types: Vec<String>,
    /// Only this resource.
    pub resource_id: Option<String>,
    /// Only resources with this tag: the key, and the value unless any will do.
    pub tag: Option<(String, Option<String>)>,
}

impl Scope {
    /// Whether it is for all that its rule can judge.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// A pack that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no built-in pack of this name, and no file.
    #[error("there is no pack {wanted}: it is neither a file nor one of those that come with assize{hint}")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// The most like it, as the end of the sentence.
        hint: String,
    },
    /// It is no template, or not one of a conformance pack.
    #[error("{origin}:{line}: {message}")]
    Template {
        /// The file.
        origin: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// A parameter that the pack does not have.
    #[error("the pack {pack} has no parameter `{name}`{hint}")]
    Parameter {
        /// The pack.
        pack: String,
        /// What was given.
        name: String,
        /// The most like it, as the end of the sentence.
        hint: String,
    },
}

/// Which pack is meant: decided where it is asked for, so that the working directory has no say in it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One that comes with assize, by its name; or a name that there is not.
    Named(String),
    /// That of a file.
    File(PathBuf),
}

impl Wanted {
    /// What a text means in a folder: the name of a pack that comes with assize, or else a file.
    pub fn new(text: &str, folder: &Path) -> Self {
        let path = folder.join(text);
        // What is nearly the name of a pack is no path.
        let is_file = !Pack::builtin().any(|name| name == text) && (looks_like_a_path(text) || path.exists());
        if is_file { Self::File(path) } else { Self::Named(text.to_owned()) }
    }

    /// The pack, with these values for its parameters.
    ///
    /// # Errors
    /// No such pack, a file that is none, a parameter that it does not have.
    pub fn pack(&self, given: &BTreeMap<String, String>) -> Result<Pack, PackError> {
        match self {
            Self::Named(name) => Pack::named(name, given),
            Self::File(path) => Pack::read(path, given),
        }
    }

    /// The name of the pack, whether or not there is one.
    pub fn name(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::File(path) => name_of(path),
        }
    }
}

/// The name, or the path.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// The name of a file's pack.
fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Whether a text is a path rather than the name of a pack, which may have dots: then a file that is not there is said to
/// be missing.
fn looks_like_a_path(wanted: &str) -> bool {
    let is_file = |end: &OsStr| ENDINGS.iter().any(|one| end.eq_ignore_ascii_case(one));
    wanted.contains(['/', '\\']) || Path::new(wanted).extension().is_some_and(is_file)
}

impl Pack {
    /// The names of the packs that come with assize, sorted.
    pub fn builtin() -> impl Iterator<Item = &'static str> {
        PACKS.iter().map(|(name, _)| *name)
    }

    /// The pack of this name that comes with assize, with these values for its parameters.
    ///
    /// # Errors
    /// No such pack, a parameter that it does not have.
    pub fn named(wanted: &str, given: &BTreeMap<String, String>) -> Result<Self, PackError> {
        let found = PACKS.binary_search_by_key(&wanted, |(name, _)| name).ok().and_then(|at| PACKS.get(at));
        let Some((name, text)) = found else {
            return Err(PackError::Unknown { wanted: wanted.to_owned(), hint: nearest::hint(wanted, Self::builtin()) });
        };
        Self::parse(name, &format!("packs/{name}.yaml"), text, given)
    }

    /// The pack of a file, with these values for its parameters.
    ///
    /// # Errors
    /// A file that cannot be read or is no pack, a parameter that it does not have.
    pub fn read(path: &Path, given: &BTreeMap<String, String>) -> Result<Self, PackError> {
        let io = |source| PackError::Io { path: path.to_owned(), source };
        let origin = path.display().to_string();
        let length = fs::metadata(path).map_err(io)?.len();
        if length > MOST_BYTES {
            let message = format!("it has {length} bytes, and no conformance pack has more than {MOST_BYTES}");
            return Err(PackError::Template { origin, line: 1, message });
        }
        let text = fs::read_to_string(path).map_err(io)?;
        Self::parse(&name_of(path), &origin, &text, given)
    }

    /// The pack of a text, YAML or JSON.
    ///
    /// # Errors
    /// As of [`Pack::read`].
    pub fn parse(name: &str, origin: &str, text: &str, given: &BTreeMap<String, String>) -> Result<Self, PackError> {
        let wrong = |(line, message)| PackError::Template { origin: origin.to_owned(), line, message };
        let root = yaml::parse(text).map_err(wrong)?;
        let root = root.ok_or_else(|| wrong((1, "it is empty; a conformance pack has Resources".to_owned())))?;
        let template = template::Template::new(&root, given).map_err(|defect| match defect {
            template::Defect::Wrong(line, message) => wrong((line, message)),
            template::Defect::NoParameter { name: parameter, known } => PackError::Parameter {
                pack: name.to_owned(),
                hint: nearest::hint(&parameter, known.iter().map(String::as_str)),
                name: parameter,
            },
        })?;
        let (rules, others) = template.resources().map_err(wrong)?;
        let parameters = template.parameters();
        let values = serde_json::json!(parameters).to_string();
        Ok(Self {
            name: name.to_owned(),
            origin: origin.to_owned(),
            digest: rule::digest_of([text, &values]),
            description: template.description(),
            parameters,
            rules,
            others,
        })
    }
}
