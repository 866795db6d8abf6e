//! Judging items by a rule: what a script answers, with what it read, becomes evaluations.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::Dynamic;

use super::run::{self, Ended, Outcome, fail};
use super::set::Chosen;
use super::surface::{Item, List, Parameters, Surface, Verdict};
use crate::evaluation::{ComplianceType, Evaluation, Evidence, RuleError};
use crate::gap::Gap;
use crate::item::ConfigurationItem;
use crate::snapshot::Snapshot;
use crate::value::{Texts, Unreadable, code};

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
    /// A rule says the same of many items.
    static SENTENCES: RefCell<Texts> = RefCell::default();
}

/// The batch that this thread judges.
struct State {
    chosen: Chosen,
    snapshot: Arc<Snapshot>,
    items: Vec<Arc<ConfigurationItem>>,
    /// How many of the items are judged.
    judged: usize,
    answers: Answers,
}

/// What came of a batch: with the place of the item in it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) evaluations: Vec<(usize, Evaluation)>,
    pub(crate) errors: Vec<RuleError>,
}

/// A script's handle of the batch: gives its items, takes its answers. Only the function that drives a script sees it.
#[derive(Clone)]
pub(super) struct Batch;

impl Chosen {
    /// Judges one item.
    ///
    /// # Errors
    /// The defect of the rule that showed: an error of the script, a limit, an answer that is none.
    pub fn judge(&self, snapshot: &Arc<Snapshot>, item: &Arc<ConfigurationItem>) -> Result<Vec<Evaluation>, RuleError> {
        let mut answers = self.judge_each(snapshot, vec![Arc::clone(item)]);
        match answers.errors.pop() {
            Some(error) => Err(error),
            None => Ok(answers.evaluations.into_iter().map(|(_, evaluation)| evaluation).collect()),
        }
    }

    /// Judges several items.
    pub(crate) fn judge_each(&self, snapshot: &Arc<Snapshot>, items: Vec<Arc<ConfigurationItem>>) -> Answers {
        let script = match self.rule.script.compiled() {
            Ok(script) => script,
            Err(defect) => {
                let error = |item: &Arc<ConfigurationItem>| RuleError {
                    rule: self.id().to_string(),
                    resource: Some(item.key.to_string()),
                    message: defect.to_string(),
                };
                return Answers { evaluations: Vec::new(), errors: items.iter().map(error).collect() };
            }
        };
        let count = items.len();
        let state = State {
            chosen: self.clone(),
            snapshot: Arc::clone(snapshot),
            items,
            judged: 0,
            answers: Answers { evaluations: Vec::with_capacity(count), errors: Vec::new() },
        };
        STATE.set(Some(state));
        loop {
            // A panic in a native function is a defect of one rule on one item. The engine and the state of the run are
            // whole after it: nothing is borrowed across a call, and the item's part of the state is thrown away.
            let judge = || {
                let parameters = Parameters::new(&self.parameters).map_err(|error| error.to_string())?;
                script.judge_each(Batch, parameters)
            };
            let end = catch_unwind(AssertUnwindSafe(judge));
            let message = match end {
                Ok(Ok(())) => break,
                Ok(Err(message)) => message,
                Err(panic) => format!("a native function panicked: {}", panic_message(panic.as_ref())),
            };
            STATE.with_borrow_mut(|state| state.as_mut().map(|state| state.answer(Err(message))));
        }
        STATE.take().map(|state| state.answers).unwrap_or_default()
    }

    /// The answer when it is known without a look that a fact which decides cannot be read.
    pub(crate) fn unreadable(&self, item: &ConfigurationItem, gap: Gap) -> Evaluation {
        let annotation = gap.reason.to_string().into();
        Evaluation {
            compliance_type: ComplianceType::InsufficientData,
            annotation,
            gap: Some(Box::new(gap)),
            ..self.evaluation(item, Arc::default())
        }
    }

    /// An evaluation that says nothing yet.
    fn evaluation(&self, item: &ConfigurationItem, evidence: Arc<[Evidence]>) -> Evaluation {
        Evaluation {
            rule: Arc::clone(self.id()),
            resource: item.key.clone(),
            key: Box::default(),
            compliance_type: ComplianceType::Compliant,
            severity: self.severity(),
            resource_name: item.resource_name.clone(),
            arn: item.arn.clone(),
            annotation: Arc::default(),
            evidence,
            gap: None,
            exemption: None,
        }
    }

