//! The form of `models/<service>.json` and its checks. `tools/extract-models/README.md` describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{
    DATA, DELIVER, Element, EncodedStep, Expression, Location, Member, ModelError, Namespace, Operation, Pagination,
    Protocol, Scalar, ServiceModel, Shape, ShapeId, Structure, TimeFormat, is_read,
};
use crate::value::{Key, intern};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServiceFile {
    pub(super) service: String,
    protocol: ProtocolName,
    api_version: String,
    signing_name: String,
    iam: String,
    #[serde(default)]
    json_version: String,
    #[serde(default)]
    target_prefix: String,
    #[serde(default)]
    query_compatible: bool,
    operations: BTreeMap<String, OperationFile>,
    #[serde(default)]
    data: BTreeMap<String, OperationFile>,
    shapes: BTreeMap<String, ShapeFile>,
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ProtocolName {
    Ec2,
    Query,
    Json,
    RestJson,
    RestXml,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OperationFile {
    http: Option<String>,
    input: Option<String>,
    output: Option<String>,
    wrapper: Option<String>,
    root: Option<Box<str>>,
    root_namespace: Option<NamespaceFile>,
    output_root: Option<String>,
    #[serde(default)]
    unwrapped: bool,
    #[serde(default)]
    encoded: Vec<String>,
    host_prefix: Option<String>,
    actions: Option<Vec<String>>,
    pages: Option<PagesFile>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PagesFile {
    r#in: Vec<String>,
    out: Vec<String>,
    more: Option<String>,
    limit: Option<String>,
    #[serde(default)]
    results: Vec<String>,
    /// botocore has no paginator: it is for those who read the file.
    #[serde(default, rename = "own")]
    _own: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeFile {
    members: Option<BTreeMap<String, MemberFile>>,
    list: Option<MemberFile>,
    map: Option<[MemberFile; 2]>,
    #[serde(default)]
    flattened: bool,
    #[serde(default)]
    required: Vec<String>,
    payload: Option<String>,
}

/// The name of a type, or an object that has it as `of`.
enum MemberFile {
    Plain(String),
    Full(Box<FullMember>),
}

impl<'de> Deserialize<'de> for MemberFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

/// Unlike serde's untagged enums, it says what is wrong, and where.
struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = MemberFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a type, or an object with one")
    }

    fn visit_str<E>(self, of: &str) -> Result<MemberFile, E> {
        Ok(MemberFile::Plain(of.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MemberFile, A::Error> {
        FullMember::deserialize(MapAccessDeserializer::new(map)).map(|full| MemberFile::Full(Box::new(full)))
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FullMember {
    of: String,
    name: Option<Box<str>>,
    #[serde(default, rename = "in")]
    location: LocationName,
    query: Option<Box<str>>,
    #[serde(default)]
    flattened: bool,
    #[serde(default)]
    host: bool,
    #[serde(default)]
    json: bool,
    namespace: Option<NamespaceFile>,
}

#[derive(Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum LocationName {
    #[default]
    Body,
    Header,
    Headers,
    Uri,
    Attribute,
    #[serde(rename = "querystring")]
    QueryString,
    #[serde(rename = "statusCode")]
    StatusCode,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NamespaceFile {
    uri: String,
    prefix: Option<String>,
}

impl From<NamespaceFile> for Namespace {
    fn from(file: NamespaceFile) -> Self {
        Self { uri: file.uri, prefix: file.prefix }
    }
}

impl ServiceFile {
    fn read(origin: &str, text: &str) -> Result<Self, ModelError> {
        serde_json::from_str(text)
            .map_err(|source| ModelError::Syntax { origin: origin.to_owned(), source: Arc::new(source) })
    }

    /// Reads a file of operations that deliver, and refuses one with any other.
    pub(super) fn parse_delivering(origin: &str, text: &str) -> Result<Self, ModelError> {
        let file = Self::read(origin, text)?;
        let others = file.operations.keys().chain(file.data.keys());
        if let Some(operation) = others.into_iter().find(|name| !DELIVER.contains(&(&file.service, name))).cloned() {
            return Err(ModelError::NotARead { origin: origin.to_owned(), service: file.service, operation });
        }
        Ok(file)
    }

    /// Reads the file and refuses one with an operation that may not be called.
    pub(super) fn parse(origin: &str, text: &str) -> Result<Self, ModelError> {
        let file = Self::read(origin, text)?;
        let method = |operation: &OperationFile| {
            operation.http.as_deref().and_then(|http| http.split(' ').next()).unwrap_or("POST").to_owned()
        };
        let not_a_read = file.operations.iter().find(|(name, operation)| {
            !is_read(&file.service, name) || !["GET", "HEAD", "POST"].contains(&method(operation).as_str())
        });
        let not_data = file
            .data
            .iter()
            .find(|(name, operation)| !DATA.contains(&(&file.service, name)) || method(operation) != "GET");
        if let Some((name, _)) = not_a_read.or(not_data) {
            let operation = name.clone();
            return Err(ModelError::NotARead { origin: origin.to_owned(), service: file.service, operation });
        }
        Ok(file)
    }

    /// The model with the operations and shapes of another one, whose own win.
    pub(super) fn with(mut self, other: Self, origin: &str) -> Result<Self, ModelError> {
        if other.service != self.service || other.api_version != self.api_version {
            let reason = format!("it is not of {} {}, to which it would be added", self.service, self.api_version);
            return Err(ModelError::Inconsistent { origin: origin.to_owned(), reason });
        }
        self.operations.extend(other.operations);
        self.data.extend(other.data);
        self.shapes.extend(other.shapes);
        Ok(self)
    }

    /// Resolves names.
    pub(super) fn link(self, origin: &str) -> Result<ServiceModel, ModelError> {
        let inconsistent = |reason| ModelError::Inconsistent { origin: origin.to_owned(), reason };
        let names: Vec<String> = self.shapes.keys().cloned().collect();
        let flattened: BTreeSet<&str> =
            self.shapes.iter().filter(|(_, shape)| shape.flattened).map(|(name, _)| name.as_str()).collect();
        let wire_names: BTreeMap<&str, &str> = self
            .shapes
            .iter()
            .filter_map(|(name, shape)| Some((name.as_str(), shape.list.as_ref()?.name()?)))
            .collect();
        let linker = Linker { names: &names, flattened, list_element_names: wire_names };

        let mut shapes: Vec<Shape> = SCALARS.iter().map(|(_, scalar)| Shape::Scalar(*scalar)).collect();
        for (name, shape) in &self.shapes {
            shapes.push(linker.shape(shape).map_err(|reason| inconsistent(format!("{name}: {reason}")))?);
        }
        let model = ServiceModel {
            protocol: match self.protocol {
                ProtocolName::Ec2 => Protocol::Ec2,
                ProtocolName::Query => Protocol::Query,
                ProtocolName::Json => Protocol::Json,
                ProtocolName::RestJson => Protocol::RestJson,
                ProtocolName::RestXml => Protocol::RestXml,
            },
            api_version: self.api_version,
            signing_name: self.signing_name,
            json_version: self.json_version,
            target_prefix: self.target_prefix,
            query_compatible: self.query_compatible,
            operations: BTreeMap::new(),
            data: BTreeMap::new(),
            shapes,
            name: self.service,
        };
        let link_all = |files: BTreeMap<String, OperationFile>| {
            let operations = files.into_iter().map(|(name, file)| {
                let operation = linker
                    .operation(&model, &self.iam, &name, file)
                    .map_err(|reason| inconsistent(format!("{name}: {reason}")))?;
                Ok((name, operation))
            });
            operations.collect::<Result<BTreeMap<_, _>, ModelError>>()
        };
        let (operations, data) = (link_all(self.operations)?, link_all(self.data)?);
        Ok(ServiceModel { operations, data, ..model })
    }
}

/// They stand at the beginning of every model's shapes, in this order.
const SCALARS: &[(&str, Scalar)] = &[
    ("string", Scalar::String),
    ("boolean", Scalar::Boolean),
    ("integer", Scalar::Integer),
    ("long", Scalar::Integer),
    ("float", Scalar::Float),
    ("double", Scalar::Float),
    ("blob", Scalar::Blob),
    ("document", Scalar::Document),
    ("timestamp", Scalar::Timestamp(None)),
    ("timestamp:iso8601", Scalar::Timestamp(Some(TimeFormat::Iso8601))),
    ("timestamp:rfc822", Scalar::Timestamp(Some(TimeFormat::Rfc822))),
    ("timestamp:unixTimestamp", Scalar::Timestamp(Some(TimeFormat::Unix))),
];

struct Linker<'f> {
    names: &'f [String],
    flattened: BTreeSet<&'f str>,
    list_element_names: BTreeMap<&'f str, &'f str>,
}

impl MemberFile {
    fn of(&self) -> &str {
        match self {
            Self::Plain(of) => of,
            Self::Full(full) => &full.of,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Full(full) => full.name.as_deref(),
        }
    }
}

impl Linker<'_> {
    fn id(&self, name: &str) -> Result<ShapeId, String> {
        let at = match SCALARS.iter().position(|(scalar, _)| *scalar == name) {
            Some(at) => at,
            None => match self.names.binary_search_by(|known| known.as_str().cmp(name)) {
                Ok(at) => SCALARS.len() + at,
                Err(_) => return Err(format!("there is no shape {name}")),
            },
        };
        u32::try_from(at).map(ShapeId).map_err(|_| "there are too many shapes".to_owned())
    }

    fn shape(&self, file: &ShapeFile) -> Result<Shape, String> {
        match (&file.members, &file.list, &file.map) {
            (Some(members), None, None) => self.structure(file, members).map(Shape::Structure),
            (None, Some(element), None) => Ok(Shape::List { element: self.element(element)? }),
            (None, None, Some([key, value])) => Ok(Shape::Map { key: self.element(key)?, value: self.element(value)? }),
            _ => Err("it must have one of members, list and map".to_owned()),
        }
    }

    fn structure(&self, file: &ShapeFile, members: &BTreeMap<String, MemberFile>) -> Result<Structure, String> {
        let members: Vec<Member> =
            members.iter().map(|(name, member)| self.member(name, member)).collect::<Result<_, _>>()?;
        let index = |name: &String| {
            let at = members.iter().position(|member| *member.name == **name);
            at.ok_or_else(|| format!("there is no member {name}"))
        };
        for name in &file.required {
            index(name)?;
        }
        let payload = file.payload.as_ref().map(index).transpose()?;
        let mut by_wire_name: Vec<(Box<str>, bool, usize)> = members
            .iter()
            .enumerate()
            .filter(|(_, member)| member.location == Location::Body)
            .map(|(index, member)| (member.wire().into(), !member.flattened, index))
            .collect();
        // S3 has members that are the first element of a list beside them, under the same name. The list stays.
        by_wire_name.sort();
        by_wire_name.dedup_by(|later, earlier| later.0 == earlier.0);
        let by_wire_name = by_wire_name.into_iter().map(|(name, _, index)| (name, index)).collect();
        Ok(Structure {
            by_wire_name,
            required: file.required.iter().map(|name| intern(name)).collect(),
            payload,
            members,
        })
    }

    fn member(&self, name: &str, file: &MemberFile) -> Result<Member, String> {
        let plain = FullMember::default();
        let full = match file {
            MemberFile::Plain(_) => &plain,
            MemberFile::Full(full) => full,
        };
        let flattened = full.flattened || self.flattened.contains(file.of());
        // The elements of a flattened list stand where the list would, under their own name if they have one.
        let element_name =
            if flattened { self.list_element_names.get(file.of()).map(|name| Box::from(*name)) } else { None };
        Ok(Member {
            name: intern(name),
            shape: self.id(file.of())?,
            location: match full.location {
                LocationName::Body => Location::Body,
                LocationName::Header => Location::Header,
                LocationName::Headers => Location::Headers,
                LocationName::Uri => Location::Uri,
                LocationName::QueryString => Location::QueryString,
                LocationName::StatusCode => Location::StatusCode,
                LocationName::Attribute => Location::Attribute,
            },
            wire_name: element_name.or_else(|| full.name.clone()),
            query_name: full.query.clone(),
            flattened,
            namespace: full.namespace.as_ref().map(Namespace::from),
            host_label: full.host,
            json: full.json,
        })
    }

    fn element(&self, file: &MemberFile) -> Result<Element, String> {
        let (name, namespace) = match file {
            MemberFile::Plain(_) => (None, None),
            MemberFile::Full(full) => (full.name.clone(), full.namespace.as_ref().map(Namespace::from)),
        };
        Ok(Element { shape: self.id(file.of())?, wire_name: name, namespace })
    }

    fn operation(&self, model: &ServiceModel, iam: &str, name: &str, file: OperationFile) -> Result<Operation, String> {
        let structure = |name: Option<&String>| {
            let Some(name) = name else { return Ok(None) };
            let id = self.id(name)?;
            model.structure(id).map(|structure| Some((id, structure))).ok_or_else(|| format!("{name} is no structure"))
        };
        let input = structure(file.input.as_ref())?;
        let output = structure(file.output.as_ref())?;
        let http = file.http.as_deref().unwrap_or("POST /");
        let (method, uri) = http.split_once(' ').ok_or_else(|| format!("{http:?} is not a method and a path"))?;
        let pagination = file.pages.as_ref().map(|pages| pagination(pages, input, output)).transpose()?;
        let stray_tokens = match (&pagination, output) {
            (None, Some((_, output))) => output
                .members
                .iter()
                .filter(|member| looks_like_token(&member.name))
                .map(|member| Key::clone(&member.name))
                .collect(),
            _ => Vec::new(),
        };
        Ok(Operation {
            name: name.to_owned(),
            method: method.to_owned(),
            uri: uri.to_owned(),
            input: input.map(|(id, _)| id),
            output: output.map(|(id, _)| id),
            wrapper: file.wrapper,
            root: file.root,
            root_namespace: file.root_namespace.map(Namespace::from),
            output_root: file.output_root,
            unwrapped: file.unwrapped,
            encoded: file.encoded.iter().map(|path| encoded_path(path)).collect(),
            host_prefix: file.host_prefix,
            actions: file.actions.unwrap_or_else(|| vec![format!("{iam}:{name}")]),
            pagination,
            stray_tokens,
        })
    }
}

impl From<&NamespaceFile> for Namespace {
    fn from(file: &NamespaceFile) -> Self {
        Self { uri: file.uri.clone(), prefix: file.prefix.clone() }
    }
}

fn pagination(
    file: &PagesFile,
    input: Option<(ShapeId, &Structure)>,
    output: Option<(ShapeId, &Structure)>,
) -> Result<Pagination, String> {
    let (Some((_, input)), Some((_, output))) = (input, output) else {
        return Err("it has pages but no input or no output".to_owned());
    };
    if file.r#in.len() != file.out.len() {
        return Err("its pages do not have as many tokens in as out".to_owned());
    }
    let of_input = |name: &String| match input.member(name) {
        Some(member) => Ok(Key::clone(&member.name)),
        None => Err(format!("the input has no member {name}")),
    };
    let of_output = |text: &String| {
        let expression = Expression::parse(text).ok_or_else(|| format!("{text:?} is not an expression"))?;
        match expression.top().and_then(|name| output.member(name)) {
            Some(_) => Ok(expression),
            None => Err(format!("the output has no member for {text:?}")),
        }
    };
    let result = |text: &String| of_output(text)?.members().ok_or_else(|| format!("{text:?} is not a path"));
    Ok(Pagination {
        input_tokens: file.r#in.iter().map(of_input).collect::<Result<_, _>>()?,
        output_tokens: file.out.iter().map(of_output).collect::<Result<_, _>>()?,
        more_results: file.more.as_ref().map(of_output).transpose()?,
        limit_key: file.limit.as_ref().map(of_input).transpose()?,
        results: file.results.iter().map(result).collect::<Result<_, _>>()?,
    })
}

fn encoded_path(text: &str) -> Vec<EncodedStep> {
    let step = |part: &str| match part.strip_suffix("[]") {
        Some(name) => EncodedStep { name: intern(name), each: true },
        None => EncodedStep { name: intern(part), each: false },
    };
    text.split('.').map(step).collect()
}

/// Whether a member's name says that the answer goes on: `NextToken`, `nextPageMarker`, `Marker`, `IsTruncated`, ….
fn looks_like_token(name: &str) -> bool {
    let name: String = name.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    if name.starts_with("lastevaluated") && (name.ends_with("key") || name.ends_with("name") || name.ends_with("arn")) {
        return true;
    }
    if matches!(name.as_str(), "istruncated" | "truncated" | "hasmore" | "hasmoreresults" | "morefindings") {
        return true;
    }
    let (rest, next) = match name.strip_prefix("next") {
        Some(rest) => (rest, true),
        None => (name.as_str(), false),
    };
    let qualified = ["continuation", "pagination", "page"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))
        .filter(|noun| !noun.is_empty());
    let noun = qualified.unwrap_or(rest);
    match noun {
        "token" | "key" | "page" | "position" => next || qualified.is_some(),
        "marker" | "cursor" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_token;

    #[test]
    fn names_that_say_that_an_answer_goes_on() {
        for name in [
            "NextToken",
            "nextToken",
            "next_token",
            "NextMarker",
            "Marker",
            "nextPageToken",
            "ContinuationToken",
            "NextContinuationToken",
            "NextPage",
            "nextPageMarker",
            "PaginationToken",
            "IsTruncated",
            "Cursor",
            "LastEvaluatedTableName",
            "nextPosition",
        ] {
            assert!(looks_like_token(name), "{name}");
        }
        for name in [
            "Token",
            "Key",
            "Page",
            "StartingPosition",
            "NextRotationDate",
            "lastEvaluatedAt",
            "TokenCode",
            "ClientToken",
            "SSEKMSKeyId",
            "LastStatus",
        ] {
            assert!(!looks_like_token(name), "{name}");
        }
    }
}
