//! The recording of the account that `assize scan --demo` shows, made anew by
//!
//! ```text
//! cargo test --test account -- --ignored record_the_demo_account
//! ```
//!
//! `demo.py` fills the account. What moto cannot say, or says otherwise than AWS, is written by hand below and in
//! `demo_platform.rs`, in the form of the service's protocol.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assize::collect::{self, Needs, Options, Regions};
use assize::item::format_time;
use assize::snapshot::Snapshot;
use assize::source::account::Account;
use assize::source::account::secret::SecretKey;
use assize::source::client::{Client, ConnectOptions};
use assize::source::descriptor::Catalog;
use assize::source::recording::{Answer, Body, Exchange, Recorder, Recording, Replay};
use regex_lite::{Captures, Regex};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::moto::Moto;
use crate::seed::{HOME, OTHER, config};
use crate::{block_on, demo_platform};

/// What the scanning role may not do: one bucket's own policy keeps others from reading it, and the organization keeps
/// Lambda in a region that should not be in use.
const DENIED: [&str; 2] = ["s3:GetBucketPolicy shop-payroll", "lambda:ListFunctions eu-west-1"];

#[test]
#[ignore = "writes demo/account.jsonl.gz"]
fn record_the_demo_account() {
    let moto = Moto::start();
    moto.python("demo.py", &[], &BTreeMap::new());
    moto.facts(&json!({
        "root": {"mfa": false, "accessKey": false},
        "databases": {"orders": "db-6KDLQ2VWF3XJZB5RTM7YHNA4PE", "reporting": "db-W2TGM5EQ7RXKHJ3ZC4VNBLY6UA"},
        "users": {
            "alice": {"created": 900, "passwordUsed": 1, "keys": [{"created": 40, "used": 1}]},
            "bob": {"created": 700, "passwordUsed": 3, "keys": [{"created": 412, "used": 2}]},
            "carol": {"created": 300, "passwordUsed": 12},
            "deploy": {"created": 1200, "keys": [{"created": 700, "used": 0}, {"created": 1200, "used": 710}]},
            "old-contractor": {"created": 800, "passwordUsed": 420, "keys": [{"created": 800, "used": 420}]},
        },
    }));
    moto.wall(None, &DENIED.map(|denied| (denied, "deny")).into());

    let recorder = Recorder::new();
    let options = ConnectOptions::new().sdk_config(config(&moto, HOME)).rate_share(1.0).record(recorder.clone());
    let (snapshot, recorded_at) = block_on(read(options));
    let missing: Vec<String> = snapshot.gaps().iter().map(|gap| gap.reason.operation.clone()).collect();

    let recording = recorder.finish(&recorded_at, false).mutate(by_hand);
    // What was tried again and answered alike need not be kept twice.
    let mut exchanges = recording.exchanges().to_vec();
    exchanges.retain(demo_platform::is_asked);
    exchanges.dedup();
    let recording = Recording::new(recorded_at, exchanges);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/account.jsonl.gz");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    recording.write(fs::File::create(path).unwrap(), true).unwrap();

    let gaps = block_on(read(ConnectOptions::new().replay(Replay::new(Arc::new(recording))))).0.gaps();
    let operations: Vec<&str> = gaps.iter().map(|gap| gap.reason.operation.as_str()).collect();
    println!("moto left gaps in {missing:?}");
    assert_eq!(operations, ["lambda:ListFunctions", "s3:GetBucketPolicy"], "{gaps:#?}");
}

/// Everything, and when it was read.
async fn read(options: ConnectOptions) -> (Snapshot, String) {
    let client = Client::connect(options).await.unwrap();
    let now = format_time(client.now().try_into().unwrap());
    let options = Options::by_client(&client, Regions::Named([HOME, OTHER].map(str::to_owned).into()));
    let account = Arc::new(Account::of_client(client, SecretKey::new([0; 32])));
    let catalog = Catalog::builtin().unwrap();
    (collect::run(&account, &catalog, &Needs::everything(&catalog), &options).await.unwrap(), now)
}

