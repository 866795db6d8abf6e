//! The sums at the end of the report for people.

use std::io;

use anstyle::Style;

use super::words::{counted, moment, wrap};
use super::{OfRule, Page};
use crate::evaluation::Severity;
use crate::report::style::{BOLD, BROKEN, GAP, GOOD, severity_style};
use crate::report::{Report, SnapshotSummary};

/// With findings of more rules than this the first have left a screen when the sums are written.
const MANY: usize = 10;

/// So many rules are named to begin with.
const NAMED: usize = 5;

/// The columns of the summary's labels.
pub(super) const LABEL: usize = 10;

impl Page<'_> {
    pub(super) fn summary(&mut self, by_rule: &[OfRule<'_>], report: &Report) -> io::Result<()> {
        self.snapshot(&report.snapshot)?;
        let counts = report.counts();
        let judged = [
            (counts.compliant, "compliant"),
            (counts.non_compliant, "non-compliant"),
            (counts.not_applicable, "not applicable"),
            (counts.insufficient_data, "not judged"),
        ];
        let total: usize = judged.iter().map(|(count, _)| count).sum();
        let parts: Vec<String> =
            judged.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let mut line = counted(report.rules.len(), "rule");
        if total > 0 {
            line = format!("{line} made {}: {}", counted(total, "evaluation"), parts.join(", "));
        }
        let idle = report.idle_rules();
        if idle > 0 {
            line = format!("{line}; {} found nothing to judge", counted(idle, "rule"));
        }
        if let Some(reused) = report.reused {
            line = format!("{line}; {reused} of the evaluations are of before, as nothing changed for them");
        }
        self.line("Rules", BOLD, &line)?;
        self.counted_findings(report)?;
        self.worst(by_rule, report)?;
        self.counted_drift(report)?;
        self.counted_exempted(report)?;
        let broken = report.rule_errors.len();
        let gaps = report.gaps_and_rules().len();
        if gaps > 0 {
            let text = format!(
                "{}: {} could not be judged",
                counted(gaps, "gap"),
                counted(counts.insufficient_data, "evaluation")
            );
            self.line("Gaps", GAP, &text)?;
        }
        if broken > 0 {
            self.line("Errors", BROKEN, &counted(broken, "rule error"))?;
        }
        Ok(())
    }

    fn snapshot(&mut self, snapshot: &SnapshotSummary) -> io::Result<()> {
        let accounts = match snapshot.accounts.as_slice() {
            [] => "no account".to_owned(),
            [one] => format!("account {one}"),
            many => format!("{} accounts", many.len()),
        };
        let regions = match snapshot.regions.as_slice() {
            [] => String::new(),
            few if few.len() <= 4 => format!(" in {}", few.join(", ")),
            many => format!(" in {} regions", many.len()),
        };
        self.line("Snapshot", BOLD, &format!("{accounts}{regions}, as of {}", moment(&snapshot.captured_at)))?;
        let items = snapshot.items.values().sum::<usize>();
        let mut line = format!(
            "{} of {}, {} between them",
            counted(items, "item"),
            counted(snapshot.items.len(), "type"),
            counted(snapshot.relationships, "relationship")
        );
        let requests: u64 = snapshot.requests.values().sum();
        if requests > 0 {
            let requests = counted(usize::try_from(requests).unwrap_or(usize::MAX), "request");
            line = format!("{line}, from {requests}");
        }
        if snapshot.duration_ms > 0 {
            #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
            let seconds = snapshot.duration_ms as f64 / 1_000.0;
            line = format!("{line} in {seconds:.1} s");
        }
        self.line("Items", BOLD, &line)?;
        for (region, reason) in &snapshot.skipped_regions {
            self.line("Skipped", GAP, &format!("{region}: {reason}"))?;
        }
        Ok(())
    }

    fn counted_findings(&mut self, report: &Report) -> io::Result<()> {
        let counts = report.counts();
        if counts.findings.is_empty() {
            return self.line("Findings", GOOD, "none");
        }
        write!(self.out, "{} ", self.styled(BOLD, format_args!("{:>LABEL$}", "Findings")))?;
        let mut first = true;
        for severity in Severity::ALL {
            let count = counts.of(severity);
            if count == 0 {
                continue;
            }
            let comma = if first { "" } else { ", " };
            first = false;
            let text = format!("{count} {}", severity.as_str());
            write!(self.out, "{comma}{}", self.styled(severity_style(severity), text))?;
        }
        writeln!(self.out)
    }

    /// Where to begin, when the findings have left the screen.
    fn worst(&mut self, by_rule: &[OfRule<'_>], report: &Report) -> io::Result<()> {
        let Some((worst, _, _)) = by_rule.first().filter(|_| by_rule.len() > MANY) else { return Ok(()) };
        let of_worst = || by_rule.iter().take_while(|(severity, _, _)| severity == worst);
        let names: Vec<String> = of_worst().map(|(_, rule, findings)| format!("{rule} ({})", findings.len())).collect();
        let shown = names.get(..NAMED.min(names.len())).unwrap_or_default().join(", ");
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let text =
            format!("{} findings of {shown}{more}; {} have findings", worst.as_str(), counted(by_rule.len(), "rule"));
        self.line("Begin with", severity_style(*worst), &text)?;
        let mut next =
            "assize explain RULE RESOURCE tells where a finding comes from and how to mend it; -o html=FILE writes \
                        all of this as a page"
                .to_owned();
        // The flag chooses rules; a finding may be worse than its rule is by itself.
        if of_worst().all(|(_, rule, _)| report.rule(rule).is_some_and(|rule| rule.severity == *worst)) {
            next = format!("{next}, and --severity {} asks for the worst alone", worst.as_str());
        }
        self.line("Next", BOLD, &next)
    }

    /// A line of the summary, its label aligned to the right.
    pub(super) fn line(&mut self, label: &str, style: Style, text: &str) -> io::Result<()> {
        let mut lines = wrap(text, self.width, LABEL + 1, LABEL + 1).into_iter();
        let first = lines.next().unwrap_or_default();
        writeln!(self.out, "{} {first}", self.styled(style, format_args!("{label:>LABEL$}")))?;
        for line in lines {
            writeln!(self.out, "{:LABEL$} {line}", "")?;
        }
        Ok(())
    }
}
