//! A secret that AWS Config recorded goes nowhere: not into a report of any format, not into the store, not out of it.
//!
//! The canary stands in every place that a descriptor names as secret, in those that are known of types which only AWS Config
//! records, and in members named as secrets are of a type that nobody described; as a text in a list and as one in an object.
//! Then all commands that read a file of AWS Config or a store are run, and all that they wrote is searched. The same for what a
//! template or a plan says is secret.

use assize::report::Format;
use assize::source::descriptor::Catalog;
use serde_json::{Map, Value as Json, json};

use crate::common::{Folder, Ran};

/// The canary of one state of the account: it changes, so that differences have to tell that it did.
fn canary(state: usize) -> String {
    format!("canary-in-a-mine-{state}")
}

/// A value with the canary at the end of the pointer, behind lists or objects where it names any member.
fn planted(pointer: &[&str], canary: &Json, in_lists: bool) -> Json {
    let Some((first, rest)) = pointer.split_first() else { return canary.clone() };
    let inner = planted(rest, canary, in_lists);
    match *first {
        "*" if in_lists => json!([inner]),
        name => Json::Object(Map::from_iter([(if name == "*" { "MEMBER" } else { name }.to_owned(), inner)])),
    }
}

/// Places of secrets in items of a type that nobody described, by their names alone.
const NAMED: [&str; 10] = [
    "/configuration/Database/SaslPassword",
    "/configuration/Endpoints/*/authToken",
    "/configuration/api_key",
    "/configuration/RuntimeEnvironmentVariables/*/Value",
    "/configuration/Environment/Variables/*",
    "/configuration/environment/*",
    "/configuration/variables/*/text",
    "/configuration/Credentials/*/SharedKey",
    "/supplementaryConfiguration/PrivateKeyPem",
    "/supplementaryConfiguration/Secrets/*",
];

/// By type, every place that holds a secret.
fn places() -> Vec<(String, String)> {
    let catalog = Catalog::builtin().expect("the descriptors are right");
    let described = catalog.iter().map(|one| (one.resource_type.to_string(), &one.secrets));
    let recorded = catalog.recorded().map(|one| (one.resource_type.to_string(), &one.secrets));
    let known = described.chain(recorded).flat_map(|(name, secrets)| {
        secrets.iter().map(move |secret| (name.clone(), secret.to_string())).collect::<Vec<_>>()
    });
    let named = NAMED.iter().map(|place| ("My::Own::Thing".to_owned(), (*place).to_owned()));
    // Known places are one thing, names another: where the name says nothing only the place does.
    let only_recorded = ["/configuration/parameters/*/parameterValue", "/configuration/DefaultArguments/*"];
    let all: Vec<_> = known.chain(named).collect();
    for place in only_recorded {
        assert!(all.iter().any(|(_, known)| known == place), "{place} is not among the places");
    }
    all
}

/// What AWS Config may deliver: an item for each place, in both forms. And how many there are.
fn delivered(state: usize) -> (String, usize) {
    let mut items = Vec::new();
    for (resource_type, secret) in places() {
        let (pointer, text) = match secret.strip_suffix('@') {
            Some(pointer) => (pointer, format!("https://{0}:{0}@host.example/path", canary(state))),
            None => (&*secret, canary(state)),
        };
        let path: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
        for in_lists in [true, false] {
            let body = planted(&path, &json!(text), in_lists);
            let id = format!("r-{:04}", items.len());
            items.push(json!({
                "configurationItemVersion": "1.3",
                "configurationItemCaptureTime": format!("2026-01-0{}T03:04:05.678Z", state + 1),
                "configurationStateId": state + 1,
                "configurationItemStatus": "OK",
                "awsAccountId": "111122223333",
                "awsRegion": "eu-west-1",
                "resourceType": resource_type,
                "resourceId": id,
                "resourceName": id,
                "ARN": format!("arn:aws:x:eu-west-1:111122223333:{id}"),
                "tags": {}, "relatedEvents": [], "relationships": [],
                "configuration": body.get("configuration").cloned().unwrap_or(json!({})),
                "supplementaryConfiguration": body.get("supplementaryConfiguration").cloned().unwrap_or(json!({})),
            }));
        }
    }
    let count = items.len();
    let file = json!({
        "fileVersion": "1.0",
        "configSnapshotId": format!("00000000-0000-0000-0000-00000000000{state}"),
        "configurationItems": items,
    });
    (file.to_string(), count)
}

