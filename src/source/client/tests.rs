//! The client against a connector that answers at once, and against a server on this machine that misbehaves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::*;
use crate::source::recording::{Answer, Exchange, Failure, Fault, Recording};

const KEY_ID: &str = "AKIACANARYKEYID00000";
const SECRET: &str = "canary/secret/access/key";
const SESSION: &str = "canary-session-token";
const ACCOUNT: &str = "999988887777";

fn sdk_config(region: &str) -> aws_types::sdk_config::Builder {
    let credentials = Credentials::new(KEY_ID, SECRET, Some(SESSION.to_owned()), None, "test");
    SdkConfig::builder()
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
}

fn identity(partition: &str) -> String {
    format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:{partition}:iam::{ACCOUNT}:user/me</Arn>\
         <UserId>AIDA</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>r-0</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}

const VPCS: &str = "<DescribeVpcsResponse><requestId>r-1</requestId><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>\
                    </DescribeVpcsResponse>";
const THROTTLED: &str = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error>\
                         </Errors><RequestID>r-2</RequestID></Response>";

type AnswerFor = dyn Fn(&HttpRequest) -> (u16, Vec<(&'static str, String)>, String) + Send + Sync;

/// A connector that keeps URL and signature of each request and answers by a function.
#[derive(Clone)]
struct DryRun {
    answer: Arc<AnswerFor>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DryRun")
    }
}

impl DryRun {
    fn new(
        answer: impl Fn(&HttpRequest) -> (u16, Vec<(&'static str, String)>, String) + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Arc::new(answer), seen: Arc::default() }
    }

    /// URL, region and name of the signature of each request after the first, which asks who this is.
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().skip(1).cloned().collect()
    }
}

impl HttpClient for DryRun {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for DryRun {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let scope: Vec<_> = authorization.split('/').skip(2).take(2).collect();
        assert_eq!(request.headers().get("user-agent"), Some(concat!("assize/", env!("CARGO_PKG_VERSION"))));
        self.seen.lock().unwrap().push(format!("{} {}", request.uri(), scope.join(" ")));
        let (status, headers, body) = (self.answer)(&request);
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

async fn dry_client(region: &str, fips: bool, dual: bool, url: Option<&str>) -> (Client, DryRun) {
    let partition = Partition::of_region(region).id().to_owned();
    let dry = DryRun::new(move |request| {
        if request.uri().contains("sts") || request.body().bytes().unwrap().starts_with(b"Action=GetCallerIdentity") {
            (200, vec![], identity(&partition))
        } else {
            (403, vec![], String::new())
        }
    });
    let mut config = sdk_config(region).use_fips(fips).use_dual_stack(dual).http_client(dry.clone());
    config.set_endpoint_url(url.map(str::to_owned));
    let client = Client::connect(ConnectOptions::new().sdk_config(config.build())).await.unwrap();
    (client, dry)
}

#[tokio::test]
async fn clients_send_no_more_together_than_they_are_allowed() {
    let dry = DryRun::new(|request| {
        let is_identity = request.body().bytes().unwrap().starts_with(b"Action=GetCallerIdentity");
        if is_identity { (200, vec![], identity("aws")) } else { (200, vec![], VPCS.to_owned()) }
    });
    let allowance = Allowance::new(4);
    let connect = || {
        let config = sdk_config("eu-west-1").http_client(dry.clone()).build();
        Client::connect(ConnectOptions::new().sdk_config(config).allowance(allowance.clone()))
    };
    let (one, other) = (connect().await.unwrap(), connect().await.unwrap());
    let target = CallTarget::region("eu-west-1");
    for client in [&one, &other] {
        client.call(&target, "ec2", "DescribeVpcs", &Value::Null).await.unwrap();
    }
    let error = one.call(&target, "ec2", "DescribeVpcs", &Value::Null).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), (code::OVER_BUDGET, ApiErrorKind::Request));
    let told = error.to_unreadable(None).to_string();
    assert_eq!(told, "OverBudget: not asked for, as the budget of 4 requests is used up");
    let refused = connect().await.unwrap_err();
    assert!(matches!(&refused, ClientError::Unreachable(error) if error.code == code::OVER_BUDGET), "{refused}");
    assert_eq!(dry.seen.lock().unwrap().len(), 4);
}

/// Where a call goes and for what it is signed.
async fn goes_to(
    (client, dry): &(Client, DryRun),
    region: &str,
    service: &str,
    operation: &str,
    params: &str,
) -> String {
    let params = serde_json::from_str(params).unwrap();
    let error = client.call(&CallTarget::region(region), service, operation, &params).await.unwrap_err();
    match error.kind {
        ApiErrorKind::Service => dry.seen().pop().unwrap(),
        _ => error.to_string(),
    }
}

#[tokio::test]
async fn requests_of_s3_go_to_the_bucket() {
    let client = dry_client("us-east-1", false, false, None).await;
    let goes = async |region, bucket: &str| {
        goes_to(&client, region, "s3", "GetBucketEncryption", &format!(r#"{{"Bucket": "{bucket}"}}"#)).await
    };
    assert_eq!(goes("us-east-1", "b-one").await, "https://b-one.s3.us-east-1.amazonaws.com/?encryption us-east-1 s3");
    assert_eq!(
        goes("eu-west-1", "my.bucket").await,
        "https://s3.eu-west-1.amazonaws.com/my.bucket?encryption eu-west-1 s3"
    );
    assert_eq!(
        goes("cn-north-1", "b-one").await,
        "https://b-one.s3.cn-north-1.amazonaws.com.cn/?encryption cn-north-1 s3"
    );
    assert_eq!(
        goes_to(&client, "us-east-1", "s3control", "GetPublicAccessBlock", r#"{"AccountId": "999988887777"}"#).await,
        "https://999988887777.s3-control.us-east-1.amazonaws.com/v20180820/configuration/publicAccessBlock us-east-1 s3"
    );

    let dual = dry_client("us-east-1", true, true, None).await;
    assert_eq!(
        goes_to(&dual, "us-east-1", "s3", "GetBucketEncryption", r#"{"Bucket": "b-one"}"#).await,
        "https://b-one.s3-fips.dualstack.us-east-1.amazonaws.com/?encryption us-east-1 s3"
    );
}

#[tokio::test]
async fn an_endpoint_of_the_user_is_used_for_all_services() {
    let client = dry_client("us-east-1", true, false, Some("http://127.0.0.1:5000")).await;
    assert_eq!(
        goes_to(&client, "eu-west-1", "s3", "GetBucketEncryption", r#"{"Bucket": "b-one"}"#).await,
        "http://127.0.0.1:5000/b-one?encryption eu-west-1 s3"
    );
    assert_eq!(
        goes_to(&client, "us-east-1", "s3control", "GetPublicAccessBlock", r#"{"AccountId": "999988887777"}"#).await,
        "http://127.0.0.1:5000/v20180820/configuration/publicAccessBlock us-east-1 s3"
    );
    assert_eq!(goes_to(&client, "eu-west-1", "iam", "ListUsers", "{}").await, "http://127.0.0.1:5000/ us-east-1 iam");
}

/// Settings that hold an endpoint for S3 Control alone.
#[derive(Debug)]
struct OnlyS3Control;

impl LoadServiceConfig for OnlyS3Control {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let asked = (key.service_id(), key.env(), key.profile());
        (asked == ("S3_Control", "AWS_ENDPOINT_URL", "endpoint_url")).then(|| "https://proxy.example/s3c".to_owned())
    }
}

#[tokio::test]
async fn one_service_can_have_an_endpoint_of_its_own() {
    let dry = DryRun::new(|request| match request.uri() {
        uri if uri.contains("sts") => (200, vec![], identity("aws")),
        _ => (403, vec![], String::new()),
    });
    let config = sdk_config("eu-west-1").service_config(OnlyS3Control).http_client(dry.clone()).build();
    let client = (Client::connect(ConnectOptions::new().sdk_config(config)).await.unwrap(), dry);
    assert_eq!(
        goes_to(&client, "eu-west-1", "s3control", "GetPublicAccessBlock", r#"{"AccountId": "999988887777"}"#).await,
        "https://999988887777.proxy.example/s3c/v20180820/configuration/publicAccessBlock eu-west-1 s3"
    );
    assert_eq!(
        goes_to(&client, "eu-west-1", "s3", "ListBuckets", "{}").await,
        "https://s3.eu-west-1.amazonaws.com/ eu-west-1 s3"
    );
}

#[tokio::test]
async fn global_services_are_signed_for_their_region() {
    let client = dry_client("us-east-1", false, false, None).await;
    let goes = async |region| goes_to(&client, region, "iam", "ListUsers", "{}").await;
    assert_eq!(goes("eu-west-1").await, "https://iam.amazonaws.com/ us-east-1 iam");
    assert_eq!(goes("cn-northwest-1").await, "https://iam.cn-north-1.amazonaws.com.cn/ cn-north-1 iam");
    assert_eq!(goes("us-gov-east-1").await, "https://iam.us-gov.amazonaws.com/ us-gov-west-1 iam");
    assert_eq!(
        goes_to(&client, "eu-west-1", "elbv2", "DescribeLoadBalancers", "{}").await,
        "https://elasticloadbalancing.eu-west-1.amazonaws.com/ eu-west-1 elasticloadbalancing"
    );

    let fips = dry_client("us-gov-west-1", true, false, None).await;
    assert_eq!(fips.1.seen.lock().unwrap()[0], "https://sts.us-gov-west-1.amazonaws.com/ us-gov-west-1 sts");
    assert_eq!(fips.0.partition().id(), "aws-us-gov");
    assert_eq!(
        goes_to(&fips, "us-gov-west-1", "iam", "ListUsers", "{}").await,
        "https://iam.us-gov.amazonaws.com/ us-gov-west-1 iam"
    );
    let refused = goes_to(&fips, "cn-north-1", "s3", "ListBuckets", "{}").await;
    assert_eq!(refused, "s3:ListBuckets in cn-north-1 answered InvalidRequest: s3 has no fips endpoint in cn-north-1");
}

#[tokio::test]
async fn a_bucket_elsewhere_is_asked_for_there_once() {
    let dry = DryRun::new(|request| {
        let moved = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
        let region = vec![("x-amz-bucket-region", "eu-west-1".to_owned())];
        match request.uri() {
            uri if uri.contains("sts") => (200, vec![], identity("aws")),
            uri if uri.contains("lost") => (301, vec![("x-amz-bucket-region", "mars-1".to_owned())], moved.to_owned()),
            uri if uri.contains("eu-west-1") => (200, region, "{\"Version\":\"2012-10-17\"}".to_owned()),
            _ => (301, region, moved.to_owned()),
        }
    });
    let config = sdk_config("us-east-1").http_client(dry.clone()).build();
    let client = Client::connect(ConnectOptions::new().sdk_config(config)).await.unwrap();
    let target = CallTarget::region("us-east-1");
    let bucket = |name: &str| Value::object([("Bucket", Value::from(name))]);
    let policy = client.call(&target, "s3", "GetBucketPolicy", &bucket("b-one")).await.unwrap();
    assert_eq!(policy.get("Policy").and_then(Value::as_str), Some("{\"Version\":\"2012-10-17\"}"));
    assert_eq!(client.requests()["s3:GetBucketPolicy"], 2);
    assert!(dry.seen()[1].ends_with("eu-west-1 s3"), "{:?}", dry.seen());

    let error = client.call(&target, "s3", "GetBucketPolicy", &bucket("lost")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("PermanentRedirect", Some(301)));
    assert_eq!(client.requests()["s3:GetBucketPolicy"], 4, "it does not follow for ever");
}

#[tokio::test]
async fn an_object_is_given_out_by_its_own_method_alone_and_only_if_it_is_small() {
    let dry = DryRun::new(|request| {
        let length = |bytes: usize| vec![("content-length", bytes.to_string())];
        match request.uri() {
            uri if uri.contains("sts") => (200, vec![], identity("aws")),
            uri if uri.ends_with("/a%20b/c%2B%C3%A4") => (200, length(4), "\u{1f}\u{b}<\0".to_owned()),
            uri if uri.ends_with("/denied") => {
                (403, vec![], "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_owned())
            }
            _ => (200, vec![], "of no known length".to_owned()),
        }
    });
    let config = sdk_config("us-east-1").http_client(dry.clone()).build();
    let client = Client::connect(ConnectOptions::new().sdk_config(config)).await.unwrap();
    let target = CallTarget::region("us-east-1");

    let params = Value::object([("Bucket", Value::from("b-one")), ("Key", Value::from("denied"))]);
    for refused in [
        client.call(&target, "s3", "GetObject", &params).await,
        client.call_all(&target, "s3", "GetObject", &params).await,
    ] {
        assert_eq!(refused.unwrap_err().kind, ApiErrorKind::Request);
    }
    assert!(dry.seen().is_empty(), "nothing is sent: {:?}", dry.seen());

    let object = async |key, limit| client.object(&target, "b-one", key, limit).await;
    assert_eq!(object("a b/c+\u{e4}", 4).await.unwrap().as_ref(), b"\x1f\x0b<\0");
    let large = object("a b/c+\u{e4}", 3).await.unwrap_err();
    assert_eq!(
        (large.kind, large.message.as_str()),
        (ApiErrorKind::TooLarge, "it has 4 bytes, and at most 3 are read")
    );
    assert_eq!(object("other", 100).await.unwrap_err().kind, ApiErrorKind::TooLarge);
    assert!(object("denied", 100).await.unwrap_err().is_access_denied());
    assert_eq!(client.requests()["s3:GetObject"], 4, "none of these is asked for again");
}

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Act {
    Answer(u16, &'static str),
    /// Says that more will come than does.
    Short(&'static str),
    Close,
    Hang,
}

/// A server that tells who asks, and does with all other requests what it is told, in that order; with the last, for
/// ever.
fn server(acts: &'static [Act]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let next = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let next = Arc::clone(&next);
            thread::spawn(move || serve(stream.unwrap(), acts, &next));
        }
    });
    format!("http://{address}")
}

fn serve(mut stream: TcpStream, acts: &[Act], next: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut say = |status: u16, length: usize, body: &str| {
        let _ = write!(stream, "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    };
    if body.starts_with(b"Action=GetCallerIdentity") {
        let identity = identity("aws");
        return say(200, identity.len(), &identity);
    }
    match acts[next.fetch_add(1, Ordering::SeqCst).min(acts.len() - 1)] {
        Act::Answer(status, body) => say(status, body.len(), body),
        Act::Short(body) => say(200, body.len() + 100, body),
        Act::Close => {}
        Act::Hang => thread::sleep(Duration::from_secs(20)),
    }
}

/// Sleeps take a fifth of their time: an attempt that hangs ends after a second.
fn hurried(url: &str) -> ConnectOptions {
    ConnectOptions::new()
        .sdk_config(sdk_config("eu-west-1").endpoint_url(url).build())
        .clock(Clock::hurried(5))
        .attempt_timeout(Duration::from_secs(5))
}

async fn connect(acts: &'static [Act]) -> Client {
    Client::connect(hurried(&server(acts))).await.unwrap()
}

async fn vpcs(client: &Client) -> Result<Value, ApiError> {
    client.call(&CallTarget::region("eu-west-1"), "ec2", "DescribeVpcs", &Value::Null).await
}

#[tokio::test]
async fn who_asks_is_known_from_the_start() {
    let client = connect(&[Act::Answer(200, VPCS)]).await;
    assert_eq!((client.account_id(), client.partition().id(), client.home_region()), (ACCOUNT, "aws", "eu-west-1"));
    assert_eq!(client.caller_arn(), "arn:aws:iam::999988887777:user/me");
    let vpcs = vpcs(&client).await.unwrap();
    assert_eq!(vpcs.pointer("/Vpcs/0/VpcId").and_then(Value::as_str), Some("vpc-1"));
    assert_eq!(
        client.requests(),
        BTreeMap::from([("ec2:DescribeVpcs".into(), 1), ("sts:GetCallerIdentity".into(), 1)])
    );
}

#[tokio::test]
async fn a_throttled_call_is_made_again() {
    let client = connect(&[Act::Answer(503, THROTTLED), Act::Answer(503, THROTTLED), Act::Answer(200, VPCS)]).await;
    vpcs(&client).await.unwrap();
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 3);
    let progress = client.progress().borrow().clone();
    assert_eq!((progress.requests, progress.throttles), (4, 2));
    assert_eq!(progress.last.map(|(service, ..)| service.to_string()).as_deref(), Some("ec2"));
}

#[tokio::test]
async fn a_call_that_stays_throttled_says_so() {
    let client = connect(&[Act::Answer(503, THROTTLED)]).await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.status, error.kind),
        ("RequestLimitExceeded", Some(503), ApiErrorKind::Service)
    );
    assert_eq!((error.message.as_str(), error.request_id.as_deref()), ("slow down", Some("r-2")));
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 5);
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again() {
    let client = connect(&[Act::Close, Act::Answer(200, VPCS)]).await;
    vpcs(&client).await.unwrap();
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 2);
    let client = connect(&[Act::Close]).await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), (code::CONNECTION, ApiErrorKind::Connection));
}

#[tokio::test]
async fn a_hang_ends_with_the_attempt_and_is_tried_again() {
    let client = connect(&[Act::Hang, Act::Answer(200, VPCS)]).await;
    vpcs(&client).await.unwrap();
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 2);
}

#[tokio::test]
async fn a_hang_ends_with_the_operation() {
    let options = hurried(&server(&[Act::Hang])).operation_timeout(Duration::from_secs(10));
    let client = Client::connect(options).await.unwrap();
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), (code::TIMEOUT, ApiErrorKind::Timeout));
    assert!(client.requests()["ec2:DescribeVpcs"] <= 2, "{:?}", client.requests());
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_never_an_answer() {
    let client = connect(&[Act::Short(VPCS)]).await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.status), (code::CONNECTION, Some(200)));
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 5, "it broke on its way, as a connection does");
    let client = connect(&[Act::Answer(200, "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1")]).await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), (code::MALFORMED, ApiErrorKind::Malformed));
    let client = connect(&[Act::Short(VPCS), Act::Answer(200, VPCS)]).await;
    vpcs(&client).await.unwrap();
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 2);
}

