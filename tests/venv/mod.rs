//! Virtual environments of Python that the tests make for themselves: each holds exactly what one file of requirements
//! pins, and is kept under the target folder. What runs in them is no matter of this file.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

/// The folder `bin` of a virtual environment that holds exactly what the file asks for, made on first use in this folder of
/// the target folder. It is called by the name and the digest of the file, so that a change of the file makes another one.
///
/// # Errors
/// Python, its module `venv` or a package index is not within reach; says which.
pub(crate) fn programs(all: &str, name: &str, requirements: &Path) -> Result<PathBuf, String> {
    let text = fs::read(requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let mut digest = String::new();
    for byte in Sha256::digest(text).iter().take(4) {
        write!(digest, "{byte:02x}").map_err(|error| error.to_string())?;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("there is no target folder")?;
    let all = target.join(all);
    let venv = all.join(format!("{name}-{digest}"));
    fs::create_dir_all(&all).map_err(|error| format!("{} cannot be made: {error}", all.display()))?;
    // Two test processes may come here at once; the second finds the work done.
    let lock = File::create(all.join("lock")).map_err(|error| format!("no lock file: {error}"))?;
    lock.lock().map_err(|error| format!("the lock file cannot be locked: {error}"))?;
    let (complete, programs) = (venv.join("complete"), venv.join("bin"));
    if complete.exists() {
        return Ok(programs);
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).map_err(|error| format!("{} cannot be removed: {error}", venv.display()))?;
    }
    run(
        Command::new("python3").args(["-m", "venv"]).arg(&venv),
        "python3 with its venv module is needed (Debian: apt install python3-venv)",
    )?;
    let from = requirements.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(requirements);
    run(
        Command::new(programs.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements),
        &format!("pip could not install {}; it needs a package index within reach, once", from.display()),
    )?;
    File::create(&complete).map_err(|error| format!("{} cannot be made: {error}", complete.display()))?;
    Ok(programs)
}

fn run(command: &mut Command, needs: &str) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{needs}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{needs}. It said:\n{}", String::from_utf8_lossy(&said).trim_end()))
}
