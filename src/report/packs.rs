//! How conformance packs stand, for a terminal.

use std::io::{self, Write};

use super::harmless;
use super::style::{BOLD, DIM, GAP, GOOD, severity_style, styled};
use super::terminal::counted;
use crate::evaluation::{ComplianceType, Severity};
use crate::pack::standing::{End, Standing};

/// Writes a line or two for each pack: what it comes to, and how its rules ended. They add up to all of its rules.
pub(super) fn write(packs: &[Standing], color: bool, out: &mut dyn Write) -> io::Result<()> {
    for pack in packs {
        let (word, style) = match pack.compliance() {
            ComplianceType::NonCompliant => ("non-compliant", severity_style(Severity::High)),
            ComplianceType::Compliant => ("compliant", GOOD),
            _ => ("cannot be judged", GAP),
        };
        let score = pack.percent().map_or_else(String::new, |percent| {
            let (compliant, all) = pack.score();
            format!(", {percent:.1} % ({compliant} of {all} pairs of rule and resource comply)")
        });
        writeln!(
            out,
            "{} {}: {}{score}",
            styled(color, BOLD, "pack"),
            styled(color, BOLD, harmless(&pack.pack)),
            styled(color, style, word),
        )?;
        let sums: Vec<String> = End::ALL
            .into_iter()
            .filter(|end| pack.count(*end) > 0)
            .map(|end| format!("{} {}", pack.count(end), end.words()))
            .collect();
        writeln!(
            out,
            "  {}",
            styled(color, DIM, format!("{}: {}", counted(pack.rules.len(), "rule"), sums.join(", ")))
        )?;
    }
    if !packs.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}
