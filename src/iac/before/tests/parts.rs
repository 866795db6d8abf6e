//! Resources that are parts of others: whose they are, and what may be said where that is not known.

#![expect(clippy::needless_pass_by_value, reason = "JSON is written where it is handed over")]

use std::fmt::Write as _;

use super::*;

/// A resource that is to be made.
fn change(address: &str, after: Json, unknown: Json) -> Json {
    let bare = address.split('[').next().unwrap_or_default();
    let bare = if address.starts_with("module.") { address } else { bare };
    let mut names = bare.rsplitn(3, '.');
    let (name, kind) = (names.next().unwrap(), names.next().unwrap());
    json!({"address": address, "mode": "managed", "type": kind, "name": name,
           "change": {"actions": ["create"], "after": after, "after_unknown": unknown}})
}

fn written(kind: &str, name: &str, expressions: Json) -> Json {
    json!({"mode": "managed", "type": kind, "name": name, "expressions": expressions})
}

fn refers(to: &[&str]) -> Json {
    json!({"references": to})
}

const STATUS: &str = "/supplementaryConfiguration/BucketVersioningConfiguration/status";
const VERSIONING: &str = "/supplementaryConfiguration/BucketVersioningConfiguration";
const POLICY: &str = "/supplementaryConfiguration/BucketPolicy";
const POLICY_TEXT: &str = "/supplementaryConfiguration/BucketPolicy/policyText";

/// Whether it is unreadable there because some part may be of any resource.
fn is_vague(made: &Undeployed, id: &str, path: &str) -> bool {
    fact(made, id, path).starts_with("Unresolved: known only after deployment: which resource ")
}

#[test]
fn a_part_of_nobody_knows_what_leaves_no_verdict_of_a_default() {
    let made = template(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters: {Which: {Type: String}, Stage: {Type: String}}
Resources:
  A: {Type: AWS::S3::Bucket}
  Named: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Which}}
  P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Stage, PolicyDocument: {Statement: []}}}
  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g}}
  In: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !ImportValue g, IpProtocol: -1, CidrIp: 0.0.0.0/0}}
"#,
        &[],
    );
    for id in ["A", "Named"] {
        assert!(is_vague(&made, id, POLICY), "{}", fact(&made, id, POLICY));
    }
    assert!(is_vague(&made, "G", "/configuration/ipPermissions"));
    assert_eq!(fact(&made, "A", STATUS), "\"Off\"", "nothing speaks of its versioning");
}

#[test]
fn a_part_is_of_what_its_reference_comes_to() {
    let document = "PolicyDocument: {Statement: [{Effect: Deny}]}";
    let text = format!(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters: {{Name: {{Type: String}}, Known: {{Type: String, Default: x}}}}
Conditions: {{Known: !Equals [!Ref Known, x]}}
Resources:
  A: {{Type: AWS::S3::Bucket}}
  B: {{Type: AWS::S3::Bucket}}
  C: {{Type: AWS::S3::Bucket, Properties: {{BucketName: !Sub "shop-${{AWS::AccountId}}"}}}}
  D: {{Type: AWS::S3::Bucket, Properties: {{BucketName: !Ref Name}}}}
  E: {{Type: AWS::S3::Bucket, Properties: {{BucketName: logs}}}}
  F: {{Type: AWS::S3::Bucket}}
  OfB: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !If [Known, !Ref B, !Ref A], {document}}}}}
  OfC: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !Sub "shop-${{AWS::AccountId}}", {document}}}}}
  OfD: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: !Ref Name, {document}}}}}
  OfE: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: logs, {document}}}}}
