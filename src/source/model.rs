//! What assize knows of AWS's operations: names, shapes and pages, read from `models/*.json`.
//!
//! A model is data; how its values look on the wire is [`codec`](super::codec)'s matter. Only operations that read may
//! be in a model: a file with any other is refused whole, so that nothing which goes through a model can change an
//! account. The few that hand out data (`DATA`) stand apart in it: what looks for an operation does not find them.

mod expression;
mod file;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use self::file::ServiceFile;
use crate::value::{Key, Object, Value};
use crate::{embedded, nearest};

pub(crate) use self::expression::Expression;

include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// The beginnings of the names of operations that read.
const READ_PREFIXES: &[&str] = &["BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search"];

/// Operations that read although their names do not say so: AWS gives their actions the access level Read or List
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>).
const READ_EXCEPTIONS: &[(&str, &str)] = &[("iam", "GenerateCredentialReport")];

/// Operations that are named like reads and hand out secrets, or the data that an account's customers keep in it.
const REFUSED: &[(&str, &str)] = &[
    ("acm", "GetAcmeExternalAccountBindingCredentials"),
    ("apigateway", "GetApiKey"),
    ("apigateway", "GetApiKeys"),
    ("dynamodb", "BatchGetItem"),
    ("dynamodb", "GetItem"),
    ("ec2", "GetPasswordData"),
    ("ecr", "GetAuthorizationToken"),
    ("ecr", "GetDownloadUrlForLayer"),
    ("emr", "GetClusterSessionCredentials"),
    ("emr", "GetOnClusterAppUIPresignedURL"),
    ("emr", "GetPersistentAppUIPresignedURL"),
    ("emr", "GetSessionEndpoint"),
    ("redshift", "GetClusterCredentials"),
    ("redshift", "GetClusterCredentialsWithIAM"),
    ("redshift", "GetIdentityCenterAuthToken"),
    ("s3control", "GetDataAccess"),
    ("secretsmanager", "BatchGetSecretValue"),
    ("secretsmanager", "GetRandomPassword"),
    ("secretsmanager", "GetSecretValue"),
    ("ssm", "GetAccessToken"),
    ("sso", "GetRoleCredentials"),
    ("sts", "GetDelegatedAccessToken"),
    ("sts", "GetFederationToken"),
    ("sts", "GetSessionToken"),
    ("sts", "GetWebIdentityToken"),
    ("wafv2", "GetDecryptedAPIKey"),
];

/// Operations that hand out what an account's owner keeps in it. A model may have them, apart from the others, for one method
/// of the client each; neither a descriptor nor a general call can name them, so no scan makes them or needs to be allowed to.
const DATA: &[(&str, &str)] = &[("s3", "GetObject")];

/// The operations that deliver: of models of their own (`models/deliver`), which no scan has.
const DELIVER: &[(&str, &str)] = &[("s3", "PutObject"), ("securityhub", "BatchImportFindings"), ("sns", "Publish")];

/// Whether assize may call an operation when it scans: it reads, and hands out neither secrets nor data.
pub fn is_read(service: &str, operation: &str) -> bool {
    let named = |list: &[(&str, &str)]| list.contains(&(service, operation));
    !named(REFUSED)
        && !named(DATA)
        && (named(READ_EXCEPTIONS) || READ_PREFIXES.iter().any(|prefix| operation.starts_with(prefix)))
}

/// Why a model or a part of one cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// No model of this service.
    #[error("there is no model of the service {service}{hint}")]
    UnknownService {
        /// The name asked for.
        service: String,
        /// The end of the sentence: a name that is like it, or nothing.
        hint: String,
    },
    /// The service's model does not have this operation.
    #[error("the model of {service} has no operation {operation}{hint}")]
    UnknownOperation {
        /// The service.
        service: String,
        /// The name asked for.
        operation: String,
        /// The end of the sentence: a name that is like it, or nothing.
        hint: String,
    },
    /// The model has an operation that does not read, or that hands out secrets or data.
    #[error("{origin}: {service}:{operation} is refused: assize calls only operations that read and give no secrets")]
    NotARead {
        /// Where the model stands.
        origin: String,
        /// The service.
        service: String,
        /// The operation.
        operation: String,
    },
    /// The file cannot be read.
    #[error("{}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The file is not JSON of the form that the extractor writes.
    #[error("{origin}")]
    Syntax {
        /// Where the model stands.
        origin: String,
        /// Why, with line and column.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// The model contradicts itself.
    #[error("{origin}: {reason}")]
    Inconsistent {
        /// Where the model stands.
        origin: String,
        /// What is wrong.
        reason: String,
    },
}

