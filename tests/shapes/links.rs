//! The names of links over all types: those that descriptors give, and those that AWS Config is known to give.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use assize::source::descriptor::Catalog;
use serde::Deserialize;

use crate::facts::Facts;

/// A link of the items of one type to those of another.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Of what.
    of: String,
    /// To what.
    to: String,
    /// AWS Config's words.
    name: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.of, self.name, self.to)
    }
}

/// How descriptors may differ from AWS Config: `tests/data/shapes/links.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    /// Links that AWS Config is not known to give.
    beyond: Vec<Named>,
    /// Links that AWS Config gives and descriptors do not.
    missing: Vec<Named>,
}

/// What is wrong with the links of all descriptors.
pub(crate) fn complaints(allowed: &str, catalog: &Catalog, facts: &BTreeMap<String, Facts>) -> Vec<String> {
    let allowed: Allowed = match serde_saphyr::from_str(allowed) {
        Ok(allowed) => allowed,
        Err(error) => return vec![format!("links.yaml: {error}")],
    };
    let named = |of: &str, to: &str, name: &str| Named { of: of.to_owned(), to: to.to_owned(), name: name.to_owned() };
    let mut made = BTreeSet::new();
    for descriptor in catalog.iter() {
        for link in &descriptor.links {
            made.insert(named(&descriptor.resource_type, &link.resource_type, &link.name));
            made.extend(link.inverse.iter().map(|back| named(&link.resource_type, &descriptor.resource_type, back)));
        }
    }
    let is_described = |resource_type: &str| !catalog.get(resource_type).is_empty();
    let known: BTreeSet<Named> = facts
        .values()
        .flat_map(|facts| {
            facts.relationships.iter().map(|link| named(&facts.resource_type, &link.resource_type, &link.name))
        })
        .collect();
    // Of AWS Config's links those between types that are described.
    let wanted: BTreeSet<Named> =
        known.iter().filter(|link| is_described(&link.of) && is_described(&link.to)).cloned().collect();
    let mut wrong = Vec::new();
    for link in made.difference(&known).filter(|link| facts.contains_key(&link.of)) {
        if !allowed.beyond.contains(link) {
            wrong.push(format!("{link}: AWS Config is not known to give it"));
        }
    }
    for link in wanted.difference(&made).filter(|link| !allowed.missing.contains(link)) {
        wrong.push(format!("{link}: no descriptor gives it"));
    }
    for link in allowed.beyond.iter().filter(|link| !made.contains(link) || known.contains(link)) {
        wrong.push(format!("{link} is said to be beyond AWS Config, and is not"));
    }
    for link in allowed.missing.iter().filter(|link| made.contains(link) || !wanted.contains(link)) {
        wrong.push(format!("{link} is said to be missing, and is not"));
    }
    wrong
}
