//! `assize sarif check`: what code scanning would say of a file.

use std::io::Read;
use std::path::Path;

use assize::report::harmless;
use assize::report::sarif::check::{Consequence, Remark, check};
use serde_json::json;

use crate::cli::{Sarif, TextOrJson};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::{exit, input};

pub(crate) fn run(command: &Sarif, colors: Colors) -> Result<u8, Failure> {
    let Sarif::Check { files, format } = command;
    let mut checked = Vec::new();
    for file in files {
        checked.push((file.as_path(), remarks(file)?));
    }
    let is_refused =
        |(_, remarks): &(&Path, Vec<Remark>)| remarks.iter().any(|remark| remark.consequence == Consequence::Refused);
    match format {
        TextOrJson::Json => {
            let files = checked.iter().map(|one| {
                let (file, remarks) = one;
                json!({
                    "file": file.display().to_string(),
                    "accepted": !is_refused(one),
                    "remarks": remarks.iter().map(|Remark { consequence, path, message, count }| json!({
                        "consequence": consequence.as_str(), "path": path, "message": message, "count": count,
                    })).collect::<Vec<_>>(),
                })
            });
            let files: Vec<_> = files.collect();
            output::stdout(colors, true, |out| writeln!(out, "{:#}", json!(files)))?;
        }
        TextOrJson::Terminal => output::stdout(colors, false, |out| {
            for one in &checked {
                let (file, remarks) = one;
                let file = file.display().to_string();
                let verdict = if is_refused(one) { "would be refused" } else { "would be accepted" };
                writeln!(out, "{}: {verdict}", harmless(&file))?;
                for remark in remarks {
                    writeln!(out, "  {}", harmless(&remark.to_string()))?;
                }
            }
            Ok(())
        })?,
    }
    Ok(if checked.iter().any(is_refused) { exit::FINDINGS } else { exit::CLEAN })
}

fn remarks(file: &Path) -> Result<Vec<Remark>, Failure> {
    let mut bytes = Vec::new();
    input::open(file)
        .and_then(|mut input| input.read_to_end(&mut bytes))
        .and_then(|_| check(&bytes))
        .map_err(|error| input::unread(file, &error))
}
