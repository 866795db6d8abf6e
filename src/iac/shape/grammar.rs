//! How forms are written in `iac/`: paths with types and defaults, and the words that begin with `$`.

use serde_json::Value as Json;

use super::{Property, Shape, Wanted, steps};

/// What is wrong with a form.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::iac) struct ShapeError(String);

impl TryFrom<Json> for Shape {
    type Error = ShapeError;

    fn try_from(json: Json) -> Result<Self, ShapeError> {
        let wrong = |what: &str| ShapeError(what.to_owned());
        match json {
            Json::String(text) => text.parse().map(Self::Property),
            Json::Array(shapes) => shapes.into_iter().map(Self::try_from).collect::<Result<_, _>>().map(Self::List),
            Json::Object(mut members) => {
                let many = |json: Option<Json>| -> Result<Vec<Self>, ShapeError> {
                    match json {
                        Some(Json::Array(shapes)) => shapes.into_iter().map(Self::try_from).collect(),
                        _ => Err(wrong("`$join` and `$first` want a list of forms")),
                    }
                };
                let text = |json: &Json| json.as_str().map(str::to_owned).ok_or_else(|| wrong("a path is a text"));
                // `$as` goes with several of them.
                let mut words = members.keys().filter(|key| key.starts_with('$') && *key != "$as");
                let word = words.next().or_else(|| members.keys().find(|key| *key == "$as")).cloned();
                let shape = match word.as_deref() {
                    None => {
                        let members = members.into_iter().map(|(name, json)| Ok((name, Self::try_from(json)?)));
                        return members.collect::<Result<_, ShapeError>>().map(Self::Object);
                    }
                    Some("$value") => Self::Constant(members.remove("$value").unwrap_or_default()),
                    Some("$join") => Self::Join(many(members.remove("$join"))?),
                    Some("$first") => Self::First(many(members.remove("$first"))?),
                    Some("$tags") => Self::Tags(steps(&text(&members.remove("$tags").unwrap_or_default())?)),
                    Some("$absent") if members.remove("$absent") == Some(Json::Bool(true)) => Self::Absent,
                    Some("$flat") => Self::Flat(Box::new(Self::try_from(members.remove("$flat").unwrap_or_default())?)),
                    Some("$unknown") => Self::Unknown(text(&members.remove("$unknown").unwrap_or_default())?),
                    Some("$parsed") => {
                        let path = text(&members.remove("$parsed").unwrap_or_default())?;
                        let form = members.remove("$as").ok_or_else(|| wrong("`$parsed` wants `$as`"))?;
                        Self::Parsed(steps(&path), Box::new(Self::try_from(form)?))
                    }
                    Some("$object" | "$keys") => {
                        let path = text(&members.remove("$object").unwrap_or_default())?;
                        let Some(Json::Array(keys)) = members.remove("$keys") else {
                            return Err(wrong("`$object` wants a list `$keys`"));
                        };
                        let keys = keys.iter().map(text).collect::<Result<_, _>>()?;
                        let form = members.remove("$as").ok_or_else(|| wrong("`$object` wants `$as`"))?;
                        Self::Keyed(steps(&path), keys, Box::new(Self::try_from(form)?))
                    }
                    Some("$each" | "$as") => {
                        let path = text(&members.remove("$each").unwrap_or_default())?;
                        let form = members.remove("$as").ok_or_else(|| wrong("`$each` wants `$as`"))?;
                        Self::Each(steps(&path), Box::new(Self::try_from(form)?))
                    }
                    Some("$case" | "$of" | "$else") => {
                        let property = text(&members.remove("$case").unwrap_or_default())?.parse()?;
                        let Some(Json::Object(of)) = members.remove("$of") else {
                            return Err(wrong("`$case` wants a mapping `$of`"));
                        };
                        let of = of.into_iter().map(|(word, json)| Ok((word, Self::try_from(json)?)));
                        let otherwise = members.remove("$else").map(Self::try_from).transpose()?;
                        Self::Case(property, of.collect::<Result<_, ShapeError>>()?, otherwise.map(Box::new))
                    }
                    Some(other) => return Err(ShapeError(format!("there is no form `{other}`"))),
                };
                match members.keys().next() {
                    None => Ok(shape),
                    Some(other) => Err(ShapeError(format!("`{other}` does not belong here"))),
                }
            }
            _ => Err(wrong("a form is a path, a list or a mapping")),
        }
    }
}

impl std::str::FromStr for Property {
    type Err = ShapeError;

    fn from_str(text: &str) -> Result<Self, ShapeError> {
        let (rest, default) = match text.split_once(" or ") {
            Some((rest, default)) => {
                let default = serde_json::from_str(default)
                    .map_err(|_| ShapeError(format!("`{default}` is no JSON value: write text in quotes")))?;
                (rest, Some(default))
            }
            None => (text, None),
        };
        let (path, wanted) = match rest.split_once(" as ") {
            Some((path, word)) => {
                let wanted = match word {
                    "boolean" => Wanted::Boolean,
                    "integer" => Wanted::Integer,
                    "text" => Wanted::Text,
                    "document" => Wanted::Document,
                    "presence" => Wanted::Presence,
                    "name" => Wanted::Name,
                    "principal" => Wanted::Principal,
                    "csv" => Wanted::Csv,
                    other => return Err(ShapeError(format!("there is no type `{other}`"))),
                };
                (path, wanted)
            }
            None => (rest, Wanted::Any),
        };
        let mut paths = path.split(" | ").map(|path| match path {
            "." => Ok(Vec::new()),
            path if steps(path).is_empty() => Err(ShapeError(format!("`{text}` has no path"))),
            path => Ok(steps(path)),
        });
        let path = paths.next().unwrap_or_else(|| Ok(Vec::new()))?;
        let others = paths.collect::<Result<Vec<_>, _>>()?;
        if !others.is_empty() && wanted != Wanted::Presence {
            return Err(ShapeError(format!("`{text}` has several paths, which only `presence` can ask for")));
        }
        Ok(Self { path, others, wanted, default })
    }
}