const PORTAL: &str = "<!DOCTYPE html><html><body>Please log in to the network</body></html>";

#[tokio::test]
async fn an_answer_that_is_something_else_is_asked_for_once_more() {
    let sequences: [&'static [Act]; 4] = [
        &[Act::Answer(200, PORTAL)],
        &[Act::Answer(200, "<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>")],
        &[Act::Answer(200, "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1")],
        &[Act::Answer(200, "")],
    ];
    for acts in sequences {
        let client = connect(acts).await;
        let error = vpcs(&client).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.kind), (code::MALFORMED, ApiErrorKind::Malformed), "{error}");
        assert_eq!(client.requests()["ec2:DescribeVpcs"], 2, "{error}");
    }

    let client = connect(&[Act::Answer(200, PORTAL), Act::Answer(200, VPCS)]).await;
    vpcs(&client).await.unwrap();
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 2);
}

#[tokio::test]
async fn once_more_is_once_a_call_whatever_comes_between() {
    let acts: &'static [Act] =
        &[Act::Answer(200, PORTAL), Act::Answer(503, THROTTLED), Act::Answer(200, PORTAL), Act::Answer(200, VPCS)];
    let client = connect(acts).await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), (code::MALFORMED, ApiErrorKind::Malformed));
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 3);
    vpcs(&client).await.unwrap();
}

