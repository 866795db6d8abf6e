//! Files as GitHub refused them, each made of one that it takes.

use serde_json::json;

use super::*;

/// A file that is taken.
fn file() -> Json {
    json!({
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "assize", "rules": [{"id": "r", "properties": {"security-severity": "8.0"}}]}},
            "automationDetails": {"id": "assize/111122223333/"},
            "results": [{
                "ruleId": "r", "ruleIndex": 0, "message": {"text": "m"},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "infra/a%3A7.tf"}, "region": {"startLine": 3},
                }}],
                "partialFingerprints": {"primaryLocationLineHash": "x"},
            }],
        }],
    })
}

fn told(file: &Json) -> Vec<String> {
    check(file.to_string().as_bytes()).unwrap().iter().map(ToString::to_string).collect()
}

/// The remarks on the file with something else at a place.
fn with(pointer: &str, value: Json) -> Vec<String> {
    let mut file = file();
    *file.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    told(&file)
}

#[test]
fn a_file_that_is_taken_has_no_remarks() {
    assert_eq!(told(&file()), Vec::<String>::new());
}

#[test]
fn each_reason_for_which_a_file_is_refused_is_told() {
    let result = "/runs/0/results/0";
    let location = "/runs/0/results/0/locations/0";
    let uri = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    let region = "/runs/0/results/0/locations/0/physicalLocation/region";
    let cases = [
        ("/version", json!("2.0.0"), "has to be 2.1.0"),
        ("/runs", json!({}), "no list `runs`"),
        ("/runs/0/tool/driver/name", json!(""), "the tool has no name"),
        ("/runs/0/tool/driver/rules/0/id", json!(null), "a rule has no id"),
        ("/runs/0/results", json!(null), "no list `results`"),
        ("/runs/0/results/0/message", json!({}), "no message"),
        ("/runs/0/results/0/ruleIndex", json!(7), "of no rule"),
        ("/runs/0/results/0/locations", json!([]), "at least one is expected"),
        (location, json!({"logicalLocations": []}), "no `physicalLocation`"),
        (uri, json!(null), "no `artifactLocation.uri`"),
        (uri, json!(""), "a URI is empty"),
        (uri, json!("web tier.tf"), "holds a space"),
        (uri, json!("a\u{1}b"), "holds a space or another character"),
        (uri, json!("a%zz"), "no two hexadecimal digits"),
        (uri, json!("/etc/passwd"), "absolute path"),
        (uri, json!("arn:aws:s3:::bucket"), "has the scheme `arn`"),
        (uri, json!("csbase-ubuntu://x"), "has the scheme `csbase-ubuntu`"),
        (uri, json!("7:api"), "holds a colon"),
        (region, json!({}), "no `region.startLine`"),
        (region, json!({"startLine": 0}), "lines count from 1"),
        (region, json!({"startLine": 3, "endLine": 2}), "ends before it begins"),
        (region, json!({"startLine": 3, "startColumn": 4, "endColumn": 2}), "ends before it begins"),
        (region, json!({"startLine": 3, "startColumn": 0}), "columns count from 1"),
    ];
    for (pointer, value, expected) in cases {
        let told = with(pointer, value.clone());
        assert!(
            told.iter().any(|one| one.starts_with("refused: ") && one.contains(expected)),
            "{pointer} = {value}: {told:?}"
        );
    }
    let mut without = file();
    without.pointer_mut(result).unwrap().as_object_mut().unwrap().retain(|name, _| !name.starts_with("rule"));
    assert!(told(&without)[0].contains("names no rule"));
}

#[test]
fn what_is_only_not_shown_is_no_reason_to_refuse() {
    let uri = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    for (pointer, value, expected) in [
        (uri, json!("../a.tf"), "leads out of the repository"),
        ("/runs/0/results/0/partialFingerprints", json!({}), "primaryLocationLineHash"),
        ("/runs/0/tool/driver/rules/0/properties/security-severity", json!("high"), "0.0 to 10.0"),
        (
            "/runs/0/tool/driver/rules/0/properties",
            json!({"tags": vec!["t"; 11]}),
            "11 tags of a rule, and 10 are shown",
        ),
    ] {
        let told = with(pointer, value);
        let [one] = told.as_slice() else { panic!("{told:?}") };
        assert!(one.starts_with("cut: ") && one.contains(expected), "{one}");
    }
}

