//! What commands begin with: the chosen rules, the resource types, a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assize::collect::{Needs, Parts, Regions};
use assize::config::PackEntry;
use assize::evaluate::{self, Judged};
use assize::gap::Gap;
use assize::pack::{self, Pack, PackError};
use assize::report::{Report, SnapshotSummary};
use assize::rule::case::Types;
use assize::rule::load::LoadError;
use assize::rule::set::{Assignment, Chosen, SetError};
use assize::rule::{RuleSet, Selection};
use assize::snapshot::{self, Snapshot, SnapshotError};
use assize::source::account::secret::SecretKey;
use assize::source::client::{Allowance, ConnectOptions};
use assize::source::config_export::delivery::Filter;
use assize::source::config_export::{ConfigExport, TypeFacts, folder};
use assize::source::descriptor::Catalog;
use assize::source::endpoint::Endpoints;
use assize::source::model::Models;
use flate2::bufread::MultiGzDecoder;

use crate::cli::{Choice, Credentials, Definitions};
use crate::failure::{Failure, causes};

/// The built-in rules and those of the folders.
pub(crate) fn all_rules(folders: &[PathBuf]) -> Result<RuleSet, Failure> {
    let mut rules = RuleSet::builtin();
    for folder in folders {
        let more = RuleSet::load_dir(folder).map_err(|error: LoadError| {
            Failure::of("cannot load the rules", &error)
                .help("--rules takes a folder: rules/<service>/<id>.yaml, .rhai")
        })?;
        rules.extend(more, true);
    }
    Ok(rules)
}

/// The rules that the flags choose, with their parameters.
pub(crate) fn rules(choice: &Choice) -> Result<RuleSet, Failure> {
    Ok(chosen(&all_rules(&choice.folders)?, choice)?.rules)
}

/// Those of the rules that the flags choose, by themselves and by packs.
pub(crate) fn chosen(all: &RuleSet, choice: &Choice) -> Result<pack::Choice, Failure> {
    if choice.packs.is_empty() && choice.packs_of_file.is_empty() {
        return Ok(pack::Choice { rules: select(all, choice)?, packs: Vec::new() });
    }
    let narrows = !(choice.services.is_empty() && choice.severities.is_empty() && choice.categories.is_empty());
    if narrows {
        return Err(Failure::new("--service, --severity and --category choose among rules, and packs are asked for")
            .help("name the rules with --rule, or leave out the packs of assize.yaml with --no-config"));
    }
    if choice.rules.is_empty() && !choice.parameters.is_empty() {
        return Err(Failure::new("--param sets parameters of rules that --rule names, and packs are asked for")
            .help("--pack-parameter sets those of packs; assize packs show PACK tells them"));
    }
    let beside = if choice.rules.is_empty() { all.without_rules() } else { select(all, choice)? };
    let mut chosen = pack::choose(packs(choice)?, all, &beside);
    chosen.rules = chosen.rules.with_severities(&choice.overrides);
    Ok(chosen)
}

/// One pack, with the defaults of its parameters.
pub(crate) fn pack(name: &str) -> Result<Pack, Failure> {
    wanted_pack(name).pack(&BTreeMap::new()).map_err(|error| no_pack(&error))
}

/// Which pack a text of the command line means.
fn wanted_pack(text: &str) -> pack::Wanted {
    pack::Wanted::new(text, Path::new(""))
}

fn no_pack(error: &PackError) -> Failure {
    let failure = Failure::new(causes(error));
    match error {
        PackError::Unknown { .. } => failure.help("assize packs list shows those that come with assize"),
        _ => failure,
    }
}

