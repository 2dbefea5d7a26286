//! `cargo xtask deploy`: the files of `deploy/`, checked by the tools that they are for.

mod compose;
mod container;
mod dashboard;
mod kubernetes;
mod logs;
mod nginx;
mod prometheus;
mod systemd;
mod tools;

use std::path::PathBuf;

use anyhow::{Result, ensure};

use self::tools::Tools;
use crate::workspace;

/// What could be checked.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Checked,
    /// Not all of it, and why.
    Skipped(String),
}

impl Outcome {
    fn without(tool: &str) -> Self {
        Self::Skipped(format!("there is no {tool}"))
    }
}

type Check = fn(&Tools) -> Result<Outcome>;

const CHECKS: [(&str, Check); 8] = [
    ("container", container::check),
    ("compose", compose::check),
    ("kubernetes", kubernetes::check),
    ("nginx", nginx::check),
    ("systemd", systemd::check),
    ("logs", logs::check),
    ("prometheus", prometheus::check),
    ("dashboard", dashboard::check),
];

/// Runs every check; a failed one does not stop the others. With `install`, missing tools are installed first where
/// that needs no password.
pub fn run(install: bool) -> Result<Outcome> {
    let tools = Tools::find(install);
    let (mut skipped, mut failed) = (Vec::new(), Vec::new());
    for (name, check) in CHECKS {
        match check(&tools) {
            Ok(Outcome::Checked) => eprintln!("deploy: {name} ok"),
            Ok(Outcome::Skipped(why)) => {
                eprintln!("deploy: {name} SKIPPED: {why}");
                skipped.push(format!("{name}: {why}"));
            }
            Err(error) => {
                eprintln!("deploy: {name} FAILED: {error:#}");
                failed.push(name);
            }
        }
    }
    ensure!(failed.is_empty(), "{} of deploy/ did not pass", failed.join(", "));
    Ok(if skipped.is_empty() { Outcome::Checked } else { Outcome::Skipped(skipped.join("; ")) })
}

/// A file or folder of `deploy/`.
fn path(name: &str) -> PathBuf {
    workspace::root().join("deploy").join(name)
}
