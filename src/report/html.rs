//! The report as one page: for people who look at it in a browser, print it, or hand it on.
//!
//! The page holds all that it shows. It asks nothing of any server, and its policy forbids it to: no source is allowed but
//! the one style sheet and the one script that stand in it, named by their digests. All is there without the script, which
//! only narrows the findings down. Text from AWS stands between tags, and nowhere in the style sheet or the script.
//!
//! Printed it is a report for the file: of the findings, or with [`Extent::Full`] of what passed too.

mod chart;
mod finding;
mod graph;
mod packs;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use self::chart::{Bar, Lights};
use self::text::escape;
use super::controls::Controls;
use super::finding::Light;
use super::terminal::{counted, moment};
use super::{Extent, Report};
use crate::evaluation::{ComplianceType, Evaluation, Severity};
use crate::item::{GLOBAL, ResourceKey};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/filter.js");

/// So many resources have a picture.
const PICTURES: usize = 200;

/// With more findings the page has less of each, so that it stays one that can be opened and sent.
const SHORT: usize = 5_000;

/// So many facts of a finding are shown, of few findings and of many.
const FACTS: usize = 12;
const FACTS_OF_MANY: usize = 2;

/// So many accounts have a bar, and so many resources that passed a line.
const ACCOUNTS: usize = 12;
const PASSED: usize = 50_000;

/// Writes the page.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, extent: Extent, out: &mut dyn Write) -> io::Result<()> {
    let is_short = report.findings().count() > SHORT;
    let mut page = Page {
        report,
        out: String::new(),
        sink: out,
        failed: Ok(()),
        is_short,
        facts: if is_short { FACTS_OF_MANY } else { FACTS },
        worst: finding::worst(report),
        controls: Controls::of(report),
        pictured: BTreeSet::new(),
    };
    page.head(extent);
    page.summary();
    page.packs();
    page.findings();
    page.fixed();
    page.exempted();
    page.not_judged();
    if extent == Extent::Full {
        page.passed();
    }
    page.foot();
    page.flush();
    page.failed
}

struct Page<'a> {
    report: &'a Report,
    /// What is not written yet.
    out: String,
    sink: &'a mut dyn Write,
    failed: io::Result<()>,
    is_short: bool,
    /// How many facts of a finding are shown.
    facts: usize,
    worst: BTreeMap<&'a ResourceKey, Light>,
    controls: Controls<'a>,
    pictured: BTreeSet<ResourceKey>,
}