#[tokio::test]
async fn a_page_of_a_proxy_that_says_it_failed_goes_by_its_status() {
    let client = connect(&[Act::Answer(502, PORTAL)]).await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("HTTP 502", Some(502)));
    assert_eq!(client.requests()["ec2:DescribeVpcs"], 5);
}

#[tokio::test]
async fn a_region_that_fails_does_not_use_up_the_retries_of_another() {
    let hangs =
        Replay::new(Arc::new(recording())).with_faults(|service, _, _| (service == "ec2").then_some(Fault::Hang));
    let client = replay(hangs).await;
    let attempts = async |region: &str| {
        let before = client.requests().get("ec2:DescribeVpcs").copied().unwrap_or_default();
        client.call(&CallTarget::region(region), "ec2", "DescribeVpcs", &Value::Null).await.unwrap_err();
        client.requests()["ec2:DescribeVpcs"] - before
    };
    assert_eq!(attempts("eu-west-1").await, 5);
    for _ in 0..100 {
        attempts("eu-west-1").await;
    }
    assert!(attempts("eu-west-1").await < 5, "one that keeps failing is not asked as often again");
    assert_eq!(attempts("eu-west-2").await, 5);
}

/// A connector that takes its time and keeps how many requests were under way at once.
#[derive(Clone, Debug, Default)]
struct Slow {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl HttpClient for Slow {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Slow {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_identity = request.body().bytes().unwrap().starts_with(b"Action=GetCallerIdentity");
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            this.most.fetch_max(this.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            this.now.fetch_sub(1, Ordering::SeqCst);
            let body = if is_identity { identity("aws") } else { VPCS.to_owned() };
            Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(body)))
        })
    }
}

