//! What can go wrong with one call, and with connecting at all.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::value::{Unreadable, code};

/// A call to AWS that gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{service}:{operation} in {region} answered {code}: {message}")]
pub struct ApiError {
    /// The service's key: `s3`.
    pub service: String,
    /// The operation: `GetBucketPolicy`.
    pub operation: String,
    /// The region that was asked.
    pub region: String,
    /// AWS's error code (`AccessDenied`), or one of [`code`] where AWS gave no answer.
    pub code: String,
    /// What was said, in one line.
    pub message: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// AWS's id of the request, if there was an answer that has one.
    pub request_id: Option<String>,
    /// Who failed.
    pub kind: ApiErrorKind,
}

/// Who failed in an [`ApiError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// AWS answered with an error.
    Service,
    /// No answer within the time for one attempt or for the operation ([`code::TIMEOUT`]).
    Timeout,
    /// No connection, or one that broke ([`code::CONNECTION`]).
    Connection,
    /// An answer that is not what the service's model says ([`code::MALFORMED`], or [`code::TRUNCATED`] if it goes on
    /// with no known way to ask for the rest).
    Malformed,
    /// An object that has more bytes than are read ([`code::TOO_LARGE`]).
    TooLarge,
    /// There are no credentials ([`code::NO_CREDENTIALS`]), or their source gave none ([`code::CREDENTIALS_FAILED`]).
    Credentials,
    /// The request was never sent: an unknown operation, parameters that do not fit, no such endpoint
    /// ([`code::INVALID_REQUEST`]); or there were as many as there may be ([`code::OVER_BUDGET`]).
    Request,
    /// A replay that holds no answer to this request ([`code::NOT_RECORDED`]).
    NotRecorded,
}

/// The codes by which AWS's services say that the caller may not do this. Each protocol and age of service has its
/// own.
const ACCESS_DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Client.UnauthorizedOperation",
    "ForbiddenException",
    "NotAuthorized",
    "NotAuthorizedException",
    "UnauthorizedAccess",
    "UnauthorizedException",
    "UnauthorizedOperation",
];

impl ApiError {
    /// Whether AWS refused because a permission is missing.
    pub fn is_access_denied(&self) -> bool {
        // An answer to HEAD has no body, so the status is all that it says.
        let bare = self.status == Some(403) && (self.code.starts_with("HTTP") || self.code == "Forbidden");
        self.kind == ApiErrorKind::Service && (bare || ACCESS_DENIED.contains(&self.code.as_str()))
    }

    /// The fact that this call would have told, as a tree keeps it. `iam_action` is the action that allows the call
    /// (`s3:GetEncryptionConfiguration`).
    pub fn to_unreadable(&self, iam_action: Option<&str>) -> Unreadable {
        // That nobody asked is no answer of an operation, and has one cause whichever call it was.
        let was_left_out = self.code == code::OVER_BUDGET;
        Unreadable {
            operation: if was_left_out { String::new() } else { format!("{}:{}", self.service, self.operation) },
            action: iam_action.map(str::to_owned),
            code: self.code.clone(),
            message: self.message.clone(),
        }
    }
}

/// A whole answer that says that all is well and that the operation's model does not fit, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) String);

/// The client could not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No source of credentials has any.
    #[error("no AWS credentials were found{}: {message}; {}", in_profile(profile.as_ref()), advice(profile.as_ref(), message))]
    NoCredentials {
        /// The profile that was asked for.
        profile: Option<String>,
        /// What the sources of credentials said.
        message: String,
    },
    /// There is a source of credentials, and it gave none.
    #[error(
        "the AWS credentials{} could not be loaded: {message}; {}",
        of_role(role.as_ref(), profile.as_ref()),
        advice(profile.as_ref(), message)
    )]
    CredentialsFailed {
        /// The profile that was asked for.
        profile: Option<String>,
        /// The role that was to be assumed.
        role: Option<String>,
        /// What the source said.
        message: String,
    },
    /// There is no profile of this name.
    #[error("there is no profile `{profile}` in ~/.aws/config or ~/.aws/credentials; {}", known_profiles(known))]
    NoSuchProfile {
        /// The name that was asked for.
        profile: String,
        /// The names that there are, sorted.
        known: Vec<String>,
    },
    /// AWS does not take the credentials, or the role cannot be assumed.
    #[error("AWS did not accept the credentials{}: {error}", in_profile(profile.as_ref()))]
    Refused {
        /// The profile that was asked for.
        profile: Option<String>,
        /// The answer to `sts:GetCallerIdentity`.
        error: ApiError,
    },
    /// The question who the credentials belong to had no answer.
    #[error("could not ask AWS whose credentials these are: {0}")]
    Unreachable(ApiError),
    /// The settings contradict themselves.
    #[error("{0}")]
    Settings(String),
}

