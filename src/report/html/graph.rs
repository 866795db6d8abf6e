//! The picture of a resource among those that it is related to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::text::escape;
use crate::evaluation::Evaluation;
use crate::item::ResourceKey;
use crate::report::finding::Light;
use crate::report::terminal::{counted, cut};
use crate::report::{Neighbour, harmless};

/// So many neighbours are drawn: more could not be read. The others are counted.
const MOST: usize = 10;

/// Sizes in the picture's own units.
const WIDTH: usize = 720;
const BOX: usize = 270;
const HEIGHT: usize = 40;
const STEP: usize = 52;

/// The columns of a box's text.
const COLUMNS: usize = 34;

/// Draws a resource and its neighbours. `worst` tells the colour of what is found on a resource.
pub(super) fn draw(
    out: &mut String,
    finding: &Evaluation,
    neighbours: &[Neighbour],
    worst: &BTreeMap<&ResourceKey, Light>,
) {
    let key = &finding.resource;
    let shown = neighbours.get(..MOST.min(neighbours.len())).unwrap_or_default();
    let height = shown.len() * STEP;
    let middle = height / 2;
    let name = finding.resource_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&key.resource_id);
    let what = format!("{} and {}", harmless(name), counted(neighbours.len(), "related resource"));
    _ = write!(
        out,
        "<figure class=picture><svg viewBox=\"0 0 {WIDTH} {height}\" role=img aria-label=\"{}\">",
        escape(&what)
    );
    let right = WIDTH - BOX;
    for at in 0..shown.len() {
        let y = at * STEP + STEP / 2;
        let (from, to) = (BOX + 70, right - 70);
        _ = write!(out, "<path d=\"M{BOX} {middle}C{from} {middle} {to} {y} {right} {y}\"/>");
    }
    node(out, 0, middle, &key.resource_type, name, worst.get(key).copied());
    for (at, neighbour) in shown.iter().enumerate() {
        let y = at * STEP + STEP / 2;
        let light = neighbour.key.as_ref().and_then(|key| worst.get(key)).copied();
        let kind = format!("{}: {}", neighbour.relationship.trim(), neighbour.resource_type);
        node(out, right, y, &kind, &neighbour.name, light);
    }
    out.push_str("</svg>");
    if neighbours.len() > shown.len() {
        _ = write!(out, "<figcaption>and {} more</figcaption>", neighbours.len() - shown.len());
    }
    out.push_str("</figure>");
}

/// A box with two lines of text, and a stripe where something was found on the resource.
fn node(out: &mut String, x: usize, middle: usize, kind: &str, name: &str, light: Option<Light>) {
    let y = middle - HEIGHT / 2;
    _ = write!(out, "<rect x={x} y={y} width={BOX} height={HEIGHT} rx=6 />");
    if let Some(light) = light {
        _ = write!(out, "<rect class=\"mark {}\" x={x} y={y} width=5 height={HEIGHT} rx=2 />", light.as_str());
    }
    let (text, first, second) = (x + 14, y + 15, y + 31);
    let (kind, name) = (cut(&harmless(kind), COLUMNS + 6), cut(&harmless(name), COLUMNS));
    _ = write!(out, "<text class=kind x={text} y={first}>{}</text>", escape(&kind));
    _ = write!(out, "<text x={text} y={second}>{}</text>", escape(&name));
}
