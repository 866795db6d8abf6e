//! Where bytes go: standard output, and files that are there whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use assize::report::sarif::{Anchor, Document};
use assize::report::terminal::Layout;
use assize::report::{self, Format, Options, Report, harmless};
use assize::snapshot::Snapshot;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::{self, Color};
use crate::exit;
use crate::failure::Failure;
use crate::input;

/// Whether to write colours to each stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colors {
    pub(crate) stdout: ColorChoice,
    pub(crate) stderr: ColorChoice,
}

/// What the flag asks for; without it colours are for terminals, unless the environment says otherwise (`NO_COLOR`,
/// `CLICOLOR`, `CLICOLOR_FORCE`, `TERM=dumb`).
pub(crate) fn choose(color: Color) -> Colors {
    let of = |auto: ColorChoice| match color {
        Color::Auto => auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    Colors { stdout: of(AutoStream::choice(&io::stdout())), stderr: of(AutoStream::choice(&io::stderr())) }
}

/// The columns of the terminal, or what reads well in a file.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(100, |(width, _)| usize::from(width.0))
}

/// Writes to standard output. A reader that has seen enough and closed it is no error.
///
/// Styles are taken out where they do not belong; with `plain`, bytes go out as they are.
pub(crate) fn stdout(
    colors: Colors,
    plain: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let choice = if plain { ColorChoice::AlwaysAnsi } else { colors.stdout };
    let mut out = BufWriter::new(AutoStream::new(io::stdout().lock(), choice));
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| Failure::of("cannot write to standard output", &error)),
    }
}

/// Writes a value to standard output as indented JSON.
pub(crate) fn json(value: &serde_json::Value, colors: Colors) -> Result<(), Failure> {
    stdout(colors, true, |out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        out.write_all(b"\n")
    })
}

/// Says on standard error what was done, in a sentence that may hold text from outside.
pub(crate) fn note(colors: Colors, sentence: &str) -> Result<(), Failure> {
    let mut err = AutoStream::new(io::stderr().lock(), colors.stderr);
    writeln!(err, "{}", harmless(sentence)).map_err(|error| Failure::of("cannot write to standard error", &error))
}

/// Writes a file beside its place and puts it there when it is whole. With the ending `.gz` it is compressed. What is
/// there and is no file (a pipe, `/dev/stdout`) is written to directly.
pub(crate) fn file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    put(path, |out| encoded(path, out, write))
}

/// The same for content that is compressed already.
pub(crate) fn compressed_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    put(path, |out| {
        let mut out = BufWriter::new(out);
        write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)
    })
}

fn put(path: &Path, write: impl FnOnce(File) -> io::Result<File>) -> Result<(), Failure> {
    let failed = |error| Failure::of(format_args!("cannot write {}", path.display()), &error);
    // A link stays a link: what it points at is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        let out = File::options().write(true).open(&target).map_err(failed)?;
        return write(out).map(drop).map_err(failed);
    }
    let name = target.file_name().ok_or_else(|| failed(ErrorKind::InvalidInput.into()))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    let part = target.with_file_name(hidden);
    let written = File::create_new(&part)
        .and_then(write)
        .and_then(|out| out.sync_all())
        .and_then(|()| fs::rename(&part, &target));
    written.map_err(|error| {
        // The error that matters is the one before.
        _ = fs::remove_file(&part);
        failed(error)
    })
}

fn encoded(path: &Path, out: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut out = BufWriter::new(out);
    if path.extension().is_some_and(|ending| ending == "gz") {
        let mut gzip = GzEncoder::new(out, Compression::default());
        write(&mut gzip)?;
        out = gzip.finish()?;
    } else {
        write(&mut out)?;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

/// Checks, before any work is done, that the report can be written as asked.
///
/// Without another anchor the results are at the lines of the configuration file that ask for their rules.
pub(crate) fn anchor(
    output: &cli::Output,
    config: Option<&Path>,
    lines: &BTreeMap<String, u64>,
) -> Result<Anchor, Failure> {
    let is_anchored = |format: &Format| [Format::Sarif, Format::Github].contains(format);
    if !is_anchored(&output.format) && !output.outputs.iter().any(|(format, _)| is_anchored(format)) {
        return Ok(Anchor::default());
    }
    let written = output.outputs.iter().find(|(format, _)| *format == Format::Sarif).map(|(_, path)| path);
    find_anchor(output.anchor.as_deref(), config.map(|path| (path, lines)), written)
}

/// The file that SARIF results are located in: the one that was asked for, or the configuration file with the lines of
/// its rules, or one that is there, or the SARIF file that is written.
pub(crate) fn find_anchor(
    wanted: Option<&Path>,
    config: Option<(&Path, &BTreeMap<String, u64>)>,
    written: Option<&PathBuf>,
) -> Result<Anchor, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure::of("cannot tell the working directory", &error))?;
    let root = here.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&here);
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let inside = |path: &Path| fs::canonicalize(path).ok()?.strip_prefix(&root).ok().map(Path::to_owned);
    if let Some(path) = wanted {
        let text =
            fs::read(path).map_err(|error| Failure::of(format_args!("cannot read {}", path.display()), &error))?;
        let inside = inside(path).ok_or_else(|| {
            Failure::new(format!("{} is not in the repository {}", path.display(), root.display()))
                .help("code scanning can only show files of the repository: name one with --anchor")
        })?;
        return Ok(Anchor::new(&inside, String::from_utf8_lossy(&text)));
    }
    let configured = config.and_then(|(path, lines)| Some((inside(path)?, fs::read(path).ok()?, lines)));
    if let Some((inside, text, lines)) = configured {
        return Ok(Anchor::new(&inside, String::from_utf8_lossy(&text)).with_lines(lines.clone()));
    }
    for name in ["assize.yaml", "README.md"] {
        if let Ok(text) = fs::read(root.join(name)) {
            return Ok(Anchor::new(Path::new(name), String::from_utf8_lossy(&text)));
        }
    }
    // The report itself will be there, if nothing else is.
    let written = written.and_then(|path| Some(inside(folder(path))?.join(path.file_name()?)));
    Ok(written.map_or_else(Anchor::default, |path| Anchor::new(&path, "")))
}

