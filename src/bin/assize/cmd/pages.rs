//! Pages of Markdown in a folder, and the pieces that they are written of.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use assize::report::harmless;

use crate::failure::Failure;
use crate::output::{self, Colors};

/// Writes pages by name into a folder, and says which. Other files of the folder are left alone.
pub(crate) fn write(folder: &Path, pages: &BTreeMap<String, String>, colors: Colors) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::of(format!("cannot make {}", folder.display()), &error))?;
    let mut said = String::new();
    for (name, text) in pages {
        let path = folder.join(name);
        output::file(&path, |out| out.write_all(text.as_bytes()))?;
        _ = writeln!(said, "{}", harmless(&path.display().to_string()));
    }
    output::stdout(colors, false, |out| out.write_all(said.as_bytes()))
}

/// Plain text as Markdown shows it: nothing in it is markup, and it stays in its cell of a table.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
    out
}

/// The anchor of a heading, as GitHub makes it of ids and of types: `AWS::S3::Bucket` to `awss3bucket`.
pub(crate) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_');
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_no_markup() {
        assert_eq!(plain("a | b <img> *c* [d](e) & `f`"), "a \\| b &lt;img> \\*c\\* \\[d\\](e) &amp; \\`f\\`");
        assert_eq!(plain("one\ntwo"), "one\\\\ntwo");
    }

    #[test]
    fn anchors_are_those_of_github() {
        assert_eq!(anchor("AWS::S3::Bucket"), "awss3bucket");
        assert_eq!(anchor("encrypted-volumes"), "encrypted-volumes");
        assert_eq!(anchor("access-keys-rotated@my_pack"), "access-keys-rotatedmy_pack");
    }
}
