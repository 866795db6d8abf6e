//! Where the services of AWS are reached, and for which region and under which name a request there is signed.
//!
//! The facts stand in `models/endpoints.json`, made from botocore's rule sets; `tools/extract-models/README.md` tells
//! its form. A region that is younger than the file belongs to the partition whose pattern its name fits.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::{fs, io};

use regex_lite::Regex;
use serde::Deserialize;

/// A family of regions with accounts and host names of its own: `aws`, `aws-cn`, `aws-us-gov`, …
/// (<https://docs.aws.amazon.com/general/latest/gr/rande.html>).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partition {
    #[serde(skip)]
    id: String,
    dns: String,
    dual_dns: String,
    #[serde(rename = "global")]
    global_region: String,
    regex: String,
    regions: Vec<String>,
    #[serde(skip)]
    pattern: Option<Regex>,
}

impl Partition {
    /// The partition's name as in ARNs: `aws-cn`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The region that answers for global services: `us-east-1`.
    pub fn global_region(&self) -> &str {
        &self.global_region
    }

    /// The regions known when the project was built, sorted. An account may have enabled only some of them.
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The partition of a region. A name that fits no partition's pattern counts to `aws`, as it does in AWS's SDKs.
    ///
    /// # Panics
    ///
    /// Never: the file that is part of the binary has the partition `aws`.
    pub fn of_region(region: &str) -> &'static Self {
        let partitions = &BUILTIN.partitions;
        let listed = |partition: &&Self| partition.regions.iter().any(|known| known == region);
        let fits = |partition: &&Self| partition.pattern.as_ref().is_some_and(|pattern| pattern.is_match(region));
        let found = partitions.values().find(listed).or_else(|| partitions.values().find(fits));
        #[expect(clippy::expect_used, reason = "the file is part of the binary, and a test reads it")]
        found.or_else(|| partitions.get("aws")).expect("endpoints.json has the partition aws")
    }

    /// The partition of this name (`aws-us-gov`).
    pub fn by_id(id: &str) -> Option<&'static Self> {
        BUILTIN.partitions.get(id)
    }
}

/// Which kind of endpoint is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant {
    /// One that uses FIPS 140 validated cryptography.
    pub fips: bool,
    /// One that is reached over IPv6 as well.
    pub dual_stack: bool,
}

impl Variant {
    fn name(self) -> &'static str {
        match (self.fips, self.dual_stack) {
            (false, false) => "plain",
            (true, false) => "fips",
            (false, true) => "dual",
            (true, true) => "fips-dual",
        }
    }
}

/// Where requests to one service in one region go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme and host, and for an overridden endpoint maybe a port and a path: `https://ec2.eu-west-1.amazonaws.com`.
    pub url: String,
    /// The region to sign for: `us-east-1` for a global service.
    pub signing_region: String,
    /// The name to sign for: `elasticloadbalancing`.
    pub signing_name: String,
    /// Whether the URL was given by the user instead of being AWS's own.
    pub overridden: bool,
}

/// There is no endpoint of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The service has no FIPS or dual-stack endpoint there.
    #[error("{service} has no {variant} endpoint in {region}")]
    Unsupported {
        /// The service's key: `s3`.
        service: String,
        /// `fips`, `dual` or `fips-dual`.
        variant: &'static str,
        /// The region that was asked for.
        region: String,
    },
    /// A region's name goes into a host name, so it may hold nothing but letters, digits and hyphens.
    #[error("`{0}` is not the name of a region")]
    InvalidRegion(String),
    /// An overridden endpoint is not a URL of http or https.
    #[error("the endpoint `{url}` of {service} is not a URL of the form http(s)://host[:port][/path]")]
    InvalidUrl {
        /// The service's key: `s3`.
        service: String,
        /// What was given. A user name and password in it are left out.
        url: String,
    },
    /// A user's own `endpoints.json` cannot be read.
    #[error("endpoints.json: {0}")]
    File(String),
}

