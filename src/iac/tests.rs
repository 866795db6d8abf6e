//! What repositories of every kind come to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use compact_str::CompactString;
use serde_json::json;
use tempfile::TempDir;

use super::coverage::Coverage;
use super::*;
use crate::evaluation::{ComplianceType, Evaluation, Evidence};
use crate::location::Places;
use crate::value::Value;

const ACCOUNT: &str = "111122223333";

/// A repository in a folder of its own.
struct Made(TempDir);

impl Made {
    fn new(files: &[(&str, &str)]) -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        fs::create_dir(made.0.path().join(".git")).unwrap();
        for (name, text) in files {
            made.write(name, text);
        }
        made
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self) -> (Repository, Vec<String>) {
        self.with(Vec::new())
    }

    fn with(&self, states: Vec<NamedState>) -> (Repository, Vec<String>) {
        let (repository, warnings) = Repository::read(self.0.path(), states).unwrap();
        (repository, warnings.iter().map(ToString::to_string).collect())
    }
}

fn item(kind: &str, id: &str) -> ConfigurationItem {
    let key = ResourceKey::new(ACCOUNT, "eu-west-1", kind, id);
    ConfigurationItem::new(key, "2026-01-02T03:04:05.678Z")
}

fn with_arn(kind: &str, id: &str, arn: &str) -> ConfigurationItem {
    ConfigurationItem { arn: Some(arn.into()), ..item(kind, id) }
}

fn tagged(kind: &str, id: &str, tags: &[(&str, &str)]) -> ConfigurationItem {
    let tags = Value::object(tags.iter().map(|(key, value)| (*key, Value::from(*value))));
    ConfigurationItem { tags, ..item(kind, id) }
}

/// A state of version 4: address without its index, index, and attributes.
fn state(resources: &[(&str, serde_json::Value, serde_json::Value)]) -> String {
    let resources: Vec<_> = resources
        .iter()
        .map(|(address, index, attributes)| {
            let mut parts: Vec<&str> = address.rsplitn(3, '.').collect();
            let (name, kind) = (parts.remove(0), parts.remove(0));
            let mut instance = json!({"attributes": attributes});
            if !index.is_null() {
                instance["index_key"] = index.clone();
            }
            let mut resource = json!({"mode": "managed", "type": kind, "name": name, "instances": [instance]});
            if let Some(module) = parts.first() {
                resource["module"] = json!(module);
            }
            resource
        })
        .collect();
    json!({"version": 4, "terraform_version": "1.9.0", "resources": resources}).to_string()
}

/// Where an item is, how that was found, and how sure it is.
fn told(repository: &Repository, item: &ConfigurationItem) -> String {
    let Some(Definition { place, .. }) = repository.definition(item) else { return "nowhere".to_owned() };
    let Place { location, address, mapping, certainty } = place;
    format!("{}:{} {address} {} {}", location.file, location.line, mapping.as_str(), certainty.as_str())
}

/// Where a finding is that read these facts.
fn shown(repository: &Repository, item: &ConfigurationItem, facts: &[(&str, &str)]) -> String {
    let evidence = facts.iter().map(|(path, value)| Evidence {
        resource: None,
        path: (*path).into(),
        value: (!value.is_empty()).then(|| CompactString::from(*value)),
    });
    let finding = Evaluation {
        resource: item.key.clone(),
        evidence: evidence.collect(),
        ..Evaluation::sample("r", "", "", ComplianceType::NonCompliant)
    };
    let places = Places::new(std::slice::from_ref(&finding), &repository.definitions([item]));
    let place = places.of(&finding).unwrap();
    format!("{}:{}:{}-{}", place.location.file, place.location.line, place.location.column, place.location.end_column)
}

const MAIN: &str = r#"# The shop.
terraform {
  backend "s3" {
    bucket = "shop-state"
    key    = "prod/terraform.tfstate"
  }
}

resource "aws_s3_bucket" "logs" {
  bucket = "shop-logs"
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Suspended"
  }
}

resource "aws_ebs_volume" "data" {
  count     = 2
  size      = 10
  encrypted = false
}

resource "aws_security_group" "web" {
  name = "web"
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  dynamic "ingress" {
    for_each = var.ports
    content {
      from_port   = 22
      to_port     = 22
      protocol    = "tcp"
      cidr_blocks = ["203.0.113.0/24"]
    }
  }
}

