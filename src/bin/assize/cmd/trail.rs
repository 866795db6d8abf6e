//! `assize trail`: the files of trails, as they were delivered or not.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assize::integrity::Outcome;
use assize::report::integrity::{Asked, write_json, write_text};
use assize::source::client::Client;
use assize::source::config_bucket::{Address, LIST_ACTION};
use assize::source::trail::verify::{Filter, KeySource, Origin, PublicKeys, VerifyError, verify};
use jiff::Timestamp;

use super::config_account::block_on;
use super::scan::unconnected;
use crate::cli::{self, TextOrJson, TrailFiles, VerifyTrail};
use crate::exit;
use crate::failure::Failure;
use crate::input;
use crate::output::{self, Colors};

/// A large file on a slow line takes longer than any other answer of AWS.
const ATTEMPT: Duration = Duration::from_mins(5);

/// A list of keys is far smaller.
const LARGEST_KEYS: u64 = 16 << 20;

pub(crate) fn run(command: &TrailFiles, colors: Colors) -> Result<u8, Failure> {
    match command {
        TrailFiles::Verify(flags) => verified(flags, colors),
    }
}

fn verified(flags: &VerifyTrail, colors: Colors) -> Result<u8, Failure> {
    if let (Some(since), Some(until)) = (flags.since, flags.until)
        && since > until
    {
        return Err(Failure::new(format!("--since {since} is later than --until {until}")));
    }
    let place = match &flags.origin {
        cli::Origin::Path(path) => path.display().to_string(),
        cli::Origin::Bucket(address) => address.to_string(),
    };
    let given = keys(&flags.public_keys)?;
    let filter = Filter {
        since: flags.since,
        until: flags.until,
        accounts: flags.accounts.iter().cloned().collect(),
        regions: flags.regions.iter().cloned().collect(),
        trail: flags.trail.clone(),
    };
    let verification = block_on(async {
        let (origin, keys) = match (&flags.origin, given) {
            // Nobody needs to be asked.
            (cli::Origin::Path(path), Some(keys)) => (Origin::Folder(path.clone()), KeySource::Given(keys)),
            (origin, given) => {
                let client = connect(flags, origin).await?;
                let keys = given.map_or_else(|| KeySource::Account(client.clone()), KeySource::Given);
                match origin {
                    cli::Origin::Path(path) => (Origin::Folder(path.clone()), keys),
                    cli::Origin::Bucket(address) => (Origin::Bucket(client, address.clone()), keys),
                }
            }
        };
        verify(origin, &filter, &keys, Timestamp::now()).await.map_err(|error| unlisted(&error))
    })?;
    if verification.is_empty() {
        let failure = Failure::new(format!("there is neither a digest nor a log file of a trail in {place}"));
        return Err(failure.help(if filter == Filter::default() {
            "name the folder in which AWSLogs lies, or one below it"
        } else {
            "none is of the time, accounts, regions and trail that were asked for"
        }));
    }
    let asked = Asked { place: &place, since: filter.since, until: filter.until };
    let layout = output::layout(flags.limit, colors);
    output::stdout(colors, flags.format == TextOrJson::Json, |out| match flags.format {
        TextOrJson::Terminal => write_text(&verification, &layout, out),
        TextOrJson::Json => write_json(&verification, asked, out),
    })?;
    Ok(match verification.outcome() {
        Outcome::Valid => exit::CLEAN,
        Outcome::Invalid => exit::FINDINGS,
        Outcome::Incomplete => exit::INCOMPLETE,
    })
}

async fn connect(flags: &VerifyTrail, origin: &cli::Origin) -> Result<Client, Failure> {
    let mut options = input::connect(&flags.credentials).attempt_timeout(ATTEMPT).operation_timeout(2 * ATTEMPT);
    // Whose credentials these are is asked in the partition of the trail.
    if let Some(region) = flags.regions.first() {
        options = options.region(region);
    }
    let connected = Client::connect(options).await;
    connected.map_err(|error| {
        let failure = unconnected(&error);
        match origin {
            cli::Origin::Path(_) => failure.help(
                "the keys of CloudTrail are asked for: --public-keys FILE takes what aws cloudtrail list-public-keys printed",
            ),
            cli::Origin::Bucket(_) => failure,
        }
    })
}

/// The keys of all files together; nothing if no file was named.
fn keys(files: &[PathBuf]) -> Result<Option<PublicKeys>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut keys = PublicKeys::default();
    for path in files {
        let doing = format!("cannot read {}", path.display());
        let json = read(path).map_err(|error| Failure::of(&doing, &error))?;
        keys.add(&json).map_err(|error| {
            Failure::of(&doing, &error)
                .help("aws cloudtrail list-public-keys --region REGION --start-time TIME --end-time TIME prints it")
        })?;
    }
    Ok(Some(keys))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut json = Vec::new();
    File::open(path)?.take(LARGEST_KEYS).read_to_end(&mut json)?;
    Ok(json)
}

fn unlisted(error: &VerifyError) -> Failure {
    let failure = Failure::new(crate::failure::causes(error));
    match error {
        VerifyError::Bucket { address, source } if source.is_access_denied() => failure.help(format!(
            "it needs the permission {LIST_ACTION}: assize permissions --trail {scheme}{bucket} tells all",
            scheme = Address::SCHEME,
            bucket = address.bucket(),
        )),
        _ => failure,
    }
}
