//! The connector that answers from a recording, and what may be wrong with its answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::connector::{Call, ErrorForm, ForgedPage};
use super::{Answer, Failure, Recording, RequestKey};

/// What is wrong with an answer in a [`Replay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// AWS says that a permission is missing, in the form that the service's protocol has for it.
    AccessDenied,
    /// The answer breaks off in the middle.
    TruncatedBody,
    /// Something on the way answers with an HTML page and the status 500.
    HtmlError,
    /// No answer ever comes.
    Hang,
    /// There is a second page, and it cannot be had: the connection breaks when it is asked for. Operations that never
    /// answer in pages are not affected.
    LosePage,
}

impl Fault {
    /// All faults, in the order of their declaration.
    pub const ALL: [Self; 5] = [Self::AccessDenied, Self::TruncatedBody, Self::HtmlError, Self::Hang, Self::LosePage];
}

type ChooseFault = dyn Fn(&str, &str, &str) -> Option<Fault> + Send + Sync;

/// A recording in the place of the network. Cloning it is cheap. Every client that is connected to it hears the
/// recording from its beginning.
///
/// Nothing is sent anywhere, no credentials are needed, and no time passes: back-offs and timeouts are over at once.
/// A request that the recording has no answer to ends as [`code::NOT_RECORDED`](crate::value::code::NOT_RECORDED).
///
/// ```
/// # use std::sync::Arc;
/// use assize::source::recording::{Fault, Recording, Replay};
///
/// # fn example(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let recording = Arc::new(Recording::load(bytes)?);
/// // How does a rule judge a bucket whose policy it may not read?
/// let replay = Replay::new(recording).with_fault("s3", "GetBucketPolicy", Fault::AccessDenied);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Replay {
    recording: Arc<Recording>,
    fault: Option<Arc<ChooseFault>>,
}

impl Replay {
    /// A replay of this recording, as it was recorded.
    pub fn new(recording: Arc<Recording>) -> Self {
        Self { recording, fault: None }
    }

    /// The same, with something wrong with every answer to one operation (`s3`, `GetBucketPolicy`).
    #[must_use]
    pub fn with_fault(self, service: &str, operation: &str, fault: Fault) -> Self {
        let chosen = (service.to_owned(), operation.to_owned());
        self.with_faults(move |service, operation, _| (chosen.0 == service && chosen.1 == operation).then_some(fault))
    }

    /// The same, with what is wrong chosen for each request by service, operation and region. Where this chooses
    /// nothing, what was chosen before it holds.
    #[must_use]
    pub fn with_faults(self, choose: impl Fn(&str, &str, &str) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let before = self.fault;
        let fault = move |service: &str, operation: &str, region: &str| {
            choose(service, operation, region).or_else(|| before.as_ref()?(service, operation, region))
        };
        Self { recording: self.recording, fault: Some(Arc::new(fault)) }
    }

    /// The recording that is replayed.
    pub fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    /// An HTTP client that answers from the beginning of the recording.
    pub(in crate::source) fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Player { replay: self.clone(), given: Arc::default() })
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("exchanges", &self.recording.exchanges.len()).finish_non_exhaustive()
    }
}

/// The recording has no answer to a request.
#[derive(Debug, thiserror::Error)]
#[error("the recording has no answer to {method} {path}")]
pub(in crate::source) struct NotRecorded {
    method: String,
    path: String,
}

#[derive(Clone, Debug)]
struct Player {
    replay: Replay,
    /// How many answers were given to a request, by the position of the first.
    given: Arc<Mutex<BTreeMap<usize, usize>>>,
}

impl HttpClient for Player {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Player {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(call) = request.extension::<Call>().cloned() else {
            return HttpConnectorFuture::ready(Err(not_recorded(&request, request.uri())));
        };
        let fault = self.replay.fault.as_ref().and_then(|choose| choose(&call.service, &call.operation, &call.region));
        let response = match fault {
            Some(Fault::AccessDenied) => denied(&call),
            Some(Fault::HtmlError) => html_error(),
            Some(Fault::Hang) => return never(),
            Some(Fault::LosePage) if call.continues => Err(broken()),
            Some(Fault::LosePage | Fault::TruncatedBody) | None => match self.recorded(&request, &call) {
                Some(Answer::Failure { failure: Failure::Timeout }) => return never(),
                Some(Answer::Failure { failure: Failure::Connection }) => Err(broken()),
                Some(Answer::Response { status, headers, body }) if fault == Some(Fault::TruncatedBody) => {
                    truncated(*status, headers, &body.0)
                }
                Some(Answer::Response { status, headers, body }) => {
                    response(*status, headers, &body.0).map(|mut response| {
                        if fault == Some(Fault::LosePage) && call.paged {
                            response.add_extension(ForgedPage);
                        }
                        response
                    })
                }
                None => Err(not_recorded(&request, &call.path)),
            },
        };
        HttpConnectorFuture::ready(response)
    }
}