/// The endpoints of all known services. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// Of services that the user added or replaced.
    own: Arc<BTreeMap<String, Service>>,
}

impl Endpoints {
    /// The endpoints that come with the project.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// With the services of another `endpoints.json`, which go before those that come with the project.
    pub fn with_json(&self, json: &str) -> Result<Self, EndpointError> {
        let file: File = serde_json::from_str(json).map_err(|error| EndpointError::File(error.to_string()))?;
        let mut own = (*self.own).clone();
        own.extend(file.services);
        Ok(Self { own: Arc::new(own) })
    }

    /// With the services of `endpoints.json` in a folder of models, if it has one.
    pub fn with_dir(&self, dir: &Path) -> Result<Self, EndpointError> {
        match fs::read_to_string(dir.join("endpoints.json")) {
            Ok(json) => self.with_json(&json),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.clone()),
            Err(error) => Err(EndpointError::File(error.to_string())),
        }
    }

    /// The endpoint of AWS for a service, by its key (`s3control`). A service of which nothing is known is reached and
    /// signed for under its key.
    pub fn resolve(&self, service: &str, region: &str, variant: Variant) -> Result<Endpoint, EndpointError> {
        if !is_host_label(region) {
            return Err(EndpointError::InvalidRegion(region.to_owned()));
        }
        let partition = Partition::of_region(region);
        let known = self.service(service);
        let (prefix, signing_name) =
            known.map_or((service, service), |known| (known.prefix.as_str(), known.signing_name.as_str()));
        let rule = known.and_then(|known| known.partitions.get(&partition.id)?.get(variant.name()));
        let form = match rule {
            Some(Some(rule)) => rule.except.get(region).map_or(Some(&rule.form), Option::as_ref).map(Some),
            Some(None) => None,
            None => Some(None),
        };
        let Some(form) = form else {
            let service = service.to_owned();
            return Err(EndpointError::Unsupported { service, variant: variant.name(), region: region.to_owned() });
        };
        let url = form.map_or_else(
            || {
                let fips = if variant.fips { "-fips" } else { "" };
                let suffix = if variant.dual_stack { &partition.dual_dns } else { &partition.dns };
                format!("https://{prefix}{fips}.{region}.{suffix}")
            },
            |form| form.url.replace("{region}", region),
        );
        let signed =
            |of: fn(&Form) -> Option<&String>, or: &str| form.and_then(of).map_or(or, String::as_str).to_owned();
        Ok(Endpoint {
            url,
            signing_region: signed(|form| form.region.as_ref(), region),
            signing_name: signed(|form| form.name.as_ref(), signing_name),
            overridden: false,
        })
    }

    /// The endpoint that the user gave for a service. Requests there are signed as they would be for AWS's own.
    pub fn overridden(&self, service: &str, region: &str, url: &str) -> Result<Endpoint, EndpointError> {
        let url = url.trim().trim_end_matches('/');
        if parse_authority(url).is_none() {
            return Err(EndpointError::InvalidUrl { service: service.to_owned(), url: without_user_info(url) });
        }
        let aws = self.resolve(service, region, Variant::default())?;
        Ok(Endpoint { url: url.to_owned(), overridden: true, ..aws })
    }

    /// What AWS calls the service in settings: `S3 Control` for `s3control`
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>).
    pub fn service_id<'a>(&'a self, service: &'a str) -> &'a str {
        self.service(service).map_or(service, |known| &known.id)
    }

    fn service(&self, service: &str) -> Option<&Service> {
        self.own.get(service).or_else(|| BUILTIN.services.get(service))
    }
}

/// A user name and password before the host are dropped: what is said of a URL may end in a log.
fn without_user_info(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        _ => url.to_owned(),
    }
}

fn parse_authority(url: &str) -> Option<http::uri::Authority> {
    let uri: http::Uri = url.parse().ok()?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.query().is_some() {
        return None;
    }
    uri.authority().filter(|authority| !authority.host().is_empty() && !authority.as_str().contains('@')).cloned()
}

