//! What a snippet may hold, and where its placeholders may stand.

use super::*;

fn shell(text: &str) -> Result<Snippet, Defect> {
    Snippet::new(Language::Shell, text)
}

fn hcl(text: &str) -> Result<Snippet, Defect> {
    Snippet::new(Language::Hcl, text)
}

/// The placeholders of a snippet, each with whether it is alone.
fn placeholders(snippet: &Snippet) -> Vec<(&'static str, bool)> {
    let placeholder = |part: &Part| match part {
        Part::Placeholder { name, alone } => Some((name.as_str(), *alone)),
        Part::Text(_) => None,
    };
    snippet.parts().iter().filter_map(placeholder).collect()
}

#[test]
fn a_placeholder_is_a_word_of_its_own_or_a_part_of_one() {
    let snippet = shell(
        "aws ec2 x --id {{resourceId}} \\\n  --filters 'Name=a b',Values={{arn}} --name {{resourceName}}x \\\n  \
         --json '{\"a\": {\"b\": 1}}' # what's this\naws s3 ls s3://{{resourceName}}/{{accountId}} --region {{awsRegion}}\n",
    )
    .expect("it is right");
    let expected = [
        ("resourceId", true),
        ("arn", false),
        ("resourceName", false),
        ("resourceName", false),
        ("accountId", false),
        ("awsRegion", true),
    ];
    assert_eq!(placeholders(&snippet), expected);
    assert_eq!(
        snippet.generic(),
        "aws ec2 x --id RESOURCE_ID \\\n  --filters 'Name=a b',Values=RESOURCE_ARN --name RESOURCE_NAMEx \\\n  \
         --json '{\"a\": {\"b\": 1}}' # what's this\naws s3 ls s3://RESOURCE_NAME/ACCOUNT_ID --region AWS_REGION"
    );
}

#[test]
fn a_placeholder_stands_nowhere_that_its_value_could_leave() {
    let quoted = "a placeholder stands between quotes";
    for (text, line, expected) in [
        ("aws a --b \"{{resourceId}}\"", 1, quoted),
        ("aws a \\\n  --b '{\"id\": \"{{resourceId}}\"}'", 2, quoted),
        ("aws a --b 'x'\"'{{arn}}\"", 1, quoted),
        ("# {{resourceId}}\naws a", 1, "in a comment"),
        ("aws a;# {{resourceId}}", 1, "in a comment"),
        ("aws a \\{{resourceId}}", 1, "behind a backslash"),
        ("aws a ${{resourceId}}", 1, "in place of `$`"),
        ("aws a\naws b --id \"$(aws c {{resourceId}})\"", 2, "in place of `$`"),
        ("aws a `aws c {{resourceId}}`", 1, "in place of `$`"),
        ("aws a --key <key>", 1, "an upper-case word"),
        ("cat << END\n{{resourceId}}\nEND", 1, "a shell reads `<`"),
        ("aws a --b {{name}}", 1, "no placeholder is called `name`: there are resourceId, resourceName, arn"),
        ("aws a --b {{ resourceId }}", 1, "no placeholder is called ` resourceId `"),
        ("aws a --b {{resourceId", 1, "is not closed by `}}`"),
        ("aws a --b 'x", 1, "a quote is not closed"),
        ("aws a \\", 1, "ends with a backslash"),
        ("aws a\\\n#b 'it\naws x {{resourceName}}\n# '", 1, "in the middle of a word"),
        ("aws a\n  --b\\\n  {{resourceName}}", 2, "in the middle of a word"),
        ("aws a\n\taws b", 2, "U+0009"),
        (" \n", 1, "no text"),
    ] {
        let defect = shell(text).expect_err(text);
        assert!(defect.message.contains(expected), "{text}: {defect}");
        assert_eq!(defect.line, line, "{text}: {defect}");
    }
}

#[test]
fn terraform_has_placeholders_in_plain_strings_alone() {
    let snippet = hcl(
        "# One \"comment\n// another \"\nresource \"aws_s3_bucket\" \"example\" {\n  bucket = \"{{resourceName}}\"\n  arn    = \
         \"a:{{arn}}\"\n  \
         tags = { a = \"\\\"x ${var.a}\" }\n}\n",
    )
    .expect("it is right");
    assert_eq!(placeholders(&snippet), [("resourceName", true), ("arn", false)]);
    for (text, line, expected) in [
        ("a = {{resourceId}}", 1, "between double quotes"),
        ("# {{resourceId}}", 1, "between double quotes"),
        ("a = 1\nb = \"${x} {{resourceId}}\"", 2, "behind `${`"),
        ("a = \"${f(\"{{resourceId}}\")}\"", 1, "behind `${`"),
        ("a = \"${f(\"x\", {{resourceId}})}\"", 1, "behind `${`"),
        ("a = \"%{if f(\"x\")}\"\nb = \"{{resourceId}}\"", 2, "behind `${`"),
        ("a = \"${{resourceId}}\"", 1, "behind `${`"),
        ("a = \"$${{resourceId}}\"", 1, "behind `${`"),
        ("a = \"{{resourceId}}{b}\"", 1, "behind a placeholder stands a brace"),
        ("a = \"{{resourceId}}{{arn}}\"", 1, "behind a placeholder stands a brace"),
        ("a = <<X\n\"{{resourceId}}\"\nX\n", 2, "put it in front"),
        ("/*/ \"{{resourceId}}\" */", 1, "put it in front"),
        ("a = 1\nb = \n", 2, "this is no HCL"),
        ("a = \"{{id}}\"", 1, "no placeholder is called `id`"),
    ] {
        let defect = hcl(text).expect_err(text);
        assert!(defect.message.contains(expected), "{text}: {defect}");
        assert_eq!(defect.line, line, "{text}: {defect}");
    }
}
