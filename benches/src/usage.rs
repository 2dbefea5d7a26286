//! What one run of a program costs: wall time, processor time, and the most memory it held.
//!
//! The system tells a process about its finished children only as a sum, and hands the peak of a big parent down to a
//! child that it starts. So a small process of our own stands between: `clearcut-bench usage -- PROGRAM …` starts one
//! program, waits for it, and prints the figures.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use crate::median::milliseconds;

/// What a program cost, and what it printed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Usage {
    pub wall_ms: f64,
    /// User and system time of all its threads and children.
    pub cpu_ms: f64,
    pub peak_bytes: u64,
    pub stdout: String,
}

impl Usage {
    /// The peak in megabytes of 1,000,000 bytes.
    pub fn peak_megabytes(&self) -> f64 {
        self.peak_bytes as f64 / 1e6
    }

    /// Runs the program through the small process between; the command's own environment changes reach it.
    pub fn of(command: &Command) -> Result<Self> {
        let mut between = Command::new(std::env::current_exe().context("cannot find this program")?);
        between.arg("usage").arg("--").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => between.env(name, value),
                None => between.env_remove(name),
            };
        }
        let name = command.get_program().to_string_lossy().into_owned();
        let output = between.output().with_context(|| format!("cannot measure {name}"))?;
        ensure!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        serde_json::from_slice(&output.stdout).with_context(|| format!("cannot read the figures of {name}"))
    }
}

/// Processor time of all programs that this one has started and waited for.
pub fn children_seconds() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("the system tells no usage")?;
    Ok((usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6)
}

/// The work of the small process: runs one program and prints its [`Usage`].
pub fn print(words: &[OsString]) -> Result<()> {
    let (program, arguments) = words.split_first().context("no program to measure")?;
    let start = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let wall_ms = milliseconds(start.elapsed());
    ensure!(output.status.success(), "it ended with {}", output.status);

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("the system tells no usage")?;
    // Linux counts in kilobytes of 1,024 bytes, Apple's systems in bytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    let usage = Usage {
        wall_ms,
        cpu_ms: children_seconds()? * 1000.0,
        peak_bytes: u64::try_from(usage.max_rss()).unwrap_or(0) * unit,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
    };
    println!("{}", serde_json::to_string(&usage)?);
    Ok(())
}
