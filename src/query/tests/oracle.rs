//! Thousands of generated queries over generated items, against a second evaluation that shares nothing with the first:
//! it walks JSON documents, and is written to be obviously right instead of fast.
//!
//! The generator is seeded, so that a failure comes back; it is told with its seed, the query and the document.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::{ACCOUNT, TIME, denied, parsed, rows, snapshot};
use crate::item::{ConfigurationItem, ResourceKey};
use crate::query::output::cell;
use crate::value::Value;

/// The generator `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Stands in a document where a fact could not be read.
fn unread() -> Json {
    json!({"$unread": true})
}

fn is_unread(value: &Json) -> bool {
    value.get("$unread").is_some()
}

const TYPES: [&str; 3] = ["AWS::EC2::Instance", "AWS::EC2::SecurityGroup", "AWS::S3::Bucket"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const TEXTS: [&str; 9] = ["a", "ab", "abc", "abd", "t3.micro", "10", "9", "true", "x_y%"];
const TIMES: [&str; 4] =
    ["2025-12-31T23:59:59.000Z", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00+01:00", "2026-02-03"];
const BLOCKS: [&str; 8] =
    ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.7", "10.0.0.7/32", "0.0.0.0/0", "192.168.0.0/16", "::/0", "2001:db8::1"];
/// The properties that are asked for; all of them may be missing, and the last always is.
const PATHS: [&str; 14] = [
    "configuration.text",
    "configuration.number",
    "configuration.flag",
    "configuration.time",
    "configuration.block",
    "configuration.mixed",
    "configuration.rules.port",
    "configuration.rules.ranges",
    "configuration.rules.group.name",
    "configuration.nested.deep.value",
    "supplementaryConfiguration.part.text",
    "tags.tag",
    "resourceType",
    "configuration.never",
];

fn scalar(random: &mut Random, kind: usize) -> Json {
    match kind {
        0 => json!(random.pick(&TEXTS)),
        1 if random.one_in(3) => json!(random.pick(&[-1.5, 0.5, 2.0, 10.0])),
        1 => json!(random.pick(&[-3, 0, 1, 2, 9, 10, 443])),
        2 => json!(random.one_in(2)),
        3 => json!(random.pick(&TIMES)),
        _ => json!(random.pick(&BLOCKS)),
    }
}

/// A scalar of a kind, or in its place now and then a list, nothing, `null`, or what could not be read.
fn fact(random: &mut Random, kind: usize) -> Json {
    match random.below(16) {
        0 => Json::Null,
        1 => unread(),
        2 => (0..random.below(3)).map(|_| scalar(random, kind)).collect(),
        3 => json!([[scalar(random, kind)], scalar(random, kind)]),
        4 => json!({"an": "object"}),
        _ => scalar(random, kind),
    }
}

fn document(random: &mut Random, number: usize) -> Json {
    let mut configuration = Map::new();
    for (kind, name) in ["text", "number", "flag", "time", "block"].into_iter().enumerate() {
        if !random.one_in(5) {
            configuration.insert(name.to_owned(), fact(random, kind));
        }
    }
    let kind = random.below(5);
    configuration.insert("mixed".to_owned(), fact(random, kind));
    let rules: Vec<Json> = (0..random.below(4))
        .map(|_| match random.below(8) {
            0 => json!({}),
            1 => json!({"port": fact(random, 1)}),
            _ => json!({
                "port": fact(random, 1),
                "ranges": (0..random.below(3)).map(|_| fact(random, 4)).collect::<Vec<_>>(),
                "group": {"name": fact(random, 0)},
            }),
        })
        .collect();
    configuration.insert("rules".to_owned(), if random.one_in(12) { unread() } else { json!(rules) });
    configuration.insert("nested".to_owned(), json!({"deep": {"value": fact(random, 0)}}));
    let tags: Vec<Json> = ["Name", "Team"]
        .iter()
        .filter_map(|key| {
            let value = random.pick(&TEXTS);
            (!random.one_in(3)).then(|| json!({"key": key, "value": value, "tag": format!("{key}={value}")}))
        })
        .collect();
    json!({
        "resourceType": random.pick(&TYPES),
        "resourceId": format!("id-{number:03}"),
        "awsRegion": random.pick(&REGIONS),
        "accountId": ACCOUNT,
        "configuration": if random.one_in(20) { unread() } else { Json::Object(configuration) },
        "supplementaryConfiguration": {"part": if random.one_in(6) { unread() } else { json!({"text": fact(random, 0)}) }},
        "tags": if random.one_in(10) { unread() } else { json!(tags) },
    })
}

/// The item of a document: the marks of what could not be read become gaps.
fn item(document: &Json) -> ConfigurationItem {
    let text = |name: &str| document[name].as_str().unwrap();
    let key = ResourceKey::new(text("accountId"), text("awsRegion"), text("resourceType"), text("resourceId"));
    let mut item = ConfigurationItem::new(key, TIME);
    item.configuration = serde_json::from_value(document["configuration"].clone()).unwrap();
    item.supplementary_configuration = serde_json::from_value(document["supplementaryConfiguration"].clone()).unwrap();
    if let Some(tags) = document["tags"].as_array() {
        let pair = |tag: &Json| (tag["key"].as_str().unwrap().to_owned(), tag["value"].as_str().unwrap().into());
        item.tags = Value::object(tags.iter().map(pair));
    }
    for name in ["configuration", "supplementaryConfiguration", "tags"] {
        spoil(&document[name], &format!("/{name}"), &mut item);
    }
    item
}

fn spoil(value: &Json, pointer: &str, item: &mut ConfigurationItem) {
    match value {
        _ if is_unread(value) => item.add_gap(pointer, &denied()),
        Json::Array(list) => list.iter().enumerate().for_each(|(at, one)| spoil(one, &format!("{pointer}/{at}"), item)),
        Json::Object(members) => members.iter().for_each(|(name, one)| spoil(one, &format!("{pointer}/{name}"), item)),
        _ => {}
    }
}

/// A condition of the tests' own; it is written as text for assize, and evaluated here.
#[derive(Debug)]
enum Asked {
    And(Box<Asked>, Box<Asked>),
    Or(Box<Asked>, Box<Asked>),
    Not(Box<Asked>),
    Is { path: &'static str, negated: bool, test: Test },
}

#[derive(Debug)]
enum Test {
    Compare(&'static str, String),
    In(Vec<String>),
    Between(String, String),
    Like(String),
    Null,
}

/// A literal as it is written.
fn literal(random: &mut Random) -> String {
    match random.below(6) {
        0 => random.pick(&["-3", "0", "2", "10", "0.5", "-1.5", "2.0"]).to_owned(),
        1 => random.pick(&["true", "false"]).to_owned(),
        2 => format!("'{}'", random.pick(&TIMES)),
        3 => format!("'{}'", random.pick(&BLOCKS)),
        4 => format!("'{}'", random.pick(&TYPES)),
        _ => format!("'{}'", random.pick(&TEXTS)),
    }
}

fn asked(random: &mut Random, depth: usize) -> Asked {
    if depth > 0 && !random.one_in(3) {
        return match random.below(5) {
            0 => Asked::Not(Box::new(asked(random, depth - 1))),
            1 | 2 => Asked::Or(Box::new(asked(random, depth - 1)), Box::new(asked(random, depth - 1))),
            _ => Asked::And(Box::new(asked(random, depth - 1)), Box::new(asked(random, depth - 1))),
        };
    }
    let test = match random.below(9) {
        0 => Test::In((0..=random.below(3)).map(|_| literal(random)).collect()),
        1 => Test::Between(literal(random), literal(random)),
        2 => Test::Like(
            random.pick(&["abc%", "a_", "%", "%b%", "_b%", "t3.%", "AWS::EC2::%", "Team=%a%b%", "10%"]).to_owned(),
        ),
        3 => Test::Null,
        _ => Test::Compare(random.pick(&["=", "=", "=", "<>", "<", "<=", ">", ">="]), literal(random)),
    };
    let negated = random.one_in(4) && !matches!(test, Test::Compare(..));
    Asked::Is { path: random.pick(&PATHS), negated, test }
}

impl Asked {
    fn sql(&self) -> String {
        match self {
            Self::And(a, b) => format!("({} AND {})", a.sql(), b.sql()),
            Self::Or(a, b) => format!("({} OR {})", a.sql(), b.sql()),
            Self::Not(a) => format!("NOT ({})", a.sql()),
            Self::Is { path, negated, test } => {
                let not = if *negated { "NOT " } else { "" };
                match test {
                    Test::Compare(operator, value) => format!("{path} {operator} {value}"),
                    Test::In(list) => format!("{path} {not}IN ({})", list.join(", ")),
                    Test::Between(low, high) => format!("{path} {not}BETWEEN {low} AND {high}"),
                    Test::Like(pattern) => format!("{path} {not}LIKE '{pattern}'"),
                    Test::Null => format!("{path} IS {not}NULL"),
                }
            }
        }
    }

    /// `None` is undecided.
    fn holds(&self, document: &Json) -> Option<bool> {
        match self {
            Self::Not(a) => a.holds(document).map(|truth| !truth),
            Self::And(a, b) => match (a.holds(document), b.holds(document)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.holds(document), b.holds(document)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Is { path, negated, test } => {
                let truth = test.holds(&leaves(document, path), path);
                if *negated { truth.map(|truth| !truth) } else { truth }
            }
        }
    }
}

/// Every value at a path, lists taken apart, without `null`.
fn leaves(document: &Json, path: &str) -> Vec<Json> {
    let mut level = vec![document.clone()];
    for name in path.split('.') {
        let mut next = Vec::new();
        for value in flat(&level) {
            if is_unread(&value) {
                next.push(value);
            } else if let Some(member) = value.get(name) {
                next.push(member.clone());
            }
        }
        level = next;
    }
    flat(&level).into_iter().filter(|value| !value.is_null()).collect()
}

fn flat(values: &[Json]) -> Vec<Json> {
    values.iter().flat_map(|value| value.as_array().map_or_else(|| vec![value.clone()], |list| flat(list))).collect()
}

impl Test {
    fn holds(&self, values: &[Json], path: &str) -> Option<bool> {
        let known: Vec<&Json> = values.iter().filter(|value| !is_unread(value)).collect();
        let unread = known.len() < values.len();
        let (certain, answer) = match self {
            Self::Null => (!known.is_empty(), false),
            Self::Compare("<>", literal) => (known.iter().any(|value| compares(value, "=", literal, path)), false),
            Self::Compare(operator, literal) => {
                (known.iter().any(|value| compares(value, operator, literal, path)), true)
            }
            Self::In(list) => {
                let any = |value: &&Json| list.iter().any(|literal| compares(value, "=", literal, path));
                (known.iter().any(any), true)
            }
            Self::Between(low, high) => (known.iter().any(|value| between(value, low, high, path)), true),
            Self::Like(pattern) => (known.iter().any(|value| like(value, pattern)), true),
        };
        // One known value settles it, whatever the others would have been.
        if certain {
            Some(answer)
        } else if unread {
            None
        } else {
            Some(!answer)
        }
    }
}

fn like(value: &Json, pattern: &str) -> bool {
    fn matches(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|at| matches(&text[at..], rest)),
            ['_', rest @ ..] => !text.is_empty() && matches(&text[1..], rest),
            [letter, rest @ ..] => text.first() == Some(letter) && matches(&text[1..], rest),
        }
    }
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Object(_) => return false,
        other => other.to_string(),
    };
    matches(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
}

type Range = (u128, u128, bool, bool);

/// The first and the last address as numbers, whether it is of IPv6, and whether it has a length.
fn range(text: &str) -> Option<Range> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let (number, bits, six) = match address.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(address) => (u128::from(u32::from(address)), 32, false),
        std::net::IpAddr::V6(address) => (u128::from(address), 128, true),
    };
    let host = bits - length.map_or(Ok(bits), str::parse::<u32>).ok()?;
    let mask = if host == 128 { u128::MAX } else { (1u128 << host) - 1 };
    Some((number & !mask, number | mask, six, length.is_some()))
}

/// Minutes and seconds are all the same for the times of the tests: only those that occur are known here.
fn seconds(text: &str) -> Option<i64> {
    match text {
        "2025-12-31T23:59:59.000Z" => Some(-1),
        "2026-01-01T00:00:00.000Z" | "2026-01-01T01:00:00+01:00" => Some(0),
        "2026-02-03" => Some(33 * 86_400),
        _ => None,
    }
}

/// How a value stands to a literal, addresses aside.
fn order(value: &Json, literal: &str) -> Option<Ordering> {
    let text = literal.trim_matches('\'');
    let quoted = text.len() < literal.len();
    match value {
        Json::Bool(truth) => (text == truth.to_string()).then_some(Ordering::Equal),
        Json::Number(number) => number.as_f64()?.partial_cmp(&text.parse().ok()?),
        Json::String(own) => {
            if let (Some(own), Some(asked)) = (seconds(own), seconds(text)) {
                return Some(own.cmp(&asked));
            }
            match (own.parse::<f64>(), text.parse::<f64>()) {
                (Ok(own), Ok(asked)) if !quoted => own.partial_cmp(&asked),
                _ => Some(own.as_str().cmp(text)),
            }
        }
        _ => None,
    }
}

fn ranges(value: &Json, literal: &str, path: &str) -> Option<(Range, Range)> {
    let address = path.starts_with("configuration.") || path.starts_with("supplementaryConfiguration.");
    let quoted = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    if address { Some((range(value.as_str()?)?, range(quoted)?)) } else { None }
}

fn compares(value: &Json, operator: &str, literal: &str, path: &str) -> bool {
    if let Some((own, asked)) = ranges(value, literal, path) {
        return own.2 == asked.2
            && match operator {
                "=" => own.0 <= asked.0 && own.1 >= asked.1,
                "<" => own.0 < asked.0,
                "<=" => own.0 <= asked.0,
                ">" => own.1 > asked.1,
                _ => own.1 >= asked.1,
            };
    }
    let Some(order) = order(value, literal) else { return false };
    match operator {
        "=" => order.is_eq(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn between(value: &Json, low: &str, high: &str, path: &str) -> bool {
    if let (Some((own, low)), Some((_, high))) = (ranges(value, low, path), ranges(value, high, path)) {
        let inside = if own.3 { own.0 <= low.0 && own.1 >= high.1 } else { own.0 >= low.0 && own.1 <= high.1 };
        return own.2 == low.2 && own.2 == high.2 && inside;
    }
    order(value, low).is_some_and(Ordering::is_ge) && order(value, high).is_some_and(Ordering::is_le)
}

/// The documents in the order of an answer without ORDER BY.
fn documents(random: &mut Random) -> Vec<Json> {
    let mut documents: Vec<Json> = (0..30).map(|number| document(random, number)).collect();
    let key =
        |one: &Json| ["awsRegion", "resourceType", "resourceId"].map(|name| one[name].as_str().unwrap().to_owned());
    documents.sort_by_key(key);
    documents
}

fn ids<'a>(documents: impl IntoIterator<Item = &'a Json>) -> Vec<String> {
    documents.into_iter().map(|one| one["resourceId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn conditions() {
    let (mut matched, mut open, mut excluded) = (0, 0, 0);
    for seed in 0..50 {
        let mut random = Random(seed);
        let documents = documents(&mut random);
        let snapshot = snapshot(documents.iter().map(item).collect());
        for _ in 0..30 {
            let asked = asked(&mut random, 3);
            let text = format!("SELECT resourceId WHERE {}", asked.sql());
            let query = parsed(&text);
            let answer = query.run(&snapshot).unwrap();
            let of = |truth: Option<bool>| ids(documents.iter().filter(|one| asked.holds(one) == truth));
            assert_eq!(rows(&answer), of(Some(true)), "seed {seed}: {text}");
            let mut undecided: Vec<String> =
                answer.undecided.iter().map(|gap| gap.resource_id.clone().unwrap()).collect();
            let mut expected = of(None);
            undecided.sort();
            expected.sort();
            assert_eq!(undecided, expected, "seed {seed}: {text}");
            matched += answer.len();
            open += expected.len();
            excluded += of(Some(false)).len();
        }
    }
    // The generator asks something: none of the three is rare.
    let all = matched + open + excluded;
    assert!([matched, open, excluded].iter().all(|count| count * 10 > all), "{matched} {open} {excluded}");
}

/// The order of values in an answer, written once more: no value last.
fn value_order(a: Option<&Json>, b: Option<&Json>) -> Ordering {
    let rank = |value: &Json| match value {
        Json::Bool(_) => 0,
        Json::Number(_) => 1,
        Json::String(_) => 2,
        _ => 3,
    };
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
            (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
            (Json::Number(a), Json::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
            (Json::String(a), Json::String(b)) => a.cmp(b),
            _ => a.to_string().cmp(&b.to_string()),
        }),
    }
}

fn known_leaves(document: &Json, path: &str) -> Vec<Json> {
    leaves(document, path).into_iter().filter(|value| !is_unread(value)).collect()
}

#[test]
fn orders_and_limits() {
    for seed in 1_000..1_200 {
        let mut random = Random(seed);
        let documents = documents(&mut random);
        let snapshot = snapshot(documents.iter().map(item).collect());
        let orders: Vec<(&str, bool)> =
            (0..=random.below(2)).map(|_| (random.pick(&PATHS), random.one_in(2))).collect();
        let (limit, offset) = (random.below(35), random.below(10));
        let by: Vec<String> =
            orders.iter().map(|(path, down)| format!("{path}{}", if *down { " DESC" } else { "" })).collect();
        let text = format!("SELECT resourceId ORDER BY {} LIMIT {limit} OFFSET {offset}", by.join(", "));
        let key = |document: &Json, (path, down): (&str, bool)| {
            let mut values = known_leaves(document, path);
            values.sort_by(|a, b| value_order(Some(a), Some(b)));
            if down { values.pop() } else { values.into_iter().next() }
        };
        // Insertion sort: plainly stable.
        let mut sorted: Vec<&Json> = Vec::new();
        for document in &documents {
            let at = sorted.iter().position(|other| {
                let order = orders.iter().fold(Ordering::Equal, |order, &by| {
                    order.then_with(|| {
                        let (own, other) = (key(document, by), key(other, by));
                        let order = value_order(own.as_ref(), other.as_ref());
                        if by.1 && own.is_some() && other.is_some() { order.reverse() } else { order }
                    })
                });
                order == Ordering::Less
            });
            sorted.insert(at.unwrap_or(sorted.len()), document);
        }
        let expected = ids(sorted.into_iter().skip(offset).take(limit));
        let query = parsed(&text);
        assert_eq!(rows(&query.run(&snapshot).unwrap()), expected, "seed {seed}: {text}");
    }
}

#[test]
fn groups_and_functions() {
    for seed in 2_000..2_200 {
        let mut random = Random(seed);
        let documents = documents(&mut random);
        let snapshot = snapshot(documents.iter().map(item).collect());
        let by = random.pick(&[
            "configuration.text",
            "tags.tag",
            "resourceType",
            "configuration.rules.port",
            "configuration.flag",
        ]);
        let of = random.pick(&["configuration.rules.port", "configuration.number"]);
        let text = format!("SELECT {by}, COUNT(*), COUNT({of}), SUM({of}), MIN({of}), MAX({of}) GROUP BY {by}");

        let mut keys: Vec<Option<Json>> = Vec::new();
        for document in &documents {
            let known = known_leaves(document, by);
            let nothing = known.is_empty() && leaves(document, by).is_empty();
            let of_this = known.into_iter().map(Some).chain(nothing.then_some(None));
            for key in of_this {
                if !keys.iter().any(|other| value_order(other.as_ref(), key.as_ref()).is_eq()) {
                    keys.push(key);
                }
            }
        }
        keys.sort_by(|a, b| value_order(a.as_ref(), b.as_ref()));
        let mut expected = Vec::new();
        let mut sums_objects = false;
        for key in keys {
            let members: Vec<&Json> = documents
                .iter()
                .filter(|document| match &key {
                    Some(key) => known_leaves(document, by).iter().any(|own| value_order(Some(own), Some(key)).is_eq()),
                    None => leaves(document, by).is_empty(),
                })
                .collect();
            let values: Vec<Json> = members.iter().flat_map(|document| leaves(document, of)).collect();
            let mut row = vec![members.len().to_string()];
            if values.iter().any(is_unread) {
                row.extend(std::iter::repeat_n("(unreadable)".to_owned(), 4));
            } else {
                sums_objects |= values.iter().any(|value| !value.is_number());
                let mut sorted = values.clone();
                sorted.sort_by(|a, b| value_order(Some(a), Some(b)));
                let sum = if values.is_empty() {
                    String::new()
                } else if values.iter().all(Json::is_i64) {
                    values.iter().map(|value| value.as_i64().unwrap()).sum::<i64>().to_string()
                } else {
                    json!(values.iter().filter_map(Json::as_f64).sum::<f64>()).to_string()
                };
                let number = |value: Option<&Json>| value.and_then(Json::as_f64);
                row.extend([values.len().to_string(), sum]);
                expected.push((key.clone(), row, number(sorted.first()), number(sorted.last())));
                continue;
            }
            expected.push((key.clone(), row, None, None));
        }
        let query = parsed(&text);
        let answer = match query.run(&snapshot) {
            Ok(answer) => answer,
            Err(error) => {
                assert!(sums_objects, "seed {seed}: {text}: {error}");
                continue;
            }
        };
        assert!(!sums_objects, "seed {seed}: {text}");
        let found: Vec<Vec<Value>> = answer.rows().collect();
        assert_eq!(found.len(), expected.len(), "seed {seed}: {text}");
        for (found, (key, row, least, most)) in found.iter().zip(expected) {
            let own: Json = serde_json::to_value(&found[0]).unwrap();
            assert!(
                value_order(Some(&own).filter(|own| !own.is_null()), key.as_ref()).is_eq(),
                "seed {seed}: {text}: {own}"
            );
            let cells: Vec<String> = found[1..=row.len()].iter().map(cell).collect();
            assert_eq!(cells, row, "seed {seed}: {text}");
            if row.len() == 3 {
                let number = |value: &Value| serde_json::to_value(value).unwrap().as_f64();
                assert_eq!((number(&found[4]), number(&found[5])), (least, most), "seed {seed}: {text}");
            }
        }
    }
}

#[test]
fn projections() {
    for seed in 3_000..3_100 {
        let mut random = Random(seed);
        let documents = documents(&mut random);
        let snapshot = snapshot(documents.iter().map(item).collect());
        let paths: Vec<&str> = (0..=random.below(3)).map(|_| random.pick(&PATHS)).collect();
        let text = format!("SELECT {}", paths.join(", "));
        let query = parsed(&text);
        let answer = query.run(&snapshot).unwrap();
        for (object, document) in answer.objects().zip(&documents) {
            let object = serde_json::to_value(&object).unwrap();
            for path in PATHS {
                let selected = paths.contains(&path);
                let expected = if selected { known_leaves(document, path) } else { Vec::new() };
                assert_eq!(leaves(&object, path), expected, "seed {seed}: {text}: {path} in {object} of {document}");
            }
        }
    }
}
