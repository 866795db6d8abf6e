//! What the look at a script finds, and what it does not take for it.

use super::*;

#[test]
fn changes_inside_of_values_are_refused_with_their_place() {
    for script in [
        "a[0] = 1",
        "a.b += 1",
        "a.b.c[1].d = x",
        "a?.b = 1",
        "a?[0] = 1",
        "this = x",
        "`${ { let a = []; a[0] = 1; a } }`",
        "let s = \"\\\"\"; a[0] **= 2",
        "let s = #\"\"quoted\"\"#; a [ 0 ] /* here */ = 2",
    ] {
        assert!(check(script).is_err(), "{script}");
    }
    let message = check("fn f() {\n    a[0] = 1\n}").unwrap_err();
    assert!(message.starts_with("line 2, column 10: "), "{message}");
}

#[test]
fn reading_comparing_and_assigning_to_variables_is_not() {
    for script in [
        "let a = b[0]; a = 1; a += 2",
        "a[0] == 1 && a.b != c || a.b <= 1 && a.b >= 1",
        "switch a.b { 1 => 2, _ => 3 }",
        "// a[0] = 1\n/* a.b = /* x */ 1 */ \"a[0] = 1\" 'x' `a[0] = ${b[0]} a.b = 1`",
        "#\"a[0] = \"1\"\"#",
        "let r = 0..10; let t = `${`${a.b}`}`;",
        "f(a.b); x = #{ a: 1 }; \"it\"\"s a[0] = 1\"",
    ] {
        assert_eq!(check(script), Ok(()), "{script}");
    }
}

#[test]
fn a_text_without_end_ends() {
    for script in ["\"", "`", "`${", "/*", "#\"", "'", "}", "`${{"] {
        let _ = check(script);
    }
}
