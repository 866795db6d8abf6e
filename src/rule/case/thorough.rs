//! How thorough the cases of a rule are: branches that none of them reaches, changes of the script and of the facts that
//! none of them notices.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError};

use super::harm::Harm;
use super::{Cases, Types, differences};
use crate::evaluation::{ComplianceType, Evaluation};
use crate::rule::Rule;
use crate::rule::script::{Mutant, Script, Taken, mutants};

/// Something about a rule that no case shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Untested {
    /// The file it is in, with line and column where there are any: `ec2/encrypted-volumes.rhai:7:5`.
    pub place: String,
    /// What no case shows.
    pub what: String,
}

impl fmt::Display for Untested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl Cases {
    /// What the cases leave untested: branches that none reaches, then changes that none notices, in the order of the
    /// script; then facts without which, and calls that are denied while, all cases hold. Of a rule whose cases hold.
    pub fn untested(&self, rule: &Arc<Rule>, types: &Types) -> Vec<Untested> {
        let mut untested = self.untaken(rule, types);
        untested.extend(self.unnoticed_changes(rule, types));
        untested.extend(self.unnoticed_facts(rule, types));
        untested.extend(self.unnoticed_denials(rule, types));
        untested
    }

    /// The branches of the script that no case takes.
    fn untaken(&self, rule: &Arc<Rule>, types: &Types) -> Vec<Untested> {
        let taken = Taken::default();
        let (script, branches) = rule.script.telling(&taken);
        let telling = with_script(rule, script);
        if let Err(defect) = telling.script.compiled() {
            // The text is one that the compiler understands in another way than the tool does.
            let what = format!("which branches the cases reach cannot be told: {}", defect.message);
            return vec![Untested { place: format!("{}.rhai", rule.path), what }];
        }
        for case in &self.file.cases {
            // What came of it was seen before.
            let _ = self.judge(case, &telling, types, &Harm::None);
        }
        let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = branches.into_iter().enumerate().filter(|(at, _)| !taken.contains(at));
        rest.map(|(_, branch)| Untested {
            place: format!("{}.rhai:{}:{}", rule.path, branch.line, branch.column),
            what: branch.untaken.to_owned(),
        })
        .collect()
    }

    /// The changes of the script with which all cases hold.
    fn unnoticed_changes(&self, rule: &Arc<Rule>, types: &Types) -> Vec<Untested> {
        let unnoticed = |mutant: &Mutant| {
            let changed = with_script(rule, rule.script.with_own(mutant.script.clone()));
            // One that does not compile is noticed.
            changed.script.compiled().is_ok() && self.all_hold(&changed, types, &Harm::None)
        };
        let mutants = mutants(rule.script.own()).into_iter().filter(unnoticed);
        mutants
            .map(|mutant| Untested {
                place: format!("{}.rhai:{}:{}", rule.path, mutant.line, mutant.column),
                what: format!("{}: all cases hold", mutant.change),
            })
            .collect()
    }

    /// The facts that the script reads and without which all cases hold.
    fn unnoticed_facts(&self, rule: &Arc<Rule>, types: &Types) -> Vec<Untested> {
        let mut read = BTreeSet::new();
        for case in &self.file.cases {
            let evaluations = self.judge(case, rule, types, &Harm::None).unwrap_or_default();
            let evidence = evaluations.iter().flat_map(|evaluation| evaluation.evidence.iter());
            read.extend(evidence.filter(|one| one.resource.is_none()).map(|one| general(&one.path)));
        }
        let sections = ["configuration/", "supplementaryConfiguration/", "tags/"];
        // What a native reads of a document, such as a policy, is the native's to test.
        let members = rule.script.read_names();
        let named = |path: &str| path.rsplit('/').find(|step| *step != "*").is_some_and(|name| members.contains(name));
        let facts =
            read.into_iter().filter(|path| sections.iter().any(|section| path.starts_with(section)) && named(path));
        facts
            .filter(|path| {
                let steps: Vec<String> =
                    path.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
                let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
                self.all_hold(rule, types, &Harm::Dropped(&steps))
            })
            .map(|path| Untested {
                place: format!("{}.test.yaml", rule.path),
                what: format!("/{path} taken away: all cases hold"),
            })
            .collect()
    }

    /// The calls that the rule needs and that can be denied while all cases hold, and those whose denial is taken for an
    /// answer.
    fn unnoticed_denials(&self, rule: &Arc<Rule>, types: &Types) -> Vec<Untested> {
        let mut untested = Vec::new();
        let mut deny = |what: String, harm: &Harm<'_>| {
            let mut noticed = false;
            for case in &self.file.cases {
                let (before, after) =
                    (self.answers(case, rule, types, &Harm::None), self.answers(case, rule, types, harm));
                noticed |= before != after;
                let verdict = |answers: &Option<Vec<ComplianceType>>| {
                    answers.iter().flatten().any(|one| *one != ComplianceType::InsufficientData)
                };
                if before != after && verdict(&after) {
                    let place = format!("{}.rhai", rule.path);
                    let what =
                        format!("{what} denied: another answer, not INSUFFICIENT_DATA, in the case \"{}\"", case.name);
                    untested.push(Untested { place, what });
                }
            }
            if !noticed {
                let place = format!("{}.test.yaml", rule.path);
                untested.push(Untested { place, what: format!("{what} denied: all cases answer the same") });
            }
        };
        for (resource_type, parts) in &rule.reads {
            let pointers = types.parts.get(&**resource_type);
            for read in parts {
                if let Some(pointer) = pointers.and_then(|pointers| pointers.get(&read.part)) {
                    let tags = types.tags.get(&**resource_type) == Some(&read.part);
                    deny(format!("{} of {resource_type}", read.part), &Harm::Denied { resource_type, pointer, tags });
                }
            }
            if !rule.judges(resource_type) && rule.script.lookups().may_name(resource_type) {
                deny(format!("the listing of {resource_type}"), &Harm::Unlisted(resource_type));
            }
        }
        untested
    }

    fn all_hold(&self, rule: &Arc<Rule>, types: &Types, harm: &Harm<'_>) -> bool {
        self.file.cases.iter().all(|case| {
            let judged = self.judge(case, rule, types, harm);
            judged.is_ok_and(|evaluations| differences(case, &evaluations).is_empty())
        })
    }

    fn answers(
        &self,
        case: &super::CaseFile,
        rule: &Arc<Rule>,
        types: &Types,
        harm: &Harm<'_>,
    ) -> Option<Vec<ComplianceType>> {
        let compliance = |evaluation: &Evaluation| evaluation.compliance_type;
        self.judge(case, rule, types, harm).ok().map(|evaluations| evaluations.iter().map(compliance).collect())
    }
}

fn with_script(rule: &Arc<Rule>, script: Script) -> Arc<Rule> {
    Arc::new(Rule { script: Arc::new(script), ..Rule::clone(rule) })
}

/// A path with a star for each place in a list, without its first slash.
fn general(path: &str) -> String {
    let step =
        |step: &str| if step.bytes().all(|byte| byte.is_ascii_digit()) { "*".to_owned() } else { step.to_owned() };
    path.split('/').skip(1).map(step).collect::<Vec<_>>().join("/")
}
