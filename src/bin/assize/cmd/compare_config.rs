//! `assize compare-config`: AWS Config's own results for the same rules beside ours.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use assize::compare::{self, Comparison, NotCompared, ParameterDifference, Sides};
use assize::evaluate::{self, Options};
use assize::item::ConfigurationItem;
use assize::report::comparison::{write_json, write_terminal};
use assize::report::terminal::Layout;
use assize::rule::set::{Assignment, Chosen};
use assize::rule::{RuleSet, Selection};
use assize::snapshot::Snapshot;
use assize::source::config_results::{self, ConfigRule, RuleResults};
use assize::value::Value;

use super::config_account;
use crate::cli::{CompareConfig, TextOrJson};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::{exit, input};

pub(crate) fn run(flags: &CompareConfig, threads: usize, colors: Colors) -> Result<u8, Failure> {
    if let Some(path) = &flags.output {
        output::check_folder(path)?;
    }
    // The conditions of the choice say which rules; the parameters that are given come on top of AWS Config's.
    let chosen = input::rules(&flags.choice)?;
    let all = input::all_rules(&flags.choice.folders)?;
    let (_, catalog) = input::definitions(&flags.definitions)?;
    let snapshot = Arc::new(input::snapshot(&flags.snapshots, &catalog)?);
    let results = if flags.results.is_empty() { config_account::results(&flags.account)? } else { from_files(flags)? };
    let ours = Ours { all: &all, chosen: &chosen, snapshot: &snapshot, given: &flags.choice.parameters, threads };
    let comparison = ours.beside(&results);
    if let Some(path) = &flags.output {
        output::file(path, |out| write_json(&comparison, out))?;
    }
    output::stdout(colors, flags.format == TextOrJson::Json, |out| match flags.format {
        TextOrJson::Json => write_json(&comparison, out),
        TextOrJson::Terminal => {
            let limit = (flags.limit > 0).then_some(flags.limit);
            write_terminal(&comparison, &Layout { width: output::width(), color: false, limit }, out)
        }
    })?;
    Ok(match (comparison.disagreements(), comparison.is_complete()) {
        (0, true) => exit::CLEAN,
        (0, false) => exit::INCOMPLETE,
        _ => exit::FINDINGS,
    })
}

fn from_files(flags: &CompareConfig) -> Result<Vec<RuleResults>, Failure> {
    let mut all = Vec::new();
    for path in &flags.results {
        let text = fs::read(path).map_err(|error| input::unread(path, &error))?;
        let results = config_results::read(&text).map_err(|error| {
            input::unread(path, &error).help(
                "a file holds what `aws configservice describe-config-rules` and `get-compliance-details-by-config-rule` \
                 print, one after the other, of one account and region",
            )
        })?;
        all.extend(results);
    }
    all.sort_by(|a, b| a.rule.cmp(&b.rule));
    Ok(all)
}

/// Our side: rules and what they judge.
struct Ours<'a> {
    all: &'a RuleSet,
    chosen: &'a RuleSet,
    snapshot: &'a Arc<Snapshot>,
    /// Parameters that are to be others than AWS Config's.
    given: &'a [Assignment],
    threads: usize,
}

