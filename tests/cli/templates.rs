//! Templates and plans judged before they are deployed, by the rules of live resources.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::common::{Folder, Ran};

const TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Key: {Type: String}
Conditions:
  Maybe: !Equals [!Ref Key, x]
Resources:
  Open:
    Type: AWS::EC2::Volume
    Properties: {Size: 1, Encrypted: false}
  Unknown:
    Type: AWS::EC2::Volume
    Properties: {Size: 1, Encrypted: !If [Maybe, true, false]}
  Web:
    Type: AWS::EC2::Instance
    Properties:
      MetadataOptions: {HttpTokens: required}
  OpenAttached:
    Type: AWS::EC2::VolumeAttachment
    Properties: {VolumeId: !Ref Open, InstanceId: !Ref Web}
  UnknownAttached:
    Type: AWS::EC2::VolumeAttachment
    Properties: {VolumeId: !Ref Unknown, InstanceId: !Ref Web}
  Logs:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
  LogsPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Logs
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: "s3:*"
            Resource: [!GetAtt Logs.Arn, !Sub "${Logs.Arn}/*"]
            Condition: {Bool: {"aws:SecureTransport": false}}
  Key1:
    Type: AWS::KMS::Key
    Properties: {KeyPolicy: {}}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.0.0.0/16}
  Thing:
    Type: Custom::Thing
"#;

/// By rule and resource, the answer and the line.
fn answers(ran: &Ran) -> BTreeMap<(String, String), String> {
    let report = ran.json();
    let evaluations = report["evaluations"].as_array().expect("a list").clone();
    let text = |one: &Json, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let answer = |one: &Json| {
        let definition = &one["definition"];
        let place = if definition.is_null() {
            String::new()
        } else {
            format!(" {}:{}", text(definition, "file"), definition["line"])
        };
        let id = text(one, "resourceId");
        let id = id.rsplit('#').next().unwrap_or_default().to_owned();
        ((text(one, "rule"), id), format!("{}{place}", text(one, "complianceType")))
    };
    evaluations.iter().map(answer).collect()
}

fn rules() -> [&'static str; 2] {
    [
        "--rule",
        "encrypted-volumes,ec2-imdsv2-check,s3-bucket-versioning-enabled,s3-bucket-ssl-requests-only,restricted-ssh,\
         s3-bucket-public-read-prohibited,cmk-backing-key-rotation-enabled,vpc-flow-logs-enabled,root-login-alarm",
    ]
}

#[test]
fn a_template_is_judged_by_the_rules_of_live_resources() {
    let folder = Folder::new();
    folder.write(".git/HEAD", "x");
    folder.write("cfn/shop.yaml", TEMPLATE);
    let ran = folder.assize(
        &[&["evaluate", "--template", "cfn/shop.yaml", "-f", "json", "-o", "sarif=out.sarif"], &rules()[..]].concat(),
    );
    assert_eq!(ran.code(), 1, "{ran}");
    assert_eq!(
        ran.stderr(),
        "note: not applicable to templates: root-login-alarm\nnote: not covered: Custom::Thing (1)\n"
    );
    let answers = answers(&ran);
    let of = |rule: &str, id: &str| answers.get(&(rule.to_owned(), id.to_owned())).map_or("none", String::as_str);
    for (rule, id, expected) in [
        ("encrypted-volumes", "Open", "NON_COMPLIANT cfn/shop.yaml:9"),
        // What is known only after deployment is no verdict.
        ("encrypted-volumes", "Unknown", "INSUFFICIENT_DATA"),
        ("ec2-imdsv2-check", "Web", "COMPLIANT"),
        ("s3-bucket-versioning-enabled", "Logs", "COMPLIANT"),
        ("s3-bucket-ssl-requests-only", "Logs", "COMPLIANT"),
        ("cmk-backing-key-rotation-enabled", "Key1", "NON_COMPLIANT cfn/shop.yaml:38"),
        ("restricted-ssh", "Group", "NON_COMPLIANT cfn/shop.yaml:46"),
        // The flow logs of the account are in no template.
        ("vpc-flow-logs-enabled", "Vpc", "NOT_APPLICABLE"),
    ] {
        assert_eq!(of(rule, id), expected, "{rule} {id} {answers:#?}");
    }
    assert!(answers.keys().all(|(_, id)| !id.is_empty()), "{answers:#?}");
    let sarif: Json = serde_json::from_str(&folder.read("out.sarif")).expect("it is JSON");
    assert_eq!(sarif["runs"][0]["automationDetails"]["id"], "assize/template/");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(3));
    assert_eq!(folder.assize(&["sarif", "check", "out.sarif"]).code(), 0);

    let known =
        [&["evaluate", "--template", "cfn", "-f", "json", "--template-parameter", "Key=x"], &rules()[..]].concat();
    let ran = folder.assize(&known);
    assert_eq!(self::answers(&ran)[&("encrypted-volumes".to_owned(), "Unknown".to_owned())], "COMPLIANT");
}

