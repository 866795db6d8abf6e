//! One call through the orchestrator of AWS's SDK: it signs, sends, retries and times out. What goes in is a request
//! that the codec wrote; what comes out is a value that the codec read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::iter;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_smithy_runtime::client::auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme};
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::identity::no_auth::NoAuthIdentityResolver;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::{AuthSchemeAndEndpointOrchestrationV2, invoke};
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::endpoint::{EndpointPrefix, EndpointResolverParams, SharedEndpointResolver};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::identity::{SharedIdentityCache, SharedIdentityResolver};
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, Error, Input, Output,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, SharedInterceptor, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::SharedRetryStrategy;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_runtime_api::client::runtime_plugin::{RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Layer, Storable, StoreReplace};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::unconstrained;

use super::allowance::Allowance;
use super::budget::Budget;
use super::clock::Clock;
use super::error::{ApiError, ApiErrorKind, Malformed, chain, one_line};
use super::object::{METADATA, Object};
use super::rate;
use super::retry::BudgetedRetry;
use super::tally::Tally;
use crate::source::codec;
use crate::source::endpoint::{BucketPlace, Endpoint};
use crate::source::model::{Expression, Operation, Pagination, Protocol, ServiceModel};
use crate::source::recording::{Call, ErrorForm, ForgedPage, NotRecorded};
use crate::value::{Value, code, escape};

/// What all calls of a client share.
pub(super) struct Transport {
    pub(super) http_client: SharedHttpClient,
    /// None in a replay, where nothing is signed.
    pub(super) identity: Option<(SharedCredentialsProvider, SharedIdentityCache)>,
    pub(super) clock: Clock,
    pub(super) attempts: u32,
    pub(super) timeouts: TimeoutConfig,
    /// The share of AWS's limits to use; none in a replay, which asks nobody.
    pub(super) rate_share: Option<f64>,
    /// How many requests there may be in all, if somebody says so.
    pub(super) allowance: Option<Allowance>,
    pub(super) permits: Semaphore,
    pub(super) permits_of_a_place: usize,
    pub(super) tally: Tally,
}

/// One service in one region: what its calls share, and what they use up.
pub(super) struct Place {
    pub(super) model: Arc<ServiceModel>,
    pub(super) region: Arc<str>,
    pub(super) endpoint: Endpoint,
    plugins: RuntimePlugins,
    budgets: Mutex<BTreeMap<Option<String>, Arc<Budget>>>,
    permits: Semaphore,
}

impl Transport {
    pub(super) fn place(&self, model: Arc<ServiceModel>, region: &str, endpoint: Endpoint) -> Place {
        let plugins = self.plugins(&model, region, &endpoint);
        Place {
            model,
            region: Arc::from(region),
            endpoint,
            plugins,
            budgets: Mutex::default(),
            permits: Semaphore::new(self.permits_of_a_place),
        }
    }

