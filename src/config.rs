//! The configuration file: what is to be scanned, by which rules, what is accepted, and where the reports go.
//!
//! A file is parsed into a tree with positions, then checked, then used. All mistakes are told at once, each with its line
//! and column, and the word that was most likely meant. What is said here is only what was *asked for*: flags override it,
//! and what is not asked for has its default elsewhere. Credentials are refused: a configuration file is kept in a
//! repository.
//!
//! `docs/config.md` describes the file, and [`SCHEMA`] is its JSON schema for editors.

mod exemptions;
mod node;
mod read;
mod record;
mod secret;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use self::node::{Content, Node};
pub use self::node::{Located, Position};
use self::read::{Reader, Section};
pub use self::record::Record;
use crate::evaluation::Severity;
use crate::exemption::{Exemption, Exemptions};
use crate::nearest;
use crate::pack::{self, Pack};
use crate::pattern::{Pattern, Patterns};
use crate::report::{FailOn, Format};
use crate::rule::set::{Assignment, SetError};
use crate::rule::{ParameterError, RuleSet, Selection};
use crate::source::config_bucket::Address;
use crate::source::delivery::Topic;
use crate::source::descriptor::Catalog;

/// The file that is looked for in the working directory.
pub const FILE: &str = "assize.yaml";

/// The JSON schema of the file, for editors.
pub const SCHEMA: &str = include_str!("../docs/assize.schema.json");

/// The keys of each part of the file.
mod keys {
    pub(super) const FILE: [&str; 18] = [
        "accounts",
        "regions",
        "budget",
        "record",
        "rules",
        "packs",
        "rule_folders",
        "targets",
        "exemptions",
        "outputs",
        "fail_on",
        "sarif_suppressions",
        "definitions",
        "iac",
        "iac_states",
        "store",
        "deliver",
        "threads",
    ];
    pub(super) const ACCOUNT: [&str; 5] = ["account_id", "profile", "role_arn", "external_id", "regions"];
    pub(super) const DELIVER: [&str; 7] = ["file", "sns", "s3", "security_hub", "profile", "role_arn", "external_id"];
    pub(super) const PACK: [&str; 2] = ["pack", "parameters"];
    pub(super) const RULE: [&str; 3] = ["rule", "severity", "parameters"];
    pub(super) const RECORD: [&str; 3] = ["only", "except", "regions"];
    pub(super) const RECORDED: [&str; 2] = ["only", "except"];
    pub(super) const TARGETS: [&str; 2] = ["any", "all"];
    pub(super) const DEFINITIONS: [&str; 2] = ["resources", "models"];
    pub(super) const EXEMPTION: [&str; 8] =
        ["rules", "resource", "key", "insufficient_data", "reason", "owner", "ticket", "expires"];
    pub(super) const RESOURCE: [&str; 7] = ["arn", "id", "name", "type", "account", "region", "tags"];
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is something wrong in it.
    #[error("{}", told(.0))]
    Mistakes(Vec<Mistake>),
}

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where.
    pub at: Position,
    /// What, and what would be right.
    pub message: String,
}

/// `assize.yaml:3:1: there is no key …`.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// One mistake on one line; several below a line that counts them.
fn told(mistakes: &[Mistake]) -> String {
    match mistakes {
        [one] => one.to_string(),
        many => {
            let lines: Vec<String> = many.iter().map(Mistake::to_string).collect();
            format!("there are {} mistakes:\n{}", many.len(), lines.join("\n"))
        }
    }
}

