//! The client that asks AWS: one call, by the names of service and operation, parameters in, a value out.
//!
//! It knows no resource types. What may be called is what [`model`](super::model) has, which is reads only, so nothing
//! that goes through here can change an account. How a call travels (signing, retries, timeouts, proxies, credentials) is
//! left to the runtime of AWS's SDK; how fast, is decided here: see [`rate`].

pub mod rate;

mod allowance;
mod budget;
mod clock;
mod error;
mod identity;
mod object;
mod retry;
mod tally;
mod transport;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::{Semaphore, watch};

pub(crate) use self::error::chain as one_line_chain;
use self::error::chain;
use self::identity::Settings;
use self::tally::Tally;
use self::transport::{Failed, Form, Place, Transport};
use super::codec::CodecError;
use super::codec::pages::Pages;
use super::endpoint::{Endpoint, EndpointError, Endpoints, Partition};
use super::model::{ModelError, Models, Operation, ServiceModel};
use super::recording::{Recorder, Replay};
use crate::value::{Value, code};

pub use self::allowance::Allowance;
pub use self::clock::Clock;
pub use self::error::{ApiError, ApiErrorKind, ClientError};
pub use self::object::Object;
pub use self::tally::Progress;

/// How a [`Client`] is to be.
///
/// Endpoints (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`, `services` sections), FIPS, dual-stack and proxies are
/// taken from where AWS's tools take them: the environment and the profile.
#[derive(Clone)]
pub struct ConnectOptions {
    profile: Option<String>,
    region: Option<String>,
    role_arn: Option<String>,
    external_id: Option<String>,
    sdk_config: Option<SdkConfig>,
    models: Option<Arc<Models>>,
    endpoints: Endpoints,
    attempts: u32,
    attempt_timeout: Duration,
    operation_timeout: Duration,
    concurrency: usize,
    rate_share: f64,
    allowance: Option<Allowance>,
    clock: Option<Clock>,
    recorder: Option<Recorder>,
    replay: Option<Replay>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            role_arn: None,
            external_id: None,
            sdk_config: None,
            models: None,
            endpoints: Endpoints::builtin(),
            attempts: 5,
            attempt_timeout: Duration::from_secs(30),
            operation_timeout: Duration::from_mins(2),
            concurrency: 64,
            rate_share: 0.5,
            allowance: None,
            clock: None,
            recorder: None,
            replay: None,
        }
    }
}

impl ConnectOptions {
    /// The usual: credentials from the environment or the default profile, half of AWS's published rates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes credentials and settings from this profile instead of `AWS_PROFILE` or `default`.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// The region in which to ask whose credentials these are, instead of the one that the settings name. It decides
    /// the partition.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Assumes this role with the credentials, and asks as it.
    #[must_use]
    pub fn role_arn(mut self, role_arn: impl Into<String>) -> Self {
        self.role_arn = Some(role_arn.into());
        self
    }

    /// The external id that the role demands.
    #[must_use]
    pub fn external_id(mut self, external_id: impl Into<String>) -> Self {
        self.external_id = Some(external_id.into());
        self
    }

    /// Takes credentials, region, endpoints and HTTP client from this configuration of AWS's SDK, and looks neither at
    /// the environment nor at profiles: for a program that has its own way to credentials.
    #[must_use]
    pub fn sdk_config(mut self, config: SdkConfig) -> Self {
        self.sdk_config = Some(config);
        self
    }

    /// These models instead of those that come with the project.
    #[must_use]
    pub fn models(mut self, models: Arc<Models>) -> Self {
        self.models = Some(models);
        self
    }

    /// These endpoints instead of those that come with the project.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }

    /// How often one call is tried, the first time included; 5 by default, at least 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long one attempt may take; 30 seconds by default.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long one call may take with all its attempts and the pauses between them; 2 minutes by default. Time spent
    /// waiting for the rate budget does not count.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout;
        self
    }

    /// How many calls may be under way at once; 64 by default. One service in one region gets at most an eighth.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// The share of AWS's published rates to use, for each account, region and service; 0.5 by default. See [`rate`].
    #[must_use]
    pub fn rate_share(mut self, share: f64) -> Self {
        self.rate_share = share.clamp(0.001, 1.0);
        self
    }

    /// The most requests to send, together with all clients that have a clone of the allowance; without one there is no limit.
    /// A call for which none is left is not made: it fails with [`code::OVER_BUDGET`]. What a source of credentials asks for
    /// itself is not counted.
    #[must_use]
    pub fn allowance(mut self, allowance: Allowance) -> Self {
        self.allowance = Some(allowance);
        self
    }

    /// The clock to go by. By default that of the machine, and in a replay an instant one that stands at the time of the
    /// recording.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Keeps every exchange in this recorder.
    #[must_use]
    pub fn record(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Answers from a recording instead of AWS. Neither credentials nor settings of the machine are looked at.
    #[must_use]
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = Some(replay);
        self
    }

    /// Settings and credentials as a client of these options has them, in the form of AWS's SDK: for what only one of its
    /// own clients can ask.
    pub async fn load_sdk_config(&self) -> Result<SdkConfig, ClientError> {
        let settings = match &self.sdk_config {
            Some(config) => Settings::of(config.clone(), self.region.as_deref()),
            None => Settings::load(self.profile.as_deref(), self.region.as_deref()).await?,
        };
        let home_region = settings.region().unwrap_or(DEFAULT_REGION).to_owned();
        let role = self.role_arn.as_deref().map(|role| (role, self.external_id.as_deref()));
        let Some(credentials) = settings.credentials(role, &home_region).await else {
            let message = "there is no source of credentials".to_owned();
            return Err(ClientError::NoCredentials { profile: self.profile.clone(), message });
        };
        // Each of its calls would say the same, and most of them as one thing among others that they could not read.
        credentials.provide_credentials().await.map_err(|error| {
            let (code, message) = transport::unprovided(&error);
            self.unprovided(code, message)
        })?;
        let http_client = settings.http_client()?;
        Ok(settings.into_sdk_config(credentials, http_client, home_region, self.timeouts()))
    }

    /// That there are no credentials, by the code for that, or none that their source gives.
    fn unprovided(&self, code: &str, message: String) -> ClientError {
        let profile = self.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
        if code == code::NO_CREDENTIALS {
            return ClientError::NoCredentials { profile, message };
        }
        ClientError::CredentialsFailed { profile, role: self.role_arn.clone(), message }
    }

    fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.attempt_timeout.min(CONNECT_TIMEOUT))
            .operation_attempt_timeout(self.attempt_timeout)
            .operation_timeout(self.operation_timeout)
            .build()
    }
}

/// What AWS's SDKs take by default.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// The part of all permits that one service in one region may hold, so that a slow one leaves the others theirs.
const PLACE_PART: usize = 8;

/// The external id is a shared secret in all but name, so it is not shown.
impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("profile", &self.profile)
            .field("region", &self.region)
            .field("role_arn", &self.role_arn)
            .field("attempts", &self.attempts)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("operation_timeout", &self.operation_timeout)
            .field("concurrency", &self.concurrency)
            .field("rate_share", &self.rate_share)
            .field("allowance", &self.allowance)
            .field("replay", &self.replay)
            .finish_non_exhaustive()
    }
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallTarget {
    /// The region to ask. For a global service any region of the partition: it leads to the same endpoint.
    pub region: String,
}

impl CallTarget {
    /// The call goes to this region.
    pub fn region(region: impl Into<String>) -> Self {
        Self { region: region.into() }
    }
}

