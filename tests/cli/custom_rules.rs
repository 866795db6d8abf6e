//! The folder of rules that users copy, and what `rules check` finds in rules.

use assize::schema::Form;
use assize::snapshot::Snapshot;
use assize::source::descriptor::Catalog;
use assize::source::model::Models;
use assize::value::Value;
use serde_json::Value as Json;

use crate::common::{Folder, Ran, assize};

fn example(name: &str) -> String {
    format!("{}/examples/custom-rules/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A command on the example, with the type that it brings.
fn on_example(arguments: &[&str]) -> Ran {
    assize(&[arguments, &["--resources", &example("resources"), "--models", &example("models")]].concat())
}

#[test]
fn the_example_holds_and_nothing_in_it_is_untested_or_mistaken() {
    let rules = example("rules");
    let tested = on_example(&["rules", "test", &rules, "--thorough"]);
    assert!(
        tested.code() == 0 && tested.stdout().contains("3 rules, ") && tested.stdout().contains(": all hold\n"),
        "{tested}"
    );
    let checked = on_example(&["rules", "check", &rules]);
    assert!(checked.code() == 0 && checked.stdout() == "3 rules: nothing to mend\n", "{checked}");
}

#[test]
fn a_type_of_ones_own_is_planned_and_permitted_like_any_other() {
    let rules = example("rules");
    let asked = ["permissions", "--rules", &rules, "--rule", "streams-are-encrypted-with-own-keys"];
    let policy: Json = on_example(&asked).json();
    let actions = serde_json::json!(["kinesis:DescribeStreamSummary", "kinesis:ListStreams"]);
    assert_eq!(policy["Statement"][0]["Action"], actions);
    // Without the descriptor nobody knows the type.
    let checked = assize(&["rules", "check", &rules]);
    assert!(
        checked.code() == 1 && checked.stdout().contains("there is no resource type `AWS::Kinesis::Stream`"),
        "{checked}"
    );
}

#[test]
fn the_example_finds_what_it_is_for() {
    let rules = example("rules");
    let asked = ["scan", "--demo", "--rules", &rules, "--rule", "instances-are-of-allowed-types", "--format", "json"];
    let allowed = "instances-are-of-allowed-types.allowedTypes=*";
    let count = |arguments: &[&str]| {
        let report = on_example(&[&asked, arguments].concat()).json();
        let all = report["evaluations"].as_array().expect("a list").iter();
        all.filter(|one| one["complianceType"] == "NON_COMPLIANT").count()
    };
    assert!(count(&[]) > 0);
    assert_eq!(count(&["--param", allowed]), 0);
}

#[test]
fn the_rules_of_assize_have_nothing_to_mend() {
    let checked = assize(&["rules", "check"]);
    assert_eq!(checked.code(), 0, "{checked}");
}

/// A rule on volumes with this in its metadata and in its script.
fn write(folder: &Folder, id: &str, metadata: &str, body: &str) {
    let types = if metadata.contains("resource_types") { "" } else { "resource_types: [AWS::EC2::Volume]\n" };
    folder.write(
        &format!("rules/ec2/{id}.yaml"),
        format!(
            "id: {id}\ntitle: Planted\nseverity: low\ncategory: security\nmaturity: sandbox\ntrigger: periodic\n{types}\
             description: Planted.\nrisk: None.\nremediation: None.\nreferences: [https://example.com/]\n{metadata}"
        ),
    );
    folder.write(&format!("rules/ec2/{id}.rhai"), format!("fn evaluate(item, parameters) {{\n{body}\n}}\n"));
}

const LIMIT: &str = "parameters:\n  limit: {type: integer, description: The most}\n";

/// A rule for each kind of mistake.
const PLANTED: [(&str, &str, &str); 34] = [
    ("a-member", "", "if item.configuration.encryptd { return compliant(); }\nnon_compliant(\"no\")"),
    ("a-member-in-brackets", "", "if item.configuration[\"encryptd\"] { compliant() } else { non_compliant(\"no\") }"),
    (
        "a-member-of-elements",
        "",
        "for one in item.configuration.attachments {\n  if one.instanceID == \"\" { }\n}\ncompliant()",
    ),
    ("an-optional-path", "", "if item.configuration.get(\"attachments[0].instance\") == () { }\ncompliant()"),
    ("a-path-from-the-item", "", "if item.get(\"configuration.kmsKey\") == () { }\ncompliant()"),
    ("a-question-for-a-member", "", "if \"kmskeyId\" in item.configuration { }\ncompliant()"),
    ("a-section", "", "if item.config.encrypted { }\ncompliant()"),
    ("a-member-of-a-list", "", "if item.configuration.attachments.state == \"\" { }\ncompliant()"),
    ("a-member-of-a-text", "", "if item.configuration.kmsKeyId.arn == \"\" { }\ncompliant()"),
    (
        "a-member-in-a-function",
        "",
        "judge(item.configuration)\n}\nfn judge(volume) {\nif volume.sise > 1 { compliant() } else { non_compliant(\"no\") }",
    ),
    (
        "a-member-in-a-closure",
        "",
        "if item.configuration.attachments.some(|one| one.stat == \"busy\") { }\ncompliant()",
    ),
    ("a-member-of-an-own-object", "", "let best = #{name: \"a\", rank: 1};\nif best.nmae == \"a\" { }\ncompliant()"),
    (
        "a-parameter",
        LIMIT,
        "if item.configuration.size > parameters.limits { }\nif parameters.limit == 1 { }\ncompliant()",
    ),
    ("a-parameter-not-read", LIMIT, "compliant()"),
    (
        "a-part-not-declared",
        "resource_types: [AWS::S3::Bucket]\n",
        "if item.supplementaryConfiguration.get(\"BucketPolicy\") == () { }\ncompliant()",
    ),
    (
        "a-part-not-read",
        "resource_types: [AWS::S3::Bucket]\nreads:\n  AWS::S3::Bucket: [BucketPolicy, Tags]\n",
        "if item.tags.get(\"a\") == () { }\ncompliant()",
    ),
    (
        "a-part-there-is-not",
        "reads:\n  AWS::S3::Bucket: [BucketPolicies]\n",
        "if resources(\"AWS::S3::Bucket\").is_empty() { }\ncompliant()",
    ),
    (
        "a-place-of-a-text-there-is-not",
        "reads:\n  AWS::S3::Bucket: []\n",
        "if resources(\"AWS::S3::Bucket\", item.awsRegion, \"configuration.owner.idd\", \"a\").is_empty() { }\ncompliant()",
    ),
    ("a-type-not-declared", "", "if resources(\"AWS::S3::Bucket\").is_empty() { }\ncompliant()"),
    ("a-type-not-read", "reads:\n  AWS::S3::Bucket: []\n", "compliant()"),
    ("a-type-there-is-not", "reads:\n  AWS::S3::Bukket: []\n", "compliant()"),
    (
        "facts-of-a-type-not-declared",
        "",
        "for one in item.related(\"AWS::EC2::Instance\") {\n  if one.configuration.ebsOptimized { }\n}\ncompliant()",
    ),
    (
        "a-link-there-is-not",
        "reads:\n  AWS::S3::Bucket: []\n",
        "if item.related(\"AWS::S3::Bucket\").is_empty() { }\ncompliant()",
    ),
    ("a-text-and-a-number", "", "if item.configuration.kmsKeyId == 1 { }\ncompliant()"),
    ("a-number-and-a-text", "", "if item.configuration.size >= \"100\" { }\ncompliant()"),
    ("a-truth-and-a-text", "", "if item.configuration.encrypted == \"true\" { }\ncompliant()"),
    (
        "an-object-compared",
        "resource_types: [AWS::EC2::Instance]\n",
        "if item.configuration.state == \"running\" { }\ncompliant()",
    ),
    ("a-text-of-a-number", "", "if item.configuration.size.starts_with(\"1\") { }\ncompliant()"),
    ("a-time-of-a-number", "", "if days_since(item.configuration.size) > 1 { }\ncompliant()"),
    (
        "a-text-as-a-condition",
        "",
        "if item.configuration.kmsKeyId && true { }\nif !item.configuration.volumeId { }\ncompliant()",
    ),
    ("a-loop-over-a-number", "", "for one in item.configuration.size { }\ncompliant()"),
    ("a-product-of-texts", "", "if item.configuration.volumeId * 2 > 1 { }\ncompliant()"),
    ("a-function-there-is-not", "", "if item.configuration.attachments.is_emty() { }\ncompliant()"),
    (
        "a-function-with-too-many",
        "",
        "if item.configuration.volumeId.starts_with(\"a\", \"b\") { }\nif judge(1) { }\ncompliant()\n}\nfn judge(a, b) {\ntrue",
    ),
];

#[test]
fn each_kind_of_mistake_is_told_with_its_place() {
    let folder = Folder::new();
    for (id, metadata, body) in PLANTED {
        write(&folder, id, metadata, body);
    }
    let checked = folder.assize(&["rules", "check", "rules"]);
    for (id, ..) in PLANTED {
        assert!(checked.stdout().contains(&format!("rules/ec2/{id}.")), "{id} is found fault with\n{checked}");
    }
    insta::assert_snapshot!(checked);
}

#[test]
fn what_is_right_is_not_found_fault_with() {
    let folder = Folder::new();
    for (id, metadata, body) in [
        // One type has it, the other has not; and what is asked for the type is known.
        (
            "two-types",
            "resource_types: [AWS::EC2::Volume, AWS::EC2::Instance]\n",
            "if item.resourceType == \"AWS::EC2::Volume\" { return judge(item.configuration.encrypted); }\n\
             if item.resourceType != \"AWS::EC2::Volume\" && item.configuration.ebsOptimized { return compliant(); }\n\
             judge(item.configuration.state.name == \"running\")\n}\nfn judge(holds) {\nif holds { compliant() } else { \
             non_compliant(\"no\") }",
        ),
        // A variable is of one kind first and of another one later.
        (
            "a-variable-that-changes",
            "",
            "let found = ();\nfor one in item.configuration.attachments {\n  if found == () || found.rank < 2 { found = #{rank: \
             3, id: one.instanceId}; }\n}\nif found != () && found.id.starts_with(\"i-\") { }\ncompliant()",
        ),
        // Documents of free form, texts that hold JSON, names that are the account's own.
        (
            "free-forms",
            "resource_types: [AWS::S3::Bucket]\nreads:\n  AWS::S3::Bucket: [BucketPolicy, Tags]\n",
            "let policy = item.supplementaryConfiguration.get(\"BucketPolicy.policyText\");\nif policy != () { for one in \
             policy(policy).statements { if one.effect == \"Deny\" { } } }\nif \"any\" in item.tags { }\ncompliant()",
        ),
        // Lists of the script's own, closures, chains, defaults.
        (
            "lists",
            "",
            "let ids = [];\nfor one in item.related(\"AWS::EC2::Instance\") { ids.push(one.resourceId); }\nlet names = \
             ids.filter(|id| id.starts_with(\"i-\")).map(|id| id.upper()).sorted();\nlet first = names.first() ?? \
             \"none\";\nif first.len() > 1 && names[0] != names.last() { }\nlet keys = (item.configuration.get(\"attachments\") \
             ?? []).map(|one| one.instanceId).unique();\nif \"i-1\" in keys + ids { }\nif names.join(\", \").contains(first) { \
             }\ncompliant()",
        ),
        // What Rhai itself has.
        (
            "of-the-language",
            "",
            "let all = 1 << 3 | 16 >> 1;\nlet range = 1..5;\nif range.start == 1 { for bit in all.bits() { } }\nfor letter in \
             item.resourceId.chars() { if letter == 'v' { } }\nfor n in 0..item.configuration.attachments.len() { if \
             item.configuration.attachments[n].device == \"a\" { } }\ncompliant()",
        ),
        // The place of a text that is named by a variable.
        (
            "a-place-by-name",
            "reads:\n  AWS::S3::Bucket: [BucketPolicy]\n",
            "let path = `supplementaryConfiguration.${\"Bucket\"}Policy.policyText`;\nif resources(\"AWS::S3::Bucket\", \
             item.awsRegion, path, \"a\").is_empty() { }\ncompliant()",
        ),
    ] {
        write(&folder, id, metadata, body);
    }
    let checked = folder.assize(&["rules", "check", "rules"]);
    assert_eq!((checked.code(), checked.stdout()), (0, "6 rules: nothing to mend\n"), "{checked}");
    let ran = folder.assize(&["scan", "--demo", "--no-config", "--rules", "rules", "--rule", "of-the-language"]);
    assert!(ran.code() != 2 && !ran.stdout().contains("rule error"), "{ran}");
}

#[test]
fn rules_that_do_not_load_and_files_of_none_are_mistakes_too() {
    let folder = Folder::new();
    folder.assize(&["rules", "new", "volumes-have-owners"]);
    let fine = folder.assize(&["rules", "check", "rules"]);
    assert_eq!((fine.code(), fine.stdout()), (0, "1 rule: nothing to mend\n"), "{fine}");
    folder.write("rules/ec2/broken.yaml", "id: broken\n");
    folder.write("rules/ec2/lost.rhai", "fn evaluate(item, parameters) { compliant() }\n");
    insta::assert_snapshot!(folder.assize(&["rules", "check", "rules"]));
    let one = folder.assize(&["rules", "check", "rules", "--rule", "volumes-have-*"]);
    assert_eq!(one.code(), 0, "{one}");
    assert_eq!(folder.assize(&["rules", "check", "rulse"]).code(), 2);
}

/// Where a fact is not of the form that it should have.
fn unfit(form: &Form, value: &Value, at: &str, wrong: &mut Vec<String>) {
    match (form, value) {
        (_, Value::Null | Value::Unreadable(_))
        | (Form::Any, _)
        | (Form::Text, Value::String(_))
        | (Form::Truth, Value::Bool(_))
        | (Form::Integer | Form::Number, Value::Integer(_))
        | (Form::Number, Value::Float(_)) => {}
        (Form::Object(forms), Value::Object(members)) => {
            for (name, value) in members.iter() {
                match forms.get(name.as_ref()) {
                    Some(form) => unfit(form, value, &format!("{at}/{name}"), wrong),
                    None => wrong.push(format!("{at} has no {name}")),
                }
            }
        }
        (Form::Map(form), Value::Object(members)) => {
            members.iter().for_each(|(name, value)| unfit(form, value, &format!("{at}/{name}"), wrong));
        }
        (Form::List(form), Value::Array(elements)) => {
            elements.iter().for_each(|value| unfit(form, value, &format!("{at}/*"), wrong));
        }
        (Form::OneOf(forms), value) => {
            let fits = |form: &Form| {
                let mut wrong = Vec::new();
                unfit(form, value, at, &mut wrong);
                wrong.is_empty()
            };
            if !forms.iter().any(fits) {
                wrong.push(format!("{at} is of none of several forms"));
            }
        }
        (form, value) => wrong.push(format!("{at} is {}, and should be {form:?}", value.kind())),
    }
}

#[test]
fn what_was_read_has_the_forms_that_are_known_before() {
    let folder = Folder::new();
    let collected = folder.assize(&["collect", "--demo", "--output", "demo.jsonl"]);
    assert_ne!(collected.code(), 2, "{collected}");
    let file = std::fs::File::open(folder.path().join("demo.jsonl")).expect("it was written");
    let snapshot = Snapshot::read(std::io::BufReader::new(file)).expect("it is a snapshot");
    let (models, catalog) = (Models::builtin(), Catalog::builtin().expect("the descriptors are right"));
    let mut wrong = Vec::new();
    let mut types = std::collections::BTreeSet::new();
    for item in snapshot.items() {
        let schema = catalog.schema(&item.key.resource_type, &models).expect("what was read has a descriptor");
        let Form::Object(sections) = &schema.sections else { panic!("an item has sections") };
        let facts = [
            ("configuration", &item.configuration),
            ("supplementaryConfiguration", &item.supplementary_configuration),
            ("tags", &item.tags),
        ];
        for (name, value) in facts {
            unfit(&sections[name], value, &format!("{} /{name}", item.key.resource_type), &mut wrong);
        }
        types.insert(item.key.resource_type.to_string());
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(types.len() > 40, "{types:?}");
}
