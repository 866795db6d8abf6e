//! AWS Config's own verdicts: its rules, and what each answered about each resource. They come from its API
//! ([`config_api`](super::config_api)), or from files that hold what the API answered, such as AWS's command line prints.
//!
//! What is read here is what AWS Config says. Which of assize's rules means the same, and who is right, is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use crate::evaluation::ComplianceType;
use crate::item::timestamp;
use crate::value::{Object, Unreadable, Value};

/// A rule as it is set up in one account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigRule {
    /// Twelve digits.
    pub account_id: String,
    /// The region's name.
    pub region: String,
    /// The name that was given to it.
    pub name: String,
    /// Of one of AWS's managed rules, its identifier: `ENCRYPTED_VOLUMES`. Rules of a user's own have none.
    pub identifier: Option<String>,
    /// The values of its parameters, as text.
    pub parameters: BTreeMap<String, String>,
    /// Which resources it looks at.
    pub scope: RuleScope,
}

/// Which resources a rule looks at. What is not named is not a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleScope {
    /// Of these types.
    pub resource_types: BTreeSet<String>,
    /// With this id.
    pub resource_id: Option<String>,
    /// With a tag of this key, and of this value if one is named.
    pub tag: Option<(String, Option<String>)>,
}

/// What a rule answered about one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigResult {
    /// `AWS::EC2::Volume`.
    pub resource_type: String,
    /// The resource's id.
    pub resource_id: String,
    /// The answer.
    pub compliance_type: ComplianceType,
    /// Why; empty where AWS Config does not say it.
    pub annotation: String,
    /// When the answer was recorded: RFC 3339, UTC. Empty if it is not told.
    pub recorded_at: String,
}

/// A rule with its answers.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleResults {
    /// The rule.
    pub rule: ConfigRule,
    /// Its answers, sorted; or why they are not known.
    pub results: Result<Vec<ConfigResult>, Arc<Unreadable>>,
}

/// A file that does not hold AWS Config's results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// Not JSON, or a member is of another form.
    #[error("not an answer of AWS Config")]
    Json(#[from] serde_json::Error),
    /// JSON of another kind.
    #[error("document {0} has neither `ConfigRules` nor `EvaluationResults`: it answers neither of the two questions")]
    Other(usize),
    /// Results of a rule that no document describes, or two do.
    #[error("`ConfigRules` describe {found} of the name {rule}, whose results are there")]
    Rule {
        /// The rule's name.
        rule: String,
        /// How many rules have the name.
        found: &'static str,
    },
    /// A rule does not tell whose it is.
    #[error("the ARN of the rule {rule} does not tell account and region: `{arn}`")]
    Arn {
        /// The rule's name.
        rule: String,
        /// What stands where the ARN should.
        arn: String,
    },
}

/// Reads answers of `DescribeConfigRules` and `GetComplianceDetailsByConfigRule`: any number of JSON documents, one after
/// the other. All are of one account and region, as the answers themselves do not tell whose the results are.
///
/// # Errors
/// What is none of the answers, or does not fit together.
pub fn read(text: &[u8]) -> Result<Vec<RuleResults>, ResultsError> {
    let (mut rules, mut results) = (Vec::new(), BTreeMap::<String, Vec<ConfigResult>>::new());
    for (at, document) in serde_json::Deserializer::from_slice(text).into_iter::<Document>().enumerate() {
        let document = document?;
        if document.config_rules.is_none() && document.evaluation_results.is_none() {
            return Err(ResultsError::Other(at + 1));
        }
        for rule in document.config_rules.into_iter().flatten() {
            rules.push(rule.checked()?);
        }
        for result in document.evaluation_results.into_iter().flatten() {
            let (rule, result) = result.named();
            results.entry(rule).or_default().push(result);
        }
    }
    for rule in results.keys() {
        let found = match rules.iter().filter(|known| known.name == *rule).count() {
            1 => continue,
            0 => "none",
            _ => "several",
        };
        return Err(ResultsError::Rule { rule: rule.clone(), found });
    }
    rules.sort();
    let rules = rules.into_iter().map(|rule| {
        let found = results.remove(&rule.name).map(sorted);
        let missing = || {
            Arc::new(Unreadable {
                operation: "config:GetComplianceDetailsByConfigRule".to_owned(),
                action: None,
                code: crate::value::code::NOT_RECORDED.to_owned(),
                message: "the files hold no results of the rule".to_owned(),
            })
        };
        RuleResults { rule, results: found.ok_or_else(missing) }
    });
    Ok(rules.collect())
}