impl ClientError {
    /// Why nothing of the account could be read, as a gap tells it.
    pub fn to_unreadable(&self) -> Unreadable {
        let own = |code: &str| Unreadable {
            operation: String::new(),
            action: None,
            code: code.to_owned(),
            message: self.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
        };
        match self {
            Self::Refused { error, .. } | Self::Unreachable(error) => error.to_unreadable(None),
            Self::NoCredentials { .. } => own(code::NO_CREDENTIALS),
            Self::CredentialsFailed { .. } | Self::NoSuchProfile { .. } => own(code::CREDENTIALS_FAILED),
            Self::Settings(_) => own(code::INVALID_REQUEST),
        }
    }
}

fn in_profile(profile: Option<&String>) -> String {
    profile.map(|profile| format!(" in the profile `{profile}`")).unwrap_or_default()
}

fn of_role(role: Option<&String>, profile: Option<&String>) -> String {
    role.map_or_else(|| in_profile(profile), |role| format!(" of the role {role}{}", in_profile(profile)))
}

/// What would be right.
fn advice(profile: Option<&String>, message: &str) -> String {
    match profile {
        Some(profile) if message.contains("sso") || message.contains("SSO") => {
            format!("`aws sso login --profile {profile}` begins a new session")
        }
        Some(profile) => format!("look at the profile `{profile}` in ~/.aws/config and ~/.aws/credentials"),
        None => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/config with --profile or \
                 AWS_PROFILE"
                .to_owned()
        }
    }
}

fn known_profiles(known: &[String]) -> String {
    if known.is_empty() { "there are none at all".to_owned() } else { format!("there are: {}", known.join(", ")) }
}

/// An error with all its causes as one line, without what must not be shown.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    one_line(&text)
}

/// The longest message that is kept. AWS's own are far shorter; a page of HTML is not.
const LONGEST_MESSAGE: usize = 1_000;

/// Text from outside as one line without control characters, and without user names and passwords in URLs (those of a
/// proxy, for example).
pub(super) fn one_line(text: &str) -> String {
    static USER_INFO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("://[^/@\\s]+@").ok());
    let mut line = String::with_capacity(text.len().min(LONGEST_MESSAGE));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if line.len() + word.len() > LONGEST_MESSAGE {
            line.push_str(" …");
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match &*USER_INFO {
        Some(user_info) => user_info.replace_all(&line, "://").into_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, status: u16, kind: ApiErrorKind) -> ApiError {
        ApiError {
            service: "s3".into(),
            operation: "GetBucketEncryption".into(),
            region: "eu-west-1".into(),
            code: code.into(),
            message: "no".into(),
            status: Some(status),
            request_id: None,
            kind,
        }
    }

    #[test]
    fn access_denied_in_all_dialects() {
        for code in ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"] {
            assert!(error(code, 403, ApiErrorKind::Service).is_access_denied(), "{code}");
        }
        assert!(error("HTTP 403", 403, ApiErrorKind::Service).is_access_denied());
        assert!(!error("AuthFailure", 401, ApiErrorKind::Service).is_access_denied());
        assert!(!error("ExpiredToken", 403, ApiErrorKind::Service).is_access_denied());
        assert!(!error("AccessDenied", 200, ApiErrorKind::Malformed).is_access_denied());
    }

    #[test]
    fn an_unreadable_fact_names_call_and_action() {
        let unreadable =
            error("AccessDenied", 403, ApiErrorKind::Service).to_unreadable(Some("s3:GetEncryptionConfiguration"));
        assert_eq!(unreadable.operation, "s3:GetBucketEncryption");
        assert_eq!(unreadable.action.as_deref(), Some("s3:GetEncryptionConfiguration"));
        assert_eq!(unreadable.code, "AccessDenied");
    }

    #[test]
    fn messages_are_one_harmless_line() {
        assert_eq!(one_line("a\r\n  b\u{1b}[31mc\u{0}"), "a b [31mc");
        assert_eq!(one_line("proxy http://me:secret@proxy:3128 failed"), "proxy http://proxy:3128 failed");
        assert!(one_line(&"word ".repeat(1_000)).len() < LONGEST_MESSAGE + 10);
    }

    #[test]
    fn the_sentence_for_missing_credentials_says_what_to_do() {
        let error = ClientError::NoCredentials { profile: None, message: "none".into() }.to_string();
        assert!(error.contains("AWS_PROFILE") && error.contains("AWS_ACCESS_KEY_ID"), "{error}");
        let failed = |message: &str| {
            let (profile, role) = (Some("audit".to_owned()), Some("arn:aws:iam::111122223333:role/r".to_owned()));
            ClientError::CredentialsFailed { profile, role, message: message.to_owned() }.to_string()
        };
        assert_eq!(
            failed("the SSO session has expired"),
            "the AWS credentials of the role arn:aws:iam::111122223333:role/r in the profile `audit` could not be loaded: \
             the SSO session has expired; `aws sso login --profile audit` begins a new session"
        );
        assert!(failed("no").ends_with("look at the profile `audit` in ~/.aws/config and ~/.aws/credentials"));
        let error =
            ClientError::NoSuchProfile { profile: "adit".into(), known: vec!["audit".into(), "default".into()] };
        assert_eq!(
            error.to_string(),
            "there is no profile `adit` in ~/.aws/config or ~/.aws/credentials; there are: audit, default"
        );
    }
}
