//! The partitions of AWS, and where a resource is found in the console of its own.
//!
//! No text from AWS is ever part of a link but percent-encoded: a name can lead nowhere else.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::evaluation::Evaluation;
use crate::item::GLOBAL;

/// A family of regions with accounts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// As in ARNs.
    pub name: &'static str,
    /// How the names of its regions begin; nothing for the one that has all others.
    regions: &'static [&'static str],
    /// The region of what belongs to none.
    pub home: &'static str,
    /// The host of its console; nothing where it has none on the internet.
    console: Option<&'static str>,
}

/// Console hosts: the pages on signing in of each partition, such as
/// <https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/signing-into-govcloud.html> and
/// <https://docs.aws.eu/esc/latest/userguide/>.
const PARTITIONS: [Partition; 8] = [
    Partition { name: "aws-cn", regions: &["cn-"], home: "cn-north-1", console: Some("console.amazonaws.cn") },
    Partition {
        name: "aws-us-gov",
        regions: &["us-gov-"],
        home: "us-gov-west-1",
        console: Some("console.amazonaws-us-gov.com"),
    },
    Partition {
        name: "aws-eusc",
        regions: &["eusc-"],
        home: "eusc-de-east-1",
        console: Some("console.amazonaws-eusc.eu"),
    },
    Partition { name: "aws-iso-b", regions: &["us-isob-"], home: "us-isob-east-1", console: None },
    Partition { name: "aws-iso-e", regions: &["eu-isoe-"], home: "eu-isoe-west-1", console: None },
    Partition { name: "aws-iso-f", regions: &["us-isof-"], home: "us-isof-south-1", console: None },
    Partition { name: "aws-iso", regions: &["us-iso-"], home: "us-iso-east-1", console: None },
    COMMERCIAL,
];

const COMMERCIAL: Partition =
    Partition { name: "aws", regions: &[], home: "us-east-1", console: Some("console.aws.amazon.com") };

/// All that is not a letter, a digit or one of a few marks that mean nothing in a query or fragment.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

impl Partition {
    /// The partition of a resource: that of its ARN, or else of its region.
    pub fn of(arn: Option<&str>, region: &str) -> Self {
        let named = arn.and_then(|arn| arn.strip_prefix("arn:")?.split(':').next());
        let by_name = named.and_then(|name| PARTITIONS.into_iter().find(|one| one.name == name));
        let by_region = || PARTITIONS.into_iter().find(|one| one.regions.iter().any(|start| region.starts_with(start)));
        by_name.or_else(by_region).unwrap_or(COMMERCIAL)
    }

    /// The region, or the one in which what has none is looked at.
    pub fn region(self, region: &str) -> &str {
        if region == GLOBAL || region.is_empty() { self.home } else { region }
    }
}

/// The page of a resource in the console of its partition, if it is known where that is.
pub fn console_link(evaluation: &Evaluation) -> Option<String> {
    let key = &evaluation.resource;
    let arn = evaluation.arn.as_deref();
    let partition = Partition::of(arn, &key.region);
    let host = partition.console?;
    let region = partition.region(&key.region);
    // A region is part of a host's name: only what looks like one may be.
    let is_region = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_region || key.resource_id.is_empty() {
        return None;
    }
    let part = |text: &str| utf8_percent_encode(text, PART).to_string();
    let id = part(&key.resource_id);
    let name = part(evaluation.resource_name.as_deref().unwrap_or(&key.resource_id));
    let page = match &*key.resource_type {
        "AWS::EC2::Instance" => format!("ec2/home?region={region}#InstanceDetails:instanceId={id}"),
        "AWS::EC2::Volume" => format!("ec2/home?region={region}#VolumeDetails:volumeId={id}"),
        "AWS::EC2::Snapshot" => format!("ec2/home?region={region}#SnapshotDetails:snapshotId={id}"),
        "AWS::EC2::SecurityGroup" => format!("ec2/home?region={region}#SecurityGroup:groupId={id}"),
        "AWS::EC2::VPC" => format!("vpcconsole/home?region={region}#VpcDetails:VpcId={id}"),
        "AWS::IAM::User" => format!("iam/home#/users/details/{name}"),
        "AWS::IAM::Role" => format!("iam/home#/roles/details/{name}"),
        "AWS::IAM::Policy" => format!("iam/home#/policies/details/{}", part(arn?)),
        "AWS::KMS::Key" => format!("kms/home?region={region}#/kms/keys/{id}"),
        "AWS::Lambda::Function" => format!("lambda/home?region={region}#/functions/{name}"),
        "AWS::RDS::DBInstance" => format!("rds/home?region={region}#database:id={name};is-cluster=false"),
        "AWS::S3::Bucket" => format!("s3/buckets/{name}?region={region}"),
        // The console finds the page of an ARN by itself.
        _ => format!("go/view?arn={}", part(arn?)),
    };
    Some(format!("https://{region}.{host}/{page}"))
}
