//! What must not stay in a recording: secrets that AWS's answers hold, and on request the ids of accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use regex_lite::{Captures, Regex};
use serde_json::Value as Json;

use super::{Answer, Body, Exchange};

/// The account's id in a recording whose ids were replaced: the one that AWS's documentation uses.
const ACCOUNT: &str = "111122223333";

const REPLACEMENT: &str = "REDACTED";

/// `REPLACEMENT` where AWS has base64.
const REPLACEMENT_BASE64: &str = "UkVEQUNURUQ=";

#[expect(clippy::expect_used, reason = "the patterns are constants, and tests use them all")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is sound")
}

/// Replaces secrets in answers, in the places where they are known to be.
pub(super) fn secrets(exchanges: &mut [Exchange]) {
    for exchange in exchanges {
        if let Answer::Response { body, .. } = &mut exchange.answer
            && let Some(clean) = body.as_text().and_then(without_secrets)
        {
            *body = Body(clean.into_bytes());
        }
    }
}

/// The text without its secrets, if it has any.
fn without_secrets(text: &str) -> Option<String> {
    /// A presigned URL lets whoever has it do what it says, with the rights of whoever made it.
    static PRESIGNED: LazyLock<Regex> =
        LazyLock::new(|| regex("(?i)(X-Amz-(?:Security-Token|Signature|Credential)=)[^&\"<>\\s\\\\]+"));
    /// The user data of EC2's instances and launch templates, and of Auto Scaling's launch configurations.
    static USER_DATA: LazyLock<Regex> = LazyLock::new(|| regex("(<(?:u|U)serData>\\s*(?:<value>)?)[^<\\s][^<]*"));
    /// The name and the password in a URL, of a repository for example.
    static USER_INFO: LazyLock<Regex> = LazyLock::new(|| regex("(:\\\\?/\\\\?/)[^/?#\\s\"'<>\\\\]+@"));
    /// What a distribution says to an origin, so that the origin knows that a request came through it.
    static ORIGIN_HEADER: LazyLock<Regex> = LazyLock::new(|| regex("(<HeaderValue>)[^<]+"));
    /// What an application of Elastic Beanstalk reads from its environment, where AWS puts the value.
    static PROPERTY: LazyLock<Regex> = LazyLock::new(|| {
        const NAMESPACE: &str = "<Namespace>aws:elasticbeanstalk:application:environment</Namespace>";
        const OTHERS: &str = "(?:<(?:OptionName|ResourceName)>[^<]*</(?:OptionName|ResourceName)>\\s*)*";
        regex(&format!("({NAMESPACE}\\s*{OTHERS}<Value>)[^<]+|(<Value>)[^<]+(</Value>\\s*{OTHERS}{NAMESPACE})"))
    });

    let mut clean = None;
    let json = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Json>(text).ok()).flatten();
    if let Some(mut json) = json
        && clean_json(&mut json)
    {
        clean = Some(json.to_string());
    }
    for (pattern, replacement) in [
        (&PRESIGNED, format!("${{1}}{REPLACEMENT}")),
        (&USER_DATA, format!("${{1}}{REPLACEMENT_BASE64}")),
        (&USER_INFO, format!("${{1}}{REPLACEMENT}@")),
        (&ORIGIN_HEADER, format!("${{1}}{REPLACEMENT}")),
        (&PROPERTY, format!("${{1}}${{2}}{REPLACEMENT}${{3}}")),
    ] {
        let current = clean.as_deref().unwrap_or(text);
        if pattern.is_match(current) {
            clean = Some(pattern.replace_all(current, replacement.as_str()).into_owned());
        }
    }
    clean
}

/// Replaces environment variables (Lambda: `Environment.Variables`, a map; ECS: `environment`, and CodeBuild:
/// `environmentVariables`, lists of names and values), variables of API Gateway's stages, the settings of EMR's
/// applications, secrets, the password of a cluster of modules and user data. Whether there were any.
fn clean_json(json: &mut Json) -> bool {
    match json {
        Json::Array(elements) => elements.iter_mut().fold(false, |any, element| clean_json(element) | any),
        Json::Object(members) => members.iter_mut().fold(false, |any, (name, value)| {
            let cleaned = match (name.as_str(), &mut *value) {
                ("Environment", Json::Object(environment)) => match environment.get_mut("Variables") {
                    Some(Json::Object(variables)) => variables.values_mut().fold(false, |any, v| replace(v) | any),
                    _ => false,
                },
                ("stageVariables" | "variables" | "Properties", Json::Object(variables)) => {
                    variables.values_mut().fold(false, |any, value| replace(value) | any)
                }
                ("environment" | "environmentVariables", Json::Array(variables)) => variables
                    .iter_mut()
                    .filter_map(|variable| variable.get_mut("value"))
                    .fold(false, |any, value| replace(value) | any),
                (
                    "SecretString"
                    | "SecretBinary"
                    | "UserData"
                    | "userData"
                    | "KdcAdminPassword"
                    | "CrossRealmTrustPrincipalPassword"
                    | "ADDomainJoinPassword"
                    | "PreCoPassword",
                    value,
                ) => replace(value),
                ("webhook", Json::Object(webhook)) => webhook.get_mut("secret").is_some_and(replace),
                _ => false,
            };
            clean_json(value) | cleaned | any
        }),
        _ => false,
    }
}

