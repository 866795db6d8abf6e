//! What GitHub code scanning would say of a SARIF file, before it is uploaded.
//!
//! GitHub refuses a file whole, for one wrong result, and says why only in the log of the upload. What is known of that
//! stands in its documentation of what it reads and of its limits; a few conditions are known from files that were
//! refused. What is refused is told apart from what is cut off and from what is only not shown.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use serde_json::Value as Json;

use super::limits::{
    MOST_BYTES, MOST_CHARACTERS, MOST_EXTENSIONS, MOST_LOCATIONS, MOST_LOCATIONS_SHOWN, MOST_RESULTS, MOST_RULES,
    MOST_RUNS, MOST_SHOWN, MOST_STEPS, MOST_STEPS_SHOWN, MOST_TAGS, MOST_TAGS_TAKEN, compressed_size,
};

/// What becomes of a file because of a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consequence {
    /// The whole file is refused.
    Refused,
    /// It is taken, and a part of it is not shown, or not as it is meant.
    Cut,
}

impl Consequence {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Cut => "cut",
        }
    }
}

/// One thing that GitHub would remark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// What becomes of the file.
    pub consequence: Consequence,
    /// Where it is first, as a JSON pointer.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
    /// How often this is so.
    pub count: usize,
}

/// `refused: /runs/0/results/3/locations: …`.
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { consequence, path, message, count } = self;
        write!(f, "{}: {}: {message}", consequence.as_str(), if path.is_empty() { "/" } else { path })?;
        if *count > 1 { write!(f, " ({count} times)") } else { Ok(()) }
    }
}

/// What GitHub would remark on a file of this content, uncompressed. What is the same in many places is told once.
///
/// # Errors
/// None that are known: the content is compressed in memory.
pub fn check(bytes: &[u8]) -> io::Result<Vec<Remark>> {
    let mut remarks = Remarks::default();
    let size = compressed_size(bytes)?;
    if size > MOST_BYTES {
        remarks.refuse("", format!("the file has {size} bytes once it is compressed, and 10 MB are taken"));
    }
    match std::str::from_utf8(bytes) {
        Err(error) => remarks.refuse("", format!("the file is not UTF-8: see byte {}", error.valid_up_to())),
        Ok(text) => {
            if text.starts_with('\u{feff}') {
                remarks.refuse("", "the file begins with a byte order mark".to_owned());
            }
            match serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')) {
                Err(error) => remarks.refuse("", format!("the file is not JSON: {error}")),
                Ok(sarif) => remarks.file(&sarif),
            }
        }
    }
    remarks.0.sort();
    Ok(remarks.0)
}

#[derive(Default)]
struct Remarks(Vec<Remark>);

impl Remarks {
    fn add(&mut self, consequence: Consequence, path: &str, message: String) {
        let same = |one: &&mut Remark| one.consequence == consequence && one.message == message;
        match self.0.iter_mut().find(same) {
            Some(one) => one.count += 1,
            None => self.0.push(Remark { consequence, path: path.to_owned(), message, count: 1 }),
        }
    }

    fn refuse(&mut self, path: &str, message: String) {
        self.add(Consequence::Refused, path, message);
    }

    fn cut(&mut self, path: &str, message: String) {
        self.add(Consequence::Cut, path, message);
    }

    /// A number that is refused above one limit and cut above another.
    fn most(&mut self, path: &str, what: &str, number: usize, taken: usize, shown: Option<usize>) {
        if number > taken {
            self.refuse(path, format!("there are {number} {what}, and {taken} are taken"));
        } else if let Some(shown) = shown.filter(|shown| number > *shown) {
            self.cut(path, format!("there are {number} {what}, and {shown} are shown"));
        }
    }

    fn file(&mut self, sarif: &Json) {
        match sarif.get("version").and_then(Json::as_str) {
            Some("2.1.0") => {}
            Some(other) => self.refuse("/version", format!("version `{other}` is not read: it has to be 2.1.0")),
            None => self.refuse("/version", "there is no `version`: it has to be 2.1.0".to_owned()),
        }
        let Some(runs) = sarif.get("runs").and_then(Json::as_array) else {
            return self.refuse("/runs", "there is no list `runs`".to_owned());
        };
        self.most("/runs", "runs", runs.len(), MOST_RUNS, None);
        let mut categories = BTreeSet::new();
        for (at, run) in runs.iter().enumerate() {
            let path = format!("/runs/{at}");
            self.run(run, &path);
            // What is before the last slash is the category. Two runs of a tool in one category take each other's place.
            let id = run.pointer("/automationDetails/id").and_then(Json::as_str).unwrap_or_default();
            let category = id.rsplit_once('/').map_or("", |(category, _)| category);
            let tool = run.pointer("/tool/driver/name").and_then(Json::as_str).unwrap_or_default();
            if !categories.insert((tool, category)) {
                let message = format!(
                    "two runs of `{tool}` have the category `{category}`: each needs an `automationDetails.id` of its \
                     own, and of two with one category the upload is refused"
                );
                self.refuse(&format!("{path}/automationDetails/id"), message);
            }
        }
    }

