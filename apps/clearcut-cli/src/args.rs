//! The command line.

mod cache;
mod engine;
mod models;
mod plan;
mod remote;
mod remove;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use cache::{CacheArgs, CacheCommand};
pub use engine::{CachePlace, EngineArgs, RuntimeName};
pub use models::{ModelsArgs, ModelsCommand};
pub use plan::PlanArgs;
pub use remote::RemoteArgs;
pub use remove::{Existing, RemoveArgs};

/// Remove image backgrounds, and never compute the same cut-out twice.
#[derive(Debug, Parser)]
#[command(name = "clearcut", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// Say more; twice for every detail.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Cut the subject out of pictures.
    #[command(visible_alias = "rm", after_help = EXIT_CODES)]
    Remove(Box<RemoveArgs>),
    /// List, show, fetch and check models.
    Models(ModelsArgs),
    /// See and tend what is cached.
    Cache(CacheArgs),
    /// Check that everything works on this machine.
    Doctor(EngineArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages.
    #[command(hide = true)]
    Man {
        /// The folder they go to.
        #[arg(long, default_value = "man")]
        dir: PathBuf,
    },
    /// Cut the subject out of raw RGB24 frames on standard input.
    #[command(name = "b", hide = true)]
    Frames(Box<crate::frames::FramesArgs>),
}

const EXIT_CODES: &str = "\
Exit codes:
   0  everything done                 17  too many pictures waiting
   1  several different failures      20  input missing
   2  command line makes no sense     21  input unreadable
  10  empty input                     22  result cannot be written
  11  not a picture                   23  no room for the result
  12  format not supported            24  result is there already
  13  picture too large               30  model missing or failed
  14  picture damaged                 31  cache cannot be used
  15  no foreground found             32  server cannot be used
  16  format cannot hold the result   70  internal error";