fn replace(value: &mut Json) -> bool {
    let is_text = value.is_string();
    if is_text {
        *value = REPLACEMENT_BASE64.into();
    }
    is_text
}

/// Replaces the ids of accounts, everywhere, and within base64 too (a credential report comes in it). The account that
/// was scanned becomes `111122223333`, the others numbers that tell them apart. All ids have twelve digits, so no
/// length changes.
pub(super) fn accounts(exchanges: &mut [Exchange]) {
    let mut names = BTreeMap::new();
    if let Some(own) = own_account(exchanges) {
        names.insert(own, ACCOUNT.to_owned());
    }
    let mut others = BTreeSet::new();
    for text in exchanges.iter().flat_map(texts) {
        accounts_in(text, &mut others);
    }
    for (number, other) in others.iter().filter(|other| !is_placeholder(other)).enumerate() {
        names.entry(other.clone()).or_insert_with(|| format!("22223333{number:04}"));
    }
    for exchange in exchanges {
        exchange.path = renamed(&exchange.path, &names);
        rename_body(&mut exchange.request, &names);
        if let Answer::Response { headers, body, .. } = &mut exchange.answer {
            for (_, value) in headers {
                *value = renamed(value, &names);
            }
            rename_body(body, &names);
        }
    }
}

fn texts(exchange: &Exchange) -> impl Iterator<Item = &str> {
    let body = match &exchange.answer {
        Answer::Response { body, .. } => body.as_text(),
        Answer::Failure { .. } => None,
    };
    [Some(exchange.path.as_str()), exchange.request.as_text(), body].into_iter().flatten()
}

fn own_account(exchanges: &[Exchange]) -> Option<String> {
    static ACCOUNT_ELEMENT: LazyLock<Regex> = LazyLock::new(|| regex("<Account>([0-9]{12})</Account>"));
    let identity = |exchange: &&Exchange| exchange.service == "sts" && exchange.operation == "GetCallerIdentity";
    let answers = exchanges.iter().filter(identity).flat_map(texts);
    answers.filter_map(|text| ACCOUNT_ELEMENT.captures(text)).find_map(|found| Some(found.get(1)?.as_str().to_owned()))
}

/// Ids that AWS's documentation uses, and made-up ones of this project. The word `aws` stands for AWS's own account.
fn is_placeholder(id: &str) -> bool {
    matches!(id, ACCOUNT | "123456789012" | "444455556666" | "000000000000")
}

/// The ids of accounts in ARNs and in members that are named after what they are.
fn accounts_in(text: &str, found: &mut BTreeSet<String>) {
    static ID: LazyLock<Regex> = LazyLock::new(|| {
        const COLON: &str = "(?::|%3A)";
        const QUOTE: &str = "(?:\\\\?[\"']|&quot;|%22)?";
        regex(&format!(
            "arn{COLON}aws[a-z-]*{COLON}[a-z0-9-]*{COLON}[a-z0-9-]*{COLON}([0-9]{{12}}){COLON}\
             |(?i)(?:account_?-?id|owner_?-?id|user_?-?id|account|owner|aws){QUOTE}\\s*(?:>|=|{COLON})\\s*{QUOTE}([0-9]{{12}})\
             |amazonaws\\.com(?:\\.cn)?/([0-9]{{12}})/\
             |([0-9]{{12}})\\.dkr\\.ecr"
        ))
    });
    for id in ID.captures_iter(text).filter_map(|found| (1..=4).find_map(|group| found.get(group))) {
        found.insert(id.as_str().to_owned());
    }
    for decoded in base64_in(text) {
        accounts_in(&decoded, found);
    }
}

