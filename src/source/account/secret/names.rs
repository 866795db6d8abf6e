//! What is told of a secret by the name of the member that holds it, where no descriptor says more.
//!
//! Of types that assize reads itself the places of secrets are known, and only names that nothing else has are looked for
//! besides. Of all other types AWS Config may deliver anything: there a name that speaks of a secret is enough. That hides
//! more than it has to, and loses no verdict: no rule of assize reads such a type.

/// How much of a name is needed to take what it names for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    /// The whole name: of types that are described.
    Narrow,
    /// A word of it: of types that nobody described.
    Wide,
}

/// What is secret of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing by this name.
    Nothing,
    /// Every text.
    All,
    /// Every text that is no ARN: many members named after a secret say where it is kept.
    AllButArns,
    /// The values: of a list of names and values, of a map, or the text.
    Values,
    /// The same of a list or a map; a text is the name of something.
    ValuesBelow,
    /// The same of a list; anything else has members with names of their own.
    ValuesOfList,
    /// What is set: a text, and the values of those members that have no name of their own but that. Arns stay.
    Settings,
}

/// Names of members that hold secrets, in small letters.
const NAMES: [&str; 16] = [
    "accesstoken",
    "adminpassword",
    "apikey",
    "authtoken",
    "clientsecret",
    "masterpassword",
    "masteruserpassword",
    "oauthtoken",
    "password",
    "presharedkey",
    "privatekey",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sharedsecret",
    "userdata",
];

/// Words, one or two in a row, that make a name one of a secret. A name in one case has no words to be told apart: there its
/// end counts, as of `dbpassword`.
const WORDS: [&[&str]; 24] = [
    &["access", "key"],
    &["access", "keys"],
    &["account", "key"],
    &["api", "key"],
    &["api", "keys"],
    &["auth", "key"],
    &["authentication", "key"],
    &["connection", "string"],
    &["credential"],
    &["credentials"],
    &["passphrase"],
    &["passphrases"],
    &["passwd"],
    &["password"],
    &["passwords"],
    &["preshared", "key"],
    &["private", "key"],
    &["psk"],
    &["secret"],
    &["secrets"],
    &["shared", "key"],
    &["token"],
    &["tokens"],
    &["user", "data"],
];

/// One of these stands in every name that has one of the words, or names variables: most names have none, and need not be taken
/// apart.
const STEMS: [&str; 9] = ["credential", "data", "key", "pass", "psk", "secret", "string", "token", "variables"];

/// What a name is of that ends in one of these: not a secret, but something about it. Members below it have names of their own.
const HARMLESS: [&str; 32] = [
    "algorithm",
    "arn",
    "arns",
    "count",
    "days",
    "enabled",
    "encryption",
    "endpoint",
    "expiration",
    "field",
    "hours",
    "id",
    "ids",
    "location",
    "minutes",
    "mode",
    "name",
    "names",
    "path",
    "policies",
    "policy",
    "provider",
    "required",
    "revocation",
    "seconds",
    "stage",
    "stages",
    "status",
    "type",
    "units",
    "uri",
    "url",
];

/// What a name is of that ends in one of these: what is set about a secret, the secret itself among it.
const SETTINGS: [&str; 6] = ["config", "configuration", "configurations", "options", "parameters", "settings"];

/// What a member's name tells of its value.
pub(super) fn told(name: &str, net: Net) -> Told {
    let lower = name.to_ascii_lowercase();
    match (lower.as_str(), net) {
        ("variables", Net::Narrow) => return Told::All,
        ("environmentvariables", _) | ("variables", Net::Wide) => return Told::Values,
        ("environment", Net::Narrow) => return Told::ValuesOfList,
        ("environment" | "env", Net::Wide) => return Told::ValuesBelow,
        _ if NAMES.contains(&lower.as_str()) => return Told::All,
        (_, Net::Narrow) => return Told::Nothing,
        (_, Net::Wide) => {}
    }
    if !STEMS.iter().any(|stem| lower.contains(stem)) {
        return Told::Nothing;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [.., "environment" | "env" | "stage", "variables"] => return Told::Values,
        // Of the metadata service of instances: whether it asks for tokens. And a key that everybody may know.
        ["http", "tokens"] => return Told::Nothing,
        words if words.contains(&"public") || words.contains(&"validity") => return Told::Nothing,
        [.., last] if HARMLESS.contains(last) => return Told::Nothing,
        _ => {}
    }
    let are_words = |wanted: &[&str]| words.windows(wanted.len()).any(|found| found == wanted);
    if !WORDS.iter().any(|wanted| are_words(wanted) || words.iter().any(|word| ends_in(word, wanted))) {
        return Told::Nothing;
    }
    let is_set = words.last().is_some_and(|last| SETTINGS.contains(last));
    if is_set { Told::Settings } else { Told::AllButArns }
}

