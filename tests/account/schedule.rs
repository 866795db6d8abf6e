//! The template that scans from within AWS, before cfn-lint, which knows what CloudFormation accepts.

use std::fs;
use std::process::{Command, Stdio};

use crate::moto;

const TEMPLATE: &str = include_str!("../../examples/schedule/eventbridge.yaml");

/// What cfn-lint has to say of a template; nothing if it is as it should be. Without tests of an account neither is this one
/// run: cfn-lint stands beside moto.
fn asked(text: &str) -> Option<String> {
    let python = moto::python().unwrap_or_else(|why| panic!("{why}\n(set {}=1 to leave these tests out)", moto::SKIP));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("eventbridge.yaml");
    fs::write(&file, text).unwrap();
    let ran = Command::new(python.with_file_name("cfn-lint")).arg(&file).stdin(Stdio::null()).output().unwrap();
    let said = [ran.stdout, ran.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat();
    (!ran.status.success()).then_some(said)
}

#[test]
fn the_template_passes_its_checker_which_would_find_what_is_wrong() {
    if std::env::var(moto::SKIP).is_ok_and(|value| value == "1") {
        return;
    }
    assert_eq!(asked(TEMPLATE), None);
    let wrong = [
        ("Mode: FLEXIBLE", "Mode: SOMETIMES", "E3030"),
        ("RoleArn: !GetAtt ScheduleRole.Arn", "RoleArn: !GetAtt NightRole.Arn", "E1010"),
        ("      ServiceRole: !GetAtt BuildRole.Arn\n", "", "E3003"),
    ];
    for (right, instead, code) in wrong {
        assert_eq!(TEMPLATE.matches(right).count(), 1, "{right}");
        let said = asked(&TEMPLATE.replace(right, instead)).unwrap_or_default();
        assert!(said.contains(code), "{instead}: {said}");
    }
}