/// A run of base64 long enough that it may hold an ARN.
static BASE64: LazyLock<Regex> = LazyLock::new(|| regex("[A-Za-z0-9+/]{32,}={0,2}"));

fn base64_in(text: &str) -> impl Iterator<Item = String> {
    BASE64.find_iter(text).filter_map(|run| decoded(run.as_str()))
}

fn decoded(run: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(run).ok()?).ok()
}

fn rename_body(body: &mut Body, names: &BTreeMap<String, String>) {
    if let Some(text) = body.as_text() {
        *body = Body(renamed(text, names).into_bytes());
    }
}

fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    static DIGITS: LazyLock<Regex> = LazyLock::new(|| regex("[0-9]{12,}"));
    // A longer number is not an id. It may hold the same digits, and loses them all the same: an id that stays by
    // chance is worse than a number that changes.
    let replaced = DIGITS.replace_all(text, |found: &Captures<'_>| {
        let digits = found.get(0).map_or("", |digits| digits.as_str());
        names.iter().fold(digits.to_owned(), |digits, (id, name)| digits.replace(id.as_str(), name))
    });
    let replaced = BASE64.replace_all(&replaced, |found: &Captures<'_>| {
        let run = found.get(0).map_or("", |run| run.as_str());
        match decoded(run).filter(|plain| names.keys().any(|id| plain.contains(id.as_str()))) {
            Some(plain) => BASE64_STANDARD.encode(renamed(&plain, names)),
            None => run.to_owned(),
        }
    });
    replaced.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(service: &str, operation: &str, path: &str, body: &str) -> Exchange {
        Exchange {
            service: service.into(),
            region: "us-east-1".into(),
            operation: operation.into(),
            method: "GET".into(),
            path: path.into(),
            request: Body::default(),
            answer: Answer::Response {
                status: 200,
                headers: vec![("x-amz-account-id".into(), "999988887777".into())],
                body: body.into(),
            },
        }
    }

    fn body(exchange: &Exchange) -> &str {
        match &exchange.answer {
            Answer::Response { body, .. } => body.as_text().unwrap(),
            Answer::Failure { .. } => panic!(),
        }
    }

    #[test]
    fn secrets_in_answers_are_replaced() {
        let cases = [
            (r#"{"Environment":{"Variables":{"PASSWORD":"canary-1"}},"X":1}"#, "UkVEQUNURUQ="),
            (
                r#"{"taskDefinition":{"containerDefinitions":[{"environment":[{"name":"K","value":"canary-1"}]}]}}"#,
                "\"K\"",
            ),
            (
                r#"{"Code":{"Location":"https://b.s3/x?X-Amz-Security-Token=canary-1&X-Amz-Signature=canary-1"}}"#,
                "REDACTED&",
            ),
            ("<x><userData><value>canary-1</value></userData></x>", "<value>UkVEQUNURUQ=</value>"),
            ("<x><UserData>canary-1</UserData></x>", "<UserData>UkVEQUNURUQ=</UserData>"),
            (r#"{"UserData":"canary-1"}"#, "UkVEQUNURUQ="),
            (
                r#"{"projects":[{"environment":{"environmentVariables":[{"name":"K","value":"canary-1","type":"PLAINTEXT"}]}}]}"#,
                "\"K\"",
            ),
            (
                r#"{"Cluster":{"Configurations":[{"Classification":"core-site","Properties":{"fs.s3.awsSecretAccessKey":"canary-1"}}]}}"#,
                "core-site",
            ),
            (r#"{"Cluster":{"KerberosAttributes":{"Realm":"R","KdcAdminPassword":"canary-1"}}}"#, "Realm"),
            (r#"{"Clusters":[{"ClusterId":"c","PreCoPassword":"canary-1"}]}"#, "ClusterId"),
            (
                "<OriginCustomHeader><HeaderName>x-from-edge</HeaderName><HeaderValue>canary-1</HeaderValue></OriginCustomHeader>",
                "<HeaderValue>REDACTED</HeaderValue>",
            ),
            (r#"{"projects":[{"webhook":{"url":"https://host/hook","secret":"canary-1"}}]}"#, "https://host/hook"),
            (r#"{"item":[{"stageName":"v1","variables":{"password":"canary-1"}}]}"#, "UkVEQUNURUQ="),
            (
                r#"{"source":{"location":"https://name:canary-1@bitbucket.org/a/b.git"}}"#,
                "https://REDACTED@bitbucket.org/a",
            ),
            (r#"{"source":{"location":"https:\/\/canary-1@host\/a"}}"#, "REDACTED@host"),
            (
                "<m><Namespace>aws:elasticbeanstalk:application:environment</Namespace>\n<OptionName>K</OptionName><Value>canary-1</Value></m>",
                "<Value>REDACTED</Value>",
            ),
            (
                "<m><OptionName>K</OptionName><Value>canary-1</Value><Namespace>aws:elasticbeanstalk:application:environment</Namespace></m>",
                "<OptionName>K</OptionName><Value>REDACTED</Value><Namespace>",
            ),
        ];
        for (text, kept) in cases {
            let mut exchanges = [exchange("x", "Y", "/", text)];
            secrets(&mut exchanges);
            let clean = body(&exchanges[0]);
            assert!(!clean.contains("canary-1") && clean.contains(kept), "{clean}");
        }
        for harmless in [
            r#"{"location":"https://bitbucket.org/a/b@1.git","mail":"a@example.com"}"#,
            "<m><Namespace>aws:autoscaling:asg</Namespace><OptionName>MaxSize</OptionName><Value>4</Value></m>",
        ] {
            let mut exchanges = [exchange("x", "Y", "/", harmless)];
            secrets(&mut exchanges);
            assert_eq!(body(&exchanges[0]), harmless);
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is_byte_for_byte() {
        for text in
            ["<a><userData/><b> 1 </b></a>", "{ \"b\": 1.50, \"a\": [] }", "not { json", "<userData>\n</userData>"]
        {
            let mut exchanges = [exchange("x", "Y", "/", text)];
            secrets(&mut exchanges);
            assert_eq!(body(&exchanges[0]), text);
        }
    }

    #[test]
    fn account_ids_are_replaced_everywhere_and_kept_apart() {
        let report = BASE64_STANDARD.encode("user,arn\nroot,arn:aws:iam::999988887777:root\n");
        let mut exchanges = [
            exchange("sts", "GetCallerIdentity", "/", "<Account>999988887777</Account>"),
            exchange("iam", "GetCredentialReport", "/", &format!("<Content>{report}</Content>")),
            exchange("s3", "GetBucketPolicy", "/b?p=999988887777", r#"{"AWS":"arn:aws:iam::555566667777:root"}"#),
            exchange(
                "iam",
                "GetRole",
                "/",
                "%7B%22AWS%22%3A%22999988887777%22%7D arn%3Aaws%3Aiam%3A%3A121212121212%3Aroot",
            ),
            exchange("ec2", "DescribeVolumes", "/", "<ownerId>555566667777</ownerId><n>9999888877771</n>"),
        ];
        accounts(&mut exchanges);
        let all = serde_json::to_string(&exchanges).unwrap();
        for id in ["999988887777", "555566667777", "121212121212"] {
            assert!(!all.contains(id), "{id} in {all}");
        }
        assert_eq!(body(&exchanges[0]), "<Account>111122223333</Account>");
        assert_eq!(exchanges[2].path, "/b?p=111122223333");
        assert_eq!(body(&exchanges[2]), r#"{"AWS":"arn:aws:iam::222233330001:root"}"#);
        assert_eq!(body(&exchanges[4]), "<ownerId>222233330001</ownerId><n>1111222233331</n>");
        let other = |text: &str| {
            let mut exchanges = [exchange("x", "Y", "/", text)];
            accounts(&mut exchanges);
            body(&exchanges[0]).replace("222233330000", "OTHER")
        };
        assert_eq!(other(r#"{"p":"{\"AWS\":\"555566667777\"}"}"#), r#"{"p":"{\"AWS\":\"OTHER\"}"}"#);
        assert_eq!(other("&quot;AWS&quot;: &quot;555566667777&quot;"), "&quot;AWS&quot;: &quot;OTHER&quot;");
        assert_eq!(other("<userId>555566667777</userId>"), "<userId>OTHER</userId>");
        assert_eq!(
            other("https://sqs.eu-west-1.amazonaws.com/555566667777/q"),
            "https://sqs.eu-west-1.amazonaws.com/OTHER/q"
        );
        assert_eq!(other("555566667777.dkr.ecr.eu-west-1.amazonaws.com/x"), "OTHER.dkr.ecr.eu-west-1.amazonaws.com/x");
        assert_eq!(other("<size>555566667777</size>"), "<size>555566667777</size>");

        let content = body(&exchanges[1]).trim_start_matches("<Content>").trim_end_matches("</Content>");
        assert_eq!(decoded(content).unwrap(), "user,arn\nroot,arn:aws:iam::111122223333:root\n");
    }
}