/// The packs that the flags and the file name, with their parameters.
pub(crate) fn packs(choice: &Choice) -> Result<Vec<Pack>, Failure> {
    let find =
        |pack: &pack::Wanted, given: &BTreeMap<String, String>| pack.pack(given).map_err(|error| no_pack(&error));
    let mut packs = Vec::new();
    let mut used = vec![false; choice.pack_parameters.len()];
    let by_flag = |pack: &String| PackEntry { pack: wanted_pack(pack), parameters: BTreeMap::new() };
    for entry in choice.packs.iter().map(by_flag).chain(choice.packs_of_file.iter().cloned()) {
        let pack = find(&entry.pack, &entry.parameters)?;
        let mut given = entry.parameters.clone();
        for (assignment, used) in choice.pack_parameters.iter().zip(&mut used) {
            let Assignment { rule: of, name, value } = assignment;
            let is_meant = match of {
                Some(of) => *of == pack.name,
                None => pack.parameters.contains_key(name),
            };
            if is_meant {
                *used = true;
                given.insert(name.clone(), value.clone());
            }
        }
        packs.push(if given == entry.parameters { pack } else { find(&entry.pack, &given)? });
    }
    if let Some((unused, _)) = choice.pack_parameters.iter().zip(used).find(|(_, used)| !used) {
        let names = packs.iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", ");
        let failure = Failure::new(match &unused.rule {
            Some(pack) => format!("no pack {pack} is asked for: they are {names}"),
            None => format!("none of the packs has a parameter `{}`", unused.name),
        });
        return Err(failure.help("assize packs show PACK tells its parameters"));
    }
    Ok(packs)
}

/// Those of the rules that the flags choose, with their parameters.
pub(crate) fn select(all: &RuleSet, choice: &Choice) -> Result<RuleSet, Failure> {
    let selection = Selection {
        rules: choice.rules.clone(),
        services: choice.services.iter().cloned().collect(),
        severities: choice.severities.iter().copied().collect(),
        categories: choice.categories.iter().copied().collect(),
        // The last one counts.
        parameters: choice.parameters_of_file.iter().chain(&choice.parameters).cloned().collect(),
        overrides: choice.overrides.clone(),
    };
    all.select(&selection).map_err(|error| unchosen(all, &error))
}

/// Why the rules could not be chosen. A rule that could not be loaded may be the one that is missed.
pub(crate) fn unchosen(all: &RuleSet, error: &SetError) -> Failure {
    let failure = Failure::new(causes(error));
    match (error, all.errors().first()) {
        (SetError::NoSuchRule { .. }, Some(broken)) => {
            failure.help(format!("{} could not be loaded: {}", broken.rule, broken.message))
        }
        (SetError::NoSuchRule { .. } | SetError::Nothing | SetError::NoSuchService { .. }, _) => {
            failure.help("assize rules list shows the rules there are")
        }
        (SetError::Parameter(_), _) => failure.help("assize rules show RULE tells its parameters"),
        _ => failure,
    }
}

/// What has to be read for all rules of a set.
pub(crate) fn needs(rules: &RuleSet, catalog: &Catalog) -> Needs {
    rules.iter().map(|chosen| needs_of(chosen, catalog)).fold(Needs::default(), |mut all, needs| {
        all.merge(&needs);
        all
    })
}

/// What has to be read for one rule, as it is run.
pub(crate) fn needs_of(chosen: &Chosen, catalog: &Catalog) -> Needs {
    let mut needs = Needs::default();
    for (resource_type, parts) in chosen.rule.needs(&chosen.parameters) {
        needs.add(&resource_type, Parts::Named(parts));
    }
    // Whether a resource is in the scope of a pack's rule, its tags may tell.
    if chosen.scope.as_ref().is_some_and(|scope| scope.tag.is_some()) {
        needs.add_tags(catalog);
    }
    needs
}

/// The word for all enabled regions.
pub(crate) const ALL: &str = "all";

/// The regions that the flags name, if they name any.
pub(crate) fn regions(named: &[String]) -> Option<Regions> {
    if named.iter().any(|region| region == ALL) {
        return Some(Regions::Enabled);
    }
    (!named.is_empty()).then(|| Regions::Named(named.iter().cloned().collect()))
}

