//! Exemptions: deviations that somebody has accepted, with a reason and an end date.
//!
//! An exemption changes no answer. A non-compliant evaluation stays `NON_COMPLIANT`, with the exemption beside it
//! ([`Evaluation::exemption`]); it is counted and shown, and it is no open finding. So nothing is ever dropped:
//!
//! - An expired exemption leaves the finding open and labels it.
//! - Tags that could not be read decide nothing: an exemption that depends on them is not applied, and that is said.
//! - What could not be judged is not exempted by an exemption from a finding: the reader would take an unknown for an
//!   accepted known. Only an exemption that says so ([`Exemption::insufficient_data`]) covers `INSUFFICIENT_DATA`.
//! - An exemption that exempts nothing, and one that covers far too much, are reported ([`Usage::remarks`]).
//!
//! "Now" is the snapshot's capture time, as for the rules: the same snapshot gives the same report on any day.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::evaluation::{ComplianceType, Evaluation, ExemptionMark, ExemptionState};
use crate::item::GLOBAL;
use crate::pattern::Patterns;
use crate::value::Value;

/// Of at least so many findings no single exemption should cover the greater part.
const FEW_FINDINGS: usize = 10;

/// One accepted deviation.
#[derive(Clone, Debug, Default)]
pub struct Exemption {
    /// The rules, by id or glob. All, if there are none; an exemption that is read from a file names some.
    pub rules: Patterns,
    /// The resources.
    pub resource: ResourcePatterns,
    /// Which of several findings of a rule on one resource: the finding's key (`tcp 22 from 0.0.0.0/0`).
    pub key: Patterns,
    /// Whether it also covers what could not be judged.
    pub insufficient_data: bool,
    /// Why the deviation is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it was decided.
    pub ticket: Option<String>,
    /// The last day, in UTC, on which it holds; without one it holds until it is taken away.
    pub expires: Option<Date>,
    /// Where it is written, such as `assize.yaml:12`. Means nothing for what it covers.
    pub origin: Option<String>,
}

impl Exemption {
    /// Whether it speaks of a rule, under the name by which it answers: where a rule runs more than once, its own id is
    /// meant too.
    fn covers_rule(&self, name: &str) -> bool {
        let id = name.split_once('@').map_or(name, |(id, _)| id);
        self.rules.matches(name) || self.rules.matches(id)
    }
}

/// Which resources: those that fulfil every condition that is set.
#[derive(Clone, Debug, Default)]
pub struct ResourcePatterns {
    /// The Amazon Resource Name. A resource without one does not match.
    pub arn: Patterns,
    /// The id, as AWS Config has it.
    pub id: Patterns,
    /// The name. A resource without one does not match.
    pub name: Patterns,
    /// The type.
    pub resource_type: Patterns,
    /// The account.
    pub account: Patterns,
    /// The region, or `global`.
    pub region: Patterns,
    /// Tags, all of which the resource needs: by key, what the value may be.
    pub tags: BTreeMap<String, Patterns>,
}

impl ResourcePatterns {
    /// Whether every resource matches.
    pub fn is_everything(&self) -> bool {
        self.tags.is_empty()
            && [&self.arn, &self.id, &self.name, &self.resource_type, &self.account, &self.region]
                .iter()
                .all(|patterns| patterns.is_everything())
    }

    /// Whether the evaluation's resource matches; `None` if its tags would decide and could not be read.
    fn matches(&self, evaluation: &Evaluation, tags: Option<&Value>) -> Option<bool> {
        let key = &evaluation.resource;
        // Where a listing failed it is not known which resource is spoken of.
        let id = Some(&*key.resource_id).filter(|id| !id.is_empty());
        let by_key = self.resource_type.matches(&key.resource_type)
            && self.account.matches(&key.account_id)
            && self.region.matches(&key.region)
            && self.id.matches_optional(id)
            && self.arn.matches_optional(evaluation.arn.as_deref())
            && self.name.matches_optional(evaluation.resource_name.as_deref());
        if !by_key || self.tags.is_empty() {
            return Some(by_key);
        }
        id?;
        let tags = tags.filter(|tags| !matches!(tags, Value::Unreadable(_)))?;
        let mut undecided = false;
        for (name, values) in &self.tags {
            match tags.get(name) {
                Some(Value::Unreadable(_)) => undecided = true,
                Some(value) if values.matches_optional(value.as_str()) => {}
                _ => return Some(false),
            }
        }
        (!undecided).then_some(true)
    }

    /// The conditions that are set, by name (`arn`, `tag Public`): any of the patterns.
    pub fn conditions(&self) -> impl Iterator<Item = (String, &Patterns)> {
        let own = [
            ("arn", &self.arn),
            ("id", &self.id),
            ("name", &self.name),
            ("type", &self.resource_type),
            ("account", &self.account),
            ("region", &self.region),
        ];
        own.into_iter()
            .map(|(name, patterns)| (name.to_owned(), patterns))
            .chain(self.tags.iter().map(|(key, values)| (format!("tag {key}"), values)))
            .filter(|(name, patterns)| name.starts_with("tag ") || !patterns.is_empty())
    }
}

