//! How one finding is mended, as text to copy: the snippets of its rule with the names of its resource filled in.
//!
//! Whoever named the resource wrote these names, and what is shown here is copied into a shell. So a name goes in as one
//! quoted word of a POSIX shell, or as characters of a string of HCL, and in no other way. What quotes do not make harmless
//! does not go in at all, and the placeholder's word stays for a person to replace:
//!
//! - a name that does not show as it is (ends of lines, control characters, marks of direction): POSIX has no way to write
//!   those visibly (`$'…'` is no part of it), and on a terminal they would do something else than show;
//! - for the AWS CLI, a name that it would take for something else: an option (`-…`), a file to read (`file://…`,
//!   `fileb://…`), JSON (`[…`, `{…`, behind spaces or not: an option that takes a list reads its only word as one), or, within
//!   a word, a sign of its shorthand (`,`, `=` and the like).

use std::borrow::Cow;

use hcl_edit::expr::Expression;
use shlex::try_quote;

use super::harmless;
use super::partition::Partition;
use crate::evaluation::{ComplianceType, Evaluation};
use crate::item::GLOBAL;
use crate::rule::fix::{Fix, Language, Part, Placeholder, Snippet};

/// A snippet for one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// What it is written in.
    pub language: Language,
    /// The text. The names in it show as they are; the rule's own words are as the rule has them.
    pub text: String,
    /// The placeholders for which a word stands: the resource has no such name, or none that may be filled in.
    pub open: Vec<Placeholder>,
}

/// The snippets of a rule for one of its findings; none for an evaluation that found nothing.
pub fn filled(fix: &Fix, evaluation: &Evaluation) -> Vec<Filled> {
    if evaluation.compliance_type != ComplianceType::NonCompliant {
        return Vec::new();
    }
    fix.snippets().map(|snippet| fill(snippet, evaluation)).collect()
}

fn fill(snippet: &Snippet, finding: &Evaluation) -> Filled {
    let language = snippet.language();
    let mut filled = Filled { language, text: String::with_capacity(snippet.text().len() + 64), open: Vec::new() };
    for part in snippet.parts() {
        match part {
            Part::Text(text) => filled.text.push_str(text),
            Part::Placeholder { name, alone } => {
                let written = value(*name, finding).and_then(|value| match language {
                    Language::Shell => word(&value, *alone),
                    Language::Hcl => characters(&value),
                });
                if written.is_none() && !filled.open.contains(name) {
                    filled.open.push(*name);
                }
                filled.text.push_str(written.as_deref().unwrap_or_else(|| name.word()));
            }
        }
    }
    filled
}

/// What the finding has under the name.
fn value(name: Placeholder, finding: &Evaluation) -> Option<Cow<'_, str>> {
    let key = &finding.resource;
    let value = match name {
        Placeholder::ResourceId => Cow::Borrowed(&*key.resource_id),
        Placeholder::ResourceName => Cow::Borrowed(finding.resource_name.as_deref()?),
        Placeholder::Arn => Cow::Borrowed(finding.arn.as_deref()?),
        Placeholder::AwsRegion => Cow::Borrowed(&*key.region),
        Placeholder::AccountId => Cow::Borrowed(&*key.account_id),
        Placeholder::Partition => Cow::Owned(Partition::of(finding.arn.as_deref(), &key.region).name.to_owned()),
    };
    // No region is called that.
    let is_global = name == Placeholder::AwsRegion && *value == *GLOBAL;
    (!value.is_empty() && !is_global).then_some(value)
}

/// A name as one argument of a command: a quoted word of a POSIX shell that assize and the AWS CLI take for the name.
/// Nothing where quotes do not make it that; then a word such as [`Placeholder::word`] has to stand there.
pub fn argument(value: &str) -> Option<String> {
    word(value, true)
}

/// A name as a word of a POSIX shell, or as a part of one, that the AWS CLI takes for the name.
fn word(value: &str, alone: bool) -> Option<String> {
    let means_more = value.starts_with('-')
        || value.starts_with("file://")
        || value.starts_with("fileb://")
        || value.trim_start().starts_with(['[', '{']);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@+".contains(&byte);
    if means_more || (!alone && !value.bytes().all(is_plain)) {
        return None;
    }
    let quoted = try_quote(value).ok()?;
    shows(&quoted).then(|| quoted.into_owned())
}

/// A name as it is written between the double quotes of HCL.
fn characters(value: &str) -> Option<String> {
    let string = Expression::from(value).to_string();
    let inner = string.strip_prefix('"')?.strip_suffix('"')?;
    (shows(value) && shows(inner)).then(|| inner.to_owned())
}

/// Whether the text shows as it is.
fn shows(text: &str) -> bool {
    matches!(harmless(text), Cow::Borrowed(_))
}

#[cfg(test)]
mod tests;
