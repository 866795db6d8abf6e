//! The page of a report in a browser, with ten findings and with twenty thousand, on a desk and on a telephone; and before
//! the checker of those who write the standard.
//!
//! This needs a Chromium (`chromium`, `chromium-browser`, `google-chrome` or what `CHROMIUM` names) and says so where there
//! is none. The pictures stay under the target folder, to be looked at. The checker needs `npm`, the first time with its
//! registry within reach, and `java`; and says so where it cannot run.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod browser;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use browser::{assize, chromium, evaluated, page, report};

#[test]
fn the_page_opens_with_few_findings_and_with_many() {
    let Some(browser) = browser::find() else {
        println!("there is no Chromium here: the page was not looked at");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&pictures).unwrap();
    let demo = assize(&["scan", "--demo", "--no-config", "--format", "json"], folder.path());
    let demo: Json = serde_json::from_slice(&demo).unwrap();
    for findings in [10, 20_000] {
        let page = page(&report(&demo, findings), &findings.to_string(), folder.path());
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
    // An address may end in anything; the page works all the same.
    let page = folder.path().join("10.html");
    for fragment in ["%", "%ff", "nothing"] {
        let address = format!("{}#{fragment}", page.display());
        let tree = chromium(&browser, &folder.path().join("profile"), &["--dump-dom"], Path::new(&address));
        let tree = String::from_utf8(tree).unwrap();
        assert!(tree.contains("<form id=\"filter\" class=\"card\">"), "#{fragment}: the form shows itself");
    }
    let pdf = pictures.join("10.pdf");
    chromium(&browser, &folder.path().join("profile"), &[&format!("--print-to-pdf={}", pdf.display())], &page);
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF"));
}

/// Opens all that can be opened, and says how wide the page is then.
const WIDTH: &str =
    "(page.querySelectorAll('details').forEach(one => one.open = true), page.documentElement.scrollWidth)";

#[test]
fn the_page_is_no_wider_than_a_telephone() {
    let Some(browser) = browser::find() else {
        println!("there is no Chromium here: the page was not measured");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // Every kind of section: a pack, findings of every rule, what could not be judged.
    let demo =
        ["scan", "--demo", "--no-config", "--format", "json", "--pack", "cis-aws-foundations-5.0", "--rule", "*"];
    let demo: Json = serde_json::from_slice(&assize(&demo, folder.path())).unwrap();
    let all = page(&demo, "all", folder.path());
    let none = page(&report(&demo, 0), "none", folder.path());
    let width = |page: &Path, frame: u32| -> u32 {
        evaluated(&browser, &folder.path().join("profile"), page, frame, WIDTH).parse().unwrap()
    };
    for (name, page) in [("all", &all), ("none", &none)] {
        // The second is the least that text has to do with without a second direction to scroll.
        // https://www.w3.org/TR/WCAG22/#reflow
        for frame in [390, 320] {
            assert_eq!(width(page, frame), frame, "{name}");
        }
    }
    // A page that is too wide is seen to be.
    let wide = folder.path().join("wide.html");
    fs::write(&wide, fs::read_to_string(&all).unwrap().replacen("<main>", "<main><hr width=500>", 1)).unwrap();
    assert!(width(&wide, 390) > 390);
}

/// The Nu Html Checker, at the version that `tests/html-checker/package-lock.json` pins, with its digest.
fn checker() -> Result<PathBuf, String> {
    let run = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
        let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", said())) }
    };
    run(Command::new("java").arg("-version"))?;
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/html-checker"), target().join("html-checker"));
    fs::create_dir_all(&to).map_err(|error| error.to_string())?;
    // Two test processes may come here at once; the second finds the work done.
    let lock = fs::File::create(to.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let jar = to.join("node_modules/vnu-jar/build/dist/vnu.jar");
    let is_same = |name: &str| fs::read(from.join(name)).ok() == fs::read(to.join(name)).ok();
    if !jar.exists() || !is_same("package-lock.json") {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(from.join(name), to.join(name)).map_err(|error| error.to_string())?;
        }
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(arguments).current_dir(&to))?;
    }
    Ok(jar)
}

/// The folder that holds what builds leave.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

/// What the checker says of a page, by kind: errors, and warnings.
fn said(jar: &Path, page: &Path) -> (Vec<String>, Vec<String>) {
    let output =
        Command::new("java").arg("-Xss4m").arg("-jar").arg(jar).args(["--format", "json"]).arg(page).output().unwrap();
    let told: Json = serde_json::from_slice(&output.stderr).unwrap();
    let messages = told["messages"].as_array().unwrap();
    let of = |is_error: bool| {
        let wanted = messages.iter().filter(|one| (one["type"] != "info") == is_error);
        wanted.map(|one| format!("line {}: {}", one["lastLine"], one["message"].as_str().unwrap())).collect()
    };
    (of(true), of(false))
}

#[test]
fn the_page_is_html_whatever_it_holds() {
    let jar = match checker() {
        Ok(jar) => jar,
        Err(why) => return println!("the page was not checked: {why}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let demo =
        ["scan", "--demo", "--no-config", "--format", "json", "--pack", "cis-aws-foundations-5.0", "--rule", "*"];
    let demo: Json = serde_json::from_slice(&assize(&demo, folder.path())).unwrap();
    assert_eq!(demo["packs"].as_array().map(Vec::len), Some(1), "the page has a pack");
    for findings in [0, 10, 20_000] {
        let page = page(&report(&demo, findings), &findings.to_string(), folder.path());
        let (errors, warnings) = said(&jar, &page);
        assert_eq!(errors, Vec::<String>::new(), "{findings} findings");
        // The policy allows the style sheet and the script by their digests, which the checker does not look at.
        let others: Vec<&String> =
            warnings.iter().filter(|one| !one.contains("violates Content Security Policy")).collect();
        assert!(others.is_empty() && warnings.len() == 2, "{findings} findings: {warnings:?}");
    }
    // A checker that finds nothing would find nothing wrong.
    let wrong = folder.path().join("wrong.html");
    let page = fs::read_to_string(folder.path().join("0.html")).unwrap();
    fs::write(&wrong, page.replacen("<main>", "<main><p><div id=summary></p>", 1)).unwrap();
    assert!(!said(&jar, &wrong).0.is_empty());
}
