//! `cargo xtask test`: the whole suite, with the servers and the library it needs.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::onnx_runtime;
use crate::process;
use crate::programs;
use crate::servers;
use crate::tally::Tally;

/// Tells the test kit that a server or library which is missing is a failure, not a reason to skip.
const REQUIRE_SERVERS: &str = "CLEARCUT_REQUIRE_SERVERS";

/// How a run of the suite went.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    pub tally: Tally,
    /// What `cargo test` said in the end: a suite that does not compile has failed without a failing test.
    pub success: bool,
}

/// The chore: runs the suite and ends with the runner's own closing lines and their sum.
pub fn run(cargo_arguments: &[String]) -> Result<ExitCode> {
    let outcome = suite(cargo_arguments, None, || ())?;
    println!("{}", outcome.tally);
    Ok(if outcome.success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the suite with `variable` set, shows it live and counts its tests. Calls `built` when the first test starts.
pub fn suite(cargo_arguments: &[String], variable: Option<(&str, &str)>, built: impl FnOnce()) -> Result<Outcome> {
    programs::prepare();
    let path = servers::ready()?;
    let library = onnx_runtime::ready()?;
    let mut command = process::cargo(["test", "--no-fail-fast"]);
    if !names_a_package(cargo_arguments) {
        command.arg("--workspace");
    }
    command.args(cargo_arguments).env("PATH", path).env(REQUIRE_SERVERS, "1");
    command.env(onnx_runtime::LIBRARY, library).envs(variable);
    counted(&mut command, built)
}

fn names_a_package(arguments: &[String]) -> bool {
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    for_cargo.into_iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

fn counted(command: &mut Command, built: impl FnOnce()) -> Result<Outcome> {
    process::announce(command);
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo test")?;
    let lines = BufReader::new(child.stdout.take().expect("it was piped above"));
    let mut tally = Tally::default();
    let mut built = Some(built);
    // Bytes, not lines of text: a test may print anything, and what it prints must not end the count.
    for line in lines.split(b'\n') {
        let line = line.context("cannot read what cargo test says")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if line.starts_with("running ")
            && let Some(built) = built.take()
        {
            built();
        }
        tally += Tally::of_line(line.trim_end()).unwrap_or_default();
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    Ok(Outcome { tally, success: status.success() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tested_unless_a_package_is_named() {
        let check = |line: &str, expected: bool| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(names_a_package(&words), expected, "{line}");
        };
        check("", false);
        check("--doc", false);
        check("-p clearcut-key", true);
        check("--package=clearcut-key", true);
        check("-- -p", false);
    }
}
