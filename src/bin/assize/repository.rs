//! The repository in which resources are defined: its files, and the states of Terraform that are named beside.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use assize::evaluation::{ComplianceType, Evaluation};
use assize::iac::{NamedState, Repository};
use assize::item::ConfigurationItem;
use assize::location::{self, Places};
use assize::report::Report;
use assize::source::client::{Client, ConnectOptions};
use assize::source::config_bucket::Address;

use crate::cli::Iac;
use crate::cmd::{self, unconnected};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};

/// Reads the repository that the flags name, if they do. What could not be read of it is told, and costs only itself.
pub(crate) fn read(flags: &Iac, connect: &ConnectOptions, colors: Colors) -> Result<Option<Repository>, Failure> {
    let Some(folder) = &flags.iac else { return Ok(None) };
    let states = states(&flags.iac_states, connect)?;
    let (repository, warnings) = Repository::read(folder, states)
        .map_err(|error| Failure::of(format_args!("cannot read the folder {}", folder.display()), &error))?;
    for warning in warnings {
        output::note(colors, &format!("warning: {warning}"))?;
    }
    Ok(Some(repository))
}

/// The states that are named. They may be in a bucket.
fn states(names: &[String], connect: &ConnectOptions) -> Result<Vec<NamedState>, Failure> {
    let mut states = Vec::new();
    let mut client = None;
    for name in names {
        let unread = |error: &dyn std::error::Error| Failure::of(format_args!("cannot read the state {name}"), error);
        let text = if name.starts_with(Address::SCHEME) {
            let address: Address = name.parse().map_err(|error| unread(&error))?;
            let runtime = cmd::runtime()?;
            runtime.block_on(async {
                if client.is_none() {
                    client = Some(Client::connect(connect.clone()).await.map_err(|error| unconnected(&error))?);
                }
                match client.clone() {
                    Some(client) => address.text(client).await.map_err(|error| Failure::new(causes(&error))),
                    None => Err(Failure::new("there is no client")),
                }
            })?
        } else {
            fs::read_to_string(name).map_err(|error| unread(&error))?
        };
        states.push(NamedState { name: name.clone(), text });
    }
    Ok(states)
}

/// Where the findings of a report are shown, by the definitions of the items that they speak of.
pub(crate) fn places<'i>(
    repository: Option<&Repository>,
    evaluations: &[Evaluation],
    items: impl IntoIterator<Item = &'i Arc<ConfigurationItem>>,
) -> Places {
    let Some(repository) = repository else { return Places::default() };
    let found = || evaluations.iter().filter(|one| one.compliance_type == ComplianceType::NonCompliant);
    let judged: BTreeSet<_> = found().map(|one| &one.resource).collect();
    let related: BTreeSet<&str> =
        found().flat_map(|one| one.evidence.iter()).filter_map(|fact| fact.resource.as_deref()).collect();
    let wanted = items.into_iter().filter(|item| {
        judged.contains(&item.key) || (!related.is_empty() && related.contains(&*location::name(&item.key)))
    });
    Places::new(evaluations, &repository.definitions(wanted.map(Arc::as_ref)))
}

/// The same of a report whose items are not there any more: what it tells of them has no tags.
pub(crate) fn places_of_report(repository: &Repository, report: &Report) -> Places {
    let items: BTreeMap<_, _> = report
        .evaluations
        .iter()
        .map(|one| {
            let mut item = ConfigurationItem::new(one.resource.clone(), &report.snapshot.captured_at);
            item.arn.clone_from(&one.arn);
            item.resource_name.clone_from(&one.resource_name);
            (&one.resource, Arc::new(item))
        })
        .collect();
    places(Some(repository), &report.evaluations, items.values())
}