"#
    );
    let made = template(&text, &[]);
    let written = "\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Deny\\\"}]}\"";
    for (id, expected) in [("A", "null"), ("B", written), ("C", written), ("D", written), ("E", written), ("F", "null")]
    {
        assert_eq!(fact(&made, id, POLICY_TEXT), expected, "{id}");
    }
    // A name that is built of another's is not that other's.
    let built = text.replace("Bucket: logs,", "Bucket: !Sub \"${F}-logs\",");
    let made = template(&built, &[]);
    assert_eq!(fact(&made, "F", POLICY_TEXT), "null");
    assert!(is_vague(&made, "E", POLICY), "it could come to any name that is given");
}

/// The buckets of which the policy in a template may be a part.
fn vague_of(made: &Undeployed) -> Vec<String> {
    let ids = made.snapshot.items().iter().map(|item| item.key.resource_id.rsplit('#').next().unwrap().to_owned());
    ids.filter(|id| is_vague(made, id, POLICY)).collect()
}

#[test]
fn a_part_that_is_named_by_what_another_resource_gives_is_not_lost() {
    let of = |buckets: &str, named: &str| {
        template(
            &format!(
                "Resources:\n  Gen: {{Type: Custom::Names, Properties: {{Of: x}}}}\n  GenOfC: {{Type: Custom::Names, \
                 Properties: {{Of: !Ref C}}}}\n  Version: {{Type: AWS::Some::Version, Properties: {{Of: !Ref C}}}}\n  \
                 C: {{Type: AWS::S3::Bucket}}\n  D: {{Type: AWS::S3::Bucket, Properties: {{BucketName: d}}}}\n  {buckets}\n  \
                 P: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: {named}, PolicyDocument: {{Statement: []}}}}}}\n"
            ),
            &[],
        )
    };
    let same = "B: {Type: AWS::S3::Bucket, Properties: {BucketName: !GetAtt Gen.Name}}";
    let made = of(same, "!GetAtt Gen.Name");
    assert_eq!(fact(&made, "B", POLICY_TEXT), "\"{\\\"Statement\\\":[]}\"", "both have the same name");
    assert!(vague_of(&made).is_empty());
    assert_eq!(vague_of(&of(same, "!GetAtt Gen.Other")), ["B", "D"], "what is given a name may be given that");
    assert_eq!(vague_of(&of(same, "!GetAtt GenOfC.Name")), ["B", "C", "D"], "code may look a name up");
    assert_eq!(vague_of(&of(same, "!Ref Version")), ["C"], "what AWS makes of a resource is of that");
    let built = of(same, "!Sub \"${C.Name}-logs\"");
    assert_eq!(vague_of(&built), ["B", "D"], "a name that is built of another's is not that other's");
    assert_eq!(fact(&built, "C", POLICY_TEXT), "null");
}

