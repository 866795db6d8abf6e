//! `assize config`: whether the configuration file is right, what comes of it, and its schema.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anstyle::Style;
use assize::config::{FILE, SCHEMA};
use assize::report::harmless;
use assize::report::terminal::counted;
use assize::source::descriptor::Catalog;

use crate::cli::{self, Scan};
use crate::failure::Failure;
use crate::output::{self, Colors};
use crate::settings::{Origin, Settings};
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(crate) fn run(command: cli::Config, threads: usize, colors: Colors) -> Result<u8, Failure> {
    match command {
        cli::Config::Check { file } => check(file.as_deref().unwrap_or(Path::new(FILE)), colors),
        cli::Config::Show(scan) => show(*scan, threads, colors),
        cli::Config::Schema => {
            output::stdout(colors, true, |out| out.write_all(SCHEMA.as_bytes()))?;
            Ok(exit::CLEAN)
        }
    }
}

/// All that a scan would find wrong before its first call.
fn check(file: &Path, colors: Colors) -> Result<u8, Failure> {
    let mut settings = Settings::load(&cli::ConfigFile { config: Some(file.to_owned()), no_config: false })?;
    let (mut choice, mut definitions) = (cli::Choice::default(), cli::Definitions::default());
    settings.choice(&mut choice);
    settings.definitions(&mut definitions);
    let all = input::all_rules(&choice.folders)?;
    let types = |(_, catalog): (_, Arc<Catalog>)| settings.check_types(&catalog);
    let checked = [
        input::definitions(&definitions).and_then(types),
        settings.check_rules(&all),
        input::packs(&choice).map(drop),
        settings.check_packs(),
    ];
    if let Some(wrong) = checked.into_iter().filter_map(Result::err).reduce(Failure::and) {
        return Err(wrong);
    }
    let asked = settings.rules(&choice)?;
    let rules = counted(asked.rules.len(), "rule");
    let exemptions = counted(asked.exemptions.iter().len(), "exemption");
    let text = format!("{} is right: {rules}, {exemptions}\n", harmless(&file.display().to_string()));
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}

/// The values that a scan with these flags would have, and where each comes from.
fn show(mut scan: Scan, threads: usize, colors: Colors) -> Result<u8, Failure> {
    let mut settings = Settings::load(&scan.config)?;
    settings.scan(&mut scan);
    settings.record(&input::definitions(&scan.definitions)?.1)?;
    settings.deliver();
    settings.threads(threads);
    settings.rules(&scan.choice)?;
    let mut text = String::new();
    let file = settings.file().map_or_else(|| "no configuration file".to_owned(), |file| file.display().to_string());
    _ = writeln!(text, "{BOLD}{}{BOLD:#}", harmless(&file));
    let rows: Vec<(&str, String, String)> = settings
        .resolved()
        .iter()
        .map(|setting| {
            let origin = match &setting.origin {
                Origin::Default => "default".to_owned(),
                Origin::File(at) => format!("{}:{}", at.file, at.line),
                Origin::Environment(name) | Origin::Flag(name) => (*name).to_owned(),
            };
            (setting.key, harmless(&setting.value).into_owned(), harmless(&origin).into_owned())
        })
        .collect();
    let keys = rows.iter().map(|(key, _, _)| key.len()).max().unwrap_or(0);
    let mut last = "";
    for (key, value, origin) in &rows {
        let label = if last == *key { "" } else { key };
        last = key;
        _ = writeln!(text, "{BOLD}{label:keys$}{BOLD:#}  {value}  {DIM}({origin}){DIM:#}");
    }
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}