module "network" {
  for_each = toset(["a", "b"])
  source   = "./modules/network"
}

module "elsewhere" {
  source = "terraform-aws-modules/vpc/aws"
}
"#;

const NETWORK: &str = "resource \"aws_vpc\" \"main\" {\n  cidr_block = \"10.0.0.0/16\"\n}\n\nmodule \"deep\" {\n  source = \"../deep\"\n}\n";
const DEEP: &str = "\nresource \"aws_subnet\" \"x\" {}\n";

fn shop_state() -> String {
    state(&[
        (
            "aws_s3_bucket.logs",
            json!(null),
            json!({"id": "shop-logs", "arn": "arn:aws:s3:::shop-logs", "bucket": "shop-logs"}),
        ),
        ("aws_s3_bucket_versioning.logs", json!(null), json!({"id": "shop-logs", "bucket": "shop-logs"})),
        (
            "aws_ebs_volume.data",
            json!(1),
            json!({"id": "vol-1", "arn": "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"}),
        ),
        ("aws_security_group.web", json!(null), json!({"id": "sg-1"})),
        ("module.network[\"a\"].aws_vpc.main", json!(null), json!({"id": "vpc-a"})),
        ("module.network[\"b\"].module.deep.aws_subnet.x", json!(0), json!({"id": "subnet-b"})),
        ("module.elsewhere.aws_vpc.this", json!(0), json!({"id": "vpc-e"})),
    ])
}

fn shop() -> Made {
    Made::new(&[
        ("infra/main.tf", MAIN),
        ("infra/modules/network/main.tf", NETWORK),
        ("infra/modules/deep/main.tf", DEEP),
        ("infra/terraform.tfstate", &shop_state()),
    ])
}

#[test]
fn terraform_leads_from_a_resource_to_its_block() {
    let made = shop();
    let (repository, warnings) = made.read();
    assert_eq!(warnings, Vec::<String>::new());
    let bucket = with_arn("AWS::S3::Bucket", "shop-logs", "arn:aws:s3:::shop-logs");
    for (item, expected) in [
        (bucket, "infra/main.tf:9 aws_s3_bucket.logs terraform-arn certain"),
        (item("AWS::EC2::Volume", "vol-1"), "infra/main.tf:20 aws_ebs_volume.data[1] terraform-id likely"),
        (item("AWS::EC2::SecurityGroup", "sg-1"), "infra/main.tf:26 aws_security_group.web terraform-id likely"),
        (
            item("AWS::EC2::VPC", "vpc-a"),
            "infra/modules/network/main.tf:1 module.network[\"a\"].aws_vpc.main terraform-id likely",
        ),
        (
            item("AWS::EC2::Subnet", "subnet-b"),
            "infra/modules/deep/main.tf:2 module.network[\"b\"].module.deep.aws_subnet.x[0] terraform-id likely",
        ),
        // Its source is elsewhere: what can be changed here is the call.
        (item("AWS::EC2::VPC", "vpc-e"), "infra/main.tf:50 module.elsewhere.aws_vpc.this[0] terraform-id likely"),
        // Another type, and another id.
        (item("AWS::EC2::Subnet", "vol-1"), "nowhere"),
        (item("AWS::EC2::Volume", "vol-2"), "nowhere"),
    ] {
        assert_eq!(told(&repository, &item), expected);
    }
    // The same id in another region is another resource.
    let mut elsewhere = item("AWS::EC2::Volume", "vol-1");
    elsewhere.key.region = "us-east-1".into();
    assert_eq!(told(&repository, &elsewhere), "nowhere");
}

