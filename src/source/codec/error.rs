//! Errors as services answer them: a code, a message and the id of the request, in the form of each protocol.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::header;
use crate::source::model::{Protocol, ServiceModel};

/// An error of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorParts {
    /// AWS's code, such as `AccessDenied`; `HTTP 503` where the answer has none.
    pub code: String,
    /// What was said, in one line.
    pub message: String,
    /// The id under which AWS's support finds the request.
    pub request_id: Option<String>,
}

/// More says no more.
const LONGEST_MESSAGE: usize = 1_000;

/// Headers in which services tell the id of a request.
const REQUEST_ID_HEADERS: &[&str] = &["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];

/// The error of an answer whose status says that there is one. It never fails: what cannot be understood is an error
/// that has the status as its code.
///
/// Header names are compared without regard to case.
pub fn parse_error(model: &ServiceModel, status: u16, headers: &[(String, String)], body: &[u8]) -> ErrorParts {
    let (code, message, request_id) = match model.protocol() {
        Protocol::Ec2 | Protocol::Query | Protocol::RestXml => from_xml(body),
        Protocol::Json | Protocol::RestJson => from_json(headers, body),
    };
    let request_id = request_id.or_else(|| {
        REQUEST_ID_HEADERS.iter().find_map(|name| header(headers, name)).map(one_line).filter(|id| !id.is_empty())
    });
    let code = code.map(|code| one_line(&code)).filter(|code| !code.is_empty());
    let message = message.map(|message| one_line(&message)).filter(|message| !message.is_empty());
    match (code, message) {
        (Some(code), message) => ErrorParts { code, message: message.unwrap_or_default(), request_id },
        (None, message) => ErrorParts {
            code: format!("HTTP {status}"),
            message: message.unwrap_or_else(|| format!("the answer has no error code: {}", excerpt(body))),
            request_id,
        },
    }
}

type Found = (Option<String>, Option<String>, Option<String>);

/// `<ErrorResponse><Error><Code>…`, `<Response><Errors><Error><Code>…` and S3's `<Error><Code>…`.
fn from_xml(body: &[u8]) -> Found {
    let (mut code, mut message, mut request_id) = (None, None, None);
    let Ok(text) = std::str::from_utf8(body) else { return (None, None, None) };
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                path.push(start.local_name().into_inner().to_owned());
                content.clear();
            }
            Ok(Event::Text(text)) => content.push_str(&text.xml10_content()),
            Ok(Event::CData(text)) => content.push_str(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => match reference.resolve_char_ref() {
                Ok(Some(character)) => content.push(character),
                _ => content.push_str(resolve_predefined_entity(&reference.xml10_content()).unwrap_or_default()),
            },
            Ok(Event::End(_)) => {
                let name = path.pop().unwrap_or_default();
                let slot = match (path.last().map(String::as_str), name.as_str()) {
                    (Some("Error"), "Code") => &mut code,
                    (Some("Error"), "Message") => &mut message,
                    (_, "RequestId" | "RequestID" | "requestId") => &mut request_id,
                    _ => continue,
                };
                slot.get_or_insert_with(|| std::mem::take(&mut content));
            }
            Ok(Event::Eof) => return (code, message, request_id.map(|id| one_line(&id))),
            Ok(_) => {}
            // A body that breaks off has told its code, or has none.
            Err(_) => return (code, message, request_id.map(|id| one_line(&id))),
        }
    }
}

/// `__type`, `code` or the header `x-amzn-errortype`, each possibly with a namespace before and a URL after it. A
/// service that spoke the query protocol once tells the code of that time in a header.
fn from_json(headers: &[(String, String)], body: &[u8]) -> Found {
    let body: BTreeMap<String, serde_json::Value> = serde_json::from_slice(body).unwrap_or_default();
    // Some answers have a member in both spellings.
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(*name)?.as_str()).map(str::to_owned);
    let message = text(&["message", "Message", "errorMessage"]);
    let of_old = header(headers, "x-amzn-query-error").and_then(|code| code.split(';').next());
    if let Some(code) = of_old.filter(|code| !code.is_empty()) {
        return (Some(code.to_owned()), message, None);
    }
    let code = header(headers, "x-amzn-errortype").map(str::to_owned).or_else(|| text(&["__type", "code", "Code"]));
    let code = code.map(|code| {
        let before_url = code.split(':').next().unwrap_or_default();
        before_url.rsplit('#').next().unwrap_or_default().to_owned()
    });
    (code, message, None)
}

