//! Every text of a report, set to every text that has done harm in some report, in every format: nothing of it acts.

use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::Event;
use rayon::prelude::*;
use regex_lite::Regex;

use super::*;
use crate::drift::{self, Drift, FirstVersion, Fixed};
use crate::evaluation::{ExemptionMark, ExemptionState};
use crate::pack::standing::{End, RuleStanding};

/// Stands in each payload, to find it again.
const MARK: &str = "zqmarkqz";

/// What has been active somewhere: markup and handlers, links and mentions, formulas, escapes of terminals, marks that turn
/// text around, ends of comments, sections and lines, commands of build servers, paths, links to programs.
pub(crate) const PAYLOADS: &[&str] = &[
    "<script>zqmarkqz</script>",
    "\"><img src=x onerror=zqmarkqz>",
    "' onmouseover='zqmarkqz",
    "</style></script></title></textarea></svg><b zqmarkqz>",
    "<!-- zqmarkqz --> ]]> <?zqmarkqz?> &zqmarkqz; &#60;",
    "javascript:zqmarkqz//",
    "data:text/html,<script>zqmarkqz</script>",
    "[zqmarkqz](https://example.com) ![zqmarkqz](https://example.com/a.png)",
    "https://example.com/zqmarkqz www.example.com zqmarkqz@example.com",
    "@zqmarkqz #1 org/repo#2 :tada:",
    "| zqmarkqz | ` `` ``` \\| \\` *zqmarkqz* _zqmarkqz_ ~~zqmarkqz~~",
    "\n# zqmarkqz\n- zqmarkqz\n> zqmarkqz\n```\nzqmarkqz\n```",
    "=HYPERLINK(\"https://example.com\",\"zqmarkqz\")",
    "+zqmarkqz",
    "-zqmarkqz",
    "@SUM(zqmarkqz)",
    "\t=zqmarkqz",
    "\r=zqmarkqz",
    "\0=zqmarkqz",
    "\u{1b}[2Jzqmarkqz\u{1b}]8;;https://example.com\u{7}x\u{1b}]8;;\u{7}\u{9b}31m",
    "\u{202e}zqmarkqz\u{2066}\u{200b}\u{feff}\u{e0041}\u{fffe}\u{ffff}\u{85}\u{2028}",
    "../../zqmarkqz/../CON",
    "::error::zqmarkqz",
    "  ::set-output name=a::zqmarkqz",
    "a\n::add-mask::zqmarkqz",
    "a ##[group]zqmarkqz ##vso[task.setvariable variable=a]zqmarkqz",
    "$(zqmarkqz) `zqmarkqz` ;zqmarkqz|zqmarkqz&&zqmarkqz",
    "%0a::error::zqmarkqz",
];

type Put = fn(&mut Report, &str);

