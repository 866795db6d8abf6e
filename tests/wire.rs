//! The codecs against botocore's: `tests/data/wire` holds what botocore makes of random parameters and answers, for
//! every operation of the built-in models. `tools/extract-models/wire.py` writes it; `ASSIZE_WIRE_CASES` names a folder
//! with other cases and, in its folder `models`, the models of other services.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use assize::source::codec::{self, HttpRequestParts};
use assize::source::model::Models;
use assize::value::Value;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    service: String,
    operation: String,
    params: Value,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    body: String,
    host_prefix: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    service: String,
    operation: String,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    value: Value,
}

fn folder() -> PathBuf {
    std::env::var_os("ASSIZE_WIRE_CASES").map_or_else(|| PathBuf::from("tests/data/wire"), PathBuf::from)
}

fn models() -> Models {
    let added = folder().join("models");
    if added.is_dir() { Models::with_dir(&added).unwrap() } else { Models::builtin() }
}

fn cases<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The names and values of a query string or a form, in their order.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(name), decode(value))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort();
    pairs
}

fn target(path: &str) -> (String, Vec<(String, String)>) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    (path.to_owned(), pairs(query))
}

fn lower(headers: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

fn compare_request(expected: &Request, actual: HttpRequestParts) -> Result<(), String> {
    let same = |what: &str, ours: String, theirs: String| {
        if ours == theirs { Ok(()) } else { Err(format!("{what}\n  ours   {ours}\n  theirs {theirs}")) }
    };
    same("method", actual.method, expected.method.clone())?;

    let (path, mut query) = target(&actual.path_and_query);
    let (expected_path, mut expected_query) = target(&expected.path);
    expected_query.extend(expected.query.iter().cloned());
    // botocore asks for encoded names in its client, not in its serializer.
    if !expected_query.iter().any(|(name, _)| name == "encoding-type") {
        query.retain(|(name, _)| name != "encoding-type");
    }
    let path = match &actual.bucket {
        Some(bucket) => format!("/{}{}", utf8_percent_encode(bucket, UNRESERVED), if path == "/" { "" } else { &path }),
        None => path,
    };
    same("path", path, expected_path)?;
    same("query", format!("{:?}", sorted(query)), format!("{:?}", sorted(expected_query)))?;

    let headers = lower(actual.headers);
    let mut expected_headers = lower(expected.headers.clone());
    // botocore asks API Gateway for plain JSON in its client, not in its serializer; other services give nothing else.
    if let Some(accept) = headers.get("accept") {
        same("accept", accept.clone(), "application/json".to_owned())?;
        expected_headers.insert("accept".to_owned(), accept.clone());
    }
    // botocore sends XML without saying so; AWS's typed SDKs do say it.
    if expected.body.starts_with('<') {
        expected_headers.insert("content-type".to_owned(), "application/xml".to_owned());
    }
    same("headers", format!("{headers:?}"), format!("{expected_headers:?}"))?;
    same("host prefix", format!("{:?}", actual.host_prefix), format!("{:?}", expected.host_prefix))?;

    let body = String::from_utf8(actual.body).unwrap();
    let kind = headers.get("content-type").map_or("", String::as_str);
    if kind.starts_with("application/x-www-form-urlencoded") {
        same("form", format!("{:?}", sorted(pairs(&body))), format!("{:?}", sorted(pairs(&expected.body))))
    } else if kind.contains("json") {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        match difference(&json(&body), &json(&expected.body), "") {
            None => Ok(()),
            Some(difference) => Err(format!("body: {difference}")),
        }
    } else {
        same("body", body, expected.body.clone())
    }
}

/// The first place where two values are not the same. Numbers may be written in different ways.
fn difference(ours: &Value, theirs: &Value, path: &str) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "only whole numbers below 2^53 are written as both kinds")]
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.iter().chain(b.iter()).map(|(name, _)| name);
            for name in names {
                let below = format!("{path}.{name}");
                let found = match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => difference(a, b, &below),
                    (a, b) => Some(format!("{below}\n  ours   {a:?}\n  theirs {b:?}")),
                };
                if found.is_some() {
                    return found;
                }
            }
            None
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b.iter()).enumerate().find_map(|(at, (a, b))| difference(a, b, &format!("{path}[{at}]")))
        }
        (a, b) if a == b => None,
        (Value::Float(_), b) | (b, Value::Float(_)) if number(ours) == number(theirs) && number(b).is_some() => None,
        (a, b) => Some(format!("{path}\n  ours   {a:?}\n  theirs {b:?}")),
    }
}