/// How AWS is reached with the permissions that flags name.
pub(crate) fn connect(credentials: &Credentials) -> ConnectOptions {
    with_credentials(ConnectOptions::new(), credentials)
}

/// The same with these permissions.
pub(crate) fn with_credentials(connect: ConnectOptions, credentials: &Credentials) -> ConnectOptions {
    let Credentials { profile, role_arn, external_id } = credentials;
    identified(connect, profile.as_deref(), role_arn.as_deref(), external_id.as_deref())
}

/// How accounts are read: by these models and endpoints, and with no more requests in all than the budget has.
pub(crate) fn reading(
    models: Arc<Models>,
    definitions: &Definitions,
    budget: Option<u64>,
) -> Result<ConnectOptions, Failure> {
    let connect = ConnectOptions::new().models(models).endpoints(endpoints(definitions)?);
    Ok(match budget {
        Some(requests) => connect.allowance(Allowance::new(requests)),
        None => connect,
    })
}

/// The same with these permissions.
pub(crate) fn identified(
    mut connect: ConnectOptions,
    profile: Option<&str>,
    role_arn: Option<&str>,
    external_id: Option<&str>,
) -> ConnectOptions {
    if let Some(profile) = profile {
        connect = connect.profile(profile);
    }
    if let Some(role) = role_arn {
        connect = connect.role_arn(role);
    }
    if let Some(id) = external_id {
        connect = connect.external_id(id);
    }
    connect
}

/// Where services are reached, with those of the user's models.
pub(crate) fn endpoints(definitions: &Definitions) -> Result<Endpoints, Failure> {
    let builtin = Endpoints::builtin();
    match &definitions.models {
        Some(folder) => builtin.with_dir(folder).map_err(|error| Failure::of("cannot load the endpoints", &error)),
        None => Ok(builtin),
    }
}

/// The models and the resource types that are known.
pub(crate) fn definitions(definitions: &Definitions) -> Result<(Arc<Models>, Arc<Catalog>), Failure> {
    let models = match &definitions.models {
        Some(folder) => Models::with_dir(folder).map_err(|error| Failure::of("cannot load the models", &error))?,
        None => Models::builtin(),
    };
    let catalog = match &definitions.resources {
        Some(folder) => Catalog::with_dirs(Some(folder), &models),
        None => Catalog::builtin(),
    };
    let catalog = catalog.map_err(|error| {
        Failure::of("cannot load the resource types", &error).help("docs/descriptors.md has the grammar")
    })?;
    Ok((Arc::new(models), Arc::new(catalog)))
}

/// Fails for a type that nobody can read.
pub(crate) fn known_type(catalog: &Catalog, resource_type: &str) -> Result<(), Failure> {
    catalog
        .check_wanted(resource_type, [])
        .map_err(|error| Failure::new(causes(&error)).help("assize resources list shows the types there are"))
}

/// By type, where the facts of its parts stand in an item. A part that only tells the tags stands there.
pub(crate) fn pointers(catalog: &Catalog) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut pointers = BTreeMap::<String, BTreeMap<String, String>>::new();
    for descriptor in catalog.iter() {
        let parts = pointers.entry(descriptor.resource_type.to_string()).or_default();
        for part in &descriptor.parts {
            parts.insert(part.name.to_string(), part.into.as_deref().unwrap_or("/tags").to_owned());
        }
    }
    pointers
}

/// What the cases of rules have to know of the types.
pub(crate) fn case_types(catalog: &Catalog) -> Types {
    let mut linked_from = BTreeMap::<String, BTreeSet<String>>::new();
    for descriptor in catalog.iter() {
        for link in descriptor.links.iter().filter(|link| link.inverse.is_some()) {
            linked_from.entry(link.resource_type.to_string()).or_default().insert(descriptor.resource_type.to_string());
        }
    }
    let tags = catalog.iter().filter_map(|descriptor| {
        let part = descriptor.tags.as_ref()?.part.as_ref()?;
        Some((descriptor.resource_type.to_string(), part.to_string()))
    });
    Types { parts: pointers(catalog), tags: tags.collect(), linked_from }
}

