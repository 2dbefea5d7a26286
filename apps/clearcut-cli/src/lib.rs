#![doc = include_str!("../README.md")]

pub mod args;
mod cache;
mod doctor;
pub mod exit;
pub mod frames;
mod manual;
mod models;
mod rembg;
mod remote;
mod remove;
mod wire;

use std::{ffi::OsString, io, process::ExitCode};

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{Cli, Command};
use exit::{Exit, Failure};

/// Runs the command line `args`, program name first, and says how the process shall end.
///
/// Everything for people goes to standard error, one line a failure; standard output carries results alone.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = rembg::translate(args.into_iter().collect()).and_then(|args| {
        let cli = Cli::try_parse_from(args).unwrap_or_else(|error| error.exit());
        start_log(cli.verbose);
        run(cli.command)
    });
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("clearcut: {failure}");
            failure.exit.into()
        }
    }
}

fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Remove(args) => block_on(remove::run(*args)),
        Command::Frames(args) => block_on(frames::run(*args)),
        Command::Models(args) => block_on(models::run(args)),
        Command::Cache(args) => block_on(cache::run(args.command)),
        Command::Doctor(args) => block_on(doctor::run(args)),
        Command::Completions { shell } => Ok(manual::completions(shell)),
        Command::Man { dir } => manual::pages(&dir),
    }
}

fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        // The engine has threads of its own; these only wait for it, for files and for caches.
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, "internal_error", format!("cannot start: {error}")))?
        .block_on(work)
}

fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "clearcut=info,warn",
        _ => "clearcut=debug,info",
    };
    let filter = EnvFilter::try_from_env("CLEARCUT_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}
