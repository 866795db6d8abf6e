//! The store as a user meets it: kept by `scan`, read by `evaluate` and `report`, and whole whatever happens.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use assize::history::History;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::common::{Folder, data};

const FUNCTION: &str = r#"{"fileVersion": "1.0", "configSnapshotId": "a1b2", "configurationItems": [{
    "configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-01-02T03:04:05.678Z",
    "configurationStateId": 1767323045678, "awsAccountId": "111122223333", "configurationItemStatus": "OK",
    "resourceType": "AWS::Lambda::Function", "resourceId": "f", "resourceName": "f", "awsRegion": "eu-west-1",
    "ARN": "arn:aws:lambda:eu-west-1:111122223333:function:f", "tags": {}, "relationships": [],
    "configuration": {"functionName": "f", "environment": {"variables": {"TOKEN": "canary-of-the-environment"}}},
    "supplementaryConfiguration": {}}, {
    "configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-01-02T03:04:05.678Z",
    "configurationStateId": 1767323045678, "awsAccountId": "111122223333", "configurationItemStatus": "OK",
    "resourceType": "AWS::EC2::Instance", "resourceId": "i-1", "awsRegion": "eu-west-1", "tags": {}, "relationships": [],
    "configuration": {"instanceId": "i-1", "userData": "canary-of-the-user-data"},
    "supplementaryConfiguration": {}}]}"#;

/// The report without what is different by its nature.
fn findings(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let ran = folder.command(arguments).output().expect("assize runs");
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr)));
    let evaluations = report.get("evaluations").and_then(serde_json::Value::as_array).expect("there are evaluations");
    let told = |one: &serde_json::Value| {
        let members = one.as_object().expect("an evaluation has members").iter();
        members
            .filter(|(name, _)| *name != "evidence")
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    evaluations.iter().map(told).collect()
}

#[test]
fn a_scan_is_kept_and_judged_again() {
    let folder = Folder::new();
    let scan = ["scan", "--demo", "-f", "json"];
    let found = findings(&folder, &[&scan[..], &["--store", "assize.db"]].concat());
    assert!(found.len() > 100, "{found:?}");
    assert_eq!(findings(&folder, &["evaluate", "--store", "assize.db", "-f", "json"]), found);
    assert_eq!(findings(&folder, &["evaluate", "--store", "assize.db", "--recorded-rules", "-f", "json"]), found);
    assert_eq!(findings(&folder, &["report", "--store", "assize.db", "--at", "1", "-f", "json"]), found);
    let before = fs::metadata(folder.path().join("assize.db")).unwrap().len();
    findings(&folder, &[&scan[..], &["--store", "assize.db"]].concat());
    assert_eq!(fs::metadata(folder.path().join("assize.db")).unwrap().len(), before);
    let history = History::open_existing(folder.path().join("assize.db")).unwrap();
    assert_eq!(history.snapshots().unwrap().len(), 1);
}

