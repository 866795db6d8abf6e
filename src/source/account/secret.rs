//! Secrets never leave this module as what they are: each text is replaced by a keyed digest, by which two can be
//! compared and none can be read or guessed without the key.

mod names;

use std::fmt::Write as _;
use std::hash::BuildHasher as _;

use sha2::{Digest, Sha256};

pub(crate) use self::names::Net;
use self::names::{Told, told};
use crate::item::ConfigurationItem;
use crate::value::Value;

/// Behind a pointer: only the name and the password in the URL that stands there are secret, and a mark stands for them. It
/// tells rules that there are any, and is the same in every report.
const USER_INFO: &str = "@";

/// What stands for a secret where there is no key. It says that there is one, and of two secrets not whether they differ.
const HIDDEN: &str = "(hidden)";

/// The key of the digests. With another key the same secret has another digest.
#[derive(Clone)]
pub struct SecretKey(Option<[u8; 32]>);

impl SecretKey {
    /// A key that a store keeps, so that its snapshots can be compared.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Some(key))
    }

    /// No key: every secret becomes the same mark. This is for what is read and not kept, where a key made at random would give
    /// other bytes for the same input.
    pub fn none() -> Self {
        Self(None)
    }

    /// A key that nobody knows and that ends with the process: its digests can be compared within one run.
    pub fn random() -> Self {
        // The standard library seeds each of these from the system's randomness.
        let seeds = (0..8_u8).map(|at| std::hash::RandomState::new().hash_one(at));
        Self::new(seeds.fold(Sha256::new(), |hash, seed| hash.chain_update(seed.to_be_bytes())).finalize().into())
    }

    /// `sha256:` and 64 hexadecimal digits: HMAC-SHA-256 (RFC 2104) of the text; a mark if there is no key.
    pub fn digest(&self, text: &str) -> String {
        let Some(key) = self.0 else { return HIDDEN.to_owned() };
        // A key is half as long as a block of SHA-256: the rest of the block is zero.
        let pad = |byte: u8| -> [u8; 64] { std::array::from_fn(|at| key.get(at).copied().unwrap_or(0) ^ byte) };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text.as_bytes()).finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let mut digest = String::from("sha256:");
        for byte in outer {
            let _ = write!(digest, "{byte:02x}");
        }
        digest
    }

    /// Replaces each text of the item at or below the pointer, which begins at the item's root. `*` stands for every
    /// member or element. A pointer that ends in `@` is one to a URL, of which only the name and the password are replaced.
    pub(crate) fn hide_in(&self, item: &mut ConfigurationItem, pointer: &str, digests: Digests) {
        for (section, value) in [
            ("/configuration", &mut item.configuration),
            ("/supplementaryConfiguration", &mut item.supplementary_configuration),
            ("/tags", &mut item.tags),
        ] {
            if let Some(rest) = pointer.strip_prefix(section).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                *value = self.hide(value, rest, digests);
            }
        }
    }

    /// Replaces the secrets of an item that AWS Config recorded: at the pointers, and wherever a member is named as secrets
    /// are. How much a name has to say depends on whether somebody has said of the type where its secrets are.
    pub(crate) fn replace<'p>(
        &self,
        item: &mut ConfigurationItem,
        pointers: impl IntoIterator<Item = &'p str>,
        net: Net,
    ) {
        for pointer in pointers {
            self.hide_in(item, pointer, Digests::Keep);
        }
        for section in [&mut item.configuration, &mut item.supplementary_configuration] {
            *section = self.hide_named(section, net);
        }
    }

    /// The tree with what is named as a secret replaced.
    fn hide_named(&self, value: &Value, net: Net) -> Value {
        match value {
            Value::Object(members) => Value::object(members.iter().map(|(name, value)| {
                let value = match (told(name, net), value) {
                    (Told::AllButArns, _) => self.hide_all_but_arns(value),
                    (Told::Settings, _) => self.hide_set(value, net),
                    (Told::Values | Told::ValuesBelow | Told::ValuesOfList, Value::Array(pairs)) => {
                        pairs.iter().map(|pair| self.hide_all_but_names(pair)).collect::<Vec<_>>().into()
                    }
                    (Told::All | Told::Values, _) | (Told::ValuesBelow, Value::Object(_)) => {
                        self.hide_all(value, Digests::Keep)
                    }
                    (Told::Nothing | Told::ValuesBelow | Told::ValuesOfList, _) => self.hide_named(value, net),
                };
                (name, value)
            })),
            Value::Array(elements) => {
                elements.iter().map(|value| self.hide_named(value, net)).collect::<Vec<_>>().into()
            }
            other => other.clone(),
        }
    }

    /// What is set about a secret. Of its members some are called by nothing but that they are values.
    fn hide_set(&self, value: &Value, net: Net) -> Value {
        let is_value = |name: &str| ["value", "values"].iter().any(|wanted| name.eq_ignore_ascii_case(wanted));
        match value {
            Value::String(_) => self.hide_all_but_arns(value),
            Value::Array(elements) => elements.iter().map(|value| self.hide_set(value, net)).collect::<Vec<_>>().into(),
            // What is hidden once stays as it is.
            Value::Object(_) => match self.hide_named(value, net) {
                Value::Object(members) => Value::object(members.iter().map(|(name, value)| {
                    (name, if is_value(name) { self.hide_all_but_arns(value) } else { value.clone() })
                })),
                other => other,
            },
            other => other.clone(),
        }
    }

    /// An element of a list of names and values.
    fn hide_all_but_names(&self, value: &Value) -> Value {
        let is_name = |name: &str| ["name", "key", "type"].iter().any(|wanted| name.eq_ignore_ascii_case(wanted));
        match value {
            Value::Object(members) => Value::object(members.iter().map(|(name, value)| {
                let keeps = is_name(name) && value.as_str().is_some();
                (name, if keeps { value.clone() } else { self.hide_all(value, Digests::Keep) })
            })),
            other => self.hide_all(other, Digests::Keep),
        }
    }

    fn hide_all_but_arns(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text.starts_with("arn:aws") => value.clone(),
            Value::Object(members) => {
                Value::object(members.iter().map(|(name, value)| (name, self.hide_all_but_arns(value))))
            }
            Value::Array(elements) => {
                elements.iter().map(|value| self.hide_all_but_arns(value)).collect::<Vec<_>>().into()
            }
            other => self.hide_all(other, Digests::Keep),
        }
    }

    fn hide(&self, value: &Value, pointer: &str, digests: Digests) -> Value {
        if pointer == USER_INFO {
            return hide_user_info(value);
        }
        let Some(rest) = pointer.strip_prefix('/') else { return self.hide_all(value, digests) };
        let (segment, rest) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => rest.strip_suffix(USER_INFO).map_or((rest, ""), |segment| (segment, USER_INFO)),
        };
        let wanted = |name: &str| segment == "*" || segment == name;
        match value {
            Value::Object(members) => Value::object(members.iter().map(|(name, value)| {
                (name, if wanted(name) { self.hide(value, rest, digests) } else { value.clone() })
            })),
            Value::Array(elements) => elements
                .iter()
                .enumerate()
                .map(
                    |(at, value)| if wanted(&at.to_string()) { self.hide(value, rest, digests) } else { value.clone() },
                )
                .collect::<Vec<_>>()
                .into(),
            other => other.clone(),
        }
    }

    fn hide_all(&self, value: &Value, digests: Digests) -> Value {
        match value {
            Value::String(text) if digests == Digests::Keep && is_hidden(text) => value.clone(),
            Value::String(text) => self.digest(text).into(),
            Value::Object(members) => {
                Value::object(members.iter().map(|(name, value)| (name, self.hide_all(value, digests))))
            }
            Value::Array(elements) => {
                elements.iter().map(|value| self.hide_all(value, digests)).collect::<Vec<_>>().into()
            }
            other => other.clone(),
        }
    }
}

