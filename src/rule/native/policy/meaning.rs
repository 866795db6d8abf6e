//! What a statement amounts to: whom it lets do what, and whether it is public.
//!
//! What "public" means is S3's definition (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>,
//! "The meaning of public"): a policy is public unless each statement that allows something allows it to fixed values
//! only, of the principal or of a condition. Other services' policies are judged in the same way.

use std::collections::BTreeSet;

use compact_str::CompactString;
use ipnet::IpNet;

use super::grammar::{Condition, Principal, Statement};
use crate::rule::native::arn::Arn;
use crate::rule::native::network::{is_private, net};
use crate::rule::native::text::{matches_glob, matches_glob_in_any_case};

impl Statement {
    /// Whether the statement speaks of this action.
    pub(super) fn matches_action(&self, action: &str) -> bool {
        match &self.not_actions {
            Some(not) => !not.iter().any(|pattern| action_matches(pattern, action)),
            None => self.actions.iter().any(|pattern| action_matches(pattern, action)),
        }
    }

    /// Whether the statement speaks of this resource. A statement of a policy that names none, such as a role's trust
    /// policy, speaks of the resource it is attached to.
    pub(super) fn matches_resource(&self, resource: &str) -> bool {
        match &self.not_resources {
            Some(not) => !not.iter().any(|pattern| resource_matches(pattern, resource)),
            None => {
                self.resources.is_empty() || self.resources.iter().any(|pattern| resource_matches(pattern, resource))
            }
        }
    }

    /// Whether it speaks of every principal there is.
    pub(super) fn is_for_anyone(&self) -> bool {
        self.not_principals.is_some() || self.principals.iter().any(Principal::is_anyone)
    }

    /// Whether one of its principals is of this kind and has a name that is as the pattern says.
    pub(super) fn names_principal(&self, kind: &str, pattern: &str) -> bool {
        self.principals.iter().any(|principal| principal.kind == kind && matches_glob(pattern, &principal.value))
    }

    /// Whether a condition lets through requests only that have fixed values of this key; of `aws:SourceIp`, narrow ranges.
    pub(super) fn fixes(&self, key: &str) -> bool {
        self.conditions.iter().any(|condition| {
            let is_of_values = condition.asks_for_values() && condition.values.iter().all(|value| is_fixed(value));
            condition.key.eq_ignore_ascii_case(key) && (is_of_values || condition.fixes_the_network())
        })
    }

    /// Whether it allows something to principals that are not fixed, with no condition that fixes them.
    pub(super) fn is_public(&self) -> bool {
        self.allow
            && (self.not_principals.is_some() || !self.principals.iter().all(Principal::is_fixed))
            && !self.conditions.iter().any(Condition::fixes_the_caller)
    }

    /// Whether it allows every action on every resource. As with AWS's own rule, conditions do not make it less.
    pub(super) fn is_admin(&self) -> bool {
        self.allow
            && self.actions.iter().any(|action| is_every_action(action))
            && self.resources.iter().any(|resource| is_stars(resource))
    }

    /// The services of which it allows every action; `*` for all of them. A `NotAction` that has no pattern for every
    /// service leaves some whole, of which nobody can make a list: `*` as well.
    pub(super) fn full_access(&self) -> BTreeSet<String> {
        if !self.allow {
            return BTreeSet::new();
        }
        let spares_some = |not: &Vec<CompactString>| !not.iter().any(|pattern| names_every_service(pattern));
        let all = self.not_actions.as_ref().is_some_and(spares_some).then(|| "*".to_owned());
        let named = self.actions.iter().filter_map(|action| {
            if is_every_action(action) {
                return Some("*".to_owned());
            }
            let (service, names) = action.split_once(':')?;
            is_stars(names).then(|| service.to_lowercase())
        });
        named.chain(all).collect()
    }

    /// Whether it refuses every action of a service to everyone who comes without TLS, and asks nothing else.
    pub(super) fn refuses_without_tls(&self, service: &str) -> bool {
        let [condition] = self.conditions.as_slice() else { return false };
        let [secure] = condition.values.as_slice() else { return false };
        !self.allow
            && self.is_for_anyone()
            // NotPrincipal leaves somebody out.
            && self.not_principals.is_none()
            && ["Bool", "BoolIfExists"].iter().any(|operator| condition.operator.eq_ignore_ascii_case(operator))
            && condition.key.eq_ignore_ascii_case("aws:SecureTransport")
            && secure.eq_ignore_ascii_case("false")
            && self.actions.iter().any(|action| is_every_action_of(service, action))
    }

    /// The accounts of its principals; `*` for everyone.
    pub(super) fn accounts(&self) -> BTreeSet<&str> {
        self.principals
            .iter()
            .filter_map(|principal| if principal.is_anyone() { Some("*") } else { principal.account() })
            .collect()
    }

