//! What the client reads, against what the typed SDK reads from the same account: every field of every answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use assize::source::client::{CallTarget, Client, ConnectOptions};
use assize::value::Value;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::debug::{Printed, parse};
use crate::seed::{HOME, OTHER, Typed};
use crate::{Account, account, block_on};

/// What came out of comparing.
#[derive(Default)]
struct Comparison {
    calls: usize,
    leaves: usize,
    times: usize,
    /// Fields that the SDK has and the answer did not.
    absent: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn differ(&mut self, path: &str, printed: &Printed, value: Option<&Value>) {
        let mut line = format!("{path}: the SDK has {printed:?}, the client {value:?}");
        if let Some((at, _)) = line.char_indices().nth(600) {
            line.truncate(at);
        }
        self.differences.push(line);
    }

    fn compare(&mut self, path: &str, printed: &Printed, value: Option<&Value>) {
        match (printed, value) {
            (Printed::Nothing, None | Some(Value::Null)) => self.absent += 1,
            // Where the service's model says that a member is always there and it was not, the SDK puts a default.
            (Printed::Word(word), None) if word == "false" || word == "0" => self.absent += 1,
            (Printed::Text(text), None) if text.is_empty() => self.absent += 1,
            (Printed::List(elements), None) if elements.is_empty() => self.absent += 1,
            // What the SDK does not print.
            (Printed::Text(text), _) if text == "*** Sensitive Data Redacted ***" => {}
            (Printed::Word(word), Some(value)) => {
                self.leaves += 1;
                let same = match value {
                    Value::Bool(truth) => *word == truth.to_string(),
                    Value::Integer(number) => word.parse() == Ok(*number),
                    Value::Float(number) => word.parse() == Ok(*number),
                    // Variants are camel-cased: `X8664` for `x86_64`.
                    Value::String(text) => letters(word) == letters(text),
                    _ => false,
                };
                if !same {
                    self.differ(path, printed, Some(value));
                }
            }
            (Printed::Text(text), Some(Value::String(value))) => {
                self.leaves += 1;
                if text != value.as_str() {
                    self.differ(path, printed, Some(&Value::String(value.clone())));
                }
            }
            (Printed::Time(time), Some(Value::String(value))) => {
                self.leaves += 1;
                self.times += 1;
                if *value != assize::item::format_time(*time) {
                    self.differ(path, printed, Some(&Value::String(value.clone())));
                }
            }
            (Printed::Bytes(bytes), Some(Value::String(value))) => {
                self.leaves += 1;
                if BASE64_STANDARD.encode(bytes) != *value {
                    self.differ(path, printed, Some(&Value::String(value.clone())));
                }
            }
            (Printed::List(elements), Some(Value::Array(values))) if elements.len() == values.len() => {
                for (at, (element, value)) in elements.iter().zip(values.iter()).enumerate() {
                    self.compare(&format!("{path}[{at}]"), element, Some(value));
                }
            }
            (Printed::Fields(fields), Some(Value::Object(members))) => {
                let mut unseen: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
                for (name, field) in fields.iter().filter(|(name, _)| !name.starts_with('_')) {
                    // `db_instance_arn` is `DBInstanceArn`; the key of a map is itself.
                    let at = unseen
                        .iter()
                        .position(|key| key == name)
                        .or_else(|| unseen.iter().position(|key| letters(key) == letters(name)));
                    let value = at.map(|at| unseen.swap_remove(at)).and_then(|key| members.get(key));
                    self.compare(&format!("{path}.{name}"), field, value);
                }
                for key in unseen {
                    self.differences.push(format!("{path}.{key}: the SDK does not have it"));
                }
            }
            _ => self.differ(path, printed, value),
        }
    }
}

/// What is left of a name when case and punctuation do not count.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn value(json: &serde_json::Value) -> Value {
    serde_json::from_value(json.clone()).unwrap()
}

async fn client(account: &Account) -> Client {
    let options = ConnectOptions::new().sdk_config(crate::seed::config(&account.moto, HOME)).rate_share(1.0);
    Client::connect(options).await.unwrap()
}

