//! The commands that rules suggest, held against botocore's models: there the AWS CLI has its commands and options from.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use assize::rule::RuleSet;

use crate::moto;

/// What is wrong with each of the texts that something is wrong with.
fn problems(texts: &BTreeMap<&str, String>) -> BTreeMap<String, Vec<String>> {
    let python = moto::python().unwrap_or_else(|why| panic!("{why}\n(set {}=1 to leave these tests out)", moto::SKIP));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/account/snippets.py");
    let mut ran = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    ran.stdin.take().unwrap().write_all(&serde_json::to_vec(texts).unwrap()).unwrap();
    let output = ran.wait_with_output().unwrap();
    assert!(output.status.success(), "its words are above");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is_left_out() -> bool {
    std::env::var(moto::SKIP).is_ok_and(|value| value == "1")
}

#[test]
fn the_commands_that_rules_suggest_are_there() {
    if is_left_out() {
        return;
    }
    let rules = RuleSet::builtin();
    let commands = rules.iter().filter_map(|chosen| Some((&*chosen.rule.id, chosen.rule.fix.cli.as_ref()?.generic())));
    let commands: BTreeMap<&str, String> = commands.collect();
    println!("{} of {} rules suggest a command", commands.len(), rules.len());
    assert_eq!(problems(&commands), BTreeMap::new());
    for rule in rules.iter() {
        let lines = rule.rule.fix.snippets().flat_map(|snippet| snippet.text().lines());
        let long: Vec<&str> = lines.filter(|line| line.chars().count() > 120).collect();
        assert!(long.is_empty(), "{}: {long:?}", rule.rule.id);
    }
}

#[test]
fn a_command_that_is_not_there_is_found_out() {
    if is_left_out() {
        return;
    }
    let texts = [
        (
            "right",
            "aws ec2 modify-instance-metadata-options --instance-id RESOURCE_ID \\\n  --http-tokens required --region AWS_REGION\n# a choice\naws rds modify-db-instance --db-instance-identifier X --no-publicly-accessible",
        ),
        ("no service", "aws config put-configuration-recorder"),
        ("no command", "aws kms turn-key-rotation-on --key-id X"),
        ("no option", "aws kms enable-key-rotation --key X --key-id X"),
        ("an option is missing", "aws s3api put-bucket-policy --bucket X"),
        ("another program", "kubectl get pods"),
        ("nothing", "# later"),
        ("no waiter", "aws ec2 wait volume-there --volume-ids X"),
        ("a name that would be shorthand", "aws ec2 create-tags --resources RESOURCE_ID --tags RESOURCE_NAME"),
        ("a name in a list of names", "aws cloudwatch delete-alarms --alarm-names RESOURCE_NAME"),
    ];
    let told = problems(&texts.map(|(name, text)| (name, text.to_owned())).into());
    let expected = [
        ("a name that would be shorthand", "aws ec2 create-tags --tags takes no plain name: RESOURCE_NAME"),
        ("an option is missing", "aws s3api put-bucket-policy needs --policy"),
        ("another program", "`kubectl` is not the AWS CLI"),
        ("no command", "aws kms has no command `turn-key-rotation-on`"),
        ("no option", "aws kms enable-key-rotation has no option --key"),
        ("no service", "the AWS CLI has no service `config`"),
        ("nothing", "there is no command"),
        ("no waiter", "aws ec2 wait has no `volume-there`"),
    ];
    assert_eq!(told, expected.map(|(name, what)| (name.to_owned(), vec![what.to_owned()])).into());
}