/// What a configuration file asks for.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The accounts to read. Of several, each says whose it is.
    pub accounts: Vec<Located<Account>>,
    /// The regions to read, or `all`.
    pub regions: Option<Located<Vec<String>>>,
    /// What is recorded, of what is asked for.
    pub record: Option<Located<Record>>,
    /// The rules that run. Without any, and without packs, all do.
    pub rules: Vec<Located<RuleEntry>>,
    /// The conformance packs whose rules run.
    pub packs: Vec<Located<PackEntry>>,
    /// Folders with further rules.
    pub rule_folders: Vec<Located<PathBuf>>,
    /// A resource needs one of these tags: the key, and the value unless any will do.
    pub any_tags: Option<Located<Vec<Tag>>>,
    /// A resource needs all of these tags.
    pub all_tags: Option<Located<Vec<Tag>>>,
    /// The deviations that are accepted.
    pub exemptions: Vec<Located<Exemption>>,
    /// Reports to write.
    pub outputs: Vec<Located<(Format, PathBuf)>>,
    /// What makes a run a failure.
    pub fail_on: Option<Located<FailOn>>,
    /// Whether SARIF has exempted findings too.
    pub sarif_suppressions: Option<Located<bool>>,
    /// The folder with further resource types.
    pub resources: Option<Located<PathBuf>>,
    /// The folder with further service models.
    pub models: Option<Located<PathBuf>>,
    /// The folder in which resources are defined.
    pub iac: Option<Located<PathBuf>>,
    /// States of Terraform beside it: paths, or `s3://bucket/key`.
    pub iac_states: Vec<Located<String>>,
    /// Where history is kept.
    pub store: Option<Located<PathBuf>>,
    /// Where what is new is delivered to.
    pub deliver: Option<Located<Deliver>>,
    /// How many requests to send at most.
    pub budget: Option<Located<u64>>,
    /// On how many threads to judge.
    pub threads: Option<Located<u16>>,
}

/// A tag: a key, and the value unless any will do.
pub type Tag = (String, Option<String>);

/// Where what is new is delivered to, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deliver {
    /// A file to which messages are added, one a line.
    pub file: Option<PathBuf>,
    /// The topic to which messages are sent.
    pub topic: Option<Topic>,
    /// The bucket into which files are put.
    pub bucket: Option<Address>,
    /// The regions whose Security Hub takes findings; the first takes those of other regions too.
    pub hubs: Vec<String>,
    /// The profile whose credentials send.
    pub profile: Option<String>,
    /// The role that sends.
    pub role_arn: Option<String>,
    /// What the role asks for.
    pub external_id: Option<String>,
}

impl Deliver {
    /// The channels that there are, by the keys of the file, with their names. Security Hub is one in each region.
    pub fn channels(&self) -> Vec<(String, String)> {
        let file = self.file.as_ref().map(|path| ("file".to_owned(), path.display().to_string()));
        let topic = self.topic.as_ref().map(|topic| ("sns".to_owned(), topic.to_string()));
        let bucket = self.bucket.as_ref().map(|bucket| ("s3".to_owned(), bucket.to_string()));
        let hubs = self.hubs.iter().map(|region| (Self::hub(region), format!("Security Hub in {region}")));
        file.into_iter().chain(topic).chain(bucket).chain(hubs).collect()
    }

    /// The key of the channel to the Security Hub of a region.
    pub fn hub(region: &str) -> String {
        format!("security_hub {region}")
    }

    /// The region of a channel to a Security Hub, by its key.
    pub fn hub_of(channel: &str) -> Option<&str> {
        channel.strip_prefix("security_hub ")
    }

    /// Whether there is a channel of this key.
    pub fn has(&self, channel: &str) -> bool {
        self.channels().iter().any(|(key, _)| key == channel)
    }

    /// The account of the role that sends, if a role is named.
    pub fn account_id(&self) -> Option<&str> {
        self.role_arn.as_deref().and_then(account_of_role)
    }
}

/// One account to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Whose it is, as twelve digits: said, or told by the role. Credentials of another account are refused.
    pub account_id: Option<String>,
    /// The profile of AWS's configuration files.
    pub profile: Option<String>,
    /// The role to assume first.
    pub role_arn: Option<String>,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
    /// Its regions, if they are others than those of the file.
    pub regions: Vec<String>,
}

/// Rules that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleEntry {
    /// An id, an identifier of AWS Config, or a glob.
    pub rule: String,
    /// How bad its findings are here.
    pub severity: Option<Severity>,
    /// Values of its parameters, as text, with their places.
    pub parameters: Vec<(String, Located<String>)>,
}

/// A conformance pack that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackEntry {
    /// One that comes with assize, or a file as seen from the folder of the configuration file.
    pub pack: pack::Wanted,
    /// Values of its parameters.
    pub parameters: BTreeMap<String, String>,
}