    /// Sends one call, with its retries, when its turn has come. What comes is a [`Value`] or an [`Object`], as `form` says.
    pub(super) async fn send<T: fmt::Debug + Send + Sync + 'static>(
        &self,
        place: &Place,
        operation: &Operation,
        params: &Value,
        form: Form,
    ) -> Result<T, Failed> {
        let prepared = prepare(place, operation, params, form)?;
        if let Some(allowance) = self.allowance.as_ref().filter(|allowance| !allowance.take()) {
            let (kind, message) = (ApiErrorKind::Request, allowance.to_string());
            return Err(Failed::new(place, operation, kind, code::OVER_BUDGET, &message));
        }
        let budget = self.budget(place, operation.name());
        if let Some(budget) = &budget {
            budget.wait(&self.clock).await;
        }
        // The place's permit comes first: a place that is slow must not hold permits that others could use.
        let _of_place = place.permits.acquire().await;
        let _of_all = self.permits.acquire().await;

        let mut components = RuntimeComponentsBuilder::new("call");
        let retry = BudgetedRetry::new(budget, self.allowance.clone(), self.tally.clone(), self.clock.clone());
        components.set_retry_strategy(Some(SharedRetryStrategy::new(retry)));
        let plugins =
            place.plugins.clone().with_operation_plugin(StaticRuntimePlugin::new().with_runtime_components(components));
        let input = Input::erase(prepared);
        let call = invoke(place.model.name(), operation.name(), input, &plugins);
        // The runtime makes a task pause now and then so that others get their turn, and by an instant clock that pause
        // would be a timeout.
        let result = if self.clock.is_instant() { unconstrained(call).await } else { call.await };
        let output = result.map_err(|error| Failed::of_sdk(place, operation, &error))?;
        output
            .downcast::<T>()
            .map_err(|_| Failed::unsent(place, operation, "the answer was read by something else than the codec"))
    }

    fn budget(&self, place: &Place, operation: &str) -> Option<Arc<Budget>> {
        let share = self.rate_share?;
        let (limit, apart) = rate::limit(place.model.name(), operation);
        let mut budgets = place.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = budgets
            .entry(apart.map(str::to_owned))
            .or_insert_with(|| Arc::new(Budget::new(limit.scaled(share), self.clock.now())));
        Some(Arc::clone(budget))
    }

    fn plugins(&self, model: &ServiceModel, region: &str, endpoint: &Endpoint) -> RuntimePlugins {
        let name = format!("{}/{region}", model.name());
        let defaults = DefaultPluginParams::new()
            .with_retry_partition_name(name.clone())
            .with_behavior_version(BehaviorVersion::latest());

        let mut config = Layer::new("assize");
        config.store_put(AuthSchemeAndEndpointOrchestrationV2);
        config.store_put(SharedRequestSerializer::new(Serializer));
        config.store_put(SharedResponseDeserializer::new(Deserializer));
        config.store_put(AuthSchemeOptionResolverParams::new(()));
        config.store_put(Region::new(region.to_owned()));
        config.store_put(SigningRegion::from(Region::new(endpoint.signing_region.clone())));
        config.store_put(SigningName::from(endpoint.signing_name.clone()));
        config.store_put(signing(model));
        config.store_put(RetryConfig::standard().with_max_attempts(self.attempts));
        // A partition of its own for each account, region and service: they fail, and may try again, independently.
        config.store_put(RetryPartition::custom(name).build());
        config.store_put(self.timeouts.clone());
        // An answer that trickles is ended by the timeout of the attempt.
        config.store_put(StalledStreamProtectionConfig::disabled());

        let mut components = RuntimeComponentsBuilder::new("assize");
        components.set_http_client(Some(self.http_client.clone()));
        components.set_time_source(Some(self.clock.time_source()));
        components.set_sleep_impl(Some(self.clock.sleep_impl()));
        components.set_endpoint_resolver(Some(SharedEndpointResolver::new(StaticUriEndpointResolver::uri(
            endpoint.url.clone(),
        ))));
        let scheme = if let Some((credentials, cache)) = &self.identity {
            components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
            components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials.clone()));
            components.set_identity_cache(Some(cache.clone()));
            SCHEME_ID
        } else {
            components.push_auth_scheme(SharedAuthScheme::new(NoAuthScheme::default()));
            components
                .set_identity_resolver(NO_AUTH_SCHEME_ID, SharedIdentityResolver::new(NoAuthIdentityResolver::new()));
            components.set_identity_cache(Some(IdentityCache::no_cache()));
            NO_AUTH_SCHEME_ID
        };
        components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![scheme]),
        )));
        components.push_retry_classifier(TransientErrorClassifier::<Answered>::new());
        components.push_retry_classifier(HttpStatusCodeClassifier::default());
        components.push_retry_classifier(AwsErrorCodeClassifier::<Answered>::new());
        components.push_retry_classifier(ServiceClockSkewClassifier::<Answered>::new());
        components.push_interceptor(SharedInterceptor::permanent(ConnectionPoisoningInterceptor::new()));
        components.push_interceptor(SharedInterceptor::permanent(ServiceClockSkewInterceptor::new()));
        components.push_interceptor(SharedInterceptor::permanent(RequestInfoInterceptor::new()));
        components.push_interceptor(SharedInterceptor::permanent(InvocationIdInterceptor::new()));
        components.push_interceptor(SharedInterceptor::permanent(Announce { tally: self.tally.clone() }));

        RuntimePlugins::new().with_client_plugins(default_plugins(defaults)).with_client_plugin(
            StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components),
        )
    }
}

/// S3 takes paths as they are and wants the digest of the body in a header; no other service does
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
fn signing(model: &ServiceModel) -> SigV4OperationSigningConfig {
    let is_s3 = model.signing_name() == "s3";
    let mut config = SigV4OperationSigningConfig::default();
    config.signing_options.double_uri_encode = !is_s3;
    config.signing_options.normalize_uri_path = !is_s3;
    config.signing_options.content_sha256_header = is_s3;
    config
}

/// A request as the codec wrote it, with what else its way through the orchestrator needs.
#[derive(Debug)]
struct Prepared {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    host_prefix: Option<String>,
    context: Context,
}

/// What goes along with a call: the answer is read by it.
#[derive(Clone, Debug)]
struct Context {
    model: Arc<ServiceModel>,
    call: Call,
    form: Form,
}

