//! The client that delivers: messages to a topic, files to a bucket. It is made for nothing else, and with permissions of its
//! own: it has models of its own, with the two operations that write and the one that says whose credentials these are. The
//! client of a scan finds neither of the two, and this one can read nothing of an account.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::client::{ApiError, CallTarget, Client, ClientError, ConnectOptions};
use super::config_bucket::Address;
use super::endpoint::Partition;
use super::model::Models;
use crate::value::Value;

/// A topic, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    arn: String,
    partition: String,
    region: String,
}

/// What is no ARN of a topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no ARN of a topic: they look like arn:aws:sns:eu-west-1:111122223333:config-topic")]
pub struct TopicError(String);

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        match text.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", partition, "sns", region, account, name]
                if partition.starts_with("aws")
                    && !region.is_empty()
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && !name.is_empty() =>
            {
                Ok(Self { arn: text.to_owned(), partition: (*partition).to_owned(), region: (*region).to_owned() })
            }
            _ => Err(TopicError(text.to_owned())),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

/// Whom messages and files are sent as.
#[derive(Clone, Debug)]
pub struct Delivery(Client);

impl Delivery {
    /// Finds out whose credentials these are. What the options say of models does not count.
    ///
    /// # Errors
    /// There are no credentials, or AWS refuses them.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ClientError> {
        Client::connect(options.models(Arc::new(Models::delivery()))).await.map(Self)
    }

    /// Sends a message to a topic.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn publish(&self, topic: &Topic, subject: &str, message: &str) -> Result<(), ApiError> {
        let mut params = vec![("TopicArn", topic.arn.as_str()), ("Message", message), ("Subject", subject)];
        let digest;
        // Such a topic keeps the order within a group, and takes what it has just had for the same.
        if topic.arn.strip_suffix(".fifo").is_some() {
            digest = BASE64_STANDARD.encode(Sha256::digest(message));
            params.extend([("MessageGroupId", "assize"), ("MessageDeduplicationId", digest.as_str())]);
        }
        let params = Value::object(params.into_iter().map(|(name, text)| (name, Value::from(text))));
        self.0.call(&CallTarget::region(&topic.region), "sns", "Publish", &params).await.map(drop)
    }

    /// Puts a compressed file into a bucket.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn put(&self, bucket: &str, key: &str, body: &[u8]) -> Result<(), ApiError> {
        let body = BASE64_STANDARD.encode(body);
        let params = [("Bucket", bucket), ("Key", key), ("ContentType", "application/gzip"), ("Body", body.as_str())];
        let params = Value::object(params.map(|(name, text)| (name, Value::from(text))));
        self.0.call(&CallTarget::region(self.0.home_region()), "s3", "PutObject", &params).await.map(drop)
    }
}

/// A policy document that allows an identity to deliver and nothing else, as JSON text. A topic says in which partition it is;
/// without one `region` does. A topic or a bucket that is encrypted with a key of KMS's own needs `kms:GenerateDataKey` and
/// `kms:Decrypt` for that key besides.
pub fn policy(topic: Option<&Topic>, bucket: Option<&Address>, region: &str) -> String {
    let partition = topic.map_or_else(|| Partition::of_region(region).id(), |topic| topic.partition.as_str());
    let publishes = topic.map(
        |topic| json!({ "Sid": "AssizePublishes", "Effect": "Allow", "Action": "sns:Publish", "Resource": topic.arn }),
    );
    let puts = bucket.map(|bucket| {
        let resource = format!("arn:{partition}:s3:::{}/{}AWSLogs/*", bucket.bucket(), bucket.folder());
        json!({ "Sid": "AssizePuts", "Effect": "Allow", "Action": "s3:PutObject", "Resource": resource })
    });
    let statements: Vec<_> = publishes.into_iter().chain(puts).collect();
    format!("{:#}\n", json!({ "Version": "2012-10-17", "Statement": statements }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_told_by_its_arn() {
        let arn = "arn:aws-cn:sns:cn-north-1:111122223333:config-topic";
        let topic: Topic = arn.parse().unwrap();
        assert_eq!((topic.to_string().as_str(), topic.region.as_str()), (arn, "cn-north-1"));
        for wrong in ["", "config-topic", "arn:aws:sqs:eu-west-1:111122223333:a", "arn:aws:sns:eu-west-1:1:a"] {
            let error = wrong.parse::<Topic>().unwrap_err().to_string();
            assert!(error.contains("is no ARN of a topic"), "{error}");
        }
    }

    #[test]
    fn a_policy_allows_to_deliver_and_no_more() {
        let topic: Topic = "arn:aws-cn:sns:cn-north-1:111122223333:config-topic".parse().unwrap();
        let bucket: Address = "s3://amzn-s3-demo-bucket/logs".parse().unwrap();
        let policy =
            |topic, bucket, region| serde_json::from_str::<serde_json::Value>(&policy(topic, bucket, region)).unwrap();
        let both = policy(Some(&topic), Some(&bucket), "eu-west-1");
        let expected = json!([
            {"Sid": "AssizePublishes", "Effect": "Allow", "Action": "sns:Publish",
             "Resource": "arn:aws-cn:sns:cn-north-1:111122223333:config-topic"},
            {"Sid": "AssizePuts", "Effect": "Allow", "Action": "s3:PutObject",
             "Resource": "arn:aws-cn:s3:::amzn-s3-demo-bucket/logs/AWSLogs/*"},
        ]);
        assert_eq!(both["Statement"], expected);
        let bucket: Address = "s3://amzn-s3-demo-bucket".parse().unwrap();
        for (region, partition) in [("", "aws"), ("eu-west-1", "aws"), ("us-gov-west-1", "aws-us-gov")] {
            let one = policy(None, Some(&bucket), region);
            let expected = format!("arn:{partition}:s3:::amzn-s3-demo-bucket/AWSLogs/*");
            assert_eq!(one["Statement"][0]["Resource"], expected, "{region}");
        }
        let one = policy(None, Some(&bucket), "cn-north-1");
        assert_eq!(one["Statement"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn what_delivers_can_do_nothing_else_and_what_scans_cannot_deliver() {
        let operations = |models: &Models| -> Vec<String> {
            let of = |name: &str| {
                models.service(name).unwrap().operations().map(|one| one.name().to_owned()).collect::<Vec<_>>()
            };
            models.names().flat_map(|name| of(name).into_iter().map(move |one| format!("{name}:{one}"))).collect()
        };
        assert_eq!(operations(&Models::delivery()), ["s3:PutObject", "sns:Publish", "sts:GetCallerIdentity"]);
        let scanning = operations(&Models::builtin());
        assert!(scanning.iter().all(|one| !["s3:PutObject", "sns:Publish"].contains(&one.as_str())));
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/deliver");
        assert!(matches!(Models::with_dir(&folder), Err(super::super::model::ModelError::NotARead { .. })));
    }
}
