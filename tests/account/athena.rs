//! An export in a table of the form that AWS documents for AWS Config's files: what is counted there is what was scanned.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::moto;

fn assize(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assize"));
    command
        .args(arguments)
        .env_clear()
        .current_dir(folder)
        .env("HOME", folder)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The items of a snapshot file, by type, region and id.
fn items(path: &PathBuf) -> BTreeMap<[String; 3], Json> {
    let lines = fs::read_to_string(path).unwrap();
    let items = lines.lines().skip(1).map(|line| serde_json::from_str::<Json>(line).unwrap());
    let text = |item: &Json, name: &str| item[name].as_str().unwrap().to_owned();
    items.map(|item| (["resourceType", "awsRegion", "resourceId"].map(|name| text(&item, name)), item)).collect()
}

#[test]
fn an_export_loads_in_the_table_that_aws_documents() {
    if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
        return;
    }
    let python = moto::python().unwrap_or_else(|why| panic!("{why}\n(set {}=1 to leave these tests out)", moto::SKIP));
    let folder = tempfile::tempdir().unwrap();
    assize(folder.path(), &["collect", "--demo", "--all", "-o", "demo.jsonl"]);
    let expected = items(&folder.path().join("demo.jsonl"));
    assert!(expected.len() > 20);
    for format in ["aws-config", "jsonl"] {
        assize(folder.path(), &["export", "demo.jsonl", "--to", format, "--format", format]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/account/athena.py");
        let output = Command::new(&python).arg(script).arg(folder.path().join(format)).arg(format).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rows: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(rows.len(), expected.len(), "{format}");
        let mut seen = BTreeSet::new();
        for row in &rows {
            let text = |name: &str| row[name].as_str().unwrap_or_else(|| panic!("{name}: {row}")).to_owned();
            let key = ["resourceType", "awsRegion", "resourceId"].map(text);
            let item = expected.get(&key).unwrap_or_else(|| panic!("{key:?} was not scanned"));
            for name in ["awsRegion", "awsAccountId", "configurationItemStatus", "configurationItemCaptureTime"] {
                assert_eq!(row[name], item[name], "{name} of {key:?}");
            }
            assert_eq!(row["configurationStateId"], item["configurationStateId"], "{key:?}");
            let configuration: Json = serde_json::from_str(&text("configuration")).unwrap();
            assert_eq!(configuration, item["configuration"], "{key:?}");
            let tags: BTreeMap<&str, &Json> =
                item["tags"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v)).collect();
            let found = row["tags"].as_object().unwrap();
            assert_eq!(found.iter().map(|(k, v)| (k.as_str(), v)).collect::<BTreeMap<_, _>>(), tags, "{key:?}");
            let supplements = item["supplementaryConfiguration"].as_object().unwrap();
            let found = row["supplementaryConfiguration"].as_object().unwrap();
            assert_eq!(found.keys().collect::<Vec<_>>(), supplements.keys().collect::<Vec<_>>(), "{key:?}");
            if format == "aws-config" {
                assert_eq!(text("fileVersion"), "1.0");
                assert!(text("filename").contains(&text("configSnapshotId")), "{row}");
            }
            seen.insert(key);
        }
        assert_eq!(seen.len(), expected.len(), "{format}");
    }
}