/// Makes one call with both: the typed one is the expression, ours has the same name and these parameters.
macro_rules! same {
    ($comparison:ident, $client:ident, $region:expr, $service:literal $operation:literal, $params:tt, $typed:expr) => {{
        let typed = $typed.send().await;
        let ours = $client.call(&CallTarget::region($region), $service, $operation, &value(&json!($params))).await;
        let name = concat!($service, ":", $operation);
        $comparison.calls += 1;
        match (typed, ours) {
            (Ok(typed), Ok(ours)) => $comparison.compare(name, &parse(&format!("{typed:?}")), Some(&ours)),
            (Err(typed), Err(ours)) => {
                let typed = typed.into_service_error();
                let (code, message) =
                    (typed.meta().code().unwrap_or_default(), typed.meta().message().unwrap_or_default());
                if code != ours.code || message != ours.message {
                    $comparison.differences.push(format!("{name}: the SDK has {code}: {message}, the client {ours:?}"));
                }
            }
            (typed, ours) => {
                let (typed, ours) = (typed.map(drop).map_err(|error| format!("{error:?}")), ours.map(drop));
                $comparison.differences.push(format!("{name}: the SDK has {typed:?}, the client {ours:?}"));
            }
        }
    }};
}

#[test]
fn the_client_reads_what_the_typed_sdk_reads() {
    let Some(account) = account() else { return };
    let mut all = Comparison::default();
    block_on(async {
        let ours = client(&account).await;
        for region in [HOME, OTHER] {
            let typed = Typed::new(&account.moto, region);
            ec2(&mut all, &ours, &typed.ec2, region, &account.labels).await;
            s3(&mut all, &ours, &typed.s3, region, &account.labels).await;
        }
        iam(&mut all, &ours, &Typed::new(&account.moto, HOME).iam).await;
    });
    let mut said = String::new();
    for difference in &all.differences {
        writeln!(said, "{difference}").unwrap();
    }
    assert!(said.is_empty(), "{} differences\n{said}", all.differences.len());
    println!("{} calls, {} leaf values, {} times, {} absent fields", all.calls, all.leaves, all.times, all.absent);
    // Had nothing been compared, nothing would have differed.
    assert!(all.calls > 200 && all.leaves > 1_900 && all.times > 90 && all.absent > 1_200);
}

