//! Templates and plans as items, and what rules may say of them.

use serde_json::{Value as Json, json};

use super::*;
use crate::evaluation::Evidence;
use crate::iac::coverage::Coverage;
use crate::item::ConfigurationItem;
use crate::snapshot;
use crate::value::Value;

mod forms;
mod macros;
mod parts;

fn parts() -> Parts {
    let of = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), format!("/supplementaryConfiguration/{name}"))).collect()
    };
    BTreeMap::from([
        ("AWS::S3::Bucket".to_owned(), of(&["BucketPolicy", "BucketWebsiteConfiguration"])),
        ("AWS::EC2::Instance".to_owned(), BTreeMap::new()),
        ("AWS::EC2::Volume".to_owned(), BTreeMap::new()),
        ("AWS::EC2::SecurityGroup".to_owned(), BTreeMap::new()),
    ])
}

/// That the addresses of a VPC are a secret is made up: few of the types whose forms tell secrets are small.
fn secrets() -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([("AWS::EC2::VPC".to_owned(), vec!["/configuration/cidrBlock".to_owned()])])
}

fn template(text: &str, parameters: &[(&str, &str)]) -> Undeployed {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.yaml");
    fs::write(&path, text).unwrap();
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (parts, secrets) = (parts(), secrets());
    let given = Given { parameters: &parameters, parts: &parts, secrets: &secrets, now: "2026-01-02T03:04:05.678Z" };
    of_templates(&path, &given).unwrap()
}

/// A fact of the resource with this logical id or address: JSON, or `unresolved: …`, or `absent`.
fn fact(undeployed: &Undeployed, id: &str, path: &str) -> String {
    let ends = |item: &&Arc<ConfigurationItem>| {
        *item.key.resource_id == *id || item.key.resource_id.ends_with(&format!("#{id}"))
    };
    let item = undeployed.snapshot.items().iter().find(ends).unwrap_or_else(|| panic!("there is no {id}"));
    match item.pointer(path) {
        None => "absent".to_owned(),
        Some(Value::Unreadable(why)) => format!("{}: {}", why.code, why.message),
        Some(value) => serde_json::to_string(value).unwrap(),
    }
}

const TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Encrypt: {Type: String, Default: "true"}
  Key: {Type: String}
  Ports: {Type: CommaDelimitedList, Default: "22, 443"}
  Stage: {Type: String, Default: prod}
Mappings:
  Sizes:
    prod: {size: 100}
    test: {size: 1}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Not [{Condition: IsProd}]
  Unknown: !Equals [!Ref Key, x]
  Loop: {Condition: Loop}
Resources:
  A:
    Type: AWS::EC2::Volume
    Properties:
      Encrypted: !Ref Encrypt
      KmsKeyId: !Ref Key
      Size: !FindInMap [Sizes, !Ref Stage, size]
      VolumeType: !If [IsProd, gp3, !Ref "AWS::NoValue"]
      Tags:
        - {Key: Name, Value: !Sub "${Stage}-${!literal}-${Other}"}
        - {Key: Joined, Value: !Join ["-", [a, !Select [1, !Ref Ports]]]}
  Other:
    Type: AWS::EC2::Volume
    Properties:
      Encrypted: !If [Unknown, true, false]
      VolumeType: !If [IsTest, gp3, !Ref "AWS::NoValue"]
  Absent:
    Type: AWS::EC2::Volume
    Condition: IsTest
  Maybe:
    Type: AWS::EC2::Volume
    Condition: Loop
  Attached:
    Type: AWS::EC2::VolumeAttachment
    Properties: {VolumeId: !Ref A, InstanceId: !Ref Web, Device: /dev/sdf}
  Web:
    Type: AWS::EC2::Instance
    Properties: {ImageId: ami-1}
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
  Odd:
    Type: AWS::S3::BucketPolicy
    Properties: {Bucket: shop, PolicyDocument: {Statement: [{Principal: !Ref Key}]}}
  Shop:
    Type: AWS::S3::Bucket
    Properties: {BucketName: shop}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: "443", ToPort: 443, CidrIp: 10.0.0.0/8}]
  More:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !GetAtt Group.GroupId, IpProtocol: -1, CidrIpv6: "::/0"}
  Custom:
    Type: Custom::Thing
"#;