fn report(what: &str, count: usize, failures: &[String]) {
    assert!(failures.is_empty(), "{} of {count} {what}:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 400, "only {count} {what}");
}

#[test]
fn requests_are_those_of_botocore() {
    let models = models();
    let cases: Vec<Request> = cases("requests.jsonl");
    let mut failures = Vec::new();
    for case in &cases {
        let model = models.service(&case.service).unwrap();
        let operation = model.operation(&case.operation).unwrap();
        let outcome = match codec::serialize(model, operation, &case.params) {
            Ok(parts) => compare_request(case, parts),
            Err(error) => Err(error.to_string()),
        };
        if let Err(reason) = outcome {
            failures.push(format!("{} {}: {reason}", case.service, case.operation));
        }
    }
    report("requests", cases.len(), &failures);
}

#[test]
fn answers_are_read_as_by_botocore() {
    let models = models();
    let cases: Vec<Answer> = cases("answers.jsonl");
    let mut failures = Vec::new();
    for case in &cases {
        let model = models.service(&case.service).unwrap();
        let operation = model.operation(&case.operation).unwrap();
        let headers: Vec<(String, String)> = case.headers.clone().into_iter().collect();
        let reason = match codec::parse(model, operation, case.status, &headers, case.body.as_bytes()) {
            Ok(value) => difference(&value, &case.value, ""),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = reason {
            failures.push(format!("{} {}: {reason}", case.service, case.operation));
        }
    }
    report("answers", cases.len(), &failures);
}

#[test]
fn every_operation_has_its_cases() {
    let models = models();
    let requests: Vec<Request> = cases("requests.jsonl");
    for name in models.names() {
        for operation in models.service(name).unwrap().operations() {
            let has_case = |case: &Request| case.service == name && case.operation == operation.name();
            assert!(requests.iter().any(has_case), "{name} {}: run tools/extract-models/wire.py", operation.name());
        }
    }
}

#[test]
fn answers_that_are_cut_off_are_errors() {
    let models = models();
    let mut cut = 0;
    for case in cases::<Answer>("answers.jsonl") {
        let model = models.service(&case.service).unwrap();
        let operation = model.operation(&case.operation).unwrap();
        let headers: Vec<(String, String)> = case.headers.into_iter().collect();
        let body = case.body.trim_end().as_bytes();
        for part in 0..24 {
            let length = body.len() * part / 24;
            if body.is_empty() || operation.output_shape().is_none() {
                continue;
            }
            cut += 1;
            let outcome = codec::parse(model, operation, case.status, &headers, &body[..length]);
            assert!(outcome.is_err(), "{} {} at {length}: {outcome:?}", case.service, case.operation);
        }
    }
    assert!(cut > 5_000, "only {cut}");
}

/// A sequence of numbers that is the same in every run (xorshift, G. Marsaglia, 2003).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below).unwrap()).unwrap()
    }
}

#[test]
fn no_answer_makes_the_codecs_panic() {
    const PIECES: &[&[u8]] = &[
        b"<",
        b">",
        b"</",
        b"/>",
        b"&",
        b"&#",
        b"&#x110000;",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"<!DOCTYPE a [",
        b"<?xml",
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"1e999",
        b"-",
        b"\\ud800",
        b"\xff",
        b"\xe2\x82",
        b"\0",
        b"%",
        b"\xef\xbb\xbf",
        b"999999999999999999999",
    ];
    let models = models();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for case in cases::<Answer>("answers.jsonl") {
        let model = models.service(&case.service).unwrap();
        let operation = model.operation(&case.operation).unwrap();
        for _ in 0..12 {
            let mut body = case.body.clone().into_bytes();
            for _ in 0..=numbers.next(3) {
                let at = numbers.next(body.len() + 1);
                let to = (at + numbers.next(8)).min(body.len());
                let piece = PIECES[numbers.next(PIECES.len())];
                body.splice(at..to, piece.iter().copied());
            }
            let name = case.headers.keys().nth(numbers.next(case.headers.len())).cloned().unwrap_or_default();
            let headers = [(name, String::from_utf8_lossy(&body).into_owned())];
            let _any = codec::parse(model, operation, 200, &headers, &body);
            let error = codec::parse_error(model, 503, &headers, &body);
            assert!(!error.code.is_empty());
            assert!(!error.message.chars().any(char::is_control));
        }
    }
    for service in models.names() {
        let model = models.service(service).unwrap();
        let operation = model.operations().next().unwrap();
        for length in 0..200 {
            let body: Vec<u8> = (0..length).map(|_| u8::try_from(numbers.next(256)).unwrap()).collect();
            let _any = codec::parse(model, operation, 200, &[], &body);
            let _any = codec::parse_error(model, 400, &[], &body);
        }
    }
}
