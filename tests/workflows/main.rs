//! The workflows among the examples and the action, before the checkers of those who know what GitHub accepts and what is
//! risky: jactionlint, which has actionlint's checks and reads actions too, and zizmor.
//!
//! Both come as packages of Python (`requirements.txt` pins them), the first time with a package index within reach. Where they
//! cannot be had, those on the `PATH` do; where there is none either, the test says so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "it says what it could not ask")]

#[path = "../venv/mod.rs"]
mod venv;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The place that whoever uses the workflow fills in.
const OPEN: &str = "uses: OWNER/assize@COMMIT\n";

/// A checker with its arguments; files are to follow.
struct Checker {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
}

/// Those that can be had.
fn checkers() -> Vec<Checker> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pinned = venv::programs("workflow-checkers", "venv", &here.join("tests/workflows/requirements.txt"));
    let known: [(&'static str, &'static [&'static str]); 3] = [
        ("jactionlint", &["--no-color", "--strict-exit"]),
        ("actionlint", &["-no-color"]),
        // Without the network: what it would ask GitHub is whether commits are there.
        ("zizmor", &["--offline", "--no-config", "--no-progress", "--color=never", "--persona=pedantic"]),
    ];
    let answers = |program: &PathBuf| {
        let version = Command::new(program).arg("--version").stdin(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    };
    let mut found = Vec::new();
    for (name, arguments) in known {
        let pinned = pinned.as_ref().ok().map(|programs| programs.join(name));
        match pinned.into_iter().chain([PathBuf::from(name)]).find(answers) {
            Some(program) => found.push(Checker { name, program, arguments }),
            None => println!("{name} cannot be had: it was not asked"),
        }
    }
    if let Err(why) = pinned {
        println!("{why}");
    }
    found
}

impl Checker {
    /// What it has to say of these files of a repository; nothing if they are as they should be.
    fn asked(&self, repository: &Path, files: &[&str]) -> Option<String> {
        // actionlint takes all files for workflows. An action it reads where a workflow uses it.
        let files = files.iter().filter(|file| self.name != "actionlint" || file.starts_with(".github/"));
        let mut command = Command::new(&self.program);
        let output = command.args(self.arguments).args(files).current_dir(repository).stdin(Stdio::null()).output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat();
        (!output.status.success()).then_some(said)
    }
}

/// Of the examples, those that are for GitHub.
fn workflows() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
                && fs::read_to_string(&path).unwrap().contains("\njobs:\n")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

const WORKFLOW: &str = ".github/workflows/assize.yml";
const FILES: [&str; 2] = [WORKFLOW, "action.yml"];

/// A repository with this workflow, and the action in its root.
fn repository(workflow: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for inner in [".git", ".github/workflows"] {
        fs::create_dir_all(folder.path().join(inner)).unwrap();
    }
    fs::write(folder.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(folder.path().join(WORKFLOW), workflow).unwrap();
    let action = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    fs::copy(action, folder.path().join("action.yml")).unwrap();
    folder
}

/// The workflow with this action in its open place.
fn filled_in(workflow: &str, action: &str) -> String {
    assert_eq!(workflow.matches(OPEN).count(), 1, "{workflow}");
    workflow.replace(OPEN, &format!("uses: {action}\n"))
}

/// As a user does who looked at a commit.
const BY_COMMIT: &str = "octo-org/assize@3d3c42e5aac5ba805825da76410c181273ba90b1 # v1.0.0";
/// The action of the same repository: of that the checkers know which inputs it has. zizmor does not look at them, and would
/// like newer words for the place.
const ITS_OWN: &str = "./";

#[test]
fn workflows_and_the_action_pass_their_checkers() {
    let checkers = checkers();
    let workflows = workflows();
    assert!(workflows.iter().any(|path| path.ends_with("examples/schedule/github.yml")), "{workflows:?}");
    for (path, action) in workflows.iter().flat_map(|path| [(path, BY_COMMIT), (path, ITS_OWN)]) {
        let repository = repository(&filled_in(&fs::read_to_string(path).unwrap(), action));
        for checker in checkers.iter().filter(|checker| action == BY_COMMIT || checker.name != "zizmor") {
            if let Some(said) = checker.asked(repository.path(), &FILES) {
                panic!("{} with {action}: {} says\n{said}", path.display(), checker.name);
            }
        }
    }
}

#[test]
fn a_checker_that_found_nothing_would_be_found_out() {
    let workflow = include_str!("../../examples/schedule/github.yml");
    // What each of them must see, by the words that it calls it by.
    let wrong = [
        ("jactionlint", ITS_OWN, "fail-on: high", "fail-un: high", "fail-un"),
        ("jactionlint", BY_COMMIT, "    timeout-minutes: 10\n", "", "missing-timeout"),
        ("actionlint", ITS_OWN, "fail-on: high", "fail-un: high", "fail-un"),
        ("zizmor", BY_COMMIT, "persist-credentials: false", "fetch-depth: 1", "artipacked"),
        // The open place itself: whoever forgets to fill it in is told.
        ("zizmor", "OWNER/assize@COMMIT", "", "", "unpinned-uses"),
    ];
    let checkers = checkers();
    for (name, action, right, instead, word) in wrong {
        let Some(checker) = checkers.iter().find(|checker| checker.name == name) else { continue };
        let text = filled_in(workflow, action);
        assert!(text.contains(right), "{right}");
        let repository = repository(&text.replacen(right, instead, 1));
        let said = checker.asked(repository.path(), &FILES);
        assert!(said.as_ref().is_some_and(|said| said.contains(word)), "{name}, {instead}: {said:?}");
    }
}
