//! Items as they are in accounts, for what measures how fast they are judged. Not of the library: nothing is judged by it.

#![allow(dead_code, reason = "each of the programs that share this file uses a part of it")]
#![expect(clippy::indexing_slicing, reason = "what measures may fail")]

pub(crate) mod every_type;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use assize::item::ConfigurationItem;
use assize::rule::RuleSet;
use assize::snapshot::{About, Place, Snapshot};
use serde_json::{Value, json};

/// The account of all items.
const ACCOUNT: &str = "111122223333";

/// The region of those that are in one.
const REGION: &str = "eu-west-1";

/// When all of them were captured.
const NOW: &str = "2026-03-01T00:00:00.000Z";

/// In the shares that accounts have: many snapshots and volumes, few keys. As many as no other count below is a part of,
/// so that each kind comes in all its varieties.
const KINDS: [fn(usize) -> Value; 37] = [
    snapshot_item,
    snapshot_item,
    snapshot_item,
    snapshot_item,
    snapshot_item,
    snapshot_item,
    snapshot_item,
    snapshot_item,
    snapshot_item,
    snapshot_item,
    volume,
    volume,
    volume,
    volume,
    volume,
    volume,
    volume,
    instance,
    instance,
    instance,
    instance,
    security_group,
    security_group,
    security_group,
    bucket,
    bucket,
    user,
    user,
    policy,
    policy,
    policy,
    function,
    function,
    function,
    database,
    key,
    vpc,
];

/// Where the instances stand among the kinds, and how many they are: volumes are attached to them.
const FIRST_INSTANCE: usize = 17;
const INSTANCES: usize = 4;

/// The nth item.
pub(crate) fn item(n: usize) -> Value {
    let kind = KINDS[n % KINDS.len()];
    let mut item = kind(n);
    for (name, value) in [
        ("awsAccountId", ACCOUNT),
        ("configurationItemVersion", "1.3"),
        ("configurationItemCaptureTime", NOW),
        ("configurationItemStatus", "ResourceDiscovered"),
        ("configurationStateMd5Hash", ""),
        ("resourceCreationTime", "2024-11-05T09:12:33.000Z"),
    ] {
        item[name] = value.into();
    }
    item["configurationStateId"] = 1_772_323_200_000_i64.into();
    item["tags"] = json!({"Name": format!("item {n}"), "Environment": if n.is_multiple_of(3) { "production" } else { "test" }, "Team": "payments"});
    item
}

/// What the snapshot is of.
pub(crate) fn about() -> About {
    let looked_up = RuleSet::builtin().looked_up();
    let kinds = (0..KINDS.len()).map(|n| item(n)["resourceType"].as_str().unwrap_or_default().to_owned());
    // Of what the rules look for beside these there is nothing, and that is known.
    let kinds: BTreeSet<String> = kinds.chain(looked_up.iter().map(ToString::to_string)).collect();
    let mut listings: Vec<Place> = kinds
        .iter()
        .flat_map(|kind| {
            [REGION, "global"].map(|region| Place {
                account_id: ACCOUNT.into(),
                aws_region: region.into(),
                resource_type: kind.as_str().into(),
            })
        })
        .collect();
    listings.sort();
    About {
        captured_at: NOW.to_owned(),
        source: "account".to_owned(),
        accounts: vec![ACCOUNT.to_owned()],
        regions: vec![REGION.to_owned()],
        listings,
        ..About::default()
    }
}

/// A snapshot of this many items.
///
/// # Panics
/// When an item is none.
pub(crate) fn snapshot(count: usize) -> Arc<Snapshot> {
    let items = (0..count).map(|n| {
        let item: ConfigurationItem = serde_json::from_value(item(n)).expect("it is a configuration item");
        item
    });
    Arc::new(Snapshot::new(about(), items.collect()))
}

fn id(prefix: &str, n: usize) -> String {
    format!("{prefix}-{:017x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4)
}

fn key_arn(n: usize) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-{:012}", n % 40)
}