#[test]
fn limits_are_counted() {
    let one = file();
    let result = one.pointer("/runs/0/results/0").unwrap().clone();
    let location = result.pointer("/locations/0").unwrap().clone();
    for (pointer, value, expected) in [
        (
            "/runs/0/results",
            json!(vec![&result; 25_001]),
            "refused: /runs/0/results: there are 25001 results in the run, and 25000 are taken",
        ),
        (
            "/runs/0/results",
            json!(vec![&result; 25_000]),
            "cut: /runs/0/results: there are 25000 results in the run, and 5000 are shown",
        ),
        (
            "/runs/0/results/0/locations",
            json!(vec![&location; 1_001]),
            "1001 locations of a result, and 1000 are taken",
        ),
        ("/runs/0/results/0/locations", json!(vec![&location; 101]), "101 locations of a result, and 100 are shown"),
        (
            "/runs/0/tool/driver/rules/0/properties",
            json!({"tags": vec!["t"; 21]}),
            "21 tags of a rule, and 20 are taken",
        ),
        ("/runs/0/tool/extensions", json!(vec![json!({}); 101]), "101 extensions of the tool, and 100 are taken"),
    ] {
        let mut file = one.clone();
        if pointer.ends_with("extensions") {
            file["runs"][0]["tool"]["extensions"] = value;
        } else {
            *file.pointer_mut(pointer).unwrap() = value;
        }
        assert!(told(&file).iter().any(|one| one.contains(expected)), "{expected}: {:?}", told(&file));
    }
    let mut runs = one.clone();
    runs["runs"] = (0..21)
        .map(|at| {
            let mut run = one["runs"][0].clone();
            run["automationDetails"]["id"] = json!(format!("assize/{at}/"));
            run
        })
        .collect();
    assert_eq!(told(&runs), ["refused: /runs: there are 21 runs, and 20 are taken"]);
}

#[test]
fn the_index_of_a_rule_is_one_of_its_own_component() {
    let of = |component: Option<Json>, index: i64| {
        let mut file = file();
        file["runs"][0]["tool"] = json!({
            "driver": {"name": "CodeQL"},
            "extensions": [{"name": "codeql/python", "rules": [{"id": "r"}, {"id": "s"}]}, {"name": "codeql/go"}],
        });
        let result = &mut file["runs"][0]["results"][0];
        result.as_object_mut().unwrap().remove("ruleIndex");
        result["rule"] = json!({"id": "r", "index": index});
        if let Some(component) = component {
            result["rule"]["toolComponent"] = component;
        }
        told(&file).iter().any(|one| one.contains("of no rule"))
    };
    for (component, index, is_refused) in [
        (Some(json!({"index": 0})), 1, false),
        (Some(json!({"index": 0})), 2, true),
        (Some(json!({"index": 1})), 0, true),
        (Some(json!({"index": 2})), 0, true),
        (Some(json!({"name": "codeql/python"})), 7, false),
        (Some(json!({"guid": "00000000-0000-0000-0000-000000000000"})), 7, false),
        (Some(json!({})), 0, true),
        (None, 0, true),
    ] {
        assert_eq!(of(component.clone(), index), is_refused, "{component:?} {index}");
    }
}

#[test]
fn two_runs_of_one_category_are_refused() {
    let mut two = file();
    two["runs"] = json!([two["runs"][0], two["runs"][0]]);
    let told = told(&two);
    assert!(told[0].contains("two runs of `assize` have the category `assize/111122223333`"), "{told:?}");
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (bytes, expected) in [
        (&b"{\"version\": \"\xff\"}"[..], "not UTF-8: see byte 13"),
        (b"{", "not JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
    ] {
        let told: Vec<String> = check(bytes).unwrap().iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|one| one.contains(expected)), "{told:?}");
    }
}
