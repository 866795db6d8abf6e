//! What macros make of a template, of parts of it, and of single resources: nothing that they touch is taken as it stands.

use super::parts::{POLICY, POLICY_TEXT, STATUS, is_vague, vague_of};
use super::*;

#[test]
fn what_makes_resources_is_told_and_may_make_parts_of_any() {
    let made = template(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::LanguageExtensions
Resources:
  A: {Type: AWS::S3::Bucket}
  V:
    Type: AWS::EC2::Volume
    Properties: {Size: 1, "Fn::Transform": {Name: AWS::Include, Parameters: {Location: s3://x/y}}}
  "Fn::ForEach::Policies":
    - N
    - [a, b]
    - "P${N}": {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref A, PolicyDocument: {}}}
"#,
        &[],
    );
    assert_eq!(made.not_covered, BTreeMap::from([("Fn::ForEach".to_owned(), 1)]));
    assert!(is_vague(&made, "A", POLICY));
    let unknown = "Unresolved: known only after deployment: Fn::Transform";
    assert_eq!(fact(&made, "V", "/configuration/encrypted"), unknown);
    assert_eq!(fact(&made, "V", "/configuration/size"), unknown);
    for maker in [
        "\"Fn::ForEach::P\": [K, [Bucket], {\"P${K}\": {Type: \"AWS::S3::${K}Policy\"}}]",
        "\"Fn::ForEach::P\": [K, [a], {\"Fn::Transform\": {Name: AWS::Include}}]",
        "\"Fn::ForEach::P\": [K, [a], {Transform: {Name: AWS::Include}}]",
    ] {
        let made = template(&format!("Resources: {{A: {{Type: AWS::S3::Bucket}}, {maker}}}"), &[]);
        assert!(is_vague(&made, "A", POLICY), "{maker}");
        assert_eq!(fact(&made, "A", STATUS), "\"Off\"", "no part of a bucket in a template tells it");
    }
    let other = "\"Fn::ForEach::P\": [K, [a], {\"V${K}\": {Type: AWS::EC2::Volume, Properties: {Type: !Ref K}}}]";
    let made = template(&format!("Resources: {{A: {{Type: AWS::S3::Bucket}}, {other}}}"), &[]);
    assert_eq!(fact(&made, "A", POLICY_TEXT), "null", "volumes are no parts of buckets");
    let alone = template("Resources: {\"Fn::ForEach::X\": [N, [a], {\"B${N}\": {Type: AWS::S3::Bucket}}]}", &[]);
    assert_eq!((alone.unread.len(), alone.not_covered.len()), (0, 1));
}

#[test]
fn a_resource_that_a_macro_rewrites_is_not_taken_as_it_stands() {
    let written = |beside: &str, among: &str| {
        template(
            &format!(
                r#"AWSTemplateFormatVersion: "2010-09-09"
Resources:
  B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: b, VersioningConfiguration: {{Status: Enabled}}{among}}}{beside}}}
  C: {{Type: AWS::S3::Bucket, Properties: {{BucketName: !Sub "${{B}}-logs"}}}}
  P: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !Ref C, PolicyDocument: {{Statement: [{{Resource: !GetAtt B.Arn}}]}}{among}}}{beside}}}
"#
            ),
            &[],
        )
    };
    let made = written("", "");
    assert_eq!(fact(&made, "B", STATUS), "\"Enabled\"");
    assert_eq!(fact(&made, "C", "/configuration/name"), "\"b-logs\"");
    assert!(fact(&made, "C", POLICY_TEXT).contains("arn:aws:s3:::b"));
    for (name, beside, among) in [
        ("Fn::Transform", ", \"Fn::Transform\": {Name: Anything}", ""),
        ("Fn::Transform", "", ", \"Fn::Transform\": {Name: Anything}"),
        ("Transform", ", Transform: {Name: Anything}", ""),
        ("Transform", "", ", Transform: {Name: Anything, Parameters: {A: b}}"),
    ] {
        let made = written(beside, among);
        let unknown = format!("Unresolved: known only after deployment: {name}");
        assert_eq!(fact(&made, "B", STATUS), unknown);
        assert_eq!(fact(&made, "B", "/configuration/name"), unknown);
        assert_eq!(fact(&made, "C", "/configuration/name"), "Unresolved: known only after deployment: Ref B");
        // The policy may be of any bucket.
        assert_eq!(vague_of(&made), ["B", "C"]);
        assert_eq!(made.unread, []);
    }
}

#[test]
fn a_macro_among_the_resources_is_handed_all_of_them() {
    for (name, call) in [
        ("Fn::Transform", "\"Fn::Transform\": {Name: Anything}"),
        ("Fn::Transform", "\"Fn::Transform\": {Name: AWS::Include, Parameters: {Location: s3://x/y}}"),
        ("Transform", "Transform: {Name: Anything}"),
    ] {
        let made = template(
            &format!(
                r#"AWSTemplateFormatVersion: "2010-09-09"
Conditions: {{Never: !Equals [a, b]}}
Resources:
  A: {{Type: AWS::S3::Bucket, Properties: {{BucketName: a, VersioningConfiguration: {{Status: Enabled}}}}}}
  N: {{Type: AWS::S3::Bucket, Condition: Never}}
  P: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !Ref A, PolicyDocument: {{}}}}}}
  {call}
"#
            ),
            &[],
        );
        let unknown = format!("Unresolved: known only after deployment: {name}");
        assert_eq!(fact(&made, "A", STATUS), unknown, "{call}");
        assert_eq!(fact(&made, "A", "/configuration/name"), unknown, "{call}");
        // The macro may take the condition away, and the policy may be of any bucket.
        assert_eq!(vague_of(&made), ["A", "N"], "{call}");
        assert_eq!((made.unread.len(), made.not_covered.get(name)), (0, Some(&1)), "{call}");
    }
}

