//! The rules of a run: the built-in ones and those of folders, the choice among them, and their parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::load::{self, Folder, LoadError};
use super::{Category, ParameterError, ParameterValues, Rule, Texts};
use crate::embedded;
use crate::evaluation::{RuleError, Severity};
use crate::item::ConfigurationItem;
use crate::nearest::nearest;
use crate::value::{Unreadable, Value};

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// A rule with the parameters it is run with.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The values of all its parameters.
    pub parameters: ParameterValues,
    /// How bad its findings are in this run, where that is not what the rule says.
    pub severity: Option<Severity>,
    /// The name under which it answers, where a rule runs more than once: its id, `@`, and what asks for it.
    pub name: Option<Arc<str>>,
    /// Which resources it is for, where that is not all that the rule can judge.
    pub scope: Option<Scope>,
}

/// Which resources a rule is for in a run, of those that it can judge. All conditions that are given have to hold. It is what
/// AWS Config calls the scope of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scope {
    /// Of these types. Empty: of all.
    pub resource_types: BTreeSet<Arc<str>>,
    /// Of this id.
    pub resource_id: Option<String>,
    /// With this tag: the key, and the value unless any will do.
    pub tag: Option<(String, Option<String>)>,
}

impl Scope {
    /// Whether items of a type may be among them.
    pub fn may_be_of(&self, resource_type: &str) -> bool {
        self.resource_types.is_empty() || self.resource_types.contains(resource_type)
    }

    /// Whether it includes an item. It is not known if that takes a tag and the tags could not be read.
    ///
    /// # Errors
    /// Why the tags are not known.
    pub fn includes(&self, item: &ConfigurationItem) -> Result<bool, Arc<Unreadable>> {
        let is_type = self.may_be_of(&item.key.resource_type);
        let is_id = self.resource_id.as_deref().is_none_or(|id| *id == *item.key.resource_id);
        match &self.tag {
            Some(tag) if is_type && is_id => item.has_tag(tag),
            _ => Ok(is_type && is_id),
        }
    }
}

impl Chosen {
    /// A rule with its parameters, on all that it can judge.
    pub fn new(rule: Arc<Rule>, parameters: ParameterValues) -> Self {
        Self { rule, parameters, severity: None, name: None, scope: None }
    }

    /// The name under which it answers: the rule's id, unless the rule runs more than once.
    pub fn id(&self) -> &Arc<str> {
        self.name.as_ref().unwrap_or(&self.rule.id)
    }

    /// How bad a finding is, unless the rule gives it a severity of its own.
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or(self.rule.severity)
    }

    /// What has to be collected for the rule: see [`Rule::needs`].
    pub fn needs(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.rule.needs(&self.parameters)
    }
}

/// What a rule ran with beside its parameters: the members of [`Chosen`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recorded {
    /// Another severity than the rule's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The name under which it answered, where it ran more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// Which resources it was for, where that was not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

impl From<&Chosen> for Recorded {
    fn from(chosen: &Chosen) -> Self {
        Self { severity: chosen.severity, name: chosen.name.clone(), scope: chosen.scope.clone() }
    }
}

/// Rules by id.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: BTreeMap<Arc<str>, Chosen>,
    /// By type, the ids of the rules that judge it.
    by_type: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    errors: Vec<RuleError>,
}

/// Which of the rules are to be run, and with what. All conditions that are given have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids, aliases (AWS Config's identifiers, `ENCRYPTED_VOLUMES`), or globs on ids. Empty: all rules that are not
    /// deprecated.
    pub rules: Vec<String>,
    /// Folders, such as `ec2`.
    pub services: BTreeSet<String>,
    /// Severities of the rules.
    pub severities: BTreeSet<Severity>,
    /// What the rules are good for.
    pub categories: BTreeSet<Category>,
    /// Values of parameters. Of two for one parameter the later counts.
    pub parameters: Vec<Assignment>,
    /// Other severities than the rules say: by id, alias or glob. Of two for one rule the later counts.
    pub overrides: Vec<(String, Severity)>,
}

/// A value for a parameter, of one rule or of all chosen rules that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The rule's id, an alias, or a glob; without it all chosen rules that have the parameter.
    pub rule: Option<String>,
    /// The parameter.
    pub name: String,
    /// The value as text.
    pub value: String,
}

impl std::str::FromStr for Assignment {
    type Err = ParameterError;

    /// `name=value`, or `rule-id.name=value`.
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let malformed = || ParameterError::Malformed { given: text.to_owned() };
        let (name, value) = text.split_once('=').ok_or_else(malformed)?;
        let (rule, name) = match name.trim().rsplit_once('.') {
            Some((rule, name)) => (Some(rule.to_owned()), name),
            None => (None, name.trim()),
        };
        if name.is_empty() || rule.as_deref() == Some("") {
            return Err(malformed());
        }
        Ok(Self { rule, name: name.to_owned(), value: value.to_owned() })
    }
}

