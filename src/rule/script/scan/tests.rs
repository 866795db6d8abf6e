//! What the look at a script finds, and what it does not take for it.

use super::*;

#[test]
fn names_are_those_that_members_are_read_by() {
    let script = "a.one; a?.two; a[\"three\"]; a.get(\"four.five[0].six\"); if \"seven\" in a { } if \"eight\" !in a { } \
                  a.fixes(\"nine\"); `${a.ten}`; [\"eleven\"]; // a.twelve";
    let names: Vec<&str> = read_names(script).into_iter().collect();
    let methods = ["fixes", "get"];
    let wanted = ["eight", "eleven", "five", "four", "one", "seven", "six", "ten", "three", "two"];
    assert_eq!(names.into_iter().filter(|name| !methods.contains(name)).collect::<Vec<_>>(), wanted);
}

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
        assert!(members(script).is_err(), "{script}");
    }
    let message = members("fn f() {\n    a[0] = 1\n}").unwrap_err();
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
        assert!(members(script).is_ok(), "{script}");
    }
}

#[test]
fn a_text_without_end_ends() {
    for script in ["\"", "`", "`${", "/*", "#\"", "'", "}", "`${{"] {
        let _ = members(script);
    }
}

#[test]
fn members_are_what_stands_behind_a_point_and_is_not_called() {
    let found = members("a.b.c(1.5, x?.d) + `${e.f} g.h` // i.j\n k . l ; m.n[0].o()").unwrap();
    assert_eq!(Vec::from_iter(found), ["b", "d", "f", "l", "n"]);
}

fn named<const N: usize>(types: [&'static str; N]) -> Lookups<'static> {
    Lookups::Named(types.into())
}

#[test]
fn types_that_are_looked_up_stand_in_the_calls() {
    for (script, types) in [
        ("item.related(\"A\").len() + item ?. related ( \"B\" ).len()", named(["A", "B"])),
        (
            "let a = resources(\"A\"); resources(\"B\", item.awsRegion); find(\"C\", `${find(\"D\", 1)}`)",
            named(["A", "B", "C", "D"]),
        ),
        ("// related(x)\n\"find(x)\"; let found = item.configuration.resource; related_to(x)", named([])),
    ] {
        assert_eq!(lookups(script), types, "{script}");
    }
}

#[test]
fn a_lookup_in_any_other_form_may_be_of_any_type() {
    for script in [
        "item.related(kind)",
        "item.related(\"A\" + kind)",
        "item.related(\"A\"\"B\")",
        "item.related(\"\\x41\")",
        "item.related(/* \"A\" */ kind)",
        "item.related(`A`)",
        "item.related(#\"A\"#)",
        "related(item, \"A\")",
        "\"A\".find(\"name\")",
        "kind.resources(\"eu-west-1\")",
        "`${find(kind, 1)}`",
        "fn find(a) { a }",
        "let related = 1;",
    ] {
        assert_eq!(lookups(script), Lookups::Any, "{script}");
    }
    assert_eq!(named(["A"]).and(Lookups::Any), Lookups::Any);
    assert_eq!(named(["A"]).and(named(["B"])), named(["A", "B"]));
    assert!(named(["A"]).may_name("A") && !named(["A"]).may_name("B") && Lookups::Any.may_name("B"));
}