#[test]
fn what_a_template_says_becomes_facts_and_what_it_leaves_open_is_unreadable() {
    let made = template(TEMPLATE, &[]);
    assert_eq!(made.unread, []);
    assert_eq!(made.not_covered, BTreeMap::from([("Custom::Thing".to_owned(), 1)]));
    let policy = "{\\\"Statement\\\":[{\\\"Action\\\":\\\"s3:*\\\",\\\"Condition\\\":{\\\"Bool\\\":{\\\"aws:SecureTransport\\\":false}},\\\"Effect\\\":\\\"Deny\\\",\\\"Principal\\\":\\\"*\\\",\\\"Resource\\\":[\\\"arn:aws:s3:::Logs\\\",\\\"arn:aws:s3:::Logs/*\\\"]}]}";
    for (id, path, expected) in [
        ("A", "/configuration/encrypted", "true"),
        ("A", "/configuration/kmsKeyId", "Unresolved: known only after deployment: Ref Key"),
        ("A", "/configuration/size", "100"),
        ("A", "/configuration/volumeType", "\"gp3\""),
        ("A", "/tags/Name", "Unresolved: known only after deployment: Ref Other"),
        ("A", "/tags/Joined", "\"a-443\""),
        ("Other", "/configuration/encrypted", "Unresolved: known only after deployment: condition Unknown"),
        ("Other", "/configuration/volumeType", "absent"),
        // AWS's documented default, of a resource whose condition is not known.
        ("Maybe", "/configuration/encrypted", "false"),
        ("Logs", "/supplementaryConfiguration/BucketVersioningConfiguration/status", "\"Enabled\""),
        ("Logs", "/supplementaryConfiguration/BucketPolicy/policyText", &format!("\"{policy}\"")),
        (
            "Logs",
            "/supplementaryConfiguration/BucketWebsiteConfiguration",
            "NotInTemplates: a template does not tell BucketWebsiteConfiguration",
        ),
        ("Shop", "/supplementaryConfiguration/BucketVersioningConfiguration/status", "\"Off\""),
        (
            "Shop",
            "/supplementaryConfiguration/BucketPolicy/policyText",
            "Unresolved: known only after deployment: Ref Key",
        ),
        ("Group", "/configuration/ipPermissions/0/fromPort", "443"),
        ("Group", "/configuration/ipPermissions/1/ipProtocol", "\"-1\""),
        ("Group", "/configuration/ipPermissions/1/ipv6Ranges/0/cidrIpv6", "\"::/0\""),
        ("Web", "/configuration/metadataOptions/httpTokens", "absent"),
    ] {
        assert_eq!(fact(&made, id, path), expected, "{id} {path}");
    }
    let ids: Vec<&str> = made.snapshot.items().iter().map(|item| &*item.key.resource_id).collect();
    assert!(!ids.iter().any(|id| id.ends_with("#Absent")), "{ids:?}");
    let volume = made.snapshot.items().iter().find(|item| item.key.resource_id.ends_with("#A")).unwrap();
    let [link] = volume.relationships.as_slice() else { panic!("{:?}", volume.relationships) };
    assert!(link.resource_id.as_deref().is_some_and(|id| id.ends_with("#Web")), "{link:?}");
    let lacks: Vec<&str> = volume.unreadable_relationships.iter().map(|one| &*one.resource_type).collect();
    assert_eq!(lacks, ["AWS::EC2::SecurityGroup", "AWS::EC2::Volume", "AWS::S3::Bucket"]);
    let bucket = made.snapshot.items().iter().find(|item| item.key.resource_id.ends_with("#Logs")).unwrap();
    assert_eq!(bucket.arn.as_deref(), Some("arn:aws:s3:::Logs"), "as its policy calls it");
}

#[test]
fn parameters_are_given_and_lines_are_known() {
    let made = template(TEMPLATE, &[("Key", "k"), ("Stage", "test"), ("Encrypt", "false")]);
    assert_eq!(fact(&made, "A", "/configuration/encrypted"), "false");
    assert_eq!(fact(&made, "A", "/configuration/kmsKeyId"), "\"k\"");
    assert_eq!(fact(&made, "A", "/configuration/size"), "1");
    assert_eq!(fact(&made, "A", "/configuration/volumeType"), "absent");
    assert_eq!(fact(&made, "Absent", "/configuration/encrypted"), "false");
    let line = |id: &str, path: &str| {
        let (_, definition) =
            made.definitions.iter().find(|(key, _)| key.resource_id.ends_with(&format!("#{id}"))).unwrap();
        let fact = definition.facts.iter().find(|fact| fact.path == path).map(|fact| fact.location.line);
        (definition.place.location.line, fact)
    };
    assert_eq!(line("A", "/configuration/encrypted"), (17, Some(20)));
    assert_eq!(line("Group", "/configuration/ipPermissions/1/ipProtocol"), (65, Some(72)));
    assert_eq!(line("Logs", "/supplementaryConfiguration/BucketPolicy/policyText").1, Some(52));
}