/// `type AWS::S3::Bucket, tag Public any of yes, true`, or `all resources`.
impl fmt::Display for ResourcePatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (name, patterns) in self.conditions() {
            f.write_str(if first { "" } else { ", " })?;
            first = false;
            match patterns.texts().as_slice() {
                [] => write!(f, "{name}")?,
                [one] => write!(f, "{name} {one}")?,
                many => write!(f, "{name} any of {}", many.join(", "))?,
            }
        }
        if first { f.write_str("all resources") } else { Ok(()) }
    }
}

impl Exemption {
    /// Which exemption this is: a digest of what it covers, as 16 hexadecimal digits. Who wrote it, why, and until when
    /// are not part of it, so that a prolonged exemption is the same one, changed.
    pub fn id(&self) -> String {
        hex(&self.scope().finalize(), 8)
    }

    /// A digest of everything that the exemption says, as 32 hexadecimal digits: another one means that the exemption was
    /// changed. Where it is written is not part of it.
    pub fn digest(&self) -> String {
        let mut hash = self.scope();
        let expires = self.expires.map(|day| day.to_string());
        for text in [Some(self.reason.as_str()), self.owner.as_deref(), self.ticket.as_deref(), expires.as_deref()] {
            hash.update([u8::from(text.is_some())]);
            put(&mut hash, text.unwrap_or_default());
        }
        hex(&hash.finalize(), 16)
    }

    fn scope(&self) -> Sha256 {
        let mut hash = Sha256::new();
        let parts = [("rule".to_owned(), &self.rules), ("key".to_owned(), &self.key)];
        for (name, patterns) in parts.into_iter().chain(self.resource.conditions()) {
            let texts = patterns.texts();
            put(&mut hash, &name);
            hash.update(texts.len().to_be_bytes());
            for text in texts {
                put(&mut hash, text);
            }
        }
        hash.update([u8::from(self.insufficient_data)]);
        hash
    }

    /// Whether it speaks of every resource and every rule.
    fn is_everything(&self) -> bool {
        self.rules.is_everything() && self.resource.is_everything() && self.key.is_everything()
    }

    fn state(&self, today: Option<Date>) -> ExemptionState {
        match (self.expires, today) {
            (Some(_), None) => ExemptionState::Undecided,
            (Some(last), Some(today)) if today > last => ExemptionState::Expired,
            (Some(_), Some(_)) | (None, _) => ExemptionState::InForce,
        }
    }

    fn mark(&self, state: ExemptionState) -> Arc<ExemptionMark> {
        Arc::new(ExemptionMark {
            id: self.id(),
            state,
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            ticket: self.ticket.clone(),
            expires: self.expires.map(|day| day.to_string()),
        })
    }
}

/// The length in front keeps `a` + `bc` and `ab` + `c` apart.
fn put(hash: &mut Sha256, text: &str) {
    hash.update(text.len().to_be_bytes());
    hash.update(text.as_bytes());
}

fn hex(bytes: &[u8], most: usize) -> String {
    bytes.iter().take(most).fold(String::new(), |text, byte| text + format!("{byte:02x}").as_str())
}

/// The exemptions of a run, in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub struct Exemptions(Vec<Arc<Exemption>>);

impl FromIterator<Exemption> for Exemptions {
    fn from_iter<I: IntoIterator<Item = Exemption>>(exemptions: I) -> Self {
        Self(exemptions.into_iter().map(Arc::new).collect())
    }
}

impl Exemptions {
    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Exemption> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them asks for tags: then they have to be collected.
    pub fn need_tags(&self) -> bool {
        self.iter().any(|exemption| !exemption.resource.tags.is_empty())
    }

    /// The exemptions as they stand for these rules at a snapshot's capture time (RFC 3339).
    pub fn at<'a>(&self, rules: impl IntoIterator<Item = &'a str>, captured_at: &str) -> Applicable {
        let today = captured_at.parse::<jiff::Timestamp>().ok();
        let today = today.map(|time| jiff::tz::Offset::UTC.to_datetime(time).date());
        let candidates: Vec<Candidate> = self
            .0
            .iter()
            .map(|exemption| Candidate {
                in_time: exemption.mark(exemption.state(today)),
                undecided: exemption.mark(ExemptionState::Undecided),
                exemption: Arc::clone(exemption),
            })
            .collect();
        let mut by_rule = BTreeMap::<Arc<str>, Vec<usize>>::new();
        for rule in rules.into_iter().filter(|_| !candidates.is_empty()) {
            let of_rule = candidates.iter().enumerate().filter(|(_, one)| one.exemption.covers_rule(rule));
            let of_rule: Vec<usize> = of_rule.map(|(at, _)| at).collect();
            if !of_rule.is_empty() {
                by_rule.insert(Arc::from(rule), of_rule);
            }
        }
        Applicable { candidates, by_rule }
    }

    /// How each of them was used in a run.
    pub fn usage(&self, run: &Run<'_>) -> Vec<(&Exemption, Usage)> {
        let mut counts = BTreeMap::<&str, Usage>::new();
        let mut findings = 0;
        for evaluation in run.evaluations {
            let is_finding = evaluation.compliance_type == ComplianceType::NonCompliant;
            findings += usize::from(is_finding);
            let Some(mark) = &evaluation.exemption else { continue };
            let usage = counts.entry(&mark.id).or_default();
            *match (mark.state, is_finding) {
                (ExemptionState::InForce, true) => &mut usage.findings,
                (ExemptionState::InForce, false) => &mut usage.insufficient_data,
                (ExemptionState::Expired, _) => &mut usage.expired,
                (ExemptionState::Undecided, _) => &mut usage.undecided,
            } += 1;
        }
        self.iter()
            .map(|exemption| {
                let mut usage = counts.get(exemption.id().as_str()).cloned().unwrap_or_default();
                usage.remarks = usage.remarks_on(exemption, run, findings);
                (exemption, usage)
            })
            .collect()
    }
}