/// What becomes of a good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The codec reads it.
    Value,
    /// It is an object of a bucket, and has so many bytes at most.
    Object {
        /// The most that is read.
        limit: u64,
    },
}

impl Storable for Context {
    type Storer = StoreReplace<Self>;
}

fn prepare(place: &Place, operation: &Operation, params: &Value, form: Form) -> Result<Prepared, Failed> {
    let parts = codec::serialize(&place.model, operation, params)
        .map_err(|error| Failed::unsent(place, operation, &chain(&error)))?;
    let bucket = parts.bucket.as_deref().map(|bucket| place.endpoint.bucket_place(bucket));
    let (bucket_prefix, path) = match bucket {
        Some(BucketPlace::Host(prefix)) => (Some(prefix), parts.path_and_query.clone()),
        Some(BucketPlace::Path(segment)) => (None, below(&segment, &parts.path_and_query)),
        None => (None, parts.path_and_query.clone()),
    };
    let recorded_path = parts
        .bucket
        .as_ref()
        .map_or_else(|| parts.path_and_query.clone(), |bucket| below(&format!("/{bucket}"), &parts.path_and_query));
    let host_prefix = parts.host_prefix.filter(|_| place.endpoint.takes_host_prefix());
    if let Some(prefix) = &host_prefix
        && !prefix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
    {
        return Err(Failed::unsent(place, operation, &format!("`{prefix}` cannot be part of a host name")));
    }
    let pagination = operation.pagination();
    let call = Call {
        service: Arc::from(place.model.name()),
        region: Arc::clone(&place.region),
        operation: Arc::from(operation.name()),
        path: Arc::from(recorded_path),
        errors: error_form(&place.model),
        paged: pagination.is_some(),
        continues: pagination.is_some_and(|pagination| continues(pagination, params)),
    };
    Ok(Prepared {
        method: parts.method,
        path,
        headers: parts.headers,
        body: parts.body,
        host_prefix: bucket_prefix.or(host_prefix),
        context: Context { model: Arc::clone(&place.model), call, form },
    })
}

/// Whether these parameters ask for a page after the first.
fn continues(pagination: &Pagination, params: &Value) -> bool {
    pagination.input_tokens.iter().any(|token| params.get(token).is_some_and(|token| *token != Value::Null))
}

/// The same page, saying that there is another one.
fn with_another_page(pagination: &Pagination, page: &Value) -> Value {
    let place = |expression: &Expression| {
        let path = expression.members().or_else(|| expression.top().map(|name| vec![Arc::clone(name)]))?;
        Some(path.iter().fold(String::new(), |pointer, name| pointer + "/" + escape(name).as_str()))
    };
    let tokens = pagination.output_tokens.iter().filter_map(place).map(|at| (at, Value::from("lost-page")));
    let more = pagination.more_results.iter().filter_map(place).map(|at| (at, Value::Bool(true)));
    tokens.chain(more).fold(page.clone(), |page, (at, value)| page.with_pointer(&at, value))
}

/// A path below a first segment: `/bucket` and `/?acl` are `/bucket?acl`.
fn below(segment: &str, path: &str) -> String {
    match path.strip_prefix('/') {
        Some(rest) if rest.is_empty() || rest.starts_with('?') => format!("{segment}{rest}"),
        _ => format!("{segment}{path}"),
    }
}

fn error_form(model: &ServiceModel) -> ErrorForm {
    match model.protocol() {
        Protocol::Ec2 => ErrorForm::Ec2,
        Protocol::Json => ErrorForm::Json,
        Protocol::RestJson => ErrorForm::RestJson,
        Protocol::RestXml if model.name() == "s3" => ErrorForm::Bare,
        Protocol::Query | Protocol::RestXml => ErrorForm::Wrapped,
    }
}

const USER_AGENT: &str = concat!("assize/", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
struct Serializer;

impl SerializeRequest for Serializer {
    fn serialize_input(&self, input: Input, config: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let prepared = input.downcast::<Prepared>().map_err(|_| "the input is not a prepared request")?;
        let mut request = HttpRequest::new(SdkBody::from(prepared.body));
        request.set_method(&prepared.method)?;
        request.set_uri(prepared.path)?;
        if let Some(length) = request.body().content_length().filter(|length| *length > 0) {
            request.headers_mut().try_insert("content-length", length.to_string())?;
        }
        request.headers_mut().try_insert("user-agent", USER_AGENT)?;
        for (name, value) in prepared.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        let state = config.interceptor_state();
        // The orchestrator wants to write the identity into these.
        state.store_put(EndpointResolverParams::new(()));
        if let Some(prefix) = prepared.host_prefix {
            state.store_put(EndpointPrefix::new(prefix)?);
        }
        let call = &prepared.context.call;
        state.store_put(Metadata::new(Cow::Owned(call.operation.to_string()), Cow::Owned(call.service.to_string())));
        state.store_put(prepared.context);
        Ok(request)
    }
}

/// Counts each attempt, and tells the connector which call it belongs to.
#[derive(Debug)]
struct Announce {
    tally: Tally,
}

#[dyn_dispatch_hint]
impl Intercept for Announce {
    fn name(&self) -> &'static str {
        "Announce"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = &config.load::<Context>().ok_or("the call is not known")?.call;
        self.tally.attempt(&call.service, &call.operation, &call.region);
        // The orchestrator keeps a copy of the request for the next attempt, and copies have no extensions.
        context.request_mut().add_extension(call.clone());
        Ok(())
    }
}

