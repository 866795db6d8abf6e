//! A bucket to which AWS Config delivers: which of its files there are, and what is in them. Nothing else in it is read.
//!
//! Folders are gone down one by one, and only as far as a filter may want what is below: neither the years that nobody
//! asked for are listed nor what other services deliver to the same bucket.

use std::fmt;
use std::str::FromStr;

use serde_json::json;
use tokio::task::JoinSet;

use super::client::{ApiError, CallTarget, Client};
use super::config_export::delivery::Filter;
use super::config_export::folder::{self, Files};
use super::config_export::{ConfigExport, Defect};
use crate::value::Value;

/// The action that allows to list a bucket.
pub const LIST_ACTION: &str = "s3:ListBucket";

/// The action that allows to read an object of one.
pub const READ_ACTION: &str = "s3:GetObject";

/// The most bytes that an object may have, as it is kept.
const LARGEST: u64 = 256 << 20;

/// `s3://bucket/prefix`: a bucket, or a folder or an object of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    bucket: String,
    /// Without a slash at its beginning; empty for the whole bucket.
    prefix: String,
}

/// A text that begins like the address of a bucket and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of a bucket: write s3://bucket or s3://bucket/folder")]
pub struct AddressError(String);

impl Address {
    /// What every address begins with.
    pub const SCHEME: &str = "s3://";

