//! `assize resources`: which types can be read, and how.

mod docs;

use std::fmt::Write as _;

use anstyle::Style;
use assize::report::harmless;
use assize::source::descriptor::{Catalog, PartSource, ResourceDescriptor, Scope};

use crate::cli::{Definitions, Resources};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(crate) fn run(command: &Resources, colors: Colors) -> Result<u8, Failure> {
    let text = match command {
        Resources::List { definitions } => list(catalog(definitions)?.as_ref()),
        Resources::Show { resource_type, definitions } => show(resource_type, catalog(definitions)?.as_ref())?,
        Resources::Docs { folder, folders, definitions } => return docs::run(folder, folders, definitions, colors),
    };
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}

fn catalog(definitions: &Definitions) -> Result<std::sync::Arc<Catalog>, Failure> {
    input::definitions(definitions).map(|(_, catalog)| catalog)
}

fn scope(descriptor: &ResourceDescriptor) -> &'static str {
    match descriptor.scope {
        Scope::Regional => "regional",
        Scope::Global => "global",
    }
}

fn list(catalog: &Catalog) -> String {
    let columns = catalog.types().map(|name| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for descriptor in catalog.iter() {
        let call = descriptor.listing.as_ref().map_or_else(|| "(the account)".to_owned(), |list| list.call.to_string());
        let parts = match descriptor.parts.len() {
            0 => String::new(),
            1 => " and 1 part".to_owned(),
            many => format!(" and {many} parts"),
        };
        _ = writeln!(
            text,
            "{BOLD}{:columns$}{BOLD:#}  {:8}  {call}{DIM}{parts}{DIM:#}",
            harmless(&descriptor.resource_type),
            scope(descriptor),
        );
    }
    text
}

fn show(resource_type: &str, catalog: &Catalog) -> Result<String, Failure> {
    input::known_type(catalog, resource_type)?;
    let mut text = String::new();
    for descriptor in catalog.get(resource_type) {
        if !text.is_empty() {
            _ = writeln!(text);
        }
        _ = writeln!(text, "{BOLD}{}{BOLD:#} {DIM}({}){DIM:#}", harmless(resource_type), descriptor.origin);
        _ = writeln!(text, "  scope   {}", scope(descriptor));
        if let Some(listing) = &descriptor.listing {
            let of = listing.for_each.as_ref().map(|parent| format!(", for each {parent}")).unwrap_or_default();
            _ = writeln!(text, "  list    {}{of}", listing.call);
        }
        _ = writeln!(text, "  id      {}", harmless(&descriptor.id.to_string()));
        if let Some(arn) = &descriptor.arn {
            _ = writeln!(text, "  arn     {}", harmless(&arn.to_string()));
        }
        parts(&mut text, descriptor);
        links(&mut text, descriptor);
    }
    Ok(text)
}

fn parts(text: &mut String, descriptor: &ResourceDescriptor) {
    if descriptor.parts.is_empty() {
        return;
    }
    _ = writeln!(text, "\n  {BOLD}Parts{BOLD:#}, read when a rule names them");
    let columns = descriptor.parts.iter().map(|part| part.name.len()).max().unwrap_or(0);
    for part in &descriptor.parts {
        let how = how(&part.source);
        let into = part.into.as_deref().unwrap_or("/tags");
        _ = writeln!(text, "    {:columns$}  {how} {DIM}{into}{DIM:#}", harmless(&part.name));
    }
}

/// The calls of a part, and what each of them is made for.
fn how(source: &PartSource) -> String {
    match source {
        PartSource::Call(call) => call.to_string(),
        PartSource::Each { call, path, size: Some(size), .. } => format!("{call}, for {size} of {path} at a time"),
        PartSource::Each { call, path, .. } => format!("{call}, for each {path}"),
        PartSource::Batch { call, size, .. } => format!("{call}, for {size} resources at a time"),
        PartSource::Shared { call, .. } => format!("{call}, once"),
        PartSource::Code(collector) => {
            let calls: Vec<String> =
                collector.operations().iter().map(|(service, operation)| format!("{service}:{operation}")).collect();
            calls.join(", ")
        }
    }
}

fn links(text: &mut String, descriptor: &ResourceDescriptor) {
    if descriptor.links.is_empty() {
        return;
    }
    _ = writeln!(text, "\n  {BOLD}Relationships{BOLD:#}");
    let mut links: Vec<String> =
        descriptor.links.iter().map(|link| format!("{}: {}", link.resource_type, link.name.trim_end())).collect();
    links.sort();
    links.dedup();
    for link in links {
        _ = writeln!(text, "    {}", harmless(&link));
    }
}