/// The models of all services, each parsed when it is first asked for.
#[derive(Debug)]
pub struct Models {
    services: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    builtin: Option<&'static [u8]>,
    delivers: bool,
    added: Option<(PathBuf, String)>,
    parsed: OnceLock<Result<Arc<ServiceModel>, ModelError>>,
}

impl Models {
    /// The models that are part of assize.
    pub fn builtin() -> Self {
        let entry = |model| Entry { builtin: Some(model), delivers: false, added: None, parsed: OnceLock::new() };
        Self { services: MODELS.iter().map(|&(name, model)| (name.to_owned(), entry(model))).collect() }
    }

    /// The models of what delivers: the operations that write, and the one that says whose credentials these are.
    pub(super) fn delivery() -> Self {
        let mut models = Self::builtin();
        models.services.retain(|name, _| name == "sts");
        for &(name, model) in DELIVERING {
            let entry = Entry { builtin: Some(model), delivers: true, added: None, parsed: OnceLock::new() };
            models.services.insert(name.to_owned(), entry);
        }
        models
    }

    /// The built-in models and those in the folder. A file named like a built-in service adds its operations to it, and
    /// its shapes win. The added files are parsed and checked at once.
    pub fn with_dir(dir: &Path) -> Result<Self, ModelError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            |error| ModelError::Io { path, source: Arc::new(error) }
        };
        let mut models = Self::builtin();
        let mut paths = Vec::new();
        for entry in fs::read_dir(dir).map_err(io(dir))? {
            paths.push(entry.map_err(io(dir))?.path());
        }
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else { continue };
            if name == "endpoints" {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(io(&path))?;
            let builtin = models.services.get(name).and_then(|entry| entry.builtin);
            let entry = Entry { builtin, delivers: false, added: Some((path.clone(), text)), parsed: OnceLock::new() };
            entry.service(name)?;
            models.services.insert(name.to_owned(), entry);
        }
        Ok(models)
    }

    /// The names of all services, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// The model of a service, by botocore's name (`ec2`, `elbv2`, `s3control`).
    pub fn service(&self, name: &str) -> Result<&Arc<ServiceModel>, ModelError> {
        let Some(entry) = self.services.get(name) else {
            let hint = nearest::hint(name, self.names());
            return Err(ModelError::UnknownService { service: name.to_owned(), hint });
        };
        entry.service(name)
    }
}

impl Entry {
    fn service(&self, name: &str) -> Result<&Arc<ServiceModel>, ModelError> {
        self.parsed.get_or_init(|| self.parse(name).map(Arc::new)).as_ref().map_err(Clone::clone)
    }

    fn parse(&self, name: &str) -> Result<ServiceModel, ModelError> {
        let origin = format!("models/{name}.json");
        let parse = if self.delivers { ServiceFile::parse_delivering } else { ServiceFile::parse };
        let builtin = self.builtin.map(|model| parse(&origin, &embedded::text(model))).transpose()?;
        let added = match &self.added {
            Some((path, text)) => {
                let origin = path.display().to_string();
                Some((ServiceFile::parse(&origin, text)?, origin))
            }
            None => None,
        };
        let (file, origin) = match (builtin, added) {
            (Some(builtin), None) => (builtin, origin),
            (None, Some(added)) => added,
            (Some(builtin), Some((added, origin))) => (builtin.with(added, &origin)?, origin),
            (None, None) => return Err(ModelError::UnknownService { service: name.to_owned(), hint: String::new() }),
        };
        if file.service != name {
            let reason = format!("the service is {}, which is not the file's name", file.service);
            return Err(ModelError::Inconsistent { origin, reason });
        }
        file.link(&origin)
    }
}

/// How a service speaks (<https://smithy.io/2.0/aws/protocols/index.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Form-encoded requests, XML answers, as EC2 does it.
    Ec2,
    /// Form-encoded requests, XML answers.
    Query,
    /// JSON, with the operation in a header.
    Json,
    /// JSON, with the operation in method and path.
    RestJson,
    /// XML, with the operation in method and path.
    RestXml,
}