#[test]
fn a_finding_is_at_the_attribute_that_its_rule_read_last() {
    let made = shop();
    let (repository, _) = made.read();
    let volume = item("AWS::EC2::Volume", "vol-1");
    let group = item("AWS::EC2::SecurityGroup", "sg-1");
    let bucket = item("AWS::S3::Bucket", "shop-logs");
    let block = "infra/main.tf:26:1-32";
    for (item, facts, expected) in [
        (&volume, &[("/configuration/encrypted", "false")][..], "infra/main.tf:23:3-20"),
        // What is not written stands nowhere: the resource is the place.
        (
            &volume,
            &[("/configuration/encrypted", "false"), ("/configuration/kmsKeyId", "null")],
            "infra/main.tf:20:1-35",
        ),
        (&volume, &[("/configuration/state", "\"in-use\"")], "infra/main.tf:20:1-35"),
        (&volume, &[], "infra/main.tf:20:1-35"),
        // The order of AWS's list is not the file's: the value tells the rule.
        (
            &group,
            &[("/configuration/ipPermissions/0/ipv4Ranges/0/cidrIp", "\"203.0.113.0/24\"")],
            "infra/main.tf:40:22-38",
        ),
        (&group, &[("/configuration/ipPermissions/1/ipv4Ranges/0/cidrIp", "\"0.0.0.0/0\"")], "infra/main.tf:32:20-31"),
        // Two places fit, and nothing tells which: the list does.
        (&group, &[("/configuration/ipPermissions/0/ipProtocol", "\"tcp\"")], block),
        // A part of the bucket has a block of its own.
        (
            &bucket,
            &[("/supplementaryConfiguration/BucketVersioningConfiguration/status", "\"Suspended\"")],
            "infra/main.tf:16:5-25",
        ),
        (&bucket, &[("/supplementaryConfiguration/BucketVersioningConfiguration/other", "1")], "infra/main.tf:13:1-45"),
        (&bucket, &[("/supplementaryConfiguration/BucketPolicy/policyText", "null")], "infra/main.tf:9:1-34"),
    ] {
        let found = shown(&repository, item, facts);
        // The first of the blocks `ingress` stands for the list.
        let expected = if expected == block { "infra/main.tf:28:3-12" } else { expected };
        assert_eq!(found, expected, "{facts:?}");
    }
}

#[test]
fn a_block_that_moves_takes_its_findings_along() {
    let made = shop();
    let volume = item("AWS::EC2::Volume", "vol-1");
    assert_eq!(shown(&made.read().0, &volume, &[("/configuration/encrypted", "false")]), "infra/main.tf:23:3-20");
    made.write("infra/main.tf", format!("# one\n# two\n{MAIN}"));
    assert_eq!(shown(&made.read().0, &volume, &[("/configuration/encrypted", "false")]), "infra/main.tf:25:3-20");
}

#[test]
fn a_state_from_elsewhere_finds_its_folder() {
    let made = shop();
    fs::remove_file(made.0.path().join("infra/terraform.tfstate")).unwrap();
    // Another root module with blocks of the same kind.
    made.write("other/main.tf", "resource \"aws_ebs_volume\" \"data\" {}\n");
    let volume = item("AWS::EC2::Volume", "vol-1");
    for name in ["s3://shop-state/prod/terraform.tfstate", "s3://another/key", "/nowhere/state.json"] {
        let state = NamedState { name: name.to_owned(), text: shop_state() };
        let (repository, warnings) = made.with(vec![state]);
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(told(&repository, &volume), "infra/main.tf:20 aws_ebs_volume.data[1] terraform-id likely", "{name}");
    }
    // The backend says whose state it is, even if other folders have as many of its addresses.
    let small = state(&[("aws_ebs_volume.data", json!(0), json!({"id": "vol-1"}))]);
    let of_backend = NamedState { name: "s3://shop-state/prod/terraform.tfstate".to_owned(), text: small };
    assert!(told(&made.with(vec![of_backend]).0, &volume).starts_with("infra/main.tf:20"));
}

#[test]
fn workspaces_and_json_are_read_too() {
    let made = Made::new(&[
        ("main.tf.json", "{\"resource\": {\"aws_vpc\": {\n  \"main\": {\"cidr_block\": \"10.0.0.0/8\"}}}}"),
        (
            "terraform.tfstate.d/prod/terraform.tfstate",
            &state(&[("aws_vpc.main", json!(null), json!({"id": "vpc-1"}))]),
        ),
    ]);
    let (repository, warnings) = made.read();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(told(&repository, &item("AWS::EC2::VPC", "vpc-1")), "main.tf.json:2 aws_vpc.main terraform-id likely");
}

const TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Conditions:
  IsProd: !Equals [!Ref "AWS::AccountId", "1"]
Resources:
  Data:
    Type: AWS::EC2::Volume
    Properties:
      Size: 10
      Encrypted: !If [IsProd, true, false]
  Logs:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: shop-logs
  LogsPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Logs
      PolicyDocument:
        Statement: []
