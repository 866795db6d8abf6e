//! Values of flags, from text.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use assize::evaluation::Severity;
use assize::export;
use assize::report::diff::Format as DiffFormat;
use assize::report::{Extent, FailOn, FailOnError, Format};
use assize::rule::set::Assignment;
use assize::rule::{Category, PatternError, check_filter_pattern};
use assize::source::config_bucket::{Address, AddressError};
use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::aws_config::Origin;

pub(super) fn words<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|one| word(*one)))
        .try_map(move |text| all.iter().copied().find(|one| word(*one) == text).ok_or("no such word"))
}

pub(super) fn severities() -> impl TypedValueParser<Value = Severity> {
    words(&Severity::ALL, Severity::as_str)
}

pub(super) fn categories() -> impl TypedValueParser<Value = Category> {
    words(&Category::ALL, Category::as_str)
}

pub(super) fn formats() -> impl TypedValueParser<Value = Format> {
    words(&Format::ALL, Format::as_str)
}

pub(super) fn extents() -> impl TypedValueParser<Value = Extent> {
    words(&Extent::ALL, Extent::as_str)
}

pub(super) fn export_formats() -> impl TypedValueParser<Value = export::Format> {
    words(&export::Format::ALL, export::Format::as_str)
}

pub(super) fn diff_formats() -> impl TypedValueParser<Value = DiffFormat> {
    words(&DiffFormat::ALL, DiffFormat::as_str)
}

pub(super) fn origin() -> impl TypedValueParser<Value = Origin> {
    OsStringValueParser::new().try_map(|text| match text.to_str() {
        Some(address) if address.starts_with(Address::SCHEME) => address.parse().map(Origin::Bucket),
        _ => Ok::<_, AddressError>(Origin::Path(text.into())),
    })
}

/// A filter pattern of CloudWatch Logs, as it was written.
pub(super) fn pattern(text: &str) -> Result<String, PatternError> {
    check_filter_pattern(text).map(|()| text.to_owned())
}

pub(super) fn fail_on(text: &str) -> Result<FailOn, FailOnError> {
    text.parse()
}

pub(super) fn assignment(text: &str) -> Result<Assignment, assize::rule::ParameterError> {
    text.parse()
}

/// A time, or the first moment of a day in UTC.
pub(super) fn first_moment(text: &str) -> Result<Timestamp, String> {
    text.parse().or_else(|_| Ok(day(text)?.timestamp()))
}

/// A time, or the last moment of a day in UTC.
pub(super) fn last_moment(text: &str) -> Result<Timestamp, String> {
    let end = || day(text)?.end_of_day().map_err(|error| error.to_string());
    text.parse().or_else(|_| Ok(end()?.timestamp()))
}

fn day(text: &str) -> Result<Zoned, String> {
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    day.ok_or_else(|| "write a time such as 2026-10-01T06:00:00Z, or a day such as 2026-10-01".to_owned())
}

/// A time that is not nothing, or nothing would be kept.
pub(super) fn age(text: &str) -> Result<jiff::Span, String> {
    let span = text.parse::<jiff::Span>().ok().filter(|span| !span.is_zero() && !span.is_negative());
    span.ok_or_else(|| "write an age such as 90d, 12w or 1y".to_owned())
}

pub(super) fn named_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "write NAME=VALUE".to_owned())
}

pub(super) fn tag(text: &str) -> Result<(String, Option<String>), String> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    };
    if key.is_empty() {
        return Err("a tag has a key: KEY or KEY=VALUE".to_owned());
    }
    Ok((key.to_owned(), value))
}

pub(super) fn output(text: &str) -> Result<(Format, PathBuf), String> {
    format_and_file(text, &Format::ALL.map(Format::as_str))
}

pub(super) fn diff_output(text: &str) -> Result<(DiffFormat, PathBuf), String> {
    format_and_file(text, &DiffFormat::ALL.map(DiffFormat::as_str))
}

/// `FORMAT=FILE`, with one of the known formats.
pub(super) fn format_and_file<F: FromStr<Err: Display>>(text: &str, known: &[&str]) -> Result<(F, PathBuf), String> {
    let known = known.join(", ");
    let (format, file) = text.split_once('=').ok_or_else(|| format!("write FORMAT=FILE, with a format of {known}"))?;
    let format = format.parse().map_err(|error| format!("{error}; there are {known}"))?;
    if file.is_empty() {
        return Err("the file's name is missing behind `=`".to_owned());
    }
    Ok((format, PathBuf::from(file)))
}
