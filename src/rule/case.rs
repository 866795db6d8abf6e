//! The cases of a rule: `<id>.test.yaml`, read and run. Public, so that users test their own rules as assize tests its.
//!
//! A case changes the file's item by a JSON merge patch (RFC 7396), judges it, and compares. Everything that the rule does
//! not say it reads is unreadable in its cases too, so that a rule which forgets to say it fails here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::sync::Arc;

use serde::Deserialize;

use harm::Harm;
use item::{Home, item, merge, unreadable};

use super::{ParameterValues, Rule};
use crate::evaluation::{ComplianceType, Evaluation, Severity};
use crate::gap::Gap;
use crate::item::{ConfigurationItem, GLOBAL};
use crate::rule::STACK;
use crate::rule::set::Chosen;
use crate::snapshot::{About, Place, Snapshot};
use crate::value::Value;

mod harm;
mod item;
mod thorough;

pub use thorough::Untested;

/// The account of a case's items that name none.
const ACCOUNT_ID: &str = "111122223333";

/// The region of a case's items that name none.
const REGION: &str = "eu-west-1";

/// The capture time of a case that names none.
const NOW: &str = "2026-01-01T00:00:00.000Z";

/// What is known of resource types, for cases to be as a collected snapshot is: the catalog of descriptors has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types {
    /// By type and part, the JSON pointer at which the part's facts stand.
    pub parts: BTreeMap<String, BTreeMap<String, String>>,
    /// By type, the part whose call tells the tags, where they take a call of their own.
    pub tags: BTreeMap<String, String>,
    /// By type, the other types whose items hold the links between the two.
    pub linked_from: BTreeMap<String, BTreeSet<String>>,
}

/// The cases of one rule.
#[derive(Debug)]
pub struct Cases {
    file: CasesFile,
}

