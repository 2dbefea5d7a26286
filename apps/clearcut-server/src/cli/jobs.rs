//! `clearcut-server jobs`: how many jobs are where, and those that were given up.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use clearcut_jobs::JobId;

use super::print;
use crate::{native::jobs::dead::DeadJob, settings::Settings, wire};

/// What to do with the jobs that the servers share.
#[derive(Debug, Subcommand)]
pub(super) enum JobsCommand {
    /// Show how many jobs are where
    Depth {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the jobs that were given up, the latest first
    Dead {
        /// So many at most
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: usize,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Put jobs in line again that were given up
    Redrive {
        /// The job's id; all of them if absent
        id: Option<String>,
    },
}

impl JobsCommand {
    /// Asks the queue of the settings; one in the memory of another process cannot be asked.
    pub(super) fn run(&self, settings: &Settings) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let text = runtime.block_on(self.perform(settings))?;
        print(&text)
    }

    async fn perform(&self, settings: &Settings) -> Result<String> {
        let queue = wire::shared_queue(settings).await?;
        Ok(match self {
            Self::Depth { json: true } => format!("{}\n", serde_json::to_string(&queue.depth().await?)?),
            Self::Depth { json: false } => {
                let depth = queue.depth().await?;
                format!(
                    "interactive {}\nbatch       {}\ndelayed     {}\nrunning     {}\nawaiting    {}\ndead        {}\n",
                    depth.interactive, depth.batch, depth.delayed, depth.running, depth.awaiting, depth.dead
                )
            }
            Self::Dead { limit, json } => {
                let dead: Vec<DeadJob> = queue.dead(*limit).await?.into_iter().map(DeadJob::of).collect();
                if *json { format!("{}\n", serde_json::to_string_pretty(&dead)?) } else { table(&dead) }
            }
            Self::Redrive { id } => {
                let id = id.as_deref().map(str::parse::<JobId>).transpose().context("this is no id of a job")?;
                format!("{} jobs are in line again\n", queue.redrive(id).await?)
            }
        })
    }
}

fn table(dead: &[DeadJob]) -> String {
    let mut text = format!("{:<36}  {:<7}  {:>8}  {:<24}  WHY\n", "ID", "KIND", "ATTEMPTS", "GIVEN UP");
    for job in dead {
        let why = job.error.as_ref().map_or_else(String::new, |error| format!("{}: {}", error.code, error.detail));
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "{:<36}  {:<7}  {:>8}  {:<24}  {why}", job.job_id, job.kind, job.attempts, job.updated_at);
    }
    text
}
