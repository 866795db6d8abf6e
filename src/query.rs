//! Questions asked of configuration items, in the query language of AWS Config.
//!
//! [`Query::parse`] reads the text and checks it, [`Query::run`] asks it of a snapshot, and the [`Answer`] is written by
//! `output`. `sql` is for everything that the language cannot say: SQLite over the same items, read only.
//!
//! A row is in the answer, not in it, or *undecided*: the condition needs a fact that could not be read. Undecided rows
//! are listed with the reason, as are the listings that may hold more of what was asked for. `docs/query.md` has the
//! grammar, and says where it goes beyond that of AWS.

mod eval;
mod group;
pub mod output;
mod parse;
mod plan;
mod run;
pub mod sql;

#[cfg(test)]
mod tests;

pub use parse::QueryError;
pub use plan::Query;
pub use run::{Answer, UnknownProperty};
