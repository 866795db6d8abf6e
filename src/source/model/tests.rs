//! The models that come with the project, and models that must be refused.

use std::fs;

use super::*;

#[test]
fn models_hold_read_operations_only() {
    // The files themselves are read here, so that this holds however the models are loaded.
    for (service, model) in MODELS {
        let file: serde_json::Value = serde_json::from_str(&embedded::text(model)).unwrap();
        let operations = file["operations"].as_object().unwrap();
        assert!(!operations.is_empty(), "{service}");
        for (operation, facts) in operations {
            let reads = ["BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search"];
            let is_exception = (*service, operation.as_str()) == ("iam", "GenerateCredentialReport");
            assert!(is_exception || reads.iter().any(|prefix| operation.starts_with(prefix)), "{service}:{operation}");
            assert!(![REFUSED, DATA].concat().contains(&(service, operation)), "{service}:{operation}");
            let method = facts["http"].as_str().unwrap_or("POST /").split(' ').next().unwrap();
            assert!(["GET", "HEAD", "POST"].contains(&method), "{service}:{operation} {method}");
        }
    }
    assert_eq!(READ_EXCEPTIONS, [("iam", "GenerateCredentialReport")]);
}

#[test]
fn what_hands_out_data_stands_apart_in_the_files_and_is_not_found_among_the_operations() {
    let mut apart = Vec::new();
    for (service, model) in MODELS {
        let file: serde_json::Value = serde_json::from_str(&embedded::text(model)).unwrap();
        for (operation, facts) in file["data"].as_object().into_iter().flatten() {
            assert!(facts["http"].as_str().unwrap().starts_with("GET "), "{service}:{operation}");
            apart.push((service.to_string(), operation.clone()));
        }
    }
    assert_eq!(apart, [("s3".to_owned(), "GetObject".to_owned())]);
    let models = Models::builtin();
    let s3 = models.service("s3").unwrap();
    assert!(matches!(s3.operation("GetObject"), Err(ModelError::UnknownOperation { .. })));
    assert!(s3.operations().all(|operation| operation.name() != "GetObject"));
    assert_eq!(s3.data_operation("GetObject").unwrap().iam_actions(), ["s3:GetObject"]);
    assert!(s3.data_operation("GetBucketAcl").is_err());
}

#[test]
fn writes_and_givers_of_secrets_are_refused() {
    for (service, operation) in [
        ("ec2", "DeleteVolume"),
        ("sts", "AssumeRole"),
        ("s3", "GetObject"),
        ("secretsmanager", "GetSecretValue"),
        ("sts", "GetSessionToken"),
    ] {
        assert!(!is_read(service, operation), "{service}:{operation}");
    }
    assert!(is_read("iam", "GenerateCredentialReport"));
    assert!(!is_read("ec2", "GenerateCredentialReport"));
}

