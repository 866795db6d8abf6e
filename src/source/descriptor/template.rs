//! The templates of descriptors: text with paths in braces, values with `$` operators, and conditions.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::OnceLock;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_saphyr::Spanned;

use super::Case;
use super::path::{Env, Frame, Path, Position, SyntaxError};
use crate::nearest;
use crate::schema::Form;
use crate::source::model::{ServiceModel, ShapeId};
use crate::value::{Key, Value};

/// Text with paths in braces: `arn:{partition}:ec2:{region}:{account}:volume/{VolumeId}`.
#[derive(Clone, Debug)]
pub struct Text {
    pieces: Vec<Piece>,
    written: Box<str>,
    pub(super) at: Position,
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Path(Path, Vec<Filter>),
}

#[derive(Clone, Debug)]
enum Filter {
    Last(String),
    First(String),
    After(String),
    Trim(String),
    Lower,
    Upper,
    Number,
    Boolean,
    Text,
    Json,
    Url,
    Default(String),
    Or(Path),
}

const FILTERS: [&str; 13] =
    ["last", "first", "after", "trim", "lower", "upper", "number", "boolean", "text", "json", "url", "default", "or"];

impl Text {
    /// Reads a text template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let pieces = parse_pieces(text).map_err(|why| SyntaxError(format!("`{text}` is not a template: {why}")))?;
        Ok(Self { pieces, written: text.into(), at: Position::default() })
    }

    /// The paths, each with whether filters make something else of what it leads to.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&Path, bool)> {
        self.pieces.iter().flat_map(|piece| {
            let (path, filters) = match piece {
                Piece::Path(path, filters) => (Some(path), filters.as_slice()),
                Piece::Literal(_) => (None, &[][..]),
            };
            let others = filters.iter().filter_map(|filter| match filter {
                Filter::Or(other) => Some(other),
                _ => None,
            });
            path.into_iter().chain(others).map(|path| (path, !filters.is_empty()))
        })
    }

    /// Whether it is one path and nothing else, so that it stands for a value of any kind.
    pub(super) fn is_value(&self) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Path(..)])
    }

    /// What the filters of a template that is one path make of facts of this form.
    pub(super) fn filtered_form(&self, form: Form) -> Form {
        let [Piece::Path(_, filters)] = self.pieces.as_slice() else { return Form::Text };
        filters.iter().fold(form, |form, filter| match (filter, form) {
            (filter, Form::List(element)) if !matches!(filter, Filter::Default(_) | Filter::Or(_)) => {
                Form::List(Box::new(filter.form(*element)))
            }
            (filter, form) => filter.form(form),
        })
    }

    /// Its place in the file, which is that of its paths too.
    fn place(mut self, at: Position) -> Self {
        for piece in &mut self.pieces {
            if let Piece::Path(path, _) = piece {
                path.at = at;
            }
        }
        self.at = at;
        self
    }

    /// The text; `None` if one of its paths is absent, or leads to something that is not text.
    pub fn text(&self, frame: &Frame<'_>, env: &Env<'_>) -> Option<String> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Path(path, filters) => out.push_str(&scalar_text(&filtered(path, filters, frame, env)?)?),
            }
        }
        Some(out)
    }

    /// The value of a template that is one path, else the text.
    pub fn value(&self, frame: &Frame<'_>, env: &Env<'_>) -> Option<Value> {
        match self.pieces.as_slice() {
            [Piece::Path(path, filters)] => filtered(path, filters, frame, env),
            _ => self.text(frame, env).map(Value::from),
        }
    }
}

impl Filter {
    /// What it makes of a fact of this form. What another path tells has been added before.
    fn form(&self, form: Form) -> Form {
        match (self, form) {
            (Self::Json, _) => Form::Any,
            // Other text is left as it is.
            (Self::Number, Form::Text) => Form::Text.or(Form::Number),
            (Self::Boolean, Form::Text) => Form::Text.or(Form::Truth),
            (Self::Text, Form::Integer | Form::Number | Form::Truth) => Form::Text,
            (Self::Default(_), form) => form.or(Form::Text),
            (_, form) => form,
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self::parse(&text.value).map_err(D::Error::custom)?.place((&text).into()))
    }
}

/// Numbers and truth values stand in text as JSON writes them.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => Some(value.to_string()),
        _ => None,
    }
}

