//! Which lists are sequences. Most lists of AWS are sets: the order in which an answer happens to come means nothing,
//! and it does change between two calls.
//!
//! A list that is missing from `SEQUENCES` costs a change that goes unseen (two steps that swapped places); one that
//! stands there wrongly costs a change that is none. So the table holds those whose order AWS documents to mean
//! something, and nothing that carries its own order as a number: network ACL entries, listener and WAF rules, ECR
//! lifecycle rules have a priority, and are sets.

/// Whether the order of a list means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It does not.
    Set,
    /// It does.
    Sequence,
}

/// In whose language a value is written, which decides how its lists are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    /// AWS's answers: lists by name.
    Item,
    /// A policy document: every list is a set.
    Policy,
    /// A text of somebody's own that AWS gives back as it was written: its lists stay in order.
    Text,
}

/// Where in an item a value stands, as far as it decides how lists are read.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    resource_type: &'a str,
    /// The nearest member above that names what the list is of.
    name: &'a str,
    /// Whether the value is an element of a list.
    element: bool,
    language: Language,
}

/// Lists whose order means something: the beginning of the types that have them, and the member's name in any case.
const SEQUENCES: &[(&str, &str)] = &[
    // The words of a command line, and lines that run one behind the other.
    ("", "command"),
    ("", "commands"),
    ("", "entryPoint"),
    ("", "runCommand"),
    ("AWS::Batch::", "args"),
    ("AWS::SageMaker::", "containerArguments"),
    ("AWS::SageMaker::", "containerEntrypoint"),
    // Steps, one behind the other.
    ("", "bootstrapActions"),
    ("", "mainSteps"),
    ("", "processors"),
    ("", "steps"),
    ("AWS::AppSync::", "functions"),
    ("AWS::CodePipeline::", "stages"),
    ("AWS::SES::", "rules"),
    ("AWS::SES::", "actions"),
    // A later layer covers an earlier one.
    ("AWS::Lambda::", "layers"),
    ("AWS::SageMaker::", "containers"),
    // The first that matches is taken.
    ("AWS::CloudFront::", "cacheBehaviors"),
    ("AWS::Glue::", "classifiers"),
    ("AWS::S3::", "corsRules"),
    ("AWS::S3::", "routingRules"),
    // The first is preferred to the second.
    ("AWS::AutoScaling::", "overrides"),
    ("AWS::AutoScaling::", "terminationPolicies"),
    ("AWS::CloudFront::", "members"),
    ("AWS::EC2::DHCPOptions", "values"),
    ("AWS::ECS::", "dnsSearchDomains"),
    ("AWS::ECS::", "dnsServers"),
    ("AWS::ECS::", "placementStrategies"),
    ("AWS::ECS::", "placementStrategy"),
    // Columns have places.
    ("AWS::Glue::", "columns"),
    ("AWS::Glue::", "partitionKeys"),
];

/// Members that hold the elements of the member above them and say nothing of what they are.
const WRAPPERS: [&str; 3] = ["items", "member", "entry"];

impl<'a> Context<'a> {
    /// The root of an item's section.
    pub fn of(resource_type: &'a str) -> Self {
        Self { resource_type, name: "", element: false, language: Language::Item }
    }

    /// Inside of a policy document.
    pub(super) fn policy() -> Self {
        Self { resource_type: "", name: "", element: false, language: Language::Policy }
    }

    /// Inside of a text that holds JSON.
    pub(super) fn text() -> Self {
        Self { resource_type: "", name: "", element: false, language: Language::Text }
    }

    /// At a member of the value.
    #[must_use]
    pub fn member<'b>(&self, name: &'b str) -> Context<'b>
    where
        'a: 'b,
    {
        let wraps = WRAPPERS.iter().any(|wrapper| wrapper.eq_ignore_ascii_case(name));
        Context { name: if wraps { self.name } else { name }, element: false, ..*self }
    }

    /// At an element of the value.
    #[must_use]
    pub fn element(&self) -> Self {
        Self { element: true, ..*self }
    }

    /// The name of the list, as its owner spells it. Empty at the root.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Whether texts and objects here may be documents in a language of their own.
    pub(super) fn may_hold_documents(&self) -> bool {
        self.language == Language::Item
    }

    /// How a list at this place is read. A list within a list is a tuple.
    pub fn order(&self) -> Order {
        let is_sequence = match self.language {
            Language::Policy => false,
            Language::Text => true,
            Language::Item => {
                self.element
                    || SEQUENCES.iter().any(|(types, name)| {
                        name.eq_ignore_ascii_case(self.name) && self.resource_type.starts_with(types)
                    })
            }
        };
        if is_sequence { Order::Sequence } else { Order::Set }
    }
}