#[test]
fn an_arn_holds_the_name_of_the_resource() {
    let of = |named: &str| {
        let made = template(
            &format!(
                "Parameters: {{X: {{Type: String}}}}\nResources:\n  F: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: f}}}}\n  \
                 G: {{Type: AWS::Lambda::Function}}\n  H: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: h}}}}\n  \
                 P: {{Type: AWS::Lambda::Permission, Properties: {{FunctionName: {named}, Principal: \"*\", Action: a}}}}\n"
            ),
            &[],
        );
        let is_of = |id: &&str| fact(&made, id, "/supplementaryConfiguration/Policy") != "null";
        ["F", "G", "H"]
            .into_iter()
            .filter(is_of)
            .map(|id| {
                let certainly = if is_vague(&made, id, "/supplementaryConfiguration/Policy") { "perhaps " } else { "" };
                format!("{certainly}{id}")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(of("f"), ["F"]);
    for named in ["\"arn:aws:lambda:eu-west-1:111122223333:function:f\"", "\"f:prod\"", "\"111122223333:f\""] {
        assert_eq!(of(named), ["perhaps F"], "{named}");
    }
    assert_eq!(
        of("!Sub \"arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${G}\""),
        ["perhaps F", "perhaps G", "perhaps H"]
    );
    assert!(of("\"arn:aws:lambda:eu-west-1:111122223333:function:other\"").is_empty());
    assert_eq!(of("!Ref X"), ["perhaps F", "perhaps G", "perhaps H"]);
}

#[test]
fn a_part_of_a_plan_that_is_named_by_what_is_made_is_not_lost() {
    let plan = |policy: (Json, Json), expression: Json| {
        made_of_plan(&json!({
            "format_version": "1.2",
            "resource_changes": [
                change("random_id.x", json!({}), json!({"hex": true})),
                change("aws_s3_bucket.b", json!({}), json!({"bucket": true, "id": true})),
                change("aws_s3_bucket.c", json!({"bucket": "c"}), json!({"id": true})),
                change("aws_s3_bucket.unnamed", json!({}), json!({"bucket": true, "id": true})),
                change("aws_s3_bucket_policy.p", policy.0, policy.1),
            ],
            "configuration": {"root_module": {"resources": [
                written("random_id", "x", json!({})),
                written("aws_s3_bucket", "b", json!({"bucket": refers(&["random_id.x.hex", "random_id.x"])})),
                written("aws_s3_bucket", "c", json!({"bucket": {}})),
                written("aws_s3_bucket", "unnamed", json!({})),
                written("aws_s3_bucket_policy", "p", json!({"bucket": expression})),
            ]}},
        }))
    };
    let unknown = || (json!({"policy": "{}"}), json!({"bucket": true}));
    let random = refers(&["random_id.x.hex", "random_id.x"]);
    let made = plan(unknown(), random);
    assert_eq!(vague_of(&made), ["aws_s3_bucket.b", "aws_s3_bucket.c"], "nobody gave the third one a name");
    for expression in [refers(&["local.name"]), refers(&["data.aws_x.y.name"]), refers(&["module.m.name"])] {
        assert_eq!(vague_of(&plan(unknown(), expression)).len(), 3);
    }
    let made = plan(unknown(), refers(&["aws_s3_bucket.unnamed.id", "aws_s3_bucket.unnamed"]));
    assert_eq!(fact(&made, "aws_s3_bucket.unnamed", POLICY_TEXT), "\"{}\"");
    assert!(vague_of(&made).is_empty());
    // One of both, or a name that is built of them.
    let made = plan(unknown(), refers(&["aws_s3_bucket.unnamed.id", "random_id.x.hex"]));
    assert_eq!(vague_of(&made), ["aws_s3_bucket.b", "aws_s3_bucket.c", "aws_s3_bucket.unnamed"]);
    // A text that is known is no name of what it is built of.
    let made = plan(
        (json!({"policy": "{}", "bucket": "c-logs"}), json!({})),
        refers(&["aws_s3_bucket.c.bucket", "aws_s3_bucket.c"]),
    );
    assert_eq!(fact(&made, "aws_s3_bucket.c", POLICY_TEXT), "absent");
    assert_eq!(vague_of(&made), ["aws_s3_bucket.b", "aws_s3_bucket.c"]);
}

#[test]
fn a_part_that_may_not_be_made_is_no_fact() {
    let made = template(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters: {S: {Type: String}}
Conditions: {Maybe: !Equals [!Ref S, x], Other: !Equals [!Ref S, y]}
Resources:
  A: {Type: AWS::S3::Bucket}
  B: {Type: AWS::S3::Bucket, Condition: Maybe}
  OfA: {Type: AWS::S3::BucketPolicy, Condition: Maybe, Properties: {Bucket: !Ref A, PolicyDocument: {}}}
  OfB: {Type: AWS::S3::BucketPolicy, Condition: Maybe, Properties: {Bucket: !Ref B, PolicyDocument: {}}}
"#,
        &[],
    );
    assert!(is_vague(&made, "A", POLICY), "{}", fact(&made, "A", POLICY));
    assert_eq!(fact(&made, "B", POLICY_TEXT), "\"{}\"", "both are made, or none");
}

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
    assert_eq!((alone.warnings.len(), alone.not_covered.len()), (0, 1));
}

/// A bucket, and its versioning in a module to which the bucket's id is handed.
fn plan_of_modules(given: Json) -> Json {
    let versioning = |address: &str| {
        change(address, json!({"versioning_configuration": [{"status": "Enabled"}]}), json!({"bucket": true}))
    };
    json!({
        "format_version": "1.2",
        "resource_changes": [
            change("aws_s3_bucket.a", json!({"bucket": "a"}), json!({"id": true})),
            change("aws_s3_bucket.b", json!({}), json!({"id": true, "bucket": true})),
            versioning("module.v.aws_s3_bucket_versioning.this"),
        ],
        "configuration": {"root_module": {
            "resources": [written("aws_s3_bucket", "a", json!({"bucket": {}})), written("aws_s3_bucket", "b", json!({}))],
            "module_calls": {"v": {
                "expressions": {"bucket": given},
                "module": {"resources": [
                    written("aws_s3_bucket_versioning", "this", json!({"bucket": refers(&["var.bucket"])})),
                ]},
            }},
        }},
    })
}

#[test]
fn variables_of_modules_are_followed_to_their_callers() {
    let made = made_of_plan(&plan_of_modules(refers(&["aws_s3_bucket.b.id", "aws_s3_bucket.b"])));
    assert_eq!(fact(&made, "aws_s3_bucket.b", STATUS), "\"Enabled\"");
    assert_eq!(fact(&made, "aws_s3_bucket.a", STATUS), "\"Off\"");
    for given in [refers(&["local.bucket"]), refers(&["data.aws_ssm_parameter.bucket"])] {
        let made = made_of_plan(&plan_of_modules(given));
        for id in ["aws_s3_bucket.a", "aws_s3_bucket.b"] {
            assert!(is_vague(&made, id, VERSIONING), "{id} {}", fact(&made, id, VERSIONING));
        }
    }
    // One of both, by a condition.
    let made = made_of_plan(&plan_of_modules(refers(&["var.x", "aws_s3_bucket.a.id", "aws_s3_bucket.b.id"])));
    assert!(is_vague(&made, "aws_s3_bucket.a", VERSIONING) && is_vague(&made, "aws_s3_bucket.b", VERSIONING));
}

#[test]
fn outputs_of_modules_and_each_of_them_are_followed() {
    let bucket = |key: &str| {
        change(&format!("module.m[\"{key}\"].aws_s3_bucket.this"), json!({}), json!({"id": true, "bucket": true}))
    };
    let versioning = |key: &str, status: &str| {
        let mut change = change(
            "aws_s3_bucket_versioning.v",
            json!({"versioning_configuration": [{"status": status}]}),
            json!({"bucket": true}),
        );
        change["address"] = json!(format!("aws_s3_bucket_versioning.v[\"{key}\"]"));
        change
    };
    let mut v = written("aws_s3_bucket_versioning", "v", json!({"bucket": refers(&["each.value.id", "each.value"])}));
    v["for_each_expression"] = refers(&["module.m"]);
    let plan = |bucket_expression: Json, for_each: Json| {
        let mut v = v.clone();
        v["expressions"]["bucket"] = bucket_expression;
        v["for_each_expression"] = for_each;
        json!({
            "format_version": "1.2",
            "resource_changes": [bucket("x"), bucket("y"), versioning("x", "Enabled"), versioning("y", "Suspended")],
            "configuration": {"root_module": {
                "resources": [v],
                "module_calls": {"m": {
                    "for_each_expression": {"constant_value": ["x", "y"]},
                    "module": {
                        "outputs": {"id": {"expression": refers(&["aws_s3_bucket.this.id", "aws_s3_bucket.this"])}},
                        "resources": [written("aws_s3_bucket", "this", json!({}))],
                    },
                }},
            }},
        })
    };
    let told = |made: &Undeployed| {
        ["x", "y"].map(|key| fact(made, &format!("module.m[\"{key}\"].aws_s3_bucket.this"), STATUS))
    };
    let named = refers(&["module.m[\"x\"].id", "module.m[\"x\"]", "module.m"]);
    let made = made_of_plan(&plan(named, Json::Null));
    assert_eq!(told(&made)[1], "\"Off\"", "both speak of the first");
    // A key says which one, and is not known here.
    let made = made_of_plan(&plan(refers(&["module.m", "each.key"]), refers(&["module.m"])));
    for key in ["x", "y"] {
        assert!(is_vague(&made, &format!("module.m[\"{key}\"].aws_s3_bucket.this"), VERSIONING), "{key}");
    }
}

#[test]
fn a_list_of_names_makes_one_part_of_many() {
    let made = template(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters: {Who: {Type: String}}
Resources:
  U: {Type: AWS::IAM::User}
  V: {Type: AWS::IAM::User, Properties: {UserName: v}}
  W: {Type: AWS::IAM::User}
  P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, PolicyDocument: {}, Users: [!Ref U, v]}}
  G: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: admins, Users: [!Ref U]}}
