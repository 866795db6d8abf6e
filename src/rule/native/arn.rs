//! Amazon Resource Names (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).

use rhai::Dynamic;

use crate::rule::run::Outcome;
use crate::rule::surface::{Surface, to_dynamic};
use crate::value::Value;

/// The six parts of an ARN.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arn<'a> {
    pub(super) partition: &'a str,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }
}

fn arn(text: &str) -> Outcome<Dynamic> {
    let Some(arn) = Arn::parse(text) else { return Ok(Dynamic::UNIT) };
    let id = arn.resource.rsplit(['/', ':']).next().unwrap_or(arn.resource);
    let parts = [
        ("partition", arn.partition),
        ("service", arn.service),
        ("region", arn.region),
        ("account", arn.account),
        ("resource", arn.resource),
        ("id", id),
    ];
    to_dynamic(&Value::object(parts.map(|(name, part)| (name, Value::from(part)))), None)
}

pub(super) fn register(surface: &mut Surface) {
    surface.function("arn", arn);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_keeps_its_colons() {
        let arn = Arn::parse("arn:aws:rds:eu-west-1:111122223333:db:orders").unwrap();
        assert_eq!((arn.region, arn.account, arn.resource), ("eu-west-1", "111122223333", "db:orders"));
        assert_eq!(Arn::parse("arn:aws:s3:::bucket/key:1").unwrap().resource, "bucket/key:1");
    }

    #[test]
    fn other_text_is_none() {
        for text in ["", "arn", "arn:aws:s3", "arn:aws:s3:::", "vol-0a1b2c3d4e5f60718"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