impl Endpoint {
    /// Whether a prefix of the host makes sense. It does not for an address or a local name that the user gave: no
    /// name server knows `111122223333.127.0.0.1`.
    pub fn takes_host_prefix(&self) -> bool {
        if !self.overridden {
            return true;
        }
        let Some(authority) = parse_authority(&self.url) else { return false };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        host.parse::<IpAddr>().is_err() && host != "localhost" && !host.ends_with(".localhost")
    }

    /// How a bucket of S3 is named in a request to this endpoint: the prefix of the host, or the first segment of the
    /// path. A name with dots in the host would not fit the wildcard of the certificate, and an endpoint that the user
    /// gave is not known to serve virtual hosts
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>).
    pub fn bucket_place(&self, bucket: &str) -> BucketPlace {
        if !self.overridden && (3..=63).contains(&bucket.len()) && is_host_label(bucket) && !has_upper_case(bucket) {
            BucketPlace::Host(format!("{bucket}."))
        } else {
            BucketPlace::Path(format!("/{}", percent_encoding::utf8_percent_encode(bucket, BUCKET_IN_PATH)))
        }
    }
}

/// Where a request names its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BucketPlace {
    /// Before the host, with the dot: `my-bucket.`.
    Host(String),
    /// Before the path, with the slash: `/my.bucket`.
    Path(String),
}