#[test]
fn drift_is_told_in_every_report() {
    let folder = Folder::new();
    let instance = |day: &str, tokens: &str| {
        let options = format!(r#""state": {{"name": "running"}}, "metadataOptions": {{"httpTokens": "{tokens}"}}"#);
        let text = FUNCTION.replace("2026-01-02T", &format!("2026-01-{day}T"));
        folder.write("snapshot.json", text.replace(r#""instanceId": "i-1""#, &options));
        let arguments = ["evaluate", "snapshot.json", "--store", "assize.db", "--rule", "ec2-imdsv2-check"];
        (folder.assize(&arguments), folder.assize(&[&arguments[..], &["-f", "json"]].concat()).json())
    };
    let of_instance = |report: &serde_json::Value| {
        let evaluations = report["evaluations"].as_array().unwrap();
        evaluations.iter().find(|one| one["resourceId"] == "i-1").unwrap()["drift"].clone()
    };
    let (text, json) = instance("02", "optional");
    assert!(text.stdout().contains("Drift nothing was judged before"), "{text}");
    assert_eq!(json["drift"]["new"], 1);
    assert_eq!(of_instance(&json)["state"], "new");
    let (text, json) = instance("03", "optional");
    assert!(text.stdout().contains("open since 2026-01-02 03:04:05 UTC"), "{text}");
    assert!(text.stdout().contains("0 new, 0 fixed, 1 still open, since 2026-01-02 03:04:05 UTC"), "{text}");
    assert_eq!(of_instance(&json)["openSince"], "2026-01-02T03:04:05.678Z");
    let sarif = folder.assize(&["report", "--store", "assize.db", "-f", "sarif"]).json();
    assert_eq!(sarif["runs"][0]["results"][0]["baselineState"], "unchanged");
    assert_eq!(sarif["runs"][0]["results"][0]["properties"]["openSince"], "2026-01-02T03:04:05.678Z");
    let (text, json) = instance("04", "required");
    assert!(text.stdout().contains("0 new, 1 fixed, 0 still open"), "{text}");
    assert!(text.stdout().contains("fixed: what was found before"), "{text}");
    assert_eq!(json["drift"]["fixed"][0]["finding"]["resourceId"], "i-1");
    // A saved report shows the same again.
    folder.write("saved.json", json.to_string());
    let again = folder.assize(&["report", "saved.json"]);
    assert!(again.stdout().contains("0 new, 1 fixed, 0 still open"), "{again}");
    // Without a store nothing is known of before.
    let alone = folder.assize(&["evaluate", "snapshot.json", "-f", "json"]).json();
    assert_eq!(alone["drift"], serde_json::Value::Null);
}

#[test]
fn what_did_not_change_is_not_judged_again() {
    let folder = Folder::new();
    let scan = ["scan", "--demo", "--store", "assize.db"];
    let changed = [&scan[..], &["--changed-only", "-f", "json"]].concat();
    let first = folder.assize(&changed).json();
    assert_eq!(first["reused"], 0);
    let second = folder.assize(&changed).json();
    assert!(second["reused"].as_u64().unwrap() > 20, "{}", second["reused"]);
    assert_eq!(second["summary"], first["summary"]);
    assert_eq!(findings(&folder, &changed), findings(&folder, &[&scan[..], &["-f", "json"]].concat()));
    let text = folder.assize(&[&scan[..], &["--changed-only"]].concat());
    assert!(text.stdout().contains("of the evaluations are of before"), "{text}");
    // Fewer rules ask for fewer parts: what was said of all parts is not taken.
    let high = [&changed[..], &["--severity", "high"]].concat();
    assert_eq!(folder.assize(&high).json()["reused"], 0);
    let says = folder.assize(&["scan", "--demo", "--changed-only"]);
    assert!(says.to_string().contains("--changed-only needs a store"), "{says}");
}

#[test]
fn the_environment_names_the_store_and_a_flag_overrules_it() {
    let folder = Folder::new();
    let run = |arguments: &[&str]| {
        let mut command = folder.command(&[&["scan", "--demo", "--service", "s3"], arguments].concat());
        command.env("ASSIZE_STORE", "named.db").output().unwrap()
    };
    run(&["--no-store"]);
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    run(&[]);
    assert_eq!(folder.names(), ["named.db"]);
}

#[test]
fn all_commands_find_the_store_alike() {
    let folder = Folder::new();
    folder.write("assize.yaml", "store: kept/named.db\n");
    folder.write("bucket/snapshot.json", FUNCTION);
    fs::create_dir(folder.path().join("kept")).unwrap();
    folder.assize(&["scan", "--demo", "--service", "s3"]);
    assert!(folder.path().join("kept/named.db").is_file());
    let readers: [&[&str]; 9] = [
        &["evaluate", "--service", "s3"],
        &["report"],
        &["query", "SELECT resourceId"],
        &["query", "--sql", "SELECT resource_id FROM items"],
        &["diff", "latest", "latest"],
        &["timeline"],
        &["history", "shop-uploads"],
        &["snapshots", "list"],
        &["store", "info"],
    ];
    for command in readers {
        let ran = folder.assize(command);
        assert!([0, 1, 3].contains(&ran.code()), "{command:?}: {ran}");
        let elsewhere = folder.command(command).env("ASSIZE_STORE", "other.db").output().unwrap();
        let told = String::from_utf8(elsewhere.stderr).unwrap();
        assert!(told.contains("there is no store other.db"), "{command:?}: {told}");
        let flag =
            folder.command(&[command, &["--store", "third.db"]].concat()).env("ASSIZE_STORE", "other.db").output();
        let told = String::from_utf8(flag.unwrap().stderr).unwrap();
        assert!(told.contains("there is no store third.db"), "{command:?}: {told}");
        for without in ["--no-store", "--no-config"] {
            let ran = folder.assize(&[command, &[without]].concat());
            assert_eq!(ran.code(), 2, "{command:?} {without}: {ran}");
        }
    }
    assert_eq!(folder.assize(&["import", "bucket/snapshot.json"]).code(), 0);
    let history = History::open_existing(folder.path().join("kept/named.db")).unwrap();
    assert_eq!(history.snapshots().unwrap().len(), 2);
    let nowhere = folder.assize(&["import", "bucket/snapshot.json", "--no-store"]);
    assert!(nowhere.stderr().contains("there is no store to import into"), "{nowhere}");
    let shown = folder.assize(&["config", "show", "--demo"]);
    assert!(shown.stdout().contains("kept/named.db  (assize.yaml:1"), "{shown}");
    let shown = folder.command(&["config", "show"]).env("ASSIZE_STORE", "other.db").output().unwrap();
    assert!(String::from_utf8(shown.stdout).unwrap().contains("other.db  (ASSIZE_STORE)"));
}

#[test]
fn snapshots_are_listed_and_shown() {
    let folder = Folder::new();
    let hostile = fs::read_to_string(data("cli/unlisted.jsonl")).unwrap();
    let hostile = hostile.replace("You are not authorized", "\\u001b[31mYou are not authorized");
    folder.write("unlisted.jsonl", hostile);
    for file in [data("cli/findings.jsonl"), "unlisted.jsonl".to_owned()] {
        folder.assize(&["evaluate", &file, "--store", "assize.db", "--rule", "encrypted-volumes"]);
    }
    let snapshots =
        |arguments: &[&str]| folder.assize(&[&["snapshots"], arguments, &["--store", "assize.db"]].concat());
    let listed = snapshots(&["list", "-f", "json"]).json();
    let digest = listed[0]["ruleSet"].as_str().unwrap();
    let mut settings = insta::Settings::clone_current();
    // A rule that is written better has another digest.
    settings.add_filter(digest, "[digest]");
    settings.add_filter(&digest[..12], "[digest]");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!("snapshots of a store", snapshots(&["list"]));
    insta::assert_snapshot!("snapshots of a store as json", snapshots(&["list", "-f", "json"]));
    insta::assert_snapshot!("a snapshot of a store", snapshots(&["show", "latest"]));
    assert!(!snapshots(&["show", "latest"]).stdout().contains('\u{1b}'));
    let shown = snapshots(&["show", "latest", "-f", "json"]).json();
    assert_eq!((&shown["snapshot"]["id"], shown["unread"].as_array().unwrap().len()), (&2.into(), 1), "{shown:#}");
    insta::assert_snapshot!("a time is no snapshot", snapshots(&["show", "2026-01-01"]));
}

#[test]
fn the_store_itself_is_shown_pruned_and_shrunk() {
    let folder = Folder::new();
    let text = fs::read_to_string(data("cli/findings.jsonl")).unwrap();
    for month in ["01", "02"] {
        let text = text.replace("2026-01-02T", &format!("2026-{month}-02T"));
        folder.write("snapshot.jsonl", text.replace("\"Team\": \"shop\"", &format!("\"Team\": \"{month}\"")));
        folder.assize(&["evaluate", "snapshot.jsonl", "--store", "assize.db", "--rule", "encrypted-volumes"]);
    }
    let store = |arguments: &[&str]| folder.assize(&[&["store"], arguments, &["--store", "assize.db"]].concat());
    let mut settings = insta::Settings::clone_current();
    // How well bodies are compressed, and what a page of the file holds, is another library's matter.
    settings.add_filter(r"\d+(\.\d)? (bytes|kB)", "[size]");
    let filters = settings.bind_to_scope();
    insta::assert_snapshot!("what a store holds", store(&["info"]));
    drop(filters);
    let size = || fs::metadata(folder.path().join("assize.db")).unwrap().len();
    let info = store(&["info", "-f", "json"]).json();
    let told =
        ["path", "tables", "free", "snapshots", "first", "last", "resources", "versions"].map(|name| &info[name]);
    let expected =
        serde_json::json!(["assize.db", 1, 0, 2, "2026-01-02T03:04:05.678Z", "2026-02-02T03:04:05.678Z", 3, 5]);
    assert_eq!(serde_json::json!(told), expected);
    assert_eq!(info["bytes"], size());
    let growth = info["growth"].as_array().unwrap();
    let of_months = growth.iter().map(|one| (one["month"].as_str().unwrap(), one["versions"].as_u64().unwrap()));
    assert_eq!(of_months.collect::<Vec<_>>(), [("2026-01", 3), ("2026-02", 2)]);
    assert!(growth.iter().all(|one| one["bytes"].as_u64().unwrap() > 50), "{growth:?}");

    // The name of a file need not be UTF-8.
    #[cfg(unix)]
    {
        let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"st\xffore.db");
        fs::copy(folder.path().join("assize.db"), folder.path().join(odd)).unwrap();
        let asked = folder.command(&["store", "info", "-f", "json", "--store"]).arg(odd).output().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&asked.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&asked.stderr)));
        assert_eq!((&told["path"], &told["growth"]), (&"st\u{fffd}ore.db".into(), &info["growth"]));
        fs::remove_file(folder.path().join(odd)).unwrap();
    }

    for age in ["0d", "-3d", "soon"] {
        assert_eq!(store(&["prune", &format!("--keep={age}")]).code(), 2, "{age}");
    }
    let pruned = store(&["prune", "--keep", "500y"]);
    assert!(pruned.stderr().contains("0 snapshots and 0 versions"), "{pruned}");
    // Another program deletes, and leaves the pages in the file.
    let other = rusqlite::Connection::open(folder.path().join("assize.db")).unwrap();
    other.execute_batch("CREATE TABLE filler AS SELECT zeroblob(200000) AS x; DROP TABLE filler").unwrap();
    drop(other);
    let before = size();
    assert!(store(&["info", "-f", "json"]).json()["free"].as_u64().unwrap() >= 200_000);
    let shrunk = store(&["vacuum"]);
    assert!(shrunk.code() == 0 && shrunk.stderr().contains("given back; assize.db has"), "{shrunk}");
    assert!(size() + 200_000 <= before, "{before} and then {}", size());
    assert_eq!(store(&["verify"]).code(), 0);
    let pruned = store(&["prune", "--keep", "1d"]);
    assert!(pruned.stderr().contains("2 snapshots"), "{pruned}");
    assert_eq!(
        folder.assize(&["snapshots", "list", "--store", "assize.db", "-f", "json"]).json(),
        serde_json::json!([])
    );
}

