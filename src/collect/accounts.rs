//! Several accounts in one snapshot.
//!
//! The failure of one account is gaps of that account, as wide as what is not known because of it: everything that was to
//! be read there. It does not end the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::needs::Selection;
use super::{CollectError, Needs, Options, Regions, run};
use crate::gap::Gap;
use crate::item::GLOBAL;
use crate::snapshot::{About, Snapshot};
use crate::source::account::secret::SecretKey;
use crate::source::account::{self, Account};
use crate::source::client::{Client, ConnectOptions};
use crate::source::descriptor::Catalog;
use crate::value::{Unreadable, code};

/// So many accounts are read at once: each has rates of its own, and one after the other takes long.
const AT_ONCE: usize = 4;

/// Who is told of each account that is read, by its id.
pub type Done = Arc<dyn Fn(&str) + Send + Sync>;

/// One of several accounts.
#[derive(Clone)]
pub struct Member {
    /// Whose it is, as twelve digits. Credentials of another account are not used.
    pub account_id: String,
    /// How it is reached.
    pub connect: ConnectOptions,
    /// Its regions; that of the profile without.
    pub regions: Option<Regions>,
}

/// Reads what is needed of each account, a few at once. `done` is told of each when it is read.
///
/// # Errors
/// Something is asked for that is not known, or not a single account could be reached.
pub async fn each(
    members: Vec<Member>,
    catalog: &Arc<Catalog>,
    needs: &Needs,
    key: &SecretKey,
    done: Done,
) -> Result<Snapshot, CollectError> {
    // What is wrong with all is no gap of one.
    let selection = Selection::new(catalog, needs)?;
    let read = account::in_order(AT_ONCE, members, |member| {
        let (catalog, needs, key, done) = (Arc::clone(catalog), needs.clone(), key.clone(), Arc::clone(&done));
        async move {
            let snapshot = read(&member, &catalog, &needs, key).await;
            done(&member.account_id);
            (member, snapshot)
        }
    })
    .await;
    let mut parts = Vec::with_capacity(read.len());
    let mut failures = Vec::new();
    for (member, snapshot) in read {
        match snapshot? {
            Ok(snapshot) => parts.push(snapshot),
            Err(reason) => failures.push((member, reason)),
        }
    }
    if let (true, Some((member, reason))) = (parts.is_empty(), failures.first()) {
        let (account_id, reason) = (member.account_id.clone(), Arc::clone(reason));
        return Err(CollectError::Unreached { account_id, reason });
    }
    parts.extend(failures.iter().map(|(member, reason)| unreached(member, &selection, reason)));
    Ok(together(parts))
}

/// Reads one account, or says why it cannot be reached.
async fn read(
    member: &Member,
    catalog: &Catalog,
    needs: &Needs,
    key: SecretKey,
) -> Result<Result<Snapshot, Arc<Unreadable>>, CollectError> {
    let client = match Client::connect(member.connect.clone()).await {
        Ok(client) => client,
        Err(error) => return Ok(Err(Arc::new(error.to_unreadable()))),
    };
    if client.account_id() != member.account_id {
        return Ok(Err(Arc::new(Unreadable {
            operation: String::new(),
            action: None,
            code: code::WRONG_ACCOUNT.to_owned(),
            message: format!("the credentials are of account {}", client.account_id()),
        })));
    }
    let home = || Regions::Named([client.home_region().to_owned()].into());
    let options = Options::by_client(&client, member.regions.clone().unwrap_or_else(home));
    match run(&Arc::new(Account::of_client(client, key)), catalog, needs, &options).await {
        Ok(snapshot) => Ok(Ok(snapshot)),
        Err(CollectError::Regions(reason)) => Ok(Err(reason)),
        Err(error) => Err(error),
    }
}