fn parse_pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = brace.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = brace.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else if let Some(after) = brace.strip_prefix('{') {
            let (inside, after) = after.split_once('}').ok_or("a brace is not closed")?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(parse_placeholder(inside)?);
            rest = after;
        } else {
            return Err("`}` without `{` (two of them stand for the brace itself)".into());
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

fn parse_placeholder(inside: &str) -> Result<Piece, String> {
    let mut parts = inside.split('|');
    let path = Path::parse(parts.next().unwrap_or_default().trim()).map_err(|why| why.to_string())?;
    let filters = parts.map(parse_filter).collect::<Result<_, _>>()?;
    Ok(Piece::Path(path, filters))
}

fn parse_filter(text: &str) -> Result<Filter, String> {
    let text = text.trim_start();
    let (name, argument) = match text.split_once(':') {
        Some((name, argument)) => (name, Some(argument.to_owned())),
        None => (text.trim_end(), None),
    };
    match (name, argument) {
        ("lower", None) => Ok(Filter::Lower),
        ("upper", None) => Ok(Filter::Upper),
        ("number", None) => Ok(Filter::Number),
        ("boolean", None) => Ok(Filter::Boolean),
        ("text", None) => Ok(Filter::Text),
        ("json", None) => Ok(Filter::Json),
        ("url", None) => Ok(Filter::Url),
        ("default", Some(text)) => Ok(Filter::Default(text)),
        ("or", Some(path)) => Path::parse(path.trim()).map(Filter::Or).map_err(|why| why.to_string()),
        ("last", Some(text)) if !text.is_empty() => Ok(Filter::Last(text)),
        ("first", Some(text)) if !text.is_empty() => Ok(Filter::First(text)),
        ("after", Some(text)) if !text.is_empty() => Ok(Filter::After(text)),
        ("trim", Some(text)) if !text.is_empty() => Ok(Filter::Trim(text)),
        (name, Some(_)) if FILTERS.contains(&name) => Err(format!("the filter `{name}` is written without that `:`")),
        (name, None) if FILTERS.contains(&name) => Err(format!("the filter `{name}` needs a text: `{name}:/`")),
        (name, _) => Err(format!("there is no filter `{name}`{}", nearest::hint(name, FILTERS))),
    }
}

fn filtered(path: &Path, filters: &[Filter], frame: &Frame<'_>, env: &Env<'_>) -> Option<Value> {
    filters.iter().fold(path.get(frame, env), |value, filter| match (filter, value) {
        (Filter::Default(text), None | Some(Value::Null)) => Some(text.as_str().into()),
        (Filter::Or(other), None | Some(Value::Null)) => other.get(frame, env),
        (_, None) => None,
        (filter, Some(value)) => apply(filter, &value),
    })
}

fn apply(filter: &Filter, value: &Value) -> Option<Value> {
    if let Value::Array(elements) = value {
        return Some(elements.iter().filter_map(|element| apply(filter, element)).collect::<Vec<_>>().into());
    }
    if matches!(filter, Filter::Text) {
        return Some(scalar_text(value).map_or_else(|| value.clone(), Value::from));
    }
    let Value::String(text) = value else { return Some(value.clone()) };
    let text = text.as_str();
    let out: Value = match filter {
        Filter::Last(separator) => text.rsplit_once(separator.as_str()).map_or(text, |(_, last)| last).into(),
        Filter::First(separator) => text.split_once(separator.as_str()).map_or(text, |(first, _)| first).into(),
        Filter::After(separator) => text.split_once(separator.as_str())?.1.into(),
        Filter::Trim(end) => text.strip_suffix(end.as_str()).unwrap_or(text).into(),
        Filter::Lower => text.to_lowercase().into(),
        Filter::Upper => text.to_uppercase().into(),
        Filter::Number => number(text).unwrap_or_else(|| value.clone()),
        Filter::Boolean => text.parse::<bool>().map_or_else(|_| value.clone(), Value::from),
        Filter::Json => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        Filter::Url => percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_or_else(|_| value.clone(), |decoded| decoded.as_ref().into()),
        Filter::Text | Filter::Default(_) | Filter::Or(_) => value.clone(),
    };
    Some(out)
}

fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().ok().map(Value::Integer);
    whole.or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float))
}