/// Fails if the bytes hold a canary.
fn clean(what: &str, bytes: &[u8]) {
    let needle = b"canary-in-a-mine";
    let at = bytes.windows(needle.len()).position(|window| window == needle);
    let around = |at: usize| {
        let around = bytes.iter().skip(at.saturating_sub(80)).take(120).copied().collect::<Vec<_>>();
        String::from_utf8_lossy(&around).into_owned()
    };
    assert!(at.is_none(), "{what}: {}", at.map(around).unwrap_or_default());
}

/// Fails if the run shows a canary, or did not do its work: a command that does not run would hold nothing.
fn clean_run(what: &str, ran: &Ran) {
    assert!(ran.code() != 2, "{what}: {ran}");
    clean(what, ran.stdout().as_bytes());
    clean(what, ran.stderr().as_bytes());
}

/// All files below a folder, uncompressed.
fn clean_folder(folder: &std::path::Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it is there").path();
        if path.is_dir() {
            files += clean_folder(&path);
            continue;
        }
        let bytes = std::fs::read(&path).expect("the file is there");
        clean(&path.display().to_string(), &bytes);
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*bytes), &mut plain)
                .expect("it is gzip");
            clean(&path.display().to_string(), &plain);
        }
        files += 1;
    }
    files
}

#[test]
fn a_secret_is_in_nothing_that_is_written() {
    // What holds the canary lies apart from what is searched.
    let (source, folder) = (Folder::new(), Folder::new());
    let files: Vec<String> = (0..2)
        .map(|state| {
            let (text, count) = delivered(state);
            assert!(count > 200 && text.matches(&canary(state)).count() >= count, "each item holds one");
            source.write(&format!("{state}.json"), text).display().to_string()
        })
        .collect();
    folder.write("assize.yaml", "deliver:\n  file: messages.jsonl\n");

    // Every rule over every item, in every format, at once and read again.
    let mut arguments =
        vec!["evaluate", &files[0], "--no-config", "--report", "full", "--limit", "0", "--fail-on", "never"];
    let outputs: Vec<String> = Format::ALL.into_iter().map(|format| format!("{format}=report.{format}")).collect();
    arguments.extend(outputs.iter().flat_map(|output| ["-o", output.as_str()]));
    let ran = folder.assize(&arguments);
    assert!([0, 3].contains(&ran.code()), "{ran}");
    clean_run("evaluate", &ran);
    let again = ["report", "report.json", "--format", "html", "--report", "full", "--fail-on", "never"];
    clean_run("report", &folder.assize(&again));

    // Two states in a store, and all that it tells of them.
    for file in &files {
        let ran = folder.assize(&["import", "--store", "a.db", file]);
        assert_eq!(ran.code(), 0, "{ran}");
        clean_run("import", &ran);
    }
    for format in ["terminal", "json", "jsonl", "markdown"] {
        let diff = folder.assize(&["diff", "--store", "a.db", "--limit", "0", "--format", format]);
        assert!([0, 1].contains(&diff.code()), "{format}: {diff}");
        clean_run(&format!("diff --format {format}"), &diff);
        assert!(diff.stdout().contains("userData"), "that it changed is told: {diff}");
        clean_run("diff of files", &folder.assize(&["diff", &files[0], &files[1], "--limit", "0", "--format", format]));
    }
    let json: Json = serde_json::from_str(&folder.read("report.json")).expect("the report is JSON");
    let finding =
        json["evaluations"].as_array().and_then(|all| all.iter().find(|one| one["complianceType"] == "NON_COMPLIANT"));
    let finding = finding.and_then(|one| one["fingerprint"].as_str()).expect("there is a finding").to_owned();
    for arguments in [
        ["evaluate", "--store", "a.db", "--fail-on", "never"].as_slice(),
        &["history", "r-0000", "--store", "a.db", "--limit", "0"],
        &["timeline", "--store", "a.db"],
        &["snapshots", "list", "--store", "a.db"],
        &["query", "--store", "a.db", "SELECT *"],
        &[
            "query",
            "--store",
            "a.db",
            "--format",
            "json",
            "SELECT resourceId, configuration, supplementaryConfiguration",
        ],
        &["related", "r-0000", "--store", "a.db"],
        &["explain", &finding, "--report", "report.json"],
        &["export", "--store", "a.db", "--to", "delivered"],
        &["export", "--store", "a.db", "--to", "lines", "--format", "jsonl"],
        &["export", "--store", "a.db", "--since", "2026-01-01", "--to", "versions"],
        &["export", &files[1], "--to", "of-file"],
        &["deliver", "--store", "a.db"],
    ] {
        let ran = folder.assize(arguments);
        clean_run(&arguments.join(" "), &ran);
    }
    // The store's own bytes, the outbox in it, and every file that was written.
    assert!(clean_folder(folder.path()) > Format::ALL.len() + 4);
    let query = folder.assize(&["query", "--store", "a.db", "--format", "json", "SELECT resourceId, configuration"]);
    assert!(query.stdout().contains("userData"), "the fact is there, and its value is not: {query}");
}