"#;

const SAM: &str = r"Transform: AWS::Serverless-2016-10-31
Resources:
  Import:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
";

const IN_JSON: &str = "{\n  \"AWSTemplateFormatVersion\": \"2010-09-09\",\n  \"Resources\": {\n\t\"Queue\": {\n      \"Type\": \"AWS::SQS::Queue\"\n    }\n  }\n}\n";

fn of_stack<'a>(stack: &'a str, id: &'a str) -> [(&'static str, &'a str); 2] {
    [("aws:cloudformation:stack-name", stack), ("aws:cloudformation:logical-id", id)]
}

#[test]
fn tags_of_cloudformation_lead_to_the_template() {
    let made = Made::new(&[
        ("cfn/storage.yaml", TEMPLATE),
        ("cfn/sam.yml", SAM),
        ("cfn/queue.json", IN_JSON),
        ("package.json", "{\"name\": \"not a template\"}"),
        ("notes.yaml", "Resources: *unknown\nhas: AWS::"),
    ]);
    let (repository, warnings) = made.read();
    assert_eq!(warnings, Vec::<String>::new());
    for (kind, id, tags, expected) in [
        ("AWS::EC2::Volume", "vol-1", of_stack("shop", "Data"), "cfn/storage.yaml:5 Data cloudformation-tags likely"),
        ("AWS::Lambda::Function", "f", of_stack("shop", "Import"), "cfn/sam.yml:3 Import cloudformation-tags likely"),
        ("AWS::IAM::Role", "r", of_stack("shop", "ImportRole"), "cfn/sam.yml:3 Import cloudformation-tags likely"),
        ("AWS::SQS::Queue", "q", of_stack("shop", "Queue"), "cfn/queue.json:4 Queue cloudformation-tags likely"),
        // The logical id of another type is another resource.
        ("AWS::SNS::Topic", "t", of_stack("shop", "Queue"), "nowhere"),
    ] {
        assert_eq!(told(&repository, &tagged(kind, id, &tags)), expected);
    }
    let volume = tagged("AWS::EC2::Volume", "vol-1", &of_stack("shop", "Data"));
    assert_eq!(shown(&repository, &volume, &[("/configuration/encrypted", "false")]), "cfn/storage.yaml:9:7-42");
    let bucket = item("AWS::S3::Bucket", "shop-logs");
    assert_eq!(told(&repository, &bucket), "cfn/storage.yaml:10 Logs name likely");
    let policy = [("/supplementaryConfiguration/BucketPolicy/policyText", "\"…\"")];
    assert_eq!(shown(&repository, &bucket, &policy), "cfn/storage.yaml:18:7-22");
}

#[test]
fn of_several_templates_the_one_that_is_called_as_the_stack_is_taken() {
    let made = Made::new(&[("staging.yaml", TEMPLATE), ("prod.yaml", TEMPLATE)]);
    let (repository, _) = made.read();
    let volume = |stack| tagged("AWS::EC2::Volume", "vol-1", &of_stack(stack, "Data"));
    assert_eq!(told(&repository, &volume("shop-prod")), "prod.yaml:5 Data cloudformation-tags likely");
    assert_eq!(told(&repository, &volume("shop-staging-2")), "staging.yaml:5 Data cloudformation-tags likely");
    assert_eq!(told(&repository, &volume("shop")), "prod.yaml:5 Data cloudformation-tags possible");
    // A name that two places give is no name.
    assert_eq!(told(&repository, &item("AWS::S3::Bucket", "shop-logs")), "nowhere");
}