#[test]
fn no_secret_reaches_the_store() {
    let folder = Folder::new();
    folder.write("snapshot.json", FUNCTION);
    // Another process that has the store open keeps its log from being folded into the file.
    let open = History::open(folder.path().join("assize.db")).unwrap();
    folder.assize(&["evaluate", "snapshot.json", "--store", "assize.db"]);
    assert_eq!(open.snapshots().unwrap().len(), 1);
    let state = open.state_at(jiff::Timestamp::now()).unwrap();
    let secret = state.items().iter().find_map(|item| item.pointer("/configuration/environment/variables/TOKEN"));
    assert!(secret.unwrap().as_str().unwrap().starts_with("sha256:"));
    // Bodies are compressed: both the bytes of the files and the items are looked through.
    let mut everything = Vec::new();
    state.write(&mut everything).unwrap();
    for name in folder.names().iter().filter(|name| name.starts_with("assize.db")) {
        everything.extend(fs::read(folder.path().join(name)).unwrap());
    }
    assert!(!everything.windows(9).any(|bytes| bytes == b"canary-of"), "a secret was written");
}

/// A file may have so many blocks of 512 or 1,024 bytes, as if the disk were full then. Without the trap the system would end
/// the process.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_costs_what_is_kept_and_not_the_report() {
    let folder = Folder::new();
    let store = folder.path().join("assize.db");
    folder.assize(&["scan", "--demo", "--service", "s3", "--store", "assize.db"]);
    let before = History::open_existing(&store).unwrap().snapshots().unwrap();
    for fail_on in ["low", "new"] {
        let scan = folder.command(&[]);
        let scan = format!(
            "trap '' XFSZ; ulimit -f 128; exec '{}' scan --demo --all --rule s3-bucket-versioning-enabled --store assize.db -o json=report.json \
                --fail-on {fail_on}",
            scan.get_program().to_str().unwrap()
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &scan]).env_clear().env("HOME", folder.path()).current_dir(folder.path());
        let ran = shell.output().unwrap();
        let told = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{told}");
        assert!(told.contains("the store assize.db"), "{told}");
        assert!(String::from_utf8(ran.stdout).unwrap().contains("s3-bucket-versioning-enabled"));
        let report: serde_json::Value = serde_json::from_str(&folder.read("report.json")).unwrap();
        assert!(report["evaluations"].as_array().unwrap().len() > 2);
        let history = History::open_existing(&store).unwrap();
        assert_eq!(history.snapshots().unwrap(), before);
        history.verify().unwrap();
    }
}