#[test]
fn every_builtin_model_links() {
    let models = Models::builtin();
    for name in models.names() {
        let service = models.service(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        for operation in service.operations() {
            for action in operation.iam_actions() {
                let (prefix, action) = action.split_once(':').unwrap();
                assert!(prefix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{prefix}");
                assert!(action.chars().all(|c| c.is_ascii_alphanumeric()), "{action}");
            }
            // What goes on from page to page must be a list or a map: nothing else can be put together.
            if let (Some(pagination), Some(output)) = (operation.pagination(), operation.output_shape()) {
                for path in &pagination.results {
                    let shape = path.iter().try_fold(output, |shape, name| service.member(shape, name));
                    let kind = shape.map(|shape| service.kind(shape));
                    assert!(matches!(kind, Some(Kind::List | Kind::Map)), "{name} {} {path:?}", operation.name());
                }
            }
        }
    }
}

#[test]
fn iam_actions_are_not_always_the_operations_name() {
    let models = Models::builtin();
    for (service, operation, action) in [
        ("ec2", "DescribeVolumes", "ec2:DescribeVolumes"),
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
        ("elbv2", "DescribeListeners", "elasticloadbalancing:DescribeListeners"),
        ("efs", "DescribeFileSystems", "elasticfilesystem:DescribeFileSystems"),
        ("cloudwatch", "DescribeAlarms", "cloudwatch:DescribeAlarms"),
    ] {
        let operation = models.service(service).unwrap().operation(operation).unwrap();
        assert_eq!(operation.iam_actions(), [action]);
    }
}

#[test]
fn shapes_can_be_walked() {
    let models = Models::builtin();
    let ec2 = models.service("ec2").unwrap();
    let output = ec2.operation("DescribeInstances").unwrap().output_shape().unwrap();
    let reservations = ec2.member(output, "Reservations").unwrap();
    assert_eq!(ec2.kind(reservations), Kind::List);
    let reservation = ec2.element(reservations).unwrap();
    let instance = ec2.element(ec2.member(reservation, "Instances").unwrap()).unwrap();
    assert_eq!(ec2.kind(instance), Kind::Structure);
    assert_eq!(ec2.kind(ec2.member(instance, "LaunchTime").unwrap()), Kind::Timestamp);
    assert_eq!(ec2.member(instance, "Nonsense"), None);
    assert!(ec2.members(instance).any(|(name, _)| name == "InstanceId"));

    let s3 = models.service("s3").unwrap();
    let input = s3.operation("GetBucketAcl").unwrap().input_shape().unwrap();
    assert_eq!(s3.required(input), ["Bucket".into()]);
}

#[test]
fn case_changes_only_the_names_of_the_model() {
    let models = Models::builtin();
    let lambda = models.service("lambda").unwrap();
    let output = lambda.operation("GetFunctionConfiguration").unwrap().output_shape().unwrap();
    let value: Value = serde_json::from_str(
        r#"{"FunctionName": "f", "Environment": {"Variables": {"MyKey": "V"}}, "Layers": [{"CodeSize": 1}]}"#,
    )
    .unwrap();
    let expected: Value = serde_json::from_str(
        r#"{"functionName": "f", "environment": {"variables": {"MyKey": "V"}}, "layers": [{"codeSize": 1}]}"#,
    )
    .unwrap();
    assert_eq!(lambda.change_case(output, &value, Case::LowerFirst), expected);
    assert_eq!(lambda.change_case(output, &Value::Null, Case::LowerFirst), Value::Null);
}

#[test]
fn beans_have_small_capitals_and_count_milliseconds() {
    for (name, bean) in [
        ("DBClusterArn", "dbclusterArn"),
        ("DbClusterResourceId", "dbClusterResourceId"),
        ("OKActions", "okactions"),
        ("S3BucketName", "s3BucketName"),
        ("multiAZ", "multiAZ"),
        ("ID", "id"),
    ] {
        assert_eq!(Case::Bean.of(name), bean);
    }
    let models = Models::builtin();
    let kms = models.service("kms").unwrap();
    let output = kms.operation("DescribeKey").unwrap().output_shape().unwrap();
    let value: Value = serde_json::from_str(
        r#"{"KeyMetadata": {"AWSAccountId": "1", "CreationDate": "2021-05-14T20:42:04.302Z", "Description": "2021-05-14T20:42:04.302Z"}}"#,
    )
    .unwrap();
    let expected: Value = serde_json::from_str(
        r#"{"keyMetadata": {"awsaccountId": "1", "creationDate": 1621024924302, "description": "2021-05-14T20:42:04.302Z"}}"#,
    )
    .unwrap();
    assert_eq!(kms.change_case(output, &value, Case::Bean), expected);
}

#[test]
fn a_mistyped_name_is_answered_with_the_one_that_was_meant() {
    let models = Models::builtin();
    assert_eq!(
        models.service("ec").unwrap_err().to_string(),
        "there is no model of the service ec; did you mean `ec2`?"
    );
    let error = models.service("ec2").unwrap().operation("DescribeVolume").unwrap_err();
    assert_eq!(error.to_string(), "the model of ec2 has no operation DescribeVolume; did you mean `DescribeVolumes`?");
}

fn with_file(name: &str, text: &str) -> Result<Models, ModelError> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), text).unwrap();
    Models::with_dir(dir.path())
}

