//! The AWS Config of an account, asked through its API.

use std::future::Future;

use assize::gap::Gap;
use assize::item::ResourceKey;
use assize::source::config_api::ConfigApi;
use assize::source::config_export::ConfigExport;
use assize::source::config_results::RuleResults;
use tokio::runtime::Runtime;

use super::scan::unconnected;
use crate::cli::ConfigAccount;
use crate::failure::Failure;
use crate::input;

/// AWS Config in the regions that the flags name, or else in that of the settings.
pub(super) async fn connect(flags: &ConfigAccount) -> Result<Vec<(String, ConfigApi)>, Failure> {
    let mut connect = input::connect(&flags.credentials);
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
    runtime()?.block_on(work)
}

/// The threads that wait for AWS.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::of("cannot start the threads that wait for AWS", &error))
}

/// What AWS Config has of all regions: the current items, and every version of each that it still has. What could not be
/// had stands beside.
pub(super) fn recorded(
    flags: &ConfigAccount,
    aggregator: Option<&str>,
) -> Result<(Vec<ConfigExport>, Vec<Gap>), Failure> {
    block_on(async {
        let (mut exports, mut gaps) = (Vec::new(), Vec::new());
        for (region, api) in connect(flags).await? {
            let gap = |key: Option<&ResourceKey>, reason| Gap {
                account_id: key.map(|key| key.account_id.to_string()).unwrap_or_default(),
                aws_region: key.map_or_else(|| region.clone(), |key| key.region.to_string()),
                resource_type: key.map(|key| key.resource_type.to_string()).unwrap_or_default(),
                resource_id: key.map(|key| key.resource_id.to_string()),
                path: None,
                reason,
            };
            let current = match api.current(aggregator).await {
                Ok(current) => current,
                Err(reason) => {
                    gaps.push(gap(None, reason));
                    continue;
                }
            };
            let mut without_history = Vec::new();
            for item in current {
                // An aggregator shows what others recorded; only they have its history.
                if aggregator.is_some() {
                    without_history.push(item);
                    continue;
                }
                match api.history(&item.key).await {
                    // The latest version is the current one, and tells more.
                    Ok(versions) => exports.push(ConfigExport::of_items(versions)),
                    Err(reason) => {
                        gaps.push(gap(Some(&item.key), reason));
                        without_history.push(item);
                    }
                }
            }
            exports.push(ConfigExport::of_items(without_history));
        }
        Ok((exports, gaps))
    })
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