#[test]
fn what_cannot_tell_what_is_new_is_told_before_the_first_call() {
    let folder = Folder::new();
    for command in [&["scan", "--demo"][..], &["evaluate", &data("cli/findings.jsonl")]] {
        let ran = folder.assize(&[command, &["--fail-on", "new", "-o", "json=report.json"]].concat());
        assert!(ran.code() == 2 && ran.stderr().contains("nothing tells which findings are new"), "{ran}");
        assert!(ran.stdout().is_empty() && folder.names().is_empty(), "{ran}");
    }
    let with = folder.assize(&["scan", "--demo", "--service", "s3", "--fail-on", "new", "--store", "assize.db"]);
    assert_eq!(with.code(), 1, "{with}");
}

#[test]
fn a_store_that_cannot_tell_what_was_before_costs_no_report() {
    let folder = Folder::new();
    let scan = ["scan", "--demo", "--service", "s3", "--store", "assize.db", "-o", "json=report.json"];
    folder.assize(&scan);
    fs::remove_file(folder.path().join("report.json")).unwrap();
    let store = rusqlite::Connection::open(folder.path().join("assize.db")).unwrap();
    store.execute("UPDATE document SET body = x'00'", []).unwrap();
    drop(store);
    for more in ["--changed-only", "--all"] {
        let ran = folder.assize(&[&scan[..], &[more]].concat());
        assert!(ran.code() == 2 && ran.stderr().contains("the store assize.db is damaged"), "{more}: {ran}");
        assert!(ran.stdout().contains("s3-bucket-versioning-enabled"), "{more}: {ran}");
        fs::remove_file(folder.path().join("report.json")).unwrap();
    }
    let ran = folder.assize(&["evaluate", &data("cli/findings.jsonl"), "--store", "assize.db"]);
    assert!(ran.code() == 2 && ran.stderr().contains("is damaged"), "{ran}");
    assert!(ran.stdout().contains("encrypted-volumes"), "{ran}");
}

