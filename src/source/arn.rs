//! Which resource type an ARN is of.
//!
//! An ARN does not say its resource's type, only a service and a text whose form the service chooses
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
//! lists the forms, service by service). The forms of the types that assize reads stand here, and those of others that
//! accounts often have, so that they go by the name that AWS Config would give them. Nothing here calls AWS.

/// The pieces of `arn:partition:service:region:account:resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `ec2`, as IAM's actions have it.
    pub service: &'a str,
    /// A region's name; empty for what belongs to none.
    pub region: &'a str,
    /// Twelve digits; empty where the service leaves it out.
    pub account: &'a str,
    /// The rest, in the form of the service: `volume/vol-0a1b2c3d`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The pieces; `None` if the text is not an ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut pieces = text.splitn(6, ':');
        let (prefix, _partition) = (pieces.next()?, pieces.next()?);
        let (service, region, account, resource) = (pieces.next()?, pieces.next()?, pieces.next()?, pieces.next()?);
        let whole = prefix == "arn" && !service.is_empty() && !resource.is_empty();
        whole.then_some(Self { service, region, account, resource })
    }

    /// The resource type as AWS spells it, if its form is known.
    pub fn resource_type(&self) -> Option<&'static str> {
        let forms = FORMS.iter().filter(|(service, form, _)| *service == self.service && matches(form, self.resource));
        forms.max_by_key(|(_, form, _)| form.len()).map(|(_, _, resource_type)| *resource_type)
    }

    /// What the service calls this kind of resource, `ec2:key-pair`; the service alone where the ARN has nothing but the
    /// resource's name.
    pub fn kind(&self) -> String {
        let kind = self.resource.trim_start_matches('/').split_once(['/', ':']).map_or("", |(kind, _)| kind);
        if kind.is_empty() { self.service.to_owned() } else { format!("{}:{kind}", self.service) }
    }
}

