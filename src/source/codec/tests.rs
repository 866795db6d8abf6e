//! Each protocol with bodies written by hand. `tests/wire.rs` adds every operation and random bodies.

use std::sync::LazyLock;

use super::*;
use crate::source::model::Models;

static MODELS: LazyLock<Models> = LazyLock::new(Models::builtin);

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn request(service: &str, operation: &str, params: &str) -> HttpRequestParts {
    try_request(service, operation, params).unwrap()
}

fn try_request(service: &str, operation: &str, params: &str) -> Result<HttpRequestParts, CodecError> {
    let model = MODELS.service(service).unwrap();
    serialize(model, model.operation(operation).unwrap(), &value(params))
}

fn body(parts: &HttpRequestParts) -> &str {
    std::str::from_utf8(&parts.body).unwrap()
}

fn answer(service: &str, operation: &str, body: &str) -> Result<Value, String> {
    answer_with(service, operation, &[], body)
}

fn answer_with(service: &str, operation: &str, headers: &[(&str, &str)], body: &str) -> Result<Value, String> {
    let model = MODELS.service(service).unwrap();
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse(model, model.operation(operation).unwrap(), 200, &headers, body.as_bytes()).map_err(|error| {
        assert_eq!(error.code(), "MalformedResponse");
        error.to_string()
    })
}

/// One answer of each protocol.
const ANSWERS: &[(&str, &str, &str)] = &[
    (
        "ec2",
        "DescribeVolumes",
        r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeVolumesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>
    <volumeSet>
        <item><volumeId>vol-1</volumeId><size>8</size><encrypted>true</encrypted>
            <createTime>2015-10-21T07:28:00.123Z</createTime><attachmentSet/>
            <tagSet><item><key>a &amp; b</key><value><![CDATA[<c>]]>&#x20AC;</value></item></tagSet>
            <somethingNew><of>this</of></somethingNew></item>
    </volumeSet>
</DescribeVolumesResponse>"#,
    ),
    (
        "iam",
        "GetRole",
        "<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName><Path>/</Path>\
         <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument>\
         <CreateDate>2015-10-21T07:28:00Z</CreateDate></Role></GetRoleResult>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetRoleResponse>",
    ),
    (
        "s3",
        "GetBucketAcl",
        r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID></Owner>
            <AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">
            <URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
            </AccessControlList></AccessControlPolicy>"#,
    ),
    ("s3", "GetBucketPolicy", r#"{"Version":"2012-10-17","Statement":[]}"#),
    ("kms", "ListKeys", r#"{"Keys":[{"KeyId":"k","KeyArn":"a"}],"Truncated":false,"New":{"a":[1]}}"#),
    (
        "lambda",
        "GetFunctionConfiguration",
        r#"{"FunctionName":"f","CodeSize":12,"Environment":{"Variables":{"A":"b"}},"VpcConfig":null}"#,
    ),
];

#[test]
fn answers_of_every_protocol() {
    for ((service, operation, body), expected) in ANSWERS.iter().zip([
        r#"{"Volumes": [{"VolumeId": "vol-1", "Size": 8, "Encrypted": true, "CreateTime": "2015-10-21T07:28:00.123Z",
            "Attachments": [], "Tags": [{"Key": "a & b", "Value": "<c>€"}]}]}"#,
        r#"{"Role": {"RoleName": "r", "Path": "/", "CreateDate": "2015-10-21T07:28:00.000Z",
            "AssumeRolePolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%7D"}}"#,
        r#"{"Owner": {"ID": "o"}, "Grants": [{"Permission": "READ",
            "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}}]}"#,
        r#"{"Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}"#,
        r#"{"Keys": [{"KeyId": "k", "KeyArn": "a"}], "Truncated": false}"#,
        r#"{"FunctionName": "f", "CodeSize": 12, "Environment": {"Variables": {"A": "b"}}}"#,
    ]) {
        assert_eq!(answer(service, operation, body), Ok(value(expected)), "{service} {operation}");
    }
}

#[test]
fn an_answer_that_is_cut_off_anywhere_is_an_error() {
    for (service, operation, body) in ANSWERS {
        for length in (0..body.len()).filter(|length| body.is_char_boundary(*length)) {
            let cut = &body[..length];
            let outcome = answer(service, operation, cut);
            assert!(outcome.is_err(), "{service} {operation}: {cut:?} is {outcome:?}");
        }
    }
}