/// A template for a value: `params`, `build`, `set`.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) node: Node,
    written: Value,
    pub(super) at: Position,
}

/// One node of a value template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(Value),
    Text(Text),
    List(Vec<Node>),
    Object(Vec<(Key, Node)>),
    Each {
        path: Path,
        to: Box<Node>,
    },
    Map {
        path: Path,
        words: Vec<(String, Value)>,
    },
    Json(Path),
    Case {
        path: Path,
        case: Case,
        shape: OnceLock<ShapeId>,
    },
    Pairs(Path),
    /// Several keys make maps within maps.
    Entries {
        path: Path,
        keys: Vec<Path>,
        value: Box<Node>,
    },
    Merge(Vec<Node>),
    If {
        path: Path,
        equals: Option<Value>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Optional(Box<Node>),
}

impl Template {
    /// Reads a template from the tree that a descriptor's file holds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(tree: &Value) -> Result<Self, SyntaxError> {
        Ok(Self { node: parse_node(tree)?, written: tree.clone(), at: Position::default() })
    }

    /// The value. `model` is of the service whose answer the template reads; `None` if the template as a whole is one
    /// to be left out.
    pub fn value(&self, model: &ServiceModel, frame: &Frame<'_>, env: &Env<'_>) -> Option<Value> {
        self.node.value(model, frame, env)
    }

    /// For a request: members that are null are left out, and a path that is absent without being `$optional` is an
    /// error, as a request without it would ask for something else.
    ///
    /// # Errors
    /// The template whose path is absent.
    pub fn params(&self, model: &ServiceModel, frame: &Frame<'_>, env: &Env<'_>) -> Result<Value, String> {
        if let Some(missing) = self.node.missing(frame, env) {
            return Err(missing);
        }
        Ok(without_nulls(&self.node.value(model, frame, env).unwrap_or(Value::Null)))
    }

    /// No parameters at all.
    pub(super) fn empty() -> Self {
        Self { node: Node::Object(Vec::new()), written: Value::object::<&str>([]), at: Position::default() }
    }

    /// The element itself.
    pub(super) fn itself() -> Self {
        let text = Text {
            pieces: vec![Piece::Path(Path::itself(), Vec::new())],
            written: "{.}".into(),
            at: Position::default(),
        };
        Self { node: Node::Text(text), written: "{.}".into(), at: Position::default() }
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::object(
            members
                .iter()
                .filter(|(_, value)| **value != Value::Null)
                .map(|(name, value)| (name, without_nulls(value))),
        ),
        Value::Array(elements) => elements.iter().map(without_nulls).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

impl Node {
    fn value(&self, model: &ServiceModel, frame: &Frame<'_>, env: &Env<'_>) -> Option<Value> {
        let null = || Some(Value::Null);
        match self {
            Self::Constant(value) => Some(value.clone()),
            Self::Text(text) => text.value(frame, env).or_else(null),
            Self::List(nodes) => {
                Some(nodes.iter().filter_map(|node| node.value(model, frame, env)).collect::<Vec<_>>().into())
            }
            Self::Object(members) => Some(Value::object(
                members.iter().filter_map(|(name, node)| Some((name, node.value(model, frame, env)?))),
            )),
            Self::Each { path, to } => {
                let mut out = Vec::new();
                path.each(frame, env, &mut |inner| out.extend(to.value(model, inner, env)));
                Some(out.into())
            }
            Self::Map { path, words } => path.get(frame, env).map(|value| replaced(&value, words)).or_else(null),
            Self::Json(path) => path.get(frame, env).and_then(|text| apply(&Filter::Json, &text)).or_else(null),
            Self::Case { path, case, shape } => {
                let value = path.get(frame, env);
                value
                    .map(|value| shape.get().map_or(value.clone(), |shape| case.of(model, *shape, &value)))
                    .or_else(null)
            }
            Self::Pairs(path) => match path.get(frame, env) {
                Some(Value::Object(map)) => Some(
                    map.iter()
                        .map(|(key, value)| {
                            Value::object([("Key", Value::from(key.as_ref())), ("Value", value.clone())])
                        })
                        .collect::<Vec<_>>()
                        .into(),
                ),
                _ => Some(Vec::new().into()),
            },
            Self::Entries { path, keys, value } => {
                let mut entries = Vec::new();
                path.each(frame, env, &mut |inner| {
                    let name = |key: &Path| key.get(inner, env).as_ref().and_then(scalar_text);
                    if let Some(names) = keys.iter().map(name).collect::<Option<Vec<_>>>() {
                        entries.extend(value.value(model, inner, env).map(|value| (names.into(), value)));
                    }
                });
                Some(nested(entries))
            }
            Self::Merge(nodes) => {
                let mut elements = Vec::new();
                let mut members = Vec::new();
                for value in nodes.iter().filter_map(|node| node.value(model, frame, env)) {
                    match value {
                        Value::Array(more) => elements.extend(more.iter().cloned()),
                        Value::Object(more) => {
                            members.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
                        }
                        _ => {}
                    }
                }
                Some(if members.is_empty() { elements.into() } else { Value::object(members) })
            }
            Self::If { path, equals, then, otherwise } => {
                let value = path.get(frame, env);
                let holds = match equals {
                    Some(wanted) => value.as_ref() == Some(wanted),
                    None => value.as_ref().is_some_and(is_something),
                };
                if holds { then.value(model, frame, env) } else { otherwise.as_ref()?.value(model, frame, env) }
            }
            Self::Optional(node) => node.value(model, frame, env).filter(|value| *value != Value::Null),
        }
    }

    /// The first text that is absent though it must be there.
    fn missing(&self, frame: &Frame<'_>, env: &Env<'_>) -> Option<String> {
        match self {
            Self::Text(text) => text.value(frame, env).is_none().then(|| text.to_string()),
            Self::List(nodes) => nodes.iter().find_map(|node| node.missing(frame, env)),
            Self::Object(members) => members.iter().find_map(|(_, node)| node.missing(frame, env)),
            _ => None,
        }
    }

    /// Calls `see` with each path.
    pub(super) fn paths<'n>(&'n self, see: &mut dyn FnMut(&'n Path)) {
        match self {
            Self::Constant(_) => {}
            Self::Text(text) => text.paths().for_each(|(path, _)| see(path)),
            Self::List(nodes) | Self::Merge(nodes) => nodes.iter().for_each(|node| node.paths(see)),
            Self::Object(members) => members.iter().for_each(|(_, node)| node.paths(see)),
            Self::Each { path, to } => {
                see(path);
                to.paths(see);
            }
            Self::Map { path, .. } | Self::Json(path) | Self::Case { path, .. } | Self::Pairs(path) => see(path),
            Self::Entries { path, keys, value } => {
                see(path);
                keys.iter().for_each(&mut *see);
                value.paths(see);
            }
            Self::If { path, then, otherwise, .. } => {
                see(path);
                then.paths(see);
                if let Some(otherwise) = otherwise {
                    otherwise.paths(see);
                }
            }
            Self::Optional(node) => node.paths(see),
        }
    }
}

/// Neither null, false, nor empty.
pub(super) fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// Each value under its names, from the outermost map to the innermost.
fn nested(entries: Vec<(VecDeque<String>, Value)>) -> Value {
    let mut maps: BTreeMap<String, Vec<(VecDeque<String>, Value)>> = BTreeMap::new();
    for (mut names, value) in entries {
        if let Some(name) = names.pop_front() {
            maps.entry(name).or_default().push((names, value));
        }
    }
    Value::object(maps.into_iter().map(|(name, mut inner)| {
        let last = inner.pop_if(|(names, _)| names.is_empty());
        (name, last.map_or_else(|| nested(inner), |(_, value)| value))
    }))
}

fn replaced(value: &Value, words: &[(String, Value)]) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(|element| replaced(element, words)).collect::<Vec<_>>().into(),
        other => {
            let word = scalar_text(other);
            let found = words.iter().find(|(from, _)| word.as_ref() == Some(from));
            found.map_or_else(|| other.clone(), |(_, to)| to.clone())
        }
    }
}