"#,
        &[],
    );
    for (id, path, expected) in [
        ("U", "/configuration/userPolicyList/0/policyName", "\"p\""),
        ("V", "/configuration/userPolicyList/0/policyName", "\"p\""),
        ("W", "/configuration/userPolicyList", "[]"),
        ("U", "/configuration/groupList", "[\"admins\"]"),
        ("V", "/configuration/groupList", "[]"),
    ] {
        assert_eq!(fact(&made, id, path), expected, "{id} {path}");
    }
    let plan = |users: Json, expression: Json| {
        json!({
            "format_version": "1.2",
            "resource_changes": [
                change("aws_iam_user.u", json!({"name": "u"}), json!({"id": true})),
                change("aws_iam_user.v", json!({"name": "v"}), json!({"id": true})),
                change("aws_iam_policy_attachment.p", json!({"users": users, "policy_arn": "arn:aws:iam::aws:policy/X"}), json!({})),
                change("aws_iam_user_group_membership.m", json!({"user": "u", "groups": ["admins"]}), json!({})),
            ],
            "configuration": {"root_module": {"resources": [
                written("aws_iam_policy_attachment", "p", json!({"users": expression})),
            ]}},
        })
    };
    let made = made_of_plan(&plan(json!(["u"]), json!({})));
    assert_eq!(
        fact(&made, "aws_iam_user.u", "/configuration/attachedManagedPolicies/0/policyArn"),
        "\"arn:aws:iam::aws:policy/X\""
    );
    assert_eq!(fact(&made, "aws_iam_user.v", "/configuration/attachedManagedPolicies"), "[]");
    assert_eq!(fact(&made, "aws_iam_user.u", "/configuration/groupList"), "[\"admins\"]");
    assert_eq!(fact(&made, "aws_iam_user.v", "/configuration/groupList"), "[]");
}

