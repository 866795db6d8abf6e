//! The pages on rules and resource types are what assize writes of itself, and rules are told to programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::common::{Folder, assize};

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn pages(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| {
            let path = entry.expect("it is there").path();
            let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("it is text"))
        })
        .collect()
}

/// With `INSTA_UPDATE=always`, as snapshots, the pages are written anew.
fn holds(name: &str, arguments: &[&str]) {
    let folder = Folder::new();
    let ran = folder.assize(&[arguments, &["pages"]].concat());
    assert_eq!(ran.code(), 0, "{ran}");
    let written = pages(&folder.path().join("pages"));
    assert!(written.len() > 10, "{ran}");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        _ = std::fs::remove_dir_all(docs(name));
        std::fs::create_dir_all(docs(name)).expect("the folder can be made");
        for (page, text) in &written {
            std::fs::write(docs(name).join(page), text).expect("the page can be written");
        }
    }
    let kept = pages(&docs(name));
    let names = |pages: &BTreeMap<String, String>| pages.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&written), "INSTA_UPDATE=always writes docs/{name} anew");
    for ((page, kept), text) in kept.iter().zip(written.values()) {
        let differs = kept.lines().zip(text.lines()).find(|(kept, written)| kept != written);
        assert!(kept == text, "docs/{name}/{page} is old, INSTA_UPDATE=always writes it anew: {differs:?}");
    }
}

#[test]
fn the_pages_on_rules_are_as_the_rules_are() {
    holds("rules", &["rules", "docs"]);
}

#[test]
fn the_pages_on_resource_types_are_as_the_descriptors_are() {
    holds("resources", &["resources", "docs"]);
}

#[test]
fn rules_are_told_to_programs_as_the_schema_says() {
    let json = assize(&["rules", "list", "--format", "json"]).json();
    let schema: Json = serde_json::from_str(include_str!("../../docs/rules.schema.json")).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let rules = json["rules"].as_array().expect("a list");
    assert_eq!(rules.len(), assize(&["rules", "list"]).stdout().lines().count());
    let one = |id: &str| rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("{id} is not told"));
    // What is told of permissions is what `assize permissions` says.
    for id in ["s3-bucket-ssl-requests-only", "cloud-trail-cloud-watch-logs-enabled", "encrypted-volumes"] {
        let policy = assize(&["permissions", "--rule", id]).json();
        assert_eq!(one(id)["permissions"], policy["Statement"][0]["Action"], "{id}");
    }
    let window = "expectedDeliveryWindowAge";
    let of_parameter = &one("cloud-trail-cloud-watch-logs-enabled")["permissionsWith"][window];
    assert_eq!(*of_parameter, serde_json::json!(["cloudtrail:GetTrailStatus"]));
    assert_eq!(one("access-keys-rotated")["parameters"]["maxAccessKeyAge"]["default"], 90);
    let packs = one("encrypted-volumes")["packs"].as_array().expect("a list");
    assert!(packs.iter().any(|pack| pack["name"] == "aws-foundational-security"), "{packs:?}");
}

#[test]
fn rules_of_a_folder_are_listed_with_what_was_asked() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "volumes-have-owners"]);
    let asked = ["rules", "list", "--rules", "rules", "--rule", "volumes-have-owners", "--param", "tagKey=Team"];
    let list = |format: &str| folder.assize(&[asked.as_slice(), &["--format", format]].concat());
    insta::assert_snapshot!("rules as a table", list("md"));
    let told = list("json").to_string().replace(env!("CARGO_PKG_VERSION"), "[version]");
    insta::assert_snapshot!("rules for programs", told);
    // A rule that reads what nobody can read has no known permissions, and keeps no other one from being told.
    let metadata = folder.read("rules/ec2/volumes-have-owners.yaml").replace("AWS::EC2::Volume", "AWS::EC2::Vulome");
    folder.write("rules/ec2/volumes-have-owners.yaml", metadata);
    assert_eq!(list("json").json()["rules"][0]["permissions"], Json::Null);
}

#[test]
fn no_page_stands_elsewhere_or_in_the_place_of_the_index() {
    let folder = Folder::new();
    let right = "service: SERVICE\ntypes:\n  - type: My::Own::Key\n    scope: regional\n    list: {operation: ListKeys, \
        service: kms, items: \"Keys[]\"}\n    id: \"{KeyId}\"\n";
    for (service, code) in [("kms", 0), ("../escaped", 2), ("README", 2), ("nested/escaped", 2)] {
        folder.write("types/mine.yaml", right.replace("SERVICE", service));
        let ran = folder.assize(&["resources", "docs", "pages", "--resources", "types"]);
        assert_eq!(ran.code(), code, "{ran}");
        assert!(code == 0 || ran.stderr().contains("is not the key of a service"), "{ran}");
    }
    folder.assize(&["rules", "new", "volumes-have-owners"]);
    for end in ["yaml", "rhai"] {
        let text = folder.read(&format!("rules/ec2/volumes-have-owners.{end}"));
        folder.write(&format!("mine/README/volumes-have-owners.{end}"), text);
    }
    let ran = folder.assize(&["rules", "docs", "pages", "--rules", "mine"]);
    assert_eq!(ran.code(), 3, "{ran}");
    assert!(folder.read("pages/README.md").contains("\n## [ec2](ec2.md)\n"), "{ran}");
    let listed = folder.assize(&["rules", "list", "--rules", "mine"]);
    assert!(listed.stdout().contains("the folder README names the service of the rule"), "{listed}");
    assert_eq!(folder.names(), ["mine", "pages", "rules", "types"]);
}

#[test]
fn what_others_wrote_is_no_markup_in_the_pages() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "volumes-have-owners"]);
    let metadata = folder.read("rules/ec2/volumes-have-owners.yaml");
    let title = metadata.lines().find(|line| line.starts_with("title:")).expect("it has a title").to_owned();
    let hostile = metadata.replace(&title, "title: \"a | b <img src=x> [c](d)\"");
    folder.write("rules/ec2/volumes-have-owners.yaml", hostile);
    let ran = folder.assize(&["rules", "docs", "pages", "--rules", "rules", "--rule", "volumes-have-owners"]);
    assert_eq!(ran.code(), 0, "{ran}");
    let page = folder.read("pages/ec2.md");
    assert!(page.contains("a \\| b &lt;img src=x> \\[c\\](d)"), "{page}");
    assert!(folder.read("pages/README.md").contains("(ec2.md#volumes-have-owners)"), "{page}");
}