    /// How an object or a folder of the bucket is called in full.
    pub fn of(&self, key: &str) -> String {
        format!("{}{}/{key}", Self::SCHEME, self.bucket)
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What keys in it begin with: nothing, or a folder with `/` behind.
    pub fn folder(&self) -> String {
        let folder = self.prefix.trim_end_matches('/');
        if folder.is_empty() { String::new() } else { format!("{folder}/") }
    }

    /// A policy document that allows an identity to read what is at the address and nothing else, as JSON text.
    /// `partition` is that of the bucket: `aws`. What is encrypted with a key of KMS's own needs `kms:Decrypt` for that key
    /// besides.
    pub fn policy(&self, partition: &str) -> String {
        policy(&self.statements(partition))
    }

    /// The statements of that policy.
    pub(super) fn statements(&self, partition: &str) -> Vec<serde_json::Value> {
        let bucket = format!("arn:{partition}:s3:::{}", self.bucket);
        let folder = self.prefix.trim_end_matches('/');
        let mut lists = json!({ "Sid": "AssizeLists", "Effect": "Allow", "Action": LIST_ACTION, "Resource": bucket });
        let mut objects = vec![format!("{bucket}/*")];
        if let Some(statement) = lists.as_object_mut().filter(|_| !folder.is_empty()) {
            let below = json!({ "StringLike": { "s3:prefix": [folder, format!("{folder}/*")] } });
            statement.insert("Condition".to_owned(), below);
            objects = vec![format!("{bucket}/{folder}"), format!("{bucket}/{folder}/*")];
        }
        let reads = json!({ "Sid": "AssizeReads", "Effect": "Allow", "Action": READ_ACTION, "Resource": objects });
        vec![lists, reads]
    }
}

/// A policy document of these statements, as JSON text.
pub(super) fn policy(statements: &[serde_json::Value]) -> String {
    format!("{:#}\n", json!({ "Version": "2012-10-17", "Statement": statements }))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{}{}{separator}{}", Self::SCHEME, self.bucket, self.prefix)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(text.to_owned());
        let rest = text.strip_prefix(Self::SCHEME).ok_or_else(wrong)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>; older names have capitals and
        // underscores.
        let is_name = (3..=255).contains(&bucket.len())
            && bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        if !is_name || prefix.chars().any(char::is_control) {
            return Err(wrong());
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

/// An object of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// So many bytes it has, as the list says.
    pub size: u64,
}

/// What is at an address.
#[derive(Clone, Debug)]
pub struct Found {
    /// The files, by their names.
    pub files: Files<Object>,
    /// Folders that could not be listed, sorted, and why.
    pub unlisted: Vec<(String, ApiError)>,
    /// There is nothing at all, whoever may have put it there.
    pub is_empty: bool,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct ConfigBucket {
    client: Client,
    target: CallTarget,
    address: Address,
}

/// An object that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read s3://{bucket}/{key}")]
pub struct ObjectError {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// Why.
    #[source]
    pub reason: ObjectDefect,
}

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectDefect {
    /// S3 did not give it.
    #[error(transparent)]
    NotGiven(ApiError),
    /// It has more bytes than are read.
    #[error("it has {size} bytes, and at most {LARGEST} are read: copy it and import the copy")]
    TooLarge {
        /// So many it has.
        size: u64,
    },
    /// It is no file of AWS Config.
    #[error(transparent)]
    NotConfig(Defect),
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
}

impl ConfigBucket {
    /// Finds out in which region the bucket is.
    pub async fn open(client: Client, address: Address) -> Self {
        let target = address.target(&client).await;
        Self { client, target, address }
    }

    /// The address that was opened.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Lists what is at the address and may be wanted.
    ///
    /// # Errors
    /// The address itself cannot be listed. A folder below it that cannot be is told with what was found.
    pub async fn list(&self, filter: &Filter) -> Result<Found, ApiError> {
        let root = self.address.prefix.clone();
        let (mut objects, mut named, mut unlisted) = (Vec::new(), Vec::new(), Vec::new());
        let mut is_empty = true;
        let mut listings = JoinSet::new();
        let list = |listings: &mut JoinSet<_>, prefix: String| {
            let (bucket, whole) = (self.clone(), filter.takes_all_below(&prefix) && prefix.ends_with('/'));
            listings.spawn(async move {
                let listing = bucket.address.list_folder(&bucket.client, &bucket.target, &prefix, whole).await;
                (prefix, listing)
            });
        };
        list(&mut listings, root.clone());
        while let Some(done) = listings.join_next().await {
            let (prefix, listing) = match done {
                Ok(done) => done,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            let Listing { objects: here, folders } = match listing {
                Ok(listing) => listing,
                Err(error) if prefix == root => return Err(error),
                Err(error) => {
                    unlisted.push((prefix, error));
                    continue;
                }
            };
            let is_below =
                |key: &str| root.is_empty() || root.ends_with('/') || key.as_bytes().get(root.len()) == Some(&b'/');
            for object in here {
                if object.key == root {
                    // It was asked for by its own name.
                    named.push(object);
                } else if is_below(&object.key) && !object.key.ends_with('/') {
                    objects.push(object);
                }
            }
            let folders: Vec<String> = folders.into_iter().filter(|folder| is_below(folder)).collect();
            is_empty &= objects.is_empty() && named.is_empty() && folders.is_empty();
            // An answer that leads elsewhere, or back, would never end.
            let leads_down = |folder: &String| folder.starts_with(&prefix) && folder.len() > prefix.len();
            for folder in folders.into_iter().filter(leads_down).filter(|folder| filter.may_take_below(folder)) {
                list(&mut listings, folder);
            }
        }
        unlisted.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut files = folder::sort(objects, |object| object.key.clone(), filter);
        files.deliveries.splice(0..0, named);
        Ok(Found { files, unlisted, is_empty })
    }

    /// Reads a file of AWS Config.
    ///
    /// # Errors
    /// Why S3 does not give it, or what is wrong with it.
    pub async fn read(&self, object: &Object) -> Result<ConfigExport, ObjectError> {
        let Self { client, target, address: Address { bucket, .. } } = self;
        let Object { key, size } = object;
        let read = async {
            if *size > LARGEST {
                return Err(ObjectDefect::TooLarge { size: *size });
            }
            let bytes = client.object(target, bucket, key, LARGEST).await.map_err(ObjectDefect::NotGiven)?;
            ConfigExport::named(key, &bytes).map_err(ObjectDefect::NotConfig)
        };
        read.await.map_err(|reason| ObjectError { bucket: bucket.clone(), key: key.clone(), reason })
    }
}

impl Address {
    /// Where the bucket is. If S3 does not say so, the client's own region is asked, and what is wrong shows.
    pub(super) async fn target(&self, client: &Client) -> CallTarget {
        let home = CallTarget::region(client.home_region());
        let bucket = Value::object([("Bucket", Value::from(self.bucket.as_str()))]);
        let head = client.call(&home, "s3", "HeadBucket", &bucket).await.ok();
        let region = head.as_ref().and_then(|head| head.get("BucketRegion")).and_then(Value::as_str);
        region.map_or(home, CallTarget::region)
    }

    /// A folder of the bucket: its objects and the folders in it, or all objects below it.
    pub(super) async fn list_folder(
        &self,
        client: &Client,
        target: &CallTarget,
        prefix: &str,
        whole: bool,
    ) -> Result<Listing, ApiError> {
        let mut parameters = vec![("Bucket", self.bucket.as_str()), ("Prefix", prefix)];
        if !whole {
            parameters.push(("Delimiter", "/"));
        }
        let parameters = Value::object(parameters.into_iter().map(|(name, text)| (name, Value::from(text))));
        let answer = client.call_all(target, "s3", "ListObjectsV2", &parameters).await?;
        let list = |name: &str| answer.get(name).and_then(Value::as_array).unwrap_or_default();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let object = |value: &Value| {
            let size = value.get("Size").and_then(Value::as_i64).and_then(|size| u64::try_from(size).ok());
            Some(Object { key: text(value, "Key")?, size: size.unwrap_or(0) })
        };
        Ok(Listing {
            objects: list("Contents").iter().filter_map(object).collect(),
            folders: list("CommonPrefixes").iter().filter_map(|folder| text(folder, "Prefix")).collect(),
        })
    }

    /// Reads the one object that is at the address, as text.
    ///
    /// # Errors
    /// Why S3 does not give it, or that it is no text.
    pub async fn text(self, client: Client) -> Result<String, ObjectError> {
        let ConfigBucket { client, target, address: Self { bucket, prefix: key } } =
            ConfigBucket::open(client, self).await;
        let read = async {
            let bytes = client.object(&target, &bucket, &key, LARGEST).await.map_err(ObjectDefect::NotGiven)?;
            String::from_utf8(bytes.to_vec()).map_err(|_| ObjectDefect::NotText)
        };
        read.await.map_err(|reason| ObjectError { bucket, key, reason })
    }
}

/// What one folder holds.
pub(super) struct Listing {
    pub(super) objects: Vec<Object>,
    pub(super) folders: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_bucket_and_what_is_in_it() {
        for (text, bucket, prefix) in [
            ("s3://amzn-s3-demo-bucket", "amzn-s3-demo-bucket", ""),
            ("s3://amzn-s3-demo-bucket/", "amzn-s3-demo-bucket", ""),
            ("s3://Old_Bucket/logs/AWSLogs/", "Old_Bucket", "logs/AWSLogs/"),
            ("s3://b.c/a key+ä", "b.c", "a key+ä"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.bucket.as_str(), address.prefix.as_str()), (bucket, prefix));
            assert_eq!(address.to_string(), text.strip_suffix('/').filter(|_| prefix.is_empty()).unwrap_or(text));
        }
        for wrong in ["", "bucket", "s3://", "s3:///key", "s3://b", "s3://a b/c", "s3://bucket/a\nb", "https://bucket"]
        {
            assert_eq!(wrong.parse::<Address>(), Err(AddressError(wrong.to_owned())));
        }
    }

    #[test]
    fn a_policy_allows_to_read_the_address_and_no_more() {
        let policy = |text: &str| -> serde_json::Value {
            serde_json::from_str(&text.parse::<Address>().unwrap().policy("aws-cn")).unwrap()
        };
        let whole = policy("s3://amzn-s3-demo-bucket");
        assert_eq!(whole["Statement"][0]["Resource"], "arn:aws-cn:s3:::amzn-s3-demo-bucket");
        assert!(whole["Statement"][0].get("Condition").is_none());
        assert_eq!(whole["Statement"][1]["Resource"], json!(["arn:aws-cn:s3:::amzn-s3-demo-bucket/*"]));
        let folder = policy("s3://amzn-s3-demo-bucket/logs/");
        assert_eq!(folder["Statement"][0]["Action"], "s3:ListBucket");
        assert_eq!(folder["Statement"][0]["Condition"], json!({"StringLike": {"s3:prefix": ["logs", "logs/*"]}}));
        assert_eq!(
            folder["Statement"][1]["Resource"],
            json!(["arn:aws-cn:s3:::amzn-s3-demo-bucket/logs", "arn:aws-cn:s3:::amzn-s3-demo-bucket/logs/*"])
        );
    }
}
