//! Where the definition of a resource stands in a repository. Data only.
//!
//! A live resource has no line. What defines it may have one: a block of Terraform, a resource of a template. Who finds it
//! is `iac`; reports show what they are handed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::evaluation::{ComplianceType, Evaluation};
use crate::item::ResourceKey;

/// A part of one line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// The path from the repository's root, with `/` between its parts, as it is: not encoded.
    pub file: Arc<str>,
    /// From 1.
    pub line: u64,
    /// The first column, from 1, in UTF-16 code units.
    pub column: u64,
    /// The column after the last.
    pub end_column: u64,
}

/// How a resource was found in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapping {
    /// The resource's ARN stands in Terraform's state, at the address of the block.
    TerraformArn,
    /// Its type and id do.
    TerraformId,
    /// Terraform's plan has it, at the address of the block.
    TerraformPlan,
    /// Its tags tell the logical id, and a template has a resource of that id and type.
    CloudformationTags,
    /// It is a resource of a template that was judged itself.
    CloudformationTemplate,
    /// The tag `yor_trace` stands in the block.
    YorTrace,
    /// The tag `git_file` names the file.
    GitFile,
    /// The block gives a resource of the type this name.
    Name,
}

impl Mapping {
    /// As it is written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TerraformArn => "terraform-arn",
            Self::TerraformId => "terraform-id",
            Self::TerraformPlan => "terraform-plan",
            Self::CloudformationTags => "cloudformation-tags",
            Self::CloudformationTemplate => "cloudformation-template",
            Self::YorTrace => "yor-trace",
            Self::GitFile => "git-file",
            Self::Name => "name",
        }
    }
}

/// How sure it is that a definition is the resource's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// There are others that fit as well, or only the file is known.
    Possible,
    /// It fits, by what is unique only within an account or a stack.
    Likely,
    /// It is told by what names one resource in the world, and there is one such place.
    Certain,
}

impl Certainty {
    /// As it is written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What defines a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Where it begins, and how it was found.
    pub place: Place,
    /// Where single facts of the resource are written.
    pub facts: Vec<Fact>,
    /// Whether the lists of the resource are in the order in which they are written: of a template's own items they are.
    pub is_ordered: bool,
}

/// Where one fact of a resource is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// A JSON pointer into the item: `/configuration/encrypted`.
    pub path: String,
    /// Where.
    pub location: Location,
    /// The value as JSON, if it is written there as it is.
    pub value: Option<String>,
}

/// Where a finding is shown, and how that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// What the definition is called: `module.net.aws_subnet.public[0]`, or a logical id.
    pub address: String,
    /// How it was found.
    pub mapping: Mapping,
    /// How sure that is.
    pub certainty: Certainty,
}

impl Definition {
    /// Where the evaluation of the resource is to be shown: at the fact that its rule read last, if that is written
    /// somewhere, or else at the definition.
    fn place_of(&self, evaluation: &Evaluation) -> Place {
        let own = evaluation.evidence.iter().rev().find(|fact| fact.resource.is_none());
        let location = own.and_then(|fact| self.fact(&fact.path, fact.value.as_deref()));
        Place { location: location.unwrap_or(&self.place.location).clone(), ..self.place.clone() }
    }

    /// Where the fact of this path is written, or the nearest one that holds it, down to a member of a section.
    fn fact(&self, path: &str, value: Option<&str>) -> Option<&Location> {
        let mut path = path;
        let mut value = value;
        loop {
            let wanted = without_places(path);
            let mut fitting: Vec<&Fact> =
                self.facts.iter().filter(|fact| fact.path == path || without_places(&fact.path) == wanted).collect();
            if self.is_ordered {
                fitting.retain(|fact| fact.path == path);
            }
            if fitting.len() > 1 {
                // The order of a live resource's lists is not that of the file: the value tells which one it is.
                fitting.retain(|fact| value.is_some() && fact.value.as_deref() == value);
            }
            if let [one] = fitting.as_slice() {
                return Some(&one.location);
            }
            let (above, _) = path.rsplit_once('/')?;
            if above.matches('/').count() < 2 {
                return None;
            }
            (path, value) = (above, None);
        }
    }
}

/// The path with `*` for the places in lists.
fn without_places(path: &str) -> String {
    let is_place = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    path.split('/').map(|part| if is_place(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

/// One finding: the resource, the rule and the key.
type Finding = (ResourceKey, Arc<str>, Box<str>);

/// Where the findings of a report are shown, and the resources that they speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    findings: BTreeMap<Finding, Place>,
    /// By `AWS::EC2::Instance i-0123…`, as evidence names them.
    resources: BTreeMap<Arc<str>, Place>,
}

impl Places {
    /// The places of all evaluations that are not compliant, by the definitions of the resources.
    pub fn new(evaluations: &[Evaluation], definitions: &BTreeMap<ResourceKey, Definition>) -> Self {
        let mut places = Self::default();
        for evaluation in evaluations.iter().filter(|one| one.compliance_type == ComplianceType::NonCompliant) {
            if let Some(definition) = definitions.get(&evaluation.resource) {
                places.insert(evaluation, definition.place_of(evaluation));
            }
        }
        // A name that two resources have tells neither.
        let mut named = BTreeMap::<Arc<str>, Option<&Definition>>::new();
        for (key, definition) in definitions {
            named.entry(name(key)).and_modify(|one| *one = None).or_insert(Some(definition));
        }
        let named = named.into_iter().filter_map(|(name, definition)| Some((name, definition?.place.clone())));
        places.resources = named.collect();
        places
    }

    /// Puts an evaluation at a place.
    pub fn insert(&mut self, evaluation: &Evaluation, place: Place) {
        self.findings.insert(finding(evaluation), place);
    }

    /// Puts a resource at a place, as evidence names it.
    pub fn insert_resource(&mut self, name: &str, place: Place) {
        self.resources.insert(Arc::from(name), place);
    }

    /// Where the evaluation is shown.
    pub fn of(&self, evaluation: &Evaluation) -> Option<&Place> {
        if self.findings.is_empty() {
            return None;
        }
        self.findings.get(&finding(evaluation))
    }

    /// Where a resource is defined that evidence names so.
    pub fn of_resource(&self, name: &str) -> Option<&Place> {
        self.resources.get(name)
    }

    /// The places of resources, by the names that evidence gives them.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.resources.iter().map(|(name, place)| (&**name, place))
    }

    /// How many findings have a place.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether nothing has a place.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.resources.is_empty()
    }
}

fn finding(evaluation: &Evaluation) -> Finding {
    (evaluation.resource.clone(), Arc::clone(&evaluation.rule), evaluation.key.clone())
}

/// What evidence calls the resource.
pub fn name(key: &ResourceKey) -> Arc<str> {
    format!("{} {}", key.resource_type, key.resource_id).into()
}
