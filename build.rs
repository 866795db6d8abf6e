//! Embeds what is data: service models, resource descriptors and rules. The registry is the folder.
//!
//! Each folder becomes tables in `OUT_DIR`, sorted by name, that the module which reads them includes. What is written
//! as YAML is embedded as JSON, which is read some thirty times as fast and by the same types: a run of assize parses no
//! YAML but the user's own. What few runs look at, or only in part, is packed: the models, a service at a time, and the
//! rules as they were written, with their cases. That the files are right beyond being YAML is tested, file by file, where
//! errors have lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Deserialize;
use serde_saphyr::Spanned;

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");

    // Endpoints are not a service: `source::endpoint` includes that file itself.
    let models = files(&root.join("models"), |path| stem(path, "json").filter(|name| name != "endpoints"))?;
    let resources = files(&root.join("resources"), |path| stem(path, "yaml"))?;
    let rules = files(&root.join("rules"), |path| {
        ["yaml", "rhai"].iter().any(|wanted| path.ends_with(&format!(".{wanted}"))).then(|| path.to_owned())
    })?;
    let packs = files(&root.join("packs"), |path| stem(path, "yaml"))?;
    let delivering = files(&root.join("models/deliver"), |path| stem(path, "json"))?;
    let models = packed_models("MODELS", "Service models", &models, &out)?;
    let delivering = packed_models("DELIVERING", "The models of `DELIVER`", &delivering, &out)?;
    fs::write(out.join("models.rs"), models + &delivering)?;
    fs::write(out.join("resources.rs"), descriptors(&resources)?)?;
    let mappings = files(&root.join("iac"), |path| stem(path, "yaml"))?;
    fs::write(out.join("iac.rs"), trees(&mappings)?)?;
    fs::write(out.join("packs.rs"), texts("PACKS", "Packs: name and text", &packs)?)?;
    let (written, scripts): (Vec<_>, Vec<_>) = rules.into_iter().partition(|(name, _)| !is_script(name));
    let scripts = texts("SCRIPTS", "Scripts: path below `rules/` and text", &scripts)?;
    let tables = [scripts, metadata(&written)?, packed_texts(&written, &out)?];
    fs::write(out.join("rules.rs"), tables.concat())
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

fn is_script(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "rhai")
}

/// The path without its ending, of files in the folder itself.
fn stem(path: &str, ending: &str) -> Option<String> {
    let stem = path.strip_suffix(ending)?.strip_suffix('.')?;
    (!stem.contains('/')).then(|| stem.to_owned())
}

/// The files below a folder that `name` gives a name, in the order of their names. No folder is no files.
fn files(folder: &Path, name: impl Fn(&str) -> Option<String>) -> io::Result<Vec<(String, PathBuf)>> {
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

/// The table of the service models, each packed by itself.
fn packed_models(constant: &str, what: &str, files: &[(String, PathBuf)], out: &Path) -> io::Result<String> {
    let mut rows = Vec::new();
    for (name, path) in files {
        let file = packed(&fs::read(path)?, &out.join(format!("{constant}-{name}.json.z")))?;
        rows.push(format!("({name:?}, {file})"));
    }
    table(&format!("{what}: name of the service and packed JSON"), constant, "(&str, &[u8])", rows)
}

/// A table of the files as they are.
fn texts(constant: &str, meaning: &str, files: &[(String, PathBuf)]) -> io::Result<String> {
    let rows = files.iter().map(|(name, path)| format!("({name:?}, include_str!({:?}))", path.display().to_string()));
    table(meaning, constant, "(&str, &str)", rows)
}

/// The table of what Terraform and CloudFormation call the types and their facts: name of the file, and JSON.
fn trees(files: &[(String, PathBuf)]) -> io::Result<String> {
    let mut rows = Vec::new();
    for (name, path) in files {
        let tree: serde_json::Value = yaml(path, &fs::read_to_string(path)?)?;
        rows.push(format!("({name:?}, {:?})", tree.to_string()));
    }
    table(
        "What Terraform and CloudFormation call types and facts: name of the file and JSON",
        "IAC",
        "(&str, &str)",
        rows,
    )
}

/// The metadata and the cases of all rules as they were written, packed as one.
fn packed_texts(files: &[(String, PathBuf)], out: &Path) -> io::Result<String> {
    let mut texts = BTreeMap::new();
    for (name, path) in files {
        texts.insert(name, fs::read_to_string(path)?);
    }
    let file = packed(&serde_json::to_vec(&texts)?, &out.join("rules.json.z"))?;
    Ok(format!(
        "/// The `.yaml` files of the rules: packed JSON, text by path below `rules/`.\nconst WRITTEN: &[u8] = {file};\n"
    ))
}

/// Packs bytes into a file, and gives the expression that includes it.
fn packed(bytes: &[u8], to: &Path) -> io::Result<String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    fs::write(to, encoder.finish()?)?;
    Ok(format!("include_bytes!({:?})", to.display().to_string()))
}