    fn answered(&self, item: &ConfigurationItem, verdict: &Verdict, evidence: Arc<[Evidence]>) -> Evaluation {
        let gap = (verdict.compliance_type == ComplianceType::InsufficientData).then(|| {
            let reason = Unreadable {
                operation: String::new(),
                action: None,
                code: code::NOT_FOUND.to_owned(),
                message: verdict.annotation().to_owned(),
            };
            Box::new(item.full_gap(None, &Arc::new(reason)))
        });
        Evaluation {
            compliance_type: verdict.compliance_type,
            // A severity that the run asks for holds for every finding.
            severity: self.severity.or(verdict.severity).unwrap_or(self.rule.severity),
            key: verdict.key().into(),
            annotation: SENTENCES.with_borrow_mut(|sentences| sentences.share(verdict.annotation())),
            gap,
            ..self.evaluation(item, evidence)
        }
    }

    /// The evaluations that a script's answer stands for.
    ///
    /// # Errors
    /// Why it is no answer.
    fn all_answered(
        &self,
        item: &ConfigurationItem,
        answer: &Dynamic,
        evidence: Arc<[Evidence]>,
        mut each: impl FnMut(Evaluation),
    ) -> Result<(), String> {
        if let Some(verdict) = answer.read_lock::<Verdict>() {
            each(self.answered(item, &verdict, evidence));
            return Ok(());
        }
        let Ok(list) = answer.as_array_ref() else {
            let kind = if answer.is::<List>() { "list" } else { answer.type_name() };
            return Err(format!(
                "`evaluate` has to answer compliant(), non_compliant(…) or not_applicable(…), and gave a {kind}"
            ));
        };
        let mut verdicts = Vec::with_capacity(list.len());
        for one in list.iter() {
            let verdict = one.read_lock::<Verdict>();
            verdicts.push(verdict.ok_or_else(|| format!("a list of answers holds a {}", one.type_name()))?);
        }
        if verdicts.is_empty() {
            return Err("`evaluate` answered an empty list".to_owned());
        }
        verdicts.sort_by(|a, b| a.key().cmp(b.key()));
        if let Some([verdict, _]) = verdicts.array_windows().find(|[a, b]| a.key() == b.key()) {
            return Err(format!("two answers have the key \"{}\": give each its own with .key(…)", verdict.key()));
        }
        for verdict in &verdicts {
            each(self.answered(item, verdict, Arc::clone(&evidence)));
        }
        Ok(())
    }
}

impl State {
    /// The next item, with the run on it begun.
    fn next(&self) -> Option<Dynamic> {
        let item = self.items.get(self.judged)?;
        run::begin(&self.snapshot, &self.chosen.rule, item);
        Some(Dynamic::from(Item::new(item)))
    }

    /// Ends the run on an item.
    fn answer(&mut self, answer: Result<Dynamic, String>) {
        let Some(item) = self.items.get(self.judged) else { return };
        let place = self.judged;
        self.judged += 1;
        let Ended { evidence, stop } = run::end();
        let Answers { evaluations, errors } = &mut self.answers;
        let said = match (stop, answer) {
            (Some(gap), _) => {
                let evaluation = Evaluation { evidence, ..self.chosen.unreadable(item, gap) };
                evaluations.push((place, evaluation));
                Ok(())
            }
            (None, Ok(answer)) => {
                let each = |evaluation| evaluations.push((place, evaluation));
                self.chosen.all_answered(item, &answer, evidence, each)
            }
            (None, Err(message)) => Err(message),
        };
        if let Err(message) = said {
            let rule = self.chosen.id().to_string();
            errors.push(RuleError { rule, resource: Some(item.key.to_string()), message });
        }
    }
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .iterator::<Batch>(|_| {
            Box::new(std::iter::from_fn(|| STATE.with_borrow(|state| state.as_ref().and_then(State::next)).map(Ok)))
        })
        .function("answer", |_: &mut Batch, answer: Dynamic| -> Outcome<()> {
            STATE.with_borrow_mut(|state| match state {
                Some(state) => {
                    state.answer(Ok(answer));
                    Ok(())
                }
                None => Err(fail("no batch is being judged")),
            })
        });
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests;
