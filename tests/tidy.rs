//! What no compiler checks: who may import whom, how files begin, and what may not stand in the tree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The project's files below a folder, sorted: neither what git keeps for itself nor what cargo builds.
fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![below.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if [".git", "target", "__pycache__"].contains(&name.as_ref()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn named(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn sources() -> Vec<(String, String)> {
    files(&root().join("src"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (named(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The library's module to which a file belongs: `src/source/codec/xml.rs` → `source`.
fn module(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    let name = inside.split('/').next()?.trim_end_matches(".rs");
    (!["lib", "bin"].contains(&name)).then_some(name)
}

/// Who may import whom, as the section of that name in ARCHITECTURE.md says: the page is the rule.
fn allowed_imports() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = page.split("## Who may import whom").nth(1).expect("the section stands in ARCHITECTURE.md");
    let table = section.split("```").nth(1).expect("the section has a table");
    let mut allowed = BTreeMap::<String, BTreeSet<String>>::new();
    for line in table.lines() {
        let Some((from, to)) = line.split_once("─►") else { continue };
        let words = |text: &str| -> Vec<String> {
            let without_remarks = Regex::new(r"\([^)]*\)").unwrap().replace_all(text, "").into_owned();
            without_remarks.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
        };
        for from in words(from) {
            let to = words(to).into_iter().filter(|word| word != "nothing");
            allowed.entry(from).or_default().extend(to);
        }
    }
    allowed
}

/// The modules that a file names: `use crate::item::…`, `crate::{gap, item::Key}`, `crate::value::code` in the midst.
/// Unit tests are left out: they may build what they judge from anywhere.
fn imports(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |mut code, line| {
            writeln!(code, "{line}").unwrap();
            code
        });
    let mut found = BTreeSet::new();
    for single in Regex::new(r"\bcrate::([a-z_]+)").unwrap().captures_iter(&code) {
        found.insert(single[1].to_owned());
    }
    for group in Regex::new(r"\bcrate::\{").unwrap().find_iter(&code) {
        // Of a group, the first word of each branch at the group's own depth.
        let (mut depth, mut start) = (0, true);
        let mut word = String::new();
        for letter in code[group.end()..].chars() {
            match letter {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                ':' if depth == 0 => start = false,
                letter if depth == 0 && start && (letter.is_ascii_lowercase() || letter == '_') => word.push(letter),
                _ => {}
            }
            if (depth > 0 || !start || letter == ',') && !word.is_empty() {
                found.insert(std::mem::take(&mut word));
            }
        }
        found.extend((!word.is_empty()).then_some(word));
    }
    found
}

#[test]
fn modules_import_only_what_architecture_md_allows() {
    let allowed = allowed_imports();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(module) = module(&file).filter(|_| !file.ends_with("/tests.rs")) else { continue };
        let Some(may) = allowed.get(module) else {
            wrong.push(format!("{file}: the module {module} is not in the table of ARCHITECTURE.md"));
            continue;
        };
        for import in imports(&text) {
            if import != module && !may.contains(&import) {
                wrong.push(format!("{file}: {module} may not import {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_seen_in_every_spelling() {
    let text = "use crate::item::{A, B};\nuse crate::{gap, value::{code, Value}, snapshot::Place};\n\
                // crate::report is only spoken of\nfn f() -> crate::evaluation::Severity {}\n\
                #[cfg(test)]\nmod tests {\n    use crate::source::X;\n}\n";
    let found: Vec<String> = imports(text).into_iter().collect();
    assert_eq!(found, ["evaluation", "gap", "item", "snapshot", "value"]);
}

#[test]
fn only_the_binary_knows_the_command_line_and_only_sources_the_network() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let crates = |names: &str| Regex::new(&format!(r"\b({names})(_[a-z_]+)?::")).unwrap().is_match(&text);
        if !file.starts_with("src/bin/") && crates("clap|anstream|indicatif") {
            wrong.push(format!("{file}: the library knows neither flags nor terminals"));
        }
        if !["src/bin/", "src/source", "src/collect"].iter().any(|place| file.starts_with(place)) && crates("tokio|aws")
        {
            wrong.push(format!("{file}: only sources and collecting need the network or async"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_opens_with_its_purpose() {
    let without: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(file, _)| file).collect();
    assert!(without.is_empty(), "no `//!` line at the top: {without:?}");
}

/// Whether an account id is plainly made up: AWS's documentation writes `111122223333`, and so do we. One account in
/// three hundred has so few different digits.
fn is_made_up(account: &str) -> bool {
    account == "123456789012" || account.chars().collect::<BTreeSet<_>>().len() <= 4
}

#[test]
fn nothing_in_the_tree_is_of_one_machine_or_one_account() {
    let path_of_machine = Regex::new("/(home|root|tmp|work|Users)/[A-Za-z._]").unwrap();
    // Written in two halves, so that this file does not find itself.
    let unfinished = [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"]].map(|halves| halves.concat());
    let account = Regex::new(r"\b[0-9]{12}\b").unwrap();
    let key = Regex::new(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b").unwrap();
    let made_up_key = Regex::new("EXAMPLE|CANARY|0123456789|9876543210").unwrap();
    let mut wrong = Vec::new();
    for path in files(root()) {
        let file = named(&path);
        // The lock file is cargo's, and models and licences are other people's words.
        if file == "Cargo.lock" || file.starts_with("models/") || file == "LICENSE" || file == "tests/tidy.rs" {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let mut say = |what: &str| wrong.push(format!("{file}:{}: {what}: {}", number + 1, line.trim()));
            if path_of_machine.is_match(line) {
                say("a path of one machine");
            }
            if unfinished.iter().any(|word| line.contains(word.as_str())) {
                say("unfinished");
            }
            if account.find_iter(line).any(|found| !is_made_up(found.as_str())) {
                say("an account id that may be somebody's");
            }
            if key.find_iter(line).any(|found| !made_up_key.is_match(found.as_str())) {
                say("an access key that may be somebody's");
            }
        }
    }
    assert!(wrong.is_empty(), "{} places\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn data_is_read_by_one_method_for_what_aws_delivers_to_buckets() {
    let naming = |what: &str| -> Vec<String> {
        let named = |(file, text): (String, String)| (!is_test(&file) && text.contains(what)).then_some(file);
        sources().into_iter().filter_map(named).collect()
    };
    assert_eq!(naming("data_operation("), ["src/source/client/object.rs", "src/source/model.rs"]);
    assert_eq!(naming(".object("), ["src/source/config_bucket.rs", "src/source/trail/bucket.rs"]);
    let with_metadata = naming(".object_with_metadata(");
    assert_eq!(with_metadata, ["src/source/client/object.rs", "src/source/trail/verify/files.rs"]);
    let operation = Regex::new(r"\bGetObject\b").unwrap();
    for path in files(&root().join("resources")) {
        assert!(!operation.is_match(&fs::read_to_string(&path).unwrap()), "{} names s3:GetObject", named(&path));
    }
}

/// Whether a file of the library holds tests alone.
fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// The operations of AWS Config's typed client, which could also write, that may be called. AWS gives each the access
/// level Read or List (Service Authorization Reference).
const CONFIG_READS: [&str; 5] = [
    "describe_config_rules",
    "get_compliance_details_by_config_rule",
    "get_resource_config_history",
    "select_aggregate_resource_config",
    "select_resource_config",
];

#[test]
fn the_typed_client_of_aws_config_only_reads() {
    // Each operation of the client begins with a verb; whatever is called by such a name is taken for one.
    let verbs = "associate|batch|delete|deliver|describe|disassociate|get|list|put|select|start|stop";
    let call = Regex::new(&format!(r"\.((?:{verbs})_[a-z_]+|(?:un)?tag_resource)\(")).unwrap();
    let mut called = BTreeSet::new();
    for (file, text) in sources() {
        if !text.contains("aws_sdk_config") {
            continue;
        }
        assert_eq!(file, "src/source/config_api.rs", "the client is used in one place only");
        called.extend(call.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    assert_eq!(called.into_iter().collect::<Vec<_>>(), CONFIG_READS);
}