/// What the content policy calls a text that may act.
fn source(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

impl Page<'_> {
    /// Hands on what there is: a page may be long.
    fn flush(&mut self) {
        if self.failed.is_ok() {
            self.failed = self.sink.write_all(self.out.as_bytes());
        }
        self.out.clear();
    }

    fn head(&mut self, extent: Extent) {
        let snapshot = &self.report.snapshot;
        let title = match extent {
            Extent::Findings => "Findings",
            Extent::Full => "Full compliance report",
        };
        let accounts = match snapshot.accounts.as_slice() {
            [] => "no account".to_owned(),
            [one] => format!("account {one}"),
            many => counted(many.len(), "account"),
        };
        let regions = match snapshot.regions.as_slice() {
            [] => String::new(),
            few if few.len() <= 4 => format!(" in {}", few.join(", ")),
            many => format!(" in {}", counted(many.len(), "region")),
        };
        let items: usize = snapshot.items.values().sum();
        _ = write!(
            self.out,
            "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\
             <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src {}; script-src {}; \
             base-uri 'none'; form-action 'none'\">\
             <meta name=referrer content=no-referrer><meta name=viewport content=\"width=device-width, initial-scale=1\">\
             <meta name=generator content=\"assize {}\"><title>{title}: {}, {}</title>\n<style>{STYLE}</style></head>\n\
             <body><a class=skip href=\"#findings\">To the findings</a><div class=wrap><header class=top>\
             <p class=brand>assize</p><h1>{title} of {}</h1><p class=about>{} of {}{}, as of {}</p>\
             <nav class=parts aria-label=\"Parts of the report\">",
            source(STYLE),
            source(SCRIPT),
            escape(&self.report.assize_version),
            escape(&accounts),
            escape(&moment(&snapshot.captured_at)),
            escape(&accounts),
            counted(items, "resource"),
            counted(snapshot.items.len(), "type"),
            escape(&regions),
            escape(&moment(&snapshot.captured_at)),
        );
        let fixed = self.report.drift.as_ref().is_some_and(|drift| !drift.fixed.is_empty());
        for (id, title, is_there) in [
            ("summary", "Summary", true),
            ("packs", "Packs", !self.report.packs.is_empty()),
            ("findings", "Findings", true),
            ("fixed", "Fixed", fixed),
            ("exempted", "Exempted", self.report.exempted().next().is_some()),
            ("not-judged", "Not judged", !self.report.gaps_and_rules().is_empty()),
            ("failed", "Rules that failed", !self.report.rule_errors.is_empty()),
            ("passed", "Passed", extent == Extent::Full),
            ("looked-at", "What was looked at", true),
        ] {
            if is_there {
                _ = write!(self.out, "<a href=\"#{id}\">{title}</a>");
            }
        }
        self.out.push_str("</nav></header><main>");
        if self.is_short {
            _ = write!(
                self.out,
                "<p class=note>This page has more than {SHORT} findings: of each it shows {} facts, and neither a link to \
                 the console nor a picture. The JSON report has all facts.</p>",
                self.facts
            );
        }
        self.flush();
    }

    fn summary(&mut self) {
        let mut lights = Lights::default();
        let mut by_category = BTreeMap::<&str, Lights>::new();
        let mut by_account = BTreeMap::<&str, Lights>::new();
        for evaluation in &self.report.evaluations {
            let light = Light::of(evaluation);
            lights.add(light, 1);
            let category = self.report.rule(&evaluation.rule).map_or("other", |rule| &rule.category);
            by_category.entry(category).or_default().add(light, 1);
            by_account.entry(&evaluation.resource.account_id).or_default().add(light, 1);
        }
        self.out.push_str("<section id=summary aria-label=Summary><ul class=lights>");
        for (light, title, text) in [
            (Light::Red, "Action recommended", "critical and high findings"),
            (Light::Yellow, "Look recommended", "medium, low and informational findings"),
            (Light::Green, "No problem found", "resources as the rules ask"),
            (Light::Grey, "Not counted", "exempted, not applicable, or not judged"),
        ] {
            _ = write!(
                self.out,
                "<li class=\"card {}\"><b>{}</b><span>{title}</span><p>{text}</p></li>",
                light.as_str(),
                grouped(lights.of(light)),
            );
        }
        self.out.push_str("</ul><div class=charts>");
        let counts = self.report.counts();
        let severities: Vec<Bar> = Severity::ALL
            .into_iter()
            .map(|severity| {
                let mut lights = Lights::default();
                lights.add(Light::of_severity(severity), counts.of(severity));
                Bar { name: severity.as_str().to_owned(), lights, figure: grouped(counts.of(severity)) }
            })
            .collect();
        self.chart("Findings by severity", &severities, false);
        let bar =
            |(name, lights): (&str, Lights)| Bar { name: name.to_owned(), lights, figure: grouped(lights.open()) };
        let categories: Vec<Bar> = by_category.into_iter().map(bar).collect();
        self.chart("Findings by category", &categories, true);
        let mut accounts: Vec<(&str, Lights)> = by_account.into_iter().collect();
        accounts.sort_by(|(a, of_a), (b, of_b)| {
            (of_b.of(Light::Red), of_b.open(), a).cmp(&(of_a.of(Light::Red), of_a.open(), b))
        });
        let more = accounts.len().saturating_sub(ACCOUNTS);
        let accounts: Vec<Bar> = accounts.into_iter().take(ACCOUNTS).map(bar).collect();
        let title = if more > 0 {
            format!("Findings by account, and {more} accounts more")
        } else {
            "Findings by account".to_owned()
        };
        self.chart(&title, &accounts, true);
        self.out.push_str("</div>");
        if let Some(drift) = &self.report.drift {
            self.out.push_str("<div class=\"card drift\">");
            match &drift.previous {
                Some(previous) => {
                    let (new, open) = self.report.new_and_open(drift);
                    _ = write!(
                        self.out,
                        "<span>Since {}</span><span><b>{}</b> new</span><span><b>{}</b> fixed</span>\
                         <span><b>{}</b> still open</span>",
                        escape(&moment(previous)),
                        grouped(new),
                        grouped(drift.fixed.len()),
                        grouped(open),
                    );
                }
                None => self.out.push_str("<span>Nothing was judged before to compare with.</span>"),
            }
            self.out.push_str("</div>");
        }
        self.out.push_str("</section>");
        self.flush();
    }

    fn chart(&mut self, title: &str, bars: &[Bar], each_is_whole: bool) {
        _ = write!(self.out, "<div class=card><h2>{title}</h2>");
        chart::bars(&mut self.out, bars, each_is_whole);
        self.out.push_str("</div>");
    }

    /// A section with a list of lines, each of which `line` writes.
    fn list<'l, T: 'l>(
        &mut self,
        (id, title): (&str, &str),
        entries: impl ExactSizeIterator<Item = T>,
        mut line: impl FnMut(&mut Self, T),
    ) {
        let count = entries.len();
        if count == 0 {
            return;
        }
        _ = write!(
            self.out,
            "<section id={id}><h2>{title}<small>{}</small></h2><ul class=\"plain card\">",
            grouped(count)
        );
        for entry in entries {
            self.out.push_str("<li>");
            line(self, entry);
            self.out.push_str("</li>");
            self.flush();
        }
        self.out.push_str("</ul></section>");
    }

    fn line(&mut self, evaluation: &Evaluation, remark: &str) {
        self.resource(evaluation);
        let key = &evaluation.resource;
        let region = if *key.region == *GLOBAL { String::new() } else { format!(" in {}", key.region) };
        let place = format!("{}{region} of {}: {}", key.resource_type, key.account_id, evaluation.rule);
        _ = write!(self.out, ": {}<small>{}</small>", escape(&evaluation.annotation), escape(&place));
        if !remark.is_empty() {
            _ = write!(self.out, "<small>{}</small>", escape(remark));
        }
    }

    fn fixed(&mut self) {
        let Some(drift) = &self.report.drift else { return };
        self.list(("fixed", "Fixed"), drift.fixed.iter(), |page, fixed| {
            let gone = if fixed.is_gone { "; the resource is gone" } else { "" };
            page.line(&fixed.finding, &format!("had been open since {}{gone}", moment(&fixed.open_since)));
        });
    }

    fn exempted(&mut self) {
        let exempted: Vec<&Evaluation> = self.report.exempted().collect();
        self.list(("exempted", "Exempted"), exempted.into_iter(), |page, evaluation| {
            let Some(mark) = &evaluation.exemption else { return };
            let parts = [("owner", &mark.owner), ("ticket", &mark.ticket), ("until", &mark.expires)];
            let parts = parts.iter().filter_map(|(word, text)| Some(format!("; {word} {}", text.as_deref()?)));
            page.line(evaluation, &format!("accepted: {}{}", mark.reason, parts.collect::<String>()));
        });
        let remarks: Vec<_> = self.report.exemptions.iter().filter(|one| !one.usage.remarks.is_empty()).collect();
        self.list(("exemptions", "Exemptions to look at"), remarks.into_iter(), |page, one| {
            let origin = one.origin.as_deref().unwrap_or(&one.id);
            _ = write!(page.out, "{}<small>{}</small>", escape(&one.usage.remarks.join("; ")), escape(origin));
        });
    }

    fn not_judged(&mut self) {
        let gaps = self.report.gaps_and_rules();
        self.list(("not-judged", "Not judged"), gaps.into_iter(), |page, (gap, rules)| {
            let place = match (&gap.resource_id, &gap.path) {
                (None, _) => format!("the list of {}", gap.resource_type),
                (Some(id), None) => format!("{} {id}", gap.resource_type),
                (Some(id), Some(path)) => format!("{path} of {} {id}", gap.resource_type),
            };
            let place = format!("{place} in {} of {}", gap.aws_region, gap.account_id);
            _ = write!(page.out, "{}<small>{}</small>", escape(&gap.reason.to_string()), escape(&place));
            if !rules.is_empty() {
                let rules: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} ({count})")).collect();
                _ = write!(page.out, "<small>needed by {}</small>", escape(&rules.join(", ")));
            }
            if let Some(action) = gap.reason.action.as_deref().filter(|_| super::is_denied(&gap.reason.code)) {
                _ = write!(page.out, "<small>allow {} to the identity that scans</small>", escape(action));
            }
        });
        self.list(("failed", "Rules that failed"), self.report.rule_errors.iter(), |page, error| {
            let of = error.resource.as_deref().unwrap_or("the rule itself");
            let lines = escape(&error.message).replace("\\n", "<br>");
            _ = write!(page.out, "<code>{}</code> on {}<small>{lines}</small>", escape(&error.rule), escape(of));
        });
    }

    /// What is as the rules ask, by rule.
    fn passed(&mut self) {
        let mut by_rule = BTreeMap::<&str, Vec<&Evaluation>>::new();
        let passed = self.report.evaluations.iter().filter(|one| one.compliance_type == ComplianceType::Compliant);
        for evaluation in passed {
            by_rule.entry(&evaluation.rule).or_default().push(evaluation);
        }
        let count: usize = by_rule.values().map(Vec::len).sum();
        _ = write!(self.out, "<section id=passed><h2>Passed<small>{}</small></h2>", grouped(count));
        let mut room = PASSED;
        for (id, evaluations) in by_rule {
            let title = self.report.rule(id).map_or(id, |rule| &rule.title);
            _ = write!(
                self.out,
                "<details class=\"rule card green\"><summary><span class=\"sev green\">passed</span><h3>{}</h3>\
                 <span class=count><span>{}</span></span><code>{}</code></summary><div class=more><ul class=names>",
                escape(title),
                grouped(evaluations.len()),
                escape(id),
            );
            let shown = evaluations.get(..room.min(evaluations.len())).unwrap_or_default();
            room -= shown.len();
            for evaluation in shown {
                self.out.push_str("<li>");
                self.resource(evaluation);
                self.out.push_str("</li>");
                self.flush();
            }
            self.out.push_str("</ul>");
            if shown.len() < evaluations.len() {
                let more = grouped(evaluations.len() - shown.len());
                _ = write!(self.out, "<p>and {more} more, which the CSV and JSON reports have</p>");
            }
            self.out.push_str("</div></details>");
        }
        self.out.push_str("</section>");
    }

    fn foot(&mut self) {
        let snapshot = &self.report.snapshot;
        self.out.push_str(
            "<section id=looked-at><h2>What was looked at</h2><div class=\"card scroll\"><table>\
             <tr><th>Resource type<th class=num>Resources",
        );
        for (kind, count) in &snapshot.items {
            _ = write!(self.out, "<tr><td>{}<td class=num>{}", escape(kind), grouped(*count));
        }
        self.out.push_str("</table>");
        for (region, reason) in &snapshot.skipped_regions {
            _ = write!(self.out, "<p>Region {} was skipped: {}</p>", escape(region), escape(reason));
        }
        let counts = self.report.counts();
        _ = write!(
            self.out,
            "<p>{} made {} compliant, {} non-compliant, {} not applicable and {} not judged.",
            counted(self.report.rules.len(), "rule"),
            grouped(counts.compliant),
            grouped(counts.non_compliant),
            grouped(counts.not_applicable),
            grouped(counts.insufficient_data),
        );
        let idle = self.report.idle_rules();
        if idle > 0 {
            _ = write!(self.out, " {} found nothing to judge.", counted(idle, "rule"));
        }
        _ = write!(
            self.out,
            "</p></div></section></main><footer><p>Made by assize {}. This page holds all that it shows and asks nothing of \
             any server. The names in it are from AWS, as they were read.</p></footer></div>\n<script>{SCRIPT}</script>\
             </body></html>\n",
            escape(&self.report.assize_version),
        );
    }
}

/// A figure with thin spaces between thousands.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}
