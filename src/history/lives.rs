//! When a resource was there. What a rule said of it ends with it: one that is made anew under the id of another begins
//! anew, whether or not the rule ran in between.

use rusqlite::Connection;

use super::error::Attempt;

/// From when to when, in milliseconds; without an end it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    pub(super) stop: Option<i64>,
}

impl Span {
    /// What of it lies in another one.
    fn within(self, other: Self) -> Option<Self> {
        let start = self.start.max(other.start);
        let stop = self.stop.into_iter().chain(other.stop).min();
        stop.is_none_or(|stop| start < stop).then_some(Self { start, stop })
    }
}

/// The times in which a resource was there, the earliest first.
pub(super) fn of(connection: &Connection, resource: i64) -> Attempt<Vec<Span>> {
    let sql = "SELECT start, stop FROM span WHERE resource = ?1 ORDER BY start";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([resource])?;
    let mut lives = Vec::<Span>::new();
    while let Some(row) = rows.next()? {
        let version = Span { start: row.get(0)?, stop: row.get(1)? };
        match lives.last_mut().filter(|life| life.stop == Some(version.start)) {
            Some(life) => life.stop = version.stop,
            None => lives.push(version),
        }
    }
    Ok(lives)
}

/// A time in which something was said of a resource, without those in which the resource was not there. Of what has never
/// been there, as a place that could not be listed, all of it is left.
pub(super) fn cut(said: Span, lives: &[Span]) -> Vec<Span> {
    let pieces: Vec<Span> = lives.iter().filter_map(|life| said.within(*life)).collect();
    if pieces.is_empty() { vec![said] } else { pieces }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_cut_where_a_resource_was_gone() {
        let span = |start, stop| Span { start, stop };
        let lives = [span(1, Some(4)), span(6, Some(8)), span(9, None)];
        assert_eq!(cut(span(2, Some(3)), &lives), [span(2, Some(3))]);
        assert_eq!(cut(span(2, Some(4)), &lives), [span(2, Some(4))]);
        assert_eq!(cut(span(2, None), &lives), [span(2, Some(4)), span(6, Some(8)), span(9, None)]);
        assert_eq!(cut(span(2, None), &lives[..1]), [span(2, Some(4))]);
        assert_eq!(cut(span(4, Some(6)), &lives), [span(4, Some(6))]);
        assert_eq!(cut(span(2, None), &[]), [span(2, None)]);
    }
}
