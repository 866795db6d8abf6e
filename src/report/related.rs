//! What is related to a resource, for people as a tree, and for programs as a graph.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::harmless;
use super::style::{BOLD, DIM, GAP, styled};
use super::terminal::{Layout, counted};
use crate::item::{ConfigurationItem, GLOBAL, UnreadableRelationship};
use crate::related::{Found, Related, Resource, UnreadLinks};
use crate::value::Unreadable;

/// The first member of the JSON form says that it is one, by this word.
pub const FORMAT: &str = "assize-related";

/// The version of the JSON form. It is raised when a member changes its meaning.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedFile<'r> {
    format: &'static str,
    version: u32,
    assize_version: &'static str,
    captured_at: &'r str,
    /// Whether the walk met all there is.
    whole: bool,
    resources: Vec<ResourceFile<'r>>,
    relationships: Vec<LinkFile<'r>>,
    unread: Vec<UnreadFile<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceFile<'r> {
    distance: usize,
    account_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_region: Option<&'r str>,
    resource_type: &'r str,
    /// Of an unresolved one what the link has: its id, or else its name.
    resource_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'r str>,
    #[serde(rename = "ARN", skip_serializing_if = "Option::is_none")]
    arn: Option<&'r str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unresolved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r Unreadable>,
}

/// `from` and `to` count the resources from 0.
#[derive(Serialize)]
struct LinkFile<'r> {
    from: usize,
    to: usize,
    name: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnreadFile<'r> {
    resource: usize,
    /// Nothing if links to any type may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<&'r str>,
    reason: &'r Unreadable,
}

/// Writes the graph as indented JSON with an end of line.
///
/// # Errors
/// What the writer says.
pub fn write_json(related: &Related<'_>, captured_at: &str, mut out: impl Write) -> io::Result<()> {
    let links = related.links.iter().map(|link| LinkFile { from: link.from, to: link.to, name: &link.name });
    let unread = related.unread.iter().map(|unread| UnreadFile {
        resource: unread.resource,
        resource_type: Some(&*unread.resource_type).filter(|kind| *kind != UnreadableRelationship::ANY),
        reason: &unread.reason,
    });
    let file = RelatedFile {
        format: FORMAT,
        version: VERSION,
        assize_version: env!("CARGO_PKG_VERSION"),
        captured_at,
        whole: related.is_whole,
        resources: related.resources.iter().map(resource_file).collect(),
        relationships: links.collect(),
        unread: unread.collect(),
    };
    serde_json::to_writer_pretty(&mut out, &file)?;
    out.write_all(b"\n")
}

fn resource_file<'r>(resource: &'r Resource<'_>) -> ResourceFile<'r> {
    let distance = resource.distance;
    match &resource.found {
        Found::Item(item) => ResourceFile {
            distance,
            account_id: &item.key.account_id,
            aws_region: Some(&item.key.region),
            resource_type: &item.key.resource_type,
            resource_id: &item.key.resource_id,
            resource_name: item.resource_name.as_deref(),
            arn: item.arn.as_deref(),
            unresolved: false,
            reason: None,
        },
        Found::Unresolved { account_id, resource_type, label, reason } => ResourceFile {
            distance,
            account_id,
            aws_region: None,
            resource_type,
            resource_id: label,
            resource_name: None,
            arn: None,
            unresolved: true,
            reason: reason.as_deref(),
        },
    }
}

/// Writes the tree: below each resource those that were met from it, and by name those that were met before.
///
/// # Errors
/// What the writer says.
pub fn write_tree(related: &Related<'_>, layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    let tree = Tree::of(related, layout.color);
    if let Some(root) = related.resources.first() {
        writeln!(out, "{}", tree.resource(root))?;
    }
    tree.below(out)?;
    let others = related.resources.len().saturating_sub(1);
    let steps = related.resources.iter().map(|resource| resource.distance).max().unwrap_or(0);
    let unresolved = related.resources.iter().filter(|resource| is_unresolved(resource)).count();
    let mut told = format!("{} related", counted(others, "resource"));
    if others > 0 {
        told = format!("{told} within {}", counted(steps, "step"));
    }
    if unresolved > 0 {
        told = format!("{told}, {unresolved} of them unresolved");
    }
    if !related.is_whole {
        told = format!("{told}; there are more, further away");
    }
    writeln!(out, "\n{}", styled(layout.color, DIM, told))
}

fn is_unresolved(resource: &Resource<'_>) -> bool {
    matches!(resource.found, Found::Unresolved { .. })
}

struct Tree<'r, 's> {
    related: &'r Related<'s>,
    color: bool,
    /// By resource, what stands below it.
    branches: Vec<Vec<Branch<'r>>>,
}