#[test]
fn a_folder_adds_services_and_operations() {
    let models = with_file(
        "backup.json",
        r#"{"service": "backup", "protocol": "rest-json", "apiVersion": "2018-11-15", "signingName": "backup",
            "iam": "backup", "operations": {"ListBackupPlans": {"http": "GET /backup/plans/", "output": "Plans"}},
            "shapes": {"Plans": {"members": {"Names": "Names"}}, "Names": {"list": "string"}}}"#,
    )
    .unwrap();
    let operation = models.service("backup").unwrap().operation("ListBackupPlans").unwrap();
    assert_eq!(operation.iam_actions(), ["backup:ListBackupPlans"]);

    let models = with_file(
        "sts.json",
        r#"{"service": "sts", "protocol": "query", "apiVersion": "2011-06-15", "signingName": "sts", "iam": "sts",
            "operations": {"GetAccessKeyInfo": {}}, "shapes": {}}"#,
    )
    .unwrap();
    let sts = models.service("sts").unwrap();
    assert!(sts.operation("GetAccessKeyInfo").is_ok());
    assert!(sts.operation("GetCallerIdentity").is_ok());
}

#[test]
fn a_folder_with_a_write_operation_is_refused() {
    let model = |service: &str, operation: &str, facts: &str| {
        let text = format!(
            r#"{{"service": "{service}", "protocol": "rest-json", "apiVersion": "1", "signingName": "x", "iam": "x",
                "operations": {{"{operation}": {facts}}}, "shapes": {{}}}}"#
        );
        with_file(&format!("{service}.json"), &text)
    };
    let error = model("mine", "DeleteThing", "{}").unwrap_err().to_string();
    assert!(error.contains("mine:DeleteThing is refused"), "{error}");
    assert!(matches!(model("mine", "GetThing", r#"{"http": "PUT /thing"}"#), Err(ModelError::NotARead { .. })));
    assert!(matches!(model("secretsmanager", "GetSecretValue", "{}"), Err(ModelError::NotARead { .. })));
    assert!(matches!(model("mine", "GetThing\": {}}, \"data\": {\"GetMore", "{}"), Err(ModelError::NotARead { .. })));
    assert!(model("mine", "GetThing", "{}").is_ok());
}

#[test]
fn a_folder_with_a_broken_model_is_refused() {
    let model = |operations: &str, shapes: &str| {
        let text = format!(
            r#"{{"service": "mine", "protocol": "json", "apiVersion": "1", "signingName": "x", "iam": "x",
                "operations": {operations}, "shapes": {shapes}}}"#
        );
        with_file("mine.json", &text).unwrap_err()
    };
    assert!(matches!(model("{", "{}"), ModelError::Syntax { .. }));
    assert!(matches!(model(r#"{"GetX": {"colour": 1}}"#, "{}"), ModelError::Syntax { .. }));
    let error = model("{}", r#"{"Y": {"members": {"A": {"of": "string", "colour": 1}}}}"#);
    let ModelError::Syntax { source, .. } = error else { panic!("{error}") };
    assert!(source.to_string().starts_with("unknown field `colour`"), "{source}");
    for (operations, shapes, reason) in [
        (r#"{"GetX": {"output": "Y"}}"#, "{}", "GetX: there is no shape Y"),
        (r#"{"GetX": {"output": "Y"}}"#, r#"{"Y": {"list": "string"}}"#, "GetX: Y is no structure"),
        ("{}", r#"{"Y": {"list": "Z"}}"#, "Y: there is no shape Z"),
        ("{}", r#"{"Y": {"members": {}, "payload": "Z"}}"#, "Y: there is no member Z"),
        (
            r#"{"GetX": {"input": "Y", "output": "Y", "pages": {"in": ["T"], "out": ["T"]}}}"#,
            r#"{"Y": {"members": {}}}"#,
            "GetX: the input has no member T",
        ),
    ] {
        let error = model(operations, shapes).to_string();
        assert!(error.ends_with(reason), "{error}");
    }
}