/// One service: its operations and the shapes of their inputs and outputs.
#[derive(Debug)]
pub struct ServiceModel {
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    pub(crate) api_version: String,
    pub(crate) signing_name: String,
    pub(crate) json_version: String,
    pub(crate) target_prefix: String,
    pub(crate) query_compatible: bool,
    pub(crate) operations: BTreeMap<String, Operation>,
    /// Of those in [`DATA`].
    pub(crate) data: BTreeMap<String, Operation>,
    pub(crate) shapes: Vec<Shape>,
}

/// One operation of a service.
#[derive(Debug)]
pub struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) input: Option<ShapeId>,
    pub(crate) output: Option<ShapeId>,
    /// The element around the output in an answer of the query protocol.
    pub(crate) wrapper: Option<String>,
    /// The element around the input in an XML request.
    pub(crate) root: Option<Box<str>>,
    pub(crate) root_namespace: Option<Namespace>,
    /// The root element of an answer of the rest-xml protocol, where it is known.
    pub(crate) output_root: Option<String>,
    /// The root element of the answer is itself the only member.
    pub(crate) unwrapped: bool,
    /// Members that come URL-encoded when that is asked for.
    pub(crate) encoded: Vec<Vec<EncodedStep>>,
    pub(crate) host_prefix: Option<String>,
    pub(crate) actions: Vec<String>,
    pub(crate) pagination: Option<Pagination>,
    /// Members of the output that look like a token, of an operation without pages.
    pub(crate) stray_tokens: Vec<Key>,
}

/// A step to a URL-encoded member: into the member of this name and, if `each`, into all its elements.
#[derive(Debug)]
pub(crate) struct EncodedStep {
    pub(crate) name: Key,
    pub(crate) each: bool,
}

/// How an operation goes from page to page.
#[derive(Clone, Debug)]
pub struct Pagination {
    /// Members of the input that take the tokens.
    pub(crate) input_tokens: Vec<Key>,
    /// Where the tokens stand in the output, one for each of the input.
    pub(crate) output_tokens: Vec<Expression>,
    /// Where the output says that there is more, if it says so otherwise than by a token.
    pub(crate) more_results: Option<Expression>,
    /// The member of the input that limits a page.
    pub(crate) limit_key: Option<Key>,
    /// Paths to what goes on from page to page.
    pub(crate) results: Vec<Vec<Key>>,
}

impl Pagination {
    /// The member of the input that says how many results a page may have.
    pub fn limit(&self) -> Option<&str> {
        self.limit_key.as_deref()
    }

    /// The paths of the output's members that go on from page to page, such as `Reservations`.
    pub fn results(&self) -> impl Iterator<Item = String> + '_ {
        self.results.iter().map(|path| path.join("."))
    }
}

impl Operation {
    /// The name, as in AWS's API: `DescribeVolumes`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The IAM actions that allow it, such as `ec2:DescribeVolumes`. They are not always the operation's name
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>).
    pub fn iam_actions(&self) -> &[String] {
        &self.actions
    }

    /// How it goes from page to page, if it does.
    pub fn pagination(&self) -> Option<&Pagination> {
        self.pagination.as_ref()
    }

    /// The structure of its parameters, if it takes any.
    pub fn input_shape(&self) -> Option<ShapeId> {
        self.input
    }

    /// The structure of its answer, if there is one.
    pub fn output_shape(&self) -> Option<ShapeId> {
        self.output
    }
}

/// A shape of one service's model. It means nothing to another model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(u32);

/// What kind of value a shape describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An object with known members.
    Structure,
    /// A list.
    List,
    /// An object with any members, all of one shape.
    Map,
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// Bytes; base64 text in a [`Value`].
    Blob,
    /// A time; `YYYY-MM-DDThh:mm:ss.mmmZ` in a [`Value`].
    Timestamp,
    /// Any JSON.
    Document,
}