fn evaluated(kind: &str, compliance_type: ComplianceType, path: &str) -> Evaluation {
    Evaluation {
        evidence: [Evidence { resource: None, path: path.into(), value: None }].into(),
        ..Evaluation::sample("r", kind, "t.yaml#A", compliance_type)
    }
}

#[test]
fn what_no_form_speaks_of_is_never_a_verdict() {
    use ComplianceType::{Compliant, InsufficientData, NonCompliant};
    for (path, given, expected) in [
        ("/configuration/encrypted", Compliant, Compliant),
        ("/tags/Owner", NonCompliant, NonCompliant),
        ("/configuration/throughput", Compliant, InsufficientData),
        ("/configuration/throughput", NonCompliant, InsufficientData),
        ("/supplementaryConfiguration/Anything", Compliant, InsufficientData),
        ("/resourceId", Compliant, Compliant),
    ] {
        let mut one = [evaluated("AWS::EC2::Volume", given, path)];
        settle(&mut one);
        assert_eq!(one[0].compliance_type, expected, "{path}");
        assert_eq!(one[0].gap.is_some(), expected == InsufficientData);
    }
    for (kind, path, expected) in [
        ("AWS::ECS::TaskDefinition", "/configuration/ContainerDefinitions/0/User", NonCompliant),
        ("AWS::ECS::TaskDefinition", "/configuration/ContainerDefinitions/0/ReadonlyRootFilesystem", InsufficientData),
        ("AWS::EC2::SecurityGroup", "/configuration/ipPermissions/0/ipv4Ranges/0/cidrIp", NonCompliant),
        ("AWS::EC2::SecurityGroup", "/configuration/ipPermissions/0/ipv4Ranges/0/description", InsufficientData),
        ("AWS::OpenSearch::Domain", "/configuration/LogPublishingOptions/AUDIT_LOGS/Enabled", NonCompliant),
        ("AWS::OpenSearch::Domain", "/configuration/LogPublishingOptions/AUDIT_LOGS/LogGroup", InsufficientData),
        ("AWS::S3::Bucket", "/supplementaryConfiguration/BucketReplicationConfiguration", NonCompliant),
        ("AWS::S3::Bucket", "/supplementaryConfiguration/BucketReplicationConfiguration/roleARN", InsufficientData),
        ("AWS::S3::Bucket", "/supplementaryConfiguration/BucketPolicy/policyText", NonCompliant),
    ] {
        let mut one = [evaluated(kind, NonCompliant, path)];
        settle(&mut one);
        assert_eq!(one[0].compliance_type, expected, "{kind} {path}");
    }
    let mut unknown = [evaluated("AWS::New::Thing", Compliant, "/configuration/a")];
    settle(&mut unknown);
    assert_eq!(unknown[0].compliance_type, InsufficientData);
    let undeployed = template(TEMPLATE, &[]);
    let place = snapshot::Place {
        account_id: "000000000000".into(),
        aws_region: "global".into(),
        resource_type: "AWS::EC2::Volume".into(),
    };
    let reason = undeployed.snapshot.listing(&place).unwrap_err();
    assert_eq!(reason.code, code::NOT_IN_TEMPLATES, "the account has others");
    let mut listed = [evaluated("AWS::EC2::Volume", InsufficientData, "")];
    listed[0].gap = Some(Box::new(Gap {
        account_id: String::new(),
        aws_region: String::new(),
        resource_type: String::new(),
        resource_id: None,
        path: None,
        reason,
    }));
    settle(&mut listed);
    assert_eq!(listed[0].compliance_type, ComplianceType::NotApplicable);
    assert!(listed[0].annotation.starts_with("not applicable to templates: "), "{}", listed[0].annotation);
}