/// A snapshot of so many groups with so much text in each, none like another, that what is written of it does not fit into
/// SQLite's memory: the log of the store grows long before the end.
const GROUPS: usize = 1_000;

fn large(day: &str) -> String {
    let text = |group: usize| -> String {
        let digest = |part: usize| BASE64_STANDARD.encode(Sha256::digest(format!("{day} {group} {part}")));
        (0..64).map(digest).collect()
    };
    let item = |group: usize| {
        serde_json::json!({
            "configurationItemVersion": "1.3", "configurationItemCaptureTime": format!("2026-01-{day}T03:04:05.678Z"),
            "configurationStateId": 1_767_323_045_678_u64, "awsAccountId": "111122223333", "configurationItemStatus": "OK",
            "resourceType": "AWS::EC2::SecurityGroup", "resourceId": format!("sg-{group:017}"), "awsRegion": "eu-west-1",
            "tags": {}, "relationships": [], "supplementaryConfiguration": {},
            "configuration": {"groupId": format!("sg-{group:017}"), "description": text(group), "ipPermissions": []},
        })
    };
    let items: Vec<serde_json::Value> = (0..GROUPS).map(item).collect();
    serde_json::json!({"fileVersion": "1.0", "configSnapshotId": day, "configurationItems": items}).to_string()
}

