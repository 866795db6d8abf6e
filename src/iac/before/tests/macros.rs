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
        "\"Fn::Transform\": {Name: AWS::Include, Parameters: {Location: s3://x/y}}",
        "\"Fn::ForEach::P\": [K, [Bucket], {\"P${K}\": {Type: \"AWS::S3::${K}Policy\"}}]",
        "\"Fn::ForEach::P\": [K, [a], {\"Fn::Transform\": {Name: AWS::Include}}]",
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
    let function = ", \"Fn::Transform\": {Name: Anything}";
    for made in [written(function, ""), written("", function)] {
        let unknown = "Unresolved: known only after deployment: Fn::Transform";
        assert_eq!(fact(&made, "B", STATUS), unknown);
        assert_eq!(fact(&made, "B", "/configuration/name"), unknown);
        assert_eq!(fact(&made, "C", "/configuration/name"), "Unresolved: known only after deployment: Ref B");
        // The policy may be of any bucket.
        assert_eq!(vague_of(&made), ["B", "C"]);
        assert_eq!(made.unread, []);
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