/// Reads a snapshot of assize, or files and folders of AWS Config as one. That the latter hold a secret is all that is kept of
/// it.
pub(crate) fn snapshot(paths: &[PathBuf], catalog: &Catalog) -> Result<Snapshot, Failure> {
    snapshot_to_keep(paths, catalog, &SecretKey::none())
}

/// The same for a store: secrets are digests under its key.
pub(crate) fn snapshot_to_keep(paths: &[PathBuf], catalog: &Catalog, key: &SecretKey) -> Result<Snapshot, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(config_files(path)?);
            continue;
        }
        match own_snapshot(path)? {
            Some(snapshot) if paths.len() == 1 => return Ok(snapshot),
            Some(_) => {
                return Err(Failure::new(format!("{} is one of several snapshots", path.display()))
                    .help("snapshots of assize are judged one by one; only files of AWS Config are put together"));
            }
            None => files.push(path.clone()),
        }
    }
    let mut export = ConfigExport::default();
    for path in &files {
        let one = ConfigExport::open(path).map_err(|error| {
            Failure::new(causes(&error))
                .help("a snapshot is what assize collect writes, or a snapshot or history file of AWS Config")
        })?;
        export.extend(one);
    }
    let facts = TypeFacts::of(catalog);
    export.hide_secrets(&facts, key);
    Ok(export.into_snapshot(&facts))
}

/// The files of AWS Config in a folder. Whatever else is there is not looked at.
fn config_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let files = folder::walk(path, &Filter::default()).map_err(|(path, error)| unread(&path, &error))?;
    if files.deliveries.is_empty() {
        return Err(Failure::new(format!("{} holds no snapshot or history files of AWS Config", path.display()))
            .help("they are known by the names that AWS Config gives them; other files can be named one by one"));
    }
    Ok(files.deliveries)
}

/// Judges a snapshot of assize, or files of AWS Config as one.
pub(crate) fn judge(
    paths: &[PathBuf],
    catalog: &Catalog,
    rules: &RuleSet,
    options: &evaluate::Options,
) -> Result<Judged, Failure> {
    if let [path] = paths
        && let Some(file) = regular(path).map_err(|error| unread(path, &error))?
    {
        let open = || -> io::Result<_> {
            let mut again = file.try_clone()?;
            again.rewind()?;
            decoded(again)
        };
        let mut input = open().map_err(|error| unread(path, &error))?;
        if is_own(path, &mut input)? {
            drop(input);
            return evaluate::run_file(rules, open, options).map_err(|error| unread(path, &error));
        }
    }
    let snapshot = Arc::new(snapshot(paths, catalog)?);
    let outcome = evaluate::run(rules, &snapshot, options);
    Ok(Judged::of(&snapshot, outcome))
}

/// The file, unless it can be read only once, as a pipe.
fn regular(path: &Path) -> io::Result<Option<File>> {
    if !path.metadata()?.is_file() {
        return Ok(None);
    }
    File::open(path).map(Some)
}

/// The snapshot, if the file begins as one of assize does.
fn own_snapshot(path: &Path) -> Result<Option<Snapshot>, Failure> {
    let mut input = open(path).map_err(|error| unread(path, &error))?;
    if !is_own(path, &mut input)? {
        return Ok(None);
    }
    Snapshot::read(input).map(Some).map_err(|error: SnapshotError| unread(path, &error))
}

/// A file or folder that cannot be read.
pub(crate) fn unread(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::of(format_args!("cannot read {}", path.display()), error)
}

