//! What is asked for in all: flags override the configuration file, the file overrides the defaults.
//!
//! Each command hands its flags here; what they leave open is filled in from the file. Where each value came from is noted
//! for `assize config show`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assize::collect::{RecordedTypes, RecordingProfile};
use assize::config::{self, Config, ConfigError, Position};
use assize::evaluation::Severity;
use assize::exemption::Exemptions;
use assize::pack::{self, Pack};
use assize::pattern::Pattern;
use assize::report::Format;
use assize::rule::RuleSet;
use assize::source::descriptor::Catalog;

use crate::cli;
use crate::failure::{Failure, causes};
use crate::input;

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Default,
    File(Position),
    Environment(&'static str),
    Flag(&'static str),
}

/// The environment's word for the store.
const STORE: &str = "ASSIZE_STORE";

/// A value with its origin, in words.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// The file, and what came of it and the flags so far.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    config: Option<Config>,
    resolved: Vec<Setting>,
}

/// The rules that run, and what the file says of them.
pub(crate) struct Asked {
    pub(crate) rules: RuleSet,
    /// The packs that are asked for, and what is done for each of their rules.
    pub(crate) packs: Vec<(Pack, Vec<pack::Run>)>,
    pub(crate) exemptions: Exemptions,
    /// By rule, the line of the file that asks for it.
    pub(crate) lines: BTreeMap<String, u64>,
}

impl Settings {
    /// Reads the file that the flags name, or the one that is looked for.
    pub(crate) fn load(flags: &cli::ConfigFile) -> Result<Self, Failure> {
        let path = match &flags.config {
            _ if flags.no_config => None,
            Some(path) => Some(path.as_path()),
            None => Some(Path::new(config::FILE)).filter(|path| path.exists()),
        };
        let config = path.map(Config::load).transpose().map_err(|error| unusable(&error))?;
        Ok(Self { config, resolved: Vec::new() })
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.config.as_ref().map(|config| config.file.as_path())
    }

    /// All values so far, in the order in which they were resolved.
    pub(crate) fn resolved(&self) -> &[Setting] {
        &self.resolved
    }

    /// Resolves all that a scan asks for, apart from its threads.
    pub(crate) fn scan(&mut self, flags: &mut cli::Scan) {
        self.account(&mut flags.account);
        self.choice(&mut flags.choice);
        self.targets(&mut flags.targets);
        self.definitions(&mut flags.definitions);
        self.store(&mut flags.store);
        self.iac(&mut flags.iac);
        self.output(&mut flags.output);
    }

    fn note(&mut self, key: &'static str, value: impl Into<String>, origin: Origin) {
        self.resolved.push(Setting { key, value: value.into(), origin });
    }

    /// Notes that a value is the flag's, or by default.
    fn note_flag(&mut self, key: &'static str, flag: &'static str, given: Option<String>, default: &str) {
        match given {
            Some(value) => self.note(key, value, Origin::Flag(flag)),
            None => self.note(key, default, Origin::Default),
        }
    }

    /// The accounts and regions. A recording has its own.
    pub(crate) fn account(&mut self, flags: &mut cli::Account) {
        let recording = if flags.demo { Some("--demo") } else { flags.replay.as_ref().map(|_| "--replay") };
        if let Some(flag) = recording {
            self.note("accounts", "that of the recording", Origin::Flag(flag));
            if flags.regions.is_empty() {
                self.note("regions", "those of the recording", Origin::Flag(flag));
            } else {
                self.note("regions", flags.regions.join(", "), Origin::Flag("--region"));
            }
            return;
        }
        let from_file = self.config.as_ref().map(|config| config.accounts.clone()).unwrap_or_default();
        if let Some(profile) = &flags.credentials.profile {
            self.note("accounts", format!("profile {profile}"), Origin::Flag("--profile"));
        }
        if let Some(role) = &flags.credentials.role_arn {
            self.note("accounts", format!("role {role}"), Origin::Flag("--role-arn"));
        }
        if flags.credentials.profile.is_none() && flags.credentials.role_arn.is_none() {
            if from_file.is_empty() {
                self.note("accounts", "that of the credentials that the AWS CLI would use", Origin::Default);
            }
            for account in from_file {
                self.note("accounts", described(&account.value), Origin::File(account.at));
                flags.accounts.push(account.value);
            }
        }
        if !flags.regions.is_empty() {
            // What a flag names is meant for all of them.
            flags.accounts.iter_mut().for_each(|account| account.regions.clear());
        }
        self.regions(&mut flags.regions);
        match self.config.as_ref().and_then(|config| config.budget.clone()) {
            Some(budget) if flags.budget.is_none() => {
                self.note("budget", budget.value.to_string(), Origin::File(budget.at));
                flags.budget = Some(budget.value);
            }
            _ => self.note_flag(
                "budget",
                "--budget",
                flags.budget.map(|given| given.to_string()),
                "as many requests as it takes",
            ),
        }
    }

