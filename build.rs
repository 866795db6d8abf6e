//! Embeds what is data: service models, resource descriptors and rules. The registry is the folder.
//!
//! Each folder becomes one table in `OUT_DIR`, sorted by name, that the module which reads it includes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");

    // Endpoints are not a service: `source::endpoint` includes that file itself.
    let models = table(&root.join("models"), |path| stem(path, "json").filter(|name| name != "endpoints"))?;
    let resources = table(&root.join("resources"), |path| stem(path, "yaml"))?;
    let rules = table(&root.join("rules"), |path| {
        ["yaml", "rhai"].iter().any(|wanted| path.ends_with(&format!(".{wanted}"))).then(|| path.to_owned())
    })?;
    write(&out.join("models.rs"), "MODELS", "Service models: name of the service and JSON", &models)?;
    write(&out.join("resources.rs"), "RESOURCES", "Resource descriptors: name of the service and YAML", &resources)?;
    write(&out.join("rules.rs"), "RULES", "Files of the rules: path below `rules/` and text", &rules)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// The path without its ending, of files in the folder itself.
fn stem(path: &str, ending: &str) -> Option<String> {
    let stem = path.strip_suffix(ending)?.strip_suffix('.')?;
    (!stem.contains('/')).then(|| stem.to_owned())
}

/// The files below a folder that `name` gives a name, in the order of their names. No folder is no files.
fn table(folder: &Path, name: impl Fn(&str) -> Option<String>) -> io::Result<Vec<(String, PathBuf)>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else if let Some(name) = name(&path) {
                files.push((name, entry.path()));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn write(out: &Path, constant: &str, meaning: &str, files: &[(String, PathBuf)]) -> io::Result<()> {
    let mut text = format!("/// {meaning}.\nconst {constant}: &[(&str, &str)] = &[\n");
    for (name, path) in files {
        writeln!(text, "    ({name:?}, include_str!({:?})),", path.display().to_string()).map_err(io::Error::other)?;
    }
    text.push_str("];\n");
    fs::write(out, text)
}
