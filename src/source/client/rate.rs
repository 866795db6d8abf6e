//! How fast each service may be asked: what AWS publishes, and the half of it that is used.
//!
//! A scanner shares these limits with everything else that runs in the account. Taking all of them has stopped
//! deployments and auto scaling of others before, so by default at most half is taken, and what is not published is
//! taken to be low.

/// Requests a second, and how many may go at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests a second in the long run.
    pub per_second: f64,
    /// Requests that may go at once when nothing was asked for a while; at least 1.
    pub burst: f64,
}

impl Rate {
    /// This share of the rate. The burst stays at least 1, without which nothing could ever be asked.
    #[must_use]
    pub fn scaled(self, share: f64) -> Self {
        Self { per_second: self.per_second * share, burst: (self.burst * share).max(1.0) }
    }
}

/// A limit that AWS publishes, for each account and region.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// The service's key: `cloudtrail`.
    pub service: &'static str,
    /// The one operation that it holds for; for all other operations of the service when empty.
    pub operation: Option<&'static str>,
    /// Whether AWS counts the operations together or each for itself.
    pub counted: Counted,
    /// The whole limit.
    pub rate: Rate,
    /// Where AWS says so.
    pub source: &'static str,
}

/// What AWS counts against one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All operations of the service.
    Together,
    /// Each operation.
    Apart,
}

const EC2: &str = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html";
const CLOUDTRAIL: &str = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html";
const LAMBDA: &str = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html";
const ACM: &str = "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html";
const KMS: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html";
const CLOUDWATCH: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html";
const LOGS: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html";
const SNS: &str = "https://docs.aws.amazon.com/general/latest/gr/sns.html";
const STS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";
const S3: &str = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html";
const ECS: &str = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html";
const API_GATEWAY: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html";
const SECURITY_HUB: &str =
    "https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html";
const WAF: &str = "https://docs.aws.amazon.com/waf/latest/developerguide/limits.html";
const TAGGING: &str = "https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html";

/// The published limits that concern reading and delivering. Where AWS gives no burst, it is one second's worth.
pub const PUBLISHED: &[Published] = &[
    // "Non-mutating actions": a bucket of 100 that fills with 20 a second, for each action.
    each("ec2", 20.0, 100.0, EC2),
    // "Unfiltered and unpaginated non-mutating actions" is the smaller bucket. Which of the two a request counts
    // against is not told by its answer, so listings of what an account may have many of take the smaller one.
    one("ec2", "DescribeInstances", 10.0, 50.0, EC2),
    one("ec2", "DescribeNetworkInterfaces", 10.0, 50.0, EC2),
    one("ec2", "DescribeSecurityGroups", 10.0, 50.0, EC2),
    one("ec2", "DescribeSnapshots", 10.0, 50.0, EC2),
    one("ec2", "DescribeVolumes", 10.0, 50.0, EC2),
    together("cloudtrail", 10.0, 10.0, CLOUDTRAIL),
    one("cloudtrail", "LookupEvents", 2.0, 2.0, CLOUDTRAIL),
    together("lambda", 15.0, 15.0, LAMBDA),
    one("lambda", "GetFunction", 100.0, 100.0, LAMBDA),
    one("lambda", "GetPolicy", 15.0, 15.0, LAMBDA),
    each("acm", 10.0, 10.0, ACM),
    one("acm", "ListCertificates", 8.0, 8.0, ACM),
    one("acm", "GetAccountConfiguration", 1.0, 1.0, ACM),
    each("kms", 100.0, 100.0, KMS),
    one("kms", "DescribeKey", 2000.0, 2000.0, KMS),
    one("kms", "GetKeyPolicy", 1000.0, 1000.0, KMS),
    one("kms", "GetKeyRotationStatus", 1000.0, 1000.0, KMS),
    one("kms", "ListKeys", 500.0, 500.0, KMS),
    one("kms", "ListAliases", 500.0, 500.0, KMS),
    each("cloudwatch", 9.0, 9.0, CLOUDWATCH),
    each("logs", 5.0, 5.0, LOGS),
    one("logs", "DescribeLogGroups", 10.0, 10.0, LOGS),
    each("sns", 30.0, 30.0, SNS),
    one("sns", "ListTagsForResource", 10.0, 10.0, SNS),
    together("sts", 600.0, 600.0, STS),
    // 5,500 reads a second are published for the objects under one prefix. The settings of buckets are not said to
    // share it, so less than a fiftieth is taken to be theirs.
    together("s3", 100.0, 100.0, S3),
    one("resourcegroupstaggingapi", "GetResources", 15.0, 15.0, TAGGING),
    // The lowest of the kinds of reads: 20 a second, after a burst of 50.
    each("ecs", 20.0, 50.0, ECS),
    // 10 a second, after a burst of 40, for both interfaces of API Gateway together.
    together("apigateway", 5.0, 20.0, API_GATEWAY),
    together("apigatewayv2", 5.0, 20.0, API_GATEWAY),
    one("securityhub", "BatchImportFindings", 10.0, 30.0, SECURITY_HUB),
    each("wafv2", 5.0, 5.0, WAF),
    one("wafv2", "GetWebACLForResource", 1.0, 1.0, WAF),
    one("wafv2", "ListResourcesForWebACL", 1.0, 1.0, WAF),
];

