//! What a connector is told of a request beside its bytes, and the connector that keeps what it sees.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::{Answer, Body, Exchange, Failure, Recording, scrub};

/// Which call a request belongs to. The client adds it to each request; a connector could not tell from bytes and
/// host alone.
#[derive(Clone, Debug)]
pub(in crate::source) struct Call {
    pub(in crate::source) service: Arc<str>,
    pub(in crate::source) region: Arc<str>,
    pub(in crate::source) operation: Arc<str>,
    /// Path and query as [`Exchange::path`] has them.
    pub(in crate::source) path: Arc<str>,
    /// How the service writes its errors.
    pub(in crate::source) errors: ErrorForm,
    /// Whether the operation answers in pages.
    pub(in crate::source) paged: bool,
    /// Whether this asks for a page after the first.
    pub(in crate::source) continues: bool,
}

/// How a service writes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum ErrorForm {
    /// `<Response><Errors><Error>…`
    Ec2,
    /// `<ErrorResponse><Error>…`
    Wrapped,
    /// `<Error>…`, as S3 does.
    Bare,
    /// `{"__type": …}`
    Json,
    /// The code in a header, the message in a JSON body.
    RestJson,
}

/// Says of a response that there is to be another page though the bytes do not say so (see
/// [`Fault::LosePage`](super::Fault::LosePage)).
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct ForgedPage;

/// Keeps every exchange that a client makes through it. Cloning it is cheap, and all clones keep into the same place.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    log: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    /// One that has kept nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was kept so far, made at `recorded_at` (RFC 3339).
    ///
    /// Secrets are replaced always. With `replace_accounts`, the id of the account is replaced by `111122223333`, and
    /// those of other accounts by numbers that tell them apart.
    pub fn finish(&self, recorded_at: &str, replace_accounts: bool) -> Recording {
        let mut exchanges = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        scrub::secrets(&mut exchanges);
        if replace_accounts {
            scrub::accounts(&mut exchanges);
        }
        Recording::new(recorded_at, exchanges)
    }

    /// An HTTP client that does what `inner` does and keeps it.
    pub(in crate::source) fn around(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(RecordingClient { inner, recorder: self.clone() })
    }
}

#[derive(Debug)]
struct RecordingClient {
    inner: SharedHttpClient,
    recorder: Recorder,
}

impl HttpClient for RecordingClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(RecordingConnector { inner, recorder: self.recorder.clone() })
    }
}

#[derive(Debug)]
struct RecordingConnector {
    inner: SharedHttpConnector,
    recorder: Recorder,
}

impl HttpConnector for RecordingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(exchange) = exchange(&request) else { return self.inner.call(request) };
        let kept = Kept { exchange, recorder: self.recorder.clone() };
        let response = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let response = read(response).await;
            kept.with(match &response {
                Ok(response) => answer(response),
                Err(error) if error.is_timeout() => Answer::Failure { failure: Failure::Timeout },
                Err(_) => Answer::Failure { failure: Failure::Connection },
            });
            response
        })
    }
}

/// An exchange that is kept when it ends, however it ends.
struct Kept {
    exchange: Exchange,
    recorder: Recorder,
}

impl Kept {
    fn with(mut self, answer: Answer) {
        self.exchange.answer = answer;
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.recorder.log.lock().unwrap_or_else(PoisonError::into_inner).push(self.exchange.clone());
    }
}

/// The exchange that this request begins. Until something else is known it ended because nobody waited any longer.
fn exchange(request: &HttpRequest) -> Option<Exchange> {
    let call = request.extension::<Call>()?;
    Some(Exchange {
        service: call.service.to_string(),
        region: call.region.to_string(),
        operation: call.operation.to_string(),
        method: request.method().to_owned(),
        path: call.path.to_string(),
        request: Body(request.body().bytes().unwrap_or_default().to_vec()),
        answer: Answer::Failure { failure: Failure::Timeout },
    })
}

/// The response with its body in memory.
async fn read(response: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
    let mut response = response.await?;
    let body = mem::replace(response.body_mut(), SdkBody::taken());
    let bytes = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    *response.body_mut() = SdkBody::from(bytes.into_bytes());
    Ok(response)
}

fn answer(response: &HttpResponse) -> Answer {
    let mut headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(|(name, _)| carries_meaning(name))
        .collect();
    headers.sort();
    let body = Body(response.body().bytes().unwrap_or_default().to_vec());
    Answer::Response { status: response.status().as_u16(), headers, body }
}

/// Whether a header says something about the account or the answer, and not about the way it took.
fn carries_meaning(name: &str) -> bool {
    matches!(name, "content-type" | "location" | "etag" | "last-modified")
        || (name.starts_with("x-amz")
            && !name.starts_with("x-amz-cf-")
            && !matches!(name, "x-amz-id-2" | "x-amz-security-token"))
}