fn parse_node(tree: &Value) -> Result<Node, SyntaxError> {
    match tree {
        Value::String(text) if text.contains(['{', '}']) => Ok(Node::Text(Text::parse(text)?)),
        Value::Array(elements) => Ok(Node::List(elements.iter().map(parse_node).collect::<Result<_, _>>()?)),
        Value::Object(members) if members.iter().any(|(name, _)| name.starts_with('$')) => parse_operator(tree),
        Value::Object(members) => Ok(Node::Object(
            members
                .iter()
                .map(|(name, node)| Ok((name.clone(), parse_node(node)?)))
                .collect::<Result<_, SyntaxError>>()?,
        )),
        scalar => Ok(Node::Constant(scalar.clone())),
    }
}

/// Each operator with the members that must, and those that may, stand beside it.
const OPERATORS: [(&str, &[&str], &[&str]); 9] = [
    ("$each", &["$to"], &[]),
    ("$map", &["$values"], &[]),
    ("$json", &[], &[]),
    ("$case", &["$of"], &[]),
    ("$pairs", &[], &[]),
    ("$object", &["$key", "$value"], &[]),
    ("$merge", &[], &[]),
    ("$if", &["$then"], &["$else", "$equals"]),
    ("$optional", &[], &[]),
];

fn parse_operator(tree: &Value) -> Result<Node, SyntaxError> {
    let names: Vec<&str> =
        tree.as_object().map(|members| members.iter().map(|(name, _)| name.as_ref()).collect()).unwrap_or_default();
    let Some((operator, needed, allowed)) = OPERATORS.iter().find(|(operator, ..)| names.contains(operator)) else {
        let name = names.iter().find(|name| name.starts_with('$')).copied().unwrap_or_default();
        let hint = nearest::hint(name, OPERATORS.map(|(operator, ..)| operator));
        return Err(SyntaxError(format!("there is no operator `{name}`{hint}")));
    };
    if let Some(missing) = needed.iter().find(|name| !names.contains(name)) {
        return Err(SyntaxError(format!("`{operator}` needs `{missing}` beside it")));
    }
    let known = |name: &&&str| *name == operator || needed.contains(name) || allowed.contains(name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(SyntaxError(format!("`{unknown}` has no meaning beside `{operator}`")));
    }
    let member = |name: &str| tree.get(name).unwrap_or(&Value::Null);
    let as_path = |name: &str, value: &Value| match value {
        Value::String(text) => Path::parse(text),
        other => Err(SyntaxError(format!("`{name}` needs a path, not {}", other.kind()))),
    };
    let path = |name: &str| as_path(name, member(name));
    let node = |name: &str| parse_node(member(name)).map(Box::new);
    // A plain word would be a constant, which has no sense there.
    let path_or_node = |name: &str| match member(name) {
        Value::String(text) if !text.contains(['{', '}']) => parse_node(&format!("{{{text}}}").into()).map(Box::new),
        _ => node(name),
    };
    Ok(match *operator {
        "$each" => Node::Each { path: path("$each")?, to: node("$to")? },
        "$map" => Node::Map {
            path: path("$map")?,
            words: member("$values")
                .as_object()
                .ok_or_else(|| SyntaxError("`$values` needs a map of words".into()))?
                .iter()
                .map(|(from, to)| (from.to_string(), to.clone()))
                .collect(),
        },
        "$json" => Node::Json(path("$json")?),
        "$case" => Node::Case {
            path: path("$of")?,
            case: member("$case")
                .as_str()
                .and_then(Case::parse)
                .ok_or_else(|| SyntaxError("`$case` needs `lowerFirst`, `upperFirst` or `bean`".into()))?,
            shape: OnceLock::new(),
        },
        "$pairs" => Node::Pairs(path("$pairs")?),
        "$object" => Node::Entries {
            path: path("$object")?,
            keys: match member("$key") {
                Value::Array(keys) if !keys.is_empty() => {
                    keys.iter().map(|key| as_path("$key", key)).collect::<Result<_, _>>()?
                }
                _ => vec![path("$key")?],
            },
            value: path_or_node("$value")?,
        },
        "$merge" => match parse_node(member("$merge"))? {
            Node::List(nodes) => Node::Merge(nodes),
            _ => return Err(SyntaxError("`$merge` needs a list of templates".into())),
        },
        "$if" => Node::If {
            path: path("$if")?,
            equals: tree.get("$equals").cloned(),
            then: node("$then")?,
            otherwise: tree.get("$else").map(|_| node("$else")).transpose()?,
        },
        _ => Node::Optional(path_or_node("$optional")?),
    })
}