fn read_plan(text: &str) -> Result<Undeployed, String> {
    let (parts, secrets) = (parts(), secrets());
    let given =
        Given { parameters: &BTreeMap::new(), parts: &parts, secrets: &secrets, now: "2026-01-02T03:04:05.678Z" };
    of_plan(text, None, &given)
}

fn made_of_plan(plan: &Json) -> Undeployed {
    read_plan(&plan.to_string()).unwrap()
}

/// A resource that is to be made.
#[expect(clippy::needless_pass_by_value, reason = "JSON is written where it is handed over")]
fn change(address: &str, after: Json, unknown: Json) -> Json {
    let bare = address.split('[').next().unwrap_or_default();
    let bare = if address.starts_with("module.") { address } else { bare };
    let mut names = bare.rsplitn(3, '.');
    let (name, kind) = (names.next().unwrap(), names.next().unwrap());
    json!({"address": address, "mode": "managed", "type": kind, "name": name,
           "change": {"actions": ["create"], "after": after, "after_unknown": unknown}})
}

#[expect(clippy::needless_pass_by_value, reason = "JSON is written where it is handed over")]
fn written(kind: &str, name: &str, expressions: Json) -> Json {
    json!({"mode": "managed", "type": kind, "name": name, "expressions": expressions})
}

fn refers(to: &[&str]) -> Json {
    json!({"references": to})
}

fn plan() -> Json {
    let refers = |to: &str| refers(&[&format!("{to}.id"), to]);
    json!({
        "format_version": "1.2",
        "resource_changes": [
            change("aws_s3_bucket.b[\"x\"]", json!({"bucket": "shop-x"}), json!({"id": true, "arn": true, "versioning": true})),
            change("aws_s3_bucket.b[\"y\"]", json!({"bucket": "shop-y"}), json!({"id": true, "versioning": true})),
            change("aws_s3_bucket_versioning.b[\"x\"]", json!({"versioning_configuration": [{"status": "Enabled"}]}), json!({"bucket": true})),
            change("aws_ebs_volume.v", json!({"size": 10}), json!({"encrypted": true, "kms_key_id": true})),
            change("aws_ebs_volume.w", json!({"size": 10, "encrypted": true}), json!({"kms_key_id": true})),
            change("aws_volume_attachment.w", json!({}), json!({"volume_id": true, "instance_id": true})),
            change("aws_instance.i", json!({"metadata_options": [{"http_tokens": "optional"}]}), json!({})),
            change("aws_security_group.g", json!({"name": "g", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]}), json!({"ingress": [{}]})),
            change("aws_vpc_security_group_ingress_rule.r", json!({"ip_protocol": "-1", "cidr_ipv4": "10.0.0.0/8"}), json!({"security_group_id": true})),
            change("random_id.x", json!({}), json!({})),
            {"address": "aws_ebs_volume.gone", "mode": "managed", "type": "aws_ebs_volume", "name": "gone",
             "change": {"actions": ["delete"], "after": null, "after_unknown": {}}},
        ],
        "configuration": {"root_module": {"resources": [
            written("aws_s3_bucket", "b", json!({"bucket": {}})),
            written("aws_s3_bucket_versioning", "b", json!({"bucket": refers("aws_s3_bucket.b"), "versioning_configuration": [{}]})),
            written("aws_ebs_volume", "v", json!({"size": {}})),
            written("aws_ebs_volume", "w", json!({"size": {}, "encrypted": {}, "kms_key_id": refers("aws_kms_key.k")})),
            written("aws_volume_attachment", "w", json!({"volume_id": refers("aws_ebs_volume.w"), "instance_id": refers("aws_instance.i")})),
            written("aws_instance", "i", json!({})),
            written("aws_security_group", "g", json!({"ingress": [{}]})),
            written("aws_vpc_security_group_ingress_rule", "r", json!({"security_group_id": refers("aws_security_group.g")})),
        ]}},
    })
}

