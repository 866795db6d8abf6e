//! Times, as RFC 3339 text. "Now" is the time of the snapshot, so that the same snapshot always gives the same answers.

use std::cell::RefCell;

use jiff::Timestamp;
use rhai::ImmutableString;

use crate::rule::run::{Outcome, fail, with};
use crate::rule::surface::Surface;

const SECONDS_OF_AN_HOUR: i64 = 3_600;
const SECONDS_OF_A_DAY: i64 = 86_400;

fn parse(text: &str) -> Outcome<Timestamp> {
    text.trim().parse().map_err(|_| fail(format!("\"{text}\" is not a time: they look like 2026-01-02T03:04:05Z")))
}

fn now() -> Outcome<ImmutableString> {
    with(|run| Ok(run.snapshot.about().captured_at.as_str().into()))
}

thread_local! {
    /// The time of the snapshot, as text and read.
    static NOW: RefCell<(String, Timestamp)> = const { RefCell::new((String::new(), Timestamp::UNIX_EPOCH)) };
}

fn now_read() -> Outcome<Timestamp> {
    with(|run| {
        let text = run.snapshot.about().captured_at.as_str();
        NOW.with_borrow_mut(|(known, time)| {
            if known.as_str() != text {
                *time = parse(text)?;
                text.clone_into(known);
            }
            Ok(*time)
        })
    })
}

fn between(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_millisecond() - from.as_millisecond()).div_euclid(1_000)
}

fn seconds_since(time: &str) -> Outcome<i64> {
    Ok(between(parse(time)?, now_read()?))
}

fn seconds_until(time: &str) -> Outcome<i64> {
    Ok(between(now_read()?, parse(time)?))
}

pub(super) fn register(surface: &mut Surface) {
    surface
        .function("now", now)
        .function("days_since", |time: &str| -> Outcome<i64> { Ok(seconds_since(time)?.div_euclid(SECONDS_OF_A_DAY)) })
        .function("days_until", |time: &str| -> Outcome<i64> { Ok(seconds_until(time)?.div_euclid(SECONDS_OF_A_DAY)) })
        .function("hours_since", |time: &str| -> Outcome<i64> {
            Ok(seconds_since(time)?.div_euclid(SECONDS_OF_AN_HOUR))
        })
        .function("seconds_since", seconds_since)
        .function("seconds_between", |from: &str, to: &str| -> Outcome<i64> { Ok(between(parse(from)?, parse(to)?)) });
}
