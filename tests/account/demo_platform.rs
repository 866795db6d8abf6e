//! What moto says otherwise than AWS, or does not say, of what `demo_platform.py` makes, in the form of the services'
//! protocols.

use assize::source::recording::{Answer, Exchange};

use crate::demo::answer;
use crate::seed::OTHER;

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
        // moto takes every request for one to its first region.
        ("emr", "ListClusters") if region == OTHER => answer("application/x-amz-json-1.1", r#"{"Clusters":[]}"#),
        _ => return,
    };
}

/// Whether AWS would have been asked this.
pub(crate) fn is_asked(exchange: &Exchange) -> bool {
    !(exchange.service == "emr" && exchange.region == OTHER && exchange.operation != "ListClusters")
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