#[test]
fn a_plan_becomes_items_with_the_parts_that_stand_beside() {
    let made = made_of_plan(&plan());
    assert_eq!(made.not_covered, BTreeMap::from([("random_id".to_owned(), 1)]));
    let unknown = "Unresolved: known only after deployment: known after apply";
    let status = "/supplementaryConfiguration/BucketVersioningConfiguration/status";
    for (id, path, expected) in [
        ("aws_s3_bucket.b[\"x\"]", status, "\"Enabled\""),
        ("aws_s3_bucket.b[\"y\"]", status, "\"Off\""),
        // Nobody wrote it: AWS's documented default.
        ("aws_ebs_volume.v", "/configuration/encrypted", "false"),
        ("aws_ebs_volume.w", "/configuration/encrypted", "true"),
        ("aws_ebs_volume.w", "/configuration/kmsKeyId", unknown),
        ("aws_instance.i", "/configuration/metadataOptions/httpTokens", "\"optional\""),
        ("aws_security_group.g", "/configuration/ipPermissions/0/ipv4Ranges/0/cidrIp", "\"0.0.0.0/0\""),
        ("aws_security_group.g", "/configuration/ipPermissions/1/ipProtocol", "\"-1\""),
        ("aws_security_group.g", "/configuration/ipPermissionsEgress", "[]"),
    ] {
        assert_eq!(fact(&made, id, path), expected, "{id} {path}");
    }
    assert!(!made.snapshot.items().iter().any(|item| item.key.resource_id.contains("gone")));
    let volume = made.snapshot.items().iter().find(|item| &*item.key.resource_id == "aws_ebs_volume.w").unwrap();
    assert_eq!(volume.relationships.first().and_then(|link| link.resource_id.as_deref()), Some("aws_instance.i"));
    for text in ["[]", "{}", "{\"format_version\": \"1.0\", \"values\": {}}"] {
        assert!(read_plan(text).is_err(), "{text}");
    }
}

