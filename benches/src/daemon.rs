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

/// In which Linux counts processor time for programs, on every machine.
const TICKS_PER_SECOND: f64 = 100.0;

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

    /// Processor time that it and its children have taken so far.
    pub fn processor_seconds(&self) -> Result<f64> {
        let mut ticks = 0;
        for process in with_children(self.child.id()) {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).context("only Linux tells")?;
            // The name before it may hold anything, parentheses too.
            let (_, fields) = stat.rsplit_once(')').context("no such field")?;
            // User and system time: the 14th and 15th field, of which two stand before.
            ticks += fields.split_ascii_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        }
        Ok(ticks as f64 / TICKS_PER_SECOND)
    }

    fn memory(&self, field: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("only Linux tells")?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such line")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1e3)
    }
}

/// A process and all that it started.
fn with_children(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(process).chain(children.flat_map(with_children)).collect()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // What it started would live on, as nginx' workers do. Either may have ended by itself.
        let children = with_children(self.child.id()).into_iter().skip(1).map(|child| child.to_string());
        let _ = Command::new("kill").args(children).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