async fn ec2(
    all: &mut Comparison,
    ours: &Client,
    typed: &aws_sdk_ec2::Client,
    region: &str,
    labels: &BTreeMap<String, String>,
) {
    same!(all, ours, region, "ec2" "DescribeVolumes", {}, typed.describe_volumes());
    same!(all, ours, region, "ec2" "DescribeSnapshots", {"OwnerIds": ["self"]}, typed.describe_snapshots().owner_ids("self"));
    same!(all, ours, region, "ec2" "DescribeInstances", {}, typed.describe_instances());
    same!(all, ours, region, "ec2" "DescribeImages", {"Owners": ["self"]}, typed.describe_images().owners("self"));
    same!(all, ours, region, "ec2" "DescribeSecurityGroups", {}, typed.describe_security_groups());
    same!(all, ours, region, "ec2" "DescribeNetworkInterfaces", {}, typed.describe_network_interfaces());
    same!(all, ours, region, "ec2" "DescribeVpcs", {}, typed.describe_vpcs());
    same!(all, ours, region, "ec2" "DescribeSubnets", {}, typed.describe_subnets());
    same!(all, ours, region, "ec2" "DescribeRouteTables", {}, typed.describe_route_tables());
    same!(all, ours, region, "ec2" "DescribeInternetGateways", {}, typed.describe_internet_gateways());
    same!(all, ours, region, "ec2" "DescribeNatGateways", {}, typed.describe_nat_gateways());
    same!(all, ours, region, "ec2" "DescribeNetworkAcls", {}, typed.describe_network_acls());
    same!(all, ours, region, "ec2" "DescribeAddresses", {}, typed.describe_addresses());
    same!(all, ours, region, "ec2" "DescribeFlowLogs", {}, typed.describe_flow_logs());
    same!(all, ours, region, "ec2" "DescribeVpcEndpoints", {}, typed.describe_vpc_endpoints());
    same!(all, ours, region, "ec2" "DescribeLaunchTemplates", {}, typed.describe_launch_templates());
    same!(all, ours, region, "ec2" "GetEbsEncryptionByDefault", {}, typed.get_ebs_encryption_by_default());
    same!(all, ours, region, "ec2" "DescribeRegions", {"AllRegions": true}, typed.describe_regions().all_regions(true));
    // A filter: lists of structures with lists in a request. And one thing that is not there: an error.
    let name = aws_sdk_ec2::types::Filter::builder().name("group-name").values("default").values("sg-web").build();
    same!(
        all, ours, region, "ec2" "DescribeSecurityGroups",
        {"Filters": [{"Name": "group-name", "Values": ["default", "sg-web"]}]},
        typed.describe_security_groups().filters(name)
    );
    same!(
        all, ours, region, "ec2" "DescribeVolumes", {"VolumeIds": ["vol-00000000000000000"]},
        typed.describe_volumes().volume_ids("vol-00000000000000000")
    );
    if region != HOME {
        return;
    }
    for label in ["snapshot-private", "snapshot-shared", "snapshot-public"] {
        let id = &labels[label];
        same!(
            all, ours, region, "ec2" "DescribeSnapshotAttribute",
            {"SnapshotId": id, "Attribute": "createVolumePermission"},
            typed
                .describe_snapshot_attribute()
                .snapshot_id(id)
                .attribute(aws_sdk_ec2::types::SnapshotAttributeName::CreateVolumePermission)
        );
    }
}

async fn s3(
    all: &mut Comparison,
    ours: &Client,
    typed: &aws_sdk_s3::Client,
    region: &str,
    labels: &BTreeMap<String, String>,
) {
    let all_of_region = typed.list_buckets().bucket_region(region).max_buckets(1_000);
    same!(all, ours, region, "s3" "ListBuckets", {"BucketRegion": region, "MaxBuckets": 1_000}, all_of_region);
    // Not GetBucketVersioning: see below.
    let here = |label: &str| label.starts_with("bucket") == (region == HOME);
    for bucket in labels.keys().filter(|label| label.contains("bucket") && here(label)) {
        let ask = json!({"Bucket": bucket});
        same!(all, ours, region, "s3" "GetBucketAcl", (ask), typed.get_bucket_acl().bucket(bucket));
        same!(all, ours, region, "s3" "GetBucketPolicy", (ask), typed.get_bucket_policy().bucket(bucket));
        same!(all, ours, region, "s3" "GetBucketLogging", (ask), typed.get_bucket_logging().bucket(bucket));
        same!(all, ours, region, "s3" "GetBucketEncryption", (ask), typed.get_bucket_encryption().bucket(bucket));
        same!(all, ours, region, "s3" "GetPublicAccessBlock", (ask), typed.get_public_access_block().bucket(bucket));
        same!(all, ours, region, "s3" "GetBucketTagging", (ask), typed.get_bucket_tagging().bucket(bucket));
        same!(
            all, ours, region, "s3" "GetBucketLifecycleConfiguration", (ask),
            typed.get_bucket_lifecycle_configuration().bucket(bucket)
        );
        same!(all, ours, region, "s3" "GetBucketCors", (ask), typed.get_bucket_cors().bucket(bucket));
        same!(all, ours, region, "s3" "GetBucketWebsite", (ask), typed.get_bucket_website().bucket(bucket));
        same!(all, ours, region, "s3" "GetBucketReplication", (ask), typed.get_bucket_replication().bucket(bucket));
    }
}