    pub(super) fn condition(&self, operator: &str, key: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| {
            condition.operator.eq_ignore_ascii_case(operator) && condition.key.eq_ignore_ascii_case(key)
        })
    }
}

impl Principal {
    fn is_anyone(&self) -> bool {
        is_stars(&self.value)
    }

    /// Whether it names whom it means: no wildcard, no variable. Users of a web identity provider (`Federated`, with a
    /// host's name) can be anyone; a provider that stands in an account has an ARN.
    fn is_fixed(&self) -> bool {
        is_fixed(&self.value) && (self.kind != "Federated" || self.value.starts_with("arn:"))
    }

    /// The account of an `AWS` principal.
    pub(super) fn account(&self) -> Option<&str> {
        if self.kind != "AWS" {
            return None;
        }
        let account = Arn::parse(&self.value).map_or(self.value.as_str(), |arn| arn.account);
        (account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit())).then_some(account)
    }
}

/// The condition keys that tell who is calling or for whom, in small letters. S3's list, with the keys of the same
/// meaning that other services have.
const CALLER_KEYS: [&str; 17] = [
    "aws:principalorgid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalservicename",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "lambda:eventsourcetoken",
];

impl Condition {
    /// The operator in small letters, without the word for keys that have several values.
    fn plain_operator(&self) -> CompactString {
        let operator = self.operator.to_ascii_lowercase();
        operator.strip_prefix("foranyvalue:").map_or_else(|| operator.clone(), CompactString::from)
    }

    /// Whether a request has to have the key, with one of the values. What ends in `IfExists`, and `ForAllValues`, a
    /// request without the key fulfils too.
    fn asks_for_values(&self) -> bool {
        let operators = ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];
        !self.values.is_empty() && operators.contains(&self.plain_operator().as_str())
    }

    /// Whether it lets through narrow ranges of addresses only.
    fn fixes_the_network(&self) -> bool {
        self.key.eq_ignore_ascii_case("aws:SourceIp")
            && self.plain_operator() == "ipaddress"
            && !self.values.is_empty()
            && self.values.iter().all(|cidr| is_narrow(cidr))
    }

    /// Whether it lets through fixed callers only.
    fn fixes_the_caller(&self) -> bool {
        let key = self.key.to_ascii_lowercase();
        if self.fixes_the_network() {
            return true;
        }
        self.asks_for_values()
            && self.values.iter().all(|value| match key.as_str() {
                // The name of the access point may be open as long as its account is not.
                "s3:dataaccesspointarn" => {
                    Arn::parse(value).is_some_and(|arn| !arn.account.is_empty() && is_fixed(arn.account))
                }
                // Paths below a fixed organization: o-a1b2c3d4e5/r-ab12/*.
                "aws:principalorgpaths" | "aws:sourceorgpaths" => value
                    .split('/')
                    .next()
                    .is_some_and(|organization| organization.starts_with("o-") && is_fixed(organization)),
                key => CALLER_KEYS.contains(&key) && is_fixed(value),
            })
    }
}

/// Whether a range of addresses is narrow enough not to be the public: S3 draws the line at /8, and /32 for IPv6, and
/// leaves out private ranges.
fn is_narrow(cidr: &str) -> bool {
    let Ok(range) = net(cidr) else { return false };
    let least = match range {
        IpNet::V4(_) => 8,
        IpNet::V6(_) => 32,
    };
    range.prefix_len() >= least || is_private(&range)
}

/// No wildcard and no policy variable.
fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${")
}

fn is_stars(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

fn is_every_action(pattern: &str) -> bool {
    is_stars(pattern) || pattern.split_once(':').is_some_and(|(service, name)| is_stars(service) && is_stars(name))
}

/// Whether there are actions of every service among those that a pattern names: `*`, `*:Delete*`.
fn names_every_service(pattern: &str) -> bool {
    is_stars(pattern.split_once(':').map_or(pattern, |(service, _)| service))
}

fn is_every_action_of(service: &str, pattern: &str) -> bool {
    is_every_action(pattern)
        || pattern.split_once(':').is_some_and(|(name, all)| name.eq_ignore_ascii_case(service) && is_stars(all))
}

/// Whether an action is one of those a pattern names. Letter case does not matter in actions.
pub(super) fn action_matches(pattern: &str, action: &str) -> bool {
    matches_glob_in_any_case(pattern, action)
}

/// Whether a resource is one of those a pattern names. A policy variable in the pattern may stand for anything.
fn resource_matches(pattern: &str, resource: &str) -> bool {
    if !pattern.contains("${") {
        return matches_glob(pattern, resource);
    }
    let mut open = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        open.push_str(before);
        open.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    open.push_str(rest);
    matches_glob(&open, resource)
}
