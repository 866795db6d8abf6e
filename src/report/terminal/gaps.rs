//! What the report for people says of what could not be judged: gaps by cause, and rules that broke.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Page, Place};
use crate::evaluation::RuleError;
use crate::gap::Gap;
use crate::report::style::{BROKEN, GAP, LINK};
use crate::report::{Report, harmless, is_denied};

impl Page<'_> {
    /// Gaps that have one cause are shown together: the same call with the same answer.
    pub(super) fn gaps(&mut self, report: &Report) -> io::Result<()> {
        let several_accounts = report.snapshot.accounts.len() > 1;
        let mut causes = BTreeMap::<Cause<'_>, Effects<'_>>::new();
        for (gap, rules) in report.gaps_and_rules() {
            let effects = causes.entry(Cause::of(gap)).or_default();
            effects.message.get_or_insert(&gap.reason.message);
            effects.gaps.insert(gap);
            for (rule, count) in rules {
                *effects.rules.entry(rule).or_default() += count;
            }
        }
        for (cause, effects) in causes {
            let label = format!("gap[{}]", harmless(cause.code));
            let message = effects.message.unwrap_or_default();
            self.heading(GAP, &label, if cause.operation.is_empty() { message } else { cause.operation })?;
            for gap in effects.gaps.iter().take(self.limit) {
                let place = Place {
                    resource_type: &gap.resource_type,
                    resource_id: gap.resource_id.as_deref(),
                    resource_name: None,
                    region: &gap.aws_region,
                    account_id: several_accounts.then_some(&gap.account_id),
                };
                let path = gap.path.as_deref().map(|path| format!(": {path}")).unwrap_or_default();
                self.place(&place, &path)?;
            }
            self.left_out(effects.gaps.len(), "more places")?;
            if !cause.operation.is_empty() {
                self.note("answer", message)?;
            }
            if !effects.rules.is_empty() {
                let rules: Vec<String> =
                    effects.rules.iter().map(|(rule, count)| format!("{rule} ({count})")).collect();
                self.note("not judged", &rules.join(", "))?;
            }
            if let Some(action) = cause.action.filter(|_| is_denied(cause.code)) {
                self.note("help", &format!("allow {action} to the identity that scans"))?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    pub(super) fn rule_errors(&mut self, errors: &[RuleError]) -> io::Result<()> {
        let mut by_message = BTreeMap::<(&str, &str), Vec<&str>>::new();
        for error in errors {
            let resources = by_message.entry((&error.rule, &error.message)).or_default();
            resources.extend(error.resource.as_deref());
        }
        for ((rule, message), resources) in by_message {
            let label = format!("rule error[{}]", harmless(rule));
            let mut lines = message.lines();
            self.heading(BROKEN, &label, lines.next().unwrap_or_default())?;
            // What a parser shows of the file keeps its columns.
            for line in lines {
                writeln!(self.out, "  {}", harmless(line))?;
            }
            for resource in resources.iter().take(self.limit) {
                writeln!(self.out, "  {} {}", self.styled(LINK, "-->"), harmless(resource))?;
            }
            self.left_out(resources.len(), "more resources")?;
            writeln!(self.out)?;
        }
        Ok(())
    }
}

/// What gaps have in common. Where no call is involved the message is the cause.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cause<'a> {
    code: &'a str,
    operation: &'a str,
    action: Option<&'a str>,
    message: &'a str,
}

impl<'a> Cause<'a> {
    fn of(gap: &'a Gap) -> Self {
        let reason = &gap.reason;
        Self {
            code: &reason.code,
            operation: &reason.operation,
            action: reason.action.as_deref(),
            message: if reason.operation.is_empty() { &reason.message } else { "" },
        }
    }
}

#[derive(Default)]
struct Effects<'a> {
    message: Option<&'a str>,
    gaps: BTreeSet<&'a Gap>,
    rules: BTreeMap<&'a str, usize>,
}