/// Puts AWS's words where moto has none or others.
fn by_hand(exchange: &mut Exchange) {
    let xml = |body: &str| answer("text/xml", &format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"));
    let s3 = r#"xmlns="http://s3.amazonaws.com/doc/2006-03-01/""#;
    match exchange.operation.as_str() {
        // What moto does not have.
        "GetEbsDefaultKmsKeyId" => {
            exchange.answer = xml("<GetEbsDefaultKmsKeyIdResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
                 <requestId>5a7c3b1e-0d2f-4e68-9b1a-2c3d4e5f6a7b</requestId><kmsKeyId>alias/aws/ebs</kmsKeyId>\
                 </GetEbsDefaultKmsKeyIdResponse>");
        }
        "ListFunctionUrlConfigs" => exchange.answer = answer("application/json", r#"{"FunctionUrlConfigs":[]}"#),
        // What moto answers as if it had been asked for the objects of the bucket.
        "GetBucketAbac" => {
            exchange.answer = xml(&format!("<AbacStatus {s3}><Status>Disabled</Status></AbacStatus>"));
        }
        "GetBucketRequestPayment" => {
            exchange.answer = xml(&format!(
                "<RequestPaymentConfiguration {s3}><Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
            ));
        }
        _ => demo_platform::by_hand(exchange),
    }
    let request_id = request_id(exchange);
    exchange.path = true_to_aws(&exchange.path, &exchange.region, &request_id);
    let rewrite = |text: &str| true_to_aws(text, &exchange.region, &request_id);
    exchange.request = rewritten(&exchange.request, rewrite);
    if let Answer::Response { status, headers, body } = &mut exchange.answer {
        *body = rewritten(body, rewrite);
        // The checksum is that of moto's words. The id is noise, but for errors, of which it tells AWS's support.
        headers.retain(|(name, _)| name != "x-amz-crc32" && (*status >= 400 || name != "x-amzn-requestid"));
        for (_, value) in headers.iter_mut().filter(|(name, _)| name == "x-amzn-requestid") {
            value.clone_from(&request_id);
        }
    }
}

/// The id of a request, made of what is asked for: another recording has the same.
fn request_id(exchange: &Exchange) -> String {
    let Exchange { region, operation, path, request, .. } = exchange;
    let asked = format!("{region} {operation} {path} {}", request.as_text().unwrap_or_default());
    let digits = Sha256::digest(asked).iter().take(16).fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    });
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]).join("-")
}

pub(crate) fn answer(content_type: &str, body: &str) -> Answer {
    Answer::Response {
        status: 200,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: Body::from(body),
    }
}

fn rewritten(body: &Body, rewrite: impl Fn(&str) -> String) -> Body {
    body.as_text().map_or_else(|| body.clone(), |text| Body::from(rewrite(text).as_str()))
}

/// Names and ids as AWS has them.
fn true_to_aws(text: &str, region: &str, request_id: &str) -> String {
    let replace = |text: &str, pattern: &str, to: &dyn Fn(&Captures<'_>) -> String| {
        Regex::new(pattern).unwrap().replace_all(text, to).into_owned()
    };
    // The root elements of S3.
    let text = text
        .replace("GetBucketVersioningResponse", "VersioningConfiguration")
        .replace("GetBucketNotificationResponse", "NotificationConfiguration");
    let text =
        replace(&text, "<(RequestId|requestId)>[A-Za-z0-9-]+</", &|found| format!("<{}>{request_id}</", &found[1]));
    let text = replace(&text, "http://127.0.0.1:[0-9]+/([0-9]{12}/)", &|found| {
        format!("https://sqs.{region}.amazonaws.com/{}", &found[1])
    });
    // AWS tells the seed of a device once, when it is made.
    let text = replace(&text, "<(Base32StringSeed|QRCodePNG)>[^<]*</[A-Za-z0-9]+>", &|_| String::new());
    // IAM's ids tell by their first letters what they are of, and the details of policies have them too.
    let text = replace(&text, "<UserId>([a-z0-9]{17})[a-z0-9]{3}</UserId>", &|found| {
        format!("<UserId>AIDA{}</UserId>", found[1].to_uppercase())
    });
    let text = replace(&text, "<GroupId>([a-z0-9]{17})[a-z0-9]{3}</GroupId>", &|found| {
        format!("<GroupId>AGPA{}</GroupId>", found[1].to_uppercase())
    });
    let text = replace(&text, "<member>(<Arn>arn:aws:iam::[0-9]{12}:policy/([a-z-]+)</Arn>)<Path>", &|found| {
        let mut id = String::new();
        for byte in Sha256::digest(&found[2]).iter().take(9) {
            write!(id, "{byte:02X}").unwrap();
        }
        format!(
            "<member><PolicyName>{}</PolicyName><PolicyId>ANPA{}</PolicyId>{}<Path>",
            &found[2],
            &id[..17],
            &found[1]
        )
    });
    // Nobody's keys, and plainly so.
    replace(&text, "AKIA[A-Z0-9]{7}([A-Z0-9]{9})", &|found| format!("AKIA{}EXAMPLE", &found[1]))
}