    fn run(&mut self, run: &Json, path: &str) {
        if run.pointer("/tool/driver/name").and_then(Json::as_str).is_none_or(str::is_empty) {
            self.refuse(&format!("{path}/tool/driver/name"), "the tool has no name".to_owned());
        }
        let extensions = list(run.pointer("/tool/extensions"));
        self.most(
            &format!("{path}/tool/extensions"),
            "extensions of the tool",
            extensions.len(),
            MOST_EXTENSIONS,
            None,
        );
        let rules = list(run.pointer("/tool/driver/rules"));
        let of_extensions: Vec<usize> = extensions.iter().map(|one| list(one.get("rules")).len()).collect();
        let place = format!("{path}/tool/driver/rules");
        self.most(&place, "rules in the run", rules.len() + of_extensions.iter().sum::<usize>(), MOST_RULES, None);
        let mut ids = BTreeSet::new();
        for (at, rule) in rules.iter().enumerate() {
            let place = format!("{place}/{at}");
            match rule.get("id").and_then(Json::as_str) {
                None | Some("") => self.refuse(&format!("{place}/id"), "a rule has no id".to_owned()),
                Some(id) if !ids.insert(id) => {
                    self.refuse(&format!("{place}/id"), "two rules have one id".to_owned());
                }
                Some(_) => {}
            }
            self.rule(rule, &place);
        }
        let Some(results) = run.get("results").and_then(Json::as_array) else {
            return self.refuse(&format!("{path}/results"), "there is no list `results`".to_owned());
        };
        self.most(&format!("{path}/results"), "results in the run", results.len(), MOST_RESULTS, Some(MOST_SHOWN));
        let rules = Rules { of_driver: rules.len(), of_extensions };
        for (at, result) in results.iter().enumerate() {
            self.result(result, &format!("{path}/results/{at}"), &rules);
        }
    }

    fn rule(&mut self, rule: &Json, path: &str) {
        for member in ["shortDescription", "fullDescription"] {
            let text = rule.pointer(&format!("/{member}/text")).and_then(Json::as_str).unwrap_or_default();
            if text.chars().count() > MOST_CHARACTERS {
                let message = format!("a `{member}` has more than {MOST_CHARACTERS} characters");
                self.cut(&format!("{path}/{member}"), message);
            }
        }
        let tags = list(rule.pointer("/properties/tags")).len();
        self.most(&format!("{path}/properties/tags"), "tags of a rule", tags, MOST_TAGS_TAKEN, Some(MOST_TAGS));
        if let Some(score) = rule.pointer("/properties/security-severity") {
            let number = score.as_str().and_then(|text| text.parse::<f64>().ok());
            if !number.is_some_and(|number| (0.0..=10.0).contains(&number)) {
                let message = "a `security-severity` is a text with a number from 0.0 to 10.0".to_owned();
                self.cut(&format!("{path}/properties/security-severity"), message);
            }
        }
    }

    fn result(&mut self, result: &Json, path: &str, rules: &Rules) {
        if result.pointer("/message/text").and_then(Json::as_str).is_none_or(str::is_empty) {
            self.refuse(&format!("{path}/message/text"), "a result has no message".to_owned());
        }
        let index = result.get("ruleIndex").or_else(|| result.pointer("/rule/index")).and_then(Json::as_u64);
        let known = rules.of(result.pointer("/rule/toolComponent"));
        let is_outside = |index: u64| known.is_some_and(|known| usize::try_from(index).map_or(true, |at| at >= known));
        if index.is_some_and(is_outside) {
            self.refuse(&format!("{path}/ruleIndex"), "a `ruleIndex` is of no rule".to_owned());
        }
        let id = result.get("ruleId").or_else(|| result.pointer("/rule/id")).and_then(Json::as_str);
        if index.is_none() && id.is_none_or(str::is_empty) {
            self.refuse(&format!("{path}/ruleId"), "a result names no rule".to_owned());
        }
        let locations = list(result.get("locations"));
        let place = format!("{path}/locations");
        if locations.is_empty() {
            self.refuse(&place, "a result has no location: at least one is expected".to_owned());
        }
        let related = list(result.get("relatedLocations"));
        let all = locations.len() + related.len();
        self.most(&place, "locations of a result", all, MOST_LOCATIONS, Some(MOST_LOCATIONS_SHOWN));
        for (at, location) in locations.iter().enumerate() {
            self.location(location, &format!("{place}/{at}"));
        }
        for (at, location) in related.iter().enumerate() {
            self.location(location, &format!("{path}/relatedLocations/{at}"));
        }
        let mut steps = 0;
        for (flow_at, flow) in list(result.get("codeFlows")).iter().enumerate() {
            for (thread_at, thread) in list(flow.get("threadFlows")).iter().enumerate() {
                for (at, step) in list(thread.get("locations")).iter().enumerate() {
                    steps += 1;
                    let place = format!("{path}/codeFlows/{flow_at}/threadFlows/{thread_at}/locations/{at}/location");
                    match step.get("location") {
                        Some(location) => self.location(location, &place),
                        None => self.refuse(&place, "a step of a thread flow has no location".to_owned()),
                    }
                }
            }
        }
        let place = format!("{path}/codeFlows");
        self.most(&place, "locations of a result's thread flows", steps, MOST_STEPS, Some(MOST_STEPS_SHOWN));
        if result.pointer("/partialFingerprints/primaryLocationLineHash").is_none() {
            let message =
                "a result has no `primaryLocationLineHash`: it is made of the line's text by the upload action, \
                           and changes with it"
                    .to_owned();
            self.cut(&format!("{path}/partialFingerprints"), message);
        }
    }

