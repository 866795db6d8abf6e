//! What the page is: one document, which holds all that it shows.

use super::*;
use crate::report::Neighbour;
use crate::report::tests::sample;

fn page(report: &Report, extent: Extent) -> String {
    let mut out = Vec::new();
    write(report, extent, &mut out).expect("writing to memory works");
    String::from_utf8(out).expect("the page is UTF-8")
}

/// Between a start and the end that follows.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(inner, _)| inner)
}

#[test]
fn the_policy_allows_the_pages_own_style_and_script_and_nothing_else() {
    let page = page(&sample(), Extent::Findings);
    let policy = between(&page, "Content-Security-Policy content=\"", "\"");
    let digest = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let expected = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        digest(between(&page, "<style>", "</style>")),
        digest(between(&page, "<script>", "</script>")),
    );
    assert_eq!(policy, expected);
    // A browser takes the bytes as UTF-8, and a checker may not.
    assert!(STYLE.is_ascii() && SCRIPT.is_ascii());
}

#[test]
fn everything_is_there_without_the_script() {
    let report = sample();
    let page = page(&report, Extent::Findings);
    let body = page.split("<body>").nth(1).and_then(|rest| rest.split("<script>").next()).expect("a body");
    for finding in report.findings() {
        assert!(body.contains(&*escape(&finding.annotation)), "{}", finding.annotation);
    }
    assert!(body.contains("/configuration/encrypted</code><td><code>false"), "evidence");
    assert!(body.contains("Take a snapshot of the volume"), "remediation");
    assert!(body.contains("allow s3:GetBucketPolicy"), "what could not be judged");
    assert!(body.contains("cannot compare string with integer"), "rules that failed");
    assert!(body.contains("<form id=filter class=card hidden>"), "what needs the script shows itself with it");
}

#[test]
fn what_passed_is_in_the_full_report_alone() {
    let report = sample();
    let (findings, full) = (page(&report, Extent::Findings), page(&report, Extent::Full));
    assert!(!findings.contains("vol-1</code>") && full.contains("<li><code>vol-1</code></li>"));
    assert!(full.contains("<h1>Full compliance report of account 111122223333</h1>"), "it says which it is");
}

#[test]
fn a_resource_is_drawn_among_those_that_it_is_related_to() {
    let mut report = sample();
    let finding = report.evaluations[0].clone();
    let neighbour = |n: usize| Neighbour {
        relationship: "Is attached to Instance".to_owned(),
        resource_type: "AWS::EC2::Instance".to_owned(),
        name: format!("i-{n:03} <b>"),
        key: (n == 0).then(|| report.evaluations[3].resource.clone()),
    };
    let neighbours: Vec<Neighbour> = (0..13).map(neighbour).collect();
    report.neighbours.insert(finding.resource.clone(), neighbours);
    let page = page(&report, Extent::Findings);
    let picture = between(&page, "<figure class=picture>", "</figure>");
    assert_eq!(picture.matches("<path").count(), 10);
    assert!(picture.contains("i-000 &lt;b&gt;") && picture.contains("and 3 more"), "{picture}");
    assert_eq!(picture.matches("mark red").count(), 2, "what is found on a neighbour shows: {picture}");
}

#[test]
fn texts_of_rules_keep_their_code_and_lists() {
    let text = "Turn it `on`, <b>,\nin each region:\n\n    aws a \\\n      --b\n\n- one `x`\n  more\n- two\n\n```sh\n<c>\n```\nA `tick.\n";
    let html = "<p>Turn it <code>on</code>, &lt;b&gt;, in each region:</p><pre><code>aws a \\\n  --b</code></pre>\
                <ul><li>one <code>x</code> more</li><li>two</li></ul><pre><code>&lt;c&gt;</code></pre><p>A `tick.</p>";
    assert_eq!(text::markdown(text), html);
}

#[test]
fn many_findings_make_a_page_that_can_be_sent() {
    let mut report = sample();
    let finding = report.evaluations[0].clone();
    report.evaluations = (0..20_000)
        .map(|n| {
            let mut one = finding.clone();
            one.resource.resource_id = format!("vol-{n:017}").into();
            one.evidence = vec![one.evidence[0].clone(); 20].into();
            one
        })
        .collect();
    let page = page(&report, Extent::Findings);
    assert_eq!(page.matches("<details class=f id=").count(), 20_000);
    assert!(page.len() < 15_000_000, "{}", page.len());
    assert!(page.contains("more than 5000 findings"), "it says what it leaves out");
}

#[test]
fn figures_are_grouped_in_thousands() {
    assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
}
