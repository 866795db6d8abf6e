//! Resources that are parts of others: whose they are, and what may be said where that is not known.

#![expect(clippy::needless_pass_by_value, reason = "JSON is written where it is handed over")]

use std::fmt::Write as _;

use super::*;

pub(super) const STATUS: &str = "/supplementaryConfiguration/BucketVersioningConfiguration/status";
const VERSIONING: &str = "/supplementaryConfiguration/BucketVersioningConfiguration";
pub(super) const POLICY: &str = "/supplementaryConfiguration/BucketPolicy";
pub(super) const POLICY_TEXT: &str = "/supplementaryConfiguration/BucketPolicy/policyText";

/// Whether it is unreadable there because some part may be of any resource.
pub(super) fn is_vague(made: &Undeployed, id: &str, path: &str) -> bool {
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
pub(super) fn vague_of(made: &Undeployed) -> Vec<String> {
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
fn the_id_of_another_resource_is_nobody_elses() {
    let (of_stage, of_balancer) = ("/configuration/webAclArn", "/supplementaryConfiguration/WebACLArn");
    let told = |made: &Undeployed, stage: &str, balancer: &str| {
        [fact(made, stage, of_stage), fact(made, balancer, of_balancer)]
    };
    let vague = "Unresolved: known only after deployment: which resource ";
    let of = |arn: &str| {
        let made = template(
            &format!(
                "Resources:\n  L: {{Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {{Name: l}}}}\n  \
                 S: {{Type: AWS::ApiGateway::Stage, Properties: {{StageName: s}}}}\n  G: {{Type: AWS::AppSync::GraphQLApi}}\n  \
                 A: {{Type: AWS::WAFv2::WebACLAssociation, Properties: {{ResourceArn: {arn}, WebACLArn: x}}}}\n"
            ),
            &[],
        );
        told(&made, "S", "L")
    };
    assert_eq!(of("!Ref L"), ["absent", "\"x\""]);
    let arn = "!Sub \"arn:aws:apigateway:${AWS::Region}::/restapis/abc/stages/${S}\"";
    assert_eq!(of(arn)[0], "\"x\"");
    assert_eq!(of("!GetAtt G.Arn"), ["absent", "null"]);
    assert!(of("!GetAtt G.Other").iter().all(|told| told.starts_with(vague)));
    let plan = |reference: &str| {
        let block = reference.rsplit_once('.').unwrap().0;
        let made = made_of_plan(&json!({
            "format_version": "1.2",
            "resource_changes": [
                change("aws_lb.l", json!({"name": "l"}), json!({"arn": true})),
                change("aws_api_gateway_stage.s", json!({"stage_name": "s"}), json!({"arn": true})),
                change("aws_appsync_graphql_api.g", json!({"name": "g"}), json!({"arn": true})),
                change("aws_wafv2_web_acl_association.a", json!({"web_acl_arn": "x"}), json!({"resource_arn": true})),
            ],
            "configuration": {"root_module": {"resources": [
                written("aws_wafv2_web_acl_association", "a", json!({"resource_arn": refers(&[reference, block])})),
            ]}},
        }));
        told(&made, "aws_api_gateway_stage.s", "aws_lb.l")
    };
    assert_eq!(plan("aws_lb.l.arn"), ["absent", "\"x\""]);
    assert_eq!(plan("aws_api_gateway_stage.s.arn"), ["\"x\"", "null"]);
    assert_eq!(plan("aws_appsync_graphql_api.g.arn"), ["absent", "null"]);
    assert!(plan("aws_appsync_graphql_api.g.other").iter().all(|told| told.starts_with(vague)));
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
    let arn = "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function";
    assert_eq!(of(&format!("!Sub \"{arn}:${{G}}\"")), ["G"]);
    let all = ["perhaps F", "perhaps G", "perhaps H"];
    assert_eq!(
        of(&format!("!Sub \"{arn}:${{G}}:prod\"")),
        all,
        "what is said of a version is not said of the function"
    );
    assert!(of("\"arn:aws:lambda:eu-west-1:111122223333:function:other\"").is_empty());
    assert_eq!(of("!Ref X"), all);
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
fn parts_that_all_refer_to_each_other_are_followed_in_few_steps() {
    // From each of them there are 50 ways on: in five steps 3 * 10^8, from each, if all were gone.
    let names: Vec<String> = (0..50).map(|at| format!("p{at}")).collect();
    let all: Vec<String> =
        names.iter().flat_map(|name| [".id", ""].map(|end| format!("aws_s3_bucket_policy.{name}{end}"))).collect();
    let policies = names.iter().map(|name| {
        change(&format!("aws_s3_bucket_policy.{name}"), json!({"policy": "{}"}), json!({"bucket": true, "id": true}))
    });
    let expressions = |at: usize| {
        let bucket = ["aws_s3_bucket.a.id", "aws_s3_bucket.a"].into_iter().filter(|_| at == 0);
        refers(&all.iter().map(String::as_str).chain(bucket).collect::<Vec<_>>())
    };
    let resources = names.iter().enumerate();
    let made = made_of_plan(&json!({
        "format_version": "1.2",
        "resource_changes": policies
            .chain(["a", "b"].map(|name| change(&format!("aws_s3_bucket.{name}"), json!({}), json!({"id": true, "bucket": true}))))
            .collect::<Vec<_>>(),
        "configuration": {"root_module": {"resources": resources
            .map(|(at, name)| written("aws_s3_bucket_policy", name, json!({"bucket": expressions(at)})))
            .chain(["a", "b"].map(|name| written("aws_s3_bucket", name, json!({}))))
            .collect::<Vec<_>>()}},
    }));
    assert_eq!(vague_of(&made), ["aws_s3_bucket.a"]);
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
