//! YAML and JSON as a tree with positions. The short tags of CloudFormation (`!Ref`, `!GetAtt`, `!Sub`) become the
//! functions that they stand for, so that a template reads the same in both.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span as Marks, Tag};

use super::{Content, Lines, Member, Node, Size, Span};

/// How deep a document may be.
const MOST_DEPTH: usize = 100;

/// Why a text is not read: the line, from 1, and a sentence.
pub(crate) type Defect = (u64, String);

/// The first document of a text; nothing if there is none.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, Defect> {
    let mut options = Options::default();
    options.emit_comments = false;
    let mut builder =
        Builder { lines: Lines::new(text), open: Vec::new(), anchors: HashMap::new(), size: Size::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, marks) = event.map_err(|error| {
            let line = error.marker().line() as u64;
            let message = error.info();
            (line.max(1), message)
        })?;
        if let Some(root) = builder.take(event, &marks)? {
            return Ok(Some(root));
        }
    }
    Ok(None)
}

struct Builder<'t> {
    lines: Lines<'t>,
    open: Vec<Open>,
    /// Each with its size: an alias costs what stands there, before it is copied.
    anchors: HashMap<usize, (Node, Size)>,
    size: Size,
}

/// A list or mapping whose end has not come.
struct Open {
    start: usize,
    anchor: usize,
    tag: Option<String>,
    nodes: Vec<(Node, std::ops::Range<usize>)>,
}

