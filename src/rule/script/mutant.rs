//! Scripts that differ from a rule's in one decision: a comparison, a connective, a truth value, a condition, a default.
//!
//! A case has to fail for each, or the decision could be wrong and no case would show it.

use super::scan::position;
use super::shape::{Extent, Shape};

/// A script with one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Mutant {
    /// Where the change is, both from 1.
    pub(in crate::rule) line: usize,
    pub(in crate::rule) column: usize,
    /// What was changed: `` `<` made `<=` ``.
    pub(in crate::rule) change: String,
    /// The whole script.
    pub(in crate::rule) script: String,
}

/// What takes the place of an operator or a word. For an order there are two ways to be wrong: the other side, and the
/// boundary.
const SWAPS: [(&str, &[&str]); 10] = [
    ("==", &["!="]),
    ("!=", &["=="]),
    ("<", &[">=", "<="]),
    ("<=", &[">", "<"]),
    (">", &["<=", ">="]),
    (">=", &["<", ">"]),
    ("&&", &["||"]),
    ("||", &["&&"]),
    ("true", &["false"]),
    ("false", &["true"]),
];

/// What decides by itself, and is changed as such.
const DECIDES: [&str; 12] = ["==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "in", "true", "false"];

/// All changes of a script, in its order.
pub(in crate::rule) fn mutants(script: &str) -> Vec<Mutant> {
    let shape = Shape::of(script);
    let mut mutants = Vec::new();
    for (at, token) in shape.tokens.iter().enumerate() {
        let here = Extent { start: token.at, end: token.end() };
        let mut replace = |extent: Extent, text: &str, change: String| {
            let (before, after) = (script.get(..extent.start), script.get(extent.end..));
            let mutated = [before.unwrap_or_default(), text, after.unwrap_or_default()].concat();
            let (line, column) = position(script, extent.start);
            mutants.push(Mutant { line, column, change, script: mutated });
        };
        if let Some((from, swaps)) = SWAPS.into_iter().find(|(from, _)| *from == token.text) {
            for to in swaps {
                replace(here, to, format!("`{from}` made `{to}`"));
            }
        }
        match token.text {
            "!" if shape.text(at + 1) != "in" => replace(here, "", "`!` taken away".to_owned()),
            "in" if shape.before(at) == "!" => {}
            "in" if !shape.is_of_for(at) => replace(here, "!in", "`in` made `!in`".to_owned()),
            "if" | "while" => negate(&shape, shape.condition(at), &mut replace),
            "&&" | "||" => {
                // The first operand of several is looked at with the first connective, the others each with its own.
                let left = shape.left_operand(at);
                if !matches!(shape.before(left.0), "&&" | "||") {
                    negate(&shape, left, &mut replace);
                }
                negate(&shape, shape.right_operand(at), &mut replace);
            }
            "??" => {
                let (_, end) = shape.right_operand(at);
                if let Some(extent) = shape.extent(at, end) {
                    replace(extent, "", format!("`{}` taken away", shape.part(extent)));
                }
            }
            _ => {}
        }
    }
    mutants
}

/// Turns a condition around, unless something in it decides and is turned around itself.
fn negate(shape: &Shape<'_>, (from, to): (usize, usize), replace: &mut impl FnMut(Extent, &str, String)) {
    let mut at = from;
    while at < to {
        let text = shape.text(at);
        if DECIDES.contains(&text) {
            return;
        }
        // What is asked of an argument is not the condition.
        let is_group = text == "(" && (at == from || !super::scan::is_name(shape.before(at)));
        at = if matches!(text, "(" | "[" | "{" | "${") && !is_group { shape.closes(at) + 1 } else { at + 1 };
    }
    if let Some(extent) = shape.extent(from, to) {
        let condition = shape.part(extent);
        replace(extent, &format!("!({condition})"), format!("`{condition}` turned around"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(script: &str) -> Vec<String> {
        mutants(script)
            .into_iter()
            .map(|mutant| format!("{}:{} {}", mutant.line, mutant.column, mutant.script))
            .collect()
    }

    #[test]
    fn comparisons_are_turned_around_and_moved_by_one() {
        assert_eq!(changes("a < 1"), ["1:3 a >= 1", "1:3 a <= 1"]);
        assert_eq!(changes("a == \"==\""), ["1:3 a != \"==\""]);
        assert_eq!(changes("\n  `${a != ()} !=`"), ["2:8 \n  `${a == ()} !=`"]);
    }

    #[test]
    fn conditions_without_a_comparison_are_turned_around_as_a_whole() {
        assert_eq!(
            changes("if a.b(c == 1) { x }"),
            ["1:10 if a.b(c != 1) { x }", "1:4 if !(a.b(c == 1)) { x }"].into_iter().rev().collect::<Vec<_>>()
        );
        assert_eq!(changes("if !a { x }"), ["1:4 if a { x }"]);
        assert_eq!(changes("while list.some(|x| x) { }"), ["1:7 while !(list.some(|x| x)) { }"]);
        assert_eq!(changes("for x in list { }"), Vec::<String>::new());
        assert_eq!(changes("for (x, n) in list { }"), Vec::<String>::new());
        assert_eq!(changes("a in [1]"), ["1:3 a !in [1]"]);
        assert_eq!(changes("!(a in [1])"), ["1:1 (a in [1])", "1:5 !(a !in [1])"]);
    }

    #[test]
    fn each_operand_of_a_connective_is_turned_around_once() {
        assert_eq!(
            changes("a.b && c() && d == 1"),
            [
                "1:5 a.b || c() && d == 1",
                "1:1 !(a.b) && c() && d == 1",
                "1:8 a.b && !(c()) && d == 1",
                "1:12 a.b && c() || d == 1",
                "1:17 a.b && c() && d != 1",
            ]
        );
        assert_eq!(changes("f(\"x\" || g)"), ["1:7 f(\"x\" && g)", "1:3 f(!(\"x\") || g)", "1:10 f(\"x\" || !(g))",]);
    }

    #[test]
    fn a_default_is_taken_away() {
        assert_eq!(changes("let a = b.get(\"c\") ?? [1, 2];"), ["1:20 let a = b.get(\"c\") ;"]);
        assert_eq!(changes("f(a ?? 0, 1)"), ["1:5 f(a , 1)"]);
    }

    #[test]
    fn comments_and_texts_are_left_alone() {
        assert_eq!(changes("// a == b\n/* true */ \"a && b\" `true == ${1}`"), Vec::<String>::new());
    }
}
