//! What could not be read, where, and why. A gap is data: it travels with the item, the snapshot and every report.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::value::Unreadable;

/// A fact, or a whole listing, that could not be read.
///
/// With neither `resource_id` nor `path` the listing of the type failed; with an id and no path the item; with both, the
/// facts below one JSON pointer of the item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The account, as twelve digits.
    pub account_id: String,
    /// The region, or `global`.
    pub aws_region: String,
    /// `AWS::S3::Bucket`, and so on.
    pub resource_type: String,
    /// The id of the resource, unless the whole listing failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// A JSON pointer into the item, such as `/supplementaryConfiguration/BucketPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The call, its error and the IAM action that is missing.
    #[serde(flatten)]
    pub reason: Arc<Unreadable>,
}

impl Gap {
    /// Whether the whole listing of the type is missing.
    pub fn is_listing(&self) -> bool {
        self.resource_id.is_none()
    }
}