#[test]
fn an_answer_with_something_after_it_is_an_error() {
    for (service, operation, body) in ANSWERS {
        for more in ["x", "<a/>", "{}", body] {
            assert!(answer(service, operation, &format!("{body}{more}")).is_err(), "{service} {operation} + {more}");
        }
        assert!(answer(service, operation, &format!("{body}\n")).is_ok(), "{service} {operation} + newline");
    }
}

#[test]
fn a_page_of_html_is_an_error() {
    let pages = [
        "<html><body>Sign in to the network</body></html>",
        "<!DOCTYPE html>\n<html lang=en><p>x",
        "<HTML></HTML>",
        "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><body/></html>",
    ];
    let more = [
        ("s3", "GetBucketLocation", ""),
        ("s3", "ListBuckets", ""),
        ("s3control", "ListAccessPoints", ""),
        ("s3", "HeadBucket", ""),
    ];
    for page in pages {
        for (service, operation, _) in ANSWERS.iter().chain(&more) {
            assert!(answer(service, operation, page).is_err(), "{service} {operation}: {page}");
        }
    }
}

#[test]
fn an_answer_of_another_operation_is_an_error() {
    for (service, operation, body) in [
        ("ec2", "DescribeVolumes", "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"),
        ("iam", "ListUsers", "<ListUsersResponse><ListRolesResult/></ListUsersResponse>"),
        ("iam", "ListUsers", "<ListUsersResponse><ResponseMetadata/></ListUsersResponse>"),
        ("s3", "GetBucketVersioning", "<ListBucketResult><Name>b</Name></ListBucketResult>"),
        ("s3", "GetBucketEncryption", "<Error><Code>AccessDenied</Code></Error>"),
        ("s3control", "ListAccessPoints", "<Error><Code>AccessDenied</Code></Error>"),
        ("s3control", "ListAccessPoints", "<ErrorResponse><Error/></ErrorResponse>"),
        ("kms", "ListKeys", "[]"),
        ("kms", "ListKeys", "null"),
        ("lambda", "ListFunctions", "\"text\""),
    ] {
        assert!(answer(service, operation, body).is_err(), "{service} {operation}: {body}");
    }
}

