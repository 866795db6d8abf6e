//! The branches of a script, and a script that tells which of them it takes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rhai::Engine;

use super::shape::Shape;

/// One way that a script can go, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rule) struct Branch {
    /// Both from 1.
    pub(in crate::rule) line: usize,
    pub(in crate::rule) column: usize,
    /// What no case did when none took it: `the condition is never true`.
    pub(in crate::rule) untaken: &'static str,
}

/// The branches that were taken, by their place among all.
pub(in crate::rule) type Taken = Arc<Mutex<BTreeSet<usize>>>;

/// What a script that tells of its branches calls. No script of a rule has such names.
const PASSES: &str = "assize_passes_branch";
const DECIDES: &str = "assize_decides_branch";

/// The script with a call in each branch, and the branches.
pub(super) fn telling(script: &str) -> (String, Vec<Branch>) {
    let shape = Shape::of(script);
    let mut branches = Vec::new();
    let mut texts: Vec<(usize, String)> = Vec::new();
    let mut add = |at: usize, untaken: &'static str| {
        let (line, column) = shape.position(at);
        branches.push(Branch { line, column, untaken });
        branches.len() - 1
    };
    for at in 0..shape.tokens.len() {
        // A word behind a dot is a member.
        if matches!(shape.before(at), "." | "?.") {
            continue;
        }
        match shape.text(at) {
            "if" | "while" => {
                let (from, to) = shape.condition(at);
                if let Some(extent) = shape.extent(from, to) {
                    let yes = add(at, "the condition is never true");
                    add(at, "the condition is never false");
                    texts.push((extent.start, format!("{DECIDES}({yes}, ")));
                    texts.push((extent.end, ")".to_owned()));
                }
            }
            word @ ("for" | "loop" | "fn") => {
                let block = shape.find(at + 1, |at, _| shape.opens_block(at));
                if let Some(token) = shape.tokens.get(block) {
                    let never =
                        if word == "fn" { "the function is never called" } else { "the loop never does anything" };
                    let branch = add(at, never);
                    texts.push((token.end(), format!(" {PASSES}({branch});")));
                }
            }
            "=>" => {
                let branch = add(at, "the arm is never taken");
                let first = at + 1;
                if shape.text(first) == "{" {
                    let end = shape.tokens.get(first).map_or(0, |token| token.end());
                    texts.push((end, format!(" {PASSES}({branch});")));
                } else {
                    let last = shape.find(first, |_, text| text == ",");
                    if let Some(extent) = shape.extent(first, last) {
                        texts.push((extent.start, format!("{{ {PASSES}({branch}); ")));
                        texts.push((extent.end, " }".to_owned()));
                    }
                }
            }
            _ => {}
        }
    }
    // Where two begin or end at one place, what is inside comes last in front and first behind.
    texts.sort_by_key(|(at, text)| (*at, !text.starts_with([')', ' '])));
    let mut telling = String::with_capacity(script.len() * 2);
    let mut from = 0;
    for (at, text) in texts {
        telling.push_str(script.get(from..at).unwrap_or_default());
        telling.push_str(&text);
        from = at;
    }
    telling.push_str(script.get(from..).unwrap_or_default());
    (telling, branches)
}

/// Lets scripts tell which branches they take.
pub(super) fn listen(engine: &mut Engine, taken: &Taken) {
    let take = |taken: &Taken, branch: i64| {
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.extend(usize::try_from(branch).ok());
    };
    let passed = Arc::clone(taken);
    engine.register_fn(PASSES, move |branch: i64| take(&passed, branch));
    let decided = Arc::clone(taken);
    engine.register_fn(DECIDES, move |branch: i64, truth: bool| {
        take(&decided, branch + i64::from(!truth));
        truth
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines and columns with what stands there of each branch that evaluating the script does not take.
    fn untaken(script: &str) -> Vec<String> {
        let (telling, branches) = telling(script);
        let mut engine = Engine::new();
        let taken = Taken::default();
        listen(&mut engine, &taken);
        let _: rhai::Dynamic = engine.eval(&telling).unwrap_or_else(|error| panic!("{telling}: {error}"));
        let taken = taken.lock().unwrap();
        let rest = branches.iter().enumerate().filter(|(at, _)| !taken.contains(at));
        rest.map(|(_, branch)| format!("{}:{} {}", branch.line, branch.column, branch.untaken)).collect()
    }

    #[test]
    fn conditions_have_two_branches() {
        assert_eq!(untaken("let x = 1; if x == 1 { 2 }"), ["1:12 the condition is never false"]);
        assert_eq!(untaken("for x in [1, 2] {\n  if x == 1 && true { continue; }\n}"), Vec::<String>::new());
        assert_eq!(
            untaken("let y = if false { 1 } else if true { 2 } else { 3 };"),
            ["1:9 the condition is never true", "1:29 the condition is never false",]
        );
        assert_eq!(untaken("let x = `${ if 1 < 2 { \"{\" } else { \"b\" } }`;"), ["1:13 the condition is never false"]);
        assert_eq!(untaken("let n = 0; while n < 2 { n += 1; }"), Vec::<String>::new());
    }

    #[test]
    fn loops_functions_and_arms_are_branches() {
        assert_eq!(
            untaken("fn f() { 1 } fn g() { #{a: 1} } f(); for x in [] { }"),
            ["1:14 the function is never called", "1:38 the loop never does anything",]
        );
        assert_eq!(
            untaken("let x = switch 2 { 1 => \"a\", 2 => [1, 2].len(), 3 | 4 => { 5 } _ => 6 };"),
            ["1:22 the arm is never taken", "1:55 the arm is never taken", "1:66 the arm is never taken"]
        );
        assert_eq!(
            untaken("switch 1 { 1 if 2 > 1 => switch 2 { 2 => 3, _ => 4 }, _ => 5 }"),
            ["1:14 the condition is never false", "1:47 the arm is never taken", "1:57 the arm is never taken",]
        );
    }
}
