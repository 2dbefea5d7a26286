#![doc = include_str!("../README.md")]

mod apt;
mod bench;
mod browser;
mod ci;
mod deny;
mod deploy;
mod dist;
mod man;
mod onnx_runtime;
mod process;
mod programs;
mod servers;
mod tally;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Every chore of the workspace", version)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run the whole test suite against private Redis and Postgres servers and ONNX Runtime, installing them where that is
    /// allowed
    Test {
        /// Arguments for `cargo test`, after `--`
        #[arg(last = true)]
        cargo_arguments: Vec<String>,
    },
    /// Run everything a change must pass: format, tidy, clippy, test, documentation, deny, deploy
    Ci,
    /// Check the rules that no compiler checks
    Tidy,
    /// Check the files of `deploy/` with the tools that they are for, as far as those are installed
    Deploy {
        /// Install missing tools first, where that needs no password
        #[arg(long)]
        install: bool,
    },
    /// Build the comparison with other tools in release mode and run it; try `cargo xtask bench --help`
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments for the bench program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        bench_arguments: Vec<String>,
    },
    /// Measure how good a network's mattes are; try `cargo xtask eval --help`
    #[command(disable_help_flag = true)]
    Eval {
        /// Arguments for the measurement
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        eval_arguments: Vec<String>,
    },
    /// Write the manual pages into `target/man`
    Man,
    /// Pack the program for others into `target/dist`
    Dist,
}

fn main() -> ExitCode {
    run(Arguments::parse().chore).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(chore: Chore) -> anyhow::Result<ExitCode> {
    let done = match chore {
        Chore::Test { cargo_arguments } => return test::run(&cargo_arguments),
        Chore::Ci => return Ok(ci::run()),
        Chore::Tidy => tidy::run(),
        Chore::Deploy { install } => deploy::run(install).map(drop),
        Chore::Bench { bench_arguments } => bench::run(&bench_arguments),
        Chore::Eval { eval_arguments } => bench::eval(&eval_arguments),
        Chore::Man => man::run(),
        Chore::Dist => dist::run(),
    };
    done.map(|()| ExitCode::SUCCESS)
}
