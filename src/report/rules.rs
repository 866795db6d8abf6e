//! What there is to know of rules, for programs: the JSON of `assize rules list`.
//!
//! Within version 1 members are added and never renamed, removed or given another meaning. `docs/rules.schema.json` is the
//! schema. Every member is always there; what does not apply is `null`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use crate::evaluation::{RuleError, Severity};
use crate::rule::fix::Snippet;
use crate::rule::set::Chosen;
use crate::rule::{Category, Level, Maturity, Parameter, ParameterType, PartRead, Trigger};
use crate::value::Value;

/// The value of `format`, by which a file says what it is.
pub const FORMAT: &str = "assize-rules";

/// The version that is written.
pub const VERSION: u32 = 1;

/// What a rule does not say of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The IAM actions that collecting for the rule takes, with the parameters that it has; `None` if it reads a type or a
    /// part that is not known.
    pub permissions: Option<BTreeSet<String>>,
    /// The further actions that it takes when a parameter is set, by the parameter.
    pub permissions_with: BTreeMap<String, BTreeSet<String>>,
    /// The packs that ask for it, with the controls for which they do.
    pub packs: BTreeMap<String, BTreeSet<String>>,
}

/// Writes the rules as indented JSON with an end of line.
///
/// # Errors
/// What the writer says.
pub fn write(rules: &[(&Chosen, Beside)], errors: &[RuleError], mut out: impl Write) -> io::Result<()> {
    let file = RulesV1 {
        format: FORMAT,
        version: VERSION,
        assize_version: env!("CARGO_PKG_VERSION"),
        rules: rules.iter().map(|(chosen, beside)| RuleV1::new(chosen, beside)).collect(),
        rule_errors: errors.iter().map(|error| ErrorV1 { rule: &error.rule, message: &error.message }).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &file)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RulesV1<'r> {
    format: &'static str,
    version: u32,
    assize_version: &'static str,
    rules: Vec<RuleV1<'r>>,
    rule_errors: Vec<ErrorV1<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleV1<'r> {
    id: &'r str,
    title: &'r str,
    service: &'r str,
    severity: Severity,
    /// What the rule itself says.
    default_severity: Severity,
    category: Category,
    maturity: Maturity,
    trigger: Trigger,
    level: Option<Level>,
    resource_types: Vec<&'r str>,
    reads: BTreeMap<&'r str, Vec<ReadV1<'r>>>,
    description: &'r str,
    risk: &'r str,
    remediation: &'r str,
    fix: FixV1<'r>,
    parameters: BTreeMap<&'r str, ParameterV1<'r>>,
    aliases: &'r [String],
    references: &'r [String],
    permissions: Option<&'r BTreeSet<String>>,
    permissions_with: &'r BTreeMap<String, BTreeSet<String>>,
    packs: Vec<PackV1<'r>>,
}

/// Templates: `{{awsRegion}}` and its like stand for facts of a finding.
#[derive(Serialize)]
struct FixV1<'r> {
    cli: Option<&'r str>,
    terraform: Option<&'r str>,
}

#[derive(Serialize)]
struct ReadV1<'r> {
    part: &'r str,
    /// The part is read only when this one is set.
    parameter: Option<&'r str>,
}

#[derive(Serialize)]
struct ParameterV1<'r> {
    r#type: ParameterType,
    description: &'r str,
    default: Option<&'r Value>,
    required: bool,
    allowed: &'r [Value],
    minimum: Option<f64>,
    maximum: Option<f64>,
    /// With which the rule runs.
    value: Option<&'r Value>,
}

#[derive(Serialize)]
struct PackV1<'r> {
    name: &'r str,
    controls: &'r BTreeSet<String>,
}

#[derive(Serialize)]
struct ErrorV1<'r> {
    rule: &'r str,
    message: &'r str,
}

impl<'r> RuleV1<'r> {
    fn new(chosen: &'r Chosen, beside: &'r Beside) -> Self {
        let rule = &chosen.rule;
        let parameter = |name: &str, parameter: &'r Parameter| ParameterV1 {
            r#type: parameter.kind,
            description: parameter.description.trim_end(),
            default: parameter.default.as_ref(),
            required: parameter.required,
            allowed: &parameter.allowed,
            minimum: parameter.minimum,
            maximum: parameter.maximum,
            value: chosen.parameters.get(name).filter(|value| **value != Value::Null),
        };
        Self {
            id: chosen.id(),
            title: &rule.title,
            service: &rule.service,
            severity: chosen.severity(),
            default_severity: rule.severity,
            category: rule.category,
            maturity: rule.maturity,
            trigger: rule.trigger,
            level: rule.level,
            resource_types: rule.resource_types.iter().map(AsRef::as_ref).collect(),
            reads: rule
                .reads
                .iter()
                .map(|(resource_type, parts)| {
                    let read = |read: &'r PartRead| ReadV1 { part: &read.part, parameter: read.parameter.as_deref() };
                    (resource_type.as_ref(), parts.iter().map(read).collect())
                })
                .collect(),
            description: &rule.description,
            risk: &rule.risk,
            remediation: &rule.remediation,
            fix: FixV1 {
                cli: rule.fix.cli.as_ref().map(Snippet::text),
                terraform: rule.fix.terraform.as_ref().map(Snippet::text),
            },
            parameters: rule.parameters.iter().map(|(name, one)| (name.as_str(), parameter(name, one))).collect(),
            aliases: &rule.aliases,
            references: &rule.references,
            permissions: beside.permissions.as_ref(),
            permissions_with: &beside.permissions_with,
            packs: beside.packs.iter().map(|(name, controls)| PackV1 { name, controls }).collect(),
        }
    }
}