/// A client of one account. Cloning it is cheap; clones share budgets, counts and connections.
///
/// ```no_run
/// use assize::source::client::{CallTarget, Client, ConnectOptions};
/// use assize::value::Value;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::connect(ConnectOptions::new().profile("audit")).await?;
/// let target = CallTarget::region("eu-west-1");
/// let volumes = client.call_all(&target, "ec2", "DescribeVolumes", &Value::Null).await?;
/// println!("{}: {} volumes", client.account_id(), volumes.get("Volumes").and_then(Value::as_array).map_or(0, <[_]>::len));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    models: Arc<Models>,
    endpoints: Endpoints,
    /// None in a replay.
    settings: Option<Settings>,
    transport: Transport,
    places: Mutex<BTreeMap<(String, String), Arc<Place>>>,
    home_region: String,
    /// Known once the client is connected.
    identity: OnceLock<Identity>,
}

#[derive(Clone, Debug)]
struct Identity {
    account_id: String,
    arn: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account_id", &self.account_id())
            .field("home_region", &self.0.home_region)
            .finish_non_exhaustive()
    }
}

/// Where to ask whose credentials these are when no setting names a region.
const DEFAULT_REGION: &str = "us-east-1";

impl Client {
    /// Finds credentials and asks AWS whose they are (`sts:GetCallerIdentity`).
    pub async fn connect(options: ConnectOptions) -> Result<Self, ClientError> {
        let models = options.models.clone().unwrap_or_else(|| Arc::new(Models::builtin()));
        let shared = match &options.replay {
            Some(replay) => Shared::replaying(&options, models, replay)?,
            None => Shared::live(&options, models).await?,
        };
        let client = Self(Arc::new(shared));
        let identity = client.identify().await.map_err(|error| refused(&options, error))?;
        // Nothing was there before: this is the only place that knows the client so far.
        let _ = client.0.identity.set(identity);
        Ok(client)
    }

    async fn identify(&self) -> Result<Identity, ApiError> {
        let target = CallTarget::region(&self.0.home_region);
        let answer = self.call(&target, "sts", "GetCallerIdentity", &Value::Null).await?;
        let text = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let identity = Identity { account_id: text("Account"), arn: text("Arn") };
        if identity.account_id.is_empty() {
            return Err(ApiError {
                service: "sts".to_owned(),
                operation: "GetCallerIdentity".to_owned(),
                region: target.region,
                code: code::MALFORMED.to_owned(),
                message: "the answer names no account".to_owned(),
                status: None,
                request_id: None,
                kind: ApiErrorKind::Malformed,
            });
        }
        Ok(identity)
    }

    /// The account that the credentials belong to: twelve digits.
    pub fn account_id(&self) -> &str {
        self.0.identity.get().map_or("", |identity| &identity.account_id)
    }

    /// The ARN of the user or the session of a role that asks.
    pub fn caller_arn(&self) -> &str {
        self.0.identity.get().map_or("", |identity| &identity.arn)
    }