impl Ours<'_> {
    fn beside(&self, results: &[RuleResults]) -> Comparison {
        let mut comparison =
            Comparison { captured_at: self.snapshot.about().captured_at.clone(), ..Comparison::default() };
        for RuleResults { rule, results } in results {
            let skip = |reason: String, is_gap| NotCompared { config_rule: rule.clone(), reason, is_gap };
            let found = self.rule(rule).and_then(|found| match results {
                Ok(results) => Ok((found, results)),
                Err(reason) => Err((reason.to_string(), true)),
            });
            let ((rules, parameters), theirs) = match found {
                Ok(found) => found,
                Err((reason, is_gap)) => {
                    comparison.not_compared.push(skip(reason, is_gap));
                    continue;
                }
            };
            let options = Options { threads: self.threads, ..Options::default() };
            let outcome = evaluate::run(&rules, self.snapshot, &options);
            comparison.rule_errors.extend(outcome.rule_errors);
            for Chosen { rule: our_rule, .. } in rules.iter() {
                let sides = Sides { config_rule: rule, theirs, rule: &our_rule.id, ours: &outcome.evaluations };
                comparison.rules.push(compare::compare(&sides, parameters.clone(), |key| item(self.snapshot, key)));
            }
        }
        comparison.rule_errors.sort();
        comparison.rule_errors.dedup();
        comparison
    }

    /// Our rule of the same identifier, with the parameters of AWS Config's; or why there is none, and whether that is a
    /// gap.
    fn rule(&self, theirs: &ConfigRule) -> Result<(RuleSet, Vec<ParameterDifference>), (String, bool)> {
        let Some(identifier) = &theirs.identifier else {
            return Err(("it is a rule of the account's own, not one of AWS's managed rules".to_owned(), false));
        };
        let Some(ours) = self.all.by_name(identifier) else {
            return Err((format!("assize has no rule {identifier}"), false));
        };
        if self.chosen.by_name(identifier).is_none() {
            return Err((format!("{} was not chosen", ours.rule.id), false));
        }
        let about = self.snapshot.about();
        let is_missing = |all: &[String], wanted: &String| !all.is_empty() && !all.contains(wanted);
        if is_missing(&about.accounts, &theirs.account_id) || is_missing(&about.regions, &theirs.region) {
            return Err(("the snapshot is not of this account and region".to_owned(), false));
        }
        let id = ours.rule.id.to_string();
        let mut values: BTreeMap<String, String> = theirs.parameters.clone();
        for assignment in self.given {
            let meant = match &assignment.rule {
                Some(name) => self.all.by_name(name).is_some_and(|other| other.rule.id == ours.rule.id),
                None => ours.rule.parameters.contains_key(&assignment.name),
            };
            if meant {
                values.insert(assignment.name.clone(), assignment.value.clone());
            }
        }
        // An empty text is how a rule without a value for the parameter is set up by CloudFormation.
        values.retain(|name, value| !value.is_empty() || !ours.rule.parameters.contains_key(name));
        let (known, unknown): (BTreeMap<_, _>, BTreeMap<_, _>) =
            values.into_iter().partition(|(name, _)| ours.rule.parameters.contains_key(name));
        let parameters =
            known.into_iter().map(|(name, value)| Assignment { rule: Some(id.clone()), name, value }).collect();
        let selection = Selection { rules: vec![id], parameters, ..Selection::default() };
        let rules = self.all.select(&selection).map_err(|error| (causes(&error), true))?;
        let mut differences: Vec<ParameterDifference> = rules
            .iter()
            .flat_map(|chosen| chosen.parameters.iter())
            .filter_map(|(name, ours)| difference(name, theirs.parameters.get(name), ours))
            .collect();
        differences.extend(unknown.into_iter().map(|(name, value)| ParameterDifference {
            name,
            theirs: Some(value),
            ours: Value::Null,
        }));
        differences.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((rules, differences))
    }
}

/// Whether our value of a parameter is another than AWS Config's, as far as texts can tell.
fn difference(name: &str, theirs: Option<&String>, ours: &Value) -> Option<ParameterDifference> {
    let theirs = theirs.filter(|text| !text.is_empty());
    let plain = |text: &str| text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
    let same = match (theirs, ours) {
        (None, Value::Null) => true,
        (Some(theirs), Value::String(ours)) => plain(theirs) == plain(ours),
        (Some(theirs), Value::Array(ours)) => {
            let ours: Vec<String> =
                ours.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect();
            plain(theirs) == ours.join(",")
        }
        (Some(theirs), ours) => {
            let number = |text: &str| text.trim().parse::<f64>().ok();
            let text = ours.to_string();
            theirs.trim().eq_ignore_ascii_case(&text) || (number(theirs).is_some() && number(theirs) == number(&text))
        }
        (None, _) => false,
    };
    (!same).then(|| ParameterDifference { name: name.to_owned(), theirs: theirs.cloned(), ours: ours.clone() })
}

/// The item of a resource: items stand in the order of their keys.
fn item<'s>(snapshot: &'s Snapshot, key: &assize::item::ResourceKey) -> Option<&'s ConfigurationItem> {
    let at = snapshot.items().binary_search_by(|item| item.key.cmp(key)).ok()?;
    snapshot.items().get(at).map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_differ_when_their_values_do() {
        let list = |texts: &[&str]| Value::from(texts.iter().map(|text| Value::from(*text)).collect::<Vec<_>>());
        for (theirs, ours, differ) in [
            (None, Value::Null, false),
            (Some(""), Value::Null, false),
            (Some("a"), Value::Null, true),
            (None, Value::from("a"), true),
            (Some("a, b"), list(&["a", "b"]), false),
            (Some("a,c"), list(&["a", "b"]), true),
            (Some("90"), Value::Integer(90), false),
            (Some("90.0"), Value::Integer(90), false),
            (Some("91"), Value::Integer(90), true),
            (Some("TRUE"), Value::Bool(true), false),
            (Some("false"), Value::Bool(true), true),
        ] {
            let found = difference("p", theirs.map(str::to_owned).as_ref(), &ours);
            assert_eq!(found.is_some(), differ, "{theirs:?} {ours:?}");
        }
    }
}
