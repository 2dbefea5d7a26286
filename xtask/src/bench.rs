//! `cargo xtask bench` and `cargo xtask eval`: the program of `benches/`, which measures speed and quality.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;
use crate::workspace::Metadata;

/// Builds all programs together in release mode, which is also what README's command builds, then runs the bench.
pub fn run(bench_arguments: &[String]) -> Result<()> {
    process::run(&mut process::cargo(["build", "--release", "--bins"]))?;
    process::run(process::program(program("release")?).args(bench_arguments))
}

/// Measures mattes, which are the same in any profile: the dev build is enough, and mostly there.
pub fn eval(eval_arguments: &[String]) -> Result<()> {
    process::run(&mut process::cargo(["build", "--bins"]))?;
    process::run(process::program(program("debug")?).arg("eval").args(eval_arguments))
}

fn program(profile: &str) -> Result<PathBuf> {
    Ok(Metadata::load()?.target_directory.join(profile).join("clearcut-bench"))
}