/// Text of an answer as one line without control characters, of bounded length.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if out.len() + word.len() > LONGEST_MESSAGE {
            out.push('…');
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The beginning of a body that is not understood.
fn excerpt(body: &[u8]) -> String {
    const LONGEST: usize = 120;
    if body.is_empty() {
        return "it is empty".to_owned();
    }
    let line = one_line(&String::from_utf8_lossy(body.get(..4 * LONGEST).unwrap_or(body)));
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::model::Models;

    fn error(service: &str, status: u16, headers: &[(&str, &str)], body: &str) -> (String, String, Option<String>) {
        let models = Models::builtin();
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let parts = parse_error(models.service(service).unwrap(), status, &headers, body.as_bytes());
        (parts.code, parts.message, parts.request_id)
    }

    fn parts(code: &str, message: &str, request_id: Option<&str>) -> (String, String, Option<String>) {
        (code.to_owned(), message.to_owned(), request_id.map(str::to_owned))
    }

    #[test]
    fn ec2() {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>\
            <Code>UnauthorizedOperation</Code><Message>You are not\nauthorized &amp; so on</Message></Error></Errors>\
            <RequestID>r-1</RequestID></Response>";
        assert_eq!(
            error("ec2", 403, &[], body),
            parts("UnauthorizedOperation", "You are not authorized & so on", Some("r-1"))
        );
    }

    #[test]
    fn query() {
        let body = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
            <Code>NoSuchEntity</Code><Message>gone</Message></Error><RequestId>r-2</RequestId></ErrorResponse>";
        assert_eq!(error("iam", 404, &[], body), parts("NoSuchEntity", "gone", Some("r-2")));
    }

    #[test]
    fn s3() {
        let body = "<Error><Code>NoSuchBucketPolicy</Code><Message>no policy</Message><BucketName>b</BucketName>\
            <RequestId>r-3</RequestId><HostId>h</HostId></Error>";
        assert_eq!(error("s3", 404, &[], body), parts("NoSuchBucketPolicy", "no policy", Some("r-3")));
        // The answer to HEAD has no body.
        let headers = [("X-Amz-Request-Id", "r-4")];
        assert_eq!(
            error("s3", 404, &headers, ""),
            parts("HTTP 404", "the answer has no error code: it is empty", Some("r-4"))
        );
    }

    #[test]
    fn json() {
        let headers = [("x-amzn-RequestId", "r-5")];
        let body = r#"{"__type": "com.amazonaws.kms#AccessDeniedException", "Message": "no"}"#;
        assert_eq!(error("kms", 400, &headers, body), parts("AccessDeniedException", "no", Some("r-5")));
        assert_eq!(error("dynamodb", 400, &[], r#"{"__type":"X","message":""}"#), parts("X", "", None));
    }

    #[test]
    fn a_service_that_spoke_query_keeps_its_codes() {
        let headers = [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")];
        let body = r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no queue"}"#;
        assert_eq!(
            error("sqs", 400, &headers, body),
            parts("AWS.SimpleQueueService.NonExistentQueue", "no queue", None)
        );
    }

    #[test]
    fn rest_json() {
        let headers = [("x-amzn-ErrorType", "ResourceNotFoundException:http://internal.amazon.com/coral/")];
        let body = r#"{"Type": "User", "Message": "no function"}"#;
        assert_eq!(error("lambda", 404, &headers, body), parts("ResourceNotFoundException", "no function", None));
        let body = r#"{"code": "AccessDenied", "message": "no"}"#;
        assert_eq!(error("efs", 403, &[], body), parts("AccessDenied", "no", None));
    }

    #[test]
    fn what_is_not_of_the_protocol_has_the_status_as_its_code() {
        let page = "<html><body>\n<b>Http/1.1 Service Unavailable</b></body> </html>";
        for service in ["ec2", "iam", "s3", "kms", "lambda"] {
            let (code, message, _) = error(service, 503, &[], page);
            assert_eq!(code, "HTTP 503", "{service}");
            assert_eq!(
                message,
                "the answer has no error code: <html><body> <b>Http/1.1 Service Unavailable</b></body> </html>"
            );
        }
        assert_eq!(error("kms", 500, &[], "").0, "HTTP 500");
    }

    #[test]
    fn messages_are_one_line_of_bounded_length() {
        let body = format!("{{\"__type\": \"X\", \"message\": \"a\\u001b[31m\\nb {}\"}}", "long ".repeat(10_000));
        let (_, message, _) = error("kms", 400, &[], &body);
        assert!(message.starts_with("a [31m b long"), "{message}");
        assert!(message.len() < LONGEST_MESSAGE + 10);
    }
}