/// Service, form of the resource, and type. `*` stands for a name without `/` and `:`, `**`, at the end, for any text. Of
/// several forms that fit, the longest counts, and of two alike the last: most domains of OpenSearch Service run
/// OpenSearch, and their ARNs do not say it.
const FORMS: &[(&str, &str, &str)] = &[
    ("access-analyzer", "analyzer/*", "AWS::AccessAnalyzer::Analyzer"),
    ("acm", "certificate/*", "AWS::ACM::Certificate"),
    ("apigateway", "/apis/*", "AWS::ApiGatewayV2::Api"),
    ("apigateway", "/apis/*/stages/*", "AWS::ApiGatewayV2::Stage"),
    ("apigateway", "/restapis/*", "AWS::ApiGateway::RestApi"),
    ("apigateway", "/restapis/*/stages/*", "AWS::ApiGateway::Stage"),
    ("athena", "workgroup/*", "AWS::Athena::WorkGroup"),
    ("autoscaling", "autoScalingGroup:**", "AWS::AutoScaling::AutoScalingGroup"),
    ("autoscaling", "launchConfiguration:**", "AWS::AutoScaling::LaunchConfiguration"),
    ("backup", "backup-plan:*", "AWS::Backup::BackupPlan"),
    ("backup", "backup-vault:*", "AWS::Backup::BackupVault"),
    ("cloudformation", "stack/**", "AWS::CloudFormation::Stack"),
    ("cloudfront", "distribution/*", "AWS::CloudFront::Distribution"),
    ("cloudhsm", "backup/*", "AWS::CloudHSM::Backup"),
    ("cloudhsm", "cluster/*", "AWS::CloudHSM::Cluster"),
    ("cloudtrail", "trail/*", "AWS::CloudTrail::Trail"),
    ("cloudwatch", "alarm:**", "AWS::CloudWatch::Alarm"),
    ("codebuild", "project/*", "AWS::CodeBuild::Project"),
    ("cognito-idp", "userpool/*", "AWS::Cognito::UserPool"),
    ("config", "config-rule/*", "AWS::Config::ConfigRule"),
    ("config", "configuration-recorder/**", "AWS::Config::ConfigurationRecorder"),
    ("detective", "graph:*", "AWS::Detective::Graph"),
    ("dms", "rep:*", "AWS::DMS::ReplicationInstance"),
    ("dynamodb", "table/*", "AWS::DynamoDB::Table"),
    ("ec2", "customer-gateway/*", "AWS::EC2::CustomerGateway"),
    ("ec2", "dhcp-options/*", "AWS::EC2::DHCPOptions"),
    ("ec2", "egress-only-internet-gateway/*", "AWS::EC2::EgressOnlyInternetGateway"),
    ("ec2", "eip-allocation/*", "AWS::EC2::EIP"),
    ("ec2", "elastic-ip/*", "AWS::EC2::EIP"),
    ("ec2", "flow-log/*", "AWS::EC2::FlowLog"),
    ("ec2", "image/*", "AWS::EC2::Image"),
    ("ec2", "instance/*", "AWS::EC2::Instance"),
    ("ec2", "internet-gateway/*", "AWS::EC2::InternetGateway"),
    ("ec2", "key-pair/*", "AWS::EC2::KeyPair"),
    ("ec2", "launch-template/*", "AWS::EC2::LaunchTemplate"),
    ("ec2", "natgateway/*", "AWS::EC2::NatGateway"),
    ("ec2", "network-acl/*", "AWS::EC2::NetworkAcl"),
    ("ec2", "network-interface/*", "AWS::EC2::NetworkInterface"),
    ("ec2", "prefix-list/*", "AWS::EC2::PrefixList"),
    ("ec2", "route-table/*", "AWS::EC2::RouteTable"),
    ("ec2", "security-group/*", "AWS::EC2::SecurityGroup"),
    ("ec2", "snapshot/*", "AWS::EC2::Snapshot"),
    ("ec2", "subnet/*", "AWS::EC2::Subnet"),
    ("ec2", "transit-gateway/*", "AWS::EC2::TransitGateway"),
    ("ec2", "volume/*", "AWS::EC2::Volume"),
    ("ec2", "vpc-endpoint/*", "AWS::EC2::VPCEndpoint"),
    ("ec2", "vpc-flow-log/*", "AWS::EC2::FlowLog"),
    ("ec2", "vpc-peering-connection/*", "AWS::EC2::VPCPeeringConnection"),
    ("ec2", "vpc/*", "AWS::EC2::VPC"),
    ("ec2", "vpn-connection/*", "AWS::EC2::VPNConnection"),
    ("ec2", "vpn-gateway/*", "AWS::EC2::VPNGateway"),
    ("ecr", "repository/**", "AWS::ECR::Repository"),
    ("ecs", "cluster/*", "AWS::ECS::Cluster"),
    ("ecs", "service/**", "AWS::ECS::Service"),
    ("ecs", "task-definition/**", "AWS::ECS::TaskDefinition"),
    ("eks", "cluster/*", "AWS::EKS::Cluster"),
    ("elasticache", "cluster:*", "AWS::ElastiCache::CacheCluster"),
    ("elasticache", "replicationgroup:*", "AWS::ElastiCache::ReplicationGroup"),
    ("elasticbeanstalk", "environment/*/*", "AWS::ElasticBeanstalk::Environment"),
    ("elasticfilesystem", "file-system/*", "AWS::EFS::FileSystem"),
    ("elasticloadbalancing", "listener/app/**", "AWS::ElasticLoadBalancingV2::Listener"),
    ("elasticloadbalancing", "listener/gwy/**", "AWS::ElasticLoadBalancingV2::Listener"),
    ("elasticloadbalancing", "listener/net/**", "AWS::ElasticLoadBalancingV2::Listener"),
    ("elasticloadbalancing", "loadbalancer/*", "AWS::ElasticLoadBalancing::LoadBalancer"),
    ("elasticloadbalancing", "loadbalancer/app/**", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing", "loadbalancer/gwy/**", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing", "loadbalancer/net/**", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing", "targetgroup/**", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    ("elasticmapreduce", "cluster/*", "AWS::EMR::Cluster"),
    ("es", "domain/*", "AWS::Elasticsearch::Domain"),
    ("es", "domain/*", "AWS::OpenSearch::Domain"),
    ("events", "event-bus/*", "AWS::Events::EventBus"),
    ("events", "rule/**", "AWS::Events::Rule"),
    ("guardduty", "detector/*", "AWS::GuardDuty::Detector"),
    ("iam", "group/**", "AWS::IAM::Group"),
    ("iam", "policy/**", "AWS::IAM::Policy"),
    ("iam", "role/**", "AWS::IAM::Role"),
    ("iam", "server-certificate/**", "AWS::IAM::ServerCertificate"),
    ("iam", "user/**", "AWS::IAM::User"),
    ("kinesis", "stream/*", "AWS::Kinesis::Stream"),
    ("kms", "key/*", "AWS::KMS::Key"),
    ("lambda", "function:*", "AWS::Lambda::Function"),
    ("logs", "log-group:**", "AWS::Logs::LogGroup"),
    ("rds", "cluster-snapshot:**", "AWS::RDS::DBClusterSnapshot"),
    ("rds", "cluster:*", "AWS::RDS::DBCluster"),
    ("rds", "db:*", "AWS::RDS::DBInstance"),
    ("rds", "snapshot:**", "AWS::RDS::DBSnapshot"),
    ("rds", "subgrp:*", "AWS::RDS::DBSubnetGroup"),
    ("redshift", "cluster:*", "AWS::Redshift::Cluster"),
    ("redshift", "parametergroup:*", "AWS::Redshift::ClusterParameterGroup"),
    ("route53", "hostedzone/*", "AWS::Route53::HostedZone"),
    ("s3", "*", "AWS::S3::Bucket"),
    ("sagemaker", "endpoint-config/*", "AWS::SageMaker::EndpointConfig"),
    ("sagemaker", "notebook-instance/*", "AWS::SageMaker::NotebookInstance"),
    ("secretsmanager", "secret:**", "AWS::SecretsManager::Secret"),
    ("servicequotas", "*/*", "AWS::ServiceQuotas::Quota"),
    ("sns", "*", "AWS::SNS::Topic"),
    ("sqs", "*", "AWS::SQS::Queue"),
    ("ssm", "document/*", "AWS::SSM::Document"),
    ("ssm", "managed-instance-inventory/*", "AWS::SSM::ManagedInstanceInventory"),
    ("ssm", "parameter/**", "AWS::SSM::Parameter"),
    ("states", "stateMachine:*", "AWS::StepFunctions::StateMachine"),
    ("wafv2", "global/webacl/*/*", "AWS::WAFv2::WebACL"),
    ("wafv2", "regional/webacl/*/*", "AWS::WAFv2::WebACL"),
];

fn matches(form: &str, resource: &str) -> bool {
    let Some((before, after)) = form.split_once('*') else { return form == resource };
    let Some(rest) = resource.strip_prefix(before).filter(|rest| !rest.is_empty()) else { return false };
    let name = rest.find(['/', ':']).unwrap_or(rest.len());
    after == "*" || (name > 0 && matches(after, &rest[name..]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::source::descriptor::Catalog;

    fn of(arn: &str) -> (Option<&'static str>, String) {
        let arn = Arn::parse(arn).unwrap();
        (arn.resource_type(), arn.kind())
    }

    #[test]
    fn an_arn_tells_the_type_where_its_form_is_known() {
        for (arn, expected) in [
            ("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", "AWS::EC2::Volume"),
            ("arn:aws-cn:s3:::reports", "AWS::S3::Bucket"),
            ("arn:aws:sqs:eu-west-1:111122223333:jobs", "AWS::SQS::Queue"),
            ("arn:aws:iam::111122223333:role/service-role/web", "AWS::IAM::Role"),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", "AWS::Logs::LogGroup"),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/old",
                "AWS::ElasticLoadBalancing::LoadBalancer",
            ),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/new/0123456789abcdef",
                "AWS::ElasticLoadBalancingV2::LoadBalancer",
            ),
            ("arn:aws:rds:eu-west-1:111122223333:snapshot:rds:orders-2026-01-02", "AWS::RDS::DBSnapshot"),
            ("arn:aws:apigateway:eu-west-1::/restapis/a1b2c3", "AWS::ApiGateway::RestApi"),
            ("arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod", "AWS::ApiGateway::Stage"),
            ("arn:aws:apigateway:eu-west-1::/apis/a1b2c3/stages/$default", "AWS::ApiGatewayV2::Stage"),
            (
                "arn:aws:elasticbeanstalk:eu-west-1:111122223333:environment/shop/prod",
                "AWS::ElasticBeanstalk::Environment",
            ),
            ("arn:aws:es:eu-west-1:111122223333:domain/search", "AWS::OpenSearch::Domain"),
            ("arn:aws:wafv2:us-east-1:111122223333:global/webacl/site/0123-4567", "AWS::WAFv2::WebACL"),
        ] {
            assert_eq!(of(arn).0, Some(expected), "{arn}");
        }
    }

    #[test]
    fn what_has_another_form_goes_by_service_and_kind() {
        for (arn, expected) in [
            ("arn:aws:s3:eu-west-1:111122223333:accesspoint/reports", "s3:accesspoint"),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/orders/backup/0123", "dynamodb:table"),
            ("arn:aws:apigateway:eu-west-1::/domainnames/example.com", "apigateway:domainnames"),
            ("arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/", "apigateway:restapis"),
            ("arn:aws:apigateway:eu-west-1::/restapis//stages/prod", "apigateway:restapis"),
            ("arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod/more", "apigateway:restapis"),
            ("arn:aws:glacier:eu-west-1:111122223333:vaults/old", "glacier:vaults"),
            ("arn:aws:new:eu-west-1:111122223333:thing", "new"),
            ("arn:aws:ssm:eu-west-1:111122223333:maintenancewindow/mw-1", "ssm:maintenancewindow"),
        ] {
            assert_eq!(of(arn), (None, expected.to_owned()), "{arn}");
        }
        for text in ["", "arn", "vol-1", "arn:aws:ec2:eu-west-1:111122223333", "arn:aws:::1:x", "urn:a:b:c:d:e"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    /// Types whose resources have no ARN of their own, or that of the account.
    const WITHOUT: [&str; 6] = [
        "AWS::::Account",
        "AWS::Backup::BackupSelection",
        "AWS::S3::AccountPublicAccessBlock",
        "AWS::SSM::AssociationCompliance",
        "AWS::SSM::PatchCompliance",
        "AWS::ServiceQuotas::Service",
    ];

    #[test]
    fn every_type_that_is_read_has_a_form_and_it_is_that_of_its_descriptor() {
        let known: BTreeSet<&str> = FORMS.iter().map(|(.., resource_type)| *resource_type).chain(WITHOUT).collect();
        let catalog = Catalog::builtin().unwrap();
        let missing: Vec<_> = catalog.types().filter(|name| !known.contains(name.as_ref())).collect();
        assert!(missing.is_empty(), "FORMS has no ARN of {missing:?}");
        for descriptor in catalog.iter().filter(|one| !WITHOUT.contains(&&*one.resource_type)) {
            // Where the answer tells the ARN, its form does not stand in the descriptor.
            let template = descriptor.arn.as_ref().map(ToString::to_string).unwrap_or_default();
            if template.starts_with("arn:") {
                let arn =
                    template.split(['{', '}']).enumerate().map(|(at, piece)| if at % 2 == 1 { "x" } else { piece });
                assert_eq!(of(&arn.collect::<String>()).0, Some(&*descriptor.resource_type), "{template}");
            }
        }
    }
}
