//! Events that somebody should be told of, by name: those that the CIS benchmark for AWS asks to be monitored (its part 4),
//! each as the calls that CloudTrail would record. What a filter's pattern is worth is found out by running it on them.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::{Value, json};

/// A kind of event, after the benchmark's controls 4.1 to 4.15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// 4.3: the root user signs in
    RootSignIn,
    /// 4.1: a call is refused for want of permission
    UnauthorizedCalls,
    /// 4.2: somebody signs in to the console without a second factor
    SignInWithoutMfa,
    /// 4.4: an IAM policy changes
    IamPolicyChanges,
    /// 4.5: a trail changes, or stops
    TrailChanges,
    /// 4.6: a sign-in to the console fails
    FailedSignIns,
    /// 4.7: a KMS key is disabled, or is going to be deleted
    KeyDeletion,
    /// 4.8: the policy of a bucket changes
    BucketPolicyChanges,
    /// 4.9: AWS Config changes, or stops
    ConfigChanges,
    /// 4.10: a security group changes
    SecurityGroupChanges,
    /// 4.11: a network ACL changes
    NetworkAclChanges,
    /// 4.12: a gateway to other networks changes
    GatewayChanges,
    /// 4.13: a route table changes
    RouteTableChanges,
    /// 4.14: a VPC changes
    VpcChanges,
    /// 4.15: the organization changes
    OrganizationChanges,
}

/// What is looked for under one name.
pub(super) struct Sought {
    /// The event in a sentence: `no metric filter counts …`.
    pub(super) what: String,
    /// The event, as CloudTrail records it.
    pub(super) wanted: Value,
    /// A like event that a filter of this kind does not count.
    pub(super) unlike: Option<Value>,
}

impl Kind {
    /// The events of this kind, by name. Each has to be counted by some filter; which calls they are is the benchmark's.
    pub(super) fn events(self) -> BTreeMap<String, Sought> {
        let one = |name: &str, what: &str, wanted: Value, unlike: Value| {
            let sought = Sought { what: what.to_owned(), wanted, unlike: Some(unlike) };
            BTreeMap::from([(name.to_owned(), sought)])
        };
        match self {
            Self::RootSignIn => one(
                "ConsoleLogin",
                "sign-ins of the root user",
                sign_in("Root", true, true),
                sign_in("IAMUser", true, true),
            ),
            Self::SignInWithoutMfa => one(
                "ConsoleLogin",
                "sign-ins without a second factor",
                sign_in("IAMUser", true, false),
                sign_in("IAMUser", true, true),
            ),
            Self::FailedSignIns => {
                one("ConsoleLogin", "failed sign-ins", sign_in("IAMUser", false, true), sign_in("IAMUser", true, true))
            }
            Self::UnauthorizedCalls => {
                let refused = |source: &str, name: &str, code: &str| Sought {
                    what: format!("calls that end with {code}"),
                    wanted: with(call(source, name), "errorCode", code),
                    unlike: Some(call(source, name)),
                };
                BTreeMap::from([
                    ("AccessDenied".to_owned(), refused("iam", "CreateUser", "AccessDenied")),
                    (
                        "UnauthorizedOperation".to_owned(),
                        refused("ec2", "RunInstances", "Client.UnauthorizedOperation"),
                    ),
                ])
            }
            Self::IamPolicyChanges => calls("iam", &IAM),
            Self::TrailChanges => {
                calls("cloudtrail", &["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"])
            }
            Self::KeyDeletion => calls("kms", &["DisableKey", "ScheduleKeyDeletion"]),
            Self::BucketPolicyChanges => calls("s3", &S3),
            Self::ConfigChanges => calls("config", &CONFIG),
            Self::SecurityGroupChanges => calls("ec2", &SECURITY_GROUPS),
            Self::NetworkAclChanges => calls("ec2", &NETWORK_ACLS),
            Self::GatewayChanges => calls("ec2", &GATEWAYS),
            Self::RouteTableChanges => calls("ec2", &ROUTE_TABLES),
            Self::VpcChanges => calls("ec2", &VPCS),
            Self::OrganizationChanges => calls("organizations", &ORGANIZATIONS),
        }
    }
}

const IAM: [&str; 16] = [
    "DeleteGroupPolicy",
    "DeleteRolePolicy",
    "DeleteUserPolicy",
    "PutGroupPolicy",
    "PutRolePolicy",
    "PutUserPolicy",
    "CreatePolicy",
    "DeletePolicy",
    "CreatePolicyVersion",
    "DeletePolicyVersion",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "AttachGroupPolicy",
    "DetachGroupPolicy",
];