impl RuleEntry {
    /// The parameters, as the command line would set them.
    pub fn assignments(&self) -> impl Iterator<Item = Assignment> {
        self.parameters.iter().map(|(name, value)| Assignment {
            rule: Some(self.rule.clone()),
            name: name.clone(),
            value: value.value.clone(),
        })
    }
}

impl Config {
    /// Reads and checks a file, and those that it names for exemptions. Paths in it are as seen from its own folder.
    ///
    /// # Errors
    /// A file that cannot be read, or all that is wrong in them.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Checks the text of a file of this name.
    ///
    /// # Errors
    /// All that is wrong in it, or a file that it names and that cannot be read.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(&path.display().to_string());
        let config = match tree(&mut reader, text) {
            Some(node) => Self::read(&mut reader, &node, path)?,
            None => Self::default(),
        };
        reader.finish()?;
        Ok(config)
    }

    fn read(reader: &mut Reader, node: &Node, path: &Path) -> Result<Self, ConfigError> {
        let mut config = Self { file: path.to_owned(), ..Self::default() };
        let Some(section) = reader.section(node, "in this file", &keys::FILE) else { return Ok(config) };
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Some(node) = section.get("accounts") {
            config.accounts = reader.list(node).iter().filter_map(|node| account(reader, node)).collect();
            whose(reader, &config.accounts);
        }
        config.regions = section.get("regions").and_then(|node| regions(reader, node));
        config.record = section.get("record").and_then(|node| record::read(reader, node));
        if let Some(node) = section.get("rules") {
            config.rules = reader.list(node).iter().filter_map(|node| rule(reader, node)).collect();
        }
        if let Some(node) = section.get("packs") {
            config.packs = reader.list(node).iter().filter_map(|node| pack(reader, node, folder)).collect();
        }
        let located = |text: Located<String>| Located { value: folder.join(text.value), at: text.at };
        if let Some(node) = section.get("rule_folders") {
            config.rule_folders = reader.texts(node).into_iter().map(located).collect();
        }
        if let Some(node) = section.get("targets")
            && let Some(targets) = reader.section(node, "in `targets`", &keys::TARGETS)
        {
            config.any_tags = targets.get("any").and_then(|node| tags(reader, node));
            config.all_tags = targets.get("all").and_then(|node| tags(reader, node));
        }
        if let Some(node) = section.get("exemptions") {
            config.exemptions = exemptions::read(reader, node, folder)?;
        }
        if let Some(node) = section.get("outputs") {
            config.outputs = outputs(reader, node, folder);
        }
        config.fail_on = section.get("fail_on").and_then(|node| reader.parsed(node));
        config.sarif_suppressions = section.get("sarif_suppressions").and_then(|node| reader.boolean(node));
        if let Some(node) = section.get("definitions")
            && let Some(definitions) = reader.section(node, "in `definitions`", &keys::DEFINITIONS)
        {
            let mut folder = |key| definitions.get(key).and_then(|node| reader.text(node)).map(located);
            config.resources = folder("resources");
            config.models = folder("models");
        }
        config.iac = section.get("iac").and_then(|node| reader.text(node)).map(located);
        if let Some(node) = section.get("iac_states") {
            let of_bucket = |text: &str| text.starts_with("s3://");
            let path = |text: String| if of_bucket(&text) { text } else { folder.join(text).display().to_string() };
            let states = reader.texts(node).into_iter();
            config.iac_states = states.map(|text| Located { value: path(text.value), at: text.at }).collect();
        }
        config.store = section.get("store").and_then(|node| reader.text(node)).map(located);
        config.deliver = section.get("deliver").and_then(|node| deliver(reader, node, folder));
        config.budget = section.get("budget").and_then(|node| budget(reader, node));
        config.threads = section.get("threads").and_then(|node| threads(reader, node));
        Ok(config)
    }

    /// Checks what the file asks of rules against those that there are: ids, identifiers, globs, parameters, and the
    /// rules that exemptions name.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check(&self, rules: &RuleSet) -> Result<(), ConfigError> {
        let mut mistakes = Vec::new();
        for entry in &self.rules {
            let chosen = Selection { rules: vec![entry.value.rule.clone()], ..Selection::default() };
            if let Err(error) = rules.select(&chosen).or_else(missing_is_given_elsewhere) {
                mistakes.push(Mistake { at: entry.at.clone(), message: with_causes(&error) });
                continue;
            }
            for (assignment, (_, value)) in entry.value.assignments().zip(&entry.value.parameters) {
                let with = Selection { parameters: vec![assignment], ..chosen.clone() };
                if let Err(error) = rules.select(&with).or_else(missing_is_given_elsewhere) {
                    mistakes.push(Mistake { at: value.at.clone(), message: with_causes(&error) });
                }
            }
        }
        for exemption in &self.exemptions {
            for pattern in exemption.value.rules.iter().filter(|pattern| !pattern.is_everything()) {
                let (id, _) = of_pack(pattern);
                let named = Selection { rules: vec![id.to_owned()], ..Selection::default() };
                if let Err(error) = rules.select(&named).or_else(missing_is_given_elsewhere) {
                    let message = format!("in `exemptions` {}", with_causes(&error));
                    mistakes.push(Mistake { at: exemption.at.clone(), message });
                }
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::Mistakes(mistakes)) }
    }

    /// Checks that what is to be recorded are types that there are.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check_types(&self, catalog: &Catalog) -> Result<(), ConfigError> {
        let mistakes = self.record.iter().flat_map(|record| record.value.mistakes(catalog)).collect::<Vec<_>>();
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::Mistakes(mistakes)) }
    }

    /// Checks that exemptions that speak of packs speak of some that the file asks for. A run may ask for others: there an
    /// exemption that has nothing to do is told as one.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check_packs(&self) -> Result<(), ConfigError> {
        let packs: BTreeSet<String> = self.packs.iter().map(|entry| entry.value.pack.name()).collect();
        let mut mistakes = Vec::new();
        for exemption in &self.exemptions {
            for (id, pack) in exemption.value.rules.iter().map(of_pack) {
                let Some(pack) = pack else { continue };
                // Behind the pack's name may stand which of its rules is meant: `id@pack:LogicalId`.
                let names = [Some(pack), pack.split_once(':').map(|(pack, _)| pack)];
                let is_meant =
                    |name: &str| Pattern::new(name).is_ok_and(|name| packs.iter().any(|pack| name.matches(pack)));
                if names.into_iter().flatten().any(is_meant) {
                    continue;
                }
                let there = if packs.is_empty() {
                    format!("and the file asks for no packs: name the rule alone, {id}")
                } else {
                    let hint = nearest::hint(pack, &packs);
                    let packs = packs.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                    format!("which the file does not ask for{hint}; its packs are {packs}")
                };
                let message = format!("in `exemptions` {id}@{pack} is of the pack {pack}, {there}");
                mistakes.push(Mistake { at: exemption.at.clone(), message });
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::Mistakes(mistakes)) }
    }

    /// The exemptions, with identifiers of AWS Config as the ids of the rules.
    pub fn exemptions(&self, rules: &RuleSet) -> Exemptions {
        self.exemptions
            .iter()
            .map(|exemption| {
                let by_id = exemption.value.rules.iter().map(|pattern| {
                    let (name, pack) = of_pack(pattern);
                    let Some(chosen) = rules.by_name(name) else { return Patterns::new([pattern.as_str()]) };
                    let pack = pack.map(|pack| format!("@{pack}")).unwrap_or_default();
                    Patterns::new([format!("{}{pack}", chosen.rule.id)])
                });
                // All of them are patterns already: as ids they are plain words.
                let rules = by_id.flatten().flat_map(|patterns| patterns.iter().cloned().collect::<Vec<_>>()).collect();
                Exemption { rules, ..exemption.value.clone() }
            })
            .collect()
    }

    /// By rule, the line that asks for it: that of the rule, or else that of the first pack with it.
    pub fn lines(&self, rules: &RuleSet, packs: &[(Pack, Vec<pack::Run>)]) -> BTreeMap<String, u64> {
        let mut lines = BTreeMap::new();
        for entry in &self.rules {
            let chosen = Selection { rules: vec![entry.value.rule.clone()], ..Selection::default() };
            let ids =
                rules.select(&chosen).map(|set| set.iter().map(|one| one.rule.id.to_string()).collect::<Vec<_>>());
            for id in ids.unwrap_or_else(|_| vec![entry.value.rule.clone()]) {
                lines.entry(id).or_insert(entry.at.line);
            }
        }
        for (entry, (_, runs)) in self.packs.iter().zip(packs) {
            for run in runs {
                if let pack::Run::As(name) = run {
                    lines.entry(name.to_string()).or_insert(entry.at.line);
                }
            }
        }
        lines
    }
}

