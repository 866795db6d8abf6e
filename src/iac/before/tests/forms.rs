//! What the forms of single types come to.

use super::*;

#[test]
fn what_a_source_decides_has_no_default() {
    let encrypted = "/configuration/storageEncrypted";
    let kept = "/configuration/backupRetentionPeriod";
    let upgraded = "/configuration/autoMinorVersionUpgrade";
    let source = "Unresolved: known only after deployment: what the instance is made of";
    for (property, told) in [
        ("Engine", ["false", "1", "true"]),
        ("DBClusterIdentifier", [source, source, "true"]),
        ("DBSnapshotIdentifier", [source; 3]),
        ("DBClusterSnapshotIdentifier", [source; 3]),
        ("SourceDBInstanceIdentifier", [source; 3]),
        ("SourceDbiResourceId", [source; 3]),
        ("SourceDBInstanceAutomatedBackupsArn", [source; 3]),
        ("SourceDBClusterIdentifier", [source; 3]),
    ] {
        let properties = format!("{property}: x");
        let made =
            template(&format!("Resources: {{D: {{Type: AWS::RDS::DBInstance, Properties: {{{properties}}}}}}}"), &[]);
        assert_eq!([encrypted, kept, upgraded].map(|path| fact(&made, "D", path)), told, "{property}");
        let written = "StorageEncrypted: true, BackupRetentionPeriod: 7, AutoMinorVersionUpgrade: false";
        let made = template(
            &format!("Resources: {{D: {{Type: AWS::RDS::DBInstance, Properties: {{{properties}, {written}}}}}}}"),
            &[],
        );
        assert_eq!(
            [encrypted, kept, upgraded].map(|path| fact(&made, "D", path)),
            ["true", "7", "false"],
            "{property}"
        );
    }
    let unknown = "Parameters: {X: {Type: String}}\nConditions: {C: !Equals [!Ref X, y]}\nResources: {D: {Type: AWS::RDS::DBInstance, \
                   Properties: {DBSnapshotIdentifier: !If [C, s, !Ref AWS::NoValue]}}}";
    assert_eq!(fact(&template(unknown, &[]), "D", kept), "Unresolved: known only after deployment: condition C");
    let text = "Resources: {V: {Type: AWS::EC2::Volume, Properties: {SnapshotId: snap-1}}, W: {Type: AWS::EC2::Volume, \
                Properties: {SnapshotId: !ImportValue s, Encrypted: true}}}";
    let made = template(text, &[]);
    assert_eq!(fact(&made, "V", "/configuration/encrypted"), "absent");
    assert_eq!(fact(&made, "W", "/configuration/encrypted"), "true", "in every case");
    let plan = |name: &str, value: &Json, unknown: Json| {
        made_of_plan(&json!({
            "format_version": "1.2",
            "resource_changes": [change("aws_db_instance.d", json!({name: value}), unknown)],
            "configuration": {"root_module": {"resources": [written("aws_db_instance", "d", json!({name: {}}))]}},
        }))
    };
    for (name, value, days) in [
        ("snapshot_identifier", json!("s"), source),
        ("replicate_source_db", json!("db-1"), source),
        ("restore_to_point_in_time", json!([{"use_latest_restorable_time": true}]), source),
        ("s3_import", json!([{"bucket_name": "b"}]), "0"),
    ] {
        let made = plan(name, &value, json!({}));
        assert_eq!([encrypted, kept].map(|path| fact(&made, "aws_db_instance.d", path)), [source, days], "{name}");
        let made = plan(name, &json!([]), json!({}));
        assert_eq!([encrypted, kept].map(|path| fact(&made, "aws_db_instance.d", path)), ["false", "0"], "{name}");
        // The provider computes what nobody wrote.
        let made = plan(name, &value, json!({"backup_retention_period": true}));
        let told = fact(&made, "aws_db_instance.d", kept);
        assert_eq!(told.starts_with("Unresolved"), days == source, "{name} {told}");
    }
}