    /// The regions for all accounts.
    pub(crate) fn regions(&mut self, flags: &mut Vec<String>) {
        match self.config.as_ref().and_then(|config| config.regions.clone()) {
            Some(regions) if flags.is_empty() => {
                self.note("regions", regions.value.join(", "), Origin::File(regions.at));
                *flags = regions.value;
            }
            _ => {
                let given = (!flags.is_empty()).then(|| flags.join(", "));
                self.note_flag("regions", "--region", given, "that of the profile");
            }
        }
    }

    /// What is recorded of what is asked for.
    ///
    /// # Errors
    /// It names types that there are none of.
    pub(crate) fn record(&mut self, catalog: &Catalog) -> Result<Arc<RecordingProfile>, Failure> {
        let Some(record) = self.config.as_ref().and_then(|config| config.record.clone()) else {
            self.note("record", "all that is asked for", Origin::Default);
            return Ok(Arc::default());
        };
        self.check_types(catalog)?;
        let RecordingProfile { everywhere, regions } = &*record.value.profile;
        let told = |place: &str, types: &RecordedTypes| {
            let only = if types.only.is_empty() { "all types".to_owned() } else { types.only.texts().join(", ") };
            let except: Vec<&str> = types.except.iter().map(Pattern::as_str).collect();
            let except = if except.is_empty() { String::new() } else { format!(" except {}", except.join(", ")) };
            format!("{place}{only}{except}")
        };
        self.note("record", told("", everywhere), Origin::File(record.at.clone()));
        for (region, types) in regions {
            self.note("record", told(&format!("in {region}: "), types), Origin::File(record.at.clone()));
        }
        Ok(record.value.profile)
    }

    /// The rules, with their severities and parameters.
    pub(crate) fn choice(&mut self, flags: &mut cli::Choice) {
        let Config { rules, packs, rule_folders, .. } = self.config.clone().unwrap_or_default();
        let by_flag = !flags.rules.is_empty() || !flags.packs.is_empty();
        if !flags.rules.is_empty() {
            self.note("rules", flags.rules.join(", "), Origin::Flag("--rule"));
        } else if !by_flag && rules.is_empty() && packs.is_empty() {
            self.note("rules", "all that are not deprecated", Origin::Default);
        }
        for pack in &flags.packs {
            self.note("packs", pack.clone(), Origin::Flag("--pack"));
        }
        for entry in packs.iter().filter(|_| !by_flag) {
            self.note("packs", entry.value.pack.to_string(), Origin::File(entry.at.clone()));
            flags.packs_of_file.push(entry.value.clone());
        }
        for entry in &rules {
            if !by_flag {
                flags.rules.push(entry.value.rule.clone());
                self.note("rules", entry.value.rule.clone(), Origin::File(entry.at.clone()));
            }
            if let Some(severity) = entry.value.severity {
                flags.overrides.push((entry.value.rule.clone(), severity));
                let value = format!("{} of {}", severity.as_str(), entry.value.rule);
                self.note("severity", value, Origin::File(entry.at.clone()));
            }
            flags.parameters_of_file.extend(entry.value.assignments());
            for (name, value) in &entry.value.parameters {
                let text = format!("{}.{name} = {}", entry.value.rule, value.value);
                self.note("parameters", text, Origin::File(value.at.clone()));
            }
        }
        for parameter in &flags.parameters {
            let rule = parameter.rule.as_ref().map(|rule| format!("{rule}.")).unwrap_or_default();
            let text = format!("{rule}{} = {}", parameter.name, parameter.value);
            self.note("parameters", text, Origin::Flag("--param"));
        }
        // A folder of the command line comes last: its rules take the place of others of their ids.
        let of_flags = std::mem::take(&mut flags.folders);
        for folder in rule_folders {
            self.note("rule_folders", shown(&folder.value), Origin::File(folder.at));
            flags.folders.push(folder.value);
        }
        for folder in of_flags {
            self.note("rule_folders", shown(&folder), Origin::Flag("--rules"));
            flags.folders.push(folder);
        }
    }

