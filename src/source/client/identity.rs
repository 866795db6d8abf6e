//! Settings and credentials, from the environment and the profiles, as AWS's tools find them.

use aws_config::profile::ProfileSet;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_runtime::client::defaults::default_http_client_plugin_v2;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin as _;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;

use super::error::{ClientError, chain, one_line};
use crate::source::endpoint::{Endpoint, EndpointError, Endpoints, Variant};

/// What the user's settings say.
pub(super) struct Settings {
    config: SdkConfig,
    variant: Variant,
}

/// Where a person's name for the session ends up in CloudTrail, it should say who asked.
const SESSION_NAME: &str = "assize";

impl Settings {
    /// Reads the environment and the profile.
    pub(super) async fn load(profile: Option<&str>, region: Option<&str>) -> Result<Self, ClientError> {
        require_profile(profile).await?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        Ok(Self::of(loader.load().await, region))
    }

    /// What this configuration says, with another region if one is given.
    pub(super) fn of(config: SdkConfig, region: Option<&str>) -> Self {
        let config = match region {
            Some(region) => config.into_builder().region(Region::new(region.to_owned())).build(),
            None => config,
        };
        let variant = Variant {
            fips: config.use_fips().unwrap_or_default(),
            dual_stack: config.use_dual_stack().unwrap_or_default(),
        };
        Self { config, variant }
    }

    /// The settings as AWS's own clients take them.
    pub(super) fn into_sdk_config(
        self,
        credentials: SharedCredentialsProvider,
        http_client: SharedHttpClient,
        region: String,
        timeouts: TimeoutConfig,
    ) -> SdkConfig {
        self.config
            .into_builder()
            .credentials_provider(credentials)
            .http_client(http_client)
            .region(Region::new(region))
            .timeout_config(timeouts)
            .build()
    }

    /// The region that the settings name.
    pub(super) fn region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref)
    }

    /// The credentials, or those of the role that they may assume.
    pub(super) async fn credentials(
        &self,
        role: Option<(&str, Option<&str>)>,
        home_region: &str,
    ) -> Option<SharedCredentialsProvider> {
        let Some((role_arn, external_id)) = role else { return self.config.credentials_provider() };
        let mut provider = AssumeRoleProvider::builder(role_arn)
            .session_name(SESSION_NAME)
            .region(Region::new(home_region.to_owned()))
            .configure(&self.config);
        if let Some(external_id) = external_id {
            provider = provider.external_id(external_id);
        }
        Some(SharedCredentialsProvider::new(provider.build().await))
    }

    /// The endpoint of a service: the user's own, if one is set, else AWS's.
    pub(super) fn endpoint(
        &self,
        endpoints: &Endpoints,
        service: &str,
        region: &str,
    ) -> Result<Endpoint, EndpointError> {
        match self.endpoint_url(endpoints.service_id(service)) {
            Some(url) => endpoints.overridden(service, region, &url),
            None => endpoints.resolve(service, region, self.variant),
        }
    }

    /// In the order that AWS gives: `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's `services` section,
    /// the profile's `endpoint_url` (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
    fn endpoint_url(&self, service_id: &str) -> Option<String> {
        // In both places a space is written as an underscore. The SDK writes it as a hyphen in profiles, where AWS's
        // other tools do not.
        let service_id = service_id.replace(' ', "_");
        let key = ServiceConfigKey::builder()
            .service_id(&service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        match self.config.service_config() {
            Some(config) => config.load_config(key),
            None => self.config.endpoint_url().map(str::to_owned),
        }
    }

    /// The HTTP client of the settings, or else the one that AWS's SDKs use, which heeds `HTTPS_PROXY`, `HTTP_PROXY` and
    /// `NO_PROXY`.
    pub(super) fn http_client(&self) -> Result<SharedHttpClient, ClientError> {
        self.config.http_client().map_or_else(default_http_client, Ok)
    }
}

fn default_http_client() -> Result<SharedHttpClient, ClientError> {
    let plugin = default_http_client_plugin_v2(BehaviorVersion::latest());
    plugin
        .and_then(|plugin| plugin.runtime_components(&RuntimeComponentsBuilder::new("assize")).http_client())
        .ok_or_else(|| ClientError::Settings("this build has no HTTP client".to_owned()))
}

/// The SDK only says that there are no credentials when a profile's name has a typing slip.
async fn require_profile(profile: Option<&str>) -> Result<(), ClientError> {
    let profiles = profiles(profile).await?;
    let selected = profiles.selected_profile();
    let asked_for = profile.is_some() || selected != "default";
    if asked_for && profiles.get_profile(selected).is_none() {
        let mut known: Vec<String> = profiles.profiles().map(str::to_owned).collect();
        known.sort();
        return Err(ClientError::NoSuchProfile { profile: one_line(selected), known });
    }
    Ok(())
}

async fn profiles(profile: Option<&str>) -> Result<ProfileSet, ClientError> {
    let selected = profile.map(|name| name.to_owned().into());
    aws_config::profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), selected)
        .await
        .map_err(|error| ClientError::Settings(format!("the profiles cannot be read: {}", chain(&error))))
}