const TEMPLATE: &str = r#"Parameters:
  Secret: {Type: String, NoEcho: true, Default: canary-in-a-mine-0}
  Given: {Type: String, NoEcho: true}
Resources:
  V:
    Type: AWS::EC2::Volume
    Properties: {Encrypted: false, KmsKeyId: !Ref Secret, Tags: [{Key: !Ref Given, Value: !Sub "x${Secret}"}]}
  I: {Type: AWS::EC2::Instance, Properties: {UserData: !Ref Secret}}
  A: {Type: AWS::EC2::VolumeAttachment, Properties: {VolumeId: !Ref V, InstanceId: !Ref I}}
  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Given}}
  P:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Given
      PolicyDocument:
        Statement: [{Effect: Allow, Principal: "*", Action: "s3:*", Resource: !Sub "arn:aws:s3:::${Given}/*"}]
"#;

#[test]
fn a_secret_of_a_template_or_a_plan_is_in_nothing_that_is_written() {
    let (source, folder) = (Folder::new(), Folder::new());
    let template = source.write("t.yaml", TEMPLATE).display().to_string();
    let plan = json!({"format_version": "1.2", "resource_changes": [
        {"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b",
         "change": {"actions": ["create"], "after_unknown": {},
                    "after": {"bucket": canary(0), "tags": {"A": canary(0)}},
                    "after_sensitive": {"bucket": true, "tags": {"A": true}}}}]});
    let plan = source.write("plan.json", plan.to_string()).display().to_string();
    for flags in [
        ["--template", &template, "--template-parameter", &format!("Given={}", canary(1))].as_slice(),
        &["--plan", &plan],
    ] {
        let mut arguments = vec!["evaluate"];
        arguments.extend(flags);
        arguments.extend(["--no-config", "--report", "full", "--limit", "0", "--fail-on", "never"]);
        let outputs: Vec<String> = Format::ALL.into_iter().map(|format| format!("{format}=report.{format}")).collect();
        arguments.extend(outputs.iter().flat_map(|output| ["-o", output.as_str()]));
        let ran = folder.assize(&arguments);
        assert!([0, 3].contains(&ran.code()), "{ran}");
        clean_run(&arguments.join(" "), &ran);
        assert!(clean_folder(folder.path()) >= Format::ALL.len());
        let json: Json = serde_json::from_str(&folder.read("report.json")).expect("the report is JSON");
        assert!(json.to_string().contains("NON_COMPLIANT"), "it was judged: {ran}");
    }
}
