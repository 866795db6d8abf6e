//! assize on an account: moto, filled by AWS's own clients, read by the real binary.
//!
//! - `moto.rs`, `server.py`: the account, and a wall in front of it that counts and refuses requests
//! - `seed.rs`, `seed.py`: what is in it, by label
//! - `demo.rs`, `demo.py`: another account, that of `assize scan --demo`, and how it is recorded; `demo_platform.rs`,
//!   `demo_platform.py`: the services beside machines, functions and databases
//! - `deliver.rs`, `deliver.py`: the topic and the bucket to which what is new goes
//! - `expected.yaml`: which verdict each rule must give on each label, written from what AWS says the rules mean
//! - `athena.rs`, `athena.py`: what is exported, in a table of the form that AWS documents
//! - `bucket.rs`: the bucket of AWS Config, as a source
//! - `decode.rs`, `debug.rs`: what the client reads, against what the typed SDK reads
//! - `history.rs`: an account that changes between scans, and what the store tells of it
//! - `iac.rs`, `iac.py`: findings at the lines of the definitions that the account was made by
//! - `inventory.rs`: what there is in an account that has more than is read
//! - `packs.rs`: several packs in one scan
//! - `scan.rs`: verdicts, requests and permissions of the real binary
//! - `snippets.rs`, `snippets.py`: the commands that rules suggest, against the models that the AWS CLI is made of
//! - `states.rs`: a state of Terraform in a bucket
//! - `trail.rs`: whether the files of a trail's bucket are as they were delivered
//!
//! Where they find Python's packages: `tests/venv/`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod athena;
mod bucket;
mod debug;
mod decode;
mod deliver;
mod demo;
mod demo_platform;
#[path = "../cli/digests.rs"]
mod digests;
mod history;
mod hub;
mod iac;
mod inventory;
mod moto;
mod packs;
mod scan;
mod schedule;
mod seed;
mod snippets;
mod states;
mod trail;
#[path = "../venv/mod.rs"]
mod venv;

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use moto::Moto;

/// The account with everything in it that is not said to come later.
struct Account {
    moto: Moto,
    /// What `expected.yaml` calls a resource → the id that AWS gave it.
    labels: BTreeMap<String, String>,
}

/// One account for all tests: to fill it takes longer than to read it. Each test has it for itself while it runs.
/// `None` when these tests are to be left out.
fn account() -> Option<MutexGuard<'static, Account>> {
    static FILLED: LazyLock<Mutex<Account>> = LazyLock::new(|| {
        let moto = Moto::start();
        let labels = seed::fill(&moto);
        Mutex::new(Account { moto, labels })
    });
    if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
        return None;
    }
    let account = FILLED.lock().unwrap_or_else(PoisonError::into_inner);
    account.moto.wall(None, &BTreeMap::new());
    account.moto.requests();
    Some(account)
}

/// Runs asynchronous work to its end, with this thread alone.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