/// What is taken as the limit of a service for which none is published.
pub const UNPUBLISHED: Rate = Rate { per_second: 20.0, burst: 40.0 };

const fn each(service: &'static str, per_second: f64, burst: f64, source: &'static str) -> Published {
    Published { service, operation: None, counted: Counted::Apart, rate: Rate { per_second, burst }, source }
}

const fn together(service: &'static str, per_second: f64, burst: f64, source: &'static str) -> Published {
    Published { service, operation: None, counted: Counted::Together, rate: Rate { per_second, burst }, source }
}

const fn one(
    service: &'static str,
    operation: &'static str,
    per_second: f64,
    burst: f64,
    source: &'static str,
) -> Published {
    Published { service, operation: Some(operation), counted: Counted::Apart, rate: Rate { per_second, burst }, source }
}

/// The whole limit of an operation, and the operation's name if AWS counts it for itself.
pub fn limit<'a>(service: &str, operation: &'a str) -> (Rate, Option<&'a str>) {
    let of_service = || PUBLISHED.iter().filter(|published| published.service == service);
    let found = of_service()
        .find(|published| published.operation == Some(operation))
        .or_else(|| of_service().find(|published| published.operation.is_none()));
    match found {
        Some(Published { counted: Counted::Apart, rate, .. }) => (*rate, Some(operation)),
        Some(Published { rate, .. }) => (*rate, None),
        None => (UNPUBLISHED, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (at, published) in PUBLISHED.iter().enumerate() {
            assert!(published.rate.per_second > 0.0 && published.rate.burst >= 1.0, "{published:?}");
            assert!(published.source.starts_with("https://docs.aws.amazon.com/"), "{published:?}");
            let same =
                |other: &&Published| (other.service, other.operation) == (published.service, published.operation);
            assert!(!PUBLISHED.iter().skip(at + 1).any(|other| same(&other)), "twice: {published:?}");
        }
    }

    #[test]
    fn an_operation_of_its_own_goes_before_its_service() {
        assert_eq!(limit("cloudtrail", "LookupEvents"), (Rate { per_second: 2.0, burst: 2.0 }, Some("LookupEvents")));
        assert_eq!(limit("cloudtrail", "DescribeTrails"), (Rate { per_second: 10.0, burst: 10.0 }, None));
        assert_eq!(limit("ec2", "DescribeVpcs"), (Rate { per_second: 20.0, burst: 100.0 }, Some("DescribeVpcs")));
        assert_eq!(limit("brand-new", "ListThings"), (UNPUBLISHED, None));
    }

    #[test]
    fn half_of_a_small_burst_still_lets_one_go() {
        assert_eq!(Rate { per_second: 1.0, burst: 1.0 }.scaled(0.5), Rate { per_second: 0.5, burst: 1.0 });
    }
}
