//! `assize schedule`: what runs a scan again and again. The files stand in `examples/schedule/`, where they can be read and
//! are tested; each says in its head what it needs.

use crate::cli::Runner;
use crate::exit;
use crate::failure::Failure;
use crate::output::{self, Colors};

pub(crate) fn run(runner: Runner, colors: Colors) -> Result<u8, Failure> {
    let text = match runner {
        Runner::Github => include_str!("../../../../examples/schedule/github.yml"),
        Runner::Gitlab => include_str!("../../../../examples/schedule/gitlab.yml"),
        Runner::Systemd => include_str!("../../../../examples/schedule/systemd.txt"),
        Runner::Cron => include_str!("../../../../examples/schedule/cron.txt"),
        Runner::Eventbridge => include_str!("../../../../examples/schedule/eventbridge.yaml"),
    };
    output::stdout(colors, true, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}