/// A rule that runs for several packs may be named as it answers for one: `id@pack`.
fn of_pack(pattern: &Pattern) -> (&str, Option<&str>) {
    pattern.as_str().split_once('@').map_or((pattern.as_str(), None), |(id, pack)| (id, Some(pack)))
}

/// A parameter that the rule needs may come from a flag: it is missed when the rules are chosen.
fn missing_is_given_elsewhere(error: SetError) -> Result<RuleSet, SetError> {
    match error {
        SetError::Parameter(ParameterError::Missing { .. }) => Ok(RuleSet::default()),
        error => Err(error),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    sentence
}

/// The tree of a file; without one the mistake is noted.
fn tree(reader: &mut Reader, text: &str) -> Option<Node> {
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    match serde_saphyr::from_str_with_options::<Option<Node>>(text, options) {
        Ok(node) => node,
        Err(error) => {
            let (line, column) = error.location().map_or((1, 1), |location| (location.line(), location.column()));
            let message = error.to_string();
            let message = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("this is no YAML");
            // The place stands in front already.
            let message = message.split(" at line ").next().unwrap_or(message).trim().trim_start_matches("error: ");
            let at = Position { file: std::sync::Arc::clone(&reader.file), line, column };
            reader.mistakes.push(Mistake { at, message: message.to_owned() });
            None
        }
    }
}

impl Reader {
    fn finish(self) -> Result<(), ConfigError> {
        let mut mistakes = self.mistakes;
        mistakes.sort();
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError::Mistakes(mistakes)) }
    }
}