/// Every text that a report holds.
#[rustfmt::skip]
const PLACES: &[(&str, Put)] = &[
    ("assize_version", |r, t| r.assize_version = t.into()),
    ("captured_at", |r, t| r.snapshot.captured_at = t.into()),
    ("source", |r, t| r.snapshot.source = t.into()),
    ("accounts", |r, t| r.snapshot.accounts = vec![t.into(), format!("{t}2")]),
    ("regions", |r, t| r.snapshot.regions = vec![t.into()]),
    ("skipped_regions", |r, t| r.snapshot.skipped_regions = [(t.into(), t.into())].into()),
    ("items", |r, t| r.snapshot.items = [(t.into(), 3)].into()),
    ("requests", |r, t| r.snapshot.requests = [(t.into(), 3)].into()),
    ("rule.id", |r, t| { r.rules[1].id = t.into(); r.rules.sort_by(|a, b| a.id.cmp(&b.id)); all(r, |e| e.rule = t.into()); }),
    ("rule.title", |r, t| rules(r, |rule| rule.title = t.into())),
    ("rule.category", |r, t| rules(r, |rule| rule.category = t.into())),
    ("rule.maturity", |r, t| rules(r, |rule| rule.maturity = t.into())),
    ("rule.resource_types", |r, t| rules(r, |rule| rule.resource_types = vec![t.into()])),
    ("rule.description", |r, t| rules(r, |rule| rule.description = t.into())),
    ("rule.risk", |r, t| rules(r, |rule| rule.risk = t.into())),
    ("rule.remediation", |r, t| rules(r, |rule| rule.remediation = format!("{t}:\n\n    {t}\n"))),
    ("rule.fix", |r, t| {
        // Most are refused when a rule is loaded; between quotes they are what a rule may say.
        let shown: String = t.chars().map(|c| if c.is_control() || "'\\\"$%".contains(c) { ' ' } else { c }).collect();
        let fix = Fix::new(Some(&format!("aws x '{shown}'")), Some(&format!("a = \"{shown}\"")));
        rules(r, |rule| rule.fix = fix.clone().unwrap_or_else(|defect| panic!("{defect}")));
    }),
    ("rule.references", |r, t| rules(r, |rule| rule.references = vec![t.into(), format!("https://{t}")])),
    ("rule.parameters", |r, t| rules(r, |rule| rule.parameters = [(t.into(), t.into())].into())),
    ("rule.digest", |r, t| rules(r, |rule| rule.digest = Some(t.into()))),
    ("rule of an evaluation", |r, t| all(r, |e| e.rule = t.into())),
    ("account", |r, t| all(r, |e| e.resource.account_id = t.into())),
    ("region", |r, t| all(r, |e| e.resource.region = t.into())),
    ("type", |r, t| all(r, |e| e.resource.resource_type = t.into())),
    ("id", |r, t| all(r, |e| e.resource.resource_id = t.into())),
    ("name", |r, t| all(r, |e| e.resource_name = Some(t.into()))),
    ("arn", |r, t| all(r, |e| e.arn = Some(t.into()))),
    ("arn of a bucket", |r, t| all(r, |e| e.arn = Some(format!("arn:aws:s3:::{t}").into()))),
    ("key", |r, t| all(r, |e| e.key = t.into())),
    ("annotation", |r, t| all(r, |e| e.annotation = t.into())),
    ("evidence", |r, t| all(r, |e| e.evidence = Arc::new([
        Evidence { resource: Some(t.into()), path: t.into(), value: Some(t.into()) },
        Evidence { resource: Some(format!("AWS::EC2::Instance {t}").into()), path: t.into(), value: Some(t.into()) },
    ]))),
    ("exemption", |r, t| all(r, |e| e.exemption = Some(Arc::new(mark(t))))),
    ("exemption that has expired", |r, t| all(r, |e| {
        e.exemption = Some(Arc::new(ExemptionMark { state: ExemptionState::Expired, ..mark(t) }));
    })),
    ("gaps", |r, t| {
        let reason = Arc::new(Unreadable {
            operation: t.into(), action: Some(t.into()), code: format!("AccessDenied{t}"), message: t.into(),
        });
        let gap = gap(t, Some(t), Some(t), &reason);
        r.gaps = vec![gap.clone(), Gap { account_id: t.into(), aws_region: t.into(), resource_id: None, ..gap.clone() }];
        for evaluation in r.evaluations.iter_mut().filter(|one| one.gap.is_some()) {
            evaluation.gap = Some(Box::new(gap.clone()));
        }
    }),
    ("gaps without a call", |r, t| {
        let reason = Arc::new(Unreadable { operation: String::new(), action: None, code: t.into(), message: t.into() });
        r.gaps = vec![gap(t, Some(t), None, &reason)];
    }),
    ("rule_errors", |r, t| r.rule_errors = vec![
        RuleError { rule: t.into(), resource: Some(t.into()), message: format!("{t}\n  {t}") },
        RuleError { rule: t.into(), resource: None, message: t.into() },
    ]),
    ("exemptions", |r, t| r.exemptions = vec![ExemptionSummary {
        id: t.into(), digest: t.into(), rules: vec![t.into()], resource: [(t.into(), vec![t.into()])].into(),
        keys: vec![t.into()], reason: t.into(), owner: Some(t.into()), ticket: Some(t.into()), expires: Some(t.into()),
        origin: Some(t.into()),
        usage: Usage { remarks: vec![t.into()], ..Usage::default() },
    }]),
    ("packs", |r, t| {
        let rule = RuleStanding {
            name: t.into(), identifier: Some(t.into()), rule: Some("open-ports".to_owned()), end: End::NonCompliant,
            reason: Some(t.into()), compliant: 1, non_compliant: 2, insufficient_data: 3, controls: vec![t.into(), "1.1".to_owned()],
        };
        let other = RuleStanding { rule: None, end: End::ByHand, controls: Vec::new(), ..rule.clone() };
        r.packs = vec![Standing { pack: t.into(), origin: t.into(), digest: Some(t.into()), rules: vec![rule, other] }];
    }),
    ("drift", |r, t| {
        let finding = &r.evaluations[0];
        let version = FirstVersion { from: t.into(), related_events: vec![t.into()] };
        let standing = drift::Standing {
            rule: Arc::clone(&finding.rule), key: finding.key.clone(), open_since: Some(t.into()), version: Some(version),
        };
        let mut fixed = finding.clone();
        fixed.annotation = t.into();
        fixed.resource.resource_id = t.into();
        let fixed = Fixed { finding: fixed, open_since: t.into(), is_gone: true };
        r.drift = Some(Drift::new(Some(t.into()), [(finding.resource.clone(), standing)], vec![fixed]));
    }),
];

fn all(report: &mut Report, mut put: impl FnMut(&mut Evaluation)) {
    report.evaluations.iter_mut().for_each(&mut put);
}

