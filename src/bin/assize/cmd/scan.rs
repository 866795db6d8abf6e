//! `assize scan` and `assize collect`: read an account; judge what was read, or keep it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assize::collect::{self, Discovery, Member, Needs, Options, Regions};
use assize::config;
use assize::evaluate::{self, Judged};
use assize::snapshot::Snapshot;
use assize::source::account::Account;
use assize::source::account::secret::SecretKey;
use assize::source::client::{Client, ClientError, ConnectOptions};
use assize::source::descriptor::{Catalog, Scope};
use assize::source::recording::{Recorder, Recording, Replay};
use assize::value::code;

use super::evaluate::options;
use super::progress::Progress;
use super::{deliver, fresh, runtime};
use crate::cli::{self, Collect, Scan};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::{Asked, Settings};
use crate::{exit, input, repository, store};

/// The recording of the example account.
const DEMO: &[u8] = include_bytes!("../../../../demo/account.jsonl.gz");

pub(crate) fn scan(mut flags: Scan, threads: usize, colors: Colors) -> Result<u8, Failure> {
    // All that can be wrong with the flags and the file is found before the first call.
    let mut settings = Settings::load(&flags.config)?;
    settings.scan(&mut flags);
    let threads = settings.threads(threads);
    output::check(&flags.output, flags.store.store.is_some())?;
    flags.snapshot_out.as_deref().map_or(Ok(()), output::check_folder)?;
    let Asked { rules, packs, exemptions, lines } = settings.rules(&flags.choice)?;
    let anchor = output::anchor(&flags.output, settings.file(), &lines)?;
    let (models, catalog) = input::definitions(&flags.definitions)?;
    let mut needs = if flags.all { Needs::everything(&catalog) } else { input::needs(&rules, &catalog) };
    if flags.targets.by_tag() || exemptions.need_tags() || flags.iac.iac.is_some() {
        needs.add_tags(&catalog);
    }
    let needs = needs.recorded_by(&settings.record(&catalog)?);
    let mut history = store::open(&flags.store)?;
    if flags.changed_only && history.is_none() {
        return Err(Failure::new("--changed-only needs a store").help("name it with --store FILE"));
    }
    let deliver = settings.deliver();
    deliver::begin(history.as_mut(), deliver.as_ref())?;
    let key = history.as_ref().map(store::key).transpose()?;
    let connect = input::reading(models, &flags.definitions, flags.account.budget)?;
    let repository =
        repository::read(&flags.iac, &input::with_credentials(connect.clone(), &flags.account.credentials), colors)?;
    let earlier = match (flags.max_age, &history) {
        (None, _) => None,
        (Some(_), None) => {
            return Err(Failure::new("--max-age needs a store").help("name it with --store FILE"));
        }
        (Some(age), Some(history)) => fresh::find(&flags.account, &connect, &catalog, &needs, history, age)?,
    };
    let snapshot = match earlier {
        Some(earlier) => {
            let time = &earlier.about().captured_at;
            output::note(colors, &format!("nothing was read: the snapshot of {time} has all that is needed"))?;
            earlier
        }
        None => read(&flags.account, connect, &catalog, &needs, key)?,
    };
    let kept = flags.snapshot_out.as_ref().map_or(Ok(()), |path| output::file(path, |out| snapshot.write(out)));
    let snapshot = Arc::new(snapshot);
    let options = options(&flags.targets, &exemptions, threads);
    // A store that fails costs what it would have told, and not what was read: then everything is judged.
    let before = history.as_ref().filter(|_| flags.changed_only).map(|history| store::before(history, &snapshot));
    let (before, looked_up) = store::or_else(before.transpose().map(Option::flatten));
    let (outcome, reused) = match &before {
        Some(before) => evaluate::run_changed(&rules, &snapshot, before, flags.periodic.hours(), &options),
        None => (evaluate::run(&rules, &snapshot, &options), 0),
    };
    let reused = flags.changed_only.then_some(reused);
    let (drift, stored) = store::or_else(store::record(history.as_mut(), &rules, &snapshot, &outcome));
    let places = repository::places(repository.as_ref(), &outcome.evaluations, snapshot.items());
    let report = input::report(&rules, &catalog, Judged::of(&snapshot, outcome));
    let report = report.with_exemptions(&exemptions).with_packs(&packs).with_drift(drift);
    let report = report.with_reused(reused).with_places(places);
    let report = output::pictured(report, &flags.output, Some(&snapshot));
    let code = output::report(report, &flags.output, anchor, colors);
    // What nobody could be told waits in the store, and costs neither the report nor the snapshot.
    let delivered = match (stored, history.as_mut().zip(deliver.as_ref())) {
        (Ok(()), Some((history, deliver))) => deliver::deliver(history, deliver, colors).map(drop),
        (stored, _) => stored,
    };
    kept.and(looked_up).and(delivered).and(code)
}

