//! The files of a bucket, read some ahead of the one that is put into the store.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use assize::source::client::{ApiError, Client};
use assize::source::config_bucket::{Address, ConfigBucket, Found, LIST_ACTION, Object, ObjectError};
use assize::source::config_export::ConfigExport;
use assize::source::config_export::delivery::Filter;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::super::config_account;
use super::super::scan::unconnected;
use crate::cli::ConfigAccount;
use crate::failure::Failure;
use crate::input;

/// So many files are under way at once.
const AHEAD: usize = 8;

/// So many bytes of files are under way at once, unless one alone has more: in memory they are many times as large.
const AHEAD_BYTES: u64 = 8 << 20;

/// A large file on a slow line takes longer than any other answer of AWS.
const ATTEMPT: Duration = Duration::from_mins(5);

/// A bucket that was listed.
pub(super) struct Bucket {
    at: ConfigBucket,
    /// What is in it.
    pub(super) found: Found,
    runtime: Arc<Runtime>,
}

impl Bucket {
    /// Lists what is at the addresses. One that cannot be listed, or where nothing is, is an error.
    pub(super) fn list(
        addresses: &[Address],
        account: &ConfigAccount,
        filter: &Filter,
    ) -> Result<BTreeMap<Address, Self>, Failure> {
        if addresses.is_empty() {
            return Ok(BTreeMap::new());
        }
        let runtime = Arc::new(config_account::runtime()?);
        runtime.block_on(async {
            let options = input::connect(&account.credentials).attempt_timeout(ATTEMPT).operation_timeout(2 * ATTEMPT);
            let client = Client::connect(options).await.map_err(|error| unconnected(&error))?;
            let mut buckets = BTreeMap::new();
            for address in addresses {
                let bucket = ConfigBucket::open(client.clone(), address.clone()).await;
                let found = bucket.list(filter).await.map_err(|error| unlisted(address, &error))?;
                if found.is_empty {
                    return Err(Failure::new(format!("there is nothing at {address}")));
                }
                buckets.insert(address.clone(), Self { at: bucket, found, runtime: Arc::clone(&runtime) });
            }
            Ok(buckets)
        })
    }

    /// Reads the files and hands them over in their order.
    pub(super) fn read(
        &self,
        mut each: impl FnMut(&Object, Result<ConfigExport, ObjectError>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Self { at: bucket, found, runtime } = self;
        let mut objects = found.files.deliveries.iter().peekable();
        let mut under_way = VecDeque::<(&Object, JoinHandle<Result<ConfigExport, ObjectError>>)>::new();
        let mut bytes = 0_u64;
        loop {
            let has_room = |next: &Object, bytes: u64, files: usize| {
                files == 0 || (files < AHEAD && bytes.saturating_add(next.size) <= AHEAD_BYTES)
            };
            while let Some(object) = objects.next_if(|next| has_room(next, bytes, under_way.len())) {
                bytes = bytes.saturating_add(object.size);
                let (bucket, wanted) = (bucket.clone(), object.clone());
                under_way.push_back((object, runtime.spawn(async move { bucket.read(&wanted).await })));
            }
            let Some((object, reading)) = under_way.pop_front() else { return Ok(()) };
            let export = match runtime.block_on(reading) {
                Ok(export) => export,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            bytes = bytes.saturating_sub(object.size);
            each(object, export)?;
        }
    }
}

fn unlisted(address: &Address, error: &ApiError) -> Failure {
    let failure = Failure::of(format_args!("cannot list {address}"), error);
    if error.is_access_denied() {
        return failure
            .help(format!("it needs the permission {LIST_ACTION}: assize permissions --import {address} tells all"));
    }
    failure
}
