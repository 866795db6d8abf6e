//! How long a browser takes to open the page of a report with many findings: what is asked for is less than three seconds for
//! 10,000.
//!
//! `cargo bench --bench page`; with `ITEMS=20000` of so many findings. It needs a Chromium as `tests/page` does, and says so where
//! there is none.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what measures may fail")]

#[path = "../tests/page/browser.rs"]
mod browser;

use std::fs;
use std::time::Instant;

use serde_json::Value as Json;

/// How often the page is opened.
const TIMES: usize = 5;

/// The page is there, its script has run, and it is laid out, so many milliseconds after it was asked for.
const LAID_OUT: &str = "(page.documentElement.scrollHeight, Math.round(performance.now() - started))";

fn main() {
    let Some(program) = browser::find() else {
        println!("there is no Chromium here: nothing was measured");
        return;
    };
    let findings = std::env::var("ITEMS").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let folder = tempfile::tempdir().unwrap();
    let demo = browser::assize(&["scan", "--demo", "--no-config", "--format", "json"], folder.path());
    let demo: Json = serde_json::from_slice(&demo).unwrap();
    let page = browser::page(&browser::report(&demo, findings), "page", folder.path());
    println!("{findings} findings, {:.1} MB of page", size(&page));
    let profile = folder.path().join("profile");
    // The first start of a profile is for the profile.
    browser::evaluated(&program, &profile, &page, 1280, LAID_OUT);

    let opened = |width: u32| -> Vec<f64> {
        let once = |_| browser::evaluated(&program, &profile, &page, width, LAID_OUT).parse::<f64>().unwrap() / 1000.0;
        (0..TIMES).map(once).collect()
    };
    for width in [1280, 390] {
        println!("read, filtered and laid out at {width} pixels: {}", told(opened(width)));
    }
    let picture = folder.path().join("page.png");
    let with_start = (0..TIMES).map(|_| {
        let start = Instant::now();
        let arguments = ["--window-size=1280,900".to_owned(), format!("--screenshot={}", picture.display())];
        browser::chromium(&program, &profile, &arguments.each_ref().map(String::as_str), &page);
        start.elapsed().as_secs_f64()
    });
    println!("the browser started, the page painted, the browser ended: {}", told(with_start.collect()));
}

/// The middle one of some times, and the ends, in seconds.
fn told(mut seconds: Vec<f64>) -> String {
    seconds.sort_by(f64::total_cmp);
    format!("{:.2} s ({:.2} to {:.2})", seconds[seconds.len() / 2], seconds[0], seconds[seconds.len() - 1])
}

/// Of a file, in megabytes.
fn size(path: &std::path::Path) -> f64 {
    let bytes = u32::try_from(fs::metadata(path).unwrap().len()).unwrap();
    f64::from(bytes) / 1_000_000.0
}