fn severity(text: &str) -> Option<Severity> {
    Severity::ALL.into_iter().find(|severity| severity.as_str() == text)
}

fn severities() -> Vec<&'static str> {
    Severity::ALL.iter().map(|severity| severity.as_str()).collect()
}

/// Names of regions, or `all` for those that are enabled.
fn regions(reader: &mut Reader, node: &Node) -> Option<Located<Vec<String>>> {
    let named = reader.texts(node);
    for region in &named {
        if region.value != "all" && !is_region(&region.value) {
            let message =
                format!("`{}` is no region: they look like eu-west-1, or `all` for the enabled ones", region.value);
            reader.mistakes.push(Mistake { at: region.at.clone(), message });
        }
    }
    (!named.is_empty()).then(|| reader.located(node, named.into_iter().map(|region| region.value).collect()))
}

/// Whether a text has the form of a region's name.
fn is_region(text: &str) -> bool {
    text.split('-').count() >= 3
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn account(reader: &mut Reader, node: &Node) -> Option<Located<Account>> {
    let section = reader.section(node, "in `accounts`", &keys::ACCOUNT)?;
    let mut text = |key| section.get(key).and_then(|node| reader.text(node)).map(|text| text.value);
    let (profile, role_arn, external_id) = (text("profile"), text("role_arn"), text("external_id"));
    let regions = section.get("regions").and_then(|node| regions(reader, node)).map(|regions| regions.value);
    let said = section.get("account_id").and_then(|node| reader.account_id(node)).map(|id| id.value);
    if section.is_empty() {
        reader.wrong(section.location(), "an account needs a `profile`, a `role_arn` or an `account_id`");
    }
    if external_id.is_some() && role_arn.is_none() {
        reader.wrong(section.location(), "an `external_id` is for a `role_arn`, and there is none");
    }
    let of_role = role_arn.as_deref().map(|arn| account_of_role(arn).map(str::to_owned));
    if let Some(None) = of_role {
        let node = section.get("role_arn").unwrap_or(node);
        reader.wrong(node.location(), "this is no ARN of a role: they look like arn:aws:iam::111122223333:role/audit");
    }
    let of_role = of_role.flatten();
    if let (Some(said), Some(of_role)) = (&said, &of_role)
        && said != of_role
    {
        reader.wrong(section.location(), format!("the role is of account {of_role}, and `account_id` is {said}"));
    }
    let account_id = said.or(of_role);
    let regions = regions.unwrap_or_default();
    Some(reader.located(node, Account { account_id, profile, role_arn, external_id, regions }))
}

/// Where what is new goes, and as whom.
fn deliver(reader: &mut Reader, node: &Node, folder: &Path) -> Option<Located<Deliver>> {
    let section = reader.section(node, "in `deliver`", &keys::DELIVER)?;
    let mut text = |key| section.get(key).and_then(|node| reader.text(node));
    let [file, topic, bucket] = ["file", "sns", "s3"].map(&mut text);
    let [profile, role_arn, external_id] =
        ["profile", "role_arn", "external_id"].map(|key| text(key).map(|text| text.value));
    let mut wrong = |at: Position, message: String| reader.mistakes.push(Mistake { at, message });
    let topic =
        topic.and_then(|text| text.value.parse::<Topic>().map_err(|error| wrong(text.at, error.to_string())).ok());
    let bucket =
        bucket.and_then(|text| text.value.parse::<Address>().map_err(|error| wrong(text.at, error.to_string())).ok());
    let hubs = section.get("security_hub").map(|node| hubs(reader, node)).unwrap_or_default();
    if ["file", "sns", "s3", "security_hub"].into_iter().all(|key| section.get(key).is_none()) {
        let message = "`deliver` says where to: with `file`, `sns`, `s3`, `security_hub`, or several of them";
        reader.wrong(section.location(), message);
    }
    if (topic.is_some() || bucket.is_some() || !hubs.is_empty()) && profile.is_none() && role_arn.is_none() {
        let message = "`sns`, `s3` and `security_hub` are written to by a role of their own: name it with `role_arn` or \
            `profile`, since what scans needs no leave to write";
        reader.wrong(section.location(), message);
    }
    if external_id.is_some() && role_arn.is_none() {
        reader.wrong(section.location(), "an `external_id` is for a `role_arn`, and there is none");
    }
    let file = file.map(|file| folder.join(file.value));
    Some(reader.located(node, Deliver { file, topic, bucket, hubs, profile, role_arn, external_id }))
}

/// The regions of Security Hub, each once.
fn hubs(reader: &mut Reader, node: &Node) -> Vec<String> {
    let mut hubs = Vec::new();
    for region in reader.texts(node) {
        if !is_region(&region.value) {
            let message = format!("`{}` is no region: they look like eu-west-1", region.value);
            reader.mistakes.push(Mistake { at: region.at, message });
        } else if !hubs.contains(&region.value) {
            hubs.push(region.value);
        }
    }
    hubs
}

/// The account in the ARN of a role.
fn account_of_role(arn: &str) -> Option<&str> {
    match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && role.starts_with("role/") =>
        {
            Some(account)
        }
        _ => None,
    }
}

