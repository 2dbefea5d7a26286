//! `cargo xtask bench`: the release build of `benches/`, which compares with other tools.

use anyhow::Result;

use crate::process;
use crate::workspace::Metadata;

/// Builds the command line and the bench together, then runs the bench with the given arguments.
pub fn run(bench_arguments: &[String]) -> Result<()> {
    process::run(&mut process::cargo(["build", "--release", "--package=clearcut-cli", "--package=clearcut-bench"]))?;
    let program = Metadata::load()?.target_directory.join("release/clearcut-bench");
    process::run(process::program(program).args(bench_arguments))
}
