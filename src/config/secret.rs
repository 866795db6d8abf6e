//! Credentials do not belong in a configuration file: it is kept in a repository.

/// What is said of one.
pub(super) const REFUSED: &str = "credentials do not belong in this file; name a `profile` or a `role_arn`, and they are found as the AWS CLI finds them";

/// Whether a key is named as one that holds a credential.
pub(super) fn is_name_of_one(key: &str) -> bool {
    const WORDS: [&str; 7] = ["secret", "password", "token", "credential", "privatekey", "accesskey", "apikey"];
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    WORDS.iter().any(|word| plain.contains(word))
}

/// Whether a text holds the id of an access key, beside which its secret is never far
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>).
pub(super) fn holds_one(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_names_and_their_form() {
        for key in ["secret_access_key", "aws-secret-access-key", "accessKeyId", "session_token", "Password"] {
            assert!(is_name_of_one(key), "{key}");
        }
        assert!(!is_name_of_one("external_id") && !is_name_of_one("regoins"));
        assert!(holds_one("AKIAIOSFODNN7EXAMPLE") && holds_one("key=ASIAIOSFODNN7EXAMPLE;"));
        assert!(!holds_one("AKIA") && !holds_one("arn:aws:iam::111122223333:role/AKIAroleofsomething1"));
    }
}
