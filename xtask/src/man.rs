//! `cargo xtask man`: the manual pages, written by the command line itself.

use anyhow::Result;

use crate::process;

/// Writes the pages into `target/man`.
pub fn run() -> Result<()> {
    process::run(&mut process::cargo(["run", "--package=clearcut-cli", "--", "man", "--dir", "target/man"]))
}
