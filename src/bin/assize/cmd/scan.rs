//! `assize scan` and `assize collect`: read an account; judge what was read, or keep it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assize::collect::{self, Discovery, Needs, Options, Regions};
use assize::evaluate::{self, Judged};
use assize::snapshot::Snapshot;
use assize::source::account::Account;
use assize::source::account::secret::SecretKey;
use assize::source::client::{Client, ClientError, ConnectOptions};
use assize::source::descriptor::{Catalog, Scope};
use assize::source::recording::{Recorder, Recording, Replay};

use super::evaluate::options;
use super::progress::Progress;
use crate::cli::{self, Collect, Scan};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::{exit, input};

/// The recording of the example account.
const DEMO: &[u8] = include_bytes!("../../../../demo/account.jsonl.gz");

pub(crate) fn scan(flags: &Scan, threads: usize, colors: Colors) -> Result<u8, Failure> {
    // All that can be wrong with the flags is found before the first call.
    output::check(&flags.output)?;
    flags.snapshot_out.as_deref().map_or(Ok(()), output::check_folder)?;
    let anchor = output::anchor(&flags.output)?;
    let rules = input::rules(&flags.choice)?;
    let (models, catalog) = input::definitions(&flags.definitions)?;
    let mut needs = if flags.all { Needs::everything(&catalog) } else { input::needs(&rules) };
    if !flags.targets.tags.is_empty() {
        needs.add_tags(&catalog);
    }
    let connect = ConnectOptions::new().models(models).endpoints(input::endpoints(&flags.definitions)?);
    let snapshot = read(&flags.account, connect, &catalog, &needs)?;
    let kept = flags.snapshot_out.as_ref().map_or(Ok(()), |path| output::file(path, |out| snapshot.write(out)));
    let snapshot = Arc::new(snapshot);
    let outcome = evaluate::run(&rules, &snapshot, &options(&flags.targets, threads));
    let report = input::report(&rules, &catalog, Judged::of(&snapshot, outcome));
    let code = output::report(&report, &flags.output, anchor, colors)?;
    kept.map(|()| code)
}

pub(crate) fn collect(flags: &Collect, colors: Colors) -> Result<u8, Failure> {
    let rules = input::rules(&flags.choice)?;
    let (models, catalog) = input::definitions(&flags.definitions)?;
    let needs = if flags.all { Needs::everything(&catalog) } else { input::needs(&rules) };
    if let Some(path) = &flags.output {
        output::check_folder(path)?;
    }
    let connect = ConnectOptions::new().models(models).endpoints(input::endpoints(&flags.definitions)?);
    let snapshot = read(&flags.account, connect, &catalog, &needs)?;
    match &flags.output {
        Some(path) => output::file(path, |out| snapshot.write(out))?,
        None => output::stdout(colors, true, |out| snapshot.write(out))?,
    }
    Ok(if snapshot.gaps().is_empty() { exit::CLEAN } else { exit::INCOMPLETE })
}

fn read(flags: &cli::Account, connect: ConnectOptions, catalog: &Catalog, needs: &Needs) -> Result<Snapshot, Failure> {
    read_all(flags, connect, catalog, needs, false).map(|(snapshot, _)| snapshot)
}

/// The snapshot and, if AWS's overviews are to be asked too, what they tell.
pub(crate) fn read_all(
    flags: &cli::Account,
    connect: ConnectOptions,
    catalog: &Catalog,
    needs: &Needs,
    overviews: bool,
) -> Result<(Snapshot, Option<Discovery>), Failure> {
    if let Some(path) = &flags.record {
        output::check_folder(path)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of("cannot start the threads that wait for AWS", &error))?;
    let replay = recording(flags)?.map(Arc::new);
    let recorder = flags.record.as_ref().map(|_| Recorder::new());
    let (snapshot, discovery) =
        runtime.block_on(read_account(flags, connect, catalog, (needs, overviews), replay, recorder.as_ref()))?;
    if let (Some(path), Some(recorder)) = (&flags.record, recorder) {
        let recording = recorder.finish(&snapshot.about().captured_at, flags.scrub_accounts);
        // The file is compressed by its name, as all others are.
        output::file(path, |out| recording.write(out, false))?;
    }
    Ok((snapshot, discovery))
}

