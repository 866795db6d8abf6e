//! Every stage of assize called by hand: collect, evaluate, report.
//!
//! `cargo run --example library` reads the account of the demonstration from its recording. With a `Client` connected to a
//! profile in place of the replay, the same lines read a live account.

use std::error::Error;
use std::io;
use std::sync::Arc;

use assize::collect::{self, Needs};
use assize::evaluate;
use assize::report::{self, Format, Report};
use assize::rule::{RuleSet, Selection};
use assize::source::account::Account;
use assize::source::account::secret::SecretKey;
use assize::source::client::{Client, ConnectOptions};
use assize::source::descriptor::Catalog;
use assize::source::recording::{Recording, Replay};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Which rules, and what they have to know.
    let selection = Selection { rules: vec!["encrypted-volumes".into(), "s3-*".into()], ..Selection::default() };
    let rules = RuleSet::builtin().select(&selection)?;
    let needs = rules.needs();
    let needs = Needs::of(needs.iter().map(|(kind, parts)| (kind.as_str(), parts.iter().map(String::as_str))));

    // Source and collect: a snapshot of the account, with what could not be read.
    let recording = Recording::load(include_bytes!("../demo/account.jsonl.gz"))?;
    let client = Client::connect(ConnectOptions::new().replay(Replay::new(Arc::new(recording)))).await?;
    let account = Arc::new(Account::of_client(client, SecretKey::new([0; 32])));
    let catalog = Catalog::builtin()?;
    let options = collect::Options::in_regions(["eu-west-1", "us-east-1"]);
    let snapshot = Arc::new(collect::run(&account, &catalog, &needs, &options).await?);

    // Evaluate: every rule on every resource.
    let outcome = evaluate::run(&rules, &snapshot, &evaluate::Options::default());

    // Report.
    let report = Report::new(rules.iter(), &snapshot, snapshot.gaps(), outcome.evaluations, outcome.rule_errors);
    report::write(&report, Format::Terminal, &report::Options::default(), &mut io::stdout())?;
    Ok(())
}
