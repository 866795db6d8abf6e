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
        let style = match pack.compliance() {
            ComplianceType::NonCompliant => severity_style(Severity::High),
            ComplianceType::Compliant => GOOD,
            _ => GAP,
        };
        let score = score(pack).map_or_else(String::new, |score| format!(", {score}"));
        writeln!(
            out,
            "{} {}: {}{score}",
            styled(color, BOLD, "pack"),
            styled(color, BOLD, harmless(&pack.pack)),
            styled(color, style, compliance(pack)),
        )?;
        writeln!(out, "  {}", styled(color, DIM, sums(pack)))?;
    }
    if !packs.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// What it comes to, in a word or three.
pub(super) fn compliance(pack: &Standing) -> &'static str {
    match pack.compliance() {
        ComplianceType::NonCompliant => "non-compliant",
        ComplianceType::Compliant => "compliant",
        _ => "cannot be judged",
    }
}

/// AWS Config's score in a sentence; nothing if nothing was judged.
pub(super) fn score(pack: &Standing) -> Option<String> {
    let (compliant, all) = pack.score();
    Some(format!("{:.1} % ({compliant} of {all} pairs of rule and resource comply)", pack.percent()?))
}

/// How its rules ended: `3 rules: 1 non-compliant, 2 not implemented`. The figures add up to the first.
pub(super) fn sums(pack: &Standing) -> String {
    let ends = End::ALL.into_iter().filter(|end| pack.count(*end) > 0);
    let sums: Vec<String> = ends.map(|end| format!("{} {}", pack.count(end), end.words())).collect();
    format!("{}: {}", counted(pack.rules.len(), "rule"), sums.join(", "))
}