    /// The partition of the account.
    pub fn partition(&self) -> &'static Partition {
        let of_arn = self.caller_arn().split(':').nth(1).and_then(Partition::by_id);
        of_arn.unwrap_or_else(|| Partition::of_region(&self.0.home_region))
    }

    /// The region that the options or the settings name; `us-east-1` if none does.
    pub fn home_region(&self) -> &str {
        &self.0.home_region
    }

    /// The models that calls go by.
    pub fn models(&self) -> &Arc<Models> {
        &self.0.models
    }

    /// The time of the client's clock: now, or in a replay the time of the recording.
    pub fn now(&self) -> SystemTime {
        self.0.transport.clock.now()
    }

    /// Waits, by the client's clock.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.0.transport.clock.sleep(duration).await;
    }

    /// Requests sent so far, by `service:Operation`; retries are counted, and so is `sts:GetCallerIdentity`.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.0.transport.tally.requests()
    }

    /// Tells of every request and every throttle as it happens.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.transport.tally.progress()
    }

    /// Makes one call. Of an operation that answers in pages, this is one page.
    ///
    /// `params` is an object with the members of the operation's input, by the model's names, or `null` for none.
    pub async fn call(
        &self,
        target: &CallTarget,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> Result<Value, ApiError> {
        let model = self.0.model(target, service, operation)?;
        let known = known(target, &model, operation)?;
        self.send(&target.region, &model, known, &or_none(params), Form::Value).await
    }

    /// Makes one call, and more for all further pages, and merges their answers into one. If one page fails, all do.
    pub async fn call_all(
        &self,
        target: &CallTarget,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> Result<Value, ApiError> {
        let model = self.0.model(target, service, operation)?;
        let known = known(target, &model, operation)?;
        let mut params = or_none(params);
        let mut pages = Pages::new(known);
        loop {
            let page = self.send(&target.region, &model, known, &params, Form::Value).await?;
            match pages.add(&params, page).map_err(|error| unfinished(target, &model, known, &error))? {
                Some(next) => params = next,
                None => return Ok(pages.finish()),
            }
        }
    }

    /// Sends one call, to the region where the bucket is if it is about one.
    async fn send<T: fmt::Debug + Send + Sync + 'static>(
        &self,
        region: &str,
        model: &Arc<ServiceModel>,
        operation: &Operation,
        params: &Value,
        form: Form,
    ) -> Result<T, ApiError> {
        let place = self.0.place(model, operation, region)?;
        match self.0.transport.send(&place, operation, params, form).await {
            Err(Failed { error, bucket_region: Some(actual) }) if is_redirect(&error, &actual) => {
                let place = self.0.place(model, operation, &actual)?;
                self.0.transport.send(&place, operation, params, form).await.map_err(|failed| failed.error)
            }
            result => result.map_err(|failed| failed.error),
        }
    }
}

/// Whether S3 said that the bucket is in another region
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>). A request that was signed for the wrong
/// region is answered with 400.
fn is_redirect(error: &ApiError, bucket_region: &str) -> bool {
    error.service == "s3" && matches!(error.status, Some(301 | 307 | 400)) && error.region != bucket_region
}

impl Shared {
    async fn live(options: &ConnectOptions, models: Arc<Models>) -> Result<Self, ClientError> {
        if options.external_id.is_some() && options.role_arn.is_none() {
            return Err(ClientError::Settings("an external id was given, but no role to assume with it".to_owned()));
        }
        let settings = match &options.sdk_config {
            Some(config) => Settings::of(config.clone(), options.region.as_deref()),
            None => Settings::load(options.profile.as_deref(), options.region.as_deref()).await?,
        };
        let home_region = settings.region().unwrap_or(DEFAULT_REGION).to_owned();
        let role = options.role_arn.as_deref().map(|role| (role, options.external_id.as_deref()));
        let Some(credentials) = settings.credentials(role, &home_region).await else {
            let message = "there is no source of credentials".to_owned();
            return Err(ClientError::NoCredentials { profile: options.profile.clone(), message });
        };
        let mut http_client = settings.http_client()?;
        if let Some(recorder) = &options.recorder {
            http_client = recorder.around(http_client);
        }
        let transport = Transport {
            http_client,
            identity: Some((credentials, IdentityCache::lazy().build())),
            clock: options.clock.clone().unwrap_or_default(),
            attempts: options.attempts,
            timeouts: options.timeouts(),
            rate_share: Some(options.rate_share),
            allowance: options.allowance.clone(),
            permits: Semaphore::new(options.concurrency),
            permits_of_a_place: options.concurrency.div_ceil(PLACE_PART),
            tally: Tally::new(),
        };
        Ok(Self::new(options, models, Some(settings), transport, home_region))
    }

