//! What is recorded: the key `record`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::{Located, Node};
use super::read::{Reader, Section};
use super::{Mistake, exemptions, is_region, keys};
use crate::collect::{RecordedTypes, RecordingProfile};
use crate::item::GLOBAL;
use crate::nearest::hint;
use crate::pattern::Pattern;
use crate::source::descriptor::Catalog;

/// What is recorded.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The types and places.
    pub profile: Arc<RecordingProfile>,
    /// The patterns of types, with their places in the file.
    patterns: Vec<Located<Pattern>>,
}

impl Record {
    /// The patterns that mean none of the types there are.
    pub(super) fn mistakes(&self, catalog: &Catalog) -> Vec<Mistake> {
        let unknown = self.patterns.iter().filter(|one| !catalog.types().any(|known| one.value.matches(known)));
        let mistake = |one: &Located<Pattern>| {
            let text = one.value.as_str();
            let near = if one.value.is_glob() { String::new() } else { hint(text, catalog.types()) };
            Mistake { at: one.at.clone(), message: format!("in `record` no resource type is called `{text}`{near}") }
        };
        unknown.map(mistake).collect()
    }
}

pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Located<Record>> {
    let section = reader.section(node, "in `record`", &keys::RECORD)?;
    let mut patterns = Vec::new();
    let everywhere = types(reader, &section, &mut patterns);
    let mut regions = BTreeMap::new();
    if let Some(node) = section.get("regions") {
        for (name, node) in reader.members(node, "for `regions`").unwrap_or_default() {
            if name.value != GLOBAL && !is_region(&name.value) {
                let message =
                    format!("`{}` is no region: they look like eu-west-1, or `{GLOBAL}` for global types", name.value);
                reader.wrong(name.referenced, message);
            }
            if let Some(section) = reader.section(node, "in `record`", &keys::RECORDED) {
                regions.insert(name.value.clone(), types(reader, &section, &mut patterns));
            }
        }
    }
    let profile = Arc::new(RecordingProfile { everywhere, regions });
    Some(reader.located(node, Record { profile, patterns }))
}

fn types(reader: &mut Reader, section: &Section<'_>, all: &mut Vec<Located<Pattern>>) -> RecordedTypes {
    let mut of = |key| {
        let found = section.get(key).map(|node| exemptions::located_patterns(reader, node)).unwrap_or_default();
        all.extend(found.iter().cloned());
        found.into_iter().map(|one| one.value)
    };
    RecordedTypes { only: of("only").collect(), except: of("except").collect() }
}