#[test]
fn values_that_contradict_the_model_are_errors() {
    let volume = |inner: &str| {
        let body =
            format!("<DescribeVolumesResponse><volumeSet><item>{inner}</item></volumeSet></DescribeVolumesResponse>");
        answer("ec2", "DescribeVolumes", &body)
    };
    assert!(volume("<size>8</size>").is_ok());
    for inner in [
        "<size>eight</size>",
        "<size/>",
        "<size>99999999999999999999</size>",
        "<encrypted>yes</encrypted>",
        "<createTime>yesterday</createTime>",
        "<size><a/></size>",
        "<volumeId>&unknown;</volumeId>",
        "<volumeId>a<b/></volumeId>",
        "text",
        "<tagSet>text</tagSet>",
    ] {
        assert!(volume(inner).is_err(), "{inner}");
    }
    for body in [
        r#"{"Keys": {}}"#,
        r#"{"Keys": [[]]}"#,
        r#"{"Keys": [{"KeyId": {}}]}"#,
        r#"{"Truncated": "perhaps"}"#,
        r#"{"Truncated": 1}"#,
    ] {
        assert!(answer("kms", "ListKeys", body).is_err(), "{body}");
    }
    let error = answer("kms", "ListKeys", r#"{"Keys": {}}"#).unwrap_err();
    assert_eq!(
        error,
        "the answer to ListKeys cannot be understood: invalid type: map, expected a list at line 1 column 11"
    );
}

#[test]
fn scalars_may_come_in_another_form() {
    let body = r#"{"FunctionName": 7, "CodeSize": "12", "MemorySize": 128.0, "Timeout": null}"#;
    let expected = value(r#"{"FunctionName": "7", "CodeSize": 12, "MemorySize": 128}"#);
    assert_eq!(answer("lambda", "GetFunctionConfiguration", body), Ok(expected));
}

#[test]
fn times_of_every_form_become_one() {
    let key = |time: &str| {
        let body = format!(r#"{{"KeyMetadata": {{"KeyId": "k", "CreationDate": {time}}}}}"#);
        let answer = answer("kms", "DescribeKey", &body)?;
        Ok::<_, String>(answer.pointer("/KeyMetadata/CreationDate").cloned())
    };
    for time in ["1445412480.123", "\"2015-10-21T07:28:00.123Z\"", "\"1445412480.123\"", "1.445412480123E9"] {
        assert_eq!(key(time), Ok(Some("2015-10-21T07:28:00.123Z".into())), "{time}");
    }
    assert_eq!(key("null"), Ok(None));
    assert!(key("true").is_err());
}

#[test]
fn lists_are_empty_only_when_the_answer_says_so() {
    let role = |inner: &str| {
        let body = format!(
            "<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName>{inner}</Role></GetRoleResult></GetRoleResponse>"
        );
        answer("iam", "GetRole", &body).unwrap().pointer("/Role/Tags").cloned()
    };
    assert_eq!(role(""), None);
    assert_eq!(role("<Tags/>"), Some(value("[]")));
    assert_eq!(role("<Tags>\n</Tags>"), Some(value("[]")));
}

#[test]
fn flattened_lists_and_maps_of_xml() {
    let body = "<BucketLoggingStatus/>";
    assert_eq!(answer("s3", "GetBucketLogging", body), Ok(value("{}")));
    let body = "<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status></Rule>\
                <Rule><ID>b</ID><Status>Disabled</Status></Rule></LifecycleConfiguration>";
    let expected = r#"{"Rules": [{"ID": "a", "Status": "Enabled"}, {"ID": "b", "Status": "Disabled"}]}"#;
    assert_eq!(answer("s3", "GetBucketLifecycleConfiguration", body), Ok(value(expected)));
    let body = "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap>\
                <entry><key>Users</key><value>3</value></entry><entry><key>Groups</key><value>0</value></entry>\
                </SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>";
    assert_eq!(answer("iam", "GetAccountSummary", body), Ok(value(r#"{"SummaryMap": {"Users": 3, "Groups": 0}}"#)));
    let body = body.replace("<value>0</value>", "");
    assert!(answer("iam", "GetAccountSummary", &body).is_err());
}

#[test]
fn a_root_element_may_be_the_value() {
    let location = |body: &str| answer("s3", "GetBucketLocation", body);
    let expected = value(r#"{"LocationConstraint": "eu-west-1"}"#);
    let body = r#"<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>"#;
    assert_eq!(location(body), Ok(expected));
    let none = value(r#"{"LocationConstraint": null}"#);
    assert_eq!(location("<LocationConstraint/>"), Ok(none));
    assert!(location("").is_err());
}

#[test]
fn blobs_are_base64_text() {
    let report = |content: &str| {
        let body = format!(
            "<GetCredentialReportResponse><GetCredentialReportResult><Content>{content}</Content>\
             </GetCredentialReportResult></GetCredentialReportResponse>"
        );
        answer("iam", "GetCredentialReport", &body)
    };
    assert_eq!(report("dXNlcg=="), Ok(value(r#"{"Content": "dXNlcg=="}"#)));
    assert!(report("no base64").is_err());
}

#[test]
fn headers_are_members() {
    let headers = [("X-Amz-Bucket-Region", "eu-west-1"), ("x-amz-access-point-alias", "false")];
    let expected = value(r#"{"BucketRegion": "eu-west-1", "AccessPointAlias": false}"#);
    assert_eq!(answer_with("s3", "HeadBucket", &headers, ""), Ok(expected));
    assert!(answer_with("s3", "HeadBucket", &[("x-amz-access-point-alias", "perhaps")], "").is_err());
}

#[test]
fn keys_are_asked_for_and_read_in_url_encoding() {
    let parts = request("s3", "ListObjectsV2", r#"{"Bucket": "b"}"#);
    assert_eq!(parts.path_and_query, "/?list-type=2&encoding-type=url");
    let body = |encoding: &str| {
        format!("<ListBucketResult><Contents><Key>a+b%2B%C3%BC</Key></Contents>{encoding}</ListBucketResult>")
    };
    let encoded = answer("s3", "ListObjectsV2", &body("<EncodingType>url</EncodingType>")).unwrap();
    assert_eq!(encoded.pointer("/Contents/0/Key"), Some(&"a b+ü".into()));
    let plain = answer("s3", "ListObjectsV2", &body("")).unwrap();
    assert_eq!(plain.pointer("/Contents/0/Key"), Some(&"a+b%2B%C3%BC".into()));
}

#[test]
fn nesting_has_an_end() {
    // The attribute values of DynamoDB and the filters of S3 are recursive; JSON has a limit of its own.
    let mut deep = String::new();
    for _ in 0..100_000 {
        deep.push_str("<item>");
    }
    let body = format!("<DescribeVolumesResponse><volumeSet>{deep}");
    assert!(answer("ec2", "DescribeVolumes", &body).is_err());
    let body = format!("{{\"Keys\":{}", "[".repeat(100_000));
    assert!(answer("kms", "ListKeys", &body).is_err());
    let body = format!("{{\"Unknown\":{}", "[".repeat(100_000));
    assert!(answer("kms", "ListKeys", &body).is_err());
}

#[test]
fn requests_of_ec2() {
    let parts = request(
        "ec2",
        "DescribeVolumes",
        r#"{"VolumeIds": ["vol-1", "vol-2"], "Filters": [{"Name": "tag:a b", "Values": ["x&y"]}], "MaxResults": 5}"#,
    );
    assert_eq!((parts.method.as_str(), parts.path_and_query.as_str()), ("POST", "/"));
    assert_eq!(
        body(&parts),
        "Action=DescribeVolumes&Version=2016-11-15&Filter.1.Name=tag%3Aa%20b&Filter.1.Value.1=x%26y&MaxResults=5\
         &VolumeId.1=vol-1&VolumeId.2=vol-2"
    );
}

#[test]
fn requests_of_query() {
    let parts = request(
        "rds",
        "DescribeDBSnapshots",
        r#"{"IncludePublic": true, "Filters": [{"Name": "n", "Values": ["a"]}], "SnapshotType": null}"#,
    );
    assert_eq!(
        body(&parts),
        "Action=DescribeDBSnapshots&Version=2014-10-31&Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=a\
         &IncludePublic=true"
    );
}

#[test]
fn requests_of_json() {
    let parts = request("sqs", "GetQueueAttributes", r#"{"QueueUrl": "u", "AttributeNames": ["All"]}"#);
    let headers: Vec<(&str, &str)> =
        parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("X-Amz-Target", "AmazonSQS.GetQueueAttributes"),
            ("Content-Type", "application/x-amz-json-1.0"),
            ("x-amzn-query-mode", "true"),
        ]
    );
    assert_eq!(body(&parts), r#"{"AttributeNames":["All"],"QueueUrl":"u"}"#);
    let parts = request("cloudtrail", "LookupEvents", r#"{"StartTime": "2015-10-21T07:28:00.5Z"}"#);
    assert_eq!(body(&parts), r#"{"StartTime":1445412480.5}"#);
}

#[test]
fn requests_of_rest() {
    let parts = request("lambda", "GetPolicy", r#"{"FunctionName": "arn:aws:lambda:x/ü", "Qualifier": "a b"}"#);
    assert_eq!(parts.path_and_query, "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax%2F%C3%BC/policy?Qualifier=a%20b");
    assert_eq!((parts.method.as_str(), body(&parts)), ("GET", ""));
    let parts = request("guardduty", "GetFindings", r#"{"DetectorId": "d", "FindingIds": ["f"]}"#);
    assert_eq!((parts.method.as_str(), body(&parts)), ("POST", r#"{"findingIds":["f"]}"#));
    // Without it the answer is in HAL: `{"_embedded": {"item": …}}`.
    let parts = request("apigateway", "GetRestApis", "{}");
    assert_eq!(parts.headers, [("Accept".to_owned(), "application/json".to_owned())]);

    let parts = request("s3", "GetBucketAcl", r#"{"Bucket": "b", "ExpectedBucketOwner": "111122223333"}"#);
    assert_eq!(parts.path_and_query, "/?acl");
    assert_eq!(parts.bucket.as_deref(), Some("b"));
    assert_eq!(parts.headers, [("x-amz-expected-bucket-owner".to_owned(), "111122223333".to_owned())]);

    let parts = request("s3control", "GetPublicAccessBlock", r#"{"AccountId": "111122223333"}"#);
    assert_eq!(parts.host_prefix.as_deref(), Some("111122223333."));
    assert_eq!(parts.headers, [("x-amz-account-id".to_owned(), "111122223333".to_owned())]);
}

#[test]
fn parameters_that_do_not_fit_are_named() {
    let reason = |service, operation, params| {
        let error = try_request(service, operation, params).unwrap_err();
        assert_eq!(error.code(), "InvalidRequest");
        error.to_string()
    };
    for (service, operation, params, expected) in [
        ("ec2", "DescribeVolumes", r#"{"VolumeIDs": []}"#, "DescribeVolumes: there is no such parameter, at VolumeIDs"),
        (
            "ec2",
            "DescribeVolumes",
            r#"{"Filters": [{"Name": 3}]}"#,
            "DescribeVolumes: a string is expected, not integer, at Filters[0].Name",
        ),
        ("kms", "DescribeKey", "{}", "DescribeKey: KeyId is missing"),
        ("kms", "DescribeKey", r#"{"KeyId": null}"#, "DescribeKey: KeyId is missing"),
        ("kms", "DescribeKey", "[]", "DescribeKey: parameters are an object, not array"),
        ("sts", "GetCallerIdentity", r#"{"A": 1}"#, "GetCallerIdentity: there is no such parameter, at A"),
        (
            "lambda",
            "GetPolicy",
            r#"{"FunctionName": ""}"#,
            "GetPolicy: a part of the path may not be empty or dots, at FunctionName",
        ),
        (
            "lambda",
            "GetPolicy",
            r#"{"FunctionName": ".."}"#,
            "GetPolicy: a part of the path may not be empty or dots, at FunctionName",
        ),
        (
            "s3control",
            "GetPublicAccessBlock",
            r#"{"AccountId": "1/evil.example"}"#,
            "GetPublicAccessBlock: a part of the host's name has letters, digits, - and . only, at AccountId",
        ),
        (
            "s3",
            "GetBucketAcl",
            r#"{"Bucket": "b", "ExpectedBucketOwner": "1\r\nx: y"}"#,
            "GetBucketAcl: a header's value has a control character, at x-amz-expected-bucket-owner",
        ),
        (
            "cloudtrail",
            "LookupEvents",
            r#"{"StartTime": "soon"}"#,
            "LookupEvents: a time is expected, not string, at StartTime",
        ),
    ] {
        assert_eq!(reason(service, operation, params), expected);
    }
}

#[test]
fn requests_with_a_body_of_xml() {
    // No built-in operation has one; a user's may.
    let dir = tempfile::tempdir().unwrap();
    let shapes = r#"{"In": {"members": {"Names": "Names", "Flat": {"of": "Names", "flattened": true}, "Map": "Map",
        "Id": {"of": "string", "in": "uri", "name": "Id"}, "Kind": {"of": "string", "name": "xsi:type",
        "in": "attribute"}, "Since": "timestamp"}}, "Names": {"list": {"of": "string", "name": "Name"}},
        "Map": {"map": ["string", "boolean"]}}"#;
    let model = format!(
        r#"{{"service": "mine", "protocol": "rest-xml", "apiVersion": "1", "signingName": "x", "iam": "x",
            "operations": {{"ListThings": {{"http": "POST /1/{{Id}}", "input": "In", "root": "Request",
            "rootNamespace": {{"uri": "u"}}}}}}, "shapes": {shapes}}}"#
    );
    std::fs::write(dir.path().join("mine.json"), model).unwrap();
    let models = Models::with_dir(dir.path()).unwrap();
    let model = models.service("mine").unwrap();
    let params = value(
        r#"{"Id": "i", "Names": ["a", "<b>"], "Flat": ["c"], "Map": {"k": true}, "Kind": "\"q\"",
            "Since": "2015-10-21T07:28:00Z"}"#,
    );
    let parts = serialize(model, model.operation("ListThings").unwrap(), &params).unwrap();
    assert_eq!(parts.path_and_query, "/1/i");
    assert_eq!(
        body(&parts),
        "<Request xmlns=\"u\" xsi:type=\"&quot;q&quot;\"><Name>c</Name>\
         <Map><entry><key>k</key><value>true</value></entry></Map>\
         <Names><Name>a</Name><Name>&lt;b&gt;</Name></Names><Since>2015-10-21T07:28:00Z</Since></Request>"
    );
    let bare = serialize(model, model.operation("ListThings").unwrap(), &value(r#"{"Id": "i"}"#)).unwrap();
    assert_eq!(body(&bare), "");
}