impl Player {
    /// The next answer to this request; after the last one, the last one again.
    fn recorded(&self, request: &HttpRequest, call: &Call) -> Option<&Answer> {
        let key = RequestKey {
            service: call.service.to_string(),
            region: call.region.to_string(),
            operation: call.operation.to_string(),
            method: request.method().to_owned(),
            path: call.path.to_string(),
            request: request.body().bytes().unwrap_or_default().to_vec(),
        };
        let answers = self.replay.recording.answers(&key);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let count = given.entry(*answers.first()?).or_default();
        let at = answers.get(*count).or_else(|| answers.last())?;
        *count += 1;
        self.replay.recording.exchanges.get(*at).map(|exchange| &exchange.answer)
    }
}

fn never() -> HttpConnectorFuture {
    HttpConnectorFuture::new(std::future::pending())
}

fn broken() -> ConnectorError {
    ConnectorError::io("the connection was closed before the answer was complete".into())
}

fn not_recorded(request: &HttpRequest, path: &str) -> ConnectorError {
    let error = NotRecorded { method: request.method().to_owned(), path: path.to_owned() };
    ConnectorError::user(error.into())
}

fn response(status: u16, headers: &[(String, String)], body: &[u8]) -> Result<HttpResponse, ConnectorError> {
    let invalid = |error: &dyn std::error::Error| ConnectorError::user(error.to_string().into());
    let status = StatusCode::try_from(status).map_err(|error| invalid(&error))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in headers {
        response.headers_mut().try_append(name.clone(), value.clone()).map_err(|error| invalid(&error))?;
    }
    Ok(response)
}

/// The first half of the body, under the length of the whole. Of a body too short for that nothing is left.
fn truncated(status: u16, headers: &[(String, String)], body: &[u8]) -> Result<HttpResponse, ConnectorError> {
    if body.is_empty() {
        return Err(broken());
    }
    let mut headers = headers.to_vec();
    headers.push(("content-length".to_owned(), body.len().to_string()));
    response(status, &headers, body.get(..body.len() / 2).unwrap_or_default())
}

fn html_error() -> Result<HttpResponse, ConnectorError> {
    let page = "<html><head><title>500 Internal Server Error</title></head><body><h1>Sorry</h1></body></html>";
    response(500, &[header("content-type", "text/html")], page.as_bytes())
}

fn denied(call: &Call) -> Result<HttpResponse, ConnectorError> {
    let message = format!("not authorized to perform {}:{}", call.service, call.operation);
    let id = "00000000-0000-4000-8000-000000000000";
    let (status, headers, body) = match call.errors {
        ErrorForm::Ec2 => (
            403,
            vec![header("content-type", "text/xml;charset=UTF-8")],
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>UnauthorizedOperation</Code>\
                 <Message>{message}</Message></Error></Errors><RequestID>{id}</RequestID></Response>"
            ),
        ),
        ErrorForm::Wrapped => (
            403,
            vec![header("content-type", "text/xml"), header("x-amzn-requestid", id)],
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>\
                 <RequestId>{id}</RequestId></ErrorResponse>"
            ),
        ),
        ErrorForm::Bare => (
            403,
            vec![header("content-type", "application/xml"), header("x-amz-request-id", id)],
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>\
                 <Message>{message}</Message><RequestId>{id}</RequestId></Error>"
            ),
        ),
        ErrorForm::Json => (
            400,
            vec![header("content-type", "application/x-amz-json-1.1"), header("x-amzn-requestid", id)],
            format!("{{\"__type\":\"AccessDeniedException\",\"message\":\"{message}\"}}"),
        ),
        ErrorForm::RestJson => (
            403,
            vec![
                header("content-type", "application/json"),
                header("x-amzn-errortype", "AccessDeniedException"),
                header("x-amzn-requestid", id),
            ],
            format!("{{\"message\":\"{message}\"}}"),
        ),
    };
    response(status, &headers, body.as_bytes())
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
