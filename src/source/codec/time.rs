//! The forms of times on the wire.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use crate::source::model::TimeFormat;

/// A time in any of the forms that services send: ISO 8601 (UTC where it has no offset), RFC 822, or seconds since 1970.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return from_seconds(seconds);
    }
    let civil = text.parse::<DateTime>().ok().or_else(|| text.parse::<Date>().ok().map(DateTime::from));
    civil?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A time as seconds since 1970. A fraction is good to the microsecond, which is what an `f64` holds of today's times.
pub(super) fn from_seconds(seconds: f64) -> Option<Timestamp> {
    let microseconds = (seconds * 1e6).round();
    // Beyond this, jiff's range has ended long since.
    if !(-1e18..=1e18).contains(&microseconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    Timestamp::from_microsecond(microseconds as i64).ok()
}

/// A time as a request writes it in text.
pub(super) fn format(time: Timestamp, format: TimeFormat) -> String {
    match format {
        TimeFormat::Iso8601 if time.subsec_nanosecond() == 0 => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        TimeFormat::Iso8601 => time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        // A time outside of four-digit years has no such form; none that AWS takes is.
        TimeFormat::Rfc822 => {
            rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_else(|_| time.to_string())
        }
        TimeFormat::Unix => seconds(time),
    }
}

/// Seconds since 1970, with a fraction only where there is one.
fn seconds(time: Timestamp) -> String {
    let microseconds = time.as_microsecond();
    let sign = if microseconds < 0 { "-" } else { "" };
    let (whole, fraction) = (microseconds.unsigned_abs() / 1_000_000, microseconds.unsigned_abs() % 1_000_000);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{fraction:06}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::format_time;

    #[test]
    fn every_form_becomes_one() {
        for (text, expected) in [
            ("2015-10-21T07:28:00Z", "2015-10-21T07:28:00.000Z"),
            ("2015-10-21T07:28:00.1239Z", "2015-10-21T07:28:00.123Z"),
            ("2015-10-21T09:28:00+02:00", "2015-10-21T07:28:00.000Z"),
            ("2015-10-21T07:28:00.000+0000", "2015-10-21T07:28:00.000Z"),
            ("2015-10-21T07:28:00", "2015-10-21T07:28:00.000Z"),
            ("2015-10-21", "2015-10-21T00:00:00.000Z"),
            ("Wed, 21 Oct 2015 07:28:00 GMT", "2015-10-21T07:28:00.000Z"),
            ("1445412480", "2015-10-21T07:28:00.000Z"),
            ("1445412480.123", "2015-10-21T07:28:00.123Z"),
            ("1.44541248E9", "2015-10-21T07:28:00.000Z"),
            ("-1", "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(parse(text).map(format_time).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "never", "2015-10", "2015-13-01T00:00:00Z", "1e30", "NaN", "inf"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn requests_have_the_form_that_is_asked_for() {
        let whole = parse("2015-10-21T07:28:00Z").unwrap();
        assert_eq!(format(whole, TimeFormat::Iso8601), "2015-10-21T07:28:00Z");
        assert_eq!(format(whole, TimeFormat::Rfc822), "Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(format(whole, TimeFormat::Unix), "1445412480");
        let fraction = parse("2015-10-21T07:28:00.12Z").unwrap();
        assert_eq!(format(fraction, TimeFormat::Iso8601), "2015-10-21T07:28:00.120000Z");
        assert_eq!(format(fraction, TimeFormat::Unix), "1445412480.12");
        assert_eq!(format(parse("-0.5").unwrap(), TimeFormat::Unix), "-0.5");
    }
}