#[test]
fn tags_of_yor_lead_to_the_block_or_the_file() {
    let traced = "resource \"aws_vpc\" \"main\" {\n  tags = merge(var.tags, {\n    yor_trace = \"0b2d1c3e-1111-4222-8333-444455556666\"\n  })\n}\nresource \"aws_eip\" \"a\" {}\nresource \"aws_eip\" \"b\" {}\n";
    let made = Made::new(&[("net/main.tf", traced)]);
    made.write(".git/config", "[remote \"origin\"]\n\turl = git@github.com:shop/infra.git\n");
    let (repository, _) = made.read();
    let trace = ("yor_trace", "0b2d1c3e-1111-4222-8333-444455556666");
    let file = ("git_file", "net/main.tf");
    for (kind, tags, expected) in [
        ("AWS::EC2::VPC", &[trace][..], "net/main.tf:1 aws_vpc.main yor-trace certain"),
        ("AWS::EC2::EIP", &[file, ("yor_name", "b"), ("git_repo", "infra")], "net/main.tf:7 aws_eip.b git-file likely"),
        ("AWS::EC2::EIP", &[file], "net/main.tf:1 net/main.tf git-file possible"),
        ("AWS::EC2::VPC", &[file], "net/main.tf:1 aws_vpc.main git-file likely"),
        // The file of another repository, and files that are not there.
        ("AWS::EC2::EIP", &[file, ("git_repo", "website")], "nowhere"),
        ("AWS::EC2::EIP", &[("git_file", "../../etc/passwd")], "nowhere"),
        ("AWS::EC2::EIP", &[("git_file", "/etc/passwd")], "nowhere"),
    ] {
        assert_eq!(told(&repository, &tagged(kind, "x", tags)), expected);
    }
}

#[test]
fn what_is_hostile_in_a_repository_costs_only_itself() {
    let made = shop();
    made.write("infra/broken.tf", "resource \"aws_vpc\" \"x\" {\n  cidr_block =\n}\n");
    made.write("infra/deep.tf", format!("locals {{\n  x = {}{}\n}}\n", "[".repeat(20_000), "]".repeat(20_000)));
    made.write("infra/nots.tf", format!("locals {{\n  x = {}true\n}}\n", "!".repeat(200_000)));
    made.write("infra/large.tf", vec![b' '; 5 << 20]);
    made.write("infra/binary.tf", b"resource \xff\xfe");
    made.write(
        "cfn/deep.yaml",
        format!("AWSTemplateFormatVersion: x\nResources: {}{}", "[".repeat(5_000), "]".repeat(5_000)),
    );
    let bomb = (1..30).fold("AWSTemplateFormatVersion: &a0 [x, x, x, x]\n".to_owned(), |text, at| {
        let before = at - 1;
        format!("{text}k{at}: &a{at} [*a{before}, *a{before}, *a{before}, *a{before}]\n")
    });
    made.write("cfn/bomb.yaml", format!("{bomb}Resources: {{}}\n"));
    made.write("cfn/broken.yaml", "AWSTemplateFormatVersion: x\nResources:\n  a: [\n");
    made.write("old/terraform.tfstate", "{\"version\": 3, \"modules\": []}");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.tf"), "resource \"aws_vpc\" \"stolen\" {}\n").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), made.0.path().join("infra/out")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.tf"), made.0.path().join("infra/secret.tf")).unwrap();
        std::os::unix::fs::symlink(made.0.path(), made.0.path().join("infra/loop")).unwrap();
    }
    let (repository, warnings) = made.read();
    for (file, what) in [
        ("infra/broken.tf:2: ", "this is not HCL"),
        ("infra/deep.tf:2: ", "this is not HCL"),
        ("infra/nots.tf:2: ", "this is not HCL"),
        ("infra/large.tf:1: ", "more than 4 MiB"),
        ("infra/binary.tf:1: ", "not UTF-8"),
        ("cfn/deep.yaml:2: ", ""),
        ("cfn/bomb.yaml:", "nodes"),
        ("cfn/broken.yaml:", ""),
        ("old/terraform.tfstate:1: ", "version 3"),
        #[cfg(unix)]
        ("infra/out:1: ", "a link that leads out"),
        #[cfg(unix)]
        ("infra/secret.tf:1: ", "a link that leads out"),
    ] {
        let about: Vec<&String> = warnings.iter().filter(|one| one.starts_with(file)).collect();
        let [one] = about.as_slice() else { panic!("{file}: {warnings:#?}") };
        assert!(one.contains(what) && !one.contains('\n'), "{one}");
    }
    assert_eq!(warnings.len(), if cfg!(unix) { 11 } else { 9 }, "{warnings:#?}");
    let volume = item("AWS::EC2::Volume", "vol-1");
    assert_eq!(told(&repository, &volume), "infra/main.tf:20 aws_ebs_volume.data[1] terraform-id likely");
    // A module's source that leads out is not read: the call is the place.
    made.write(
        "infra/out.tf",
        format!(
            "module \"out\" {{\n  source = \"../../{}\"\n}}\n",
            outside.path().file_name().unwrap().to_string_lossy()
        ),
    );
    let stolen = state(&[("module.out.aws_vpc.stolen", json!(null), json!({"id": "vpc-s"}))]);
    made.write("infra/terraform.tfstate", stolen);
    assert_eq!(
        told(&made.read().0, &item("AWS::EC2::VPC", "vpc-s")),
        "infra/out.tf:1 module.out.aws_vpc.stolen terraform-id likely"
    );
}