    /// Which resources are judged.
    pub(crate) fn targets(&mut self, flags: &mut cli::Targets) {
        let written = |tags: &[config::Tag]| {
            let tag = |(key, value): &config::Tag| value.as_ref().map_or(key.clone(), |value| format!("{key}={value}"));
            tags.iter().map(tag).collect::<Vec<_>>().join(", ")
        };
        if !flags.tags.is_empty() {
            let (tags, how) = (written(&flags.tags), if flags.all_tags { "all" } else { "any" });
            self.note("targets", format!("{how} of {tags}"), Origin::Flag("--tag"));
            let of_flags = if flags.all_tags { &mut flags.all } else { &mut flags.any };
            *of_flags = std::mem::take(&mut flags.tags);
            return;
        }
        let Config { any_tags, all_tags, .. } = self.config.clone().unwrap_or_default();
        if any_tags.is_none() && all_tags.is_none() {
            self.note("targets", "all resources", Origin::Default);
        }
        for (how, tags, target) in [("any", any_tags, &mut flags.any), ("all", all_tags, &mut flags.all)] {
            if let Some(tags) = tags {
                self.note("targets", format!("{how} of {}", written(&tags.value)), Origin::File(tags.at));
                *target = tags.value;
            }
        }
    }

    /// Resource types and models of the user's own.
    pub(crate) fn definitions(&mut self, flags: &mut cli::Definitions) {
        let Config { resources, models, .. } = self.config.clone().unwrap_or_default();
        for (key, flag, given, from_file) in [
            ("definitions.resources", "--resources", &mut flags.resources, resources),
            ("definitions.models", "--models", &mut flags.models, models),
        ] {
            match from_file {
                Some(folder) if given.is_none() => {
                    self.note(key, shown(&folder.value), Origin::File(folder.at));
                    *given = Some(folder.value);
                }
                _ => self.note_flag(key, flag, given.as_deref().map(shown), "none of one's own"),
            }
        }
    }

