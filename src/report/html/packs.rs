//! The packs of the page: what each comes to, how its rules ended, and what that says of each requirement.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Page;
use super::chart::{self, Bar, Lights};
use super::text::escape;
use crate::evaluation::ComplianceType;
use crate::pack::standing::{End, RuleStanding, Standing};
use crate::report::finding::Light;
use crate::report::packs::{score, sums};

impl Page<'_> {
    /// All packs, in the order in which they were asked for.
    pub(super) fn packs(&mut self) {
        let packs = &self.report.packs;
        if packs.is_empty() {
            return;
        }
        _ = write!(self.out, "<section id=packs><h2>Packs<small>{}</small></h2>", packs.len());
        for pack in packs {
            self.pack(pack);
            self.flush();
        }
        self.out.push_str("</section>");
    }

    fn pack(&mut self, pack: &Standing) {
        let (light, word) = match pack.compliance() {
            ComplianceType::NonCompliant => (Light::Red, "non-compliant"),
            ComplianceType::Compliant => (Light::Green, "compliant"),
            _ => (Light::Grey, "not judged"),
        };
        let light = light.as_str();
        let score = score(pack).unwrap_or_else(|| "nothing was judged".to_owned());
        _ = write!(
            self.out,
            "<details class=\"rule card {light}\"><summary><span class=\"sev {light}\">{word}</span><h3>{}</h3>\
             <span class=count></span><span class=score>{score}</span></summary><div class=more><p>{}</p>",
            escape(&pack.pack),
            sums(pack),
        );
        let bars: Vec<Bar> = End::ALL
            .into_iter()
            .map(|end| {
                let mut lights = Lights::default();
                lights.add(light_of(end), pack.count(end));
                Bar { name: end.words().to_owned(), lights, figure: pack.count(end).to_string() }
            })
            .collect();
        chart::bars(&mut self.out, &bars, false);
        self.out.push_str("<div class=scroll><table><tr><th>Control<th>Rule<th>How it ended<th>Why");
        let mut by_control = BTreeMap::<Vec<Numbered>, (&str, Vec<&RuleStanding>)>::new();
        for rule in &pack.rules {
            for control in &rule.controls {
                by_control.entry(numbered(control)).or_insert((control, Vec::new())).1.push(rule);
            }
        }
        let without: Vec<&RuleStanding> = pack.rules.iter().filter(|rule| rule.controls.is_empty()).collect();
        for (control, rules) in by_control.into_values().chain((!without.is_empty()).then_some(("", without))) {
            for (at, rule) in rules.iter().enumerate() {
                // A control stands beside the first of its rules.
                self.row(if at == 0 { control } else { "" }, rule);
            }
        }
        self.out.push_str("</table></div></div></details>");
    }

    fn row(&mut self, control: &str, rule: &RuleStanding) {
        // All that a person has to check has the same identifier.
        let identifier = rule.identifier.as_deref().filter(|_| rule.end != End::ByHand);
        let name = rule.rule.as_deref().or(identifier).unwrap_or(&rule.name);
        let judged = [(rule.non_compliant, "not compliant"), (rule.insufficient_data, "not judged")];
        let judged: Vec<String> =
            judged.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let why = rule.reason.clone().unwrap_or_else(|| judged.join(", "));
        let light = light_of(rule.end).as_str();
        _ = write!(
            self.out,
            "<tr><td>{}<td><code>{}</code><td><span class=\"sev {light}\">{}</span><td>{}",
            escape(control),
            escape(name),
            rule.end.words(),
            escape(&why),
        );
    }
}

/// What is wrong, what needs a look, what is as it should be, and what says nothing.
fn light_of(end: End) -> Light {
    match end {
        End::NonCompliant => Light::Red,
        End::CannotBeJudged | End::ByHand => Light::Yellow,
        End::Compliant => Light::Green,
        End::NotApplicable | End::NotImplemented => Light::Grey,
    }
}

/// A piece of a control's number: `2.10` comes after `2.9`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Numbered {
    Number(u64),
    Text(String),
}

/// The control as it is sorted, the name itself last so that no two are one.
fn numbered(control: &str) -> Vec<Numbered> {
    let pieces = control.split(|c: char| !c.is_ascii_alphanumeric());
    let piece = |piece: &str| piece.parse().map_or_else(|_| Numbered::Text(piece.to_owned()), Numbered::Number);
    pieces.map(piece).chain([Numbered::Text(control.to_owned())]).collect()
}
