//! A private server that speaks S3: moto, which pip installs.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{bail, ensure};

use super::process::{Process, Recipe, StartError};
use super::{PORT_ATTEMPTS, exchange, free_port, or_skip};
use crate::packages;

const PACKAGES: [&str; 1] = ["moto[server]==5.2.5"];
/// What it writes once its port is its own.
const IS_READY: &str = "Running on http://127.0.0.1:";

static SHARED: Mutex<Option<&'static MotoServer>> = Mutex::new(None);

/// An S3 of one's own, in memory, loopback only, which takes any key and any signature. Dropping it ends it.
#[derive(Debug)]
pub struct MotoServer {
    process: Mutex<Process>,
    port: u16,
}

impl MotoServer {
    /// Installs moto below `target_folder` if it is not there, starts it (seconds) and waits until it answers.
    ///
    /// An integration test's `target_folder` is `env!("CARGO_TARGET_TMPDIR")`.
    ///
    /// # Errors
    ///
    /// [`MissingPackages`](crate::packages::MissingPackages) if it cannot be installed; anything else is a failed start.
    pub fn start(target_folder: &Path) -> anyhow::Result<Self> {
        let python = packages::python(&target_folder.with_file_name("clients").join("moto"), &PACKAGES)?;
        let recipe = Recipe { program: python, arguments: Vec::new(), account: None, end_signal: "KILL" };
        let mut process = Process::new(recipe, tempfile::Builder::new().prefix("clearcut-moto-").tempdir()?)?;
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            let words = ["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()];
            process.set_arguments(words.map(str::to_owned).into());
            let log = process.log_path();
            match process.start(|_| std::fs::read_to_string(&log).is_ok_and(|log| log.contains(IS_READY))) {
                Ok(()) => return Ok(Self { process: Mutex::new(process), port }),
                Err(StartError::PortTaken) => {}
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        bail!("moto found its port taken {PORT_ATTEMPTS} times")
    }

    /// Starts one, or skips the test loudly.
    ///
    /// # Panics
    ///
    /// If it cannot start; if it cannot be installed only under `CLEARCUT_REQUIRE_SERVERS=1`.
    #[track_caller]
    pub fn start_or_skip(target_folder: &Path) -> Option<Self> {
        or_skip(Self::start(target_folder))
    }

    /// The one server that the tests of a process share, or skips the test loudly; panics as [`Self::start_or_skip`].
    #[track_caller]
    pub fn shared_or_skip(target_folder: &Path) -> Option<&'static Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_none() {
            *shared = Self::start_or_skip(target_folder).map(|server| &*Box::leak(Box::new(server)));
        }
        *shared
    }

    /// `http://127.0.0.1:PORT`, the endpoint of all its buckets.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a bucket; one that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// If the server does not run, or does not take the name.
    pub fn create_bucket(&self, name: &str) -> anyhow::Result<()> {
        let answer = exchange(self.port, &format!("PUT /{name} HTTP/1.1"), "")?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "no bucket {name}: {answer}");
        Ok(())
    }

    /// Lets everybody read and write in a bucket, without any signature.
    ///
    /// # Errors
    ///
    /// If the server does not run, or there is no such bucket.
    pub fn open_bucket(&self, name: &str) -> anyhow::Result<()> {
        let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}"#;
        let answer = exchange(self.port, &format!("PUT /{name}?policy HTTP/1.1"), policy)?;
        ensure!(answer.starts_with("HTTP/1.1 20"), "{name} stays closed: {answer}");
        Ok(())
    }

    /// Kills it (SIGKILL): every connection breaks, every object is lost.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.process().kill()
    }

    /// Makes it hang (SIGSTOP): connections are taken and stay open, nothing is answered.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.process().pause()
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) -> anyhow::Result<()> {
        self.process().resume()
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
