//! `cargo xtask bench`: the release build of `benches/`, which compares with other tools.

use anyhow::Result;

use crate::process;
use crate::workspace::Metadata;

/// Builds all programs together, which is also what README's command builds, then runs the bench.
pub fn run(bench_arguments: &[String]) -> Result<()> {
    process::run(&mut process::cargo(["build", "--release", "--bins"]))?;
    let program = Metadata::load()?.target_directory.join("release/clearcut-bench");
    process::run(process::program(program).args(bench_arguments))
}