fn volume(n: usize) -> Value {
    // The instances of the same round of kinds. At the end of a count that is no whole number of rounds one is missing,
    // as one that was just terminated is in an account.
    let instance = n - n % KINDS.len() + FIRST_INSTANCE + n % INSTANCES;
    let (volume, instance) = (id("vol", n), id("i", instance));
    let encrypted = !n.is_multiple_of(7);
    json!({
        "resourceType": "AWS::EC2::Volume",
        "resourceId": volume,
        "ARN": format!("arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"),
        "awsRegion": REGION,
        "availabilityZone": "eu-west-1b",
        "relationships": [{"resourceType": "AWS::EC2::Instance", "resourceId": instance, "name": "Is attached to Instance"}],
        "configuration": {
            "attachments": [{
                "attachTime": "2024-11-05T09:12:33.000Z", "device": "/dev/xvda", "instanceId": instance, "state": "attached",
                "volumeId": volume, "deleteOnTermination": true,
            }],
            "availabilityZone": "eu-west-1b", "createTime": "2024-11-05T09:12:33.000Z", "encrypted": encrypted,
            "kmsKeyId": if encrypted { key_arn(n).into() } else { Value::Null },
            "size": 8 + n % 500, "snapshotId": id("snap", n), "state": "in-use", "volumeId": volume, "iops": 3_000,
            "tags": [{"key": "Name", "value": "data"}], "volumeType": "gp3", "multiAttachEnabled": false, "throughput": 125,
        },
    })
}

fn instance(n: usize) -> Value {
    let instance = id("i", n);
    json!({
        "resourceType": "AWS::EC2::Instance",
        "resourceId": instance,
        "ARN": format!("arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{instance}"),
        "awsRegion": REGION,
        "availabilityZone": "eu-west-1b",
        "relationships": [
            {"resourceType": "AWS::EC2::SecurityGroup", "resourceId": id("sg", n), "name": "Is associated with SecurityGroup"},
            {"resourceType": "AWS::EC2::Subnet", "resourceId": id("subnet", n % 9), "name": "Is contained in Subnet"},
            {"resourceType": "AWS::EC2::VPC", "resourceId": id("vpc", n % 3), "name": "Is contained in Vpc"},
        ],
        "configuration": {
            "instanceId": instance, "imageId": id("ami", n % 20), "instanceType": "m7g.large", "architecture": "arm64",
            "state": {"code": 16, "name": "running"}, "privateIpAddress": "10.0.3.7", "privateDnsName": "ip-10-0-3-7",
            "subnetId": id("subnet", n % 9), "vpcId": id("vpc", n % 3), "ebsOptimized": true, "enaSupport": true,
            "metadataOptions": {
                "state": "applied", "httpTokens": if n.is_multiple_of(5) { "optional" } else { "required" },
                "httpPutResponseHopLimit": 2, "httpEndpoint": "enabled", "instanceMetadataTags": "disabled",
            },
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeId": id("vol", n), "status": "attached"}}],
            "securityGroups": [{"groupId": id("sg", n), "groupName": "web"}],
            "monitoring": {"state": "disabled"}, "placement": {"availabilityZone": "eu-west-1b", "tenancy": "default"},
        },
    })
}