async fn iam(all: &mut Comparison, ours: &Client, typed: &aws_sdk_iam::Client) {
    same!(all, ours, HOME, "iam" "ListUsers", {}, typed.list_users());
    same!(all, ours, HOME, "iam" "ListGroups", {}, typed.list_groups());
    same!(all, ours, HOME, "iam" "ListRoles", {}, typed.list_roles());
    let own = aws_sdk_iam::types::PolicyScopeType::Local;
    same!(all, ours, HOME, "iam" "ListPolicies", {"Scope": "Local"}, typed.list_policies().scope(own));
    same!(all, ours, HOME, "iam" "GetAccountSummary", {}, typed.get_account_summary());
    same!(all, ours, HOME, "iam" "ListVirtualMFADevices", {}, typed.list_virtual_mfa_devices());
    // Before the account is turned round there is none: an error.
    same!(all, ours, HOME, "iam" "GetAccountPasswordPolicy", {}, typed.get_account_password_policy());
    for user in typed.list_users().send().await.unwrap().users() {
        let name = user.user_name();
        let ask = json!({"UserName": name});
        same!(all, ours, HOME, "iam" "ListAccessKeys", (ask), typed.list_access_keys().user_name(name));
        same!(all, ours, HOME, "iam" "ListMFADevices", (ask), typed.list_mfa_devices().user_name(name));
        same!(all, ours, HOME, "iam" "ListUserPolicies", (ask), typed.list_user_policies().user_name(name));
        same!(all, ours, HOME, "iam" "ListAttachedUserPolicies", (ask), typed.list_attached_user_policies().user_name(name));
        same!(all, ours, HOME, "iam" "GetLoginProfile", (ask), typed.get_login_profile().user_name(name));
    }
    // The bytes of a CSV file, in base64.
    typed.generate_credential_report().send().await.unwrap();
    same!(all, ours, HOME, "iam" "GetCredentialReport", {}, typed.get_credential_report());
}

/// The SDK cannot be asked: moto gives this answer a root of another name than S3 does, and the SDK refuses it.
#[test]
fn an_answer_is_read_under_either_name_of_its_root() {
    let Some(account) = account() else { return };
    let ours = block_on(client(&account));
    for (bucket, status) in
        [("bucket-clean", Some("Enabled")), ("bucket-versioning-suspended", Some("Suspended")), ("bucket-bare", None)]
    {
        let ask = value(&json!({"Bucket": bucket}));
        let answer = block_on(ours.call(&CallTarget::region(HOME), "s3", "GetBucketVersioning", &ask)).unwrap();
        assert_eq!(answer.get("Status").and_then(Value::as_str), status, "{bucket}");
    }
}

#[test]
fn pages_together_are_the_whole() {
    let Some(account) = account() else { return };
    let ours = block_on(client(&account));
    for (service, operation, list, size, least) in [
        ("ec2", "DescribeSecurityGroups", "SecurityGroups", json!({"MaxResults": 5}), 15),
        ("ec2", "DescribeVolumes", "Volumes", json!({"MaxResults": 2}), 5),
        ("iam", "ListUsers", "Users", json!({"MaxItems": 3}), 10),
        ("iam", "ListPolicies", "Policies", json!({"Scope": "Local", "MaxItems": 2}), 6),
        ("lambda", "ListFunctions", "Functions", json!({"MaxItems": 2}), 3),
        ("rds", "DescribeDBSnapshots", "DBSnapshots", json!({"MaxRecords": 20}), 3),
        ("logs", "DescribeLogGroups", "logGroups", json!({"limit": 1}), 2),
    ] {
        let target = CallTarget::region(HOME);
        let mut at_once = size.clone();
        at_once.as_object_mut().unwrap().retain(|name, _| name == "Scope");
        account.moto.requests();
        let whole = block_on(ours.call(&target, service, operation, &value(&at_once))).unwrap();
        let pages = block_on(ours.call_all(&target, service, operation, &value(&size))).unwrap();
        let asked = account.moto.requests()[&format!("{service}:{operation}")];
        println!("{service}:{operation}: {asked} requests");
        let whole = whole.get(list).and_then(Value::as_array).unwrap();
        assert!(whole.len() >= least, "{operation}: {}", whole.len());
        assert_eq!(pages.get(list).and_then(Value::as_array).unwrap(), whole, "{operation}");
    }
}
