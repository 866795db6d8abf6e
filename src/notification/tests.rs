//! Subjects and failures; the messages themselves are in the tests of what sends them.

use super::*;

#[test]
fn a_subject_is_short_and_plain() {
    let message = |id: &str| {
        json!({
            "messageType": "ConfigurationItemChangeNotification",
            "configurationItem": {"awsAccountId": "111122223333", "awsRegion": "eu-west-1",
                "resourceType": "AWS::EC2::Volume", "resourceId": id},
            "configurationItemDiff": {"changeType": "UPDATE"},
        })
    };
    assert_eq!(
        subject(&message("vol-1")),
        "[AWS Config:eu-west-1] AWS::EC2::Volume vol-1 Updated in Account 111122223333"
    );
    for id in ["x".repeat(500), "a\nb\u{1b}[31mü".to_owned()] {
        let subject = subject(&message(&id));
        assert!(subject.len() <= 100 && subject.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{subject}");
        assert!(subject.ends_with(" in Account 111122223333"), "{subject}");
    }
    let compliance = json!({
        "messageType": "ComplianceChangeNotification", "awsAccountId": "111122223333", "awsRegion": "eu-west-1",
        "resourceType": "AWS::EC2::Volume", "resourceId": "vol-1", "newEvaluationResult": {"complianceType": "COMPLIANT"},
    });
    assert!(subject(&compliance).starts_with("[AWS Config:eu-west-1] AWS::EC2::Volume vol-1 is COMPLIANT in"));
    assert_eq!(subject(&snapshot_started("a", "now")), "ConfigurationSnapshotDeliveryStarted");
}

#[test]
fn a_failure_is_told_in_the_place_of_its_message() {
    let failed =
        |message: &Json| failed(message, "AccessDenied", "no").map(|told| told.to_string()).unwrap_or_default();
    let snapshot = failed(&snapshot_completed("id", "bucket", "key", "now"));
    assert!(
        snapshot.contains("ConfigurationSnapshotDeliveryFailed") && snapshot.contains("AccessDenied"),
        "{snapshot}"
    );
    assert!(failed(&history_completed("bucket", "key", "now")).contains("ConfigurationHistoryDeliveryFailed"));
    assert_eq!(failed(&snapshot_started("id", "now")), "");
}