#[tokio::test]
async fn only_so_many_calls_are_under_way_at_once() {
    for (regions, expected) in [(1, 2), (12, 16)] {
        let slow = Slow::default();
        let config = sdk_config("eu-west-1").http_client(slow.clone()).build();
        let client = Client::connect(ConnectOptions::new().sdk_config(config).concurrency(16)).await.unwrap();
        let calls: Vec<_> = (0..regions * 6)
            .map(|number| {
                let (client, target) = (client.clone(), CallTarget::region(format!("eu-west-{}", number % regions)));
                tokio::spawn(async move { client.call(&target, "ec2", "DescribeVpcs", &Value::Null).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(slow.most.load(Ordering::SeqCst), expected, "{regions} regions");
    }
}

#[tokio::test]
async fn calls_wait_for_the_rate_budget() {
    let dry = DryRun::new(|request| match request.body().bytes() {
        Some(body) if body.starts_with(b"Action=ListUsers") => (200, vec![], USERS.to_owned()),
        _ => (200, vec![], identity("aws")),
    });
    let clock = Clock::instant(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    let options =
        ConnectOptions::new().sdk_config(sdk_config("eu-west-1").http_client(dry).build()).clock(clock.clone());
    let client = Client::connect(options.clone()).await.unwrap();
    let took = async |region: &str, calls: u32| {
        let began = clock.now();
        for _ in 0..calls {
            client.call(&CallTarget::region(region), "iam", "ListUsers", &Value::Null).await.unwrap();
        }
        clock.now().duration_since(began).unwrap()
    };
    // Nothing is published for IAM: half of 20 a second and half of a burst of 40 are used.
    assert_eq!(took("eu-west-1", 20).await, Duration::ZERO);
    let waited = took("eu-west-1", 20).await;
    assert!((1_990..2_100).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(took("eu-west-2", 20).await, Duration::ZERO, "another region has its own");
}

#[tokio::test]
async fn calls_that_cannot_be_made_are_not_sent() {
    let client = connect(&[Act::Answer(200, VPCS)]).await;
    let target = CallTarget::region("eu-west-1");
    for (service, operation, params) in [
        ("nosuch", "DescribeVpcs", "{}"),
        ("ec2", "TerminateInstances", "{}"),
        ("ec2", "DescribeVpcs", r#"{"NoSuchParameter": 1}"#),
    ] {
        let params = serde_json::from_str(params).unwrap();
        let error = client.call_all(&target, service, operation, &params).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.kind), (code::INVALID_REQUEST, ApiErrorKind::Request), "{error}");
    }
    let error = client.call(&CallTarget::region("x/y"), "ec2", "DescribeVpcs", &Value::Null).await.unwrap_err();
    assert!(error.message.contains("not the name of a region"), "{error}");
    assert_eq!(client.requests().len(), 1);
}

#[tokio::test]
async fn without_credentials_there_is_a_sentence_that_helps() {
    let config = SdkConfig::builder().region(Region::from_static("eu-west-1")).build();
    let error = Client::connect(ConnectOptions::new().sdk_config(config)).await.unwrap_err();
    assert!(matches!(error, ClientError::NoCredentials { .. }) && error.to_string().contains("AWS_PROFILE"), "{error}");

    let config = sdk_config("eu-west-1").credentials_provider(SharedCredentialsProvider::new(Ended)).build();
    let error = Client::connect(ConnectOptions::new().sdk_config(config)).await.unwrap_err();
    let expected = "the AWS credentials could not be loaded: ";
    assert!(error.to_string().starts_with(expected) && error.to_string().contains("has ended"), "{error}");

    let refused = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>unknown key</Message>\
                   </Error><RequestId>r</RequestId></ErrorResponse>";
    let dry = DryRun::new(|_| (403, vec![], refused.to_owned()));
    let config = sdk_config("eu-west-1").http_client(dry).build();
    let error = Client::connect(ConnectOptions::new().sdk_config(config)).await.unwrap_err();
    assert!(matches!(error, ClientError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("InvalidClientTokenId: unknown key"), "{error}");

    let error = Client::connect(ConnectOptions::new().external_id("x")).await.unwrap_err();
    assert!(matches!(error, ClientError::Settings(_)), "{error}");
}

/// Credentials whose session has ended.
#[derive(Debug)]
struct Ended;

impl ProvideCredentials for Ended {
    fn provide_credentials<'a>(&'a self) -> provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        provider::future::ProvideCredentials::ready(Err(CredentialsError::provider_error("the session has ended")))
    }
}

fn assert_no_secrets(text: &str) {
    for secret in [KEY_ID, SECRET, SESSION] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn nothing_shows_credentials() {
    let client = connect(&[Act::Answer(403, THROTTLED)]).await;
    let error = vpcs(&client).await.unwrap_err();
    assert_no_secrets(&format!("{client:?} {error:?} {error}"));
    assert_no_secrets(&format!("{:?}", hurried("http://127.0.0.1:1").external_id(SECRET)));
}

const USERS: &str = "<ListUsersResponse><ListUsersResult><IsTruncated>false</IsTruncated><Users><member><UserName>ann</UserName>\
                     <Arn>arn:aws:iam::999988887777:user/ann</Arn></member></Users></ListUsersResult></ListUsersResponse>";

/// A recording of one call in each protocol.
fn recording() -> Recording {
    let exchange = |service: &str, operation: &str, method: &str, path: &str, request: &str, body: &str| Exchange {
        service: service.into(),
        region: "us-east-1".into(),
        operation: operation.into(),
        method: method.into(),
        path: path.into(),
        request: request.into(),
        answer: Answer::Response { status: 200, headers: vec![], body: body.into() },
    };
    let policy = "{\"Version\":\"2012-10-17\",\"Statement\":[]}";
    let block =
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>";
    Recording::new(
        "2026-01-02T03:04:05.000Z",
        [
            exchange(
                "sts",
                "GetCallerIdentity",
                "POST",
                "/",
                "Action=GetCallerIdentity&Version=2011-06-15",
                &identity("aws"),
            ),
            exchange("ec2", "DescribeVpcs", "POST", "/", "Action=DescribeVpcs&Version=2016-11-15", VPCS),
            exchange("iam", "ListUsers", "POST", "/", "Action=ListUsers&Version=2010-05-08", USERS),
            exchange("s3", "GetBucketPolicy", "GET", "/b-one?policy", "", policy),
            exchange(
                "s3control",
                "GetPublicAccessBlock",
                "GET",
                "/v20180820/configuration/publicAccessBlock",
                "",
                block,
            ),
            exchange("kms", "ListKeys", "POST", "/", "{}", "{\"Keys\":[{\"KeyId\":\"k-1\"}],\"Truncated\":false}"),
            exchange(
                "lambda",
                "ListFunctions",
                "GET",
                "/2015-03-31/functions",
                "",
                "{\"Functions\":[{\"FunctionName\":\"f\"}]}",
            ),
        ],
    )
}

/// The calls of [`recording`], with where in the answer something must be.
const CALLS: [(&str, &str, &str, &str); 6] = [
    ("ec2", "DescribeVpcs", "null", "/Vpcs/0/VpcId"),
    ("iam", "ListUsers", "null", "/Users/0/UserName"),
    ("s3", "GetBucketPolicy", r#"{"Bucket": "b-one"}"#, "/Policy"),
    (
        "s3control",
        "GetPublicAccessBlock",
        r#"{"AccountId": "999988887777"}"#,
        "/PublicAccessBlockConfiguration/BlockPublicAcls",
    ),
    ("kms", "ListKeys", "null", "/Keys/0/KeyId"),
    ("lambda", "ListFunctions", "null", "/Functions/0/FunctionName"),
];

async fn replay(replay: Replay) -> Client {
    Client::connect(ConnectOptions::new().replay(replay)).await.unwrap()
}

async fn call(client: &Client, (service, operation, params, at): (&str, &str, &str, &str)) -> Result<(), ApiError> {
    let params = serde_json::from_str(params).unwrap();
    let value = client.call_all(&CallTarget::region("us-east-1"), service, operation, &params).await?;
    assert!(value.pointer(at).is_some(), "{at} in {value}");
    Ok(())
}

#[tokio::test]
async fn a_replay_answers_as_was_recorded_at_the_time_of_the_recording() {
    let client = replay(Replay::new(Arc::new(recording()))).await;
    assert_eq!((client.account_id(), client.home_region()), (ACCOUNT, "us-east-1"));
    assert_eq!(jiff::Timestamp::try_from(client.now()).unwrap().to_string(), "2026-01-02T03:04:05Z");
    for known in CALLS {
        call(&client, known).await.unwrap();
    }
    let error = call(&client, ("ec2", "DescribeVolumes", "null", "")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), (code::NOT_RECORDED, ApiErrorKind::NotRecorded));
    assert_eq!(client.requests()["ec2:DescribeVolumes"], 1, "asking again would not help");
}

#[tokio::test]
async fn every_fault_is_an_error_in_every_protocol() {
    let recording = Arc::new(recording());
    for fault in Fault::ALL {
        for known in CALLS {
            let (service, operation, ..) = known;
            let client = replay(Replay::new(Arc::clone(&recording)).with_fault(service, operation, fault)).await;
            let result = call(&client, known).await;
            if fault == Fault::LosePage && matches!(service, "s3" | "s3control") {
                result.unwrap();
                continue;
            }
            let error = result.unwrap_err();
            let attempts = client.requests()[&format!("{service}:{operation}")];
            let (code, expected_attempts) = match fault {
                Fault::AccessDenied => {
                    assert!(error.is_access_denied(), "{error:?}");
                    assert_eq!(error.message, format!("not authorized to perform {service}:{operation}"));
                    assert!(error.request_id.is_some(), "{error:?}");
                    (error.code.as_str(), 1)
                }
                Fault::TruncatedBody => (code::CONNECTION, 5),
                Fault::HtmlError => {
                    assert_eq!(error.status, Some(500));
                    (error.code.as_str(), 5)
                }
                Fault::Hang => (code::TIMEOUT, 5),
                Fault::LosePage => (code::CONNECTION, 6),
            };
            assert_eq!((error.code.as_str(), attempts), (code, expected_attempts), "{fault:?} {error}");
            let other = CALLS.into_iter().find(|call| (call.0, call.1) != (service, operation)).unwrap();
            call_or_panic(&client, other).await;
        }
    }
}

async fn call_or_panic(client: &Client, known: (&str, &str, &str, &str)) {
    call(client, known).await.unwrap_or_else(|error| panic!("another operation was hit: {error}"));
}

const FIRST_PAGE: &str = "<ListUsersResponse><ListUsersResult><IsTruncated>true</IsTruncated><Marker>m/1</Marker><Users><member>\
                          <UserName>ann</UserName></member></Users></ListUsersResult></ListUsersResponse>";

#[tokio::test]
async fn pages_are_one_answer_or_none() {
    let pages = |first: &str| {
        let mut exchanges = recording().exchanges().to_vec();
        let users = exchanges.iter_mut().find(|exchange| exchange.operation == "ListUsers").unwrap();
        let mut second = users.clone();
        second.request = "Action=ListUsers&Version=2010-05-08&Marker=m%2F1".into();
        users.answer = Answer::Response { status: 200, headers: vec![], body: first.into() };
        exchanges.push(second);
        Replay::new(Arc::new(Recording::new("2026-01-02T03:04:05.000Z", exchanges)))
    };
    let all = async |replayed: Replay| {
        let client = replay(replayed).await;
        let target = CallTarget::region("us-east-1");
        let users = client.call_all(&target, "iam", "ListUsers", &Value::Null).await;
        (users, client.requests()["iam:ListUsers"])
    };

    let (users, requests) = all(pages(FIRST_PAGE)).await;
    assert_eq!((users.unwrap().get("Users").and_then(Value::as_array).map(<[_]>::len), requests), (Some(2), 2));
    let (error, requests) = all(pages(FIRST_PAGE).with_fault("iam", "ListUsers", Fault::LosePage)).await;
    assert_eq!((error.unwrap_err().code.as_str(), requests), (code::CONNECTION, 6));
    let (error, _) = all(pages(&FIRST_PAGE.replace("<Marker>m/1</Marker>", ""))).await;
    let error = error.unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), (code::TRUNCATED, ApiErrorKind::Malformed));
    let (error, _) = all(pages(&FIRST_PAGE.replace("m/1", "m/2"))).await;
    assert_eq!(error.unwrap_err().code, code::NOT_RECORDED);
}

#[tokio::test]
async fn faults_are_chosen_by_service_operation_and_region() {
    let recording = Arc::new(recording());
    let all = Replay::new(recording)
        .with_faults(|service, _, region| (service != "sts" && region == "us-east-1").then_some(Fault::HtmlError));
    let client = replay(all.with_fault("iam", "ListUsers", Fault::AccessDenied)).await;
    assert_eq!(call(&client, CALLS[0]).await.unwrap_err().status, Some(500));
    assert!(call(&client, CALLS[1]).await.unwrap_err().is_access_denied(), "what was said last holds");
}

#[tokio::test]
async fn several_answers_come_in_their_order_and_to_each_client_from_the_first() {
    let mut exchanges = recording().exchanges().to_vec();
    let vpcs_at = |exchange: &&Exchange| exchange.operation == "DescribeVpcs";
    let mut failed = exchanges.iter().find(vpcs_at).unwrap().clone();
    failed.answer = Answer::Failure { failure: Failure::Connection };
    exchanges.insert(0, failed.clone());
    failed.answer = Answer::Failure { failure: Failure::Timeout };
    exchanges.insert(0, failed);
    let recording = Arc::new(Recording::new("2026-01-02T03:04:05.000Z", exchanges));
    for _ in 0..2 {
        let client = replay(Replay::new(Arc::clone(&recording))).await;
        for _ in 0..2 {
            call(&client, CALLS[0]).await.unwrap();
        }
        assert_eq!(client.requests()["ec2:DescribeVpcs"], 4, "a timeout, a broken connection, and twice an answer");
    }
}

fn written(recorder: &Recorder, replace_accounts: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    recorder.finish("2026-01-02T03:04:05.000Z", replace_accounts).write(&mut bytes, false).unwrap();
    bytes
}

#[tokio::test]
async fn what_is_recorded_can_be_replayed_and_holds_no_secrets() {
    const USERS_OF_CANARY: &str = USERS;
    let recorder = Recorder::new();
    let url = server(&[Act::Close, Act::Answer(503, THROTTLED), Act::Hang, Act::Answer(200, USERS_OF_CANARY)]);
    let client = Client::connect(hurried(&url).record(recorder.clone())).await.unwrap();
    let target = CallTarget::region("eu-west-1");
    let live = client.call_all(&target, "iam", "ListUsers", &Value::Null).await.unwrap();

    let kept = Recording::load(&written(&recorder, false)).unwrap();
    let client = replay(Replay::new(Arc::new(kept))).await;
    assert_eq!(client.call_all(&target, "iam", "ListUsers", &Value::Null).await.unwrap(), live);
    assert_eq!(client.requests()["iam:ListUsers"], 4, "the failures are part of it");

    let bytes = written(&recorder, true);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_no_secrets(&text);
    assert!(!text.contains(ACCOUNT) && !text.to_ascii_lowercase().contains("authorization"), "{text}");
    let client = replay(Replay::new(Arc::new(Recording::load(&bytes).unwrap()))).await;
    assert_eq!(client.account_id(), "111122223333");
    let users = client.call_all(&target, "iam", "ListUsers", &Value::Null).await.unwrap();
    assert_eq!(users.pointer("/Users/0/Arn").and_then(Value::as_str), Some("arn:aws:iam::111122223333:user/ann"));
}
