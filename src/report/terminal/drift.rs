//! What the report for people says of drift: a line beside each finding, what was fixed, and the sums.

use std::io;

use super::{Page, Place, moment};
use crate::drift::{Drift, Standing};
use crate::report::style::{BOLD, GOOD, LINK};
use crate::report::{Report, harmless};

impl Page<'_> {
    /// Since when a finding has been open; and the version of its resource, if that began earlier.
    pub(super) fn standing(&mut self, standing: &Standing, captured_at: &str) -> io::Result<()> {
        let mut text = match &standing.open_since {
            Some(since) => format!("open since {}", moment(since)),
            None => "new".to_owned(),
        };
        if let Some(version) = &standing.version {
            if version.from != standing.open_since.as_deref().unwrap_or(captured_at) {
                text = format!("{text}; the resource has been so since {}", moment(&version.from));
            }
            if !version.related_events.is_empty() {
                text = format!("{text}; events {}", version.related_events.join(", "));
            }
        }
        self.paragraph(&text, 6)
    }

    /// The findings that are none any more.
    pub(super) fn fixed(&mut self, report: &Report) -> io::Result<()> {
        let Some(drift) = report.drift.as_ref().filter(|drift| !drift.fixed.is_empty()) else { return Ok(()) };
        self.heading(GOOD, "fixed", &since_previous("what was found before and is not found any more", drift))?;
        let several_accounts = report.snapshot.accounts.len() > 1;
        for fixed in drift.fixed.iter().take(self.limit) {
            let finding = &fixed.finding;
            let place = Place {
                resource_type: &finding.resource.resource_type,
                resource_id: Some(&finding.resource.resource_id),
                resource_name: finding.resource_name.as_deref(),
                region: &finding.resource.region,
                account_id: several_accounts.then_some(&finding.resource.account_id),
            };
            self.place(&place, if fixed.is_gone { ": gone" } else { "" })?;
            let text = format!("{}: {}", harmless(&finding.rule), finding.annotation);
            self.paragraph(&text, 6)?;
        }
        if drift.fixed.len() > self.limit {
            let more = drift.fixed.len() - self.limit;
            writeln!(self.out, "  {} and {more} more; --limit shows them", self.styled(LINK, "..."))?;
        }
        writeln!(self.out)
    }

    /// The sums.
    pub(super) fn counted_drift(&mut self, report: &Report) -> io::Result<()> {
        let Some(drift) = &report.drift else { return Ok(()) };
        let (new, open) = report.new_and_open(drift);
        if drift.previous.is_none() {
            return self.line("Drift", BOLD, "nothing was judged before to compare with");
        }
        let text = format!("{new} new, {} fixed, {open} still open", drift.fixed.len());
        self.line("Drift", BOLD, &since_previous(&text, drift))
    }
}

fn since_previous(text: &str, drift: &Drift) -> String {
    match &drift.previous {
        Some(previous) => format!("{text}, since {}", moment(previous)),
        None => text.to_owned(),
    }
}
