//! The permissions that a plan needs: exactly those of its calls, and those of what asks AWS beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::Plan;

/// IAM actions, and who needs each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    actions: BTreeMap<String, BTreeSet<String>>,
}

impl Permissions {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        let mut actions = BTreeMap::<String, BTreeSet<String>>::new();
        for step in plan.steps() {
            for action in &step.iam_actions {
                actions.entry(action.clone()).or_default().extend(step.wanted_by.iter().cloned());
            }
        }
        Self { actions }
    }

    /// Adds actions that somebody needs for what is in no plan.
    pub fn add(&mut self, actions: &[&str], who: &str) {
        for action in actions {
            self.actions.entry((*action).to_owned()).or_default().insert(who.to_owned());
        }
    }

    /// The actions, sorted, each with who asked for what needs it.
    pub fn actions(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.actions
    }

    /// A policy document that allows these actions and no others, as JSON text.
    pub fn policy(&self) -> String {
        let statement = json!({
            "Sid": "AssizeReads",
            "Effect": "Allow",
            "Action": self.actions.keys().collect::<Vec<_>>(),
            "Resource": "*",
        });
        let statements = if self.actions.is_empty() { Vec::new() } else { vec![statement] };
        format!("{:#}\n", json!({ "Version": "2012-10-17", "Statement": statements }))
    }
}
