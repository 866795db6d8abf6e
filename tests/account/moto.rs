//! The AWS of these tests: moto, in a virtual environment of its own under `target/`, behind a wall that counts and
//! refuses requests (`server.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::venv;

/// Set to `1` where these tests shall be left out: no Python, or no package index within reach.
pub(crate) const SKIP: &str = "ASSIZE_SKIP_ACCOUNT_TESTS";

/// The account that moto plays.
pub(crate) const ACCOUNT: &str = "111122223333";

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// A running server. It ends when this is dropped, and when the test process ends in whatever way: it reads its
/// standard input, whose other end is held here.
pub(crate) struct Moto {
    server: Child,
    address: String,
    python: PathBuf,
}

impl Moto {
    /// Starts a server with an empty account.
    ///
    /// # Panics
    /// When it cannot: the sentence says what is missing and how to leave these tests out.
    pub(crate) fn start() -> Self {
        let python = python().unwrap_or_else(|why| {
            panic!("the tests on a moto account cannot run: {why}\n(set {SKIP}=1 to leave them out)")
        });
        let here = here();
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("moto-{}.log", std::process::id()));
        fs::create_dir_all(log.parent().unwrap()).unwrap();
        let mut server = Command::new(&python)
            .arg(here.join("server.py"))
            .envs(environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        assert!(!port.is_empty(), "moto did not start; it said:\n{}", fs::read_to_string(&log).unwrap_or_default());
        Self { server, address: format!("127.0.0.1:{}", port.trim()), python }
    }

    /// What goes into `AWS_ENDPOINT_URL`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The interpreter that has moto and what it needs.
    pub(crate) fn interpreter(&self) -> &Path {
        &self.python
    }

    /// Runs a script of this folder with the endpoint and these arguments: the labels made so far go in, new ones come
    /// out.
    pub(crate) fn python(
        &self,
        script: &str,
        arguments: &[&str],
        made: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut seed = Command::new(self.interpreter())
            .arg(here().join(script))
            .arg(self.endpoint())
            .args(arguments)
            .envs(environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        seed.stdin.take().unwrap().write_all(&serde_json::to_vec(made).unwrap()).unwrap();
        let output = seed.wait_with_output().unwrap();
        assert!(output.status.success(), "{script} {arguments:?} failed: its words are above");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Sets what no AWS API sets; `server.py` says in which form.
    pub(crate) fn facts(&self, facts: &serde_json::Value) {
        self.control("PUT", "/-/facts", facts);
    }

    /// Lets the ids that moto makes up from here on be the same in every run.
    pub(crate) fn seed(&self) {
        self.control("POST", "/moto-api/seed?a=7", &serde_json::Value::Null);
    }

    /// Lets only these operations through (all with `None`), and spoils some: `deny`, `throttle`, `html`, `truncate`.
    pub(crate) fn wall(&self, allow: Option<&BTreeSet<String>>, faults: &BTreeMap<&str, &str>) {
        self.control("PUT", "/-/wall", &serde_json::json!({"allow": allow, "faults": faults}));
    }

    /// How often each operation was asked for since the last time this was asked.
    pub(crate) fn requests(&self) -> BTreeMap<String, u64> {
        serde_json::from_value(self.control("GET", "/-/requests", &serde_json::Value::Null)).unwrap()
    }

    /// One request by hand: no HTTP client of the project takes part in what judges it.
    fn control(&self, method: &str, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.split(' ').nth(1) == Some("200"), "{method} {path}: {answer}");
        if body.is_empty() { serde_json::Value::Null } else { serde_json::from_str(body).unwrap() }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/account")
}

/// What moto and the seeding script see of the environment, beside what the test itself sees.
fn environment() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("MOTO_ACCOUNT_ID", ACCOUNT),
        ("MOTO_EC2_LOAD_DEFAULT_AMIS", "false"),
        ("MOTO_IAM_LOAD_MANAGED_POLICIES", "true"),
        // Certificates stay unissued, however long the tests take.
        ("MOTO_ACM_VALIDATION_WAIT", "86400"),
        // Lists of objects have several pages.
        ("MOTO_S3_DEFAULT_MAX_KEYS", "4"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PYTHONUNBUFFERED", "1"),
    ]
    .into_iter()
}

/// The interpreter of a virtual environment that holds exactly `requirements.txt`, made on first use. Its place is named by
/// moto's version, too.
pub(crate) fn python() -> Result<PathBuf, String> {
    let version = REQUIREMENTS
        .lines()
        .find_map(|line| line.strip_prefix("moto[server]=="))
        .ok_or("requirements.txt does not name moto[server]")?;
    Ok(venv::programs("moto-venv", version, &here().join("requirements.txt"))?.join("python"))
}