/// A line below a resource.
enum Branch<'r> {
    Link { other: usize, name: &'r str, is_own: bool },
    Unread(&'r UnreadLinks),
}

impl<'r, 's> Tree<'r, 's> {
    fn of(related: &'r Related<'s>, color: bool) -> Self {
        let mut links = BTreeMap::<(usize, usize), (&str, bool)>::new();
        let resource = |at: usize| related.resources.get(at);
        let mut note = |at: usize, other: usize, name: &'r str, is_own: bool| {
            // Below a resource stand those that were met from it, and those that were met before it. Of several links to
            // one resource the first of its own is told.
            let is_child = resource(other).is_some_and(|other| other.met_from == Some(at));
            let is_parent = resource(at).is_some_and(|resource| resource.met_from == Some(other));
            if is_child || (other <= at && !is_parent) {
                links.entry((at, other)).or_insert((name, is_own));
            }
        };
        for link in &related.links {
            note(link.from, link.to, &link.name, true);
        }
        for link in related.links.iter().filter(|link| link.from != link.to) {
            note(link.to, link.from, &link.name, false);
        }
        let mut branches: Vec<Vec<Branch<'r>>> = related.resources.iter().map(|_| Vec::new()).collect();
        for ((at, other), (name, is_own)) in links {
            branches.get_mut(at).into_iter().for_each(|below| below.push(Branch::Link { other, name, is_own }));
        }
        for unread in &related.unread {
            branches.get_mut(unread.resource).into_iter().for_each(|below| below.push(Branch::Unread(unread)));
        }
        Self { related, color, branches }
    }

    /// All that is below the first resource. Chains may be as long as there are resources: no call for each.
    fn below(&self, out: &mut dyn Write) -> io::Result<()> {
        let branches = |at: usize| self.branches.get(at).map(Vec::as_slice).unwrap_or_default();
        let mut indent = String::new();
        // The branches that are still to be written, of each resource on the way down, with the resource and the length of
        // its indent.
        let mut open = vec![(0, 0, branches(0))];
        while let Some((at, length, rest)) = open.pop() {
            let Some((branch, rest)) = rest.split_first() else { continue };
            indent.truncate(length);
            let (sign, below) = if rest.is_empty() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            open.push((at, length, rest));
            match branch {
                Branch::Link { other, name, is_own } => {
                    let Some(resource) = self.related.resources.get(*other) else { continue };
                    let (name, told) = (harmless(name.trim_end()), self.resource(resource));
                    let line = if *is_own { format!("{name}: {told}") } else { format!("{told}: {name} here") };
                    let is_child = resource.met_from == Some(at);
                    let again = if is_child { "" } else { ", shown elsewhere" };
                    writeln!(out, "{indent}{sign}{line}{}", styled(self.color, DIM, again))?;
                    if is_child {
                        indent.push_str(below);
                        open.push((*other, indent.len(), branches(*other)));
                    }
                }
                Branch::Unread(unread) => {
                    let what = match &*unread.resource_type {
                        UnreadableRelationship::ANY => "links to others".to_owned(),
                        kind => format!("links to {}", harmless(kind)),
                    };
                    let line = format!("{what} could not be read: {}", harmless(&unread.reason.to_string()));
                    writeln!(out, "{indent}{sign}{}", styled(self.color, GAP, line))?;
                }
            }
        }
        Ok(())
    }

    fn resource(&self, resource: &Resource<'_>) -> String {
        match &resource.found {
            Found::Item(item) => {
                let (kind, id) = (harmless(&item.key.resource_type), harmless(&item.key.resource_id));
                format!("{} {}{}", kind, styled(self.color, BOLD, id), where_it_is(item))
            }
            Found::Unresolved { resource_type, label, reason, .. } => {
                let why = match reason {
                    Some(reason) => format!("unresolved: {}", harmless(&reason.to_string())),
                    None => "unresolved: in no list of what was read".to_owned(),
                };
                let (kind, label) = (harmless(resource_type), harmless(label));
                format!("{kind} {} {}", styled(self.color, BOLD, label), styled(self.color, GAP, format!("({why})")))
            }
        }
    }
}

/// The name, where it is another than the id, and the region.
fn where_it_is(item: &ConfigurationItem) -> String {
    let name = item.resource_name.as_deref().filter(|name| **name != *item.key.resource_id);
    let name = name.map(|name| format!(" ({})", harmless(name))).unwrap_or_default();
    match &*item.key.region {
        GLOBAL => name,
        region => format!("{name} in {}", harmless(region)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Relationship, ResourceKey};
    use crate::related;
    use crate::snapshot::{About, Place, Snapshot};

    const KIND: &str = "AWS::EC2::Instance";

    fn item(at: usize, links: &[usize]) -> ConfigurationItem {
        let key = ResourceKey::new("111122223333", "eu-west-1", KIND, &format!("i-{at}"));
        let mut item = ConfigurationItem::new(key, "2026-01-02T03:04:05.678Z");
        item.relationships = links
            .iter()
            .map(|other| Relationship {
                resource_type: KIND.into(),
                resource_id: Some(format!("i-{other}").into()),
                resource_name: None,
                name: "leads to".into(),
            })
            .collect();
        item
    }

    fn snapshot(items: Vec<ConfigurationItem>) -> Snapshot {
        let place =
            Place { account_id: "111122223333".into(), aws_region: "eu-west-1".into(), resource_type: KIND.into() };
        Snapshot::new(About { listings: vec![place], ..About::default() }, items)
    }

    fn tree(snapshot: &Snapshot, out: &mut dyn Write) {
        let related = related::walk(snapshot, related::find(snapshot, "i-0")[0], None);
        write_tree(&related, &Layout::default(), out).unwrap();
    }

    #[test]
    fn each_resource_stands_below_the_one_it_was_met_from() {
        let mut last = item(4, &[9]);
        last.unreadable_relationships.push(UnreadableRelationship {
            resource_type: "AWS::EC2::Volume".into(),
            reason: std::sync::Arc::new(Unreadable::not_collected("the list")),
        });
        let items = vec![item(0, &[1, 2, 1]), item(1, &[3]), item(2, &[1]), item(3, &[0, 4]), last, item(5, &[0])];
        let mut told = Vec::new();
        tree(&snapshot(items), &mut told);
        insta::assert_snapshot!(String::from_utf8(told).unwrap());
    }

    #[test]
    fn a_chain_may_be_as_long_as_it_likes() {
        // On the stack of a test's thread a call for each resource would end the process.
        let long = 20_000;
        let items = (0..long).map(|at| item(at, &[at + 1]));
        let snapshot = snapshot(items.collect());
        tree(&snapshot, &mut io::sink());
    }
}