fn security_group(n: usize) -> Value {
    let group = id("sg", n);
    let permission = |from: i64, to: i64, cidrs: &[&str]| {
        json!({
            "fromPort": from, "toPort": to, "ipProtocol": "tcp", "ipv6Ranges": [], "prefixListIds": [], "userIdGroupPairs": [],
            "ipv4Ranges": cidrs.iter().map(|cidr| json!({"cidrIp": cidr})).collect::<Vec<_>>(), "ipRanges": cidrs,
        })
    };
    // One group in five is of load balancers, which the world may reach.
    let callers: &[&str] = if n.is_multiple_of(5) { &["0.0.0.0/0"] } else { &["10.2.0.0/16"] };
    let mut permissions = vec![
        permission(443, 443, callers),
        permission(80, 80, callers),
        permission(5432, 5432, &["10.0.0.0/16", "10.1.0.0/16"]),
        permission(8080, 8090, &["192.168.0.0/24", "192.168.1.0/24", "192.168.2.0/24"]),
    ];
    if n.is_multiple_of(11) {
        permissions.push(permission(22, 22, &["0.0.0.0/0"]));
    }
    json!({
        "resourceType": "AWS::EC2::SecurityGroup",
        "resourceId": group,
        "resourceName": if n % 50 == 6 { "default" } else { "web" },
        "ARN": format!("arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{group}"),
        "awsRegion": REGION,
        "availabilityZone": "Not Applicable",
        "relationships": [{"resourceType": "AWS::EC2::VPC", "resourceId": id("vpc", n % 3), "name": "Is contained in Vpc"}],
        "configuration": {
            "groupId": group, "groupName": if n % 50 == 6 { "default" } else { "web" }, "description": "web servers",
            "ownerId": ACCOUNT, "vpcId": id("vpc", n % 3), "ipPermissions": permissions, "tags": [],
            "ipPermissionsEgress": [{
                "ipProtocol": "-1", "ipv6Ranges": [], "prefixListIds": [], "userIdGroupPairs": [],
                "ipv4Ranges": [{"cidrIp": "0.0.0.0/0"}], "ipRanges": ["0.0.0.0/0"],
            }],
        },
    })
}

