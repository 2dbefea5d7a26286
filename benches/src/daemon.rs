//! A server of a comparison, in a process of its own.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that ends with this value.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// On loopback.
    pub port: u16,
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Daemon {
    /// Starts a command that listens on `port`, and waits until it does.
    pub fn start(command: &mut Command, port: u16) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut daemon = Self { child: child.with_context(|| format!("cannot start {name}"))?, port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = daemon.child.try_wait()? {
                bail!("{name} ended at once: {status}");
            }
            if started.elapsed() > PATIENCE {
                bail!("{name} does not listen on port {port}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    /// Most memory it has ever held, in megabytes.
    pub fn peak_megabytes(&self) -> Result<f64> {
        self.memory("VmHWM:")
    }

    /// Memory it holds now, in megabytes.
    pub fn resident_megabytes(&self) -> Result<f64> {
        self.memory("VmRSS:")
    }

    fn memory(&self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("only Linux tells")?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such line")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1e3)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
