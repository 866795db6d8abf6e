//! What statements say, in the forms in which policies are written.

use super::*;

fn statement(json: &str) -> Statement {
    let value: Value = serde_json::from_str(json).unwrap();
    Statement::parse(&Fact::new(&value, None)).ok().unwrap()
}

/// A statement that allows reading to a principal under a condition, both as JSON.
fn public(principal: &str, condition: &str) -> bool {
    statement(&format!(
        r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": {principal}, "Condition": {condition}}}"#
    ))
    .is_public()
}

#[test]
fn a_policy_comes_as_object_json_or_percent_encoded() {
    let json = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let encoded = percent_encoding::utf8_percent_encode(json, percent_encoding::NON_ALPHANUMERIC).to_string();
    for given in [Dynamic::from(json.to_owned()), Dynamic::from(encoded)] {
        let policy = Policy::of(&given).unwrap();
        assert_eq!(policy.0.version.as_deref(), Some("2012-10-17"));
        assert!(policy.some(Statement::is_admin).unwrap());
    }
}

#[test]
fn fixed_principals_are_not_the_public() {
    for (principal, expected) in [
        (r#""*""#, true),
        (r#"{"AWS": "*"}"#, true),
        (r#"{"AWS": ["arn:aws:iam::111122223333:root", "*"]}"#, true),
        (r#"{"AWS": "arn:aws:iam::*:root"}"#, true),
        (r#"{"Federated": "graph.facebook.com"}"#, true),
        (r#"{"Federated": "arn:aws:iam::111122223333:saml-provider/x"}"#, false),
        (r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, false),
        (r#"{"AWS": "111122223333"}"#, false),
        (r#"{"Service": "cloudtrail.amazonaws.com"}"#, false),
        (r#"{"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#, false),
    ] {
        assert_eq!(public(principal, "{}"), expected, "{principal}");
    }
    assert!(statement(r#"{"Effect": "Allow", "Action": "*", "NotPrincipal": {"AWS": "111122223333"}}"#).is_public());
    assert!(!statement(r#"{"Effect": "Deny", "Action": "*", "Principal": "*"}"#).is_public());
    assert!(!statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#).is_public());
}

#[test]
fn a_condition_on_a_fixed_caller_makes_it_private() {
    for (condition, expected) in [
        (r#"{"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}"#, false),
        (r#"{"StringLike": {"aws:SourceVpc": "vpc-*"}}"#, true),
        (r#"{"StringLike": {"AWS:sourceVPC": "vpc-91237329"}}"#, false),
        (r#"{"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-${x}"]}}"#, true),
        (r#"{"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}"#, true),
        (r#"{"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}"#, true),
        (r#"{"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-1"}}"#, true),
        (r#"{"ForAnyValue:StringEquals": {"aws:SourceVpc": "vpc-1"}}"#, false),
        (r#"{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}"#, false),
        (r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}"#, false),
        (r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/*"}}"#, true),
        (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}}"#, false),
        (r#"{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}"#, true),
        (r#"{"StringLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}"#, false),
        (r#"{"StringLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/x"}}"#, true),
        (r#"{"StringEquals": {"aws:userid": "AROAEXAMPLEID:*"}}"#, true),
        (r#"{"StringEquals": {"aws:Referer": "https://example.com"}}"#, true),
        (r#"{"Bool": {"aws:SecureTransport": "true"}}"#, true),
        (r#"{"Null": {"aws:SourceVpc": "true"}, "StringEquals": {"aws:SourceAccount": 111122223333}}"#, false),
        (r#"{"StringEquals": {"aws:SourceAccount": []}}"#, true),
    ] {
        assert_eq!(public(r#""*""#, condition), expected, "{condition}");
    }
}

#[test]
fn broad_ranges_of_addresses_are_the_public() {
    for (cidr, expected) in [
        ("203.0.113.0/24", false),
        ("203.0.113.7", false),
        ("15.0.0.0/8", false),
        ("0.0.0.0/1", true),
        ("14.0.0.0/7", true),
        ("10.0.0.0/8", false),
        ("2001:db8::/32", false),
        ("2001:d00::/24", true),
        ("fc00::/7", false),
        ("anywhere", true),
    ] {
        let condition = format!(r#"{{"IpAddress": {{"aws:SourceIp": ["198.51.100.0/24", "{cidr}"]}}}}"#);
        assert_eq!(public(r#""*""#, &condition), expected, "{cidr}");
    }
    assert!(public(r#""*""#, r#"{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#));
    let fixes = |condition: &str| {
        let text = r#"{"Effect": "Allow", "Action": "*", "Principal": "*", "Condition": "#.to_owned() + condition + "}";
        statement(&text).fixes("AWS:sourceip")
    };
    assert!(fixes(r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#));
    assert!(!fixes(r#"{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"]}}"#));
    assert!(!fixes(r#"{"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}"#));
    assert!(!fixes(r#"{"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}"#));
    assert!(!fixes(r#"{"IpAddress": {"aws:SourceIp": []}}"#));
}

#[test]
fn actions_and_resources_match_by_wildcards() {
    let plain =
        statement(r#"{"Effect": "Allow", "Action": ["s3:get*", "ec2:RunInstances"], "Resource": "arn:aws:s3:::b/*"}"#);
    assert!(plain.matches_action("s3:GetObject") && !plain.matches_action("s3:PutObject"));
    assert!(plain.matches_resource("arn:aws:s3:::b/key") && !plain.matches_resource("arn:aws:s3:::B/key"));
    let inverse = statement(r#"{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"}"#);
    assert!(inverse.matches_action("s3:GetObject") && !inverse.matches_action("iam:PassRole"));
    assert!(inverse.matches_resource("arn:aws:s3:::c") && !inverse.matches_resource("arn:aws:s3:::b"));
    let variable = statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}/x"}"#);
    assert!(variable.matches_resource("arn:aws:s3:::b/anne/x") && !variable.matches_resource("arn:aws:s3:::b/anne/y"));
}

#[test]
fn admin_is_every_action_on_every_resource() {
    for (json, expected) in [
        (r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#, true),
        (r#"{"Effect": "Allow", "Action": ["s3:*", "*:*"], "Resource": ["arn:aws:s3:::b", "*"]}"#, true),
        (r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#, false),
        (r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::*"}"#, false),
        (r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#, false),
    ] {
        assert_eq!(statement(json).is_admin(), expected, "{json}");
    }
}

#[test]
fn full_access_is_told_by_service() {
    for (json, expected) in [
        (r#"{"Effect": "Allow", "Action": ["S3:*", "ec2:Describe*", "*"]}"#, &["*", "s3"][..]),
        (r#"{"Effect": "Deny", "Action": "s3:*"}"#, &[]),
        // All but some services, or but some actions, are still all of the others.
        (r#"{"Effect": "Allow", "NotAction": "iam:*"}"#, &["*"]),
        (r#"{"Effect": "Allow", "NotAction": ["iam:*", "s3:DeleteBucket"]}"#, &["*"]),
        (r#"{"Effect": "Allow", "NotAction": ["iam:*", "*"]}"#, &[]),
        (r#"{"Effect": "Allow", "NotAction": "*:*"}"#, &[]),
        (r#"{"Effect": "Allow", "NotAction": "*:Delete*"}"#, &[]),
        (r#"{"Effect": "Deny", "NotAction": "iam:*"}"#, &[]),
    ] {
        assert_eq!(statement(json).full_access().into_iter().collect::<Vec<_>>(), expected, "{json}");
    }
}

#[test]
fn a_known_public_statement_decides_whatever_else_is_hidden() {
    let hidden = Value::Unreadable(Arc::new(crate::value::Unreadable::not_collected("it")));
    let open: Value = serde_json::from_str(r#"{"Effect": "Allow", "Action": "*", "Principal": "*"}"#).unwrap();
    let with = |statements: Vec<Value>| {
        Policy::parse(&Fact::new(&Value::object([("Statement", Value::from(statements))]), None)).unwrap()
    };
    assert!(with(vec![hidden.clone(), open]).some(Statement::is_public).unwrap());
    assert!(with(vec![hidden]).some(Statement::is_public).is_err());
}

#[test]
fn a_list_of_documents_is_the_statements_of_all() {
    let policy = |json: &str| {
        let value: Value = serde_json::from_str(json).unwrap();
        Policy::parse(&Fact::new(&value, None))
    };
    let two = r#"[{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*"}]},
                  {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]"#;
    assert!(policy(two).unwrap().some(Statement::is_admin).unwrap());
    assert_eq!(policy(two).unwrap().0.version.as_deref(), Some("2012-10-17"));
    for json in ["[]", "[null]", r#"["{}"]"#, r#"[{"Statement": []}, 1]"#] {
        assert!(policy(json).is_err(), "{json}");
    }
    let hidden = Value::Unreadable(Arc::new(crate::value::Unreadable::not_collected("it")));
    assert!(Policy::parse(&Fact::new(&Value::from(vec![hidden]), None)).is_err());
}

#[test]
fn what_is_no_policy_is_no_answer() {
    for text in ["", "{", "null", "[]", r#"{"Statement": [{"Effect": "Maybe"}]}"#, "%7B%ff"] {
        assert!(Policy::of(&Dynamic::from(text.to_owned())).is_err(), "{text}");
    }
}

#[test]
fn principals_are_found_whatever_else_is_said() {
    let s3 = statement(
        r#"{"Effect": "Allow", "Action": "*", "Principal": {"Service": ["events.amazonaws.com", "s3.amazonaws.com.cn"]},
            "Condition": {"StringEquals": {"AWS:SourceAccount": "111122223333"}}}"#,
    );
    assert!(s3.names_principal("Service", "s3.amazonaws.com*"));
    assert!(!s3.names_principal("AWS", "s3.amazonaws.com*") && !s3.names_principal("Service", "s3.amazonaws.com"));
}

#[test]
fn a_condition_fixes_a_key_when_it_asks_for_values_without_wildcards() {
    let fixes = |condition: &str| {
        let text = r#"{"Effect": "Allow", "Action": "*", "Principal": {"Service": "s3.amazonaws.com"}, "Condition": "#;
        statement(&format!("{text}{condition}}}")).fixes("aws:SourceAccount")
    };
    for condition in [
        r#"{"StringEquals": {"AWS:SourceAccount": "111122223333"}}"#,
        r#"{"StringLike": {"aws:sourceaccount": ["111122223333", "444455556666"]}}"#,
        r#"{"ForAnyValue:StringEqualsIgnoreCase": {"aws:SourceAccount": "111122223333"}}"#,
        r#"{"StringLike": {"aws:SourceAccount": "*"}, "StringEquals": {"aws:SourceAccount": 111122223333}}"#,
    ] {
        assert!(fixes(condition), "{condition}");
    }
    for condition in [
        "{}",
        r#"{"StringEquals": {"aws:SourceArn": "arn:aws:s3:::reports"}}"#,
        r#"{"StringEquals": {"aws:SourceAccount": []}}"#,
        r#"{"StringNotEquals": {"aws:SourceAccount": "111122223333"}}"#,
        r#"{"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}"#,
        r#"{"ForAllValues:StringEquals": {"aws:SourceAccount": "111122223333"}}"#,
        r#"{"StringLike": {"aws:SourceAccount": ["111122223333", "4444*"]}}"#,
        r#"{"StringLike": {"aws:SourceAccount": "11112222333?"}}"#,
        r#"{"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}"#,
        r#"{"Null": {"aws:SourceAccount": "false"}}"#,
    ] {
        assert!(!fixes(condition), "{condition}");
    }
}

#[test]
fn a_refusal_without_tls_is_whole_and_for_everyone() {
    let refusal = r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#;
    for (change, expected) in [
        (("", ""), true),
        ((r#""s3:*""#, r#"["s3:GetObject", "*"]"#), true),
        ((r#""s3:*""#, r#""S3:*""#), true),
        ((r#""Bool""#, r#""boolIfExists""#), true),
        ((r#""aws:SecureTransport": "false""#, r#""AWS:securetransport": [false]"#), true),
        (("Deny", "Allow"), false),
        ((r#""Principal": "*""#, r#""Principal": {"AWS": "111122223333"}"#), false),
        ((r#""Principal""#, r#""NotPrincipal""#), false),
        ((r#""s3:*""#, r#""s3:Get*""#), false),
        ((r#""s3:*""#, r#""sns:*""#), false),
        ((r#""Action""#, r#""NotAction""#), false),
        ((r#""Bool""#, r#""StringEquals""#), false),
        ((r#""false""#, r#""true""#), false),
        ((r#""false""#, r#"["false", "true"]"#), false),
        ((r#""false"}"#, r#""false"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#), false),
        ((r#""Condition": {"Bool": {"aws:SecureTransport": "false"}}"#, r#""Sid": "none""#), false),
    ] {
        let json = refusal.replacen(change.0, change.1, 1);
        assert_eq!(statement(&json).refuses_without_tls("s3"), expected, "{json}");
    }
}
