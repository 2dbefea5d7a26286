//! The options of `clearcut cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{EngineArgs, PlanArgs, engine::CachePlace};

/// See and tend what is cached.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What to do with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Show hits, misses, and what they saved.
    Stats {
        /// How many days back.
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// What one picture costs elsewhere, to show the money saved.
        #[arg(long, value_name = "AMOUNT")]
        cost_per_image: Option<f64>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Which cache.
        #[command(flatten)]
        place: CachePlace,
    },
    /// Show the newest entries.
    Recent {
        /// How many.
        #[arg(long, default_value_t = 10)]
        limit: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Which cache.
        #[command(flatten)]
        place: CachePlace,
    },
    /// Remove entries by key; `*` stands for anything.
    Clear {
        /// For example `remove_bg:*`, or `*` for everything.
        pattern: String,
        /// Which cache.
        #[command(flatten)]
        place: CachePlace,
    },
    /// Remove what is expired, long unread, or over the size limit.
    Cleanup {
        /// Which cache.
        #[command(flatten)]
        place: CachePlace,
    },
    /// Cut out every picture of a folder, to have the results ready; nothing is written but the cache.
    Warm {
        /// The folder.
        folder: PathBuf,
        /// What the cut-outs should look like.
        #[command(flatten)]
        plan: Box<PlanArgs>,
        /// Which model, which cache, how many threads.
        #[command(flatten)]
        engine: Box<EngineArgs>,
    },
    /// Read every entry and check its checksum.
    Verify {
        /// Which cache.
        #[command(flatten)]
        place: CachePlace,
    },
}
