//! Every built-in descriptor is read and checked against the models: operations, parameters, paths.

use std::collections::{BTreeMap, BTreeSet};

use assize::source::config_export::TypeFacts;
use assize::source::descriptor::Catalog;
use assize::source::model::Models;

#[test]
fn all_built_in_descriptors_fit_the_models() {
    let catalog = Catalog::builtin().unwrap_or_else(|error| panic!("{error}"));
    catalog.check_all(&Models::builtin()).unwrap_or_else(|error| panic!("{error}"));
    assert!(catalog.types().count() > 0, "resources/ holds no descriptor");
}

/// Whether a pointer leads to a text, by the paths of a schema: `*` is any member or element, `**` anything below.
fn leads(pointer: &str, path: &str) -> bool {
    let (mut wanted, mut known) = (pointer.split('/'), path.split('/'));
    loop {
        match (wanted.next(), known.next()) {
            (Some(_), Some("**")) | (None, None) => return true,
            (Some(wanted), Some(known)) if wanted == known || known == "*" => {}
            _ => return false,
        }
    }
}

#[test]
fn secrets_of_recorded_types_are_where_the_schemas_of_the_types_have_texts() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/schemas/recorded.json"));
    let schemas: BTreeMap<String, Vec<String>> = serde_json::from_str(&text.expect("it is there")).expect("it is JSON");
    let catalog = Catalog::builtin().unwrap_or_else(|error| panic!("{error}"));
    let recorded: BTreeSet<&str> = catalog.recorded().map(|recorded| &*recorded.resource_type).collect();
    assert_eq!(recorded, schemas.keys().map(String::as_str).collect(), "tools/extract-schemas writes them anew");
    for one in catalog.recorded() {
        let known = schemas.get(&*one.resource_type).map_or(&[][..], Vec::as_slice);
        assert!(known.len() > 1, "{} has next to no texts", one.resource_type);
        for pointer in &one.secrets {
            assert!(known.iter().any(|path| leads(pointer, path)), "{} has no {pointer}", one.resource_type);
        }
    }
    assert!(leads("/a/b", "/a/*") && leads("/a/b/c", "/a/**") && !leads("/a", "/a/*") && !leads("/a/b", "/a"));
}

#[test]
fn what_a_user_says_of_recorded_types_is_added() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |text: &str| std::fs::write(folder.path().join("mine.yaml"), text).expect("it can be written");
    let read = || Catalog::with_dirs(Some(folder.path()), &Models::builtin());
    write(
        "recorded:\n  - {type: My::Own::Thing, reason: mine, secrets: [/configuration/Pin]}\n  - {type: AWS::Glue::Job, reason: mine, secrets: [/configuration/Description]}\n",
    );
    let catalog = read().unwrap_or_else(|error| panic!("{error}"));
    let facts = TypeFacts::of(&catalog);
    assert_eq!(facts.secrets.get("My::Own::Thing"), Some(&vec!["/configuration/Pin".to_owned()]));
    let job = facts.secrets.get("AWS::Glue::Job").expect("there are some");
    assert!(job.len() > 1 && job.contains(&"/configuration/Description".to_owned()), "{job:?}");
    for (entry, expected) in [
        ("{type: Thing, reason: mine, secrets: [/configuration/Pin]}", "2:12: `Thing` is not a resource type"),
        ("{type: My::Own::Thing, reason: mine, secrets: []}", "2:12: `secrets` of My::Own::Thing names none"),
        (
            "{type: My::Own::Thing, reason: '', secrets: [/configuration/Pin]}",
            "`reason` of My::Own::Thing says nothing",
        ),
        ("{type: My::Own::Thing, reason: mine, secrets: [/Pin]}", "`/Pin` does not point into /configuration"),
        ("{type: My::Own::Thing, secrets: [/configuration/Pin]}", "the key `reason` is missing"),
        (
            "{type: My::Own::Thing, reason: a, secrets: [/tags]}\n  - {type: My::Own::Thing, reason: a, secrets: [/tags]}",
            "3:12: the secrets of My::Own::Thing stand already at",
        ),
    ] {
        write(&format!("recorded:\n  - {entry}\n"));
        let error = read().expect_err(entry).to_string();
        assert!(error.contains(expected), "{error}");
    }
    write("{}");
    assert!(read().expect_err("it says nothing").to_string().contains("neither a key `types` nor a key `recorded`"));
    let described = "service: rds\nrecorded: [{type: AWS::RDS::DBInstance, reason: a, secrets: [/tags]}]\ntypes:\n  - {type: AWS::RDS::DBInstance, scope: regional, id: x}\n";
    assert!(errors(described).contains("its secrets belong there"), "{}", errors(described));
    let nobodys = "types:\n  - {type: AWS::RDS::DBInstance, scope: regional, id: x}\n";
    assert!(errors(nobodys).contains("the key `service` is missing"), "{}", errors(nobodys));
}

