//! A headless Chromium, and pages of so many findings to open in it: for the tests of the page and for what measures how fast
//! it opens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

/// Runs assize in this folder, and gives what it wrote.
pub(crate) fn assize(arguments: &[&str], folder: &Path) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assize"));
    let output = command.args(arguments).env_clear().current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!([Some(0), Some(1), Some(3)].contains(&output.status.code()), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The first Chromium that answers: what `CHROMIUM` names, or one of the names that it usually has.
pub(crate) fn find() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    let known = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let answers = |name: &String| {
        let version = Command::new(name).arg("--version").stdin(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    };
    named.into_iter().chain(known).find(answers)
}

/// Opens a page, and gives what the browser wrote.
pub(crate) fn chromium(browser: &str, profile: &Path, arguments: &[&str], page: &Path) -> Vec<u8> {
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

/// What a script in a page around this one comes to, once this one is loaded in a frame of so many pixels. The script has the
/// page as `page`, and as `started` how many milliseconds after its own start the page around asked for it.
pub(crate) fn evaluated(browser: &str, profile: &Path, page: &Path, width: u32, script: &str) -> String {
    let around = page.with_extension("around.html");
    let name = page.file_name().unwrap().to_str().unwrap();
    let text = format!(
        "<!doctype html><title>not loaded</title><script>const started = performance.now();\
         function loaded(frame) {{ const page = frame.contentDocument; document.title = {script}; }}</script>\
         <iframe style=\"width:{width}px;height:844px;border:0\" src=\"{name}\" onload=\"loaded(this)\"></iframe>"
    );
    fs::write(&around, text).unwrap();
    // Files are strangers to each other, else.
    let tree = chromium(browser, profile, &["--allow-file-access-from-files", "--dump-dom"], &around);
    let tree = String::from_utf8(tree).unwrap();
    let (_, title) = tree.split_once("<title>").unwrap();
    title.split_once("</title>").unwrap().0.to_owned()
}

/// The report on the example account with so many findings and nothing else.
pub(crate) fn report(demo: &Json, findings: usize) -> Json {
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

/// Writes the page of this report, and says where it is.
pub(crate) fn page(report: &Json, name: &str, folder: &Path) -> PathBuf {
    let json = folder.join("report.json");
    fs::write(&json, report.to_string()).unwrap();
    let page = folder.join(format!("{name}.html"));
    let arguments = ["report", json.to_str().unwrap(), "--no-config", "--format", "html"];
    fs::write(&page, assize(&arguments, folder)).unwrap();
    page
}