fn recording(flags: &cli::Account) -> Result<Option<Recording>, Failure> {
    let load = |bytes: &[u8], name: &Path| {
        Recording::load(bytes)
            .map(Some)
            .map_err(|error| Failure::of(format_args!("cannot read the recording {}", name.display()), &error))
    };
    match &flags.replay {
        Some(path) => {
            let bytes = fs::read(path)
                .map_err(|error| Failure::of(format_args!("cannot read the recording {}", path.display()), &error))?;
            load(&bytes, path)
        }
        None if flags.demo => load(DEMO, Path::new("that comes with assize")),
        None => Ok(None),
    }
}

async fn read_account(
    flags: &cli::Account,
    mut connect: ConnectOptions,
    catalog: &Catalog,
    (needs, overviews): (&Needs, bool),
    replay: Option<Arc<Recording>>,
    recorder: Option<&Recorder>,
) -> Result<(Snapshot, Option<Discovery>), Failure> {
    if let Some(profile) = &flags.profile {
        connect = connect.profile(profile);
    }
    if let Some(role) = &flags.role_arn {
        connect = connect.role_arn(role);
    }
    if let Some(id) = &flags.external_id {
        connect = connect.external_id(id);
    }
    // Whose credentials these are is asked in the partition that is to be read.
    if let Some(region) = flags.regions.iter().find(|region| *region != input::ALL) {
        connect = connect.region(region);
    }
    if let Some(recorder) = recorder {
        connect = connect.record(recorder.clone());
    }
    if let Some(recording) = &replay {
        connect = connect.replay(Replay::new(Arc::clone(recording)));
    }
    let client = Client::connect(connect).await.map_err(|error| unconnected(&error))?;
    let regions = input::regions(&flags.regions).unwrap_or_else(|| {
        let seen = replay.as_deref().map(|recording| recorded_regions(recording, catalog)).unwrap_or_default();
        Regions::Named(if seen.is_empty() { [client.home_region().to_owned()].into() } else { seen })
    });

    // A replay gives the same bytes each time: nothing in it is a secret any more.
    let key = if replay.is_some() { SecretKey::new([0; 32]) } else { SecretKey::random() };
    let progress = Progress::start(&client);
    let mut options = Options::by_client(&client, regions);
    options.progress = progress.as_ref().map(Progress::listener);
    let account = Arc::new(Account::of_client(client, key));
    let snapshot = collect::run(&account, catalog, needs, &options).await;
    let discovery = match &snapshot {
        Ok(snapshot) if overviews => Some(collect::discover(&account, &snapshot.about().regions).await),
        _ => None,
    };
    if let Some(progress) = progress {
        progress.finish();
    }
    Ok((snapshot.map_err(|error| Failure::new(causes(&error)))?, discovery))
}

/// Where the listings of a recording were made. Calls of global services say nothing of that.
fn recorded_regions(recording: &Recording, catalog: &Catalog) -> BTreeSet<String> {
    let regional: BTreeSet<(&str, &str)> = catalog
        .iter()
        .filter(|descriptor| descriptor.scope == Scope::Regional)
        .filter_map(|descriptor| descriptor.listing.as_ref())
        .map(|listing| (&*listing.call.service, &*listing.call.operation))
        .collect();
    recording
        .exchanges()
        .iter()
        .filter(|exchange| regional.contains(&(&*exchange.service, &*exchange.operation)))
        .map(|exchange| exchange.region.clone())
        .collect()
}

pub(super) fn unconnected(error: &ClientError) -> Failure {
    let failure = Failure::new(causes(error));
    match error {
        ClientError::NoCredentials { .. } => failure.help("assize scan --demo shows a scan without an account"),
        ClientError::Refused { .. } => failure.help("aws sts get-caller-identity asks the same"),
        _ => failure,
    }
}
