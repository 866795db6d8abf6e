//! What the terminal shows of exemptions: what they cover, beside open findings why they do not hold, and what is wrong
//! with them.

use std::collections::BTreeMap;
use std::io;

use super::summary::LABEL;
use super::{Page, Place, counted};
use crate::evaluation::{ComplianceType, Evaluation, ExemptionMark, ExemptionState};
use crate::report::style::{BOLD, DIM, GAP, LINK};
use crate::report::{ExemptionSummary, Report, harmless};

impl Page<'_> {
    /// The accepted evaluations, by exemption.
    pub(super) fn exempted(&mut self, report: &Report) -> io::Result<()> {
        let several_accounts = report.snapshot.accounts.len() > 1;
        let mut by_exemption = BTreeMap::<&ExemptionMark, Vec<&Evaluation>>::new();
        for evaluation in report.exempted() {
            if let Some(mark) = &evaluation.exemption {
                by_exemption.entry(mark).or_default().push(evaluation);
            }
        }
        for (mark, evaluations) in by_exemption {
            self.heading(DIM, &format!("exempted[{}]", harmless(&mark.id)), &mark.reason)?;
            for evaluation in evaluations.iter().take(self.limit) {
                let key = &evaluation.resource;
                let place = Place {
                    resource_type: &key.resource_type,
                    resource_id: Some(&key.resource_id),
                    resource_name: evaluation.resource_name.as_deref(),
                    region: &key.region,
                    account_id: several_accounts.then_some(&key.account_id),
                };
                let unknown = evaluation.compliance_type == ComplianceType::InsufficientData;
                let not_judged = if unknown { " (not judged)" } else { "" };
                self.place(&place, &format!(": {}{not_judged}", evaluation.rule))?;
                self.paragraph(&evaluation.annotation, 6)?;
            }
            self.left_out(evaluations.len(), "more")?;
            let origin = report.exemptions.iter().find(|one| one.id == mark.id).and_then(|one| one.origin.as_deref());
            let says = says(mark, origin);
            if !says.is_empty() {
                self.note("accepted", &says)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// Beside an open finding: the exemption that does not hold.
    pub(super) fn not_exempted(&mut self, mark: &ExemptionMark) -> io::Result<()> {
        let why = match (mark.state, mark.expires.as_deref()) {
            (ExemptionState::InForce, _) => return Ok(()),
            (ExemptionState::Expired, Some(day)) => format!("exemption {} expired on {day}", mark.id),
            (ExemptionState::Expired, None) => format!("exemption {} expired", mark.id),
            (ExemptionState::Undecided, _) => {
                format!("exemption {} is not applied: what decides could not be read", mark.id)
            }
        };
        let by = says(&ExemptionMark { expires: None, ..mark.clone() }, None);
        let by = if by.is_empty() { by } else { format!(" ({by})") };
        self.paragraph(&format!("{why}: {}{by}", mark.reason), 6)
    }

    /// What is wrong with exemptions.
    pub(super) fn exemption_remarks(&mut self, exemptions: &[ExemptionSummary]) -> io::Result<()> {
        for exemption in exemptions {
            for remark in &exemption.usage.remarks {
                self.heading(GAP, &format!("exemption[{}]", harmless(&exemption.id)), remark)?;
                if let Some(origin) = &exemption.origin {
                    writeln!(self.out, "  {} {}", self.styled(LINK, "-->"), harmless(origin))?;
                }
                self.note("reason", &exemption.reason)?;
                writeln!(self.out)?;
            }
        }
        Ok(())
    }

    /// The line of the summary.
    pub(super) fn counted_exempted(&mut self, report: &Report) -> io::Result<()> {
        let counts = report.counts();
        let mut parts = Vec::new();
        if counts.exempted > 0 {
            parts.push(counted(counts.exempted, "finding"));
        }
        if counts.exempted_insufficient_data > 0 {
            let evaluations = counted(counts.exempted_insufficient_data, "evaluation");
            parts.push(format!("{evaluations} that could not be judged"));
        }
        if !parts.is_empty() {
            self.line("Exempted", BOLD, &parts.join(", "))?;
        }
        let expired = report
            .findings()
            .filter(|one| one.exemption.as_ref().is_some_and(|mark| mark.state == ExemptionState::Expired));
        match expired.count() {
            0 => Ok(()),
            count => {
                let text = format!("{:LABEL$} {} returned, as exemptions have expired", "", counted(count, "finding"));
                writeln!(self.out, "{text}")
            }
        }
    }
}

/// `by web@example.com, SEC-1234, until 2027-01-31, in assize.yaml:12`.
fn says(mark: &ExemptionMark, origin: Option<&str>) -> String {
    let parts = [
        mark.owner.as_ref().map(|owner| format!("by {owner}")),
        mark.ticket.clone(),
        mark.expires.as_ref().map(|day| format!("until {day}")),
        origin.map(|origin| format!("in {origin}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