#[test]
fn forms_speak_of_types_and_parts_that_descriptors_have() {
    let catalog = crate::source::descriptor::Catalog::builtin().unwrap();
    let mut wrong = Vec::new();
    for mapped in Mappings::builtin().iter() {
        let Some(descriptor) = catalog.iter().find(|one| *one.resource_type == *mapped.name) else {
            wrong.push(format!("{} is no type", mapped.name));
            continue;
        };
        let parts: Vec<&str> = descriptor.parts.iter().filter_map(|part| part.into.as_deref()).collect();
        let covered = Coverage::of(mapped.shapes());
        for path in covered.iter().filter(|path| path.starts_with("/supplementaryConfiguration/")) {
            if !parts.iter().any(|part| path == *part || path.starts_with(&format!("{part}/"))) {
                wrong.push(format!("{} has no part for {path}", mapped.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_one_form_says_of_the_elements_of_a_list_all_of_them_say() {
    // A place of which some form of the type speaks counts as said, whichever kind of resource an item is made of.
    let mut wrong = Vec::new();
    for mapped in Mappings::builtin().iter() {
        let all = Coverage::of(mapped.shapes());
        for part in mapped.terraform.iter().chain(&mapped.cloudformation) {
            let own = Coverage::of(&part.item);
            for place in all.iter().filter(|place| !own.says(place)) {
                let list = place.split("/*").next().unwrap();
                let is_partly_said = if list == place {
                    own.touches(place)
                } else {
                    own.iter().any(|said| said.starts_with(&format!("{list}/*/")))
                };
                if is_partly_said {
                    wrong.push(format!("{} of {} does not say {place}", part.resource, mapped.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_secret_of_a_definition_is_in_an_item() {
    let made = template("Resources: {V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: hunter2}}}", &[]);
    assert_eq!(fact(&made, "V", "/configuration/cidrBlock"), "\"(hidden)\"");
    let plan = json!({"format_version": "1.2", "resource_changes": [
        {"address": "aws_vpc.v", "mode": "managed", "type": "aws_vpc", "name": "v",
         "change": {"actions": ["create"], "after": {"cidr_block": "hunter2"}, "after_unknown": {}}}]});
    assert_eq!(fact(&made_of_plan(&plan), "aws_vpc.v", "/configuration/cidrBlock"), "\"(hidden)\"");
}

#[test]
fn what_no_echo_hides_is_in_no_item_and_still_decides_conditions() {
    const TEMPLATE: &str = r#"Parameters:
  Name: {Type: String, NoEcho: true, Default: canary-name}
  Size: {Type: Number, NoEcho: "true"}
  List: {Type: CommaDelimitedList, NoEcho: true, Default: "canary-a,canary-b"}
  Shown: {Type: String, NoEcho: false, Default: shown}
  Empty: {Type: String, NoEcho: true, Default: ""}
  Nothing: {Type: CommaDelimitedList, NoEcho: true, Default: ""}
Mappings:
  Names: {canary-name: {it: canary-name}}
Conditions:
  HasName: !Not [!Equals [!Ref Name, ""]]
  IsThird: !Equals [!Select [2, !Split ["-", !Sub "${Name}-third"]], third]
Resources:
  Named: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Name}}
  Other: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "x-${List}"}}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Name
      PolicyDocument: {Statement: [{Resource: !Sub "arn:aws:s3:::${Name}/*", Principal: !Ref List}]}
  V:
    Type: AWS::EC2::Volume
    Condition: IsThird
    Properties:
      Encrypted: !If [HasName, true, false]
      KmsKeyId: !Join ["/", [key, !Ref Name]]
      Size: !Ref Size
      VolumeType: !FindInMap [Names, !Ref Name, it]
      Tags: [{Key: Shown, Value: !Ref Shown}, {Key: Part, Value: !Select [0, !Split ["-", !Ref Name]]}]
  Absent: {Type: AWS::EC2::Volume, Condition: Never}
  W: {Type: AWS::EC2::Volume, Properties: {KmsKeyId: !Ref Empty, VolumeType: !Join ["", !Ref Nothing]}}
"#;
    let made = template(TEMPLATE, &[("Size", "4711")]);
    for item in made.snapshot.items() {
        let text = serde_json::to_string(item).unwrap();
        assert!(!text.contains("canary") && !text.contains("4711"), "{text}");
    }
    assert!(!format!("{:?}", made.definitions).contains("canary"), "{:?}", made.definitions);
    for (id, path, expected) in [
        ("V", "/configuration/encrypted", "true"),
        ("V", "/configuration/size", "Unresolved: known only after deployment: Ref Size, which NoEcho hides"),
        ("V", "/configuration/kmsKeyId", "Unresolved: known only after deployment: Ref Name, which NoEcho hides"),
        ("V", "/tags/Shown", "\"shown\""),
        // An empty text is how a template says that there is none.
        ("W", "/configuration/kmsKeyId", "\"\""),
        ("W", "/configuration/volumeType", "\"\""),
    ] {
        assert_eq!(fact(&made, id, path), expected, "{id}{path}");
    }
    // The same secret is the same name, and what it is in shows whose.
    let policy = fact(&made, "Named", "/supplementaryConfiguration/BucketPolicy/policyText");
    assert!(policy.contains("arn:aws:s3:::(hidden Name)/*") && policy.contains("(hidden List)"), "{policy}");
}

#[test]
fn what_terraform_calls_sensitive_is_in_no_item() {
    let plan = json!({"format_version": "1.2", "resource_changes": [
        {"address": "aws_ebs_volume.v", "mode": "managed", "type": "aws_ebs_volume", "name": "v",
         "change": {"actions": ["create"], "after_unknown": {},
                    "after": {"encrypted": true, "kms_key_id": "canary", "tags": {"A": "canary", "B": "shown"}, "size": 4},
                    "after_sensitive": {"encrypted": true, "kms_key_id": true, "tags": {"A": true}}}},
        {"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b",
         "change": {"actions": ["create"], "after_unknown": {}, "after": {"bucket": "canary", "tags": {"A": "canary"}},
                    "after_sensitive": {"bucket": true, "tags": true}}},
        {"address": "aws_ebs_volume.w", "mode": "managed", "type": "aws_ebs_volume", "name": "w",
         "change": {"actions": ["create"], "after_unknown": {}, "after": {"size": 471_147},
                    "after_sensitive": {"size": true}}}]});
    let made = made_of_plan(&plan);
    for item in made.snapshot.items() {
        let text = serde_json::to_string(item).unwrap();
        assert!(!text.contains("canary"), "{text}");
    }
    assert_eq!(fact(&made, "aws_ebs_volume.v", "/configuration/encrypted"), "true");
    let hidden = "Unresolved: known only after deployment: a sensitive value";
    assert_eq!(fact(&made, "aws_ebs_volume.v", "/configuration/kmsKeyId"), hidden);
    assert_eq!(fact(&made, "aws_ebs_volume.w", "/configuration/size"), hidden);
    assert_eq!(fact(&made, "aws_ebs_volume.v", "/configuration/size"), "4");
}
