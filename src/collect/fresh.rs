//! Whether an earlier snapshot has all that is asked for, so that nothing need be read again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::needs::Selection;
use super::{CollectError, Needs, Regions, is_regional, regions};
use crate::snapshot::{Place, SOURCE_ACCOUNT, Snapshot};
use crate::source::account::{Account, Api};
use crate::source::descriptor::{Catalog, CatalogError};

/// An account that is to be read, and in which regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Twelve digits.
    pub account_id: String,
    /// Of the regions that are asked for those that would be read.
    pub regions: BTreeSet<String>,
}

impl Reach {
    /// Where an account would be read. AWS is asked only if it has to be: which regions are enabled.
    ///
    /// # Errors
    /// Something is asked for that is not known, or it is not known which regions are enabled.
    pub async fn of<A: Api>(
        account: &Arc<Account<A>>,
        catalog: &Catalog,
        needs: &Needs,
        wanted: &Regions,
    ) -> Result<Self, CollectError> {
        let found = regions::find(account, &Selection::new(catalog, needs)?, wanted).await?;
        Ok(Self { account_id: account.identity().account_id.clone(), regions: found.enabled })
    }
}

/// Whether a snapshot is of just these accounts and regions, and has all that is asked for. One in which something of it
/// could not be read has not.
///
/// # Errors
/// Something is asked for that is not known.
pub fn is_covered(
    snapshot: &Snapshot,
    catalog: &Catalog,
    needs: &Needs,
    accounts: &[Reach],
) -> Result<bool, CatalogError> {
    let about = snapshot.about();
    let selection = Selection::new(catalog, needs)?;
    // What is global is the same from wherever it is read.
    let is_regional = selection.types.iter().any(|selected| is_regional(&selected.descriptor));
    let wanted: BTreeSet<&str> = accounts.iter().map(|account| account.account_id.as_str()).collect();
    let is_of_these = about.source == SOURCE_ACCOUNT
        && about.accounts.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted
        && (!is_regional
            || accounts.iter().all(|account| about.regions_of(&account.account_id).iter().eq(&account.regions)));
    if !is_of_these {
        return Ok(false);
    }
    let unasked = selection.not_collected();
    let has_all = selection.types.iter().all(|selected| {
        let resource_type = &selected.descriptor.resource_type;
        let lacks = about.not_collected.get(resource_type.as_ref()).into_iter().flatten();
        let unasked = unasked.get(resource_type.as_ref());
        lacks.into_iter().all(|pointer| unasked.is_some_and(|unasked| unasked.contains(pointer)))
            && accounts.iter().all(|account| {
                selected.places(&account.regions).all(|region| {
                    let place = Place {
                        account_id: account.account_id.as_str().into(),
                        aws_region: region.into(),
                        resource_type: Arc::clone(resource_type),
                    };
                    snapshot.listing(&place).is_ok()
                })
            })
    });
    Ok(has_all && !snapshot.gaps().iter().any(|gap| selection.holds(&gap.resource_type)))
}