#[test]
fn where_the_material_of_a_key_comes_from_follows_from_its_store() {
    for (arguments, origin) in [
        (json!({"description": "k"}), "AWS_KMS"),
        (json!({"custom_key_store_id": null, "xks_key_id": ""}), "AWS_KMS"),
        (json!({"custom_key_store_id": "cks-1"}), "AWS_CLOUDHSM"),
        (json!({"custom_key_store_id": "cks-1", "xks_key_id": "x"}), "EXTERNAL_KEY_STORE"),
    ] {
        let plan =
            json!({"format_version": "1.2", "resource_changes": [change("aws_kms_key.k", arguments, json!({}))]});
        assert_eq!(fact(&made_of_plan(&plan), "aws_kms_key.k", "/configuration/origin"), format!("\"{origin}\""));
    }
}

#[test]
fn an_element_whose_label_is_not_known_is_not_lost() {
    let rules = "/supplementaryConfiguration/BucketReplicationConfiguration/rules";
    let made = |rules: Json, unknown: Json| {
        made_of_plan(&json!({"format_version": "1.2", "resource_changes": [
            change("aws_s3_bucket.b", json!({"bucket": "b"}), json!({})),
            change("aws_s3_bucket_replication_configuration.b", json!({"bucket": "b", "rule": rules}), json!({"rule": unknown})),
        ]}))
    };
    let two = |first: Json, second: Json| made(json!([first, second]), json!([{"id": true}, {}]));
    let off = json!({"status": "Disabled"});
    let told = two(off.clone(), json!({"id": "a", "status": "Enabled"}));
    assert_eq!(fact(&told, "aws_s3_bucket.b", &format!("{rules}/0/status")), "\"Disabled\"");
    assert_eq!(fact(&told, "aws_s3_bucket.b", &format!("{rules}/a/status")), "\"Enabled\"");
    let told = two(off, json!({"id": "0", "status": "Enabled"}));
    assert_eq!(
        fact(&told, "aws_s3_bucket.b", rules),
        "Unresolved: known only after deployment: the name of an element",
        "one would take the other's place"
    );
}

#[test]
fn a_policy_that_is_given_no_name_goes_by_its_logical_id() {
    let made = template(
        "Resources:\n  U: {Type: AWS::IAM::User}\n  P: {Type: AWS::IAM::ManagedPolicy, Properties: {Users: [!Ref U], PolicyDocument: {}}}\n  \
         Q: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: q, Users: [!Ref U], PolicyDocument: {}}}\n",
        &[],
    );
    let attached = "/configuration/attachedManagedPolicies";
    assert_eq!(fact(&made, "U", &format!("{attached}/0/policyName")), "\"P\"");
    assert_eq!(fact(&made, "U", &format!("{attached}/1/policyName")), "\"q\"");
    assert!(
        fact(&made, "U", &format!("{attached}/0/policyArn")).starts_with("Unresolved"),
        "no rule takes it for another's"
    );
}

#[test]
fn grants_within_a_bucket_count() {
    let grant = json!([{"type": "Group", "uri": "http://acs.amazonaws.com/groups/global/AllUsers", "permissions": ["READ", "WRITE"]}]);
    let list = "/supplementaryConfiguration/AccessControlList/grantList";
    let plan = |grant: Json| json!({"format_version": "1.2", "resource_changes": [change("aws_s3_bucket.b", json!({"grant": grant, "versioning": []}), json!({}))]});
    let made = made_of_plan(&plan(grant));
    assert_eq!(
        fact(&made, "aws_s3_bucket.b", list),
        "[{\"grantee\":\"AllUsers\",\"permission\":\"Read\"},{\"grantee\":\"AllUsers\",\"permission\":\"Write\"}]"
    );
    let made = made_of_plan(&plan(json!([])));
    assert_eq!(fact(&made, "aws_s3_bucket.b", list), "[{\"grantee\":{},\"permission\":\"FullControl\"}]");
}