fn bucket(n: usize) -> Value {
    let name = format!("data-{n}-{ACCOUNT}-{REGION}");
    let arn = format!("arn:aws:s3:::{name}");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "TLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [&arn, format!("{arn}/*")],
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "Logs", "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
         "Resource": format!("{arn}/logs/*"), "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}},
    ]});
    json!({
        "resourceType": "AWS::S3::Bucket",
        "resourceId": name,
        "resourceName": name,
        "ARN": arn,
        "awsRegion": REGION,
        "availabilityZone": "Regional",
        "relationships": [],
        "configuration": {"name": name, "owner": {"id": "79a59df900b949e5"}, "creationDate": "2024-11-05T09:12:33.000Z"},
        "supplementaryConfiguration": {
            "AccessControlList": {"grantSet": null, "owner": {"id": "79a59df900b949e5"}, "isRequesterCharged": false,
                "grantList": [{"grantee": {"id": "79a59df900b949e5", "displayName": null}, "permission": "FullControl"}]},
            "BucketPolicy": {"policyText": if n % 4 == 1 { Value::Null } else { policy.to_string().into() }},
            "BucketVersioningConfiguration": {"status": if n.is_multiple_of(3) { "Off" } else { "Enabled" }, "isMfaDeleteEnabled": null},
            "BucketLoggingConfiguration": {"destinationBucketName": if n.is_multiple_of(2) { "logs".into() } else { Value::Null }, "logFilePrefix": null},
            "PublicAccessBlockConfiguration": {"blockPublicAcls": true, "ignorePublicAcls": true, "blockPublicPolicy": true, "restrictPublicBuckets": true},
            "ServerSideEncryptionConfiguration": {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256", "kmsMasterKeyID": null}, "bucketKeyEnabled": false}]},
        },
    })
}

fn user(n: usize) -> Value {
    let name = format!("user.{n}");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    json!({
        "resourceType": "AWS::IAM::User",
        "resourceId": format!("AIDA{n:017}"),
        "resourceName": name,
        "ARN": arn,
        "awsRegion": "global",
        "availabilityZone": "Not Applicable",
        "relationships": [{"resourceType": "AWS::IAM::Group", "resourceName": "developers", "name": "Is attached to Group"}],
        "configuration": {
            "path": "/", "userName": name, "userId": format!("AIDA{n:017}"), "arn": arn, "createDate": "2024-11-05T09:12:33.000Z",
            "userPolicyList": [], "groupList": ["developers"], "attachedManagedPolicies": [], "permissionsBoundary": null, "tags": [],
        },
        "supplementaryConfiguration": {
            "CredentialReport": {
                "user": name, "arn": arn, "user_creation_time": "2024-11-05T09:12:33.000Z", "password_enabled": n.is_multiple_of(2),
                "password_last_used": "2026-02-01T00:00:00.000Z", "password_last_changed": "2025-11-05T09:12:33.000Z",
                "password_next_rotation": null, "mfa_active": n.is_multiple_of(3), "access_key_1_active": true,
                "access_key_1_last_rotated": "2025-12-24T09:12:33.000Z", "access_key_1_last_used_date": "2026-02-27T00:00:00.000Z",
                "access_key_1_last_used_region": REGION, "access_key_1_last_used_service": "s3", "access_key_2_active": false,
                "access_key_2_last_rotated": null, "access_key_2_last_used_date": null, "cert_1_active": false, "cert_2_active": false,
            },
            "MFADevices": if n.is_multiple_of(3) { json!([{"serialNumber": format!("arn:aws:iam::{ACCOUNT}:mfa/{name}")}]) } else { json!([]) },
            "LoginProfile": if n.is_multiple_of(2) { json!({"createDate": "2024-11-05T09:12:33.000Z"}) } else { Value::Null },
        },
    })
}

fn policy(n: usize) -> Value {
    let name = format!("policy-{n}");
    let document = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3AGetObject%22%2C%22s3%3AListBucket%22%2C%22kms%3ADecrypt%22%5D%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
    json!({
        "resourceType": "AWS::IAM::Policy",
        "resourceId": format!("ANPA{n:017}"),
        "resourceName": name,
        "ARN": format!("arn:aws:iam::{ACCOUNT}:policy/{name}"),
        "awsRegion": "global",
        "availabilityZone": "Not Applicable",
        "relationships": [],
        "configuration": {
            "policyName": name, "policyId": format!("ANPA{n:017}"), "arn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}"), "path": "/",
            "defaultVersionId": "v1", "attachmentCount": 1, "permissionsBoundaryUsageCount": 0, "isAttachable": true,
            "policyVersionList": [{"document": document, "versionId": "v1", "isDefaultVersion": true, "createDate": "2024-11-05T09:12:33.000Z"}],
        },
    })
}

fn database(n: usize) -> Value {
    let name = format!("orders-{n}");
    json!({
        "resourceType": "AWS::RDS::DBInstance",
        "resourceId": format!("db-{n:026}"),
        "resourceName": name,
        "ARN": format!("arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}"),
        "awsRegion": REGION,
        "availabilityZone": "eu-west-1a",
        "relationships": [{"resourceType": "AWS::EC2::SecurityGroup", "resourceId": id("sg", n), "name": "Is associated with SecurityGroup"}],
        "configuration": {
            "dBInstanceIdentifier": name, "dBInstanceClass": "db.r7g.large", "engine": "postgres", "dBInstanceStatus": "available",
            "masterUsername": "postgres", "allocatedStorage": 200, "backupRetentionPeriod": 7, "multiAZ": true, "engineVersion": "16.3",
            "publiclyAccessible": n % 30 == 14, "storageType": "gp3", "storageEncrypted": n % 4 != 2, "kmsKeyId": key_arn(n),
            "endpoint": {"address": format!("{name}.abcdefghijkl.{REGION}.rds.amazonaws.com"), "port": 5432, "hostedZoneId": "Z29XKXDKYMONMX"},
            "vpcSecurityGroups": [{"vpcSecurityGroupId": id("sg", n), "status": "active"}], "deletionProtection": true,
            "copyTagsToSnapshot": true, "autoMinorVersionUpgrade": true, "iAMDatabaseAuthenticationEnabled": false,
        },
    })
}

fn snapshot_item(n: usize) -> Value {
    let snapshot = id("snap", n);
    json!({
        "resourceType": "AWS::EC2::Snapshot",
        "resourceId": snapshot,
        "ARN": format!("arn:aws:ec2:{REGION}::snapshot/{snapshot}"),
        "awsRegion": REGION,
        "availabilityZone": "Regional",
        "relationships": [],
        "configuration": {
            "snapshotId": snapshot, "volumeId": id("vol", n), "volumeSize": 100, "state": "completed", "progress": "100%", "ownerId": ACCOUNT,
            "encrypted": true, "kmsKeyId": key_arn(n), "description": "nightly", "startTime": "2025-11-05T09:12:33.000Z", "storageTier": "standard",
        },
        "supplementaryConfiguration": {"CreateVolumePermissions": if n % 100 == 15 { json!([{"group": "all"}]) } else { json!([]) }},
    })
}

fn function(n: usize) -> Value {
    let name = format!("import-{n}");
    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
    json!({
        "resourceType": "AWS::Lambda::Function",
        "resourceId": name,
        "resourceName": name,
        "ARN": arn,
        "awsRegion": REGION,
        "availabilityZone": "Not Applicable",
        "relationships": [{"resourceType": "AWS::IAM::Role", "resourceName": "import", "name": "Is associated with "}],
        "configuration": {
            "functionName": name, "functionArn": arn, "runtime": "python3.13", "role": format!("arn:aws:iam::{ACCOUNT}:role/import"),
            "handler": "main.handler", "codeSize": 31_337, "description": "", "timeout": 30, "memorySize": 512, "version": "$LATEST",
            "environment": {"variables": {"TABLE": "sha256:0123456789abcdef"}}, "tracingConfig": {"mode": "PassThrough"},
        },
        "supplementaryConfiguration": {"Policy": {"Version": "2012-10-17", "Id": "default", "Statement": [
            {"Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Resource": arn,
             "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::data"}}},
        ]}},
    })
}

fn key(n: usize) -> Value {
    let key = format!("1234abcd-12ab-34cd-56ef-{n:012}");
    json!({
        "resourceType": "AWS::KMS::Key",
        "resourceId": key,
        "ARN": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"),
        "awsRegion": REGION,
        "availabilityZone": "Not Applicable",
        "relationships": [],
        "configuration": {
            "keyId": key, "arn": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"), "enabled": true, "description": "data",
            "keyUsage": "ENCRYPT_DECRYPT", "keyState": "Enabled", "origin": "AWS_KMS", "keyManager": "CUSTOMER",
            "keySpec": "SYMMETRIC_DEFAULT", "multiRegion": false, "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        },
        "supplementaryConfiguration": {"KeyRotationStatus": n.is_multiple_of(2)},
    })
}

fn vpc(n: usize) -> Value {
    let vpc = id("vpc", n);
    json!({
        "resourceType": "AWS::EC2::VPC",
        "resourceId": vpc,
        "ARN": format!("arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{vpc}"),
        "awsRegion": REGION,
        "availabilityZone": "Multiple Availability Zones",
        "relationships": [],
        "configuration": {"vpcId": vpc, "cidrBlock": "10.0.0.0/16", "dhcpOptionsId": "dopt-1", "state": "available", "isDefault": false},
    })
}

/// Writes a snapshot of this many items as it is kept in files, one at a time.
pub(crate) fn write(count: usize, mut out: impl Write) -> io::Result<()> {
    let mut head = serde_json::to_value(about())?;
    head["format"] = assize::snapshot::FORMAT.into();
    head["version"] = assize::snapshot::VERSION.into();
    head["items"] = count.into();
    writeln!(out, "{head}")?;
    // In the order of their keys, as snapshots are written; held are the ids of one type at a time.
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let mut kinds = BTreeMap::<(String, String), Vec<usize>>::new();
    for n in 0..KINDS.len() {
        let item = item(n);
        kinds.entry((text(&item, "awsRegion"), text(&item, "resourceType"))).or_default().push(n);
    }
    for places in kinds.into_values() {
        let of_kind = places.into_iter().flat_map(|place| (place..count).step_by(KINDS.len()));
        let mut ids: Vec<(String, usize)> = of_kind.map(|n| (text(&item(n), "resourceId"), n)).collect();
        ids.sort_unstable();
        for (_, n) in ids {
            writeln!(out, "{}", item(n))?;
        }
    }
    Ok(())
}
