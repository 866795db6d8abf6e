//! What the transform of SAM makes of a template: which types its own become, and what its globals put into them.

use super::template::{Resource, is_function};
use crate::tree::{Content, Member, Node, Size};

/// What transforms a template of SAM.
pub(super) const SAM: &str = "AWS::Serverless-2016-10-31";

/// What SAM makes of its own types, beside the same logical id: the suffix of that, and the type. The properties of a
/// function, a table or a topic's policy have the names that CloudFormation gives them.
const EXPANDED: &[(&str, &str, &str)] = &[
    ("AWS::Serverless::Api", "", "AWS::ApiGateway::RestApi"),
    ("AWS::Serverless::Function", "", "AWS::Lambda::Function"),
    ("AWS::Serverless::Function", "Role", "AWS::IAM::Role"),
    ("AWS::Serverless::HttpApi", "", "AWS::ApiGatewayV2::Api"),
    ("AWS::Serverless::LayerVersion", "", "AWS::Lambda::LayerVersion"),
    ("AWS::Serverless::SimpleTable", "", "AWS::DynamoDB::Table"),
    ("AWS::Serverless::StateMachine", "", "AWS::StepFunctions::StateMachine"),
    ("AWS::Serverless::StateMachine", "Role", "AWS::IAM::Role"),
];

/// Whether a template is one of SAM.
pub(super) fn is_sam(root: &Node) -> bool {
    root.get("Transform").is_some_and(|transform| transform.holds(SAM))
}

/// The types that a resource of SAM becomes, with the logical id of each.
pub(super) fn becomes(resource: Resource<'_>) -> Vec<(String, &str)> {
    let expanded = EXPANDED.iter().filter(|(kind, ..)| *kind == resource.kind);
    expanded.map(|(_, suffix, made)| (format!("{}{suffix}", resource.id), *made)).collect()
}

/// Puts the properties of `Globals` into each resource of their kind: mappings are merged, lists come first, and of anything
/// else what the resource says counts. Nothing is put in if all of it would be more than a template is made of.
///
/// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>)
pub(super) fn put_globals_in(root: &mut Node) -> Result<(), String> {
    let Some(globals) = root.get("Globals").cloned() else { return Ok(()) };
    let Some(resources) = member_mut(root, "Resources") else { return Ok(()) };
    let Content::Map(resources) = &mut resources.value.content else { return Ok(()) };
    let mut size = Size::default();
    for section in globals.members() {
        let kind = format!("AWS::Serverless::{}", section.name);
        let of_section = Size::of(&section.value);
        for resource in resources.iter_mut().filter(|one| one.value.get("Type").and_then(Node::text) == Some(&*kind)) {
            size = size.and(of_section);
            if size.is_too_much() {
                return Err(format!("its globals come to {}", Size::TOO_MUCH));
            }
            let Content::Map(members) = &mut resource.value.content else { continue };
            match members.iter_mut().find(|member| member.name == "Properties") {
                Some(properties) => properties.value = merged(&section.value, &properties.value),
                None => {
                    members.push(Member {
                        name: "Properties".to_owned(),
                        at: resource.at,
                        value: section.value.clone(),
                    });
                }
            }
        }
    }
    Ok(())
}

fn merged(global: &Node, own: &Node) -> Node {
    let content = match (&global.content, &own.content) {
        (Content::Map(theirs), Content::Map(ours)) if !is_call(theirs) && !is_call(ours) => {
            let mut both = ours.clone();
            for member in theirs {
                match both.iter_mut().find(|one| one.name == member.name) {
                    Some(one) => one.value = merged(&member.value, &one.value),
                    None => both.push(member.clone()),
                }
            }
            Content::Map(both)
        }
        (Content::List(theirs), Content::List(ours)) => Content::List(theirs.iter().chain(ours).cloned().collect()),
        _ => return own.clone(),
    };
    Node { content, at: own.at }
}

/// Whether a mapping is a function of CloudFormation.
fn is_call(members: &[Member]) -> bool {
    matches!(members, [member] if member.name == "Ref" || is_function(member))
}

fn member_mut<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Member> {
    match &mut node.content {
        Content::Map(members) => members.iter_mut().find(|member| member.name == name),
        _ => None,
    }
}
