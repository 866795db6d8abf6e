//! What goes to Security Hub of a store that changes, as stories of a few days.

use std::sync::Arc;

use serde_json::Value as Json;
use tempfile::TempDir;

use super::*;
use crate::evaluation::{ExemptionMark, ExemptionState};
use crate::gap::Gap;
use crate::history::Judgement;
use crate::item::ConfigurationItem;
use crate::rule::{RuleSet, Selection};
use crate::snapshot::{About, Place, Snapshot};
use crate::value::Unreadable;

use ComplianceType::{Compliant, InsufficientData, NonCompliant, NotApplicable};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const BUCKET: &str = "AWS::S3::Bucket";
const RULE: &str = "s3-bucket-versioning-enabled";

/// A resource, a finding's key, and what the rule says.
type Said<'s> = (&'s str, &'s str, ComplianceType);

struct Story {
    _folder: TempDir,
    history: History,
    rules: RuleSet,
}

impl Story {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path().join("assize.db")).unwrap();
        let wanted = Selection { rules: vec![RULE.into()], ..Selection::default() };
        Self { _folder: folder, history, rules: RuleSet::builtin().select(&wanted).unwrap() }
    }

    /// Judges a day. Without a resource the list could not be read.
    fn day(&mut self, day: u32, said: &[Said<'_>], exempted: &[&str]) -> Vec<Parcel> {
        let place = Place { account_id: ACCOUNT.into(), aws_region: REGION.into(), resource_type: BUCKET.into() };
        let is_listed = said.iter().all(|(id, ..)| !id.is_empty());
        let denied = Unreadable {
            operation: "s3:ListBuckets".to_owned(),
            action: None,
            code: "AccessDenied".to_owned(),
            message: "denied".to_owned(),
        };
        let gap = Gap {
            account_id: ACCOUNT.into(),
            aws_region: REGION.into(),
            resource_type: BUCKET.into(),
            resource_id: None,
            path: None,
            reason: Arc::new(denied),
        };
        let about = About {
            captured_at: time(day),
            source: "account".into(),
            accounts: vec![ACCOUNT.into()],
            regions: vec![REGION.into()],
            listings: is_listed.then_some(place).into_iter().collect(),
            gaps: if is_listed { Vec::new() } else { vec![gap] },
            ..About::default()
        };
        let evaluation = |(id, key, compliance_type): &Said<'_>| Evaluation {
            key: (*key).into(),
            exemption: exempted.contains(id).then(|| Arc::new(mark())),
            ..Evaluation::sample(RULE, BUCKET, id, *compliance_type)
        };
        let evaluations: Vec<Evaluation> = said.iter().map(evaluation).collect();
        let keys: BTreeSet<_> = evaluations.iter().map(|one| &one.resource).collect();
        let keys = keys.into_iter().filter(|key| !key.resource_id.is_empty());
        let items = keys.map(|key| ConfigurationItem::new(key.clone(), "2026-01-01T00:00:00.000Z")).collect();
        let outcome = Outcome { evaluations, rule_errors: Vec::new() };
        let snapshot = Snapshot::new(about, items);
        self.history.append(&snapshot, Some(&Judgement { rules: &self.rules, outcome: &outcome })).unwrap();
        let last = self.history.snapshots().unwrap().pop().unwrap();
        findings(&self.history, &last, &[REGION.to_owned()]).unwrap()
    }
}

fn time(day: u32) -> String {
    format!("2026-10-{day:02}T00:00:00.000Z")
}

fn mark() -> ExemptionMark {
    ExemptionMark {
        id: "0123".to_owned(),
        state: ExemptionState::InForce,
        reason: "a public site".to_owned(),
        owner: None,
        ticket: None,
        expires: None,
    }
}

/// `a 80 FAILED ACTIVE 01`: the resource, the finding's key, status, state, and the day since which it has been open.
fn told(parcels: &[Parcel]) -> Vec<String> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let one = |parcel: &Parcel| {
        let Parcel::Finding { hub, finding } = parcel else { panic!("{parcel:?}") };
        assert_eq!((hub.as_str(), &finding["AwsAccountId"]), (REGION, &Json::from(ACCOUNT)));
        let fields = &finding["ProductFields"];
        let names = ["assize/resourceId", "assize/key"].map(|name| text(&fields[name]));
        let states = [&finding["Compliance"]["Status"], &finding["RecordState"], &finding["Workflow"]["Status"]];
        let since = text(&finding["CreatedAt"]).get(8..10).unwrap().to_owned();
        let words = names.into_iter().chain(states.map(text)).chain([since]);
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    parcels.iter().map(one).collect()
}

