//! `assize resources docs`: how the resource types are read as pages of Markdown, one for each service, and an index.
//!
//! `docs/resources` is what it writes of the built-in types; `tests/cli/reference.rs` keeps it so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use assize::report::markdown::span;
use assize::report::terminal::counted;
use assize::rule::RuleSet;
use assize::source::descriptor::{Call, Catalog, Detail, Listing, Part, PartSource, ResourceDescriptor};
use assize::source::model::Models;

use super::{how, scope};
use crate::cli::{Definitions, Folders};
use crate::cmd::pages;
use crate::failure::Failure;
use crate::output::Colors;
use crate::{exit, input};

pub(super) fn run(folder: &Path, folders: &Folders, definitions: &Definitions, colors: Colors) -> Result<u8, Failure> {
    let (models, catalog) = input::definitions(definitions)?;
    let rules = input::all_rules(&folders.folders)?;
    let told = Told { models: &models, readers: Readers::of(&rules, &catalog) };
    let mut services = BTreeMap::<&str, BTreeMap<&str, Vec<&ResourceDescriptor>>>::new();
    for descriptor in catalog.iter() {
        let types = services.entry(&descriptor.service).or_default();
        types.entry(&descriptor.resource_type).or_default().push(descriptor);
    }
    let mut texts: BTreeMap<String, String> =
        services.iter().map(|(service, types)| (format!("{service}.md"), told.page(service, types))).collect();
    texts.insert("README.md".to_owned(), index(&services));
    pages::write(folder, &texts, colors)?;
    Ok(exit::CLEAN)
}

/// Which rules judge and read what.
#[derive(Default)]
struct Readers {
    /// By type.
    judging: BTreeMap<String, BTreeSet<String>>,
    reading: BTreeMap<String, BTreeSet<String>>,
    /// By type and part.
    of_part: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Readers {
    fn of(rules: &RuleSet, catalog: &Catalog) -> Self {
        let mut readers = Self::default();
        for chosen in rules.iter() {
            let rule = &chosen.rule;
            for resource_type in &rule.resource_types {
                readers.judging.entry(resource_type.to_string()).or_default().insert(rule.id.to_string());
            }
            for (resource_type, parts) in &rule.reads {
                if !rule.judges(resource_type) {
                    readers.reading.entry(resource_type.to_string()).or_default().insert(rule.id.to_string());
                }
                let named = parts.iter().map(|read| assize::value::intern(&read.part)).collect();
                // What a part needs is read with it.
                let all = catalog.get(resource_type).iter().flat_map(|descriptor| descriptor.with_needed(&named));
                for part in all {
                    let of_part = readers.of_part.entry((resource_type.to_string(), part.to_string())).or_default();
                    of_part.insert(rule.id.to_string());
                }
            }
        }
        readers
    }
}

fn index(services: &BTreeMap<&str, BTreeMap<&str, Vec<&ResourceDescriptor>>>) -> String {
    let types: usize = services.values().map(BTreeMap::len).sum();
    let mut text = format!(
        "# Resource types\n\n\
         {} of {}. Written by `assize resources docs`; do not edit. `assize resources show TYPE` tells the same on a\n\
         terminal; [descriptors.md](../descriptors.md) is the grammar of what the types are described by.\n\n\
         | type | scope | listing | parts |\n|---|---|---|--:|\n",
        counted(types, "type"),
        counted(services.len(), "service"),
    );
    for (service, types) in services {
        for (name, descriptors) in types {
            for descriptor in descriptors {
                let listing = descriptor.listing.as_ref().map_or("(the account)".to_owned(), |list| call(&list.call));
                _ = writeln!(
                    text,
                    "| [{name}]({service}.md#{}) | {} | {listing} | {} |",
                    pages::anchor(name),
                    scope(descriptor),
                    descriptor.parts.len()
                );
            }
        }
    }
    text
}

struct Told<'t> {
    models: &'t Models,
    readers: Readers,
}