/// What is said of a file of one descriptor.
fn errors(text: &str) -> String {
    let catalog = Catalog::of_texts([("mine.yaml".to_owned(), text)], &Models::builtin());
    catalog.expect_err("the descriptor is wrong").to_string()
}

/// A right descriptor with one line replaced.
fn with(from: &str, to: &str) -> String {
    let right = r#"service: rds
types:
  - type: AWS::RDS::DBInstance
    scope: regional
    list: {operation: DescribeDBInstances, items: "DBInstances[]"}
    id: "{DbiResourceId}"
    created: InstanceCreateTime
    tags: {path: TagList}
    configuration: {case: lowerFirst, drop: [TagList]}
    parts:
      - {name: Snapshots, operation: DescribeDBSnapshots, params: {DBInstanceIdentifier: "{DBInstanceIdentifier}"}, take: DBSnapshots}
    relationships:
      - {type: AWS::EC2::VPC, id: "{DBSubnetGroup.VpcId}", name: Is in Vpc}
"#;
    assert!(right.contains(from), "{from} is not in the descriptor");
    right.replace(from, to)
}

#[test]
fn a_right_descriptor_is_taken() {
    let text = with("", "");
    Catalog::of_texts([("mine.yaml".to_owned(), text.as_str())], &Models::builtin()).unwrap();
}

#[test]
fn each_mistake_is_told_with_its_place_and_what_was_meant() {
    for (from, to, expected) in [
        ("    scope: ", "    scop: ", "mine.yaml:4:5: there is no key `scop` here; did you mean `scope`?"),
        ("scope: regional", "scope: zonal", "mine.yaml:4:12: `zonal` is none of regional, global"),
        ("    id: \"{DbiResourceId}\"\n", "", "the key `id` is missing"),
        (
            "DescribeDBInstances,",
            "DescribeDBInstance,",
            "mine.yaml:5:23: the model of rds has no operation DescribeDBInstance; did you mean `DescribeDBInstances`?",
        ),
        ("DescribeDBInstances,", "DeleteDBInstance,", "mine.yaml:5:23: rds:DeleteDBInstance is refused"),
        ("DescribeDBInstances,", "GetObject, service: s3,", "mine.yaml:5:23: s3:GetObject is refused"),
        ("DBInstances[]", "DBInstances", "mine.yaml:5:51: `DBInstances` is a list: write `DBInstances[]`"),
        ("DBInstances[]", "DBinstances[]", "did you mean `DBInstances`?"),
        (
            "{DbiResourceId}",
            "{DbiResourceID}",
            "mine.yaml:6:9: `DbiResourceID`: there is no member `DbiResourceID`; did you mean `DbiResourceId`?",
        ),
        (
            "{DbiResourceId}",
            "{DbiResourceId",
            "mine.yaml:6:9: `{DbiResourceId` is not a template: a brace is not closed",
        ),
        ("{DbiResourceId}", "{TagList}", "mine.yaml:6:9: `TagList` in `{TagList}` is not a plain value"),
        ("{DbiResourceId}", "{parent.id}", "mine.yaml:6:9: `parent.id`: the type has no `for_each`"),
        ("InstanceCreateTime", "DBSubnetGroup", "mine.yaml:7:14: `DBSubnetGroup` is not a plain value"),
        ("path: TagList", "path: TagLists", "mine.yaml:8:18: `TagLists`: there is no member"),
        ("path: TagList", "map: TagList", "`TagList` is not a map"),
        ("path: TagList", "part: Snapshot", "mine.yaml:8:18: there is no part `Snapshot`; did you mean `Snapshots`?"),
        (
            "case: lowerFirst",
            "case: lowerfirst",
            "`lowerfirst` is none of none, lowerFirst, upperFirst, bean; did you mean `lowerFirst`?",
        ),
        ("DBInstanceIdentifier:", "DBInstanceId:", "there is no parameter `DBInstanceId`"),
        ("take: DBSnapshots", "take: DBSnapshots, into: /elsewhere", "`/elsewhere` does not point into"),
        ("id: \"{DBSubnetGroup.VpcId}\", ", "", "mine.yaml:13:16: a relationship needs `id` or `resource_name`"),
        (
            "id: \"{DBSubnetGroup.VpcId}\", ",
            "each: DBSubnetGroup, split: \",\", id: \"{VpcId}\", ",
            "mine.yaml:13:16: `DBSubnetGroup` is not a text that can be split",
        ),
        ("service: rds", "service: rdz", "there is no model of the service rdz"),
        ("service: rds", "service: ../escaped", "mine.yaml:1:10: `../escaped` is not the key of a service such as rds"),
        ("service: rds", "service: README", "mine.yaml:1:10: `README` is not the key of a service such as rds"),
        ("service: rds", "service: \"\"", "mine.yaml:1:10: `` is not the key of a service such as rds"),
    ] {
        let said = errors(&with(from, to));
        assert!(said.contains(expected), "{to}:\n{said}\ndoes not say\n{expected}");
    }
}