#[derive(Debug)]
struct Deserializer;

impl DeserializeResponse for Deserializer {
    /// Before the body is read: whether it is to be.
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        config: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        let Form::Object { limit } = config.load::<Context>()?.form else { return None };
        if !response.status().is_success() {
            return None;
        }
        // What is said is what is read: the connection ends the body there.
        let length = said_length(response);
        let fits = length.is_some_and(|length| length <= limit);
        (!fits).then(|| Err(OrchestratorError::other(TooLarge { length, limit })))
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let context = config.load::<Context>().ok_or_else(|| OrchestratorError::other("the call is not known"))?;
        let model = &context.model;
        let body = response.body().bytes().ok_or_else(|| OrchestratorError::other("the body was not read"))?;
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> =
            response.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if let Some(expected) = length_that_differs(response, body) {
            return Err(OrchestratorError::response(CutOff { arrived: body.len(), expected }.into()));
        }
        if !response.status().is_success() {
            let parts = codec::parse_error(model, status, &headers, body);
            let meta = ErrorMetadata::builder().code(parts.code).message(parts.message).build();
            return Err(OrchestratorError::operation(Error::erase(Answered { meta, request_id: parts.request_id })));
        }
        if context.form != Form::Value {
            let metadata = headers.iter().filter_map(|(name, value)| {
                let name = name.to_ascii_lowercase();
                Some((name.strip_prefix(METADATA)?.to_owned(), value.clone()))
            });
            return Ok(Output::erase(Object { metadata: metadata.collect(), bytes: Bytes::copy_from_slice(body) }));
        }
        let operation = model.operation(&context.call.operation).map_err(OrchestratorError::other)?;
        let value = codec::parse(model, operation, status, &headers, body)
            .map_err(|error| OrchestratorError::response(Malformed(chain(&error)).into()))?;
        let forged = response.extension::<ForgedPage>().and(operation.pagination());
        Ok(Output::erase(match forged {
            Some(pagination) => with_another_page(pagination, &value),
            None => value,
        }))
    }

    fn deserialize_nonstreaming(&self, _: &HttpResponse) -> Result<Output, OrchestratorError<Error>> {
        Err(OrchestratorError::other("an answer cannot be read without its call"))
    }
}

/// The length that the answer was said to have, if it has another. (HTTP says the length of what HEAD would have sent,
/// and no operation here is asked by HEAD with a body to come.)
fn length_that_differs(response: &HttpResponse, body: &[u8]) -> Option<u64> {
    let said = said_length(response)?;
    (!body.is_empty() && said != body.len() as u64).then_some(said)
}

fn said_length(response: &HttpResponse) -> Option<u64> {
    response.headers().get("content-length")?.trim().parse().ok()
}

/// AWS answered with an error.
#[derive(Debug)]
struct Answered {
    meta: ErrorMetadata,
    request_id: Option<String>,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.meta.code().unwrap_or_default(), self.meta.message().unwrap_or_default())
    }
}

impl StdError for Answered {}

impl ProvideErrorMetadata for Answered {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

/// The connection broke in the middle of an answer.
#[derive(Debug, thiserror::Error)]
#[error("{arrived} of {expected} bytes arrived")]
struct CutOff {
    arrived: usize,
    expected: u64,
}

/// The body of an answer is too long to be read.
#[derive(Debug, thiserror::Error)]
#[error("{}, and at most {limit} are read", length.map_or_else(|| "the answer does not say how many bytes it has".to_owned(), |length| format!("it has {length} bytes")))]
struct TooLarge {
    length: Option<u64>,
    limit: u64,
}

/// A call that failed, and the region where S3 says that the bucket is.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: ApiError,
    pub(super) bucket_region: Option<String>,
}