#[test]
fn tags_of_the_provider_are_read_too() {
    let plan = |after: Json, unknown: Json, provider: Json| {
        let mut volume = written("aws_ebs_volume", "v", json!({"size": {}}));
        volume["provider_config_key"] = json!("aws.other");
        json!({
            "format_version": "1.2",
            "resource_changes": [change("aws_ebs_volume.v", after, unknown)],
            "configuration": {"provider_config": {"aws.other": provider}, "root_module": {"resources": [volume]}},
            "variables": {"region": {"value": "eu-west-1"}},
        })
    };
    let provider = json!({"expressions": {"region": refers(&["var.region"])}});
    let with_tags = json!({"expressions": {"default_tags": [{"tags": refers(&["var.tags"])}],
        "assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::111122223333:role/deploy"}}]}});
    let own = json!({"tags": {"Owner": "me"}});
    let of = |after: &Json, unknown: Json, provider: &Json| {
        fact(&made_of_plan(&plan(after.clone(), unknown, provider.clone())), "aws_ebs_volume.v", "/tags/Owner")
    };
    let both = json!({"tags": null, "tags_all": {"Owner": "default"}});
    assert_eq!(of(&both, json!({}), &with_tags), "\"default\"");
    assert_eq!(of(&own, json!({"tags_all": true}), &provider), "\"me\"", "there are no others");
    let made = made_of_plan(&plan(own, json!({"tags_all": true}), with_tags));
    assert!(
        fact(&made, "aws_ebs_volume.v", "/tags").starts_with("Unresolved"),
        "{}",
        fact(&made, "aws_ebs_volume.v", "/tags")
    );
    assert_eq!(&*made.snapshot.items()[0].key.account_id, "111122223333");
    let made = made_of_plan(&plan(json!({}), json!({}), provider));
    assert_eq!(&*made.snapshot.items()[0].key.region, "eu-west-1");
    let place = snapshot::Place {
        account_id: "000000000000".into(),
        aws_region: "eu-west-1".into(),
        resource_type: "AWS::EC2::Volume".into(),
    };
    assert_eq!(made.snapshot.listing(&place).unwrap_err().code, code::NOT_IN_TEMPLATES);
}

