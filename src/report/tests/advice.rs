//! What the terminal says of mending: which commands, with which names, and how many.

use super::*;
use crate::report::finding::fingerprint;

#[test]
fn help_has_the_commands_that_it_announces_where_no_others_are_known() {
    let mut report = sample();
    report.evaluations.truncate(1);
    report.rules[1].fix = Fix::default();
    for code in ["```sh\naws ec2 enable-it \\\n    --now\n```", "    aws ec2 enable-it \\\n        --now"] {
        report.rules[1].remediation = format!("Turn it on,\nin each region:\n\n{code}\n\nMore.\n");
        let text = written(&report, Format::Terminal, &at_width(80));
        let shown =
            "  = help: Turn it on, in each region:\n            aws ec2 enable-it \\\n                --now\n  = see: ";
        assert!(text.contains(shown), "{text}");
    }
    report.rules[1].remediation = "Turn it on:\n\n- here\n- there\n".to_owned();
    let text = written(&report, Format::Terminal, &at_width(80));
    assert!(text.contains("  = help: Turn it on:\n  = see: "), "{text}");
}

#[test]
fn help_has_the_commands_of_the_fix_with_the_names_of_an_only_finding() {
    let mut report = sample();
    report.rules[1].remediation = "Turn it on.\n\nElsewhere:\n\n    aws other\n".to_owned();
    report.rules[1].fix =
        Fix::new(Some("aws ec2 x --id {{resourceId}} --region {{awsRegion}}\n"), None).expect("it is a command");
    let on = |id: &str| finding("encrypted-volumes", "AWS::EC2::Volume", id, "not so");
    report.evaluations = vec![on("vol-1; rm")];
    let text = written(&report, Format::Terminal, &at_width(80));
    let shown = "  = help: Turn it on.\n            aws ec2 x --id 'vol-1; rm' --region eu-west-1\n  = see: ";
    assert!(text.contains(shown), "{text}");
    report.evaluations = vec![on("vol-1"), on("vol-2")];
    let text = written(&report, Format::Terminal, &at_width(80));
    let shown = "  = help: Turn it on.\n            aws ec2 x --id RESOURCE_ID --region AWS_REGION\n  = see: ";
    assert!(text.contains(shown), "{text}");
}

#[test]
fn a_long_report_names_the_worst_that_there_is() {
    let mut report = sample();
    let id = |n: usize| format!("rule-{n:02}");
    let medium = |n: usize| rule(&id(n), "It is so", Severity::Medium, "AWS::EC2::Volume");
    report.rules = (0..12).map(medium).collect();
    let found = |n: usize| Evaluation {
        severity: Severity::Medium,
        ..finding(&id(n), "AWS::EC2::Volume", "vol-1", "it is not so")
    };
    report.evaluations = (0..12).map(found).collect();
    let sentence = |report: &Report| {
        let text = written(report, Format::Terminal, &at_width(100));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = sentence(&report);
    assert!(text.contains("Begin with medium findings of rule-00 (1), rule-01 (1),"), "{text}");
    assert!(text.contains("and 7 more; 12 rules have findings"), "{text}");
    assert!(text.contains("as a page, and --severity medium asks for the worst alone"), "{text}");
    assert!(!text.contains("--severity critical"), "{text}");
    // The flag does not choose a rule one of whose findings is worse than the rule.
    report.evaluations[3].severity = Severity::High;
    let text = sentence(&report);
    assert!(
        text.contains("Begin with high findings of rule-03 (1); 12 rules") && !text.contains("--severity"),
        "{text}"
    );
    report.evaluations.truncate(10);
    assert!(!sentence(&report).contains("Begin with"), "what is seen needs no pointer");
}

#[test]
fn help_shows_whole_commands_and_says_where_the_others_are() {
    let mut report = sample();
    report.evaluations = vec![finding("encrypted-volumes", "AWS::EC2::Volume", "vol-1", "not so")];
    let shows = |report: &mut Report, commands: &str, shown: &str| {
        report.rules[1].fix = Fix::new(Some(commands), None).expect("they are commands");
        let text = written(report, Format::Terminal, &at_width(80));
        let indent = "\n            ";
        let shown = shown.replace('\n', indent);
        assert!(text.contains(&format!("old one.{indent}{shown}\n  = see: ")), "{text}");
    };
    let fits = "aws one\naws two\n# Which?\naws three \\\n  --x \\\n  --y";
    shows(&mut report, fits, fits);
    let rest = "... and 3 more lines; assize rules show encrypted-volumes shows them";
    shows(
        &mut report,
        "aws one\naws two \\\n  --x\n# Destroys.\naws three\n# Which?\naws four\naws five",
        &format!("aws one\naws two \\\n  --x\n# Destroys.\naws three\n{rest}"),
    );
    // Half a command would be worse than a long one.
    let long = format!("# Long.\naws one{}", " \\\n  --x".repeat(7));
    let rest = "... and 1 more line; assize rules show encrypted-volumes shows them";
    shows(&mut report, &format!("{long}\naws two"), &format!("{long}\n{rest}"));
    // What is in a store can be looked up there, with its names.
    report.drift = Some(Drift::new(None, [], Vec::new()));
    let digits = fingerprint(&report.evaluations[0])[..12].to_owned();
    let rest = format!("... and 1 more line; assize explain {digits} shows them");
    shows(&mut report, &format!("{long}\naws two"), &format!("{long}\n{rest}"));
}
