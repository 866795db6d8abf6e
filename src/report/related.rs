//! What is related to a resource, for people as a tree, and for programs as a graph.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::harmless;
use super::style::{BOLD, DIM, GAP, styled};
use super::terminal::{Layout, counted};
use crate::item::{ConfigurationItem, GLOBAL, UnreadableRelationship};
use crate::related::{Found, Related, Resource};
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
    let tree = Tree { related, color: layout.color };
    if let Some(root) = related.resources.first() {
        writeln!(out, "{}", tree.resource(root))?;
    }
    tree.below(0, "", out)?;
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
}

impl Tree<'_, '_> {
    fn below(&self, at: usize, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let links = self.links(at);
        let unread: Vec<_> = self.related.unread.iter().filter(|unread| unread.resource == at).collect();
        let last = (links.len() + unread.len()).saturating_sub(1);
        for (number, (other, name, is_own)) in links.into_iter().enumerate() {
            let (branch, below) = if number == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let Some(resource) = self.related.resources.get(other) else { continue };
            let (name, told) = (harmless(name.trim_end()), self.resource(resource));
            let line = if is_own { format!("{name}: {told}") } else { format!("{told}: {name} here") };
            let is_child = resource.met_from == Some(at);
            let again = if is_child { "" } else { ", shown elsewhere" };
            writeln!(out, "{indent}{branch}{line}{}", styled(self.color, DIM, again))?;
            if is_child {
                self.below(other, &format!("{indent}{below}"), out)?;
            }
        }
        let first = last + 1 - unread.len().min(last + 1);
        for (number, unread) in unread.into_iter().enumerate() {
            let branch = if first + number == last { "└─ " } else { "├─ " };
            let what = match &*unread.resource_type {
                UnreadableRelationship::ANY => "links to others".to_owned(),
                kind => format!("links to {}", harmless(kind)),
            };
            let line = format!("{what} could not be read: {}", harmless(&unread.reason.to_string()));
            writeln!(out, "{indent}{branch}{}", styled(self.color, GAP, line))?;
        }
        Ok(())
    }

    /// The links that are told below a resource: those to resources that were met from it, and those that were met before
    /// it. Of several to one resource the first of its own is told.
    fn links(&self, at: usize) -> Vec<(usize, &str, bool)> {
        let parent = self.related.resources.get(at).and_then(|resource| resource.met_from);
        let mut told = BTreeMap::<usize, (&str, bool)>::new();
        let mut note = |other: usize, name, is_own| {
            let is_child = self.related.resources.get(other).is_some_and(|other| other.met_from == Some(at));
            if is_child || (other <= at && parent != Some(other)) {
                told.entry(other).or_insert((name, is_own));
            }
        };
        for link in self.related.links.iter().filter(|link| link.from == at) {
            note(link.to, &*link.name, true);
        }
        for link in self.related.links.iter().filter(|link| link.to == at && link.from != at) {
            note(link.from, &*link.name, false);
        }
        told.into_iter().map(|(other, (name, is_own))| (other, name, is_own)).collect()
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