#[test]
fn globals_of_sam_are_properties_of_each() {
    let made = template(
        "Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {MemorySize: 1024, Timeout: 30, Tags: {Owner: me, Stage: all}, VpcConfig: {SubnetIds: [a]}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Timeout: 5, Tags: {Stage: own}, VpcConfig: {SubnetIds: [b]}}}
  G: {Type: AWS::Serverless::Function}
",
        &[],
    );
    for (id, path, expected) in [
        ("F", "/configuration/memorySize", "1024"),
        ("F", "/configuration/timeout", "5"),
        ("F", "/tags", "{\"Owner\":\"me\",\"Stage\":\"own\"}"),
        ("F", "/configuration/vpcConfig/subnetIds", "[\"a\",\"b\"]"),
        ("G", "/configuration/timeout", "30"),
    ] {
        assert_eq!(fact(&made, id, path), expected, "{id} {path}");
    }
}

#[test]
fn what_a_source_decides_has_no_default() {
    let encrypted = "/configuration/storageEncrypted";
    let kept = "/configuration/backupRetentionPeriod";
    let upgraded = "/configuration/autoMinorVersionUpgrade";
    let source = "Unresolved: known only after deployment: what the instance is made of";
    for (property, told) in [
        ("Engine", ["false", "1", "true"]),
        ("DBClusterIdentifier", [source, source, "true"]),
        ("DBSnapshotIdentifier", [source; 3]),
        ("DBClusterSnapshotIdentifier", [source; 3]),
        ("SourceDBInstanceIdentifier", [source; 3]),
        ("SourceDbiResourceId", [source; 3]),
        ("SourceDBInstanceAutomatedBackupsArn", [source; 3]),
        ("SourceDBClusterIdentifier", [source; 3]),
    ] {
        let properties = format!("{property}: x");
        let made =
            template(&format!("Resources: {{D: {{Type: AWS::RDS::DBInstance, Properties: {{{properties}}}}}}}"), &[]);
        assert_eq!([encrypted, kept, upgraded].map(|path| fact(&made, "D", path)), told, "{property}");
        let written = "StorageEncrypted: true, BackupRetentionPeriod: 7, AutoMinorVersionUpgrade: false";
        let made = template(
            &format!("Resources: {{D: {{Type: AWS::RDS::DBInstance, Properties: {{{properties}, {written}}}}}}}"),
            &[],
        );
        assert_eq!(
            [encrypted, kept, upgraded].map(|path| fact(&made, "D", path)),
            ["true", "7", "false"],
            "{property}"
        );
    }
    let unknown = "Parameters: {X: {Type: String}}\nConditions: {C: !Equals [!Ref X, y]}\nResources: {D: {Type: AWS::RDS::DBInstance, \
                   Properties: {DBSnapshotIdentifier: !If [C, s, !Ref AWS::NoValue]}}}";
    assert_eq!(fact(&template(unknown, &[]), "D", kept), "Unresolved: known only after deployment: condition C");
    let text = "Resources: {V: {Type: AWS::EC2::Volume, Properties: {SnapshotId: snap-1}}, W: {Type: AWS::EC2::Volume, \
                Properties: {SnapshotId: !ImportValue s, Encrypted: true}}}";
    let made = template(text, &[]);
    assert_eq!(fact(&made, "V", "/configuration/encrypted"), "absent");
    assert_eq!(fact(&made, "W", "/configuration/encrypted"), "true", "in every case");
    let plan = |name: &str, value: &Json, unknown: Json| {
        made_of_plan(&json!({
            "format_version": "1.2",
            "resource_changes": [change("aws_db_instance.d", json!({name: value}), unknown)],
            "configuration": {"root_module": {"resources": [written("aws_db_instance", "d", json!({name: {}}))]}},
        }))
    };
    for (name, value, days) in [
        ("snapshot_identifier", json!("s"), source),
        ("replicate_source_db", json!("db-1"), source),
        ("restore_to_point_in_time", json!([{"use_latest_restorable_time": true}]), source),
        ("s3_import", json!([{"bucket_name": "b"}]), "0"),
    ] {
        let made = plan(name, &value, json!({}));
        assert_eq!([encrypted, kept].map(|path| fact(&made, "aws_db_instance.d", path)), [source, days], "{name}");
        let made = plan(name, &json!([]), json!({}));
        assert_eq!([encrypted, kept].map(|path| fact(&made, "aws_db_instance.d", path)), ["false", "0"], "{name}");
        // The provider computes what nobody wrote.
        let made = plan(name, &value, json!({"backup_retention_period": true}));
        let told = fact(&made, "aws_db_instance.d", kept);
        assert_eq!(told.starts_with("Unresolved"), days == source, "{name} {told}");
    }
}

