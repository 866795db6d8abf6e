//! The exemptions of a file, and of the files that it names for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::node::{Content, Located, Node};
use super::read::Reader;
use super::{ConfigError, Mistake, keys, tree};
use crate::exemption::{Exemption, ResourcePatterns};
use crate::pattern::{Pattern, Patterns};

/// A list of exemptions; or a file with one, or several such files.
pub(super) fn read(reader: &mut Reader, node: &Node, folder: &Path) -> Result<Vec<Located<Exemption>>, ConfigError> {
    let mut exemptions = Vec::new();
    let parts = match node.content() {
        Content::Text(_) => std::slice::from_ref(node),
        _ => reader.list(node),
    };
    for part in parts {
        if let Content::Text(_) = part.content() {
            let Some(name) = reader.text(part) else { continue };
            exemptions.append(&mut of_file(reader, &folder.join(name.value))?);
        } else {
            exemptions.extend(exemption(reader, part));
        }
    }
    let mut seen = BTreeMap::<String, &Located<Exemption>>::new();
    for exemption in &exemptions {
        if let Some(first) = seen.insert(exemption.value.id(), exemption) {
            let message = format!("this covers the same as the exemption at {}", first.at);
            reader.mistakes.push(Mistake { at: exemption.at.clone(), message });
        }
    }
    Ok(exemptions)
}

/// A file of its own has the one key `exemptions`, so that a part of the one can be moved to the other as it is.
fn of_file(reader: &mut Reader, path: &Path) -> Result<Vec<Located<Exemption>>, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
    let mut own = Reader::new(&path.display().to_string());
    let mut exemptions = Vec::new();
    if let Some(node) = tree(&mut own, &text)
        && let Some(section) = own.section(&node, "in a file of exemptions", &["exemptions"])
        && let Some(list) = section.get("exemptions")
    {
        exemptions = own.list(list).iter().filter_map(|node| exemption(&mut own, node)).collect();
    }
    reader.mistakes.append(&mut own.mistakes);
    Ok(exemptions)
}

fn exemption(reader: &mut Reader, node: &Node) -> Option<Located<Exemption>> {
    let section = reader.section(node, "in `exemptions`", &keys::EXEMPTION)?;
    for key in ["rules", "resource", "reason", "expires"] {
        if section.get(key).is_none() {
            let what = match key {
                "rules" => "the rules that it is from, as ids or patterns",
                "resource" => "the resources that it is for, or \"*\"",
                "reason" => "why the deviation is accepted",
                _ => "the last day on which it holds, such as 2027-01-31, or `never`",
            };
            reader.wrong(section.location(), format!("an exemption needs `{key}`: {what}"));
        }
    }
    let mut text = |key| section.get(key).and_then(|node| reader.text(node)).map(|text| text.value);
    let (reason, owner, ticket) = (text("reason").unwrap_or_default(), text("owner"), text("ticket"));
    let insufficient_data = section.get("insufficient_data").and_then(|node| reader.boolean(node));
    let expires = section.get("expires").and_then(|node| {
        let text = reader.text(node)?.value;
        if text == "never" {
            return None;
        }
        let day = text.parse().ok();
        if day.is_none() {
            reader.wrong(node.location(), format!("`{text}` is no day: write one as 2027-01-31, or `never`"));
        }
        day
    });
    let exemption = Exemption {
        rules: section.get("rules").map(|node| patterns(reader, node)).unwrap_or_default(),
        resource: section.get("resource").map(|node| resource(reader, node)).unwrap_or_default(),
        key: section.get("key").map(|node| patterns(reader, node)).unwrap_or_default(),
        insufficient_data: insufficient_data.is_some_and(|covered| covered.value),
        reason,
        owner,
        ticket,
        expires,
        origin: None,
    };
    let mut located = reader.located(node, exemption);
    located.value.origin = Some(format!("{}:{}", located.at.file, located.at.line));
    Some(located)
}

fn resource(reader: &mut Reader, node: &Node) -> ResourcePatterns {
    let mut resource = ResourcePatterns::default();
    if let Content::Text(text) = node.content() {
        if text != "*" {
            reader.wrong(
                node.location(),
                "`resource` is a mapping with `arn`, `id`, `tags`…, or \"*\" for all resources",
            );
        }
        return resource;
    }
    let Some(section) = reader.section(node, "in `resource`", &keys::RESOURCE) else { return resource };
    if section.is_empty() {
        reader.wrong(section.location(), "`resource` has no condition: write \"*\" for all resources");
    }
    let mut of = |key| section.get(key).map(|node| patterns(reader, node)).unwrap_or_default();
    resource.arn = of("arn");
    resource.id = of("id");
    resource.name = of("name");
    resource.resource_type = of("type");
    resource.region = of("region");
    if let Some(node) = section.get("account") {
        resource.account = accounts(reader, node);
    }
    if let Some(tags) = section.get("tags") {
        for (key, node) in reader.members(tags, "for `tags`").unwrap_or_default() {
            resource.tags.insert(key.value.clone(), patterns(reader, node));
        }
    }
    resource
}

/// Account ids, which may stand without quotes, or patterns of them.
fn accounts(reader: &mut Reader, node: &Node) -> Patterns {
    let nodes = match node.content() {
        Content::List(list) => list.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut accounts = Vec::new();
    for node in nodes {
        match node.content() {
            Content::Text(text) if text.contains(['*', '?', '[', '{']) => accounts.extend(pattern(reader, node)),
            _ => accounts.extend(reader.account_id(node).and_then(|id| Pattern::new(id.value).ok())),
        }
    }
    accounts.into_iter().collect()
}

fn patterns(reader: &mut Reader, node: &Node) -> Patterns {
    located_patterns(reader, node).into_iter().map(|pattern| pattern.value).collect()
}

/// A pattern, or a list of some, with the place of each.
pub(super) fn located_patterns(reader: &mut Reader, node: &Node) -> Vec<Located<Pattern>> {
    let nodes = match node.content() {
        Content::List(list) => list.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        reader.wrong(node.location(), "the list is empty, and matches nothing");
    }
    let mut located = Vec::with_capacity(nodes.len());
    for node in nodes {
        let pattern = pattern(reader, node);
        located.extend(pattern.map(|pattern| reader.located(node, pattern)));
    }
    located
}

fn pattern(reader: &mut Reader, node: &Node) -> Option<Pattern> {
    let text = reader.text(node)?;
    match Pattern::new(text.value) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            reader.wrong(node.location(), format!("{error}: {}", error.source));
            None
        }
    }
}