/// How names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `volumeId`: the first letter small.
    LowerFirst,
    /// `VolumeId`: the first letter large.
    UpperFirst,
    /// `dbclusterArn`: all leading capitals small, as Java beans are written, and times as milliseconds since 1970. AWS
    /// Config keeps the two together: the items that spell so count time so.
    Bean,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Structure(Structure),
    List { element: Element },
    Map { key: Element, value: Element },
    Scalar(Scalar),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    String,
    Boolean,
    Integer,
    Float,
    Blob,
    Document,
    Timestamp(Option<TimeFormat>),
}

/// How a time is written; what a request's place implies where it is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    Iso8601,
    Rfc822,
    Unix,
}

#[derive(Debug)]
pub(crate) struct Structure {
    /// In the order of their names.
    pub(crate) members: Vec<Member>,
    /// Names on the wire, sorted, and the members that they stand for.
    pub(crate) by_wire_name: Vec<(Box<str>, usize)>,
    pub(crate) required: Vec<Key>,
    /// The member that is the whole body.
    pub(crate) payload: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Key,
    pub(crate) shape: ShapeId,
    pub(crate) location: Location,
    /// The model's name on the wire; the member's own where there is none.
    pub(crate) wire_name: Option<Box<str>>,
    pub(crate) query_name: Option<Box<str>>,
    pub(crate) flattened: bool,
    pub(crate) namespace: Option<Namespace>,
    /// Part of the host's name.
    pub(crate) host_label: bool,
    /// Text that is JSON.
    pub(crate) json: bool,
}

impl Member {
    pub(crate) fn is_in_body(&self) -> bool {
        matches!(self.location, Location::Body | Location::Attribute)
    }

    pub(crate) fn wire(&self) -> &str {
        self.wire_name.as_deref().unwrap_or(&self.name)
    }
}

/// An element of a list, or a key or value of a map.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) shape: ShapeId,
    pub(crate) wire_name: Option<Box<str>>,
    pub(crate) namespace: Option<Namespace>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) uri: String,
    pub(crate) prefix: Option<String>,
}

/// Where in a request or an answer a member stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Location {
    #[default]
    Body,
    Header,
    /// All headers that begin with the member's name on the wire.
    Headers,
    Uri,
    QueryString,
    StatusCode,
    /// An attribute of the structure's XML element.
    Attribute,
}

impl Structure {
    /// The member that has this name on the wire.
    pub(crate) fn by_wire(&self, name: &str) -> Option<(usize, &Member)> {
        let at = self.by_wire_name.binary_search_by(|(wire, _)| wire.as_ref().cmp(name)).ok()?;
        let (_, index) = self.by_wire_name.get(at)?;
        self.members.get(*index).map(|member| (*index, member))
    }

    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        let at = self.members.binary_search_by(|member| member.name.as_ref().cmp(name)).ok()?;
        self.members.get(at)
    }

    pub(crate) fn payload(&self) -> Option<&Member> {
        self.members.get(self.payload?)
    }
}

impl ServiceModel {
    /// The name, as botocore has it: `elbv2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it speaks.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The name of the service in a signature: `elasticloadbalancing`.
    pub fn signing_name(&self) -> &str {
        &self.signing_name
    }

    /// All operations of the model, in the order of their names; not those that hand out data.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// An operation by its name; not one that hands out data.
    pub fn operation(&self, name: &str) -> Result<&Operation, ModelError> {
        self.find(&self.operations, name)
    }

    /// An operation that hands out data, for the method of the client that is made for it.
    pub(super) fn data_operation(&self, name: &str) -> Result<&Operation, ModelError> {
        self.find(&self.data, name)
    }