#[test]
fn where_the_material_of_a_key_comes_from_follows_from_its_store() {
    for (arguments, origin) in [
        (json!({"description": "k"}), "AWS_KMS"),
        (json!({"custom_key_store_id": null, "xks_key_id": ""}), "AWS_KMS"),
        (json!({"custom_key_store_id": "cks-1"}), "AWS_CLOUDHSM"),
        (json!({"custom_key_store_id": "cks-1", "xks_key_id": "x"}), "EXTERNAL_KEY_STORE"),
    ] {
        let plan =
            json!({"format_version": "1.2", "resource_changes": [change("aws_kms_key.k", arguments, json!({}))]});
        assert_eq!(fact(&made_of_plan(&plan), "aws_kms_key.k", "/configuration/origin"), format!("\"{origin}\""));
    }
}

#[test]
fn an_element_whose_label_is_not_known_is_not_lost() {
    let rules = "/supplementaryConfiguration/BucketReplicationConfiguration/rules";
    let made = |rules: Json, unknown: Json| {
        made_of_plan(&json!({"format_version": "1.2", "resource_changes": [
            change("aws_s3_bucket.b", json!({"bucket": "b"}), json!({})),
            change("aws_s3_bucket_replication_configuration.b", json!({"bucket": "b", "rule": rules}), json!({"rule": unknown})),
        ]}))
    };
    let two = |first: Json, second: Json| made(json!([first, second]), json!([{"id": true}, {}]));
    let off = json!({"status": "Disabled"});
    let told = two(off.clone(), json!({"id": "a", "status": "Enabled"}));
    assert_eq!(fact(&told, "aws_s3_bucket.b", &format!("{rules}/0/status")), "\"Disabled\"");
    assert_eq!(fact(&told, "aws_s3_bucket.b", &format!("{rules}/a/status")), "\"Enabled\"");
    let told = two(off, json!({"id": "0", "status": "Enabled"}));
    assert_eq!(
        fact(&told, "aws_s3_bucket.b", rules),
        "Unresolved: known only after deployment: the name of an element",
        "one would take the other's place"
    );
}