/// All that RFC 3986 does not call unreserved.
const BUCKET_IN_PATH: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn has_upper_case(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// One label of a host name (RFC 1123).
fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[derive(Deserialize)]
struct File {
    services: BTreeMap<String, Service>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    id: String,
    prefix: String,
    signing_name: String,
    /// Partition → variant → rule; `null` where there is no such endpoint.
    #[serde(flatten)]
    partitions: BTreeMap<String, BTreeMap<String, Option<Rule>>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Rule {
    #[serde(flatten)]
    form: Form,
    #[serde(default)]
    except: BTreeMap<String, Option<Form>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Form {
    url: String,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Builtin {
    partitions: BTreeMap<String, Partition>,
    services: BTreeMap<String, Service>,
}

static BUILTIN: LazyLock<Builtin> = LazyLock::new(|| {
    let json = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/endpoints.json"));
    #[expect(clippy::expect_used, reason = "the file is part of the binary, and a test reads it")]
    let mut builtin: Builtin = serde_json::from_str(json).expect("endpoints.json is sound");
    for (id, partition) in &mut builtin.partitions {
        partition.id.clone_from(id);
        partition.pattern = Regex::new(&partition.regex).ok();
    }
    builtin
});

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Variant = Variant { fips: false, dual_stack: false };
    const FIPS: Variant = Variant { fips: true, dual_stack: false };
    const DUAL: Variant = Variant { fips: false, dual_stack: true };
    const BOTH: Variant = Variant { fips: true, dual_stack: true };

    fn resolve(service: &str, region: &str) -> Endpoint {
        Endpoints::builtin().resolve(service, region, PLAIN).unwrap()
    }

    fn at(service: &str, region: &str, variant: Variant) -> String {
        match Endpoints::builtin().resolve(service, region, variant) {
            Ok(endpoint) => format!("{} {}", endpoint.url.trim_start_matches("https://"), endpoint.signing_region),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_file_is_sound() {
        assert!(BUILTIN.partitions.values().all(|partition| partition.pattern.is_some()));
        for (service, known) in &BUILTIN.services {
            assert!(!known.id.is_empty(), "{service}");
            for (partition, variants) in &known.partitions {
                let partition = Partition::by_id(partition).unwrap();
                for (variant, rule) in variants {
                    assert!(["plain", "fips", "dual", "fips-dual"].contains(&variant.as_str()), "{service} {variant}");
                    for region in rule.iter().flat_map(|rule| rule.except.keys()) {
                        assert!(partition.regions.contains(region), "{service} {variant} {region}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_service_that_has_a_model_has_endpoints() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .filter(|name| name != "endpoints")
            .collect();
        assert!(!names.is_empty());
        for name in names {
            assert!(BUILTIN.services.contains_key(&name), "{name}");
        }
    }

    #[test]
    fn a_regional_service_has_an_endpoint_in_each_partition() {
        assert_eq!(at("ec2", "eu-west-1", PLAIN), "ec2.eu-west-1.amazonaws.com eu-west-1");
        assert_eq!(at("ec2", "cn-north-1", PLAIN), "ec2.cn-north-1.amazonaws.com.cn cn-north-1");
        assert_eq!(at("ec2", "us-gov-west-1", PLAIN), "ec2.us-gov-west-1.amazonaws.com us-gov-west-1");
        assert_eq!(at("ec2", "us-iso-east-1", PLAIN), "ec2.us-iso-east-1.c2s.ic.gov us-iso-east-1");
        assert_eq!(at("sts", "eusc-de-east-1", PLAIN), "sts.eusc-de-east-1.amazonaws.eu eusc-de-east-1");
    }

    #[test]
    fn a_global_service_is_signed_for_its_own_region() {
        assert_eq!(at("iam", "eu-west-1", PLAIN), "iam.amazonaws.com us-east-1");
        assert_eq!(at("iam", "cn-northwest-1", PLAIN), "iam.cn-north-1.amazonaws.com.cn cn-north-1");
        assert_eq!(at("iam", "us-gov-east-1", PLAIN), "iam.us-gov.amazonaws.com us-gov-west-1");
        assert_eq!(at("account", "eu-west-1", PLAIN), "account.us-east-1.amazonaws.com us-east-1");
    }

    #[test]
    fn fips_and_dual_stack() {
        assert_eq!(at("ec2", "us-east-1", FIPS), "ec2-fips.us-east-1.amazonaws.com us-east-1");
        assert_eq!(at("ec2", "us-gov-west-1", FIPS), "ec2.us-gov-west-1.amazonaws.com us-gov-west-1");
        assert_eq!(at("ec2", "eu-west-1", DUAL), "ec2.eu-west-1.api.aws eu-west-1");
        assert_eq!(at("ec2", "eu-west-1", BOTH), "ec2-fips.eu-west-1.api.aws eu-west-1");
        assert_eq!(at("s3", "eu-west-1", DUAL), "s3.dualstack.eu-west-1.amazonaws.com eu-west-1");
        assert_eq!(at("iam", "eu-west-1", BOTH), "iam-fips.global.api.aws us-east-1");
        assert_eq!(at("eks", "us-west-2", FIPS), "fips.eks.us-west-2.amazonaws.com us-west-2");
        assert_eq!(at("s3", "cn-north-1", FIPS), "s3 has no fips endpoint in cn-north-1");
    }

    #[test]
    fn a_region_younger_than_the_file_is_known_by_its_pattern() {
        assert_eq!(at("ec2", "us-gov-west-9", PLAIN), "ec2.us-gov-west-9.amazonaws.com us-gov-west-9");
        assert_eq!(at("iam", "us-gov-west-9", PLAIN), "iam.us-gov.amazonaws.com us-gov-west-1");
        assert_eq!(at("ec2", "cn-south-4", PLAIN), "ec2.cn-south-4.amazonaws.com.cn cn-south-4");
        assert_eq!(at("ec2", "moon-base-1", PLAIN), "ec2.moon-base-1.amazonaws.com moon-base-1");
        assert_eq!(at("brand-new", "ap-southeast-9", BOTH), "brand-new-fips.ap-southeast-9.api.aws ap-southeast-9");
    }

    #[test]
    fn a_region_cannot_lead_elsewhere() {
        for region in ["", "x.evil.example/", "a@b", "a b", "-a", "eu-west-1#"] {
            let refused = Endpoints::builtin().resolve("ec2", region, PLAIN);
            assert!(matches!(refused, Err(EndpointError::InvalidRegion(_))), "{region}");
        }
    }

    #[test]
    fn an_endpoint_of_the_user_keeps_the_region_to_sign_for() {
        let endpoint = Endpoints::builtin().overridden("iam", "eu-west-1", "http://127.0.0.1:5000/").unwrap();
        assert_eq!(endpoint.url, "http://127.0.0.1:5000");
        assert_eq!(endpoint.signing_region, "us-east-1");
        for url in ["127.0.0.1:5000", "ftp://host", "http://", "https://user:secret@host", "http://host?x=1"] {
            let error = Endpoints::builtin().overridden("iam", "eu-west-1", url).unwrap_err().to_string();
            assert!(error.contains("iam") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_address_takes_no_host_prefix() {
        let endpoints = Endpoints::builtin();
        let takes = |url| endpoints.overridden("s3control", "us-east-1", url).unwrap().takes_host_prefix();
        assert!(!takes("http://127.0.0.1:5000"));
        assert!(!takes("http://[::1]:5000"));
        assert!(!takes("http://localhost:5000"));
        assert!(!takes("http://aws.localhost"));
        assert!(takes("https://vpce-1.s3-control.us-east-1.vpce.amazonaws.com"));
        assert!(resolve("s3control", "us-east-1").takes_host_prefix());
    }

    #[test]
    fn buckets_stand_in_the_host_where_they_can() {
        let aws = resolve("s3", "us-east-1");
        assert_eq!(aws.bucket_place("b-one"), BucketPlace::Host("b-one.".to_owned()));
        assert_eq!(aws.bucket_place("my.bucket"), BucketPlace::Path("/my.bucket".to_owned()));
        assert_eq!(aws.bucket_place("Old_Bucket"), BucketPlace::Path("/Old_Bucket".to_owned()));
        assert_eq!(aws.bucket_place("UPPER"), BucketPlace::Path("/UPPER".to_owned()));
        assert_eq!(aws.bucket_place("a/../b"), BucketPlace::Path("/a%2F..%2Fb".to_owned()));
        let local = Endpoints::builtin().overridden("s3", "us-east-1", "http://localhost:5000").unwrap();
        assert_eq!(local.bucket_place("b-one"), BucketPlace::Path("/b-one".to_owned()));
    }

    #[test]
    fn a_user_can_add_and_replace_services() {
        let json = r#"{"services": {"outposts": {"id": "Outposts", "prefix": "posts", "signingName": "outposts",
            "aws": {"plain": {"url": "https://posts.us-east-1.amazonaws.com", "region": "us-east-1",
                              "except": {"eu-west-1": {"url": "https://posts.{region}.example", "name": "o"}, "eu-west-2": null}}}}}}"#;
        let endpoints = Endpoints::builtin().with_json(json).unwrap();
        let at = |region| endpoints.resolve("outposts", region, PLAIN).unwrap();
        assert_eq!(
            (at("us-west-2").signing_region.as_str(), at("us-west-2").signing_name.as_str()),
            ("us-east-1", "outposts")
        );
        assert_eq!(
            (at("eu-west-1").url.as_str(), at("eu-west-1").signing_name.as_str()),
            ("https://posts.eu-west-1.example", "o")
        );
        assert!(endpoints.resolve("outposts", "eu-west-2", PLAIN).is_err());
        assert_eq!(at("cn-north-1").url, "https://posts.cn-north-1.amazonaws.com.cn");
        assert_eq!(endpoints.service_id("outposts"), "Outposts");
        assert_eq!(endpoints.resolve("iam", "us-east-1", PLAIN).unwrap(), resolve("iam", "us-east-1"));
        assert!(Endpoints::builtin().with_json("{").is_err());

        let folder = tempfile::tempdir().unwrap();
        let service_id =
            || Endpoints::builtin().with_dir(folder.path()).map(|found| found.service_id("outposts").to_owned());
        assert_eq!(service_id().unwrap(), "outposts", "a folder without the file adds nothing");
        fs::write(folder.path().join("endpoints.json"), json).unwrap();
        assert_eq!(service_id().unwrap(), "Outposts");
    }
}