    fn location(&mut self, location: &Json, path: &str) {
        let place = format!("{path}/physicalLocation");
        let Some(physical) = location.get("physicalLocation") else {
            return self.refuse(&place, "a location has no `physicalLocation`".to_owned());
        };
        let uri = physical.pointer("/artifactLocation/uri").and_then(Json::as_str);
        let at = format!("{place}/artifactLocation/uri");
        match uri {
            None => self.refuse(&at, "a location has no `artifactLocation.uri`".to_owned()),
            Some(uri) => self.uri(uri, &at),
        }
        let number = |member: &str| physical.pointer(&format!("/region/{member}")).and_then(Json::as_i64);
        let at = format!("{place}/region");
        match number("startLine") {
            None => self.refuse(&at, "a location has no `region.startLine`".to_owned()),
            Some(line) if line < 1 => self.refuse(&at, "lines count from 1".to_owned()),
            Some(start) => {
                let end = number("endLine").unwrap_or(start);
                let (from, to) = (number("startColumn").unwrap_or(1), number("endColumn").unwrap_or(i64::MAX));
                if from < 1 || to < 1 {
                    self.refuse(&at, "columns count from 1".to_owned());
                }
                if end < start || (end == start && to < from) {
                    self.refuse(&at, "a region ends before it begins".to_owned());
                }
            }
        }
    }

    /// A relative reference of a file (RFC 3986, section 4.2).
    fn uri(&mut self, uri: &str, path: &str) {
        let wrong = if uri.is_empty() {
            Some("a URI is empty".to_owned())
        } else if uri.chars().any(|c| c == ' ' || c.is_control() || "\"<>\\^`{|}".contains(c)) {
            Some("a URI holds a space or another character that has to be written with %".to_owned())
        } else if !is_escaped(uri) {
            Some("a URI holds a % that is followed by no two hexadecimal digits".to_owned())
        } else if uri.starts_with('/') {
            Some("a URI is an absolute path: it has to be relative to the repository's root".to_owned())
        } else if let Some(scheme) = scheme(uri) {
            let file = "of the checkout, which is `file`, and a path from the repository's root needs none";
            (scheme != "file").then(|| format!("a URI has the scheme `{scheme}`, and not the one {file}"))
        } else if uri.split('/').next().is_some_and(|first| first.contains(':')) {
            Some("the first segment of a URI's path holds a colon: write it as %3A".to_owned())
        } else {
            None
        };
        if let Some(message) = wrong {
            return self.refuse(path, message);
        }
        if uri.split('/').any(|part| part == "..") {
            self.cut(path, "a URI leads out of the repository: its file cannot be shown".to_owned());
        }
    }
}

/// How many rules each component of the tool has.
struct Rules {
    of_driver: usize,
    of_extensions: Vec<usize>,
}

impl Rules {
    /// Those of the component that a result's rule is of; nothing if it is named in another way than by its place. An
    /// extension that is not there has no rules.
    fn of(&self, component: Option<&Json>) -> Option<usize> {
        let Some(component) = component else { return Some(self.of_driver) };
        match component.get("index").and_then(Json::as_i64) {
            Some(index) if index >= 0 => {
                Some(usize::try_from(index).ok().and_then(|at| self.of_extensions.get(at).copied()).unwrap_or_default())
            }
            _ if component.get("name").or_else(|| component.get("guid")).is_some() => None,
            _ => Some(self.of_driver),
        }
    }
}

fn list(json: Option<&Json>) -> &[Json] {
    json.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The scheme of a URI: a letter, and then letters, digits, `+`, `-` and `.` up to a colon.
fn scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let is_one = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_one.then_some(scheme)
}

/// Whether each `%` is followed by two hexadecimal digits.
fn is_escaped(uri: &str) -> bool {
    let digits = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    uri.split('%').skip(1).all(digits)
}

#[cfg(test)]
mod tests;