fn rules(report: &mut Report, mut put: impl FnMut(&mut RuleSummary)) {
    report.rules.iter_mut().for_each(&mut put);
}

fn mark(text: &str) -> ExemptionMark {
    ExemptionMark {
        id: text.into(),
        state: ExemptionState::InForce,
        reason: text.into(),
        owner: Some(text.into()),
        ticket: Some(text.into()),
        expires: Some(text.into()),
    }
}

/// The commands that GitHub's runner knows.
const COMMANDS: [&str; 14] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
];

/// What a build server would do on reading a line, as its own source parses it.
fn commands(text: &str) -> Vec<&str> {
    let lines = text.split(['\n', '\r']);
    let new_form = |line: &&str| {
        let line = line.trim_start();
        let name = line.strip_prefix("::").and_then(|rest| rest.split("::").next()).unwrap_or_default();
        let name = name.split(' ').next().unwrap_or_default();
        COMMANDS.contains(&name) || name == "warning"
    };
    let old_form = |line: &&str| line.contains("##[") || line.contains("##vso[");
    lines.filter(|line| new_form(line) || old_form(line)).collect()
}

/// Markdown without its code spans: a run of backticks up to the next run of the same length, within a line.
fn outside_code(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(start) = rest.find('`') {
            out.push_str(&rest[..start]);
            let fence = rest[start..].chars().take_while(|c| *c == '`').count();
            let inner = &rest[start + fence..];
            let mut from = 0;
            let end = loop {
                let Some(found) = inner[from..].find('`') else { break None };
                let run = inner[from + found..].chars().take_while(|c| *c == '`').count();
                if run == fence {
                    break Some(from + found);
                }
                from += found + run;
            };
            let Some(end) = end else { panic!("a span is not closed: {line}") };
            rest = &inner[end + fence..];
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

/// Markdown without its blocks of code: from a fence with the language's name up to a line of as many backticks or more.
fn outside_blocks(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let fence = line.chars().take_while(|c| *c == '`').count();
        // What has more of them behind is a span that happens to begin the line.
        if fence < 3 || line[fence..].contains('`') {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        assert!(["sh", "hcl"].contains(&&line[fence..]), "{line}");
        let is_end = |line: &str| line.len() >= fence && line.bytes().all(|byte| byte == b'`');
        assert!(lines.by_ref().any(is_end), "a block is not closed: {text}");
    }
    out
}

/// The elements and attributes of the page: none of them runs a script or fetches anything. An address leads to a place of
/// the page, or is one of `https`.
fn check_page(text: &str, what: &str) {
    let style = include_str!("../html/style.css");
    let script = include_str!("../html/filter.js");
    for (start, own, end) in [("<style>", style, "</style>"), ("<script>", script, "</script>")] {
        assert_eq!(text.matches(&start[..start.len() - 1]).count(), 1, "{what}: one of {start}");
        assert!(text.contains(&format!("{start}{own}{end}")), "{what}: {start} is the page's own");
    }
    let page = text.replacen(style, "", 1).replacen(script, "", 1);
    let tag = Regex::new("^</?([a-z0-9]+|!DOCTYPE)((?: [A-Za-z-]+(?:=(?:\"[^\"<>]*\"|[A-Za-z0-9_-]+))?)*)(?: ?/)?>")
        .expect("a pattern");
    let attribute = Regex::new(" ([A-Za-z-]+)(?:=(?:\"([^\"]*)\"|([A-Za-z0-9_-]+)))?").expect("a pattern");
    let known = "html head meta title style script body a div header p h1 h2 h3 h4 nav main section ul li b span dl dt dd svg rect \
                 path text form label input select option button output details summary code pre br table tr th td figure \
                 figcaption small footer !DOCTYPE";
    let harmless = "lang charset http-equiv content name class href aria-label id viewBox preserveAspectRatio aria-hidden x y \
                    width height rx d role hidden type placeholder autocomplete value aria-live open rel data-c data-s data-a \
                    data-r data-n html";
    for (at, _) in page.match_indices('<') {
        let found = tag.captures(&page[at..]);
        let found = found.unwrap_or_else(|| panic!("{what}: {}", page[at..].chars().take(80).collect::<String>()));
        assert!(known.split_whitespace().any(|name| *name == found[1]), "{what}: {}", &found[1]);
        for one in attribute.captures_iter(&found[2]) {
            let name = &one[1];
            assert!(harmless.split_whitespace().any(|known| known == name), "{what}: {name} in {}", &found[0]);
            if name == "href" {
                assert!(one[2].starts_with('#') || one[2].starts_with("https://"), "{what}: {}", &one[2]);
            }
        }
    }
}

/// Fails if something in the text acts.
fn check(format: Format, text: &str, what: &str) {
    let is_json = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"));
    };
    match format {
        // Data as it is, in strings: what a program makes of it is that program's.
        Format::Json | Format::Sarif | Format::Ocsf | Format::Asff => return is_json(text),
        Format::Jsonl => return text.lines().for_each(is_json),
        _ => {}
    }
    let powers: Vec<char> = text.chars().filter(|c| !matches!(c, '\n' | '\r') && is_harmful(*c)).collect();
    assert!(powers.is_empty(), "{what}: {powers:?} in {text}");
    assert!(format == Format::Csv || !text.contains('\r'), "{what}: {text}");
    if format != Format::Github {
        assert_eq!(commands(text), Vec::<&str>::new(), "{what}");
    }
    match format {
        Format::Markdown => {
            let outside = outside_code(&outside_blocks(text));
            // The pages that a rule names are links, and nothing but that.
            let pages = Regex::new("How to mend it: <https://[^<>()\\[\\]`\\s]+>\n").expect("the pattern is one");
            let outside = pages.replace_all(&outside, "");
            assert!(!outside.contains(MARK), "{what}: {outside}");
            assert!(!outside.contains('<'), "{what}: {outside}");
        }
        Format::Csv => {
            let mut table = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            for row in table.records() {
                let row = row.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(row.len(), csv::COLUMNS.len(), "{what}");
                for cell in &row {
                    assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '\0']), "{what}: {cell}");
                }
            }
        }
        Format::Junit => {
            let mut reader = Reader::from_str(text);
            loop {
                match reader.read_event().unwrap_or_else(|error| panic!("{what}: {error}\n{text}")) {
                    Event::Eof => break,
                    Event::Comment(_) | Event::CData(_) | Event::PI(_) | Event::DocType(_) => panic!("{what}: {text}"),
                    Event::Start(element) | Event::Empty(element) => {
                        let name = element.name().as_ref().to_owned();
                        assert!(!name.contains(MARK) && name.bytes().all(|b| b.is_ascii_lowercase()), "{what}: {name}");
                        for attribute in element.attributes() {
                            let attribute = attribute.unwrap_or_else(|error| panic!("{what}: {error}"));
                            assert!(attribute.key.as_ref().bytes().all(|b| b.is_ascii_lowercase()), "{what}");
                        }
                    }
                    _ => {}
                }
            }
        }
        Format::Html => check_page(text, what),
        Format::Github => {
            for line in text.lines() {
                let mut parts = line.strip_prefix("::").unwrap_or_else(|| panic!("{what}: {line}")).splitn(2, "::");
                let head = parts.next().unwrap_or_default();
                let (name, members) = head.split_once(' ').unwrap_or_else(|| panic!("{what}: {line}"));
                assert!(["error", "warning", "notice"].contains(&name), "{what}: {line}");
                let names: Vec<&str> = members.split(',').map(|one| one.split('=').next().unwrap_or("")).collect();
                assert!(names == ["file", "line", "title"] || names == ["title"], "{what}: {line}");
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_that_a_report_holds_acts_in_any_format() {
    let bases = [sample(), exemptions::exempted()];
    let shown_at = |(at, (place, put)): (usize, &(&'static str, Put))| {
        let mut shown = HashSet::new();
        for (n, payload) in PAYLOADS.iter().enumerate() {
            let base = &bases[(at + n) % bases.len()];
            let mut report = base.clone();
            put(&mut report, payload);
            assert_ne!(report, *base, "{place} is a place");
            for format in Format::ALL {
                let text = written(&report, format, &Options { extent: Extent::Full, ..at_width(100) });
                check(format, &text, &format!("{place} = {payload:?} as {format}"));
                if text.contains(MARK) {
                    shown.insert((*place, format));
                }
            }
        }
        shown
    };
    let shown: HashSet<_> = PLACES.par_iter().enumerate().flat_map_iter(shown_at).collect();
    // It would prove little if the texts were not shown: each is, in the format that has everything.
    for (place, _) in PLACES {
        assert!(shown.contains(&(*place, Format::Json)), "{place} is in no report");
    }
    for format in Format::ALL {
        let places = shown.iter().filter(|(_, of)| *of == format).count();
        assert!(places >= 8, "{format} shows {places} of them");
    }
}

#[test]
fn an_address_is_no_command() {
    for text in ["::/0", "::1", "::ffff:10.0.0.1", "AWS::EC2::Volume", "a::error::b", "## [x", "#[derive]"] {
        assert_eq!(harmless(text), text);
    }
    for (text, shown) in [
        ("::error::x", "\\u{3a}:error::x"),
        ("  ::debug::x", "  \\u{3a}:debug::x"),
        ("a ##[group]x ##vso[a]", "a \\u{23}#[group]x \\u{23}#vso[a]"),
    ] {
        assert_eq!(harmless(text), shown);
    }
}