    fn replaying(options: &ConnectOptions, models: Arc<Models>, replay: &Replay) -> Result<Self, ClientError> {
        let recording = replay.recording();
        let identity = recording.exchanges().iter().find(|exchange| exchange.operation == "GetCallerIdentity");
        let home_region = identity
            .map(|exchange| exchange.region.clone())
            .ok_or_else(|| ClientError::Settings("the recording does not tell whose account it is of".to_owned()))?;
        let recorded_at: jiff::Timestamp = recording
            .recorded_at()
            .parse()
            .map_err(|error| ClientError::Settings(format!("the recording has no time that can be read: {error}")))?;
        let transport = Transport {
            http_client: replay.http_client(),
            identity: None,
            clock: options.clock.clone().unwrap_or_else(|| Clock::instant(recorded_at.into())),
            attempts: options.attempts,
            timeouts: options.timeouts(),
            rate_share: None,
            allowance: options.allowance.clone(),
            permits: Semaphore::new(options.concurrency),
            permits_of_a_place: options.concurrency.div_ceil(PLACE_PART),
            tally: Tally::new(),
        };
        Ok(Self::new(options, models, None, transport, home_region))
    }

    fn new(
        options: &ConnectOptions,
        models: Arc<Models>,
        settings: Option<Settings>,
        transport: Transport,
        home_region: String,
    ) -> Self {
        Self {
            models,
            endpoints: options.endpoints.clone(),
            settings,
            transport,
            places: Mutex::default(),
            home_region,
            identity: OnceLock::new(),
        }
    }

    fn model(&self, target: &CallTarget, service: &str, operation: &str) -> Result<Arc<ServiceModel>, ApiError> {
        self.models.service(service).cloned().map_err(|error| invalid(target, service, operation, &error))
    }

    fn place(&self, model: &Arc<ServiceModel>, operation: &Operation, region: &str) -> Result<Arc<Place>, ApiError> {
        let key = (model.name().to_owned(), region.to_owned());
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&key) {
            return Ok(Arc::clone(place));
        }
        let endpoint = self
            .endpoint(model.name(), region)
            .map_err(|error| invalid(&CallTarget::region(region), model.name(), operation.name(), &error))?;
        let place = Arc::new(self.transport.place(Arc::clone(model), region, endpoint));
        places.insert(key, Arc::clone(&place));
        Ok(place)
    }

    fn endpoint(&self, service: &str, region: &str) -> Result<Endpoint, EndpointError> {
        match &self.settings {
            Some(settings) => settings.endpoint(&self.endpoints, service, region),
            None => self.endpoints.resolve(service, region, super::endpoint::Variant::default()),
        }
    }
}

/// `null` is no parameters.
fn or_none(params: &Value) -> Value {
    if *params == Value::Null { Value::object::<&str>([]) } else { params.clone() }
}

fn known<'m>(target: &CallTarget, model: &'m ServiceModel, operation: &str) -> Result<&'m Operation, ApiError> {
    model.operation(operation).map_err(|error: ModelError| invalid(target, model.name(), operation, &error))
}

/// The call cannot be made.
fn invalid(target: &CallTarget, service: &str, operation: &str, error: &(dyn std::error::Error + 'static)) -> ApiError {
    ApiError {
        service: service.to_owned(),
        operation: operation.to_owned(),
        region: target.region.clone(),
        code: code::INVALID_REQUEST.to_owned(),
        message: chain(error),
        status: None,
        request_id: None,
        kind: ApiErrorKind::Request,
    }
}

/// The answer goes on, and there is no way to ask for the rest.
fn unfinished(target: &CallTarget, model: &ServiceModel, operation: &Operation, error: &CodecError) -> ApiError {
    ApiError {
        service: model.name().to_owned(),
        operation: operation.name().to_owned(),
        region: target.region.clone(),
        code: error.code().to_owned(),
        message: chain(error),
        status: None,
        request_id: None,
        kind: ApiErrorKind::Malformed,
    }
}

/// What it means when AWS does not say whose credentials these are.
fn refused(options: &ConnectOptions, error: ApiError) -> ClientError {
    match error.kind {
        ApiErrorKind::Credentials => options.unprovided(&error.code, error.message),
        ApiErrorKind::Service => {
            let profile = options.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
            ClientError::Refused { profile, error }
        }
        _ => ClientError::Unreachable(error),
    }
}