#[test]
fn a_policy_that_is_given_no_name_goes_by_its_logical_id() {
    let made = template(
        "Resources:\n  U: {Type: AWS::IAM::User}\n  P: {Type: AWS::IAM::ManagedPolicy, Properties: {Users: [!Ref U], PolicyDocument: {}}}\n  \
         Q: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: q, Users: [!Ref U], PolicyDocument: {}}}\n",
        &[],
    );
    let attached = "/configuration/attachedManagedPolicies";
    assert_eq!(fact(&made, "U", &format!("{attached}/0/policyName")), "\"P\"");
    assert_eq!(fact(&made, "U", &format!("{attached}/1/policyName")), "\"q\"");
    assert!(
        fact(&made, "U", &format!("{attached}/0/policyArn")).starts_with("Unresolved"),
        "no rule takes it for another's"
    );
}

#[test]
fn grants_within_a_bucket_count() {
    let grant = json!([{"type": "Group", "uri": "http://acs.amazonaws.com/groups/global/AllUsers", "permissions": ["READ", "WRITE"]}]);
    let list = "/supplementaryConfiguration/AccessControlList/grantList";
    let plan = |grant: Json| json!({"format_version": "1.2", "resource_changes": [change("aws_s3_bucket.b", json!({"grant": grant, "versioning": []}), json!({}))]});
    let made = made_of_plan(&plan(grant));
    assert_eq!(
        fact(&made, "aws_s3_bucket.b", list),
        "[{\"grantee\":\"AllUsers\",\"permission\":\"Read\"},{\"grantee\":\"AllUsers\",\"permission\":\"Write\"}]"
    );
    let made = made_of_plan(&plan(json!([])));
    assert_eq!(fact(&made, "aws_s3_bucket.b", list), "[{\"grantee\":{},\"permission\":\"FullControl\"}]");
}

#[test]
fn a_plan_of_nothing_is_one() {
    let made = made_of_plan(&json!({"format_version": "1.2", "planned_values": {"root_module": {}}}));
    assert!(made.snapshot.items().is_empty());
}

#[test]
fn names_that_are_made_of_names_end() {
    let made = template("Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref A}}}", &[]);
    assert_eq!(fact(&made, "A", "/configuration/name"), "Unresolved: known only after deployment: Ref A");
    // Each twice the one before: 2^30 texts, if they were made.
    let mut text = "Resources:\n  B0: {Type: AWS::S3::Bucket, Properties: {BucketName: b}}\n".to_owned();
    for at in 1..=30 {
        let name = format!("!Sub \"${{B{0}}}${{B{0}}}\"", at - 1);
        writeln!(text, "  B{at}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}}}}}").unwrap();
    }
    let made = template(&text, &[]);
    assert_eq!(fact(&made, "B3", "/configuration/name"), "\"bbbbbbbb\"");
    assert_eq!(
        fact(&made, "B17", "/configuration/name"),
        "Unresolved: known only after deployment: a text that is too long"
    );
    // Asked for twice at each level, that would be 2^40 questions.
    let deeper = |inner: String, _| format!("{{Fn::And: [{{Condition: Unknown}}, {inner}]}}");
    let deep = (0..40).fold("{Condition: Unknown}".to_owned(), deeper);
    let text = format!(
        "Parameters: {{K: {{Type: String}}}}\nConditions:\n  Unknown: !Equals [!Ref K, x]\n  Deep: {deep}\n\
         Resources: {{V: {{Type: AWS::EC2::Volume, Properties: {{Encrypted: !If [Deep, true, false]}}}}}}\n"
    );
    let made = template(&text, &[]);
    assert_eq!(fact(&made, "V", "/configuration/encrypted"), "Unresolved: known only after deployment: condition Deep");
}