pub(crate) fn collect(mut flags: Collect, colors: Colors) -> Result<u8, Failure> {
    let mut settings = Settings::load(&flags.config)?;
    settings.account(&mut flags.account);
    settings.choice(&mut flags.choice);
    settings.definitions(&mut flags.definitions);
    settings.store(&mut flags.store);
    let rules = settings.rules(&flags.choice)?.rules;
    let (models, catalog) = input::definitions(&flags.definitions)?;
    let mut needs = if flags.all { Needs::everything(&catalog) } else { input::needs(&rules, &catalog) };
    if settings.need_tags() {
        needs.add_tags(&catalog);
    }
    let needs = needs.recorded_by(&settings.record(&catalog)?);
    if let Some(path) = &flags.output {
        output::check_folder(path)?;
    }
    let mut history = store::open(&flags.store)?;
    let deliver = settings.deliver();
    deliver::begin(history.as_mut(), deliver.as_ref())?;
    let key = history.as_ref().map(store::key).transpose()?;
    let connect = input::reading(models, &flags.definitions, flags.account.budget)?;
    let snapshot = read(&flags.account, connect, &catalog, &needs, key)?;
    let stored = store::keep(history.as_mut(), &snapshot, None);
    match &flags.output {
        Some(path) => output::file(path, |out| snapshot.write(out))?,
        None => output::stdout(colors, true, |out| snapshot.write(out))?,
    }
    stored?;
    if let Some((history, deliver)) = history.as_mut().zip(deliver.as_ref()) {
        deliver::deliver(history, deliver, colors)?;
    }
    let gaps = snapshot.gaps();
    // A report would tell each gap; of a snapshot that is only kept this much is told.
    if let Some(gap) = gaps.iter().find(|gap| gap.reason.code == code::OVER_BUDGET) {
        output::note(colors, &format!("note: this is not all: some was {}", gap.reason.message))?;
    }
    Ok(if gaps.is_empty() { exit::CLEAN } else { exit::INCOMPLETE })
}

fn read(
    flags: &cli::Account,
    connect: ConnectOptions,
    catalog: &Arc<Catalog>,
    needs: &Needs,
    key: Option<SecretKey>,
) -> Result<Snapshot, Failure> {
    read_all(flags, connect, catalog, Wanted { needs, overviews: false, key }).map(|(snapshot, _)| snapshot)
}

/// What is to be read, and how.
pub(crate) struct Wanted<'w> {
    pub(crate) needs: &'w Needs,
    /// Whether AWS's overviews are to be asked too.
    pub(crate) overviews: bool,
    /// For the digests of secrets; without it their key ends with the process.
    pub(crate) key: Option<SecretKey>,
}

