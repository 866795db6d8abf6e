//! `assize related`: what a change of a resource may touch.

use std::sync::Arc;

use assize::collect::Needs;
use assize::item::ConfigurationItem;
use assize::related;
use assize::report::related::{write_json, write_tree};
use assize::report::terminal::counted;
use assize::snapshot::Snapshot;

use super::looked_at;
use crate::cli::{self, TextOrJson};
use crate::exit;
use crate::failure::Failure;
use crate::output::{self, Colors};

/// So many resources of one name are listed; the others are counted.
const LISTED: usize = 20;

pub(crate) fn run(mut flags: cli::Related, colors: Colors) -> Result<u8, Failure> {
    // Which types are related is not known before they are read.
    let snapshot = looked_at::snapshot(&mut flags.looked_at, Needs::everything)?;
    let root = find(&snapshot, &flags.resource, flags.resource_type.as_deref())?;
    let depth = Some(flags.depth).filter(|depth| *depth > 0);
    let related = related::walk(&snapshot, root, depth);
    let layout = output::layout(0, colors);
    output::stdout(colors, flags.format == TextOrJson::Json, |out| match flags.format {
        TextOrJson::Terminal => write_tree(&related, &layout, out),
        TextOrJson::Json => write_json(&related, &snapshot.about().captured_at, out),
    })?;
    Ok(if related.is_complete() { exit::CLEAN } else { exit::INCOMPLETE })
}

/// The one resource that is called so.
fn find<'s>(
    snapshot: &'s Snapshot,
    name: &str,
    resource_type: Option<&str>,
) -> Result<&'s Arc<ConfigurationItem>, Failure> {
    let mut found = related::find(snapshot, name);
    found.retain(|item| resource_type.is_none_or(|kind| *item.key.resource_type == *kind));
    match found.as_slice() {
        [item] => Ok(item),
        [] => {
            let of_type = resource_type.map(|kind| format!(" of type {kind}")).unwrap_or_default();
            Err(Failure::new(format!("there is no resource{of_type} with the ARN, id or name `{name}`"))
                .help("assize query \"SELECT resourceId, arn\" lists what there is"))
        }
        several => {
            let mut lines = vec![format!("{} are called `{name}`", counted(several.len(), "resource"))];
            lines.extend(several.iter().take(LISTED).map(|item| item.key.to_string()));
            if let Some(more) = several.len().checked_sub(LISTED).filter(|more| *more > 0) {
                lines.push(format!("and {more} more"));
            }
            Err(Failure::new(lines.join("\n")).help("name one by its ARN, or say which type with --type"))
        }
    }
}