/// As it is written, on one line of JSON.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tree = Spanned::<Value>::deserialize(deserializer)?;
        let node = parse_node(&tree.value).map_err(D::Error::custom)?;
        let at = (&tree).into();
        Ok(Self { node, at, written: tree.value })
    }
}

/// What must hold of an element.
#[derive(Clone, Debug)]
pub struct Condition {
    pub(super) path: Path,
    pub(super) tests: Vec<Test>,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    In(Vec<Operand>),
    NotIn(Vec<Operand>),
    Prefix(Text),
    Present(bool),
}

/// What a fact is compared with.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Constant(Value),
    Text(Text),
}

impl Operand {
    pub(super) fn parse(value: Value) -> Result<Self, SyntaxError> {
        match &value {
            Value::String(text) if text.contains(['{', '}']) => Ok(Self::Text(Text::parse(text)?)),
            Value::Array(_) | Value::Object(_) => Err(SyntaxError("a fact is compared with a plain value".into())),
            _ => Ok(Self::Constant(value)),
        }
    }

    fn equals(&self, value: &Value, frame: &Frame<'_>, env: &Env<'_>) -> bool {
        match self {
            Self::Constant(constant) => constant == value,
            Self::Text(text) => text.value(frame, env).is_some_and(|other| other == *value),
        }
    }
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, frame: &Frame<'_>, env: &Env<'_>) -> bool {
        let value = self.path.get(frame, env).filter(|value| *value != Value::Null);
        let among = |operands: &[Operand]| {
            value.as_ref().is_some_and(|value| operands.iter().any(|operand| operand.equals(value, frame, env)))
        };
        self.tests.iter().all(|test| match test {
            Test::In(operands) => among(operands),
            Test::NotIn(operands) => !among(operands),
            Test::Prefix(prefix) => {
                let text = value.as_ref().and_then(Value::as_str);
                prefix.text(frame, env).is_some_and(|prefix| text.is_some_and(|text| text.starts_with(&prefix)))
            }
            Test::Present(wanted) => value.is_some() == *wanted,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    fn env() -> Env<'static> {
        static NO_PARTS: BTreeMap<Key, Value> = BTreeMap::new();
        Env { account: "111122223333", region: "eu-west-1", partition: "aws", parent: None, parts: &NO_PARTS }
    }

    fn text(template: &str, json: &str) -> Option<String> {
        Text::parse(template).unwrap().text(&Frame::of(&value(json)), &env())
    }

    fn built(template: &str, json: &str) -> Option<String> {
        let models = crate::source::model::Models::builtin();
        let model = models.service("ec2").unwrap();
        let template = Template::parse(&value(template)).unwrap();
        template.value(model, &Frame::of(&value(json)), &env()).map(|value| value.to_string())
    }

    #[test]
    fn text_is_absent_as_soon_as_one_path_is() {
        let json = r#"{"Id":"vol-1","Size":8}"#;
        assert_eq!(
            text("arn:{partition}:ec2:{region}:{account}:volume/{Id}", json).as_deref(),
            Some("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1")
        );
        assert_eq!(text("{Id} {Size} {{}}", json).as_deref(), Some("vol-1 8 {}"));
        assert_eq!(text("{Id}{Name}", json), None);
        assert_eq!(text("{Name|default:none}", json).as_deref(), Some("none"));
    }

    #[test]
    fn filters_take_text_apart() {
        let json =
            r#"{"Arn":"arn:aws:sns:eu-west-1:1:a/b:*","Flag":"true","Count":"30","Doc":"{\"a\":1}","U":"%7B%7D"}"#;
        assert_eq!(text("{Arn|trim::*|last::}", json).as_deref(), Some("a/b"));
        assert_eq!(text("{Arn|first::}", json).as_deref(), Some("arn"));
        assert_eq!(text("{Arn|after:/}", json).as_deref(), Some("b:*"));
        assert_eq!(text("{Arn|after:?}", json), None);
        assert_eq!(text("{Id|or:Arn|first::}", json).as_deref(), Some("arn"));
        assert_eq!(text("{Flag|or:Arn}", json).as_deref(), Some("true"));
        assert_eq!(text("{Id|or:Name}", json), None);
        assert_eq!(
            built(r#"["{Flag|boolean}","{Count|number}","{Doc|json}","{U|url}"]"#, json).unwrap(),
            r#"[true,30,{"a":1},"{}"]"#
        );
    }

    #[test]
    fn value_templates() {
        let json = r#"{"L":[{"N":"a","V":"x"},{"N":"b"}],"M":{"k":"v"},"T":"{\"a\":[1]}","S":"on","F":false,
            "K":[{"N":"a","O":"x","V":1},{"N":"a","O":"y","V":2},{"N":"a","O":"x","V":3},{"N":"b","O":"x","V":4},{"N":"b"}]}"#;
        for (template, expected) in [
            (r#""{L}""#, r#"[{"N":"a","V":"x"},{"N":"b"}]"#),
            (r#"{"a":"{Missing}","b":"{S}!"}"#, r#"{"a":null,"b":"on!"}"#),
            (
                r#"{"$each":"L","$to":{"n":"{N}","s":"{^.S}","v":{"$optional":"V"}}}"#,
                r#"[{"n":"a","s":"on","v":"x"},{"n":"b","s":"on"}]"#,
            ),
            (r#"{"$each":"Missing","$to":"{.}"}"#, "[]"),
            (r#"{"$map":"S","$values":{"on":true}}"#, "true"),
            (r#"{"$json":"T"}"#, r#"{"a":[1]}"#),
            (r#"{"$pairs":"M"}"#, r#"[{"Key":"k","Value":"v"}]"#),
            (r#"{"$object":"L","$key":"N","$value":"V"}"#, r#"{"a":"x","b":null}"#),
            (r#"{"$object":"K","$key":["N","O"],"$value":"V"}"#, r#"{"a":{"x":3,"y":2},"b":{"x":4}}"#),
            (r#"{"$object":"L","$key":"N","$value":{"v":{"$optional":"V"}}}"#, r#"{"a":{"v":"x"},"b":{}}"#),
            (r#"{"$merge":[{"$each":"L","$to":"{N}"},{"$each":"Missing","$to":"{.}"},[1]]}"#, r#"["a","b",1]"#),
            (r#"{"$merge":["{M}",{"x":1}]}"#, r#"{"k":"v","x":1}"#),
            (r#"{"$if":"F","$then":1,"$else":2}"#, "2"),
            (r#"{"$if":"S","$equals":"on","$then":"{S}"}"#, r#""on""#),
            (r#"{"a":{"$if":"F","$then":1}}"#, "{}"),
        ] {
            assert_eq!(built(template, json).as_deref(), Some(expected), "{template}");
        }
        assert_eq!(built(r#"{"$optional":"Missing"}"#, json), None);
    }

    #[test]
    fn what_is_wrong_with_a_template_is_said() {
        for (template, said) in [
            (r#""{A""#, "not closed"),
            (r#""{A|lst:/}""#, "did you mean `last`"),
            (r#""{A|last}""#, "needs a text"),
            (r#"{"$eahc":"A","$to":1}"#, "did you mean `$each`"),
            (r#"{"$each":"A"}"#, "`$each` needs `$to`"),
            (r#"{"$json":"A","b":1}"#, "`b` has no meaning"),
            (r#"{"$object":"A","$key":[1],"$value":"B"}"#, "`$key` needs a path, not integer"),
            (r#"{"$object":"A","$key":[],"$value":"B"}"#, "`$key` needs a path, not array"),
        ] {
            let error = Template::parse(&value(template)).unwrap_err().to_string();
            assert!(error.contains(said), "{template}: {error}");
        }
    }

    #[test]
    fn conditions_on_absent_facts() {
        let element = value(r#"{"State":"active","Id":"igw-1"}"#);
        let holds = |path: &str, test: Test| {
            let condition = Condition { path: Path::parse(path).unwrap(), tests: vec![test] };
            condition.holds(&Frame::of(&element), &env())
        };
        let active = || vec![Operand::Constant("active".into())];
        assert!(holds("State", Test::In(active())));
        assert!(!holds("State", Test::NotIn(active())));
        assert!(!holds("Missing", Test::In(active())));
        assert!(holds("Missing", Test::NotIn(active())));
        assert!(holds("Id", Test::Prefix(Text::parse("igw-").unwrap())));
        assert!(!holds("Missing", Test::Present(true)));
        assert!(holds("Missing", Test::Present(false)));
    }
}