#[test]
fn what_stands_among_properties_is_no_matter_of_the_condition() {
    let made = template(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::LanguageExtensions
Conditions: {Never: !Equals [a, b]}
Resources:
  A: {Type: AWS::S3::Bucket, Condition: Never, Properties: {BucketName: a, "Fn::ForEach::X": [K, [a], {"T${K}": 1}]}}
  B: {Type: AWS::S3::Bucket, Condition: Never, Properties: {BucketName: b, "Fn::Transform": {Name: Anything}}}
  C: {Type: AWS::S3::Bucket, Condition: Never, "Fn::Transform": {Name: Anything}}
  D: {Type: AWS::S3::Bucket, Properties: {BucketName: d, "Fn::ForEach::X": [K, [a], {"T${K}": 1}]}}
  E: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${D}-logs"}}
"#,
        &[],
    );
    let ids: Vec<&str> = made.snapshot.items().iter().map(|item| &*item.key.resource_id).collect();
    assert_eq!(ids, ["t.yaml#C", "t.yaml#D", "t.yaml#E"]);
    // A loop adds to what stands beside it, and leaves that as it is.
    assert_eq!(fact(&made, "D", STATUS), "Unresolved: known only after deployment: Fn::ForEach::X");
    assert_eq!(fact(&made, "E", "/configuration/name"), "\"d-logs\"");
}

#[test]
fn a_property_that_is_called_as_a_macro_is_none() {
    let of = |beside: &str| {
        let text =
            format!("Resources: {{V: {{Type: AWS::EC2::Volume, Properties: {{Size: 1, Transform: {beside}}}}}}}");
        fact(&template(&text, &[]), "V", "/configuration/size")
    };
    assert_eq!(of("{Name: Anything}"), "Unresolved: known only after deployment: Transform");
    for property in ["text", "{Kind: Anything}", "{Name: {Ref: A}}", "{Name: Anything, Kind: Other}"] {
        assert_eq!(of(property), "1", "{property}");
    }
}

#[test]
fn mappings_and_conditions_that_a_macro_rewrites_are_not_known() {
    let of = |mappings: &str, sizes: &str, conditions: &str| {
        let made = template(
            &format!(
                r#"AWSTemplateFormatVersion: "2010-09-09"
Mappings: {{{mappings}Sizes: {{{sizes}prod: {{size: 100}}}}}}
Conditions: {{{conditions}Always: !Equals [a, a]}}
Resources:
  V: {{Type: AWS::EC2::Volume, Properties: {{Size: !FindInMap [Sizes, prod, size], Encrypted: !If [Always, true, false]}}}}
"#
            ),
            &[],
        );
        ["size", "encrypted"].map(|name| fact(&made, "V", &format!("/configuration/{name}")))
    };
    let function = "\"Fn::Transform\": {Name: AWS::Include}, ";
    let unknown = |what: &str| format!("Unresolved: known only after deployment: {what}");
    assert_eq!(of("", "", ""), ["100", "true"]);
    assert_eq!(of(function, "", ""), [unknown("Fn::FindInMap"), "true".to_owned()]);
    assert_eq!(of("", function, ""), [unknown("Fn::FindInMap"), "true".to_owned()]);
    assert_eq!(of("", "", function), ["100".to_owned(), unknown("condition Always")]);
    let short = "Transform: {Name: AWS::Include}, ";
    assert_eq!(of(short, "", short), [unknown("Fn::FindInMap"), unknown("condition Always")]);
}

#[test]
fn a_resource_whose_type_is_no_text_may_be_anything() {
    for other in ["P: {Properties: {Bucket: !Ref A}}", "P: {Type: !Ref T, Properties: {Bucket: !Ref A}}", "P:"] {
        let made = template(&format!("Resources:\n  A: {{Type: AWS::S3::Bucket}}\n  {other}\n"), &[]);
        let told: Vec<String> = made.unread.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["t.yaml:3: the type of the resource P is no text: it may be anything"], "{other}");
        assert!(is_vague(&made, "A", POLICY), "{other}: {}", fact(&made, "A", POLICY));
        assert_eq!(made.not_covered, BTreeMap::new());
    }
    // What says that it is a template is one, whatever stands in it; and what does not may be anything else.
    let alone = |head: &str| template(&format!("{head}\nResources: {{P: {{Kind: AWS::S3::Bucket}}}}\n"), &[]);
    let made = alone("AWSTemplateFormatVersion: \"2010-09-09\"");
    assert_eq!((made.files, made.unread.len()), (1, 1), "{:?}", made.unread);
    assert_eq!(alone("kind: other").files, 0);
}

#[test]
fn every_macro_of_a_template_is_looked_at() {
    let of = |transforms: &str| {
        let made = template(&format!("{transforms}\nResources: {{A: {{Type: AWS::S3::Bucket}}}}\n"), &[]);
        (made.files, made.unread.len())
    };
    let unknown = "\"Fn::Transform\": {Name: Anything}";
    let known = "Transform: AWS::LanguageExtensions";
    assert_eq!(of(known), (1, 0));
    assert_eq!(of(unknown), (0, 1));
    assert_eq!(of(&format!("{known}\n{unknown}")), (0, 1));
    assert_eq!(of("Transform: [AWS::LanguageExtensions, Anything]"), (0, 1));
    assert_eq!(of("Transform: {Name: AWS::Include}"), (0, 1));
    for nothing in ["Transform: []", "Transform:"] {
        assert_eq!(of(nothing), (1, 0), "{nothing}");
    }
}