    fn find<'m>(&self, among: &'m BTreeMap<String, Operation>, name: &str) -> Result<&'m Operation, ModelError> {
        among.get(name).ok_or_else(|| ModelError::UnknownOperation {
            service: self.name.clone(),
            operation: name.to_owned(),
            hint: nearest::hint(name, among.keys()),
        })
    }

    /// What kind of value a shape describes.
    pub fn kind(&self, shape: ShapeId) -> Kind {
        match self.shape(shape) {
            Shape::Structure(_) => Kind::Structure,
            Shape::List { .. } => Kind::List,
            Shape::Map { .. } => Kind::Map,
            Shape::Scalar(Scalar::String) => Kind::String,
            Shape::Scalar(Scalar::Boolean) => Kind::Boolean,
            Shape::Scalar(Scalar::Integer) => Kind::Integer,
            Shape::Scalar(Scalar::Float) => Kind::Float,
            Shape::Scalar(Scalar::Blob) => Kind::Blob,
            Shape::Scalar(Scalar::Document) => Kind::Document,
            Shape::Scalar(Scalar::Timestamp(_)) => Kind::Timestamp,
        }
    }

    /// The shape of a structure's member.
    pub fn member(&self, shape: ShapeId, name: &str) -> Option<ShapeId> {
        match self.shape(shape) {
            Shape::Structure(structure) => structure.member(name).map(|member| member.shape),
            _ => None,
        }
    }

    /// Whether a structure's member is a text that holds JSON, which is read as what it says.
    pub(super) fn is_json(&self, shape: ShapeId, name: &str) -> bool {
        self.structure(shape).and_then(|structure| structure.member(name)).is_some_and(|member| member.json)
    }

    /// The members of a structure, in the order of their names; none for any other kind.
    pub fn members(&self, shape: ShapeId) -> impl Iterator<Item = (&str, ShapeId)> {
        let members = match self.shape(shape) {
            Shape::Structure(structure) => structure.members.as_slice(),
            _ => &[],
        };
        members.iter().map(|member| (member.name.as_ref(), member.shape))
    }

    /// The members of a structure that an input must have.
    pub fn required(&self, shape: ShapeId) -> &[Key] {
        match self.shape(shape) {
            Shape::Structure(structure) => &structure.required,
            _ => &[],
        }
    }

    /// The shape of a list's elements, or of a map's values.
    pub fn element(&self, shape: ShapeId) -> Option<ShapeId> {
        match self.shape(shape) {
            Shape::List { element } => Some(element.shape),
            Shape::Map { value, .. } => Some(value.shape),
            _ => None,
        }
    }

    /// The value with its members' names in another case. Only what the model names is renamed: the keys of maps (tags,
    /// environment variables) and documents are the account's own words.
    #[must_use]
    pub fn change_case(&self, shape: ShapeId, value: &Value, case: Case) -> Value {
        match (self.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(object)) => {
                let renamed = object.iter().map(|(name, value)| match structure.member(name) {
                    Some(member) => (case.of(name), self.change_case(member.shape, value, case)),
                    None => (name.to_string(), value.clone()),
                });
                Value::Object(renamed.collect::<Object>())
            }
            (Shape::List { element }, Value::Array(elements)) => {
                Value::Array(elements.iter().map(|value| self.change_case(element.shape, value, case)).collect())
            }
            (Shape::Map { value: element, .. }, Value::Object(object)) => {
                let kept = object.iter().map(|(key, value)| (key, self.change_case(element.shape, value, case)));
                Value::Object(kept.collect::<Object>())
            }
            (Shape::Scalar(Scalar::Timestamp(_)), Value::String(time)) if case == Case::Bean => {
                time.parse::<jiff::Timestamp>().map_or_else(|_| value.clone(), |time| time.as_millisecond().into())
            }
            _ => value.clone(),
        }
    }

    pub(crate) fn shape(&self, id: ShapeId) -> &Shape {
        const DOCUMENT: &Shape = &Shape::Scalar(Scalar::Document);
        // An id of another model may be out of bounds; linking makes sure that those of this one are not.
        self.shapes.get(id.0 as usize).unwrap_or(DOCUMENT)
    }

    /// The structure of an input or output, which linking made sure of.
    pub(crate) fn structure(&self, id: ShapeId) -> Option<&Structure> {
        match self.shape(id) {
            Shape::Structure(structure) => Some(structure),
            _ => None,
        }
    }
}

impl Case {
    /// The name in this case.
    pub fn of(self, name: &str) -> String {
        let letters = name.len().min(match self {
            Self::LowerFirst | Self::UpperFirst => 1,
            Self::Bean => name.bytes().take_while(u8::is_ascii_uppercase).count(),
        });
        let Some((changed, kept)) = name.split_at_checked(letters) else { return name.to_owned() };
        let changed = match self {
            Self::LowerFirst | Self::Bean => changed.to_ascii_lowercase(),
            Self::UpperFirst => changed.to_ascii_uppercase(),
        };
        changed + kept
    }
}

#[cfg(test)]
mod tests;
