//! What no script can bring about, since no native panics, and no script that does not compile comes with assize.

use std::collections::BTreeMap;

use super::*;
use crate::evaluate::{self, Options};
use crate::item::ResourceKey;
use crate::rule::load::{self, Files, Folder};
use crate::rule::{ParameterValues, RuleSet};
use crate::snapshot::About;

fn rule(id: &str, body: &str) -> (String, Files) {
    let metadata = format!(
        "{{id: {id}, title: t, severity: low, category: security, maturity: stable, trigger: periodic, \
         resource_types: [AWS::EC2::Volume], description: d, risk: r, remediation: r, references: [\"https://example.com/\"]}}"
    );
    let script = format!("fn evaluate(item, parameters) {{ {body} }}");
    (format!("test/{id}"), Files { metadata, script: Some(script), cases: None })
}

#[test]
fn a_panic_in_a_native_is_an_error_of_one_rule_on_one_item() {
    let rules = BTreeMap::from([
        rule("bad", "let id = item.resourceId; panic_for_a_test(); compliant()"),
        rule("good", "compliant()"),
    ]);
    let rules = RuleSet::from_folder(&Folder { rules, ..Folder::default() });
    let items = ["vol-1", "vol-2"]
        .map(|id| ConfigurationItem::new(ResourceKey::new("111122223333", "eu-west-1", "AWS::EC2::Volume", id), ""));
    let snapshot = Arc::new(Snapshot::new(About::default(), items.to_vec()));
    let outcome = evaluate::run(&rules, &snapshot, &Options::default());
    assert_eq!(outcome.evaluations.len(), 2);
    assert_eq!(outcome.rule_errors.len(), 2);
    assert!(outcome.rule_errors.iter().all(|error| error.message == "a native function panicked: as the test wants"));
}

#[test]
fn a_script_that_does_not_compile_is_an_error_of_its_rule_when_it_is_called() {
    let (path, files) = rule("bad", "let");
    let metadata = serde_saphyr::from_str::<serde_json::Value>(&files.metadata).unwrap().to_string();
    let rule = load::embedded(&path, metadata.into(), files.script.as_deref(), &BTreeMap::new()).unwrap();
    let bad = Chosen::new(Arc::new(rule), ParameterValues::default());
    let key = ResourceKey::new("111122223333", "eu-west-1", "AWS::EC2::Volume", "vol-1");
    let item = Arc::new(ConfigurationItem::new(key, ""));
    let snapshot = Arc::new(Snapshot::new(About::default(), vec![]));
    let error = bad.judge(&snapshot, &item).unwrap_err();
    assert!(error.message.starts_with("test/bad.rhai: line 1, column "), "{}", error.message);
    assert!(load::rule(&path, &files, &BTreeMap::new()).is_err(), "loading a user's rule finds it at once");
}

/// Each evaluation notes what it read, also where another one has asked the same of the same list.
#[test]
fn an_answer_that_was_given_before_brings_its_evidence() {
    let asks = "item.configuration.ipPermissions.open_permissions()";
    let rules = BTreeMap::from([
        rule("a", &format!("for p in {asks} {{ return non_compliant(p.protocol()); }} compliant()")),
        rule("b", &format!("for p in {asks} {{ return non_compliant(p.protocol()); }} compliant()")),
        rule(
            "c",
            &format!("let id = item.resourceId; for p in {asks} {{ return non_compliant(p.protocol()); }} compliant()"),
        ),
        rule(
            "d",
            &format!(
                "let p = item.configuration.ipPermissions[1].ipv4Ranges[0].cidrIp; if {asks}.len() == 1 {{ compliant() }} else {{ non_compliant(p) }}"
            ),
        ),
    ]);
    let rules = RuleSet::from_folder(&Folder { rules, ..Folder::default() });
    let items = ["10.0.0.0/8", "0.0.0.0/0", "10.0.0.0/8"].iter().enumerate().map(|(at, cidr)| {
        let key = ResourceKey::new("111122223333", "eu-west-1", "AWS::EC2::Volume", &format!("vol-{at}"));
        let mut item = ConfigurationItem::new(key, "");
        let permission = |cidr: &str| format!(r#"{{"ipProtocol": "tcp", "ipv4Ranges": [{{"cidrIp": "{cidr}"}}]}}"#);
        let json = format!(r#"{{"ipPermissions": [{}, {}]}}"#, permission(cidr), permission("::/0"));
        item.configuration = serde_json::from_str(&json).unwrap();
        item
    });
    let snapshot = Arc::new(Snapshot::new(About::default(), items.collect()));
    let together = evaluate::run(&rules, &snapshot, &Options { threads: 1, ..Options::default() });
    assert_eq!(together.rule_errors, []);
    assert_eq!(together.evaluations.len(), 12);
    // On a thread of its own nothing was asked before.
    for evaluation in &together.evaluations {
        let alone = std::thread::scope(|scope| {
            let judge = || {
                let chosen = rules.iter().find(|chosen| chosen.rule.id == evaluation.rule).unwrap();
                let item = snapshot.items().iter().find(|item| item.key == evaluation.resource).unwrap();
                chosen.judge(&snapshot, item).unwrap()
            };
            scope.spawn(judge).join().unwrap()
        });
        assert_eq!(alone, std::slice::from_ref(evaluation));
        assert!(!evaluation.evidence.is_empty());
    }
}