/// A `.test.yaml` file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// It is not of the right form.
    #[error("{0}")]
    Form(String),
    /// An item of it is none.
    #[error("{what} is not a configuration item: {source}")]
    Item {
        /// `item`, or `others[2]`.
        what: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CasesFile {
    item: Value,
    #[serde(default)]
    others: Vec<Value>,
    listings: Option<Vec<String>>,
    #[serde(default)]
    gaps: Vec<GapFile>,
    now: Option<String>,
    cases: Vec<CaseFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GapFile {
    resource_type: String,
    aws_region: Option<String>,
    code: String,
    #[serde(default)]
    operation: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    name: String,
    #[serde(default)]
    change: Value,
    others: Option<Vec<Value>>,
    #[serde(default)]
    change_others: BTreeMap<String, Value>,
    listings: Option<Vec<String>>,
    gaps: Option<Vec<GapFile>>,
    now: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    expect: Expect,
    annotation: Option<String>,
    severity: Option<Severity>,
    key: Option<String>,
    #[serde(default)]
    evidence: Vec<String>,
    /// For `INSUFFICIENT_DATA`: the error code of the fact that could not be read.
    gap: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Expect {
    One(ComplianceType),
    Several(Vec<ExpectOne>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ExpectOne {
    compliance_type: ComplianceType,
    severity: Option<Severity>,
    key: Option<String>,
    annotation: Option<String>,
}

/// What came of the cases of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// The rule's id.
    pub rule: String,
    /// Each case, in the file's order.
    pub outcomes: Vec<CaseOutcome>,
}

impl CaseReport {
    /// Whether all cases hold.
    pub fn passed(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.failures.is_empty())
    }
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOutcome {
    /// The case's sentence.
    pub name: String,
    /// What is not as expected, a sentence each. None: the case holds.
    pub failures: Vec<String>,
}

impl fmt::Display for CaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for CaseOutcome { name, failures } in &self.outcomes {
            let mark = if failures.is_empty() { "ok" } else { "FAILED" };
            writeln!(f, "{}: {name} ... {mark}", self.rule)?;
            for failure in failures {
                for line in failure.lines() {
                    writeln!(f, "    {line}")?;
                }
            }
        }
        Ok(())
    }
}

impl Cases {
    /// Reads a `.test.yaml` file.
    ///
    /// # Errors
    /// It is not of the right form; line and column are in the message.
    pub fn parse(text: &str) -> Result<Self, CaseError> {
        let file = serde_saphyr::from_str(text).map_err(|error| CaseError::Form(super::load::one_line(&error)))?;
        Ok(Self { file })
    }

    /// The names of the cases, in the file's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.file.cases.iter().map(|case| case.name.as_str())
    }

    /// The compliance types that some case expects.
    pub fn expected(&self) -> BTreeSet<ComplianceType> {
        let mut types = BTreeSet::new();
        for case in &self.file.cases {
            match &case.expect {
                Expect::One(one) => {
                    types.insert(*one);
                }
                Expect::Several(several) => types.extend(several.iter().map(|one| one.compliance_type)),
            }
        }
        types
    }

    /// The parameters that some case gives.
    pub fn parameters(&self) -> BTreeSet<&str> {
        self.file.cases.iter().flat_map(|case| case.parameters.keys().map(String::as_str)).collect()
    }

    /// Runs all cases.
    pub fn run(&self, rule: &Arc<Rule>, types: &Types) -> CaseReport {
        let outcomes = self
            .file
            .cases
            .iter()
            .map(|case| CaseOutcome { name: case.name.clone(), failures: self.failures(case, rule, types) })
            .collect();
        CaseReport { rule: rule.id.to_string(), outcomes }
    }

    /// Runs the case at this place of the file.
    pub fn run_one(&self, index: usize, rule: &Arc<Rule>, types: &Types) -> Option<CaseOutcome> {
        let case = self.file.cases.get(index)?;
        Some(CaseOutcome { name: case.name.clone(), failures: self.failures(case, rule, types) })
    }

    fn failures(&self, case: &CaseFile, rule: &Arc<Rule>, types: &Types) -> Vec<String> {
        match self.judge(case, rule, types, &Harm::None) {
            Ok(evaluations) => differences(case, &evaluations),
            Err(message) => vec![message],
        }
    }

    /// What the rule says of a case.
    ///
    /// # Errors
    /// Why it says nothing.
    fn judge(
        &self,
        case: &CaseFile,
        rule: &Arc<Rule>,
        types: &Types,
        harm: &Harm<'_>,
    ) -> Result<Vec<Evaluation>, String> {
        let parameters = ParameterValues::new(rule, &case.parameters).map_err(|error| error.to_string())?;
        let chosen = Chosen::new(Arc::clone(rule), parameters);
        let (snapshot, item) = self.snapshot(case, &chosen, types, harm).map_err(|error| error.to_string())?;
        if !rule.judges_in(&item.key.resource_type, &item.key.region) {
            return Err(format!("the rule does not judge {} in {}", item.key.resource_type, item.key.region));
        }
        let judged = std::thread::scope(|scope| {
            let judge = || chosen.judge(&snapshot, &item);
            let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, judge);
            thread.map(std::thread::ScopedJoinHandle::join)
        });
        match judged {
            Ok(Ok(judged)) => judged.map_err(|error| format!("the rule broke: {}", error.message)),
            Ok(Err(_)) => Err("the thread that ran the case panicked".to_owned()),
            Err(error) => Err(format!("no thread could be started: {error}")),
        }
    }

    /// The snapshot of one case, and the item in it that is judged.
    fn snapshot(
        &self,
        case: &CaseFile,
        chosen: &Chosen,
        types: &Types,
        harm: &Harm<'_>,
    ) -> Result<(Arc<Snapshot>, Arc<ConfigurationItem>), CaseError> {
        let now = case.now.as_ref().or(self.file.now.as_ref()).map_or(NOW, String::as_str);
        let home = Home::of(&chosen.rule);
        let judged = item(&merge(&self.file.item, &case.change), "item", now, home)?;
        let others = case.others.as_ref().unwrap_or(&self.file.others);
        let mut unused: BTreeSet<&str> = case.change_others.keys().map(String::as_str).collect();
        let mut items = vec![judged.clone()];
        for (at, other) in others.iter().enumerate() {
            let id = other.get("resourceId").and_then(Value::as_str).unwrap_or_default();
            let patch = case.change_others.get(id);
            unused.remove(id);
            let other = patch.map_or_else(|| other.clone(), |patch| merge(other, patch));
            items.push(item(&other, &format!("others[{at}]"), now, home)?);
        }
        if let Some(id) = unused.first() {
            return Err(CaseError::Form(format!("change_others names {id}, and none of the others has this id")));
        }
        let mut about = self.about(case, chosen, types, now, &items);
        let key = judged.key;
        harm.befall(&mut about, &mut items);
        let snapshot = Arc::new(Snapshot::new(about, items));
        let item = snapshot.items().iter().find(|item| item.key == key).map(Arc::clone);
        let item = item.ok_or_else(|| CaseError::Form("the item is not in its own snapshot".to_owned()))?;
        Ok((snapshot, item))
    }

    fn about(&self, case: &CaseFile, chosen: &Chosen, types: &Types, now: &str, items: &[ConfigurationItem]) -> About {
        let needs = chosen.needs();
        let mut regions: BTreeSet<String> = items.iter().map(|item| item.key.region.to_string()).collect();
        regions.insert(REGION.to_owned());
        let accounts: BTreeSet<String> = items.iter().map(|item| item.key.account_id.to_string()).collect();
        let listed = case.listings.as_ref().or(self.file.listings.as_ref());
        let listed: Vec<String> = listed.cloned().unwrap_or_else(|| needs.keys().cloned().collect());
        let mut listings = Vec::new();
        let mut gaps = Vec::new();
        for account_id in &accounts {
            for region in regions.iter().map(String::as_str).chain([GLOBAL]) {
                for resource_type in &listed {
                    listings.push(Place {
                        account_id: account_id.as_str().into(),
                        aws_region: region.into(),
                        resource_type: resource_type.as_str().into(),
                    });
                }
            }
            for gap in case.gaps.as_ref().unwrap_or(&self.file.gaps) {
                let everywhere = regions.iter().map(String::as_str).chain([GLOBAL]);
                let places =
                    everywhere.filter(|region| gap.aws_region.as_deref().is_none_or(|wanted| wanted == *region));
                gaps.extend(places.map(|region| Gap {
                    account_id: account_id.clone(),
                    aws_region: region.to_owned(),
                    resource_type: gap.resource_type.clone(),
                    resource_id: None,
                    path: None,
                    reason: Arc::new(unreadable(&gap.operation, &gap.code)),
                }));
            }
        }
        listings.retain(|place| {
            !gaps.iter().any(|gap| {
                *gap.account_id == *place.account_id
                    && *gap.aws_region == *place.aws_region
                    && *gap.resource_type == *place.resource_type
            })
        });
        regions.remove(GLOBAL);
        // Parts that the rule does not name would not be collected for it.
        let not_collected = types
            .parts
            .iter()
            .map(|(kind, parts)| {
                let read = needs.get(kind);
                let pointers = parts.iter().filter(|(part, _)| !read.is_some_and(|read| read.contains(*part)));
                (kind.clone(), pointers.map(|(_, pointer)| pointer.clone()).collect())
            })
            .collect();
        About {
            captured_at: now.to_owned(),
            source: "case".to_owned(),
            accounts: accounts.into_iter().collect(),
            regions: regions.into_iter().collect(),
            listings,
            gaps,
            not_collected,
            linked_from: types.linked_from.clone(),
            ..About::default()
        }
    }
}

