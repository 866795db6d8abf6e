//! Which resources of Terraform and CloudFormation make up which type, and how their properties become its facts. All of it
//! is data, in `iac/`; what is embedded was checked by a test.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::coverage::Coverage;
use super::shape::{Shape, at_path};
use crate::tree::Node;

include!(concat!(env!("OUT_DIR"), "/iac.rs"));

/// What is known of one type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapped {
    #[serde(rename = "type")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) cloudformation: Vec<Part>,
    #[serde(default)]
    pub(super) terraform: Vec<Part>,
}

impl Mapped {
    /// The forms of all its parts.
    pub(super) fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.terraform.iter().chain(&self.cloudformation).filter_map(|part| part.item.as_ref())
    }
}

/// A kind of resource that defines an item of the type, or a part of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// `AWS::S3::Bucket`, `aws_s3_bucket`.
    pub(super) resource: String,
    /// The property that tells of which resource this is a part: its id, name or ARN. Without it this is the resource itself.
    pub(super) of: Option<String>,
    /// The property that is the item's id, where one chooses it.
    pub(super) id: Option<String>,
    /// The property that is the item's name.
    pub(super) name: Option<String>,
    /// The attributes of Terraform's state that may be the item's id.
    #[serde(default = "id")]
    pub(super) ids: Vec<String>,
    /// The form of the ARN, with `{id}` for the name, where the name is all that it holds.
    pub(super) arn: Option<String>,
    /// Whether the lists of this part are added to those of the resource, instead of taking their place.
    #[serde(default)]
    pub(super) adds: bool,
    /// Which other resources the part links to the resource.
    #[serde(default)]
    pub(super) links: Vec<Link>,
    /// The form of the item. Without one the resource is found, and none of its facts.
    pub(super) item: Option<Shape>,
}

/// A link to other resources, to which a property refers; `.` is the part itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    #[serde(rename = "type")]
    pub(super) resource_type: String,
    pub(super) property: String,
    /// AWS Config's words.
    pub(super) name: String,
}

impl Part {
    /// The id or name that a definition chooses.
    pub(super) fn chosen(&self, definition: &Node) -> Option<String> {
        let mut paths = self.id.iter().chain(&self.name);
        paths.find_map(|path| at_path(definition, path)?.text().map(str::to_owned))
    }
}

fn id() -> Vec<String> {
    vec!["id".to_owned()]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    types: Vec<Mapped>,
}

/// All types, by name.
#[derive(Debug)]
pub(super) struct Mappings {
    types: BTreeMap<String, Mapped>,
    /// By type, the places of an item of which any of its forms says something.
    covered: BTreeMap<String, Coverage>,
    /// The type and the place among its parts, by kind of resource.
    terraform: BTreeMap<String, Vec<(String, usize)>>,
    cloudformation: BTreeMap<String, Vec<(String, usize)>>,
}

/// What a file of mappings is not.
#[derive(Debug, thiserror::Error)]
#[error("iac/{file}.yaml: {source}")]
pub(super) struct MappingError {
    file: String,
    #[source]
    source: serde_json::Error,
}

impl Mappings {
    /// Those that come with assize.
    pub(super) fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Mappings> = OnceLock::new();
        BUILTIN.get_or_init(|| Self::embedded().expect("what is embedded was read by a test"))
    }

    pub(super) fn embedded() -> Result<Self, MappingError> {
        Self::read(IAC)
    }

    /// Reads files: their names, and JSON.
    fn read(files: &[(&str, &str)]) -> Result<Self, MappingError> {
        let mut types = Vec::new();
        for (file, json) in files {
            let read: File =
                serde_json::from_str(json).map_err(|source| MappingError { file: (*file).to_owned(), source })?;
            types.extend(read.types);
        }
        Ok(Self::of(types))
    }

    fn of(types: Vec<Mapped>) -> Self {
        let mut mappings = Self {
            types: BTreeMap::new(),
            covered: BTreeMap::new(),
            terraform: BTreeMap::new(),
            cloudformation: BTreeMap::new(),
        };
        for mapped in types {
            for (parts, by_kind) in
                [(&mapped.terraform, &mut mappings.terraform), (&mapped.cloudformation, &mut mappings.cloudformation)]
            {
                for (at, part) in parts.iter().enumerate() {
                    by_kind.entry(part.resource.clone()).or_default().push((mapped.name.clone(), at));
                }
            }
            mappings.covered.insert(mapped.name.clone(), Coverage::of(mapped.shapes()));
            mappings.types.insert(mapped.name.clone(), mapped);
        }
        mappings
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mapped> {
        self.types.values()
    }

    /// The places of an item of the type of which any form says something; nothing if none does.
    pub(super) fn covered(&self, resource_type: &str) -> Option<&Coverage> {
        self.covered.get(resource_type).filter(|covered| !covered.is_empty())
    }

    /// The types that a kind of resource of Terraform makes or is a part of.
    pub(super) fn of_terraform<'m>(&'m self, kind: &str) -> impl Iterator<Item = (&'m str, &'m Part)> {
        let places = self.terraform.get(kind).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|(name, at)| Some((name.as_str(), self.types.get(name)?.terraform.get(*at)?)))
    }

    /// The same for CloudFormation.
    pub(super) fn of_cloudformation<'m>(&'m self, kind: &str) -> impl Iterator<Item = (&'m str, &'m Part)> {
        let places = self.cloudformation.get(kind).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|(name, at)| Some((name.as_str(), self.types.get(name)?.cloudformation.get(*at)?)))
    }
}