impl Failed {
    fn new(place: &Place, operation: &Operation, kind: ApiErrorKind, code: &str, message: &str) -> Self {
        let error = ApiError {
            service: place.model.name().to_owned(),
            operation: operation.name().to_owned(),
            region: place.region.to_string(),
            code: code.to_owned(),
            message: one_line(message),
            status: None,
            request_id: None,
            kind,
        };
        Self { error, bucket_region: None }
    }

    fn unsent(place: &Place, operation: &Operation, message: &str) -> Self {
        Self::new(place, operation, ApiErrorKind::Request, code::INVALID_REQUEST, message)
    }

    fn of_sdk(place: &Place, operation: &Operation, error: &SdkError<Error, HttpResponse>) -> Self {
        let failed = |kind, code: &str, message: &str| Self::new(place, operation, kind, code, message);
        let response = error.raw_response();
        let status = response.map(|response| response.status().as_u16());
        let header = |name: &str| response.and_then(|response| response.headers().get(name)).map(str::to_owned);
        let request_id = header("x-amzn-requestid").or_else(|| header("x-amz-request-id"));
        let bucket_region = header("x-amz-bucket-region");
        let mut out = match error {
            SdkError::ServiceError(service) => {
                let answered = service.err().downcast_ref::<Answered>();
                let meta = answered.map(|answered| &answered.meta);
                let code = meta.and_then(ErrorMetadata::code).unwrap_or_default();
                let message = meta.and_then(ErrorMetadata::message).unwrap_or_default();
                let mut out = failed(ApiErrorKind::Service, &one_line(code), message);
                out.error.request_id = answered.and_then(|answered| answered.request_id.clone());
                out
            }
            SdkError::TimeoutError(_) => failed(ApiErrorKind::Timeout, code::TIMEOUT, "no answer within the deadline"),
            SdkError::ResponseError(_) => {
                if let Some(malformed) = cause::<Malformed>(error) {
                    failed(ApiErrorKind::Malformed, code::MALFORMED, &malformed.0)
                } else if let Some(large) = cause::<TooLarge>(error) {
                    failed(ApiErrorKind::TooLarge, code::TOO_LARGE, &large.to_string())
                } else {
                    failed(ApiErrorKind::Connection, code::CONNECTION, &chain_below(error))
                }
            }
            SdkError::DispatchFailure(failure) => {
                if let Some(missing) = cause::<NotRecorded>(error) {
                    failed(ApiErrorKind::NotRecorded, code::NOT_RECORDED, &missing.to_string())
                } else if let Some(credentials) = innermost::<CredentialsError>(error) {
                    let (code, message) = unprovided(credentials);
                    failed(ApiErrorKind::Credentials, code, &message)
                } else if failure.is_timeout() {
                    failed(ApiErrorKind::Timeout, code::TIMEOUT, "no connection within the deadline")
                } else {
                    failed(ApiErrorKind::Connection, code::CONNECTION, &chain_below(error))
                }
            }
            _ => failed(ApiErrorKind::Request, code::INVALID_REQUEST, &chain_below(error)),
        };
        out.error.status = status;
        out.error.request_id = out.error.request_id.or(request_id);
        out.bucket_region = bucket_region;
        out
    }
}

/// An error and its causes.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The first cause of this type.
fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The last cause of this type: credentials that are wanted for a role fail in two steps.
fn innermost<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).filter_map(|error| error.downcast_ref()).last()
}

/// Why credentials cannot be had, as a code and a sentence.
pub(super) fn unprovided(error: &CredentialsError) -> (&'static str, String) {
    // Credentials that are wanted for a role fail in two steps.
    let error = innermost::<CredentialsError>(error).unwrap_or(error);
    match error {
        CredentialsError::CredentialsNotLoaded(_) => (code::NO_CREDENTIALS, not_loaded(error)),
        _ => (code::CREDENTIALS_FAILED, chain_below(error)),
    }
}

/// Why there are no credentials. The SDK lists every place where it did not find any. What counts is what is wrong with
/// the profile, if something is.
fn not_loaded(error: &CredentialsError) -> String {
    let said: Vec<String> = causes(error).map(ToString::to_string).collect();
    said.iter()
        .flat_map(|said| said.lines())
        .filter_map(|line| line.trim().strip_prefix("Profile: ")?.split_once("not enabled: "))
        .map(|(_, reason)| reason.to_owned())
        .next()
        .unwrap_or_else(|| "neither the environment, nor a profile, nor the machine's role has any".to_owned())
}

/// What an error of the SDK says below its own words, which say only in which step it came up.
fn chain_below(error: &(dyn StdError + 'static)) -> String {
    chain(error.source().unwrap_or(error))
}
