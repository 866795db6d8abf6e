//! What moto says otherwise than AWS, or does not say, of what `demo_platform.py` makes, in the form of the services'
//! protocols.

use assize::source::recording::{Answer, Exchange};

use crate::demo::answer;
use crate::seed::{HOME, OTHER};

const BEANSTALK: &str = "http://elasticbeanstalk.amazonaws.com/docs/2010-12-01/";

const ENVIRONMENT: &str = "arn:aws:elasticbeanstalk:us-east-1:123456789012:environment/storefront/storefront-prod";

/// Puts AWS's words where moto has none or others.
pub(crate) fn by_hand(exchange: &mut Exchange) {
    let Exchange { service, region, operation, .. } = &*exchange;
    exchange.answer = match (service.as_str(), operation.as_str()) {
        // moto tells the audit log's last times also where it was never on.
        ("redshift", "DescribeLoggingStatus") => query(
            "http://redshift.amazonaws.com/doc/2012-12-01/",
            operation,
            "<LoggingEnabled>false</LoggingEnabled><LogExports/>",
        ),
        // moto's environments have no id.
        ("elasticbeanstalk", "DescribeEnvironments") if region == HOME => query(
            BEANSTALK,
            operation,
            &format!(
                "<Environments><member><EnvironmentId>e-7kq3mzv2xd</EnvironmentId>\
                 <EnvironmentName>storefront-prod</EnvironmentName><EnvironmentArn>{ENVIRONMENT}</EnvironmentArn>\
                 <ApplicationName>storefront</ApplicationName><VersionLabel>v118</VersionLabel>\
                 <SolutionStackName>64bit Amazon Linux 2023 v4.5.2 running Python 3.13</SolutionStackName>\
                 <PlatformArn>arn:aws:elasticbeanstalk:us-east-1::platform/Python 3.13 running on 64bit Amazon Linux 2023/4.5.2\
                 </PlatformArn><EndpointURL>awseb-e-7-AWSEBLoa-1X2Y3Z4W5V6U-1234567890.us-east-1.elb.amazonaws.com</EndpointURL>\
                 <CNAME>storefront-prod.eba-7kq3mzv2.us-east-1.elasticbeanstalk.com</CNAME>\
                 <DateCreated>2026-01-12T09:31:07.418Z</DateCreated><DateUpdated>2026-03-02T16:05:44.102Z</DateUpdated>\
                 <Status>Ready</Status><AbortableOperationInProgress>false</AbortableOperationInProgress>\
                 <Health>Green</Health><HealthStatus>Ok</HealthStatus>\
                 <Tier><Name>WebServer</Name><Type>Standard</Type><Version>1.0</Version></Tier><EnvironmentLinks/>\
                 </member></Environments>"
            ),
        ),
        // moto takes every request for one to its first region.
        ("emr", "ListClusters") if region == OTHER => answer("application/x-amz-json-1.1", r#"{"Clusters":[]}"#),
        _ => return,
    };
}

/// Whether AWS would have been asked this.
pub(crate) fn is_asked(exchange: &Exchange) -> bool {
    !(exchange.service == "emr" && exchange.region == OTHER && exchange.operation != "ListClusters")
}

/// What is asked of the environment that moto does not know by its id.
pub(crate) fn added() -> Vec<Exchange> {
    let option = |namespace: &str, name: &str, value: &str| {
        format!(
            "<member><Namespace>{namespace}</Namespace><OptionName>{name}</OptionName><Value>{value}</Value></member>"
        )
    };
    let options = [
        ("aws:autoscaling:asg", "MinSize", "2"),
        ("aws:autoscaling:asg", "MaxSize", "6"),
        ("aws:elasticbeanstalk:application:environment", "STAGE", "production"),
        ("aws:elasticbeanstalk:environment", "EnvironmentType", "LoadBalanced"),
        ("aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled", "false"),
    ];
    let options: String = options.iter().map(|(namespace, name, value)| option(namespace, name, value)).collect();
    let settings = format!(
        "<ConfigurationSettings><member><ApplicationName>storefront</ApplicationName>\
         <EnvironmentName>storefront-prod</EnvironmentName><DeploymentStatus>deployed</DeploymentStatus>\
         <OptionSettings>{options}</OptionSettings></member></ConfigurationSettings>"
    );
    let tags = format!(
        "<ResourceArn>{ENVIRONMENT}</ResourceArn><ResourceTags><member><Key>team</Key><Value>shop</Value></member></ResourceTags>"
    );
    [
        (
            "DescribeConfigurationSettings",
            "ApplicationName=storefront&EnvironmentName=storefront-prod".to_owned(),
            settings,
        ),
        ("ListTagsForResource", format!("ResourceArn={}", ENVIRONMENT.replace(':', "%3A").replace('/', "%2F")), tags),
    ]
    .map(|(operation, asked, told)| Exchange {
        service: "elasticbeanstalk".into(),
        region: HOME.into(),
        operation: operation.into(),
        method: "POST".into(),
        path: "/".into(),
        request: format!("Action={operation}&Version=2010-12-01&{asked}").as_str().into(),
        answer: query(BEANSTALK, operation, &told),
    })
    .into()
}

/// An answer of the query protocol.
fn query(namespace: &str, operation: &str, result: &str) -> Answer {
    let body = format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>5a7c3b1e-0d2f-4e68-9b1a-2c3d4e5f6a7b</RequestId></ResponseMetadata>\
         </{operation}Response>"
    );
    answer("text/xml", &body)
}