/// What is not as the case expects.
fn differences(case: &CaseFile, evaluations: &[Evaluation]) -> Vec<String> {
    let mut failures = Vec::new();
    let expected: Vec<ExpectOne> = match &case.expect {
        Expect::One(compliance_type) => vec![ExpectOne {
            compliance_type: *compliance_type,
            severity: case.severity,
            key: case.key.clone(),
            annotation: case.annotation.clone(),
        }],
        Expect::Several(several) => several.clone(),
    };
    if expected.len() != evaluations.len()
        || expected.iter().zip(evaluations).any(|(expected, evaluation)| !expected.is(evaluation))
    {
        let mut text = String::new();
        for expected in &expected {
            let _ = writeln!(text, "- {expected}");
        }
        for evaluation in evaluations {
            let _ = writeln!(text, "+ {}", Shown(evaluation));
        }
        failures.push(text);
    }
    let read: Vec<&str> = evaluations
        .first()
        .map(|evaluation| evaluation.evidence.iter().map(|evidence| evidence.path.as_ref()).collect())
        .unwrap_or_default();
    for path in &case.evidence {
        if !read.contains(&path.as_str()) {
            failures.push(format!("the rule did not read {path}; it read {}", read.join(", ")));
        }
    }
    if let Some(wanted) = &case.gap {
        let found = evaluations.first().and_then(|evaluation| evaluation.gap.as_ref());
        if found.is_none_or(|gap| gap.reason.code != *wanted) {
            let found = found.map_or_else(|| "none".to_owned(), |gap| gap.reason.code.clone());
            failures.push(format!("the gap should have the code {wanted}, and has {found}"));
        }
    }
    failures
}

impl ExpectOne {
    fn is(&self, evaluation: &Evaluation) -> bool {
        self.compliance_type == evaluation.compliance_type
            && self.severity.is_none_or(|severity| severity == evaluation.severity)
            && self.key.as_ref().is_none_or(|key| **key == *evaluation.key)
            && self.annotation.as_ref().is_none_or(|annotation| **annotation == *evaluation.annotation)
    }
}

impl fmt::Display for ExpectOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.compliance_type.as_str())?;
        if let Some(severity) = self.severity {
            write!(f, " {}", severity.as_str())?;
        }
        if let Some(key) = &self.key {
            write!(f, " [{key}]")?;
        }
        if let Some(annotation) = &self.annotation {
            write!(f, ": {annotation}")?;
        }
        Ok(())
    }
}

struct Shown<'a>(&'a Evaluation);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let evaluation = self.0;
        write!(f, "{} {}", evaluation.compliance_type.as_str(), evaluation.severity.as_str())?;
        if !evaluation.key.is_empty() {
            write!(f, " [{}]", evaluation.key)?;
        }
        if !evaluation.annotation.is_empty() {
            write!(f, ": {}", evaluation.annotation)?;
        }
        Ok(())
    }
}
