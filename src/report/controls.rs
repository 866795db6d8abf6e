//! Which requirements of which packs a rule speaks to, for the formats that tell them beside each finding.

use std::collections::BTreeMap;

use super::Report;

/// The packs of a report by the rules that ran for them.
#[derive(Debug)]
pub(super) struct Controls<'r>(BTreeMap<&'r str, Vec<Control<'r>>>);

/// What a rule is for in one pack.
#[derive(Debug)]
pub(super) struct Control<'r> {
    /// The pack's name.
    pub(super) pack: &'r str,
    /// The requirements, in the pack's own numbering. A pack need not have any.
    pub(super) requirements: Vec<&'r str>,
}

impl<'r> Controls<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let mut by_rule = BTreeMap::<&str, Vec<Control<'_>>>::new();
        for pack in &report.packs {
            for rule in &pack.rules {
                let Some(id) = rule.rule.as_deref() else { continue };
                let of_rule = by_rule.entry(id).or_default();
                let at = of_rule.iter().position(|one| one.pack == pack.pack).unwrap_or(of_rule.len());
                if at == of_rule.len() {
                    of_rule.push(Control { pack: &pack.pack, requirements: Vec::new() });
                }
                let Some(control) = of_rule.get_mut(at) else { continue };
                for requirement in &rule.controls {
                    if !control.requirements.contains(&requirement.as_str()) {
                        control.requirements.push(requirement);
                    }
                }
            }
        }
        Self(by_rule)
    }

    /// What the rule is for, in the order of the report's packs.
    pub(super) fn of_rule(&self, id: &str) -> &[Control<'r>] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }
}

impl Control<'_> {
    /// Each requirement behind the name of its pack.
    pub(super) fn requirements(&self) -> impl Iterator<Item = String> {
        self.requirements.iter().map(|requirement| format!("{} {requirement}", self.pack))
    }

    /// Each requirement behind the name of its pack, or the name alone where the pack numbers none.
    pub(super) fn names(&self) -> Vec<String> {
        if self.requirements.is_empty() { vec![self.pack.to_owned()] } else { self.requirements().collect() }
    }
}