    /// Where history is kept: the environment is nearer than a file that others share.
    pub(crate) fn store(&mut self, flags: &mut cli::Store) {
        let of_environment = std::env::var_os(STORE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let of_file = self.config.as_ref().and_then(|config| config.store.clone());
        let (path, origin) = match (&flags.store, of_environment, of_file) {
            _ if flags.no_store => (None, Origin::Flag("--no-store")),
            (Some(path), _, _) => (Some(path.clone()), Origin::Flag("--store")),
            (None, Some(path), _) => (Some(path), Origin::Environment(STORE)),
            (None, None, Some(path)) => (Some(path.value), Origin::File(path.at)),
            (None, None, None) => (None, Origin::Default),
        };
        self.note("store", path.as_deref().map_or_else(|| "none".to_owned(), shown), origin);
        flags.store = path;
    }

    /// Where resources are defined.
    pub(crate) fn iac(&mut self, flags: &mut cli::Iac) {
        let Config { iac, iac_states, .. } = self.config.clone().unwrap_or_default();
        match iac {
            Some(folder) if flags.iac.is_none() => {
                self.note("iac", shown(&folder.value), Origin::File(folder.at));
                flags.iac = Some(folder.value);
            }
            _ => self.note_flag("iac", "--iac", flags.iac.as_deref().map(shown), "no folder"),
        }
        if !flags.iac_states.is_empty() {
            self.note("iac_states", flags.iac_states.join(", "), Origin::Flag("--iac-state"));
            return;
        }
        for state in iac_states {
            self.note("iac_states", state.value.clone(), Origin::File(state.at));
            flags.iac_states.push(state.value);
        }
    }

    /// Where what is new is delivered to, if the file says so.
    pub(crate) fn deliver(&mut self) -> Option<config::Deliver> {
        let deliver = self.config.as_ref()?.deliver.clone()?;
        let channels = deliver.value.channels().into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        self.note("deliver", channels.join(", "), Origin::File(deliver.at));
        Some(deliver.value)
    }

    /// Where reports go, and what is a failure.
    pub(crate) fn output(&mut self, flags: &mut cli::Output) {
        let Config { outputs, fail_on, sarif_suppressions, .. } = self.config.clone().unwrap_or_default();
        let written = |format: Format, path: &Path| format!("{format} to {}", shown(path));
        if !flags.outputs.is_empty() {
            for (format, path) in flags.outputs.clone() {
                self.note("outputs", written(format, &path), Origin::Flag("--output"));
            }
        } else if outputs.is_empty() {
            self.note("outputs", "standard output only", Origin::Default);
        } else {
            for output in outputs {
                let (format, path) = output.value;
                self.note("outputs", written(format, &path), Origin::File(output.at));
                flags.outputs.push((format, path));
            }
        }
        match fail_on {
            Some(fail_on) if flags.fail_on.is_none() => {
                self.note("fail_on", fail_on.value.to_string(), Origin::File(fail_on.at));
                flags.fail_on = Some(fail_on.value);
            }
            _ => {
                let given = flags.fail_on.map(|given| given.to_string());
                self.note_flag("fail_on", "--fail-on", given, Severity::Informational.as_str());
            }
        }
        match sarif_suppressions {
            Some(asked) if !flags.sarif_suppressions => {
                self.note("sarif_suppressions", asked.value.to_string(), Origin::File(asked.at));
                flags.sarif_suppressions = asked.value;
            }
            _ => {
                let given = flags.sarif_suppressions.then(|| true.to_string());
                self.note_flag("sarif_suppressions", "--sarif-suppressions", given, "false");
            }
        }
    }

    /// On how many threads to judge; 0 for all cores.
    pub(crate) fn threads(&mut self, flag: usize) -> usize {
        match self.config.as_ref().and_then(|config| config.threads.clone()) {
            Some(threads) if flag == 0 => {
                self.note("threads", threads.value.to_string(), Origin::File(threads.at));
                usize::from(threads.value)
            }
            _ => {
                self.note_flag("threads", "--threads", (flag > 0).then(|| flag.to_string()), "one a core");
                flag
            }
        }
    }

    /// Fails where the file speaks of packs that it does not ask for.
    pub(crate) fn check_packs(&self) -> Result<(), Failure> {
        self.config.as_ref().map_or(Ok(()), |config| config.check_packs().map_err(|error| unusable(&error)))
    }

    /// Whether the resource types that the file speaks of are there.
    pub(crate) fn check_types(&self, catalog: &Catalog) -> Result<(), Failure> {
        let checked = self.config.as_ref().map_or(Ok(()), |config| config.check_types(catalog));
        checked.map_err(|error| unusable(&error).help("assize resources list shows the types there are"))
    }

    /// Whether the rules that the file speaks of are there.
    pub(crate) fn check_rules(&self, all: &RuleSet) -> Result<(), Failure> {
        let checked = self.config.as_ref().map_or(Ok(()), |config| config.check(all));
        checked.map_err(|error| unusable(&error).help("assize rules list shows the rules there are"))
    }

    /// The rules that the choice stands for, once it is made, with what is exempted from them.
    pub(crate) fn rules(&mut self, choice: &cli::Choice) -> Result<Asked, Failure> {
        let all = input::all_rules(&choice.folders)?;
        self.check_rules(&all)?;
        let pack::Choice { rules, packs } = input::chosen(&all, choice)?;
        let Some(config) = self.config.clone() else {
            return Ok(Asked { rules, packs, exemptions: Exemptions::default(), lines: BTreeMap::new() });
        };
        for exemption in &config.exemptions {
            let one = &exemption.value;
            let until = one.expires.map_or_else(|| "for ever".to_owned(), |day| format!("until {day}"));
            let rules = one.rules.texts().join(", ");
            self.note(
                "exemptions",
                format!("{rules} on {}, {until}", one.resource),
                Origin::File(exemption.at.clone()),
            );
        }
        let lines = config.lines(&all, if choice.packs.is_empty() { &packs } else { &[] });
        Ok(Asked { rules, packs, exemptions: config.exemptions(&all), lines })
    }

    /// Whether something that the file asks for is told by tags.
    pub(crate) fn need_tags(&self) -> bool {
        self.config.as_ref().is_some_and(|config| {
            let by_tags = |one: &config::Located<assize::exemption::Exemption>| !one.value.resource.tags.is_empty();
            config.any_tags.is_some()
                || config.all_tags.is_some()
                || config.iac.is_some()
                || config.exemptions.iter().any(by_tags)
        })
    }
}

fn shown(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}

/// `account 111122223333 by profile audit`.
fn described(account: &config::Account) -> String {
    let parts = [
        account.account_id.as_ref().map(|id| format!("account {id}")),
        account.profile.as_ref().map(|profile| format!("profile {profile}")),
        account.role_arn.as_ref().map(|role| format!("role {role}")),
        (!account.regions.is_empty()).then(|| format!("regions {}", account.regions.join(" "))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Why a file cannot be used.
fn unusable(error: &ConfigError) -> Failure {
    let failure = Failure::new(causes(error));
    match error {
        ConfigError::Mistakes(_) => failure.help("docs/config.md describes the file; --no-config does without"),
        _ => failure,
    }
}