/// How long a file is; one that is not there has no bytes.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Runs the command and kills it as soon as the file has so many bytes, or somewhat later.
fn kill_at(mut command: Command, file: &Path, bytes: u64) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("assize runs");
    while child.try_wait().expect("it can be asked for").is_none() {
        if length(file) >= bytes {
            child.kill().expect("it can be killed");
        }
    }
}

/// A system ends the process that writes to a file behind the limit: so it ends in the midst of a write, at a place that can be
/// chosen.
#[cfg(unix)]
#[test]
fn a_scan_that_is_killed_while_it_writes_leaves_whole_snapshots() {
    let folder = Folder::new();
    let [before, store, log] = ["before.db", "assize.db", "assize.db-wal"].map(|name| folder.path().join(name));
    folder.write("first.json", large("02"));
    folder.write("second.json", large("03"));
    let keep = |file, store| ["evaluate", file, "--store", store, "--rule", "restricted-ssh", "--fail-on", "never"];
    assert_eq!(folder.assize(&keep("first.json", "before.db")).code(), 0);
    let again = || {
        fs::copy(&before, &store).unwrap();
        for name in ["assize.db-wal", "assize.db-shm"] {
            _ = fs::remove_file(folder.path().join(name));
        }
    };
    // Whoever has the store open keeps its log from going: this is how long it becomes.
    again();
    let open = History::open_existing(&store).unwrap();
    assert_eq!(folder.assize(&keep("second.json", "assize.db")).code(), 0);
    let whole = length(&log);
    drop(open);
    assert!(whole > 1_000_000, "{whole}");

    // What reads it first finds what the killed one left behind.
    let kept = || {
        let verified = folder.assize(&["store", "verify", "--store", "assize.db"]);
        assert_eq!(verified.code(), 0, "{verified}");
        let history = History::open_existing(&store).unwrap();
        let snapshots = history.snapshots().unwrap();
        for snapshot in &snapshots {
            assert_eq!(history.snapshot(snapshot.id).unwrap().items().len(), GROUPS);
            assert_eq!(history.outcome(snapshot.id).unwrap().evaluations.len(), GROUPS);
        }
        // The state of now is the last whole snapshot's, and nothing of one that was lost.
        let day = if snapshots.len() == 1 { "2026-01-02" } else { "2026-01-03" };
        let state = history.state_at(jiff::Timestamp::now()).unwrap();
        assert!(state.items().iter().all(|item| item.capture_time.starts_with(day)), "{day}");
        snapshots.len()
    };
    let steps = 16;
    for step in 1..steps {
        again();
        // Shells count in blocks of 512 bytes or of 1,024.
        let blocks = whole * step / steps / 1_024;
        let program = folder.command(&[]).get_program().to_str().unwrap().to_owned();
        let limited = format!("ulimit -c 0; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &limited, &program]).args(keep("second.json", "assize.db"));
        let ran = shell.env_clear().env("HOME", folder.path()).current_dir(folder.path()).output().unwrap();
        assert_eq!(ran.status.code(), None, "{}", String::from_utf8_lossy(&ran.stderr));
        let left = length(&log);
        assert!((1..=blocks * 1_024).contains(&left), "{left} bytes of {blocks} blocks");
        assert_eq!(kept(), 1, "killed in block {blocks}");
    }
    // And wherever it is at the time.
    for bytes in [1, whole / 2, whole] {
        again();
        kill_at(folder.command(&keep("second.json", "assize.db")), &log, bytes);
        assert!([1, 2].contains(&kept()), "killed at {bytes} of {whole} bytes");
    }
}

#[test]
fn what_is_no_store_is_told_in_one_sentence() {
    let folder = Folder::new();
    folder.write("notes.txt", "not a store, however long it may be: ".repeat(60));
    let says = |arguments: &[&str]| String::from_utf8(folder.command(arguments).output().unwrap().stderr).unwrap();
    assert!(says(&["evaluate", "--store", "none.db"]).contains("there is no store none.db"));
    assert!(says(&["evaluate", "--store", "notes.txt"]).contains("notes.txt is not a store of assize"));
    assert!(says(&["evaluate"]).contains("name a snapshot, or a store with --store FILE"));
    drop(History::open(folder.path().join("empty.db")).unwrap());
    assert!(says(&["evaluate", "--store", "empty.db"]).contains("holds no snapshot yet"));
    assert!(says(&["scan", "--demo", "--store", "notes.txt"]).contains("notes.txt is not a store of assize"));
}

#[test]
fn a_store_that_was_tampered_with_does_not_pass() {
    let folder = Folder::new();
    folder.assize(&["scan", "--demo", "--service", "s3", "--store", "assize.db"]);
    let verify = |more: &[&str]| folder.assize(&[&["store", "verify", "--store", "assize.db"], more].concat());
    let whole = verify(&[]);
    assert!(whole.code() == 0 && whole.stderr().ends_with(" are as their digests say\n"), "{whole}");
    assert!(verify(&["-f", "json"]).json()["contents"].as_u64().expect("a number") > 5);
    for (spoil, said) in [
        (
            "UPDATE content SET body = (SELECT body FROM content WHERE id = 2) WHERE id = 1",
            "content 1 is not what its digest says",
        ),
        ("UPDATE content SET md5 = randomblob(16) WHERE id = 3", "content 3 is not what its digest says"),
        ("UPDATE document SET body = x'00' WHERE id = 1", "document 1 is not what its digest says"),
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM resource WHERE id = 1",
            "speaks of one of `resource` that is not there",
        ),
    ] {
        let before = fs::read(folder.path().join("assize.db")).unwrap();
        let connection = rusqlite::Connection::open(folder.path().join("assize.db")).unwrap();
        connection.execute_batch(spoil).unwrap();
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(connection);
        let spoiled = verify(&[]);
        assert!(spoiled.code() == 2 && spoiled.stderr().contains(said), "{spoil}: {spoiled}");
        fs::write(folder.path().join("assize.db"), before).unwrap();
    }
    assert_eq!(verify(&[]).code(), 0);
}
