//! Secrets never leave this module as what they are: each text is replaced by a keyed digest, by which two can be
//! compared and none can be read or guessed without the key.

use std::fmt::Write as _;
use std::hash::BuildHasher as _;

use sha2::{Digest, Sha256};

use crate::value::Value;

/// The key of the digests. With another key the same secret has another digest.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// A key that a store keeps, so that its snapshots can be compared.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// A key that nobody knows and that ends with the process: its digests can be compared within one run.
    pub fn random() -> Self {
        // The standard library seeds each of these from the system's randomness.
        let seeds = (0..8_u8).map(|at| std::hash::RandomState::new().hash_one(at));
        Self(seeds.fold(Sha256::new(), |hash, seed| hash.chain_update(seed.to_be_bytes())).finalize().into())
    }

    /// `sha256:` and 64 hexadecimal digits: HMAC-SHA-256 (RFC 2104) of the text.
    pub fn digest(&self, text: &str) -> String {
        // A key is half as long as a block of SHA-256: the rest of the block is zero.
        let pad = |byte: u8| -> [u8; 64] { std::array::from_fn(|at| self.0.get(at).copied().unwrap_or(0) ^ byte) };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text.as_bytes()).finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let mut digest = String::from("sha256:");
        for byte in outer {
            let _ = write!(digest, "{byte:02x}");
        }
        digest
    }

    /// The tree with each text at or below the pointer replaced. `*` stands for every member or element.
    pub(super) fn hide(&self, value: &Value, pointer: &str) -> Value {
        let Some(rest) = pointer.strip_prefix('/') else { return self.hide_all(value) };
        let (segment, rest) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let wanted = |name: &str| segment == "*" || segment == name;
        match value {
            Value::Object(members) => Value::object(
                members
                    .iter()
                    .map(|(name, value)| (name, if wanted(name) { self.hide(value, rest) } else { value.clone() })),
            ),
            Value::Array(elements) => elements
                .iter()
                .enumerate()
                .map(|(at, value)| if wanted(&at.to_string()) { self.hide(value, rest) } else { value.clone() })
                .collect::<Vec<_>>()
                .into(),
            other => other.clone(),
        }
    }

    fn hide_all(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.digest(text).into(),
            Value::Object(members) => Value::object(members.iter().map(|(name, value)| (name, self.hide_all(value)))),
            Value::Array(elements) => elements.iter().map(|value| self.hide_all(value)).collect::<Vec<_>>().into(),
            other => other.clone(),
        }
    }
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
        let hidden = key.hide(&value, "/a/*/env/*").to_string();
        assert!(!hidden.contains("secret"));
        assert_eq!(
            hidden,
            format!(r#"{{"a":[{{"env":{{"K":"{}","N":1}},"name":"kept"}},{{"name":"kept"}}]}}"#, key.digest("secret"))
        );
        assert_ne!(key.digest("secret"), SecretKey::new([8; 32]).digest("secret"));
    }
}