/// The tables of the descriptors and of what is known of other recorded types, by type, each with the place where its type is
/// named.
fn descriptors(files: &[(String, PathBuf)]) -> io::Result<String> {
    #[derive(Deserialize)]
    struct Places {
        #[serde(default)]
        service: String,
        #[serde(default)]
        types: Vec<Named>,
        #[serde(default)]
        recorded: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "type")]
        name: Spanned<String>,
    }
    #[derive(Deserialize)]
    struct Trees {
        #[serde(default)]
        types: Vec<serde_json::Value>,
        #[serde(default)]
        recorded: Vec<serde_json::Value>,
    }
    let (mut described, mut recorded) = (Vec::new(), Vec::new());
    for (name, path) in files {
        let text = fs::read_to_string(path)?;
        let places: Places = yaml(path, &text)?;
        let trees: Trees = yaml(path, &text)?;
        let both = [(&mut described, places.types, trees.types), (&mut recorded, places.recorded, trees.recorded)];
        for (rows, named, trees) in both {
            for (Named { name: kind }, tree) in named.into_iter().zip(trees) {
                let (line, column) = (kind.referenced.line(), kind.referenced.column());
                let (service, file, json) = (&places.service, format!("resources/{name}.yaml"), tree.to_string());
                let row = format!(
                    "Embedded {{ service: {service:?}, file: {file:?}, line: {line}, column: {column}, json: {json:?} }}"
                );
                rows.push((kind.value, name, line, row));
            }
        }
    }
    described.sort();
    recorded.sort();
    let described =
        table("Resource descriptors, by type", "DESCRIPTORS", "Embedded", described.into_iter().map(|row| row.3))?;
    let what = "What is known of types that only AWS Config records, by type";
    Ok(described + &table(what, "RECORDED", "Embedded", recorded.into_iter().map(|row| row.3))?)
}

/// The table of the rules' metadata, by path.
fn metadata(files: &[(String, PathBuf)]) -> io::Result<String> {
    let mut rows = Vec::new();
    for (name, path) in files {
        let Some(stem) = name.strip_suffix(".yaml").filter(|stem| stem.strip_suffix(".test").is_none()) else {
            continue;
        };
        let tree: serde_json::Value = yaml(path, &fs::read_to_string(path)?)?;
        rows.push(format!("({stem:?}, {:?})", tree.to_string()));
    }
    table("Metadata of the rules: path below `rules/` without its ending, and JSON", "METADATA", "(&str, &str)", rows)
}

fn yaml<T: for<'de> Deserialize<'de>>(path: &Path, text: &str) -> io::Result<T> {
    serde_saphyr::from_str(text).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

fn table(meaning: &str, constant: &str, row: &str, rows: impl IntoIterator<Item = String>) -> io::Result<String> {
    let mut text = format!("/// {meaning}.\nconst {constant}: &[{row}] = &[\n");
    for row in rows {
        writeln!(text, "    {row},").map_err(io::Error::other)?;
    }
    text.push_str("];\n");
    Ok(text)
}