#[test]
fn parts_do_not_clash() {
    let part = "      - {name: Snapshots, operation: DescribeDBSnapshots}\n    relationships:";
    assert!(errors(&with("    relationships:", part)).contains("the part `Snapshots` stands here twice"));
    let part = "      - {name: More, operation: DescribeDBSnapshots, into: /supplementaryConfiguration/Snapshots/0}\n    relationships:";
    assert!(
        errors(&with("    relationships:", part)).contains("the parts `Snapshots` and `More` overwrite each other")
    );
    let part = "      - {name: More, operation: DescribeDBSnapshots, params: {DBSnapshotIdentifier: \"{parts.More.Marker}\"}}\n    relationships:";
    assert!(errors(&with("    relationships:", part)).contains("the part `More` needs its own output"));
}

#[test]
fn a_type_is_described_once_and_has_parents_that_exist() {
    let text = with("", "");
    let twice =
        Catalog::of_texts([("a.yaml".into(), text.as_str()), ("b.yaml".into(), text.as_str())], &Models::builtin());
    assert_eq!(twice.unwrap_err().to_string(), "b.yaml:3:11: AWS::RDS::DBInstance is described already at a.yaml:3:11");
    let orphan = with("items: \"DBInstances[]\"", "items: \"DBInstances[]\", for_each: AWS::RDS::DBCluster");
    assert!(errors(&orphan).contains("there is no regional type AWS::RDS::DBCluster"));
    let own = with("items: \"DBInstances[]\"", "items: \"DBInstances[]\", for_each: AWS::RDS::DBInstance");
    assert!(errors(&own).contains("AWS::RDS::DBInstance is listed for each of its own items"));
}

#[test]
fn a_folder_adds_types_and_replaces_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rds.yaml"), with("{DbiResourceId}", "{DBInstanceIdentifier}")).unwrap();
    let catalog = Catalog::with_dirs(Some(folder.path()), &Models::builtin()).unwrap();
    let [descriptor] = catalog.get("AWS::RDS::DBInstance") else { panic!("the type stands there once") };
    assert_eq!(descriptor.id.to_string(), "{DBInstanceIdentifier}");
    assert!(catalog.types().count() > 40);
    let error = catalog.check_wanted("AWS::RDS::DBInstanse", []).unwrap_err().to_string();
    assert_eq!(error, "there is no resource type `AWS::RDS::DBInstanse`; did you mean `AWS::RDS::DBInstance`?");
    let error = catalog.check_wanted("AWS::RDS::DBInstance", ["Snapshot"]).unwrap_err().to_string();
    assert_eq!(error, "AWS::RDS::DBInstance has no part `Snapshot`; did you mean `Snapshots`?");
}
