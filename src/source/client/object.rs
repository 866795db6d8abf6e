//! The one call that hands out data: an object of a bucket. No scan makes it: the operation stands apart in the model, and
//! [`Client::call`] does not find it.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::transport::Form;
use super::{ApiError, CallTarget, Client, invalid};
use crate::value::Value;

const SERVICE: &str = "s3";
const OPERATION: &str = "GetObject";

/// What the headers begin with that hold the metadata that an object was put with.
pub(super) const METADATA: &str = "x-amz-meta-";

/// An object of a bucket.
#[derive(Clone, Debug)]
pub struct Object {
    /// What is in it.
    pub bytes: Bytes,
    /// What it was put with besides, by lower-case names.
    pub metadata: BTreeMap<String, String>,
}

impl Client {
    /// Reads an object of a bucket. One with more than `limit` bytes is an error, and is not read.
    pub async fn object(&self, target: &CallTarget, bucket: &str, key: &str, limit: u64) -> Result<Bytes, ApiError> {
        self.object_with_metadata(target, bucket, key, limit).await.map(|object| object.bytes)
    }

    /// The same with the object's metadata.
    pub async fn object_with_metadata(
        &self,
        target: &CallTarget,
        bucket: &str,
        key: &str,
        limit: u64,
    ) -> Result<Object, ApiError> {
        let model = self.0.model(target, SERVICE, OPERATION)?;
        let operation = model.data_operation(OPERATION).map_err(|error| invalid(target, SERVICE, OPERATION, &error))?;
        let params = Value::object([("Bucket", bucket), ("Key", key)].map(|(name, text)| (name, Value::from(text))));
        self.send(&target.region, &model, operation, &params, Form::Object { limit }).await
    }
}