/// In the order of resources. Of two answers about one resource the later stays.
pub(super) fn sorted(mut results: Vec<ConfigResult>) -> Vec<ConfigResult> {
    results.sort_by(|a, b| {
        let key = |result: &ConfigResult| (result.resource_type.clone(), result.resource_id.clone());
        key(a).cmp(&key(b)).then_with(|| b.recorded_at.cmp(&a.recorded_at))
    });
    results.dedup_by(|later, earlier| {
        (&later.resource_type, &later.resource_id) == (&earlier.resource_type, &earlier.resource_id)
    });
    results
}

/// Account and region of `arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-a1b2c3`.
pub(super) fn place_of_arn(arn: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "config", region, account, _] if !region.is_empty() && !account.is_empty() => {
            Some(((*account).to_owned(), (*region).to_owned()))
        }
        _ => None,
    }
}

/// The values of a rule's parameters out of the JSON text that AWS Config keeps them in. What is no object has none.
pub(super) fn parameters(text: Option<&str>) -> BTreeMap<String, String> {
    let parsed: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
    let members = parsed.as_ref().and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    members.into_iter().flat_map(Object::iter).map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// The word of AWS Config's for an answer.
pub(super) fn compliance_type(word: &str) -> ComplianceType {
    match word {
        "COMPLIANT" => ComplianceType::Compliant,
        "NON_COMPLIANT" => ComplianceType::NonCompliant,
        "NOT_APPLICABLE" => ComplianceType::NotApplicable,
        // A word that AWS invents tomorrow is no verdict.
        _ => ComplianceType::InsufficientData,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    config_rules: Option<Vec<RuleFile>>,
    evaluation_results: Option<Vec<ResultFile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleFile {
    config_rule_name: String,
    #[serde(default)]
    config_rule_arn: String,
    source: SourceFile,
    #[serde(default)]
    input_parameters: Option<String>,
    #[serde(default)]
    scope: ScopeFile,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SourceFile {
    owner: String,
    #[serde(default)]
    source_identifier: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ScopeFile {
    compliance_resource_types: BTreeSet<String>,
    compliance_resource_id: Option<String>,
    tag_key: Option<String>,
    tag_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResultFile {
    evaluation_result_identifier: IdentifierFile,
    compliance_type: String,
    #[serde(default)]
    result_recorded_time: Value,
    #[serde(default)]
    annotation: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IdentifierFile {
    evaluation_result_qualifier: QualifierFile,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QualifierFile {
    config_rule_name: String,
    resource_type: String,
    resource_id: String,
}

impl RuleFile {
    fn checked(self) -> Result<ConfigRule, ResultsError> {
        let Some((account_id, region)) = place_of_arn(&self.config_rule_arn) else {
            return Err(ResultsError::Arn { rule: self.config_rule_name, arn: self.config_rule_arn });
        };
        Ok(ConfigRule {
            account_id,
            region,
            name: self.config_rule_name,
            identifier: self.source.source_identifier.filter(|_| self.source.owner == "AWS"),
            parameters: parameters(self.input_parameters.as_deref()),
            scope: RuleScope {
                resource_types: self.scope.compliance_resource_types,
                resource_id: self.scope.compliance_resource_id,
                tag: self.scope.tag_key.map(|key| (key, self.scope.tag_value)),
            },
        })
    }
}

impl ResultFile {
    /// The rule's name, and the result.
    fn named(self) -> (String, ConfigResult) {
        let QualifierFile { config_rule_name, resource_type, resource_id } =
            self.evaluation_result_identifier.evaluation_result_qualifier;
        let result = ConfigResult {
            resource_type,
            resource_id,
            compliance_type: compliance_type(&self.compliance_type),
            annotation: self.annotation.unwrap_or_default(),
            recorded_at: timestamp(&self.result_recorded_time).map(Into::into).unwrap_or_default(),
        };
        (config_rule_name, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"{"ConfigRules": [
        {"ConfigRuleName": "volumes", "ConfigRuleArn": "arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-a1",
         "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"}, "InputParameters": "{\"kmsId\":\"k\",\"n\":3}",
         "Scope": {"ComplianceResourceTypes": ["AWS::EC2::Volume"], "TagKey": "team"}, "ConfigRuleState": "ACTIVE"},
        {"ConfigRuleName": "own", "ConfigRuleArn": "arn:aws:config:eu-west-1:111122223333:config-rule/config-rule-b2",
         "Source": {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn:aws:lambda:eu-west-1:111122223333:function:f"}}]}"#;

    fn result(rule: &str, id: &str, answer: &str, time: &str) -> String {
        format!(
            r#"{{"EvaluationResultIdentifier": {{"EvaluationResultQualifier": {{"ConfigRuleName": "{rule}",
            "ResourceType": "AWS::EC2::Volume", "ResourceId": "{id}"}}, "OrderingTimestamp": 1.0}},
            "ComplianceType": "{answer}", "ResultRecordedTime": {time}, "Annotation": "why"}}"#
        )
    }

    #[test]
    fn rules_and_results_find_each_other() {
        let results = [
            result("volumes", "vol-2", "COMPLIANT", "1762165230.4"),
            result("volumes", "vol-1", "COMPLIANT", "\"2025-11-03T10:20:30Z\""),
            result("volumes", "vol-1", "NON_COMPLIANT", "\"2025-11-03T12:20:30+01:00\""),
        ];
        let text = format!("{RULES}\n{{\"EvaluationResults\": [{}]}}", results.join(","));
        let read = read(text.as_bytes()).expect("both answers are there");
        let [own, volumes] = read.as_slice() else { panic!("there are two: {read:?}") };
        assert_eq!((own.rule.name.as_str(), &own.rule.identifier), ("own", &None));
        assert!(own.results.is_err(), "no results are not an empty list of them");
        let rule = &volumes.rule;
        assert_eq!((rule.account_id.as_str(), rule.region.as_str()), ("111122223333", "eu-west-1"));
        assert_eq!(rule.identifier.as_deref(), Some("ENCRYPTED_VOLUMES"));
        assert_eq!(rule.parameters, BTreeMap::from([("kmsId".into(), "k".into()), ("n".into(), "3".into())]));
        assert_eq!(rule.scope.tag, Some(("team".into(), None)));
        let found = volumes.results.as_ref().expect("they are there");
        let seen: Vec<_> = found.iter().map(|one| (one.resource_id.as_str(), one.compliance_type)).collect();
        assert_eq!(seen, [("vol-1", ComplianceType::NonCompliant), ("vol-2", ComplianceType::Compliant)]);
        assert_eq!(found[0].recorded_at, "2025-11-03T11:20:30.000Z");
        assert_eq!(found[1].recorded_at, "2025-11-03T10:20:30.400Z");
    }

    #[test]
    fn what_is_no_answer_is_refused_with_a_sentence() {
        let refused = |text: &str| read(text.as_bytes()).expect_err("it is refused").to_string();
        assert!(refused(r#"{"ConfigRules": []} {}"#).starts_with("document 2 has neither"));
        assert!(refused("<html>").contains("not an answer"));
        let alone = format!("{{\"EvaluationResults\": [{}]}}", result("gone", "v", "COMPLIANT", "1"));
        assert_eq!(refused(&alone), "`ConfigRules` describe none of the name gone, whose results are there");
        let without = RULES.replace("arn:aws:config:eu-west-1", "config");
        assert!(refused(&without).contains("does not tell account and region"));
    }
}
