//! The charts of the summary: bars of Trusted Advisor's colours, each with its figures as text beside it.

use std::fmt::Write as _;

use super::text::escape;
use crate::report::finding::Light;

/// How many there are of each colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lights([usize; 4]);

impl Lights {
    const ALL: [Light; 4] = [Light::Red, Light::Yellow, Light::Green, Light::Grey];

    pub(super) fn add(&mut self, light: Light, count: usize) {
        if let Some(sum) = self.0.get_mut(light as usize) {
            *sum += count;
        }
    }

    pub(super) fn of(self, light: Light) -> usize {
        self.0.get(light as usize).copied().unwrap_or(0)
    }

    /// Those that call for something to be done.
    pub(super) fn open(self) -> usize {
        self.of(Light::Red) + self.of(Light::Yellow)
    }

    fn sum(self) -> usize {
        self.0.iter().sum()
    }
}

/// A bar with a name and a figure at its end.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) lights: Lights,
    pub(super) figure: String,
}

/// Bars below each other. Their length is the share in the longest, or, where each is a whole, the bar is full.
pub(super) fn bars(out: &mut String, bars: &[Bar], each_is_whole: bool) {
    let longest = bars.iter().map(|bar| bar.lights.sum()).max().unwrap_or(0).max(1);
    out.push_str("<dl class=bars>");
    for bar in bars {
        let whole = if each_is_whole { bar.lights.sum().max(1) } else { longest };
        _ = write!(out, "<dt>{}</dt><dd>", escape(&bar.name));
        // The figures stand beside it: the bar itself is for the eye.
        out.push_str("<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=none aria-hidden=true>");
        let mut from = 0;
        for light in Lights::ALL {
            let count = bar.lights.of(light);
            let until = from + count;
            let (start, end) = (share(from, whole), share(until, whole));
            if count > 0 {
                // What is there can be seen, however small its share.
                let width = (end - start).max(4);
                _ = write!(out, "<rect class={} x={start} width={width} height=10 />", light.as_str());
            }
            from = until;
        }
        _ = write!(out, "</svg></dd><dd class=n>{}</dd>", escape(&bar.figure));
    }
    out.push_str("</dl>");
}

/// In thousandths.
fn share(part: usize, whole: usize) -> usize {
    part.saturating_mul(1_000) / whole
}
