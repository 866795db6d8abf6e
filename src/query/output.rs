//! Answers for programs: JSON in the form of AWS Config's own answers. Tables, for people and spreadsheets, are in `report`.

use std::io::{self, Write};

use serde::Serialize;

use super::run::Answer;
use crate::gap::Gap;
use crate::value::Value;

/// Rows under the names of their columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// One value for each column. What is not set is `null`.
    pub rows: Vec<Vec<Value>>,
}

/// A value as text, as it stands in a cell: text as it is, nothing for what is not set, the rest as JSON.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.to_string(),
        Value::Unreadable(_) => "(unreadable)".to_owned(),
        other => other.to_string(),
    }
}

#[derive(Serialize)]
struct Field<'a> {
    #[serde(rename = "Name")]
    name: &'a str,
}

/// Writes an answer as `SelectResourceConfig` gives it: each row as a text that holds JSON, under `Results`. What could
/// not be told stands beside it, under names that AWS Config does not use.
///
/// # Errors
/// What the writer says.
pub fn json(answer: &Answer<'_>, out: &mut dyn Write) -> io::Result<()> {
    let gaps = [("Undecided", &answer.undecided), ("Unread", &answer.unread), ("Listings", &answer.listings)];
    write_json(&answer.columns(), answer.objects(), &gaps, out)
}

/// Writes a table in the same form. Columns of one name are told apart by their place: `name`, `name (2)`.
///
/// # Errors
/// What the writer says.
pub fn table_json(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let mut columns: Vec<String> = Vec::with_capacity(table.columns.len());
    for name in &table.columns {
        let known = table.columns.iter().take(columns.len()).filter(|other| *other == name).count();
        columns.push(if known == 0 { name.clone() } else { format!("{name} ({})", known + 1) });
    }
    let objects = table.rows.iter().map(|row| {
        let members = columns.iter().zip(row).filter(|(_, value)| **value != Value::Null);
        Value::object(members.map(|(name, value)| (name, value.clone())))
    });
    write_json(&columns, objects, &[], out)
}

fn write_json(
    columns: &[String],
    objects: impl Iterator<Item = Value>,
    gaps: &[(&str, &Vec<Gap>)],
    out: &mut dyn Write,
) -> io::Result<()> {
    let fields: Vec<Field<'_>> = columns.iter().map(|name| Field { name }).collect();
    write!(out, "{{\n  \"QueryInfo\": {{\"SelectFields\": {}}},\n  \"Results\": ", serde_json::to_string(&fields)?)?;
    list(objects.map(|object| Ok(serde_json::to_string(&object.to_string())?)), out)?;
    for (name, gaps) in gaps {
        write!(out, ",\n  \"{name}\": ")?;
        list(gaps.iter().map(|gap| Ok(serde_json::to_string(gap)?)), out)?;
    }
    writeln!(out, "\n}}")
}

/// One element a line.
fn list(elements: impl Iterator<Item = io::Result<String>>, out: &mut dyn Write) -> io::Result<()> {
    let mut any = false;
    for element in elements {
        out.write_all(if any { b",\n    " } else { b"[\n    " })?;
        out.write_all(element?.as_bytes())?;
        any = true;
    }
    out.write_all(if any { b"\n  ]" } else { b"[]" })
}