/// Of several accounts each has to say whose it is: when it cannot be reached, nobody else can.
fn whose(reader: &mut Reader, accounts: &[Located<Account>]) {
    let mut seen = BTreeMap::<&str, &Position>::new();
    for account in accounts.iter().filter(|_| accounts.len() > 1) {
        let message = match &account.value.account_id {
            None => {
                "of several accounts each needs an `account_id`, or a `role_arn` that has it: so that its gaps can be \
                     told when it cannot be reached"
                    .to_owned()
            }
            Some(id) => match seen.insert(id, &account.at) {
                None => continue,
                Some(first) => format!("the account {id} is named in line {} already", first.line),
            },
        };
        reader.mistakes.push(Mistake { at: account.at.clone(), message });
    }
}

/// `encrypted-volumes`, or `{rule: encrypted-volumes, severity: critical, parameters: {…}}`.
fn rule(reader: &mut Reader, node: &Node) -> Option<Located<RuleEntry>> {
    if let Content::Text(_) = node.content() {
        let rule = reader.text(node)?.value;
        return Some(reader.located(node, RuleEntry { rule, ..RuleEntry::default() }));
    }
    let section = reader.section(node, "in `rules`", &keys::RULE)?;
    let Some(name) = section.get("rule") else {
        reader.wrong(section.location(), "an entry of `rules` needs the key `rule`: an id, or a pattern of ids");
        return None;
    };
    let rule = reader.text(name)?;
    let severity = section.get("severity").and_then(|node| reader.word(node, &severities(), severity));
    let mut parameters = Vec::new();
    if let Some(node) = section.get("parameters") {
        for (key, node) in reader.members(node, "for `parameters`").unwrap_or_default() {
            if let Some(value) = reader.parameter(node) {
                parameters.push((key.value.clone(), Located { value, at: reader.at(key.referenced) }));
            }
        }
    }
    let entry = RuleEntry { rule: rule.value, severity: severity.map(|one| one.value), parameters };
    Some(Located { value: entry, at: rule.at })
}

