//! The rotation of log files, by logrotate itself: a file of a megabyte is turned over and goes on.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::{Outcome, Tools, path, tools};
use crate::process;

pub fn check(_: &Tools) -> Result<Outcome> {
    let Some(logrotate) = tools::on_path("logrotate") else { return Ok(Outcome::without("logrotate")) };
    let folder = tools::empty_folder("logs")?;
    let log = folder.join("stderr.log");
    fs::write(&log, vec![b'x'; 1 << 20]).context("cannot write a log")?;
    let rule = tools::read(&path("logrotate/clearcut"))?;
    let rule = tools::replaced(&rule, "/var/log/clearcut/", &format!("{}/", folder.display()))?;
    // The account is that of an installed service.
    let rule = tools::replaced(&rule, "    su clearcut clearcut\n", "")?;
    let file = folder.join("rule");
    tools::write(&file, &rule)?;
    let state = folder.join("state");
    for _ in 0..2 {
        process::run(process::program(&logrotate).args(["--force", "--state"]).arg(&state).arg(&file))?;
        fs::write(&log, "next\n").context("cannot write a log")?;
    }
    for name in ["stderr.log", "stderr.log.1", "stderr.log.2.gz"] {
        ensure!(folder.join(name).is_file(), "after two rotations there is no {name}");
    }
    Ok(Outcome::Checked)
}