const TERRAFORM: &str =
    "resource \"aws_kms_key\" \"k\" {\n  for_each = toset([\"a\"])\n\n  enable_key_rotation = false\n}\n";

#[test]
fn a_plan_is_judged_at_the_lines_of_its_blocks() {
    let folder = Folder::new();
    folder.write(".git/HEAD", "x");
    folder.write("infra/main.tf", TERRAFORM);
    let plan = json!({"format_version": "1.2", "resource_changes": [
        {"address": "aws_kms_key.k[\"a\"]", "mode": "managed", "type": "aws_kms_key", "name": "k", "index": "a",
         "change": {"actions": ["create"], "after": {"enable_key_rotation": false, "is_enabled": true},
                    "after_unknown": {"arn": true, "id": true, "key_id": true}}}]});
    folder.write("plan.json", plan.to_string());
    let ran = folder.assize(&["evaluate", "--plan", "plan.json", "--iac", "infra", "-f", "json", "--rule", "cmk-*"]);
    assert_eq!(ran.code(), 1, "{ran}");
    let answers = answers(&ran);
    assert_eq!(
        answers[&("cmk-backing-key-rotation-enabled".to_owned(), "aws_kms_key.k[\"a\"]".to_owned())],
        "NON_COMPLIANT infra/main.tf:4"
    );
    let ran = folder.assize(&["evaluate", "--plan", "infra/main.tf"]);
    assert_eq!(ran.code(), 2, "{ran}");
    assert!(ran.stderr().contains("cannot read the plan infra/main.tf: it is not JSON"), "{ran}");
}

#[test]
fn what_is_no_template_is_told() {
    let folder = Folder::new();
    folder.write("a/broken.yaml", "AWSTemplateFormatVersion: x\nResources:\n  A: [\n");
    folder.write("a/other.yaml", "hello: world\n");
    folder.write("empty/other.yaml", "hello: world\n");
    let evaluate = |path: &str| {
        let ran = folder.assize(&["evaluate", "--template", path, "--rule", "cmk-*", "-f", "json"]);
        (ran.code(), ran)
    };
    // Of none of these anything was judged.
    for (path, wrong) in [
        ("a", "cannot read the template broken.yaml:3:"),
        ("a/broken.yaml", "cannot read the template broken.yaml:"),
        ("a/other.yaml", "other.yaml:1: this is no template"),
        ("empty", "there is no template below empty"),
        ("missing.yaml", "missing.yaml"),
    ] {
        let (code, ran) = evaluate(path);
        assert_eq!(code, 2, "{ran}");
        assert!(ran.stderr().contains(wrong), "{ran}");
    }
    // What is judged beside one that cannot be read is not all.
    folder.write("a/good.yaml", "Resources:\n  K: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true}}\n");
    let (code, ran) = evaluate("a");
    assert_eq!(code, 3, "{ran}");
    let report = ran.json();
    assert_eq!(report["evaluations"][0]["complianceType"], "COMPLIANT");
    let [gap] = report["gaps"].as_array().expect("there are gaps").as_slice() else { panic!("{ran}") };
    assert_eq!((&gap["resourceType"], &gap["code"]), (&"AWS::CloudFormation::Stack".into(), &"NotUnderstood".into()));
    assert!(gap["resourceId"].as_str().is_some_and(|id| id.ends_with("broken.yaml")), "{ran}");
    let ran = folder.assize(&["evaluate", "--template", "a", "--rule", "cmk-*", "--fail-on", "gaps"]);
    assert_eq!(ran.code(), 1, "{ran}");
}

#[test]
fn nothing_is_said_of_what_a_macro_will_make() {
    let folder = Folder::new();
    let key = "Resources:\n  K: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true}}\n";
    let of = |transform: &str| {
        folder.write("template.yaml", format!("AWSTemplateFormatVersion: x\n{transform}\n{key}"));
        folder.assize(&["evaluate", "--template", "template.yaml", "--rule", "cmk-*"])
    };
    for transform in [
        "Transform: AWS::Serverless-2016-10-31",
        "Transform: [AWS::LanguageExtensions, AWS::SecretsManager-2024-09-16]",
    ] {
        assert_eq!(of(transform).code(), 0, "{transform}");
    }
    for transform in [
        "Transform: Mine",
        "Transform: [AWS::LanguageExtensions, Mine]",
        "Transform: {Name: AWS::Include, Parameters: {Location: s3://x/y}}",
        "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://x/y}}",
    ] {
        let ran = of(transform);
        assert!(ran.code() == 2 && ran.stderr().contains("template.yaml:2: the macro "), "{transform}: {ran}");
    }
}

