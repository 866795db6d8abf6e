//! Names that would be more than names, in a shell and in HCL.

use std::process::Command;

use hcl_edit::parser::parse_body;

use super::*;
use crate::report::tests::{PAYLOADS, evaluation};

/// A finding on a resource of that name.
fn finding(name: &str) -> Evaluation {
    Evaluation {
        compliance_type: ComplianceType::NonCompliant,
        resource_name: Some(name.into()),
        ..evaluation("encrypted-volumes", "AWS::EC2::Volume", name)
    }
}

/// The snippet of one text, filled in.
fn of(language: Language, text: &str, name: &str) -> Filled {
    fill(&Snippet::new(language, text).unwrap_or_else(|defect| panic!("{defect}")), &finding(name))
}

/// The words that a real shell makes of the text. It is asked to run nothing but its own `printf`.
fn words(text: &str) -> Vec<String> {
    let script = format!("set -f\nset -- {text}\nprintf '%s\\0' \"$@\"");
    let ran =
        Command::new("/bin/sh").args(["-c", &script]).env_clear().current_dir("/").output().expect("there is a shell");
    assert!(ran.status.success() && ran.stderr.is_empty(), "{text}: {}", String::from_utf8_lossy(&ran.stderr));
    let out = String::from_utf8(ran.stdout).expect("names are UTF-8");
    out.split_terminator('\0').map(str::to_owned).collect()
}

/// Names made of signs that mean something to a shell, to HCL, to the AWS CLI or to a terminal: the hostile ones of the other
/// formats, and a thousand at random, from a seed.
fn names() -> Vec<String> {
    let mut names: Vec<String> = PAYLOADS.iter().map(|name| (*name).to_owned()).collect();
    let signs: Vec<char> =
        "a1'\"\\`$(){}[]<>|&;*?~!#%^=,+-_.:/@ \n\r\t\u{1b}\u{7}\u{202e}\u{200b}ü漢".chars().collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("it is small")
    };
    for _ in 0..1_000 {
        let length = next(12) + 1;
        names.push((0..length).map(|_| signs[next(signs.len())]).collect());
    }
    for name in
        ["$(touch x)", "${IFS}", "%{if true}", "`id`", "'; id; '", "\"; id; \"", "a\nid", "\\", "''", "-rf", "--debug"]
    {
        names.push(name.to_owned());
    }
    names
}

#[test]
fn a_name_comes_back_from_a_shell_as_it_was_or_was_not_filled_in() {
    let mut filled = 0;
    for name in names() {
        let text = of(Language::Shell, "x --name {{resourceName}} 'a b' y={{resourceId}}/z", &name);
        let whole = if text.open.contains(&Placeholder::ResourceName) { "RESOURCE_NAME" } else { name.as_str() };
        let part = if text.open.contains(&Placeholder::ResourceId) { "RESOURCE_ID" } else { name.as_str() };
        filled += usize::from(whole == name);
        let expected = ["x", "--name", whole, "a b", &format!("y={part}/z")].map(str::to_owned);
        assert_eq!(words(&text.text), expected, "{name:?}: {}", text.text);
        assert!(text.text.lines().all(shows), "{name:?}: {}", text.text);
    }
    // Quotes and signs alone keep no name out.
    assert!(filled > 150, "{filled}");
    for name in ["it's", "$(id)", "a \"b\" `c` \\ !x", "ü漢", "*", "#x"] {
        assert_eq!(of(Language::Shell, "x {{resourceId}}", name).open, [], "{name}");
    }
}

#[test]
fn a_shell_takes_every_quoted_word_as_it_was() {
    // More than is ever shown: ends of lines and control characters among them.
    for name in names().into_iter().filter(|name| !name.contains('\0')) {
        let quoted = try_quote(&name).expect("it holds no NUL");
        assert_eq!(words(&quoted), [name]);
    }
}

#[test]
fn a_name_comes_back_from_hcl_as_it_was_or_was_not_filled_in() {
    let mut filled = 0;
    for name in names() {
        let text = of(
            Language::Hcl,
            "resource \"a\" \"b\" {\n  name = \"{{resourceName}}\"\n  arn  = \"x:{{resourceId}}/y\"\n}\n",
            &name,
        );
        let body = parse_body(&text.text).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let block = body.get_blocks("resource").next().expect("the block");
        let attribute = |key: &str| block.body.get_attribute(key).and_then(|one| one.value.as_str()).map(str::to_owned);
        let is_open = !text.open.is_empty();
        filled += usize::from(!is_open);
        let (whole, part) = if is_open { ("RESOURCE_NAME", "RESOURCE_ID") } else { (name.as_str(), name.as_str()) };
        assert_eq!(attribute("name").as_deref(), Some(whole), "{}", text.text);
        assert_eq!(attribute("arn"), Some(format!("x:{part}/y")), "{}", text.text);
        assert!(text.text.lines().all(shows), "{name:?}: {}", text.text);
    }
    assert!(filled > 150, "{filled}");
}

#[test]
fn a_name_that_the_aws_cli_would_take_for_more_stays_open() {
    for (name, text, open) in [
        ("--debug", "aws x --name {{resourceName}}", true),
        ("file:///etc/passwd", "aws x --name {{resourceName}}", true),
        ("fileb://x", "aws x --name {{resourceName}}", true),
        ("[\"prod-is-down\",\"payroll-is-down\"]", "aws x --alarm-names {{resourceName}}", true),
        (" [\"prod-is-down\"]", "aws x --alarm-names {{resourceName}}", true),
        ("{\"Name\":\"b\"}", "aws x --filters {{resourceName}}", true),
        ("prod [eu]", "aws x --alarm-names {{resourceName}}", false),
        ("a,Name=b", "aws x --tags Key={{resourceName}}", true),
        ("a,Name=b", "aws x --name {{resourceName}}", false),
        ("arn:aws:s3:::a/b-c_d.e", "aws x --tags Key={{resourceName}}", false),
    ] {
        assert_eq!(!of(Language::Shell, text, name).open.is_empty(), open, "{name} in {text}");
    }
}

#[test]
fn what_a_resource_does_not_have_stays_open() {
    let mut finding = finding("vol-1");
    finding.resource_name = None;
    finding.arn = Some("arn:aws-cn:ec2:cn-north-1:111122223333:volume/vol-1".into());
    let snippet = Snippet::new(
        Language::Shell,
        "x {{resourceId}} {{resourceName}} {{arn}} {{awsRegion}} {{accountId}} {{partition}}",
    );
    let snippet = snippet.expect("it is right");
    let text = fill(&snippet, &finding);
    assert_eq!(
        text.text,
        "x vol-1 RESOURCE_NAME arn:aws-cn:ec2:cn-north-1:111122223333:volume/vol-1 eu-west-1 111122223333 aws-cn"
    );
    assert_eq!(text.open, [Placeholder::ResourceName]);
    finding.resource.region = GLOBAL.into();
    assert!(fill(&snippet, &finding).open.contains(&Placeholder::AwsRegion));
    finding.compliance_type = ComplianceType::Compliant;
    let fix = Fix { cli: Some(snippet), terraform: None };
    assert_eq!(filled(&fix, &finding), []);
}