impl Builder<'_> {
    /// Takes an event; gives the document when it is whole.
    fn take(&mut self, event: Event<'_>, marks: &Marks) -> Result<Option<Node>, Defect> {
        let start = marks.start.byte_offset().unwrap_or_default();
        let end = marks.end.byte_offset().unwrap_or_default();
        let line = marks.start.line() as u64;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.lines.span(&(start..end));
                let node = Node { content: scalar(text, style, tag.as_deref(), at), at };
                self.done(node, start..end, anchor, line)
            }
            Event::Alias(anchor) => {
                let not_whole = || (line, "an alias of what is not whole yet".to_owned());
                let size = self.anchors.get(&anchor).ok_or_else(not_whole)?.1;
                self.grow(size, line)?;
                let mut node = self.anchors.get(&anchor).ok_or_else(not_whole)?.0.clone();
                node.at = self.lines.span(&(start..end));
                self.done(node, start..end, 0, line)
            }
            Event::SequenceStart(_, anchor, tag) | Event::MappingStart(_, anchor, tag) => {
                if self.open.len() >= MOST_DEPTH {
                    return Err((line, format!("it is nested deeper than {MOST_DEPTH} levels")));
                }
                self.open.push(Open { start, anchor, tag: tag.as_deref().and_then(function), nodes: Vec::new() });
                Ok(None)
            }
            Event::SequenceEnd => {
                self.close(end, line, |_, nodes| Ok(Content::List(nodes.into_iter().map(|(node, _)| node).collect())))
            }
            Event::MappingEnd => self.close(end, line, members),
            _ => Ok(None),
        }
    }

    fn close(
        &mut self,
        end: usize,
        line: u64,
        make: impl FnOnce(&Lines<'_>, Vec<(Node, std::ops::Range<usize>)>) -> Result<Content, Defect>,
    ) -> Result<Option<Node>, Defect> {
        let Some(Open { start, anchor, tag, nodes }) = self.open.pop() else { return Ok(None) };
        // The end of a block is where the next thing begins; its last part tells where it ends itself.
        let end = nodes.last().map_or(end, |(_, range)| range.end.max(start));
        let content = make(&self.lines, nodes)?;
        let mut node = Node { content, at: self.lines.span(&(start..end)) };
        if let Some(function) = tag {
            node = called(function, node);
        }
        self.done(node, start..end, anchor, line)
    }

    fn done(
        &mut self,
        node: Node,
        range: std::ops::Range<usize>,
        anchor: usize,
        line: u64,
    ) -> Result<Option<Node>, Defect> {
        self.grow(Size { nodes: 1, bytes: 0 }, line)?;
        if anchor > 0 {
            // What is kept for the aliases is a copy, too.
            let size = Size::of(&node);
            self.grow(size, line)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut() {
            Some(open) => {
                open.nodes.push((node, range));
                Ok(None)
            }
            None => Ok(Some(node)),
        }
    }

    fn grow(&mut self, by: Size, line: u64) -> Result<(), Defect> {
        self.size = self.size.and(by);
        if self.size.is_too_much() { Err((line, format!("it comes to {}", Size::TOO_MUCH))) } else { Ok(()) }
    }
}

fn members(lines: &Lines<'_>, nodes: Vec<(Node, std::ops::Range<usize>)>) -> Result<Content, Defect> {
    let mut members = Vec::<Member>::with_capacity(nodes.len() / 2);
    let mut places = HashMap::<String, usize>::with_capacity(nodes.len() / 2);
    let mut nodes = nodes.into_iter();
    while let (Some((key, from)), Some((value, to))) = (nodes.next(), nodes.next()) {
        let name = match key.content {
            Content::Text(text) => text,
            Content::Integer(number) => number.to_string(),
            Content::Number(number) => number.to_string(),
            Content::Boolean(truth) => truth.to_string(),
            Content::Null => "null".to_owned(),
            _ => return Err((key.at.line, "a key is a text".to_owned())),
        };
        if name == "<<" {
            // What is merged in counts less than what stands there.
            let merged: Vec<Member> = match value.content {
                Content::Map(inner) => inner,
                Content::List(maps) => maps.into_iter().flat_map(|map| map.members().to_vec()).collect(),
                _ => Vec::new(),
            };
            for member in merged {
                if !places.contains_key(&member.name) {
                    places.insert(member.name.clone(), members.len());
                    members.push(member);
                }
            }
            continue;
        }
        let at = lines.span(&(from.start..to.end.max(from.end)));
        let member = Member { name, at, value };
        if let Some(other) = places.get(&member.name).and_then(|place| members.get_mut(*place)) {
            *other = member;
        } else {
            places.insert(member.name.clone(), members.len());
            members.push(member);
        }
    }
    Ok(Content::Map(members))
}

/// `!Ref` → `Ref`, `!Sub` → `Fn::Sub`.
fn function(tag: &Tag) -> Option<String> {
    if tag.handle() != "!" {
        return None;
    }
    Some(match tag.suffix() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

fn called(function: String, value: Node) -> Node {
    let at = value.at;
    // The short form of `Fn::GetAtt` is one text.
    let value = match (&*function, value.text().and_then(|text| text.split_once('.'))) {
        ("Fn::GetAtt", Some((resource, attribute))) => {
            let text = |text: &str| Node { content: Content::Text(text.to_owned()), at };
            Node { content: Content::List(vec![text(resource), text(attribute)]), at }
        }
        _ => value,
    };
    Node { content: Content::Map(vec![Member { name: function, at, value }]), at }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, at: Span) -> Content {
    if let Some(function) = tag.and_then(function) {
        return called(function, Node { content: Content::Text(text.into_owned()), at }).content;
    }
    let is_text = tag.is_some_and(|tag| tag.suffix() == "str");
    if style == ScalarStyle::Plain && !is_text { plain(text) } else { Content::Text(text.into_owned()) }
}

/// What an unquoted text means by YAML's core schema, and `yes` and `no` as CloudFormation's older one has them.
fn plain(text: Cow<'_, str>) -> Content {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return Content::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Content::Boolean(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Content::Boolean(false),
        _ => {}
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
        && text.bytes().any(|byte| byte.is_ascii_digit());
    if is_number {
        // An account id with a leading zero is a text to whoever wrote it.
        let digits = text.trim_start_matches(['-', '+']);
        let has_leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if let (Ok(number), false) = (text.parse(), has_leading_zero) {
            return Content::Integer(number);
        }
        if let (Ok(number), false) = (text.parse::<f64>(), has_leading_zero) {
            return Content::Number(number);
        }
    }
    Content::Text(text.into_owned())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn aliases_cost_what_stands_there() {
        let long = "x".repeat(1 << 20);
        let many = |count: usize| format!("a: &a {long}\nb: [{}]\n", vec!["*a"; count].join(", "));
        assert!(parse(&many(10)).is_ok());
        let (line, message) = parse(&many(100)).unwrap_err();
        assert_eq!((line, message.as_str()), (2, "it comes to more than 1000000 nodes or 64 MiB of text"));
        // Anchors within anchors are kept once each.
        let mut nested = format!("{long}\n");
        for level in 0..90 {
            nested = format!("&l{level} [{}]", nested.trim());
        }
        assert!(parse(&nested).is_err());
    }

    #[test]
    fn the_last_of_many_members_of_one_name_counts() {
        let mut text = String::new();
        for at in 0..50_000 {
            writeln!(text, "k{}: {at}", at % 40_000).unwrap();
        }
        let root = parse(&text).unwrap().unwrap();
        assert_eq!(root.members().len(), 40_000);
        assert_eq!(root.get("k9999").map(|node| &node.content), Some(&Content::Integer(49_999)));
        assert_eq!(root.members().get(1).map(|member| member.name.as_str()), Some("k1"), "in their order");
    }
}
