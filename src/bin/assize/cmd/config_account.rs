//! The AWS Config of an account, asked through its API.

use std::future::Future;

use assize::source::client::ConnectOptions;
use assize::source::config_api::ConfigApi;
use assize::source::config_results::RuleResults;

use super::scan::unconnected;
use crate::cli::ConfigAccount;
use crate::failure::Failure;

/// AWS Config in the regions that the flags name, or else in that of the settings.
pub(super) async fn connect(flags: &ConfigAccount) -> Result<Vec<(String, ConfigApi)>, Failure> {
    let mut connect = ConnectOptions::new();
    if let Some(profile) = &flags.profile {
        connect = connect.profile(profile);
    }
    if let Some(role) = &flags.role_arn {
        connect = connect.role_arn(role);
    }
    if let Some(id) = &flags.external_id {
        connect = connect.external_id(id);
    }
    if let Some(region) = flags.regions.first() {
        connect = connect.region(region);
    }
    let config = connect.load_sdk_config().await.map_err(|error| unconnected(&error))?;
    let home = config.region().map(ToString::to_string);
    let mut regions = if flags.regions.is_empty() { home.into_iter().collect() } else { flags.regions.clone() };
    regions.sort();
    regions.dedup();
    Ok(regions.into_iter().map(|region| (region.clone(), ConfigApi::new(&config, &region))).collect())
}

/// Runs what waits for AWS to its end.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of("cannot start the threads that wait for AWS", &error))?
        .block_on(work)
}

/// The rules of all regions with their answers. Without the list of rules there is nothing to compare.
pub(super) fn results(flags: &ConfigAccount) -> Result<Vec<RuleResults>, Failure> {
    block_on(async {
        let mut all = Vec::new();
        for (region, api) in connect(flags).await? {
            let results = api.results().await.map_err(|reason| {
                let failure = Failure::new(format!("the rules of AWS Config in {region} cannot be read: {reason}"));
                match &reason.action {
                    Some(action) => failure.help(format!("it needs the permission {action}")),
                    None => failure,
                }
            })?;
            all.extend(results);
        }
        all.sort_by(|a, b| a.rule.cmp(&b.rule));
        Ok(all)
    })
}