impl Told<'_> {
    fn page(&self, service: &str, types: &BTreeMap<&str, Vec<&ResourceDescriptor>>) -> String {
        let mut text = format!("# Resource types: {service}\n\n");
        for name in types.keys() {
            _ = writeln!(text, "- [{name}](#{})", pages::anchor(name));
        }
        for (name, descriptors) in types {
            _ = write!(text, "\n## {name}\n");
            for descriptor in descriptors {
                self.entry(&mut text, descriptor);
            }
            self.rules(&mut text, name);
        }
        text
    }

    fn entry(&self, text: &mut String, descriptor: &ResourceDescriptor) {
        let mut rows = vec![("scope", scope(descriptor).to_owned())];
        if let Some(listing) = &descriptor.listing {
            rows.push(("listing", listed(listing)));
            let mut actions = self.actions(&listing.call);
            actions.extend(described(listing).map(|call| self.actions(call)).unwrap_or_default());
            rows.push(("permissions", spans(&actions)));
        }
        rows.push(("id", span(&descriptor.id.to_string())));
        let texts = [("name", &descriptor.name), ("ARN", &descriptor.arn), ("region", &descriptor.region)];
        rows.extend(texts.into_iter().filter_map(|(name, text)| Some((name, span(&text.as_ref()?.to_string())))));
        if let Some(part) = descriptor.tags.as_ref().and_then(|tags| tags.part.as_ref()) {
            rows.push(("tags", format!("of the part {}", span(part))));
        }
        text.push_str("\n| | |\n|---|---|\n");
        for (name, value) in rows {
            _ = writeln!(text, "| {name} | {} |", cell(&value));
        }
        if !descriptor.parts.is_empty() {
            text.push_str(
                "\n**Parts**, each read when a rule names it\n\n\
                 | part | calls | stands at | permissions | rules |\n|---|---|---|---|---|\n",
            );
            for part in &descriptor.parts {
                self.part(text, descriptor, part);
            }
        }
        if !descriptor.secrets.is_empty() {
            text.push_str("\n**Secrets**, of which a digest is kept\n\n");
            for pointer in &descriptor.secrets {
                match pointer.strip_suffix('@') {
                    Some(url) => _ = writeln!(text, "- {}: name and password of the URL", span(url)),
                    None => _ = writeln!(text, "- {}", span(pointer)),
                }
            }
        }
        let links: BTreeSet<(&str, &str)> =
            descriptor.links.iter().map(|link| (link.resource_type.as_ref(), link.name.trim_end())).collect();
        if !links.is_empty() {
            text.push_str("\n**Relationships**\n\n");
            for (resource_type, name) in links {
                _ = writeln!(text, "- {}: {}", span(resource_type), pages::plain(name));
            }
        }
    }

    fn part(&self, text: &mut String, descriptor: &ResourceDescriptor, part: &Part) {
        let needs: Vec<String> = part.needs.iter().map(|need| span(need)).collect();
        let needs = if needs.is_empty() { String::new() } else { format!("; needs {}", needs.join(", ")) };
        let actions: BTreeSet<String> = match &part.source {
            PartSource::Code(collector) => collector
                .operations()
                .iter()
                .flat_map(|(service, operation)| self.actions_of(service, operation))
                .collect(),
            source => source.call().map(|call| self.actions(call)).unwrap_or_default(),
        };
        let key = (descriptor.resource_type.to_string(), part.name.to_string());
        let rules = self.readers.of_part.get(&key).map(rules).unwrap_or_default();
        let cells = [
            span(&part.name),
            format!("{}{needs}", pages::plain(&how(&part.source))),
            span(part.into.as_deref().unwrap_or("/tags")),
            spans(&actions),
            rules,
        ];
        _ = writeln!(text, "| {} |", cells.map(|text| cell(&text)).join(" | "));
    }

    fn rules(&self, text: &mut String, resource_type: &str) {
        for (words, by_type) in [("Judged by", &self.readers.judging), ("Also read by", &self.readers.reading)] {
            if let Some(found) = by_type.get(resource_type) {
                _ = write!(text, "\n**{words}** {}\n", rules(found));
            }
        }
    }

    fn actions(&self, call: &Call) -> BTreeSet<String> {
        self.actions_of(&call.service, &call.operation)
    }

    /// Of an operation that the models have: descriptors with others are refused.
    fn actions_of(&self, service: &str, operation: &str) -> BTreeSet<String> {
        let model = self.models.service(service);
        let actions = model.and_then(|model| Ok(model.operation(operation)?.iam_actions().iter().cloned().collect()));
        actions.unwrap_or_default()
    }
}

fn call(call: &Call) -> String {
    span(&call.to_string())
}

fn described(listing: &Listing) -> Option<&Call> {
    match &listing.detail {
        Detail::None => None,
        Detail::Describe(describe) => Some(&describe.call),
        Detail::Batch(batch) => Some(&batch.call),
    }
}

fn listed(listing: &Listing) -> String {
    let mut text = call(&listing.call);
    if let Some(parent) = &listing.for_each {
        _ = write!(text, " for each {}", span(parent));
    }
    match &listing.detail {
        Detail::None => {}
        Detail::Describe(describe) => _ = write!(text, ", then {} for each", call(&describe.call)),
        Detail::Batch(batch) => _ = write!(text, ", then {} for {} at a time", call(&batch.call), batch.size),
    }
    text
}

fn rules(ids: &BTreeSet<String>) -> String {
    ids.iter().map(|id| span(id)).collect::<Vec<_>>().join(", ")
}

fn spans(texts: &BTreeSet<String>) -> String {
    if texts.is_empty() { "none".to_owned() } else { rules(texts) }
}

/// A bar would end the cell, also within a code span.
fn cell(text: &str) -> String {
    text.replace("\\|", "|").replace('|', "\\|")
}