#[test]
fn what_is_open_is_sent_each_time_and_what_is_not_any_more_once() {
    let mut story = Story::new();
    let first = [
        ("a", "443", NonCompliant),
        ("a", "80", NonCompliant),
        ("b", "", InsufficientData),
        ("c", "", NonCompliant),
        ("d", "", Compliant),
        ("e", "", NonCompliant),
        ("f", "", NonCompliant),
    ];
    let open = [
        "a 443 FAILED ACTIVE NEW 01",
        "a 80 FAILED ACTIVE NEW 01",
        "b WARNING ACTIVE 01",
        "c FAILED ACTIVE SUPPRESSED 01",
        "e FAILED ACTIVE NEW 01",
        "f FAILED ACTIVE NEW 01",
    ];
    assert_eq!(told(&story.day(1, &first, &["c"])), open, "nothing is said of what complies");
    assert_eq!(told(&story.day(2, &first, &["c"])), open);
    let second = [
        ("a", "443", NonCompliant),
        ("b", "", Compliant),
        ("c", "", Compliant),
        ("d", "", NonCompliant),
        ("e", "", NotApplicable),
    ];
    let still = ["a 443 FAILED ACTIVE NEW 01", "d FAILED ACTIVE NEW 03"];
    let closed = [
        "a 80 PASSED ARCHIVED 01",
        "e NOT_AVAILABLE ARCHIVED 01",
        "f NOT_AVAILABLE ARCHIVED 01",
        "b PASSED ARCHIVED 01",
        "c PASSED ARCHIVED 01",
    ];
    assert_eq!(told(&story.day(3, &second, &[])), [&still[..], &closed].concat());
    assert_eq!(told(&story.day(4, &second, &[])), still, "it is said once");
}

#[test]
fn what_could_not_be_read_has_passed_nothing() {
    let mut story = Story::new();
    let open = [("a", "80", NonCompliant), ("b", "", NonCompliant), ("c", "", NonCompliant)];
    story.day(1, &open, &["c"]);
    // Of each one fact is denied: what was found with a key stays beside that, and what was found without one waits under
    // the same id.
    let unread = [("a", "", InsufficientData), ("b", "", InsufficientData), ("c", "", InsufficientData)];
    let told_unread = ["a WARNING ACTIVE 02", "b WARNING ACTIVE 01", "c WARNING ACTIVE 01"];
    assert_eq!(told(&story.day(2, &unread, &[])), told_unread);
    // The whole list is: what stands behind it stays as it is.
    let unlisted = [("", "", InsufficientData)];
    assert_eq!(told(&story.day(3, &unlisted, &[])), ["WARNING ACTIVE 03"]);
    assert_eq!(told(&story.day(4, &unlisted, &[])), ["WARNING ACTIVE 03"]);
    // It can be read again, and one of them is gone.
    let again = [("a", "", Compliant), ("b", "", NonCompliant)];
    let expected = [
        "b FAILED ACTIVE NEW 01",
        "a 80 PASSED ARCHIVED 01",
        "NOT_AVAILABLE ARCHIVED 03",
        "a PASSED ARCHIVED 02",
        "c NOT_AVAILABLE ARCHIVED 01",
    ];
    assert_eq!(told(&story.day(5, &again, &[])), expected);
    assert_eq!(told(&story.day(6, &again, &[])), expected[..1]);
}

#[test]
fn what_was_not_judged_says_nothing() {
    let mut story = Story::new();
    story.day(1, &[("a", "", NonCompliant)], &[]);
    let last = story.history.snapshots().unwrap().pop().unwrap();
    assert!(findings(&story.history, &last, &[]).unwrap().is_empty(), "there is no hub");
    let unjudged = Recorded { rule_set: None, ..last };
    assert!(findings(&story.history, &unjudged, &[REGION.to_owned()]).unwrap().is_empty());
}
