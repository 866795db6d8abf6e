//! Items of all types that rules judge, made of the cases of the rules: each in the states that its cases name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assize::item::{ConfigurationItem, GLOBAL};
use assize::rule::RuleSet;
use assize::snapshot::{About, Place, Snapshot};
use serde_json::Value;

use super::{ACCOUNT, NOW, REGION};

/// What an account has a few of, however large it is, and how many here.
const FEW: [(&str, usize); 14] = [
    ("AWS::::Account", 1),
    ("AWS::Backup::BackupPlan", 4),
    ("AWS::Backup::BackupSelection", 8),
    ("AWS::CloudTrail::Trail", 3),
    ("AWS::CloudWatch::Alarm", 200),
    ("AWS::EC2::FlowLog", 100),
    ("AWS::EC2::VPC", 100),
    ("AWS::ECS::Cluster", 100),
    ("AWS::GuardDuty::Detector", 1),
    ("AWS::Logs::MetricFilter", 100),
    ("AWS::S3::AccountPublicAccessBlock", 1),
    ("AWS::SecurityHub::Hub", 1),
    ("AWS::SNS::Subscription", 200),
    ("AWS::WAFv2::WebACL", 100),
];

/// About so many items, the same each time.
///
/// # Panics
/// When the cases cannot be read.
pub(crate) fn snapshot(count: usize) -> Arc<Snapshot> {
    let rules = RuleSet::builtin();
    let kinds = kinds(&rules);
    let few: BTreeMap<_, _> = FEW.into_iter().collect();
    let many = kinds.len() - kinds.keys().filter(|kind| few.contains_key(kind.as_str())).count();
    let each = count.div_ceil(many.max(1));
    let mut items = Vec::with_capacity(count);
    for (kind, states) in &kinds {
        let wanted = few.get(kind.as_str()).copied().unwrap_or(each);
        let mut taken = BTreeSet::new();
        items.extend((0..wanted).zip(states.iter().cycle()).map(|(at, state)| copy(state, at, &mut taken)));
    }
    let looked_up = rules.looked_up();
    let types: BTreeSet<&str> = kinds.keys().map(String::as_str).chain(looked_up.iter().map(|kind| &**kind)).collect();
    let place = |kind: &str, region: &str| Place {
        account_id: ACCOUNT.into(),
        aws_region: region.into(),
        resource_type: kind.into(),
    };
    let listings = types.iter().flat_map(|kind| [place(kind, REGION), place(kind, GLOBAL)]).collect();
    let about = About {
        captured_at: NOW.to_owned(),
        source: "account".to_owned(),
        accounts: vec![ACCOUNT.to_owned()],
        regions: vec![REGION.to_owned()],
        listings,
        ..About::default()
    };
    Arc::new(Snapshot::new(about, items))
}

/// By type, the items of all cases that hold plain facts only.
fn kinds(rules: &RuleSet) -> BTreeMap<String, Vec<Value>> {
    let mut kinds = BTreeMap::<String, Vec<Value>>::new();
    for chosen in rules.iter() {
        let id = &chosen.rule.id;
        let path = format!("{}/rules/{}/{id}.test.yaml", env!("CARGO_MANIFEST_DIR"), chosen.rule.service);
        let text = fs::read_to_string(Path::new(&path)).expect("each rule has its cases");
        let file: Value = serde_saphyr::from_str(&text).expect("cases are YAML");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let cases = list(&file["cases"]);
        let states = cases.iter().map(|case| merged(&file["item"], &case["change"]));
        let others = list(&file["others"]).into_iter().chain(cases.iter().flat_map(|case| list(&case["others"])));
        for mut item in states.chain(others) {
            let kind = item["resourceType"].as_str().expect("an item has a type").to_owned();
            if has_marks(&item) {
                continue;
            }
            let region =
                if chosen.rule.judges_in(&kind, REGION) || !chosen.rule.judges(&kind) { REGION } else { GLOBAL };
            for (name, value) in [
                ("awsAccountId", ACCOUNT),
                ("awsRegion", region),
                ("configurationItemVersion", "1.3"),
                ("configurationItemCaptureTime", NOW),
                ("configurationItemStatus", "ResourceDiscovered"),
            ] {
                if item[name].is_null() {
                    item[name] = value.into();
                }
            }
            item["configurationStateId"] = 1_772_323_200_000_i64.into();
            let states = kinds.entry(kind).or_default();
            if !states.contains(&item) {
                states.push(item);
            }
        }
    }
    kinds
}

/// A resource in this state. The first one of an id keeps it, as others may name it; cases have many states of one id.
fn copy(state: &Value, at: usize, taken: &mut BTreeSet<String>) -> ConfigurationItem {
    let mut item = state.clone();
    let id = item["resourceId"].as_str().unwrap_or_default().to_owned();
    if !taken.insert(id.clone()) {
        let new = format!("{id}-{at}");
        for name in ["resourceId", "resourceName", "ARN"] {
            if let Some(text) = item[name].as_str() {
                item[name] = if text.contains(&id) { text.replace(&id, &new) } else { format!("{text}-{at}") }.into();
            }
        }
    }
    serde_json::from_value(item).expect("it is a configuration item")
}

/// Whether something of an item is not written as a fact: `$unreadable`, `$daysAgo`.
fn has_marks(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| name.starts_with('$') || has_marks(value)),
        Value::Array(elements) => elements.iter().any(has_marks),
        _ => false,
    }
}

/// A JSON merge patch (RFC 7396).
fn merged(target: &Value, patch: &Value) -> Value {
    let Some(members) = patch.as_object() else {
        return if patch.is_null() { target.clone() } else { patch.clone() };
    };
    let mut merged = target.as_object().cloned().unwrap_or_default();
    for (name, value) in members {
        if value.is_null() {
            merged.remove(name);
        } else {
            let below = merged.get(name).cloned().unwrap_or_default();
            merged.insert(name.clone(), self::merged(&below, value));
        }
    }
    Value::Object(merged)
}
