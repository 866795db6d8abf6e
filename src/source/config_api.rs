//! AWS Config's own API: what it recorded, and how its rules judge. Reads only: `tests/tidy.rs` holds the list of the
//! operations that may stand here against the text of this file.
//!
//! What AWS Config denies or fails to answer is told as an [`Unreadable`], never as an empty list.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_config::Client;
use aws_sdk_config::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_config::types::{
    ChronologicalOrder, ConfigRule as SdkRule, ConfigurationItemStatus, EvaluationResult, Owner, ResourceType,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;

use super::client::one_line_chain;
use super::config_export::ConfigExport;
use super::config_results::{
    ConfigResult, ConfigRule, RuleResults, RuleScope, compliance_type, parameters, place_of_arn, sorted,
};
use crate::evaluation::ComplianceType;
use crate::item::{ConfigurationItem, ResourceKey, format_time};
use crate::value::{Unreadable, code};

/// AWS Config in one region.
#[derive(Clone, Debug)]
pub struct ConfigApi {
    client: Client,
}

/// AWS Config limits its calls to a few a second, so a call may have to wait for its turn more often than others.
const ATTEMPTS: u32 = 8;

const SELECT: &str = "config:SelectResourceConfig";
const SELECT_OF_ALL: &str = "config:SelectAggregateResourceConfig";
const HISTORY: &str = "config:GetResourceConfigHistory";
const RULES: &str = "config:DescribeConfigRules";
const RESULTS: &str = "config:GetComplianceDetailsByConfigRule";

/// The actions that allow to read what is recorded of an account and region, as it is and as it was.
pub const RECORDED_ACTIONS: [&str; 2] = [SELECT, HISTORY];

/// The action that allows to read what an aggregator sees.
pub const AGGREGATED_ACTIONS: [&str; 1] = [SELECT_OF_ALL];

/// The actions that allow to read rules and their results.
pub const RESULTS_ACTIONS: [&str; 2] = [RULES, RESULTS];

/// The most rows and versions that AWS Config gives in one page.
const PAGE: i32 = 100;

/// Everything that is recorded of a resource. `*` would be its ten plainest members.
const EXPRESSION: &str = "SELECT version, accountId, configurationItemCaptureTime, configurationItemStatus, \
    configurationStateId, arn, resourceType, resourceId, resourceName, awsRegion, availabilityZone, resourceCreationTime, \
    tags, relationships, configuration, supplementaryConfiguration";

impl ConfigApi {
    /// Asks in this region, with the settings of this configuration.
    pub fn new(config: &SdkConfig, region: &str) -> Self {
        let config = aws_sdk_config::config::Builder::from(config)
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// The latest version of every recorded resource: of the account and region, or of all that an aggregator sees.
    ///
    /// # Errors
    /// The call that failed. If one page fails, all do.
    pub async fn current(&self, aggregator: Option<&str>) -> Result<Vec<ConfigurationItem>, Arc<Unreadable>> {
        let (mut rows, mut next) = (Vec::new(), None);
        loop {
            let (page, token, operation) = if let Some(aggregator) = aggregator {
                let asked = self.client.select_aggregate_resource_config();
                let asked = asked.configuration_aggregator_name(aggregator).expression(EXPRESSION);
                let answer = asked.limit(PAGE).max_results(PAGE).set_next_token(next.clone()).send().await;
                let answer = answer.map_err(|error| unreadable(SELECT_OF_ALL, &error))?;
                (answer.results.unwrap_or_default(), answer.next_token, SELECT_OF_ALL)
            } else {
                let asked = self.client.select_resource_config().expression(EXPRESSION).limit(PAGE);
                let answer = asked.set_next_token(next.clone()).send().await;
                let answer = answer.map_err(|error| unreadable(SELECT, &error))?;
                (answer.results.unwrap_or_default(), answer.next_token, SELECT)
            };
            rows.extend(page);
            next = following(operation, next.as_ref(), token)?;
            if next.is_none() {
                let items = ConfigExport::of_rows(&rows);
                return items.map(ConfigExport::into_items).map_err(|error| malformed(operation, &error));
            }
        }
    }

    /// Every version that AWS Config still has of a resource, the latest first.
    ///
    /// # Errors
    /// The call that failed. If one page fails, all do.
    pub async fn history(&self, key: &ResourceKey) -> Result<Vec<ConfigurationItem>, Arc<Unreadable>> {
        let (mut versions, mut next) = (Vec::new(), None);
        loop {
            let answer = self
                .client
                .get_resource_config_history()
                .resource_type(ResourceType::from(key.resource_type.as_ref()))
                .resource_id(key.resource_id.as_ref())
                .chronological_order(ChronologicalOrder::Reverse)
                .limit(PAGE)
                .set_next_token(next.clone())
                .send()
                .await
                .map_err(|error| unreadable(HISTORY, &error))?;
            for version in answer.configuration_items.unwrap_or_default() {
                versions.push(document(&version));
            }
            next = following(HISTORY, next.as_ref(), answer.next_token)?;
            if next.is_none() {
                let text = serde_json::Value::Array(versions).to_string();
                let items = ConfigExport::read(text.as_bytes());
                return items.map(ConfigExport::into_items).map_err(|error| malformed(HISTORY, &error));
            }
        }
    }

    /// The rules of the account and region, each with its answers. Rules that only look at resources before they are made
    /// have none and are left out.
    ///
    /// # Errors
    /// The rules could not be listed. That the answers of one rule could not be read stands with the rule.
    pub async fn results(&self) -> Result<Vec<RuleResults>, Arc<Unreadable>> {
        let (mut rules, mut next) = (Vec::new(), None);
        loop {
            let asked = self.client.describe_config_rules().set_next_token(next.clone());
            let answer = asked.send().await.map_err(|error| unreadable(RULES, &error))?;
            rules.extend(answer.config_rules.unwrap_or_default());
            next = following(RULES, next.as_ref(), answer.next_token)?;
            if next.is_none() {
                break;
            }
        }
        let mut all = Vec::new();
        for rule in &rules {
            let arn = rule.config_rule_arn().unwrap_or_default();
            let rule =
                config_rule(rule).ok_or_else(|| malformed(RULES, &format_args!("`{arn}` is no ARN of a rule")))?;
            let results = self.results_of(&rule.name).await;
            all.push(RuleResults { rule, results });
        }
        all.sort_by(|a, b| a.rule.cmp(&b.rule));
        Ok(all)
    }

    async fn results_of(&self, rule: &str) -> Result<Vec<ConfigResult>, Arc<Unreadable>> {
        let (mut results, mut next) = (Vec::new(), None);
        loop {
            let asked = self.client.get_compliance_details_by_config_rule().config_rule_name(rule).limit(PAGE);
            let answer = asked.set_next_token(next.clone()).send().await;
            let answer = answer.map_err(|error| unreadable(RESULTS, &error))?;
            results.extend(answer.evaluation_results().iter().filter_map(config_result));
            next = following(RESULTS, next.as_ref(), answer.next_token)?;
            if next.is_none() {
                return Ok(sorted(results));
            }
        }
    }
}

/// The token of the next page, if there is one. One that leads to the same page again would never end.
fn following(operation: &str, asked: Option<&String>, next: Option<String>) -> Result<Option<String>, Arc<Unreadable>> {
    let next = next.filter(|token| !token.is_empty());
    if next.is_some() && next.as_ref() == asked {
        return Err(malformed(operation, &"a page leads to itself"));
    }
    Ok(next)
}

fn config_rule(rule: &SdkRule) -> Option<ConfigRule> {
    let (account_id, region) = place_of_arn(rule.config_rule_arn()?)?;
    let source = rule.source()?;
    let scope = rule.scope();
    let text = |text: Option<&str>| text.map(str::to_owned);
    Some(ConfigRule {
        account_id,
        region,
        name: rule.config_rule_name()?.to_owned(),
        identifier: text(source.source_identifier()).filter(|_| *source.owner() == Owner::Aws),
        parameters: parameters(rule.input_parameters()),
        scope: RuleScope {
            resource_types: scope
                .map(|scope| scope.compliance_resource_types().iter().cloned().collect())
                .unwrap_or_default(),
            resource_id: scope.and_then(|scope| text(scope.compliance_resource_id())),
            tag: scope.and_then(|scope| Some((scope.tag_key()?.to_owned(), text(scope.tag_value())))),
        },
    })
}

/// A result of a resource that exists; what was evaluated before it was made is of no resource.
fn config_result(result: &EvaluationResult) -> Option<ConfigResult> {
    let qualifier = result.evaluation_result_identifier()?.evaluation_result_qualifier()?;
    Some(ConfigResult {
        resource_type: qualifier.resource_type()?.to_owned(),
        resource_id: qualifier.resource_id()?.to_owned(),
        compliance_type: result
            .compliance_type()
            .map_or(ComplianceType::InsufficientData, |answer| compliance_type(answer.as_str())),
        annotation: result.annotation().unwrap_or_default().to_owned(),
        recorded_at: result.result_recorded_time().and_then(time).unwrap_or_default(),
    })
}

fn time(time: &DateTime) -> Option<String> {
    let milliseconds = time.to_millis().ok()?;
    Some(format_time(jiff::Timestamp::from_millisecond(milliseconds).ok()?))
}

/// A version as AWS's command line prints it, for the reader of that dialect.
fn document(item: &aws_sdk_config::types::ConfigurationItem) -> serde_json::Value {
    let relationships: Vec<serde_json::Value> = item
        .relationships()
        .iter()
        .map(|link| {
            serde_json::json!({
                "resourceType": link.resource_type().map_or("", ResourceType::as_str),
                "resourceId": link.resource_id(),
                "resourceName": link.resource_name(),
                "relationshipName": link.relationship_name().unwrap_or_default(),
            })
        })
        .collect();
    serde_json::json!({
        "version": item.version(),
        "accountId": item.account_id(),
        "configurationItemCaptureTime": item.configuration_item_capture_time().and_then(time),
        "configurationItemStatus": item.configuration_item_status().map(ConfigurationItemStatus::as_str),
        "configurationStateId": item.configuration_state_id(),
        "configurationItemMD5Hash": item.configuration_item_md5_hash(),
        "arn": item.arn(),
        "resourceType": item.resource_type().map_or("", ResourceType::as_str),
        "resourceId": item.resource_id(),
        "resourceName": item.resource_name(),
        "awsRegion": item.aws_region(),
        "availabilityZone": item.availability_zone(),
        "resourceCreationTime": item.resource_creation_time().and_then(time),
        "tags": item.tags(),
        "relatedEvents": item.related_events(),
        "relationships": relationships,
        "configuration": item.configuration(),
        "supplementaryConfiguration": item.supplementary_configuration(),
    })
}

/// Why a call has no answer.
fn unreadable<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Arc<Unreadable>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (code, message) = match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            (meta.code().unwrap_or("Unknown").to_owned(), meta.message().unwrap_or_default().to_owned())
        }
        SdkError::TimeoutError(_) => (code::TIMEOUT.to_owned(), "no answer within the deadline".to_owned()),
        SdkError::ResponseError(_) => (code::MALFORMED.to_owned(), one_line_chain(error)),
        _ => (code::CONNECTION.to_owned(), one_line_chain(error)),
    };
    Arc::new(Unreadable { operation: operation.to_owned(), action: Some(operation.to_owned()), code, message })
}

fn malformed(operation: &str, what: &dyn std::fmt::Display) -> Arc<Unreadable> {
    Arc::new(Unreadable {
        operation: operation.to_owned(),
        action: None,
        code: code::MALFORMED.to_owned(),
        message: what.to_string(),
    })
}

#[cfg(test)]
mod tests;