/// What is known of an account that could not be reached: that nothing of it is.
fn unreached(member: &Member, selection: &Selection, reason: &Arc<Unreadable>) -> Snapshot {
    let regions = match &member.regions {
        Some(Regions::Named(names)) => names.clone(),
        _ => [].into(),
    };
    let mut gaps = Vec::new();
    for selected in &selection.types {
        let mut places: Vec<String> = selected.places(&regions).collect();
        if regions.is_empty() && places.is_empty() {
            // Which regions it has is not known either.
            places.push(GLOBAL.to_owned());
        }
        gaps.extend(places.into_iter().map(|aws_region| Gap {
            account_id: member.account_id.clone(),
            aws_region,
            resource_type: selected.descriptor.resource_type.to_string(),
            resource_id: None,
            path: None,
            reason: Arc::clone(reason),
        }));
    }
    let about = About {
        accounts: vec![member.account_id.clone()],
        regions: regions.into_iter().collect(),
        gaps,
        ..About::default()
    };
    Snapshot::new(about, Vec::new())
}

/// One snapshot of several, each of another account. It is as of the time at which reading began.
fn together(parts: Vec<Snapshot>) -> Snapshot {
    let mut about = About::default();
    let mut items = Vec::new();
    let mut skipped = BTreeMap::<String, Vec<String>>::new();
    let (mut first, mut last) = (None::<Timestamp>, None::<Timestamp>);
    for part in &parts {
        let own = part.about();
        if let Ok(began) = own.captured_at.parse::<Timestamp>() {
            let duration = i64::try_from(own.duration_ms).unwrap_or(i64::MAX);
            let ended = began.checked_add(jiff::SignedDuration::from_millis(duration)).unwrap_or(began);
            if first.is_none_or(|first| began < first) {
                first = Some(began);
                about.captured_at.clone_from(&own.captured_at);
            }
            last = last.max(Some(ended));
        }
        if about.source.is_empty() {
            about.source.clone_from(&own.source);
        }
        about.accounts.extend(own.accounts.iter().cloned());
        about.regions.extend(own.regions.iter().cloned());
        for account in &own.accounts {
            about.account_regions.insert(account.clone(), own.regions.clone());
            for (region, reason) in &own.skipped_regions {
                skipped.entry(region.clone()).or_default().push(format!("{reason} ({account})"));
            }
        }
        for (operation, count) in &own.requests {
            *about.requests.entry(operation.clone()).or_default() += count;
        }
        about.listings.extend(own.listings.iter().cloned());
        about.gaps.extend(own.gaps.iter().cloned());
        for (resource_type, pointers) in &own.not_collected {
            about.not_collected.entry(resource_type.clone()).or_insert_with(|| pointers.clone());
        }
        for (resource_type, others) in &own.linked_from {
            about.linked_from.entry(resource_type.clone()).or_default().extend(others.iter().cloned());
        }
    }
    about.skipped_regions = skipped.into_iter().map(|(region, reasons)| (region, reasons.join(", "))).collect();
    if let (Some(first), Some(last)) = (first, last) {
        about.duration_ms = u64::try_from(last.duration_since(first).as_millis()).unwrap_or(0);
    }
    about.accounts.sort();
    about.regions.sort();
    about.regions.dedup();
    let everywhere = about.regions.clone();
    about.account_regions.retain(|_, regions| *regions != everywhere);
    for part in parts {
        items.extend(part.items().iter().map(|item| (**item).clone()));
    }
    Snapshot::new(about, items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{ConfigurationItem, ResourceKey};
    use crate::snapshot::Place;

    const ONE: &str = "111122223333";
    const OTHER: &str = "444455556666";

    fn part(account: &str, region: &str, captured_at: &str, duration_ms: u64) -> Snapshot {
        let about = About {
            captured_at: captured_at.to_owned(),
            duration_ms,
            source: "account".to_owned(),
            accounts: vec![account.to_owned()],
            regions: vec![region.to_owned()],
            skipped_regions: [("af-south-1".to_owned(), "not enabled".to_owned())].into(),
            requests: [("ec2:DescribeVolumes".to_owned(), 2)].into(),
            listings: vec![place(account, region)],
            ..About::default()
        };
        let key = ResourceKey::new(account, region, "AWS::EC2::Volume", "vol-1");
        Snapshot::new(about, vec![ConfigurationItem::new(key, captured_at)])
    }

    fn place(account: &str, region: &str) -> Place {
        Place { account_id: account.into(), aws_region: region.into(), resource_type: "AWS::EC2::Volume".into() }
    }

    #[test]
    fn accounts_keep_their_own_regions() {
        let snapshot = together(vec![
            part(OTHER, "us-east-1", "2026-01-02T03:04:05.000Z", 3_000),
            part(ONE, "eu-west-1", "2026-01-02T03:04:06.000Z", 1_000),
        ]);
        let about = snapshot.about();
        assert_eq!((about.captured_at.as_str(), about.duration_ms), ("2026-01-02T03:04:05.000Z", 3_000));
        assert_eq!(about.accounts, [ONE, OTHER]);
        assert_eq!(about.regions, ["eu-west-1", "us-east-1"]);
        assert_eq!(about.requests["ec2:DescribeVolumes"], 4);
        assert_eq!(about.skipped_regions["af-south-1"], format!("not enabled ({OTHER}), not enabled ({ONE})"));
        assert_eq!(snapshot.items().len(), 2);
        // Nobody asked the one account for the other's region: it is not missing there.
        assert_eq!(snapshot.places(ONE, "AWS::EC2::Volume"), [place(ONE, "eu-west-1")]);
        assert_eq!(snapshot.places(OTHER, "AWS::EC2::Volume"), [place(OTHER, "us-east-1")]);
        // What was written is read again.
        let mut bytes = Vec::new();
        snapshot.write(&mut bytes).expect("writing to memory works");
        assert_eq!(Snapshot::read(&*bytes).expect("it is a snapshot").about(), about);
    }

    #[test]
    fn an_account_that_is_not_reached_is_a_gap_wherever_it_was_to_be_read() {
        let catalog = Catalog::builtin().expect("the descriptors are right");
        let needs = Needs::of([("AWS::EC2::Volume", [""; 0]), ("AWS::IAM::User", [""; 0])]);
        let selection = Selection::new(&catalog, &needs).expect("the types are known");
        let reason = Arc::new(Unreadable {
            operation: "sts:AssumeRole".to_owned(),
            action: None,
            code: "AccessDenied".to_owned(),
            message: "no".to_owned(),
        });
        let of = |regions| {
            let member = Member { account_id: OTHER.to_owned(), connect: ConnectOptions::new(), regions };
            let read = part(ONE, "eu-west-1", "2026-01-02T03:04:05.000Z", 0);
            together(vec![read, unreached(&member, &selection, &reason)])
        };
        let named = of(Some(Regions::Named(["eu-west-1".to_owned(), "us-east-1".to_owned()].into())));
        let mut places: Vec<String> =
            named.about().gaps.iter().map(|gap| format!("{} {}", gap.resource_type, gap.aws_region)).collect();
        places.sort();
        let volumes = ["AWS::EC2::Volume eu-west-1", "AWS::EC2::Volume us-east-1", "AWS::IAM::User global"];
        assert_eq!(places, volumes);
        assert_eq!(named.listing(&place(OTHER, "us-east-1")), Err(Arc::clone(&reason)));
        assert_eq!(named.listing(&place(ONE, "eu-west-1")), Ok(()));
        let enabled = of(Some(Regions::Enabled));
        assert!(enabled.about().gaps.iter().all(|gap| gap.account_id == OTHER && gap.aws_region == GLOBAL));
        assert_eq!(enabled.places(OTHER, "AWS::EC2::Volume"), [place(OTHER, GLOBAL)]);
        assert_eq!(enabled.about().captured_at, "2026-01-02T03:04:05.000Z");
    }
}