/// A choice of rules that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// No rule has this id, alias or form of an id.
    #[error("there is no rule {wanted}{}", nearest.as_ref().map(|id| format!("; did you mean {id}?")).unwrap_or_default())]
    NoSuchRule {
        /// What was asked for.
        wanted: String,
        /// The most like it.
        nearest: Option<String>,
    },
    /// A glob that is none.
    #[error("{glob} is not a pattern for rule ids")]
    Glob {
        /// What was given.
        glob: String,
        /// Why.
        #[source]
        source: globset::Error,
    },
    /// No rule fulfils all conditions.
    #[error("no rule fulfils all of the conditions")]
    Nothing,
    /// No rule is of this service.
    #[error("there are no rules for the service {wanted}; there are some for {}", known.join(", "))]
    NoSuchService {
        /// What was asked for.
        wanted: String,
        /// The services there are.
        known: Vec<String>,
    },
    /// A parameter is given wrongly.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl Folder {
    /// The texts of the rules that come with assize, their cases too.
    ///
    /// # Panics
    /// If they are not what `build.rs` wrote.
    pub fn builtin() -> Self {
        let written: BTreeMap<String, String> =
            serde_json::from_str(&embedded::text(WRITTEN)).expect("what the build packed is texts by path");
        let scripts = SCRIPTS.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Self::from_texts(written.into_iter().chain(scripts).collect())
    }
}

impl RuleSet {
    /// The rules that come with assize. Their scripts are compiled when assize is tested, and then as they are called.
    pub fn builtin() -> Self {
        let text = |path: &str| {
            let at = SCRIPTS.binary_search_by_key(&path, |(path, _)| path).ok()?;
            SCRIPTS.get(at).map(|(_, text)| *text)
        };
        let libraries = SCRIPTS
            .iter()
            .filter_map(|(path, text)| Some((path.strip_prefix("lib/")?.strip_suffix(".rhai")?, text)))
            .map(|(name, text)| (name.to_owned(), (*text).to_owned()))
            .collect();
        let mut set = Self::default();
        for (path, metadata) in METADATA {
            set.take(path, load::embedded(path, (*metadata).into(), text(&format!("{path}.rhai")), &libraries));
        }
        set
    }

    /// The rules of a folder and its subfolders: `<service>/<id>.yaml`, each with its script beside it. A file that is
    /// wrong is an error of that rule only, and stands in [`RuleSet::errors`].
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn load_dir(root: &Path) -> Result<Self, LoadError> {
        Ok(Self::from_folder(&Folder::read(root)?))
    }

    /// The rules of texts that were read.
    pub fn from_folder(folder: &Folder) -> Self {
        let mut set = Self::default();
        for (path, files) in &folder.rules {
            set.take(path, load::rule(path, files, &folder.libraries));
        }
        for orphan in &folder.orphans {
            set.errors.push(RuleError {
                rule: orphan.clone(),
                resource: None,
                message: "the file belongs to no rule: there is no .yaml file of the same name beside it".to_owned(),
            });
        }
        set
    }

    /// Rules as they were run once, each with its parameters and severity. A rule that cannot be made any more is an error of that rule.
    pub fn recorded(rules: impl IntoIterator<Item = (Texts, BTreeMap<String, Value>, Recorded)>) -> Self {
        let mut set = Self::default();
        for (texts, given, recorded) in rules {
            let fail = |message| RuleError { rule: texts.path.clone(), resource: None, message };
            let made = texts.rule().map_err(|error| fail(error.to_string())).and_then(|rule| {
                let parameters = ParameterValues::new(&rule, &given).map_err(|error| fail(error.to_string()))?;
                let Recorded { severity, name, scope } = recorded;
                Ok(Chosen { severity, name, scope, ..Chosen::new(Arc::new(rule), parameters) })
            });
            match made {
                Ok(chosen) => set.insert(chosen),
                Err(error) => set.errors.push(error),
            }
        }
        set
    }

    /// Adds a rule, or the reason why it is not there.
    fn take(&mut self, path: &str, loaded: Result<Rule, LoadError>) {
        match loaded {
            Ok(rule) => self.add(rule),
            Err(error) => {
                self.errors.push(RuleError { rule: path.to_owned(), resource: None, message: error.to_string() });
            }
        }
    }

    /// Adds a rule with the defaults of its parameters.
    fn add(&mut self, rule: Rule) {
        if self.rules.contains_key(&rule.id) {
            self.errors.push(RuleError {
                rule: rule.id.to_string(),
                resource: None,
                message: "there is a rule of this id already".to_owned(),
            });
            return;
        }
        // Required parameters are looked for when rules are chosen, not while nobody asked for the rule.
        let parameters = ParameterValues::new(&rule, &BTreeMap::new()).unwrap_or_default();
        self.insert(Chosen::new(Arc::new(rule), parameters));
    }

