//! The findings of the page: by rule, each with its evidence, its links and its picture.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Page;
use super::graph;
use super::text::{code_block, escape, markdown, page};
use crate::evaluation::{Evaluation, ExemptionState, Severity};
use crate::item::GLOBAL;
use crate::location::Location;
use crate::report::controls::Control;
use crate::report::finding::{Light, fingerprint};
use crate::report::fix;
use crate::report::partition::console_link;
use crate::report::terminal::moment;
use crate::report::{Report, RuleSummary};
use crate::rule::fix::Language;

/// A rule with at most so many findings is open when the page is.
const OPEN: usize = 5;

impl Page<'_> {
    /// All open findings by rule: the rule with the worst first, then the one with the most.
    pub(super) fn findings(&mut self) {
        let report = self.report;
        let mut by_rule = BTreeMap::<&str, Vec<&Evaluation>>::new();
        for finding in report.findings() {
            by_rule.entry(&finding.rule).or_default().push(finding);
        }
        self.out.push_str("<section id=findings><h2>Findings</h2>");
        if by_rule.is_empty() {
            self.out.push_str("<p class=card>Nothing was found.</p></section>");
            return;
        }
        self.filter(&by_rule);
        let mut groups: Vec<_> = by_rule.into_iter().collect();
        for (_, findings) in &mut groups {
            findings.sort_by_key(|finding| Reverse(finding.severity));
        }
        groups.sort_by_key(|(rule, findings)| {
            (Reverse(findings.first().map(|one| one.severity)), Reverse(findings.len()), *rule)
        });
        for (id, findings) in groups {
            self.rule(id, &findings);
        }
        self.out.push_str("</section>");
    }

    /// The form that narrows the findings down. It shows itself where scripts run.
    fn filter(&mut self, by_rule: &BTreeMap<&str, Vec<&Evaluation>>) {
        let findings = || by_rule.values().flatten();
        let mut severities: Vec<Severity> = findings().map(|one| one.severity).collect();
        severities.sort_by_key(|severity| Reverse(*severity));
        severities.dedup();
        let severities: Vec<&str> = severities.into_iter().map(Severity::as_str).collect();
        let sorted = |mut words: Vec<String>| {
            words.sort();
            words.dedup();
            words
        };
        let categories = by_rule.keys().filter_map(|id| self.report.rule(id)).map(|rule| rule.category.clone());
        let categories = sorted(categories.collect());
        let accounts = sorted(self.report.snapshot.accounts.clone());
        let regions = sorted(findings().map(|one| one.resource.region.to_string()).collect());
        self.out.push_str(
            "<form id=filter class=card hidden><label class=search>Search<input type=search name=words \
             placeholder=\"resource, rule, fact …\" autocomplete=off></label>",
        );
        self.select("Severity", "severity", severities.into_iter());
        self.select("Category", "category", categories.iter().map(String::as_str));
        self.select("Account", "account", accounts.iter().map(String::as_str));
        self.select("Region", "region", regions.iter().map(String::as_str));
        if self.has_previous() {
            self.out.push_str("<label class=tick><input type=checkbox name=fresh> New only</label>");
        }
        self.out.push_str("<button type=reset>Show all</button><output aria-live=polite></output></form>");
    }

    /// A list to choose from, if there is a choice.
    fn select<'t>(&mut self, label: &str, name: &str, words: impl ExactSizeIterator<Item = &'t str>) {
        if words.len() < 2 {
            return;
        }
        _ = write!(self.out, "<label>{label}<select name={name}><option value=\"\">all</option>");
        for word in words {
            _ = write!(self.out, "<option>{}</option>", escape(word));
        }
        self.out.push_str("</select></label>");
    }

    fn rule(&mut self, id: &str, findings: &[&Evaluation]) {
        let worst = findings.first().map_or(Severity::Informational, |worst| worst.severity);
        let rule = self.report.rule(id);
        let open = if findings.len() <= OPEN { " open" } else { "" };
        let category = rule.map_or("", |rule| &rule.category);
        _ = write!(
            self.out,
            "<details class=\"rule card {}\" data-c=\"{}\"{open}><summary>{}<h3>{}</h3>\
             <span class=count><span>{}</span></span><code>{}</code></summary><div class=more>",
            Light::of_severity(worst).as_str(),
            escape(category),
            severity(worst),
            escape(rule.map_or(id, |rule| &rule.title)),
            findings.len(),
            escape(id),
        );
        if let Some(rule) = rule {
            self.advice(rule);
        }
        for finding in findings {
            self.finding(finding);
            self.flush();
        }
        self.out.push_str("</div></details>");
    }

    /// What is checked, why it matters, and how to mend it.
    fn advice(&mut self, rule: &RuleSummary) {
        self.out.push_str("<div class=advice>");
        for (heading, text) in [
            ("What is checked", &rule.description),
            ("Why it matters", &rule.risk),
            ("How to mend it", &rule.remediation),
        ] {
            if !text.trim().is_empty() {
                _ = write!(self.out, "<h4>{heading}</h4>{}", markdown(text));
            }
        }
        // Each finding has its own, if there is room.
        if self.is_short {
            rule.fix.snippets().for_each(|snippet| self.snippet(snippet.language(), &snippet.generic()));
        }
        let controls = self.controls.of_rule(&rule.id).iter().flat_map(Control::names).collect::<Vec<_>>();
        if !controls.is_empty() {
            _ = write!(self.out, "<h4>Controls</h4><p>{}</p>", escape(&controls.join(", ")));
        }
        if !rule.parameters.is_empty() {
            self.out.push_str("<h4>Parameters</h4><ul>");
            for (name, value) in &rule.parameters {
                _ = write!(self.out, "<li><code>{} = {}</code></li>", escape(name), escape(&value.to_string()));
            }
            self.out.push_str("</ul>");
        }
        let pages: Vec<&str> = rule.references.iter().filter_map(|address| page(address)).collect();
        if !pages.is_empty() {
            self.out.push_str("<h4>Read on</h4><ul>");
            for page in pages {
                let address = escape(page);
                _ = write!(self.out, "<li><a href=\"{address}\" rel=\"noreferrer noopener\">{address}</a></li>");
            }
            self.out.push_str("</ul>");
        }
        self.out.push_str("</div>");
    }

    /// Text to copy, under its heading.
    fn snippet(&mut self, language: Language, text: &str) {
        _ = write!(self.out, "<h4>{}</h4>", language.heading());
        code_block(&mut self.out, text.lines());
    }

    fn finding(&mut self, finding: &Evaluation) {
        let key = &finding.resource;
        let id = fingerprint(finding);
        let is_new = self.has_previous()
            && self
                .report
                .drift
                .as_ref()
                .and_then(|drift| drift.standing(finding))
                .is_some_and(|one| one.open_since.is_none());
        _ = write!(self.out, "<details class=f id={id} data-s={}", finding.severity.as_str());
        if self.report.snapshot.accounts.len() > 1 {
            _ = write!(self.out, " data-a=\"{}\"", escape(&key.account_id));
        }
        let fresh = if is_new { " data-n" } else { "" };
        _ = write!(
            self.out,
            " data-r=\"{}\"{fresh}><summary>{}<span>",
            escape(&key.region),
            severity(finding.severity)
        );
        self.resource(finding);
        if is_new {
            self.out.push_str("<span class=tag>new</span>");
        }
        self.place(finding);
        _ = write!(self.out, "</span><span class=why>{}</span></summary>", escape(&finding.annotation));
        if self.is_short {
            self.short(finding, &id);
        } else {
            self.out.push_str("<div class=body>");
            self.facts(finding);
            self.fix(finding);
            self.more(finding, &id);
            self.out.push_str("</div>");
        }
        self.out.push_str("</details>");
    }

    /// The facts, the ARN and the finding's id in as little as a page with thousands of them allows.
    fn short(&mut self, finding: &Evaluation, id: &str) {
        self.out.push_str("<p class=body>");
        let facts: Vec<_> = finding.evidence.iter().filter(|fact| fact.value.is_some()).collect();
        for fact in facts.iter().skip(facts.len().saturating_sub(self.facts)) {
            if let Some(resource) = &fact.resource {
                _ = write!(self.out, "{} ", escape(resource));
            }
            let value = fact.value.as_deref().unwrap_or_default();
            _ = write!(self.out, "{} = {}<br>", escape(&fact.path), escape(value));
        }
        if let Some(mark) = &finding.exemption {
            _ = write!(self.out, "exemption {}: {}<br>", mark.state.as_str(), escape(&mark.reason));
        }
        if let Some(arn) = &finding.arn {
            _ = write!(self.out, "{}<br>", escape(arn));
        }
        if let Some(place) = self.report.places.of(finding) {
            let at = format!("{}:{}", place.location.file, place.location.line);
            _ = write!(self.out, "{}<br>", escape(&at));
        }
        _ = write!(self.out, "finding {}", id.get(..12).unwrap_or(id));
    }

    /// The resource by name.
    pub(super) fn resource(&mut self, evaluation: &Evaluation) {
        let key = &evaluation.resource;
        if key.resource_id.is_empty() {
            _ = write!(self.out, "the list of {}", escape(&key.resource_type));
            return;
        }
        _ = write!(self.out, "<code>{}</code>", escape(&key.resource_id));
        let name = evaluation.resource_name.as_deref().filter(|name| !name.is_empty() && **name != *key.resource_id);
        if let Some(name) = name {
            _ = write!(self.out, " {}", escape(name));
        }
    }

    /// Its type and where it is.
    fn place(&mut self, evaluation: &Evaluation) {
        let key = &evaluation.resource;
        _ = write!(self.out, "<span class=where>{}", escape(&key.resource_type));
        if *key.region != *GLOBAL {
            _ = write!(self.out, " in {}", escape(&key.region));
        }
        if self.report.snapshot.accounts.len() > 1 {
            _ = write!(self.out, " of {}", escape(&key.account_id));
        }
        self.out.push_str("</span>");
    }

    /// What the rule read, the last facts of it, since a rule answers as soon as it knows.
    fn facts(&mut self, finding: &Evaluation) {
        let facts: Vec<_> = finding.evidence.iter().filter(|fact| fact.value.is_some()).collect();
        if facts.is_empty() {
            return;
        }
        let left_out = facts.len().saturating_sub(self.facts);
        self.out.push_str("<table><tr><th>Fact<th>Value");
        for fact in facts.iter().skip(left_out) {
            self.out.push_str("<tr><td><code>");
            if let Some(resource) = &fact.resource {
                _ = write!(self.out, "{} ", escape(resource));
            }
            let value = fact.value.as_deref().unwrap_or_default();
            _ = write!(self.out, "{}</code><td><code>{}</code>", escape(&fact.path), escape(value));
        }
        self.out.push_str("</table>");
        if left_out > 0 {
            _ = write!(self.out, "<p>and {left_out} more before these</p>");
        }
    }

    /// How this one is mended, with the names of its resource.
    fn fix(&mut self, finding: &Evaluation) {
        let Some(rule) = self.report.rule(&finding.rule) else { return };
        for one in fix::filled(&rule.fix, finding) {
            self.snippet(one.language, &one.text);
            if !one.open.is_empty() {
                let words: Vec<&str> = one.open.iter().map(|name| name.word()).collect();
                _ = write!(self.out, "<p>To be filled in: <code>{}</code></p>", words.join("</code>, <code>"));
            }
        }
    }

    fn more(&mut self, finding: &Evaluation, id: &str) {
        let drift = self.report.drift.as_ref().filter(|drift| drift.previous.is_some());
        let since = drift.and_then(|drift| drift.standing(finding)).and_then(|standing| standing.open_since.as_deref());
        if let Some(since) = since {
            _ = write!(self.out, "<p>Open since {}</p>", escape(&moment(since)));
        }
        if let Some(mark) = &finding.exemption {
            let what = match mark.state {
                ExemptionState::Expired => "An exemption has expired",
                _ => "An exemption could not be decided",
            };
            let expires = mark.expires.as_deref().map(|day| format!(", until {day}")).unwrap_or_default();
            _ = write!(self.out, "<p>{what}{}: {}</p>", escape(&expires), escape(&mark.reason));
        }
        if let Some(arn) = &finding.arn {
            _ = write!(self.out, "<p><code>{}</code></p>", escape(arn));
        }
        if let Some(place) = self.report.places.of(finding) {
            let Location { file, line, .. } = &place.location;
            let how = format!("{}, by {}: {}", place.address, place.mapping.as_str(), place.certainty.as_str());
            let at = format!("{file}:{line}");
            _ = write!(self.out, "<p>Defined at <code>{}</code> ({})</p>", escape(&at), escape(&how));
        }
        self.out.push_str("<p>");
        if let Some(link) = console_link(finding) {
            let link = escape(&link).into_owned();
            _ = write!(self.out, "<a href=\"{link}\" rel=\"noreferrer noopener\">Open in the AWS console</a> · ");
        }
        _ = write!(self.out, "finding <code>{}</code></p>", id.get(..12).unwrap_or(id));
        if let Some(neighbours) = self.report.neighbours.get(&finding.resource)
            && self.pictured.insert(finding.resource.clone())
            && self.pictured.len() <= super::PICTURES
        {
            graph::draw(&mut self.out, finding, neighbours, &self.worst);
        }
    }

    /// Whether there is an earlier run to compare with.
    pub(super) fn has_previous(&self) -> bool {
        self.report.drift.as_ref().is_some_and(|drift| drift.previous.is_some())
    }
}

fn severity(severity: Severity) -> String {
    let light = Light::of_severity(severity).as_str();
    format!("<span class=\"sev {light}\">{}</span>", severity.as_str())
}

/// The worst colour of what is found on each resource.
pub(super) fn worst(report: &Report) -> BTreeMap<&crate::item::ResourceKey, Light> {
    let mut worst = BTreeMap::new();
    for finding in report.findings() {
        let light = Light::of(finding);
        let of_resource = worst.entry(&finding.resource).or_insert(light);
        *of_resource = light.min(*of_resource);
    }
    worst
}