#[test]
fn a_stack_within_a_stack_is_a_gap_unless_its_template_is_read_as_well() {
    let folder = Folder::new();
    let outer = |place: &str| {
        format!(
            "Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties: {{TemplateURL: {place}}}\n"
        )
    };
    folder.write(
        "cfn/parts/inner.yaml",
        "Resources:\n  K: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true}}\n",
    );
    let code = |path: &str| folder.assize(&["evaluate", "--template", path, "--rule", "cmk-*"]).code();
    folder.write("cfn/outer.yaml", outer("parts/inner.yaml"));
    assert_eq!((code("cfn"), code("cfn/outer.yaml")), (0, 3));
    for place in ["parts/other.yaml", "https://example.com/inner.yaml", "!Ref Place"] {
        folder.write("cfn/outer.yaml", outer(place));
        let ran = folder.assize(&["evaluate", "--template", "cfn", "--rule", "cmk-*"]);
        assert!(ran.code() == 3 && ran.stdout().contains("Inner"), "{ran}");
    }
}

/// A rule of a user's own: its metadata and its script.
fn write_rule(folder: &Folder, id: &str, resource_type: &str, script: &str) {
    folder.assize(&["rules", "new", id]);
    let yaml = folder.read(&format!("rules/ec2/{id}.yaml"));
    let (head, rest) = yaml.split_once("\nparameters:").expect("a rule of tags has a parameter");
    let references = rest.split_once("\nreferences:").expect("a rule has references").1;
    let yaml = format!("{head}\nreferences:{references}").replace("AWS::EC2::Volume", resource_type);
    folder.write(&format!("rules/ec2/{id}.yaml"), yaml);
    folder.write(&format!("rules/ec2/{id}.rhai"), format!("fn evaluate(item, parameters) {{ {script} }}\n"));
}

#[test]
fn what_no_form_says_of_the_elements_of_a_list_is_no_verdict() {
    let folder = Folder::new();
    let containers = "for one in item.configuration.ContainerDefinitions";
    let verdict = "return non_compliant(one.Name); } } compliant()";
    let read_only = format!("{containers} {{ if one.get(\"ReadonlyRootFilesystem\") != true {{ {verdict}");
    write_rule(&folder, "read-only", "AWS::ECS::TaskDefinition", &read_only);
    let user = format!("{containers} {{ if one.get(\"User\") == () {{ {verdict}");
    write_rule(&folder, "user", "AWS::ECS::TaskDefinition", &user);
    folder.write(
        "t.yaml",
        "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
         ContainerDefinitions: [{Name: a, ReadonlyRootFilesystem: true}]\n",
    );
    let ran = folder.assize(&[
        "evaluate",
        "--template",
        "t.yaml",
        "-f",
        "json",
        "--rules",
        "rules",
        "--rule",
        "read-only,user",
    ]);
    let answers = answers(&ran);
    assert_eq!(answers[&("read-only".to_owned(), "T".to_owned())], "INSUFFICIENT_DATA", "{ran}");
    assert!(answers[&("user".to_owned(), "T".to_owned())].starts_with("NON_COMPLIANT"), "{ran}");
}

#[test]
fn secrets_of_templates_and_plans_are_in_no_report() {
    let folder = Folder::new();
    let namespace = "aws:elasticbeanstalk:application:environment";
    let script = format!(
        "let set = item.configuration.optionSettings[\"{namespace}\"]; non_compliant(`it is ${{set.DB_PASSWORD.value}}`)"
    );
    write_rule(&folder, "tells", "AWS::ElasticBeanstalk::Environment", &script);
    folder.write(
        "t.yaml",
        format!(
            "Resources:\n  E:\n    Type: AWS::ElasticBeanstalk::Environment\n    Properties:\n      OptionSettings:\n      \
             - {{Namespace: \"{namespace}\", OptionName: DB_PASSWORD, Value: hunter2}}\n"
        ),
    );
    let plan = json!({"format_version": "1.2", "resource_changes": [
        {"address": "aws_elastic_beanstalk_environment.e", "mode": "managed", "type": "aws_elastic_beanstalk_environment",
         "name": "e", "change": {"actions": ["create"], "after_unknown": {}, "after": {"name": "e", "setting": [
            {"namespace": namespace, "name": "DB_PASSWORD", "value": "hunter2"}]}}}]});
    folder.write("plan.json", plan.to_string());
    for definition in [["--template", "t.yaml"], ["--plan", "plan.json"]] {
        for format in ["json", "sarif", "html", "terminal", "csv"] {
            let flags =
                [&["evaluate"], &definition[..], &["-f", format, "--rules", "rules", "--rule", "tells"]].concat();
            let ran = folder.assize(&flags);
            assert_eq!(ran.code(), 1, "{ran}");
            assert!(ran.stdout().contains("it is (hidden)"), "{format} {ran}");
            assert!(!ran.stdout().contains("hunter2") && !ran.stderr().contains("hunter2"), "{format} {ran}");
        }
    }
}