    /// The same, with other severities than the rules say: by id, alias or glob. Of two for one rule the later counts.
    #[must_use]
    pub fn with_severities(mut self, overrides: &[(String, Severity)]) -> Self {
        for (wanted, severity) in overrides {
            let glob = Glob::new(wanted).ok().map(|glob| glob.compile_matcher());
            for Chosen { rule, severity: of_run, .. } in self.rules.values_mut() {
                let is_alias = rule.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(wanted));
                if is_alias || glob.as_ref().is_some_and(|glob| glob.is_match(&*rule.id)) {
                    *of_run = (*severity != rule.severity).then_some(*severity);
                }
            }
        }
        self
    }

    /// None of the rules, with the errors of those that could not be loaded.
    #[must_use]
    pub fn without_rules(&self) -> Self {
        Self { errors: self.errors.clone(), ..Self::default() }
    }

    /// With these rules as well, each under its name.
    #[must_use]
    pub fn with(mut self, rules: impl IntoIterator<Item = Chosen>) -> Self {
        for chosen in rules {
            self.insert(chosen);
        }
        self
    }

    /// Adds the rules of another set, such as those of a user's folder to the built-in ones. With `replace`, a rule of the
    /// same id takes the place of the one that is there; without, it is an error of that rule.
    pub fn extend(&mut self, other: Self, replace: bool) {
        self.errors.extend(other.errors);
        for (id, chosen) in other.rules {
            if self.rules.contains_key(&id) {
                if !replace {
                    self.errors.push(RuleError {
                        rule: id.to_string(),
                        resource: None,
                        message: "there is a built-in rule of this id".to_owned(),
                    });
                    continue;
                }
                self.remove(&id);
            }
            self.insert(chosen);
        }
    }

    fn insert(&mut self, chosen: Chosen) {
        let id = Arc::clone(chosen.id());
        for kind in &chosen.rule.resource_types {
            let ids = self.by_type.entry(Arc::clone(kind)).or_default();
            if let Err(at) = ids.binary_search(&id) {
                ids.insert(at, Arc::clone(&id));
            }
        }
        self.rules.insert(id, chosen);
    }

    fn remove(&mut self, id: &str) {
        self.rules.remove(id);
        for ids in self.by_type.values_mut() {
            ids.retain(|other| **other != *id);
        }
    }

    /// The chosen rules with their parameters.
    ///
    /// # Errors
    /// A name that no rule has, conditions that no rule fulfils, a parameter that is wrong.
    pub fn select(&self, selection: &Selection) -> Result<Self, SetError> {
        let named = self.named(&selection.rules)?;
        let services: BTreeSet<&str> = self.iter().map(|chosen| chosen.rule.service.as_str()).collect();
        if let Some(wanted) = selection.services.iter().find(|service| !services.contains(service.as_str())) {
            return Err(SetError::NoSuchService {
                wanted: wanted.clone(),
                known: services.into_iter().map(str::to_owned).collect(),
            });
        }
        let mut severities = BTreeMap::new();
        for (name, severity) in &selection.overrides {
            severities.extend(self.meant(name)?.into_iter().map(|id| (id, *severity)));
        }
        let severity = |rule: &Rule| severities.get(&rule.id).copied().unwrap_or(rule.severity);
        let mut chosen: Vec<&Chosen> = self
            .iter()
            .filter(|Chosen { rule, .. }| {
                named.as_ref().map_or(rule.maturity != super::Maturity::Deprecated, |ids| ids.contains(&rule.id))
                    && (selection.services.is_empty() || selection.services.contains(&rule.service))
                    && (selection.severities.is_empty() || selection.severities.contains(&severity(rule)))
                    && (selection.categories.is_empty() || selection.categories.contains(&rule.category))
            })
            .collect();
        chosen.sort_by(|a, b| a.rule.id.cmp(&b.rule.id));
        if chosen.is_empty() {
            return Err(SetError::Nothing);
        }
        let mut given = BTreeMap::<Arc<str>, BTreeMap<String, Value>>::new();
        for assignment in &selection.parameters {
            for id in self.assigned(assignment, &chosen)? {
                given.entry(id).or_default().insert(assignment.name.clone(), Value::from(assignment.value.as_str()));
            }
        }
        let mut set = self.without_rules();
        for Chosen { rule, .. } in chosen {
            let parameters = ParameterValues::new(rule, given.get(&rule.id).unwrap_or(&BTreeMap::new()))?;
            let severity = severities.get(&rule.id).copied().filter(|severity| *severity != rule.severity);
            set.insert(Chosen { severity, ..Chosen::new(Arc::clone(rule), parameters) });
        }
        Ok(set)
    }

    /// Those of the rules that answer under one of these names, as they are.
    #[must_use]
    pub fn restricted(&self, names: &BTreeSet<String>) -> Self {
        let mut set = Self::default();
        for chosen in self.iter().filter(|chosen| names.contains(&**chosen.id())) {
            set.insert(chosen.clone());
        }
        set
    }

    /// The ids that names and globs stand for; `None` without any.
    fn named(&self, names: &[String]) -> Result<Option<BTreeSet<Arc<str>>>, SetError> {
        if names.is_empty() {
            return Ok(None);
        }
        let mut ids = BTreeSet::new();
        for name in names {
            ids.extend(self.meant(name)?);
        }
        Ok(Some(ids))
    }

    /// The ids that one name or glob stands for. A glob does not find deprecated rules: they want to be named.
    fn meant(&self, name: &str) -> Result<BTreeSet<Arc<str>>, SetError> {
        if !is_glob(name) {
            let chosen = self.by_name(name).ok_or_else(|| self.no_such_rule(name))?;
            return Ok([Arc::clone(&chosen.rule.id)].into());
        }
        let glob: GlobMatcher =
            Glob::new(name).map_err(|source| SetError::Glob { glob: name.to_owned(), source })?.compile_matcher();
        let found = self
            .iter()
            .map(|chosen| &chosen.rule)
            .filter(|rule| rule.maturity != super::Maturity::Deprecated && glob.is_match(rule.id.as_ref()));
        let ids: BTreeSet<Arc<str>> = found.map(|rule| Arc::clone(&rule.id)).collect();
        if ids.is_empty() {
            return Err(SetError::NoSuchRule { wanted: name.to_owned(), nearest: None });
        }
        Ok(ids)
    }

    /// The rules whose parameter an assignment sets.
    fn assigned(&self, assignment: &Assignment, chosen: &[&Chosen]) -> Result<Vec<Arc<str>>, SetError> {
        let Assignment { rule: wanted, name, .. } = assignment;
        let having = |rules: &mut dyn Iterator<Item = &Chosen>| -> Vec<Arc<str>> {
            rules.filter(|one| one.rule.parameters.contains_key(name)).map(|one| Arc::clone(&one.rule.id)).collect()
        };
        let (found, only) = if let Some(wanted) = wanted {
            let meant = self.meant(wanted)?;
            let rules: Vec<&Chosen> = meant.iter().filter_map(|id| self.rules.get(id)).collect();
            (having(&mut rules.iter().copied()), if let [only] = *rules { Some(only) } else { None })
        } else {
            (having(&mut chosen.iter().copied()), if let [only] = *chosen { Some(only) } else { None })
        };
        match (found.is_empty(), only) {
            (false, _) => Ok(found),
            (true, Some(only)) => Err(unknown_parameter(&only.rule, name)),
            (true, None) => Err(ParameterError::Nowhere { name: name.clone() }.into()),
        }
    }

    /// The rule of this id or alias.
    pub fn by_name(&self, name: &str) -> Option<&Chosen> {
        self.rules.get(name).or_else(|| {
            self.iter().find(|chosen| chosen.rule.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name)))
        })
    }

    fn no_such_rule(&self, wanted: &str) -> SetError {
        let near = nearest(&wanted.to_lowercase().replace('_', "-"), self.rules.keys());
        SetError::NoSuchRule { wanted: wanted.to_owned(), nearest: near.map(str::to_owned) }
    }

    /// All rules, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Chosen> {
        self.rules.values()
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that judge resources of a type, by id.
    pub fn on(&self, resource_type: &str) -> impl Iterator<Item = &Chosen> {
        self.by_type.get(resource_type).into_iter().flatten().filter_map(|id| self.rules.get(id))
    }

    /// The types of which the rules may look up items beside the one that they judge.
    pub fn looked_up(&self) -> BTreeSet<Arc<str>> {
        self.iter().flat_map(|chosen| chosen.rule.looked_up()).collect()
    }

    /// The rules that could not be loaded, and why.
    pub fn errors(&self) -> &[RuleError] {
        &self.errors
    }

    /// What has to be collected for the rules: each type that one of them judges or reads, with the parts of it.
    pub fn needs(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut needs = BTreeMap::<String, BTreeSet<String>>::new();
        for chosen in self.iter() {
            for (kind, parts) in chosen.needs() {
                needs.entry(kind).or_default().extend(parts);
            }
        }
        needs
    }
}

fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

fn unknown_parameter(rule: &Rule, name: &str) -> SetError {
    ParameterError::Unknown {
        rule: rule.id.to_string(),
        name: name.to_owned(),
        known: rule.parameters.keys().cloned().collect(),
    }
    .into()
}