/// Whether a word ends in these words without anything between them.
fn ends_in(word: &str, wanted: &[&str]) -> bool {
    wanted.iter().rev().try_fold(word, |rest, wanted| rest.strip_suffix(wanted)).is_some()
}

/// The words of a name, in small letters and without numbers behind them: `DBPassword2` is `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let is_small_after = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        // A capital begins a word behind a small letter, and as the last of several capitals.
        let begins =
            letter.is_ascii_uppercase() && before.is_some_and(|before| !before.is_ascii_uppercase() || is_small_after);
        if begins || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_ascii_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_word_has_a_stem() {
        for words in WORDS {
            assert!(STEMS.iter().any(|stem| words.concat().contains(stem)), "{words:?}");
        }
    }

    #[test]
    fn names_have_words() {
        for (name, expected) in [
            ("SaslPassword", "sasl password"),
            ("HECToken", "hec token"),
            ("OAuthToken", "o auth token"),
            ("API_KEY", "api key"),
            ("x-api-key2", "x api key"),
            ("DBPassword2", "db password"),
            ("masteruserpassword", "masteruserpassword"),
            ("CallbackURLs", "callback ur ls"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }

    #[test]
    fn a_word_of_a_name_tells_a_secret() {
        for name in [
            "Password",
            "SaslPassword",
            "HECToken",
            "AccessToken",
            "SecretKey",
            "ApiKeyValue",
            "API_KEY",
            "privateKeyPem",
            "KeyPassphrase",
            "password2",
            "SecretString",
            "AuthPassword",
            "DatabasePasswords",
            "authtoken",
            "MyApiKey",
            "LaunchTemplateSpecificationUserData",
            "UserDataOverride",
            "AccountCredentials",
            "mongoConnectionString",
            "PreSharedKey",
            "AccessKey",
            "dbpassword",
            "DBPASSWORD",
            "dbpassword2",
            "db_rootpassword",
            "accesskey",
            "secretkey",
            "apikey",
            "x-apikey-value",
            "clientsecret",
            "authtoken",
            "sessiontoken",
            "privatekey",
            "connectionstring",
            "awscredentials",
        ] {
            let told = told(name, Net::Wide);
            assert!([Told::All, Told::AllButArns].contains(&told), "{name} {told:?}");
        }
        for name in
            ["ApiKeyAuthParameters", "SecretOptions", "PasswordConfig", "token_settings", "JwtTokenTypeConfiguration"]
        {
            assert_eq!(told(name, Net::Wide), Told::Settings, "{name}");
        }
        for name in ["EnvironmentVariables", "RuntimeEnvironmentVariables", "variables", "stageVariables"] {
            assert_eq!(told(name, Net::Wide), Told::Values, "{name}");
        }
        for name in ["environment", "Environment", "env"] {
            assert_eq!(told(name, Net::Wide), Told::ValuesBelow, "{name}");
        }
    }

    #[test]
    fn what_is_said_about_a_secret_is_none() {
        for name in [
            "SecretArn",
            "SecretsRoleArn",
            "SecretId",
            "AccessKeyId",
            "TokenKeyName",
            "AccessTokenValidity",
            "TokenValidityUnits",
            "PasswordPolicy",
            "HttpTokens",
            "TokenSigningPublicKeys",
            "TokenProviderUrl",
            "SecretManagerARN",
            "MLUserDataEncryption",
            "CredentialDurationSeconds",
            "Keyspace",
            "Tokenizer",
            "Secretary",
            "tokenization",
            "secretarn",
            "accesskeyid",
            "apikeyid",
            "clientsecretarn",
            "secretname",
            "tokenurl",
            "tokenexpiration",
            "passwordpolicy",
            "kmskey",
            "KeyId",
            "publickey",
            "partitionkey",
            "hotkeys",
            "datasource",
            "SecretKeyArn",
            "PasswordExpirationDays",
            "OptionsConfiguration",
            "LogParameters",
            "RuntimeEnvironment",
            "ComputeEnvironment",
            "RuleVariables",
            "Key",
        ] {
            assert_eq!(told(name, Net::Wide), Told::Nothing, "{name}");
        }
    }

    #[test]
    fn of_a_described_type_only_whole_names_tell() {
        for name in ["password", "MasterUserPassword", "apiKey", "userData", "privateKey"] {
            assert_eq!(told(name, Net::Narrow), Told::All, "{name}");
        }
        for name in ["HttpTokens", "authTokenEnabled", "SaslPassword", "masterUserSecret", "credentials"] {
            assert_eq!(told(name, Net::Narrow), Told::Nothing, "{name}");
        }
    }
}