/// `cis-aws-foundations-3.0`, or `{pack: my-pack.yaml, parameters: {MaxAge: 60}}`.
fn pack(reader: &mut Reader, node: &Node, folder: &Path) -> Option<Located<PackEntry>> {
    if let Content::Text(_) = node.content() {
        let pack = pack::Wanted::new(&reader.text(node)?.value, folder);
        return Some(reader.located(node, PackEntry { pack, parameters: BTreeMap::new() }));
    }
    let section = reader.section(node, "in `packs`", &keys::PACK)?;
    let Some(name) = section.get("pack") else {
        reader.wrong(section.location(), "an entry of `packs` needs the key `pack`: a name, or a file");
        return None;
    };
    let pack = reader.text(name)?;
    let mut parameters = BTreeMap::new();
    if let Some(node) = section.get("parameters") {
        for (key, node) in reader.members(node, "for `parameters`").unwrap_or_default() {
            parameters.extend(reader.parameter(node).map(|value| (key.value.clone(), value)));
        }
    }
    Some(Located { value: PackEntry { pack: pack::Wanted::new(&pack.value, folder), parameters }, at: pack.at })
}

/// `KEY` or `KEY=VALUE`, one or several.
fn tags(reader: &mut Reader, node: &Node) -> Option<Located<Vec<Tag>>> {
    let mut tags = Vec::new();
    for text in reader.texts(node) {
        let (key, value) = match text.value.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text.value.as_str(), None),
        };
        if key.is_empty() {
            reader.mistakes.push(Mistake { at: text.at, message: "a tag has a key: KEY or KEY=VALUE".to_owned() });
        } else {
            tags.push((key.to_owned(), value));
        }
    }
    (!tags.is_empty()).then(|| reader.located(node, tags))
}

/// `{sarif: assize.sarif, json: report.json}`.
fn outputs(reader: &mut Reader, node: &Node, folder: &Path) -> Vec<Located<(Format, PathBuf)>> {
    let known = Format::ALL.map(Format::as_str);
    let mut outputs = Vec::<Located<(Format, PathBuf)>>::new();
    let Some(section): Option<Section<'_>> = reader.section(node, "in `outputs`", &known) else { return outputs };
    for format in Format::ALL {
        for path in section.get(format.as_str()).map(|node| reader.texts(node)).unwrap_or_default() {
            let file = folder.join(&path.value);
            if outputs.iter().any(|other| other.value.1 == file) {
                let message = format!("{} is named for two reports", path.value);
                reader.mistakes.push(Mistake { at: path.at, message });
            } else {
                outputs.push(Located { value: (format, file), at: path.at });
            }
        }
    }
    outputs
}

fn budget(reader: &mut Reader, node: &Node) -> Option<Located<u64>> {
    let number = match node.content() {
        Content::Integer(number) => u64::try_from(*number).ok().filter(|number| *number > 0),
        _ => None,
    };
    if number.is_none() {
        reader.wrong(node.location(), "`budget` is a whole number of requests, at least 1");
    }
    number.map(|number| reader.located(node, number))
}

fn threads(reader: &mut Reader, node: &Node) -> Option<Located<u16>> {
    let number = match node.content() {
        Content::Integer(number) => u16::try_from(*number).ok().filter(|number| *number > 0),
        _ => None,
    };
    if number.is_none() {
        reader.wrong(node.location(), "`threads` is a whole number from 1 to 65535");
    }
    number.map(|number| reader.located(node, number))
}
