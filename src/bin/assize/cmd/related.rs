//! `assize related`: what a change of a resource may touch.

use assize::collect::Needs;
use assize::related;
use assize::report::related::{write_json, write_tree};

use super::{looked_at, only};
use crate::cli::{self, TextOrJson};
use crate::exit;
use crate::failure::Failure;
use crate::output::{self, Colors};

pub(crate) fn run(mut flags: cli::Related, colors: Colors) -> Result<u8, Failure> {
    // Which types are related is not known before they are read.
    let snapshot = looked_at::snapshot(&mut flags.looked_at, Needs::everything)?;
    let (name, resource_type) = (&flags.resource, flags.resource_type.as_deref());
    let none = |what: &str| {
        Failure::new(format!("there is no {what}")).help("assize query \"SELECT resourceId, arn\" lists what there is")
    };
    let root = only(related::find(&snapshot, name), name, resource_type, |item| &item.key, none)?;
    let depth = Some(flags.depth).filter(|depth| *depth > 0);
    let related = related::walk(&snapshot, root, depth);
    let layout = output::layout(0, colors);
    output::stdout(colors, flags.format == TextOrJson::Json, |out| match flags.format {
        TextOrJson::Terminal => write_tree(&related, &layout, out),
        TextOrJson::Json => write_json(&related, &snapshot.about().captured_at, out),
    })?;
    Ok(if related.is_complete() { exit::CLEAN } else { exit::INCOMPLETE })
}
