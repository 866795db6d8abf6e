//! The page of a report in a browser, with ten findings and with twenty thousand, on a desk and on a telephone.
//!
//! This needs a Chromium (`chromium`, `chromium-browser`, `google-chrome` or what `CHROMIUM` names) and says so where there
//! is none. The pictures stay under the target folder, to be looked at.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

fn assize(arguments: &[&str], folder: &Path) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assize"));
    let output = command.args(arguments).env_clear().current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!([Some(0), Some(1), Some(3)].contains(&output.status.code()), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn browser() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    let known = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let answers = |name: &String| {
        let version = Command::new(name).arg("--version").stdin(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    };
    named.into_iter().chain(known).find(answers)
}

fn chromium(browser: &str, profile: &Path, arguments: &[&str], page: &Path) -> Vec<u8> {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        // A page that asked for something would be told that there is nothing.
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The report on the example account with so many findings and nothing else.
fn report(demo: &Json, findings: usize) -> Json {
    let found: Vec<&Json> =
        demo["evaluations"].as_array().unwrap().iter().filter(|one| one["complianceType"] == "NON_COMPLIANT").collect();
    let numbered = |n: usize| {
        let mut one = found[n % found.len()].clone();
        one["resourceId"] = format!("{}-{n:05}", one["resourceId"].as_str().unwrap()).into();
        one
    };
    let mut report = demo.clone();
    report["evaluations"] = (0..findings).map(numbered).collect();
    report
}

#[test]
fn the_page_opens_with_few_findings_and_with_many() {
    let Some(browser) = browser() else {
        println!("there is no Chromium here: the page was not looked at");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&pictures).unwrap();
    let demo = assize(&["scan", "--demo", "--no-config", "--format", "json"], folder.path());
    let demo: Json = serde_json::from_slice(&demo).unwrap();
    for findings in [10, 20_000] {
        let json = folder.path().join("report.json");
        fs::write(&json, report(&demo, findings).to_string()).unwrap();
        let page = folder.path().join(format!("{findings}.html"));
        fs::write(&page, assize(&["report", json.to_str().unwrap(), "--no-config", "--format", "html"], folder.path()))
            .unwrap();
        let look = |arguments: &[&str]| chromium(&browser, &folder.path().join("profile"), arguments, &page);
        for (width, height) in [(1280, 900), (390, 844)] {
            let picture = pictures.join(format!("{findings}-{width}.png"));
            _ = fs::remove_file(&picture);
            look(&[&format!("--window-size={width},{height}"), &format!("--screenshot={}", picture.display())]);
            let bytes = fs::read(&picture).unwrap();
            assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 10_000, "{}", picture.display());
        }
        // What the browser made of it: the script ran, as the policy allows it, and has counted what it found.
        let tree = String::from_utf8(look(&["--dump-dom"])).unwrap();
        assert!(tree.contains("<form id=\"filter\" class=\"card\">"), "the form shows itself");
        assert!(tree.contains(&format!("<output aria-live=\"polite\">{findings} findings</output>")));
        assert_eq!(tree.matches("<details class=\"f\"").count(), findings);
    }
    let pdf = pictures.join("10.pdf");
    let page = folder.path().join("10.html");
    chromium(&browser, &folder.path().join("profile"), &[&format!("--print-to-pdf={}", pdf.display())], &page);
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF"));
}