const S3: [&str; 9] = [
    "PutBucketAcl",
    "PutBucketPolicy",
    "PutBucketCors",
    "PutBucketLifecycle",
    "PutBucketReplication",
    "DeleteBucketPolicy",
    "DeleteBucketCors",
    "DeleteBucketLifecycle",
    "DeleteBucketReplication",
];

const CONFIG: [&str; 4] =
    ["StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"];

const SECURITY_GROUPS: [&str; 6] = [
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
    "CreateSecurityGroup",
    "DeleteSecurityGroup",
];

const NETWORK_ACLS: [&str; 6] = [
    "CreateNetworkAcl",
    "CreateNetworkAclEntry",
    "DeleteNetworkAcl",
    "DeleteNetworkAclEntry",
    "ReplaceNetworkAclEntry",
    "ReplaceNetworkAclAssociation",
];

const GATEWAYS: [&str; 6] = [
    "CreateCustomerGateway",
    "DeleteCustomerGateway",
    "AttachInternetGateway",
    "CreateInternetGateway",
    "DeleteInternetGateway",
    "DetachInternetGateway",
];

const ROUTE_TABLES: [&str; 7] = [
    "CreateRoute",
    "CreateRouteTable",
    "ReplaceRoute",
    "ReplaceRouteTableAssociation",
    "DeleteRouteTable",
    "DeleteRoute",
    "DisassociateRouteTable",
];

const VPCS: [&str; 11] = [
    "CreateVpc",
    "DeleteVpc",
    "ModifyVpcAttribute",
    "AcceptVpcPeeringConnection",
    "CreateVpcPeeringConnection",
    "DeleteVpcPeeringConnection",
    "RejectVpcPeeringConnection",
    "AttachClassicLinkVpc",
    "DetachClassicLinkVpc",
    "DisableVpcClassicLink",
    "EnableVpcClassicLink",
];

const ORGANIZATIONS: [&str; 18] = [
    "AcceptHandshake",
    "AttachPolicy",
    "CreateAccount",
    "CreateOrganizationalUnit",
    "CreatePolicy",
    "DeclineHandshake",
    "DeleteOrganization",
    "DeleteOrganizationalUnit",
    "DeletePolicy",
    "DetachPolicy",
    "DisablePolicyType",
    "EnablePolicyType",
    "InviteAccountToOrganization",
    "LeaveOrganization",
    "MoveAccount",
    "RemoveAccountFromOrganization",
    "UpdateOrganizationalUnit",
    "UpdatePolicy",
];

/// Calls of one service, each of which is an event of its own.
fn calls(service: &str, names: &[&str]) -> BTreeMap<String, Sought> {
    let sought = |name: &&str| Sought {
        what: format!("{service}:{name}"),
        wanted: call(service, name),
        unlike: Some(call("ec2", "DescribeInstances")),
    };
    names.iter().map(|name| ((*name).to_owned(), sought(name))).collect()
}

/// What CloudTrail records of a call that did what was asked
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).
fn call(service: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": "arn:aws:iam::111122223333:user/alice",
            "accountId": "111122223333",
            "accessKeyId": "ASIAEXAMPLE",
            "userName": "alice",
        },
        "eventTime": "2026-01-02T03:04:05Z",
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.0",
        "requestParameters": null,
        "responseElements": null,
        "requestID": "00000000-0000-0000-0000-000000000000",
        "eventID": "00000000-0000-0000-0000-000000000000",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    })
}

/// What CloudTrail records of a sign-in to the console
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>).
fn sign_in(kind: &str, succeeds: bool, second_factor: bool) -> Value {
    let event = json!({
        "eventVersion": "1.08",
        "userIdentity": {"type": kind, "principalId": "111122223333", "accountId": "111122223333", "accessKeyId": ""},
        "eventTime": "2026-01-02T03:04:05Z",
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "Mozilla/5.0",
        "requestParameters": null,
        "responseElements": {"ConsoleLogin": if succeeds { "Success" } else { "Failure" }},
        "additionalEventData": {
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": if second_factor { "Yes" } else { "No" },
        },
        "eventID": "00000000-0000-0000-0000-000000000000",
        "readOnly": false,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    });
    if succeeds { event } else { with(event, "errorMessage", "Failed authentication") }
}

/// The event with one member more.
fn with(mut event: Value, name: &str, text: &str) -> Value {
    if let Some(members) = event.as_object_mut() {
        members.insert(name.to_owned(), json!(text));
    }
    event
}