/// What is to be done with a text that looks like what [`SecretKey::digest`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digests {
    /// It is a secret like any other: what AWS answers is no digest of ours.
    Hide,
    /// It stays: it stands in a file that may have been exported from a history, where secrets are digests already.
    Keep,
}

/// `https://name:password@host/` with the mark before the `@` (RFC 3986, 3.2.1). Other texts stay as they are.
fn hide_user_info(value: &Value) -> Value {
    let hidden = value.as_str().and_then(|text| {
        let (scheme, rest) = text.split_once("://")?;
        let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
        let (user, _) = authority.rsplit_once('@')?;
        Some(format!("{scheme}://{HIDDEN}{}", &rest[user.len()..]).into())
    });
    hidden.unwrap_or_else(|| value.clone())
}

fn is_hidden(text: &str) -> bool {
    if text == HIDDEN {
        return true;
    }
    let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
    digits.is_some_and(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_hmac_sha_256() {
        // RFC 4231, test case 1, whose key of 20 bytes is zero-padded to a block anyway.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        assert_eq!(
            SecretKey::new(key).digest("Hi There"),
            "sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn only_texts_at_the_pointer_are_replaced() {
        let key = SecretKey::new([7; 32]);
        let value: Value =
            serde_json::from_str(r#"{"a":[{"env":{"K":"secret","N":1},"name":"kept"},{"name":"kept"}]}"#).unwrap();
        let hidden = key.hide(&value, "/a/*/env/*", Digests::Hide).to_string();
        assert!(!hidden.contains("secret"));
        assert_eq!(
            hidden,
            format!(r#"{{"a":[{{"env":{{"K":"{}","N":1}},"name":"kept"}},{{"name":"kept"}}]}}"#, key.digest("secret"))
        );
        assert_ne!(key.digest("secret"), SecretKey::new([8; 32]).digest("secret"));
    }

    #[test]
    fn of_a_url_only_the_name_and_the_password_are_replaced() {
        let key = SecretKey::new([7; 32]);
        let hide = |url: &str| {
            let value: Value =
                serde_json::from_str(&format!(r#"{{"source":[{{"location":"{url}","type":"BITBUCKET"}}]}}"#)).unwrap();
            let hidden = key.hide(&value, "/source/*/location@", Digests::Hide);
            assert_eq!(hidden.pointer("/source/0/type"), Some(&"BITBUCKET".into()));
            hidden.pointer("/source/0/location").and_then(Value::as_str).unwrap().to_owned()
        };
        for (url, expected) in [
            ("https://name:pass@word@bitbucket.org/a/b@1.git", "https://(hidden)@bitbucket.org/a/b@1.git"),
            ("https://token@host", "https://(hidden)@host"),
            ("https://token@host?a", "https://(hidden)@host?a"),
            ("https://(hidden)@host", "https://(hidden)@host"),
        ] {
            assert_eq!(hide(url), expected);
        }
        for clean in
            ["https://bitbucket.org/a/b@1.git", "https://host?user@x", "git@github.com:a/b.git", "bucket/key", ""]
        {
            assert_eq!(hide(clean), clean);
        }
    }

    #[test]
    fn of_a_type_that_nobody_described_names_tell() {
        let key = SecretKey::none();
        let value: Value = serde_json::from_str(
            r#"{"Db": {"SaslPassword": "canary", "Port": 1}, "AuthTokens": [{"Kind": "canary"}], "SecretArn": "kept",
                "Credentials": "arn:aws:iam::111122223333:role/kept", "TokenEnabled": true,
                "RuntimeEnvironmentVariables": [{"Name": "kept", "Value": "canary"}, "canary"],
                "Environment": {"Variables": {"Name": "canary"}}, "RuntimeEnvironment": "kept", "dbpassword": "canary",
                "TokenSettings": "canary", "SecretOptions": [{"Name": "kept", "ValueFrom": "kept", "Value": "canary"}, "canary"],
                "ApiKeyAuthParameters": {"ApiKeyName": "kept", "ApiKeyValue": "canary", "values": ["canary", "arn:aws:kept"]}}"#,
        )
        .unwrap();
        let hidden: Value = serde_json::from_str(
            r#"{"Db": {"SaslPassword": "(hidden)", "Port": 1}, "AuthTokens": [{"Kind": "(hidden)"}], "SecretArn": "kept",
                "Credentials": "arn:aws:iam::111122223333:role/kept", "TokenEnabled": true,
                "RuntimeEnvironmentVariables": [{"Name": "kept", "Value": "(hidden)"}, "(hidden)"],
                "Environment": {"Variables": {"Name": "(hidden)"}}, "RuntimeEnvironment": "kept", "dbpassword": "(hidden)",
                "TokenSettings": "(hidden)", "SecretOptions": [{"Name": "kept", "ValueFrom": "kept", "Value": "(hidden)"}, "(hidden)"],
                "ApiKeyAuthParameters": {"ApiKeyName": "kept", "ApiKeyValue": "(hidden)", "values": ["(hidden)", "arn:aws:kept"]}}"#,
        )
        .unwrap();
        assert_eq!(key.hide_named(&value, Net::Wide), hidden);
        assert_eq!(key.hide_named(&hidden, Net::Wide), hidden, "once is enough");
    }

    #[test]
    fn only_a_file_may_hold_digests_already() {
        let key = SecretKey::new([7; 32]);
        let digest = Value::from(SecretKey::new([8; 32]).digest("secret"));
        assert_eq!(key.hide(&digest, "", Digests::Keep), digest);
        let mark = SecretKey::none().hide(&"secret".into(), "", Digests::Hide);
        assert_eq!(mark, SecretKey::none().hide(&"another".into(), "", Digests::Keep), "two secrets look alike");
        assert_eq!(key.hide(&mark, "", Digests::Keep), mark);
        assert_ne!(key.hide(&mark, "", Digests::Hide), mark);
        assert_ne!(key.hide(&digest, "", Digests::Hide), digest);
        for secret in ["secret", "sha256:secret"] {
            assert_ne!(key.hide(&secret.into(), "", Digests::Keep), secret.into());
        }
    }
}
