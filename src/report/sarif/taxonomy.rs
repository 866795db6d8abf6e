//! Packs as taxonomies: a control is a taxon, and a rule is relevant to those that it speaks to.

use std::collections::BTreeSet;

use serde_json::json;
use serde_sarif::sarif::{
    PropertyBag, ReportingDescriptor, ReportingDescriptorReference, ReportingDescriptorRelationship, ToolComponent,
    ToolComponentReference,
};

use super::super::Report;
use super::{integer, properties};
use crate::pack::standing::{End, Standing};

/// The packs of a report, each with its controls in the order in which it has them.
pub(super) struct Taxonomies<'r>(Vec<(&'r Standing, Vec<&'r str>)>);

impl<'r> Taxonomies<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let taxa = |pack: &'r Standing| {
            let mut seen = BTreeSet::new();
            let controls = pack.rules.iter().flat_map(|rule| &rule.controls).map(String::as_str);
            (pack, controls.filter(|control| seen.insert(*control)).collect())
        };
        Self(report.packs.iter().map(taxa).collect())
    }

    /// What the run names.
    pub(super) fn components(&self) -> Option<Vec<ToolComponent>> {
        let component = |(pack, taxa): &(&Standing, Vec<&str>)| {
            let mut component = ToolComponent::builder().name(&pack.pack).build();
            // What the pack does not ask of the account is not in it.
            component.is_comprehensive = Some(false);
            let taxon = |id: &&str| ReportingDescriptor::builder().id(*id).build();
            component.taxa = Some(taxa.iter().map(taxon).collect());
            component
        };
        (!self.0.is_empty()).then(|| self.0.iter().map(component).collect())
    }

    /// What the tool says that it knows.
    pub(super) fn references(&self) -> Option<Vec<ToolComponentReference>> {
        let packs = self.0.iter().enumerate();
        (!self.0.is_empty()).then(|| packs.map(|(at, (pack, _))| component(&pack.pack, at)).collect())
    }

    /// What a rule is relevant to: in each pack by its place, as two packs may have one name.
    pub(super) fn relationships(&self, rule: &str) -> Option<Vec<ReportingDescriptorRelationship>> {
        let mut relationships = Vec::new();
        for (at, (pack, taxa)) in self.0.iter().enumerate() {
            let of_rule = pack.rules.iter().filter(|one| one.rule.as_deref() == Some(rule));
            let wanted: BTreeSet<&str> = of_rule.flat_map(|one| &one.controls).map(String::as_str).collect();
            for (index, id) in taxa.iter().enumerate().filter(|(_, id)| wanted.contains(**id)) {
                let mut target = ReportingDescriptorReference::builder().id(*id).build();
                target.index = Some(integer(index));
                target.tool_component = Some(component(&pack.pack, at));
                let mut relationship = ReportingDescriptorRelationship::builder().target(target).build();
                relationship.kinds = Some(vec!["relevant".to_owned()]);
                relationships.push(relationship);
            }
        }
        (!relationships.is_empty()).then_some(relationships)
    }
}

fn component(name: &str, at: usize) -> ToolComponentReference {
    let mut reference = ToolComponentReference::builder().name(name).build();
    reference.index = Some(integer(at));
    reference
}

/// How the packs stand, with the members that they have in the JSON report.
pub(super) fn sums(report: &Report) -> Option<PropertyBag> {
    let pack = |pack: &Standing| {
        let sums = End::ALL.into_iter().map(|end| (end.as_str().to_owned(), json!(pack.count(end))));
        json!({
            "name": pack.pack,
            "origin": pack.origin,
            "compliance": pack.compliance(),
            "score": pack.percent(),
            "summary": sums.collect::<serde_json::Map<_, _>>(),
        })
    };
    let packs: Vec<_> = report.packs.iter().map(pack).collect();
    (!packs.is_empty()).then(|| properties([("packs", json!(packs))]))
}