/// The snapshot and, if AWS's overviews are to be asked too, what they tell.
pub(crate) fn read_all(
    flags: &cli::Account,
    connect: ConnectOptions,
    catalog: &Arc<Catalog>,
    wanted: Wanted<'_>,
) -> Result<(Snapshot, Option<Discovery>), Failure> {
    if let Some(path) = &flags.record {
        output::check_folder(path)?;
    }
    let runtime = runtime()?;
    if flags.accounts.len() > 1 {
        if flags.record.is_some() {
            return Err(Failure::new(format!("a recording is of one account, and {} are named", flags.accounts.len()))
                .help("name one with --profile or --role-arn"));
        }
        // What AWS's overviews tell is of one account: only `inventory` asks, and it is of one.
        return runtime.block_on(read_accounts(flags, &connect, catalog, wanted)).map(|snapshot| (snapshot, None));
    }
    let replay = recording(flags)?.map(Arc::new);
    let recorder = flags.record.as_ref().map(|_| Recorder::new());
    let (snapshot, discovery) =
        runtime.block_on(read_account(flags, connect, catalog, wanted, replay, recorder.as_ref()))?;
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
    Wanted { needs, overviews, key }: Wanted<'_>,
    replay: Option<Arc<Recording>>,
    recorder: Option<&Recorder>,
) -> Result<(Snapshot, Option<Discovery>), Failure> {
    let wanted = flags.accounts.first().cloned().unwrap_or_else(|| of_flags(&flags.credentials));
    let regions = if wanted.regions.is_empty() { &flags.regions } else { &wanted.regions };
    connect = connected_as(connect, &wanted, regions);
    if let Some(recorder) = recorder {
        connect = connect.record(recorder.clone());
    }
    if let Some(recording) = &replay {
        connect = connect.replay(Replay::new(Arc::clone(recording)));
    }
    let client = Client::connect(connect).await.map_err(|error| unconnected(&error))?;
    if let Some(account_id) = wanted.account_id.as_deref().filter(|id| *id != client.account_id()) {
        let found = client.account_id();
        return Err(Failure::new(format!("the credentials are of account {found}, and {account_id} is to be read")));
    }
    let regions = input::regions(regions).unwrap_or_else(|| {
        let seen = replay.as_deref().map(|recording| recorded_regions(recording, catalog)).unwrap_or_default();
        Regions::Named(if seen.is_empty() { [client.home_region().to_owned()].into() } else { seen })
    });

    // A replay gives the same bytes each time: nothing in it is a secret any more.
    let key = match (&replay, key) {
        (Some(_), _) => SecretKey::new([0; 32]),
        (None, Some(key)) => key,
        (None, None) => SecretKey::random(),
    };
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

/// The account that the flags name.
pub(crate) fn of_flags(flags: &cli::Credentials) -> config::Account {
    config::Account {
        account_id: None,
        profile: flags.profile.clone(),
        role_arn: flags.role_arn.clone(),
        external_id: flags.external_id.clone(),
        regions: Vec::new(),
    }
}

/// How an account is reached.
pub(crate) fn connected_as(
    mut connect: ConnectOptions,
    account: &config::Account,
    regions: &[String],
) -> ConnectOptions {
    connect = input::identified(
        connect,
        account.profile.as_deref(),
        account.role_arn.as_deref(),
        account.external_id.as_deref(),
    );
    // Whose credentials these are is asked in the partition that is to be read.
    if let Some(region) = regions.iter().find(|region| *region != input::ALL) {
        connect = connect.region(region);
    }
    connect
}

/// Several accounts in one snapshot.
async fn read_accounts(
    flags: &cli::Account,
    connect: &ConnectOptions,
    catalog: &Arc<Catalog>,
    Wanted { needs, key, .. }: Wanted<'_>,
) -> Result<Snapshot, Failure> {
    let key = key.unwrap_or_else(SecretKey::random);
    let member = |account: &config::Account| {
        let regions = if account.regions.is_empty() { &flags.regions } else { &account.regions };
        Member {
            // Each of several accounts says whose it is: the file was checked for that.
            account_id: account.account_id.clone().unwrap_or_default(),
            connect: connected_as(connect.clone(), account, regions),
            regions: input::regions(regions),
        }
    };
    let members: Vec<Member> = flags.accounts.iter().map(member).collect();
    let progress = Progress::of_accounts(members.len());
    let done = progress.as_ref().map_or_else(|| Arc::new(|_: &str| ()) as collect::Done, Progress::done);
    let snapshot = collect::each(members, catalog, needs, &key, done).await;
    if let Some(progress) = progress {
        progress.finish();
    }
    snapshot.map_err(|error| Failure::new(causes(&error)))
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

pub(crate) fn unconnected(error: &ClientError) -> Failure {
    let failure = Failure::new(causes(error));
    match error {
        ClientError::NoCredentials { .. } => failure.help("assize scan --demo shows a scan without an account"),
        ClientError::Refused { .. } => failure.help("aws sts get-caller-identity asks the same"),
        _ => failure,
    }
}