#[test]
fn one_folder_with_two_states_of_one_resource_is_not_sure() {
    let made = shop();
    made.write("copy/main.tf", MAIN);
    made.write("copy/terraform.tfstate", shop_state());
    let bucket = with_arn("AWS::S3::Bucket", "shop-logs", "arn:aws:s3:::shop-logs");
    assert_eq!(told(&made.read().0, &bucket), "copy/main.tf:9 aws_s3_bucket.logs terraform-arn possible");
}

#[test]
fn what_is_embedded_is_well_formed() {
    let mappings = Mappings::embedded().unwrap();
    let mut places = BTreeMap::<String, usize>::new();
    for mapped in mappings.iter() {
        for part in mapped.terraform.iter().chain(&mapped.cloudformation) {
            for path in Coverage::of(&part.item).iter() {
                let section = path.split('/').nth(1).unwrap().to_owned();
                *places.entry(section).or_default() += 1;
            }
        }
    }
    let sections: Vec<&str> = places.keys().map(String::as_str).collect();
    assert_eq!(sections, ["configuration", "supplementaryConfiguration", "tags"]);
}

#[test]
fn a_provider_tells_where_the_resources_of_a_block_are() {
    let files = [
        (
            "main.tf",
            "provider \"aws\" {\n  region = \"eu-west-1\"\n}\nprovider \"aws\" {\n  alias  = \"west\"\n  region = \"us-west-2\"\n}\n\
             resource \"aws_cloudwatch_log_group\" \"far\" {\n  provider = aws.west\n  name     = \"app\"\n}\n\
             resource \"aws_cloudwatch_log_group\" \"near\" {\n  name = \"app\"\n}\n\
             resource \"aws_cloudwatch_log_group\" \"other\" {\n  provider = aws.west\n  name     = \"other\"\n}\n",
        ),
        (
            "account/main.tf.json",
            r#"{"provider": {"aws": [{"region": "eu-west-1", "assume_role": {"role_arn": "arn:aws:iam::999988887777:role/x"}}]},
                "resource": {"aws_cloudwatch_log_group": {"theirs": {"name": "theirs"}}}}"#,
        ),
    ];
    let made = Made::new(&files);
    let (repository, warnings) = made.read();
    assert_eq!(warnings, Vec::<String>::new());
    let address = |name: &str| {
        let found = repository.definition(&item("AWS::Logs::LogGroup", name));
        found.map(|found| found.place.address)
    };
    assert_eq!(address("app").as_deref(), Some("aws_cloudwatch_log_group.near"));
    assert_eq!(address("other"), None, "it is in another region");
    assert_eq!(address("theirs"), None, "it is in another account");
}

/// The table of `docs/iac.md`.
fn table() -> String {
    let mut table = "| type | judged | CloudFormation | Terraform |\n|---|---|---|---|\n".to_owned();
    for mapped in Mappings::builtin().iter() {
        let kinds = |parts: &[mapping::Part]| {
            let names: BTreeSet<_> = parts.iter().map(|part| format!("`{}`", part.resource)).collect();
            names.into_iter().collect::<Vec<_>>().join(", ")
        };
        let tick = if is_covered(&mapped.name) { "✓" } else { "" };
        let (cloudformation, terraform) = (kinds(&mapped.cloudformation), kinds(&mapped.terraform));
        writeln!(table, "| `{}` | {tick} | {cloudformation} | {terraform} |", mapped.name).unwrap();
    }
    table
}

#[test]
fn the_page_names_the_types_that_are_covered() {
    let page = include_str!("../../docs/iac.md");
    let (_, after) = page.split_once("<!-- types -->\n").unwrap();
    let (told, _) = after.split_once("<!-- end of types -->").unwrap();
    assert_eq!(told, table(), "put this into docs/iac.md:\n{}", table());
}
