//! The client that delivers: messages to a topic, files to a bucket, findings to Security Hub. It is made for nothing else, and
//! with permissions of its own: it has models of its own, with the three operations that write and the one that says whose
//! credentials these are. The client of a scan finds none of the three, and this one can read nothing of an account.

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

/// A finding that Security Hub did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The finding's id.
    pub id: String,
    /// AWS's code for it, such as `InvalidAccess`.
    pub code: String,
    /// What AWS says of it.
    pub message: String,
}

/// Whom messages, files and findings are sent as.
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

    /// The account whose credentials these are: that of the findings which Security Hub takes from it.
    pub fn account_id(&self) -> &str {
        self.0.account_id()
    }

    /// Sends findings to the Security Hub of a region, a hundred at most, and tells which of them it did not take.
    ///
    /// # Errors
    /// Why none was taken.
    pub async fn import(&self, region: &str, findings: Vec<Value>) -> Result<Vec<Refused>, ApiError> {
        let params = Value::object([("Findings", Value::from(findings))]);
        let target = CallTarget::region(region);
        let answer = self.0.call(&target, "securityhub", "BatchImportFindings", &params).await?;
        let failed = answer.get("FailedFindings").and_then(Value::as_array).unwrap_or_default();
        let text = |one: &Value, name| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let refused = |one: &Value| Refused {
            id: text(one, "Id"),
            code: text(one, "ErrorCode"),
            message: text(one, "ErrorMessage"),
        };
        Ok(failed.iter().map(refused).collect())
    }
}

/// A policy document that allows an identity to deliver and nothing else, as JSON text. `hubs` are the regions of Security
/// Hub, and `account` is the one whose identity it is, if that is known: it can deliver findings to its own only. A topic says
/// in which partition it is; without one the first hub or else `region` does. A topic or a bucket that is encrypted with a
/// key of KMS's own needs `kms:GenerateDataKey` and `kms:Decrypt` for that key besides.
pub fn policy(
    topic: Option<&Topic>,
    bucket: Option<&Address>,
    hubs: &[String],
    account: Option<&str>,
    region: &str,
) -> String {
    let region = hubs.first().map_or(region, String::as_str);
    let partition = topic.map_or_else(|| Partition::of_region(region).id(), |topic| topic.partition.as_str());
    let publishes = topic.map(
        |topic| json!({ "Sid": "AssizePublishes", "Effect": "Allow", "Action": "sns:Publish", "Resource": topic.arn }),
    );
    let puts = bucket.map(|bucket| {
        let resource = format!("arn:{partition}:s3:::{}/{}AWSLogs/*", bucket.bucket(), bucket.folder());
        json!({ "Sid": "AssizePuts", "Effect": "Allow", "Action": "s3:PutObject", "Resource": resource })
    });
    let account = account.unwrap_or("*");
    let product = |hub: &String| format!("arn:{partition}:securityhub:{hub}:{account}:product/{account}/default");
    let products: Vec<String> = hubs.iter().map(product).collect();
    let imports = (!products.is_empty()).then(|| {
        json!({
            "Sid": "AssizeImportsFindings",
            "Effect": "Allow",
            "Action": "securityhub:BatchImportFindings",
            "Resource": products,
        })
    });
    let statements: Vec<_> = publishes.into_iter().chain(puts).chain(imports).collect();
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
        let policy = |topic, bucket, region| {
            serde_json::from_str::<serde_json::Value>(&policy(topic, bucket, &[], None, region)).unwrap()
        };
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
    fn findings_are_imported_into_named_hubs_of_one_account() {
        let of = |hubs: &[&str], account| {
            let hubs: Vec<String> = hubs.iter().map(|&hub| hub.to_owned()).collect();
            let policy: serde_json::Value =
                serde_json::from_str(&policy(None, None, &hubs, account, "us-gov-west-1")).unwrap();
            policy["Statement"].clone()
        };
        let expected = json!([{
            "Sid": "AssizeImportsFindings", "Effect": "Allow", "Action": "securityhub:BatchImportFindings",
            "Resource": [
                "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
                "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default",
            ],
        }]);
        assert_eq!(of(&["eu-west-1", "us-east-1"], Some("111122223333")), expected);
        // Of a profile nobody knows the account before it is asked.
        let any = of(&["cn-north-1"], None);
        assert_eq!(any[0]["Resource"], json!(["arn:aws-cn:securityhub:cn-north-1:*:product/*/default"]));
    }

    #[test]
    fn what_delivers_can_do_nothing_else_and_what_scans_cannot_deliver() {
        let operations = |models: &Models| -> Vec<String> {
            let of = |name: &str| {
                models.service(name).unwrap().operations().map(|one| one.name().to_owned()).collect::<Vec<_>>()
            };
            models.names().flat_map(|name| of(name).into_iter().map(move |one| format!("{name}:{one}"))).collect()
        };
        let writes = ["s3:PutObject", "securityhub:BatchImportFindings", "sns:Publish"];
        assert_eq!(operations(&Models::delivery()), [&writes[..], &["sts:GetCallerIdentity"]].concat());
        let scanning = operations(&Models::builtin());
        assert!(scanning.iter().all(|one| !writes.contains(&one.as_str())));
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/deliver");
        assert!(matches!(Models::with_dir(&folder), Err(super::super::model::ModelError::NotARead { .. })));
    }
}