/// Whether a file begins as a snapshot of assize does.
fn is_own(path: &Path, input: &mut impl BufRead) -> Result<bool, Failure> {
    let head = input.fill_buf().map_err(|error| unread(path, &error))?;
    let head = String::from_utf8_lossy(head.get(..head.len().min(200)).unwrap_or_default());
    if says_report(&head) {
        return Err(Failure::new(format!("{} is a report, not a snapshot", path.display()))
            .help("assize report shows it again"));
    }
    Ok(head.contains(snapshot::FORMAT))
}

/// Whether the file begins as a JSON report of assize does.
pub(crate) fn is_report(path: &Path) -> Result<bool, Failure> {
    let mut input = open(path).map_err(|error| Failure::of(format_args!("cannot read {}", path.display()), &error))?;
    let head = input.fill_buf().map_err(|error| Failure::of(format_args!("cannot read {}", path.display()), &error))?;
    Ok(says_report(&String::from_utf8_lossy(head.get(..head.len().min(200)).unwrap_or_default())))
}

fn says_report(head: &str) -> bool {
    head.contains(assize::report::json::FORMAT)
}

/// A file's content, compressed or not.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    decoded(File::open(path)?)
}

fn decoded(file: File) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(1 << 16, file);
    Ok(if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file).take(u64::MAX)))
    } else {
        Box::new(file)
    })
}

/// The report on what was judged. Of the snapshot's gaps those count that concern what the rules read: an inventory may
/// have others.
pub(crate) fn report(rules: &RuleSet, catalog: &Catalog, judged: Judged) -> Report {
    let Judged { about, contents, outcome } = judged;
    let needs = rules.needs();
    let pointers = pointers(catalog);
    let summary = SnapshotSummary::new(&about, &contents);
    let gaps = contents.into_gaps(&about).into_iter().filter(|gap| concerns(gap, &needs, &pointers)).collect();
    Report::new(rules.iter(), summary, gaps, outcome.evaluations, outcome.rule_errors)
}

fn concerns(
    gap: &Gap,
    needs: &BTreeMap<String, BTreeSet<String>>,
    pointers: &BTreeMap<String, BTreeMap<String, String>>,
) -> bool {
    let Some(parts) = needs.get(&gap.resource_type) else { return false };
    let (Some(path), Some(pointers)) = (&gap.path, pointers.get(&gap.resource_type)) else { return true };
    let mut of = pointers.iter().filter(|(_, pointer)| *pointer == path).map(|(part, _)| part).peekable();
    // What no part fills in is of the listing.
    of.peek().is_none() || of.any(|part| parts.contains(part))
}

#[cfg(test)]
mod tests {
    use assize::value::Unreadable;

    use super::*;

    #[test]
    fn gaps_concern_the_rules_that_read_what_is_missing() {
        let gap = |resource_type: &str, path: Option<&str>| Gap {
            account_id: "111122223333".into(),
            aws_region: "eu-west-1".into(),
            resource_type: resource_type.into(),
            resource_id: Some("b".into()),
            path: path.map(str::to_owned),
            reason: Arc::new(Unreadable::not_collected("it")),
        };
        let parts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let needs = BTreeMap::from([("AWS::S3::Bucket".to_owned(), parts(&["BucketPolicy"]))]);
        let pointer = |name: &str| (name.to_owned(), format!("/supplementaryConfiguration/{name}"));
        let pointers =
            BTreeMap::from([("AWS::S3::Bucket".to_owned(), [pointer("BucketPolicy"), pointer("PolicyStatus")].into())]);
        let concerns = |gap| concerns(&gap, &needs, &pointers);
        assert!(concerns(gap("AWS::S3::Bucket", None)));
        assert!(concerns(gap("AWS::S3::Bucket", Some("/supplementaryConfiguration/BucketPolicy"))));
        assert!(concerns(gap("AWS::S3::Bucket", Some("/configuration"))));
        assert!(!concerns(gap("AWS::S3::Bucket", Some("/supplementaryConfiguration/PolicyStatus"))));
        assert!(!concerns(gap("AWS::EC2::Volume", None)));
    }
}
