//! `--budget`: no more requests than were allowed, and what was not asked for is a gap.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::common::{Folder, assize};

const IDENTITY: &str = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/auditor</Arn><UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#;

/// An endpoint that tells everybody who they are, and nothing else; and how often it was asked.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has one"));
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.expect("a client comes"));
                let (mut line, mut length) = (String::new(), 0);
                while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().expect("it is a number");
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).expect("a body comes");
                counted.fetch_add(1, Ordering::SeqCst);
                let length = IDENTITY.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                );
                // The client may have gone.
                _ = stream.get_mut().write_all((head + IDENTITY).as_bytes());
            }
        });
        Self { url, requests }
    }

    /// Runs a command on volumes, and says how many requests it took.
    fn run(&self, folder: &Folder, arguments: &[&str]) -> (Output, usize) {
        let before = self.requests.load(Ordering::SeqCst);
        let of_volumes = ["--rule", "encrypted-volumes", "--region", "eu-west-1"];
        let output = folder
            .command(&[arguments, &of_volumes].concat())
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .output()
            .expect("assize runs");
        (output, self.requests.load(Ordering::SeqCst) - before)
    }
}

#[test]
fn no_more_is_asked_than_the_budget_allows_and_the_rest_is_a_gap() {
    let (server, folder) = (Server::start(), Folder::new());
    let told = "not asked for, as the budget of 1 request is used up";
    let (scan, requests) = server.run(&folder, &["scan", "--budget", "1"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&scan.stdout), String::from_utf8_lossy(&scan.stderr));
    assert_eq!((scan.status.code(), requests), (Some(3), 1), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("gap[OverBudget]: {told}")), "{stdout}");

    // The second request is answered by nonsense, and asking once more would be a third one.
    let (scan, requests) = server.run(&folder, &["scan", "--budget", "2"]);
    assert_eq!((scan.status.code(), requests), (Some(3), 2), "{}", String::from_utf8_lossy(&scan.stdout));

    folder.write("assize.yaml", "budget: 1\n");
    let (collect, requests) = server.run(&folder, &["collect", "-o", "snapshot.jsonl"]);
    let stderr = String::from_utf8_lossy(&collect.stderr);
    assert_eq!((collect.status.code(), requests), (Some(3), 1), "{stderr}");
    assert!(stderr.contains(&format!("note: this is not all: some was {told}")), "{stderr}");
    let snapshot = folder.read("snapshot.jsonl");
    assert!(snapshot.contains(r#""code":"OverBudget""#), "{snapshot}");

    // The flag comes before the file.
    let (_, requests) = server.run(&folder, &["collect", "-o", "snapshot.jsonl", "--budget", "2"]);
    assert_eq!(requests, 2);
}

#[test]
fn a_recording_takes_no_requests() {
    for (arguments, told) in [
        (&["scan", "--demo", "--budget", "9"][..], "cannot be used with"),
        (&["collect", "--replay", "r.jsonl", "--budget", "9"], "cannot be used with"),
        (&["inventory", "d.jsonl", "--budget", "9"], "cannot be used with"),
        (&["scan", "--budget", "0"], "0 is not in 1.."),
    ] {
        let ran = assize(arguments);
        assert!(ran.code() == 2 && ran.stderr().contains(told), "{ran}");
    }
}
