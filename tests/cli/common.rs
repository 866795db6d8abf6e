//! How the tests run assize: the real binary, in a folder of its own, in an environment of nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

/// A folder to run in.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder can be made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("folders can be made");
        std::fs::write(&path, content).expect("the file can be written");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The command, ready to be run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assize"));
        command.args(arguments).env_clear().current_dir(self.path()).stdin(Stdio::null());
        // Without these it would look for credentials of the machine.
        command.env("HOME", self.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    pub(crate) fn assize(&self, arguments: &[&str]) -> Ran {
        Ran { output: self.command(arguments).output().expect("assize runs"), folder: self.path().to_owned() }
    }
}

/// Runs assize in a folder that nobody needs.
pub(crate) fn assize(arguments: &[&str]) -> Ran {
    Folder::new().assize(arguments)
}

/// What came of a run. As text: the exit code and both streams, whole.
pub(crate) struct Ran {
    output: Output,
    folder: PathBuf,
}

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().expect("assize was not killed")
    }

    pub(crate) fn stdout(&self) -> &str {
        std::str::from_utf8(&self.output.stdout).expect("the output is UTF-8")
    }

    pub(crate) fn stderr(&self) -> &str {
        std::str::from_utf8(&self.output.stderr).expect("the errors are UTF-8")
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(self.stdout()).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code {}", self.code())?;
        let folder = self.folder.display().to_string();
        for (name, text) in [("stdout", self.stdout()), ("stderr", self.stderr())] {
            if !text.is_empty() {
                write!(f, "---- {name}\n{}", text.replace(&folder, "[folder]"))?;
            }
        }
        Ok(())
    }
}

/// A file of `tests/data`.
pub(crate) fn data(name: &str) -> String {
    format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}