/// What a run looked at, and what it came to.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The ids of the rules that ran.
    pub rules: &'a [&'a str],
    /// The accounts that were read.
    pub accounts: &'a [String],
    /// The regions that were read, beside `global`.
    pub regions: &'a [String],
    /// What the rules answered, with its marks.
    pub evaluations: &'a [Evaluation],
}

impl Run<'_> {
    /// Whether it looked where the exemption could have covered something.
    fn looked_at(&self, exemption: &Exemption) -> bool {
        let any = |mut all: std::slice::Iter<'_, String>, patterns: &Patterns| all.any(|one| patterns.matches(one));
        let Exemption { resource, .. } = exemption;
        self.rules.iter().any(|rule| exemption.covers_rule(rule))
            && any(self.accounts.iter(), &resource.account)
            && (resource.region.matches(GLOBAL) || any(self.regions.iter(), &resource.region))
    }
}

/// The exemptions of one run.
#[derive(Clone, Debug, Default)]
pub struct Applicable {
    candidates: Vec<Candidate>,
    /// By rule, which of them speak of it.
    by_rule: BTreeMap<Arc<str>, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Candidate {
    exemption: Arc<Exemption>,
    /// With the state that the time gives it.
    in_time: Arc<ExemptionMark>,
    undecided: Arc<ExemptionMark>,
}

impl Applicable {
    /// Puts the exemption that speaks of the evaluation beside it. `tags` are those of the resource's item, if there is
    /// one. Of several, one in force comes before one that is undecided, that before an expired one, and then the first.
    pub fn mark(&self, evaluation: &mut Evaluation, tags: Option<&Value>) {
        let is_gap = match evaluation.compliance_type {
            ComplianceType::NonCompliant => false,
            ComplianceType::InsufficientData => true,
            ComplianceType::Compliant | ComplianceType::NotApplicable => return,
        };
        let Some(of_rule) = self.by_rule.get(&*evaluation.rule) else { return };
        let mut best: Option<&Arc<ExemptionMark>> = None;
        for candidate in of_rule.iter().filter_map(|at| self.candidates.get(*at)) {
            let Candidate { exemption, in_time, undecided } = candidate;
            if is_gap && !exemption.insufficient_data || !exemption.key.matches(&evaluation.key) {
                continue;
            }
            let mark = match exemption.resource.matches(evaluation, tags) {
                Some(true) => in_time,
                Some(false) => continue,
                None if in_time.state == ExemptionState::Expired => continue,
                None => undecided,
            };
            let rank = |mark: &ExemptionMark| match mark.state {
                ExemptionState::InForce => 0,
                ExemptionState::Undecided => 1,
                ExemptionState::Expired => 2,
            };
            if best.is_none_or(|best| rank(mark) < rank(best)) {
                best = Some(mark);
            }
        }
        evaluation.exemption = best.cloned();
    }
}

/// What became of an exemption in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Non-compliant evaluations that it exempts.
    pub findings: usize,
    /// Evaluations that could not be judged and that it covers.
    pub insufficient_data: usize,
    /// Evaluations that it would exempt, had it not expired.
    pub expired: usize,
    /// Evaluations for which it could not be decided.
    pub undecided: usize,
    /// What is wrong with it, if anything is: sentences without a full stop.
    pub remarks: Vec<String>,
}

impl Usage {
    fn remarks_on(&self, exemption: &Exemption, run: &Run<'_>, findings: usize) -> Vec<String> {
        let mut remarks = Vec::new();
        let used = self.findings + self.insufficient_data + self.expired + self.undecided > 0;
        if !used && run.looked_at(exemption) {
            remarks.push("exempts nothing: there is no such finding, or another exemption covers it".to_owned());
        }
        if exemption.is_everything() {
            remarks.push("covers every finding of every rule: name the rules or the resources".to_owned());
        } else if findings >= FEW_FINDINGS && self.findings * 2 > findings {
            remarks.push(format!("covers {} of {findings} findings: name fewer rules or resources", self.findings));
        }
        if self.undecided > 0 {
            let what = if self.undecided == 1 { "finding" } else { "findings" };
            remarks.push(format!("is not applied to {} {what}: what decides could not be read", self.undecided));
        }
        remarks
    }
}
