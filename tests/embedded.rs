//! What the build embeds in a compact form is what the files say, read as a user's own files are: with every check, and
//! with a line for every error.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assize::rule::RuleSet;
use assize::rule::set::Chosen;
use assize::source::descriptor::Catalog;
use assize::source::model::Models;
use regex_lite::Regex;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// All descriptors by type and scope, and what is known of recorded types, without the places in the file below that of the type.
fn descriptors(catalog: &Catalog) -> BTreeMap<String, String> {
    let places = Regex::new(r"at: Position \{ line: \d+, column: \d+ \}").expect("it is a pattern");
    let one = |text: String| places.replace_all(&text, "at").into_owned();
    catalog
        .iter()
        .map(|descriptor| {
            let name = format!("{} {} {}", descriptor.resource_type, descriptor.scope.as_str(), descriptor.origin);
            (name, one(format!("{descriptor:?}")))
        })
        .chain(catalog.recorded().map(|recorded| {
            let name = format!("{} {}", recorded.resource_type, recorded.origin);
            (name, one(format!("{recorded:?}")))
        }))
        .collect()
}

#[test]
fn the_embedded_descriptors_are_those_of_the_folder() {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder("resources")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts: Vec<(String, String)> = paths
        .iter()
        .map(|path| {
            let name = format!("resources/{}", path.file_name().unwrap().to_string_lossy());
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    let models = Models::builtin();
    let read = Catalog::of_texts(texts.iter().map(|(name, text)| (name.clone(), text.as_str())), &models);
    let read = descriptors(&read.unwrap_or_else(|error| panic!("{error}")));
    let embedded = Catalog::builtin().unwrap();
    // The check notes the shapes that reading needs.
    embedded.check_all(&models).unwrap();
    let embedded = descriptors(&embedded);
    assert_eq!(embedded.keys().collect::<Vec<_>>(), read.keys().collect::<Vec<_>>());
    for (name, descriptor) in read {
        assert_eq!(embedded[&name], descriptor, "{name}");
    }
}

#[test]
fn the_embedded_rules_are_those_of_the_folder() {
    // The metadata is kept as it was written, YAML here and JSON there; what it means stands before. Whether a script is
    // compiled yet is no property of the rule: the digest is of its texts.
    let said = |chosen: &Chosen| {
        let text = format!("{chosen:?}");
        let (before, _) = text.split_once(", metadata: ").expect("a rule keeps its metadata");
        (before.to_owned(), chosen.rule.digest())
    };
    let (embedded, read) = (RuleSet::builtin(), RuleSet::load_dir(&folder("rules")).unwrap());
    assert_eq!((embedded.errors(), read.errors()), (&[][..], &[][..]));
    assert!(!read.is_empty(), "the folder holds no rule");
    assert_eq!(
        embedded.iter().map(|chosen| &chosen.rule.id).collect::<Vec<_>>(),
        read.iter().map(|chosen| &chosen.rule.id).collect::<Vec<_>>()
    );
    for (embedded, read) in embedded.iter().zip(read.iter()) {
        assert_eq!(said(embedded), said(read));
        assert_eq!(embedded.parameters, read.parameters, "{}", read.rule.id);
    }
}