/// Writes the report to all places and says with which exit code to end. A place that fails does not keep the report
/// from the others: it took a while to make.
pub(crate) fn report(report: Report, output: &cli::Output, anchor: Anchor, colors: Colors) -> Result<u8, Failure> {
    let report = &match &output.baseline {
        Some(path) => report.against(&saved(path)?),
        None => report,
    };
    let mut options =
        Options { anchor, terminal: Layout::default(), suppressions: output.sarif_suppressions, extent: output.extent };
    let mut written = Ok(());
    let is_sarif = |format: Format| format == Format::Sarif;
    let wants_sarif = is_sarif(output.format) || output.outputs.iter().any(|(format, _)| is_sarif(*format));
    // What does not go into SARIF is told once, however many files there are.
    let sarif = if wants_sarif {
        Some(Document::new(report, &options).map_err(|error| Failure::of("cannot write SARIF", &error))?)
    } else {
        None
    };
    let write = |format: Format, options: &Options, out: &mut dyn Write| match &sarif {
        Some(document) if is_sarif(format) => out.write_all(&document.bytes),
        _ => report::write(report, format, options, out),
    };
    for (format, path) in &output.outputs {
        written = written.and(file(path, |out| write(*format, &options, out)));
    }
    options.terminal = layout(output.limit, colors);
    let shown = stdout(colors, output.format != Format::Terminal, |out| write(output.format, &options, out));
    for remark in sarif.iter().flat_map(|document| &document.remarks) {
        note(colors, &format!("note: {remark}"))?;
    }
    written.and(shown)?;
    if asks_for_new(output) && report.drift.is_none() {
        return Err(nothing_tells_new());
    }
    Ok(exit::code(report, output.fail_on))
}

/// Whether only findings that are new are a failure.
fn asks_for_new(output: &cli::Output) -> bool {
    output.fail_on.is_some_and(|fail_on| fail_on.only_new)
}

fn nothing_tells_new() -> Failure {
    Failure::new("nothing tells which findings are new")
        .help("name a store with --store, or a JSON report of before with --baseline")
}

/// Whether a report is wanted that has pictures of resources and their relationships.
pub(crate) fn has_pictures(output: &cli::Output) -> bool {
    output.format == Format::Html || output.outputs.iter().any(|(format, _)| *format == Format::Html)
}

/// The same report, with what pictures need of its snapshot where there are to be any.
pub(crate) fn pictured(report: Report, output: &cli::Output, snapshot: Option<&Snapshot>) -> Report {
    match snapshot {
        Some(snapshot) if has_pictures(output) => report.with_neighbours(snapshot),
        _ => report,
    }
}

/// A JSON report that was saved.
pub(crate) fn saved(path: &Path) -> Result<Report, Failure> {
    let doing = format!("cannot read {}", path.display());
    let input = input::open(path).map_err(|error| Failure::of(&doing, &error))?;
    report::json::read(input).map_err(|error| {
        Failure::of(&doing, &error).help("a report is what --format json writes; assize evaluate judges a snapshot")
    })
}

/// How text is laid out on standard output, with at most so many of a kind; 0 is all.
pub(crate) fn layout(limit: usize, colors: Colors) -> Layout {
    Layout { width: width(), color: colors.stdout != ColorChoice::Never, limit: (limit > 0).then_some(limit) }
}

/// Checks, before any work is done, that the reports can be written to where they are asked for, and that something tells
/// what is new where that is asked: a baseline, or what `knows_before` stands for.
pub(crate) fn check(output: &cli::Output, knows_before: bool) -> Result<(), Failure> {
    let baseline = output.baseline.as_deref().map(saved).transpose()?;
    if asks_for_new(output) && !knows_before && baseline.is_none() {
        return Err(nothing_tells_new());
    }
    check_paths(output.outputs.iter().map(|(_, path)| path))
}

/// Two places must not be one: the later report would take the place of the earlier.
pub(crate) fn check_paths<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<(), Failure> {
    let mut seen: Vec<&PathBuf> = Vec::new();
    for path in paths {
        if seen.contains(&path) {
            return Err(Failure::new(format!("{} is named for two reports", path.display())));
        }
        check_folder(path)?;
        seen.push(path);
    }
    Ok(())
}

/// A file can only be written where there is a folder.
pub(crate) fn check_folder(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(Failure::new(format!("cannot write {}: it is a folder", path.display())));
    }
    let folder = folder(path);
    if folder.is_dir() {
        return Ok(());
    }
    Err(Failure::new(format!("cannot write {}: there is no folder {}", path.display(), folder.display())))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a person looks at standard error: then progress is shown.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}
