//! Questions that read many facts of one list, answered once for all rules that ask them of the same item.
//!
//! The rules of an item ask the same of it: which permissions of a security group are open to the world. Each has to note
//! what was read for its answer, and what an evaluation notes depends on what it read before. So an answer is kept with
//! what was noted on the way, for evaluations that had read the same so far: to them it is given without another look.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::evidence::{Reading, Readings};
use super::{Mixing, Outcome, Path, READINGS, RUN, mix};
use crate::item::ConfigurationItem;
use crate::rule::surface::List;
use crate::value::Value;

/// What is asked of which list, and where the evaluation stands that asks.
#[derive(PartialEq, Eq)]
struct Asked {
    question: &'static str,
    /// The address of the item, which is held as long as its answer is, and its list with it.
    item: usize,
    list: usize,
    path: u64,
    of_subject: bool,
    before: Reading,
    /// Of the tree of readings: when it is grown anew, its places mean others.
    tree: u64,
}

struct Answer {
    asked: Asked,
    _of: (Arc<ConfigurationItem>, Arc<[Value]>),
    given: List,
    /// The hashes of the paths that were read for it.
    seen: Box<[u64]>,
    after: Reading,
}

thread_local! {
    static ANSWERS: RefCell<HashMap<u64, Answer, Mixing>> = RefCell::default();
}

/// More than the items that are judged at a time.
const MOST_ANSWERS: usize = 256;

/// The answer to a question about a list of facts that stands at a path.
pub(in crate::rule) fn ask(
    question: &'static str,
    list: &Arc<[Value]>,
    path: &Path,
    answer: impl FnOnce() -> Outcome<List>,
) -> Outcome<List> {
    let tree = READINGS.with_borrow(Readings::age);
    let asked = RUN.with_borrow(|run| {
        run.as_ref().map(|run| {
            let asked = Asked {
                question,
                item: Arc::as_ptr(path.item()).addr(),
                list: list.as_ptr().addr(),
                path: path.hash(),
                of_subject: Arc::ptr_eq(path.item(), &run.subject),
                before: run.read,
                tree,
            };
            (asked, run.seen.len())
        })
    });
    let Some((asked, noted)) = asked else { return answer() };
    let hash = asked.hash();
    let known = ANSWERS.with_borrow(|answers| {
        let known = answers.get(&hash).filter(|known| known.asked == asked)?;
        RUN.with_borrow_mut(|run| {
            let run = run.as_mut()?;
            run.seen.extend_from_slice(&known.seen);
            run.read = known.after;
            Some(known.given.clone())
        })
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let answer = answer()?;
    let noted =
        RUN.with_borrow(|run| run.as_ref().map(|run| (run.seen.get(noted..).unwrap_or_default().into(), run.read)));
    if let Some((seen, after)) = noted {
        ANSWERS.with_borrow_mut(|answers| {
            if answers.len() >= MOST_ANSWERS {
                answers.clear();
            }
            let of = (Arc::clone(path.item()), Arc::clone(list));
            answers.insert(hash, Answer { asked, _of: of, given: answer.clone(), seen, after });
        });
    }
    Ok(answer)
}

impl Asked {
    fn hash(&self) -> u64 {
        let hash = mix(self.path, self.question.as_bytes());
        let hash = mix(hash, &self.item.to_le_bytes());
        let hash = mix(hash, &self.list.to_le_bytes());
        mix(hash, &self.before.to_le_bytes())
    }
}
