//! A private Redis.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::bail;

use super::process::{Process, Recipe, StartError};
use super::{MissingProgram, PORT_ATTEMPTS, free_port, or_skip, program};

const MISSING: MissingProgram =
    MissingProgram { program: "redis-server", apt_package: "redis-server", brew_formula: "redis" };

/// How a private Redis differs from a plain one.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RedisOptions {
    /// What clients have to present; none if absent.
    pub password: Option<String>,
    /// Most memory for data, in bytes; beyond it the least recently used keys go (`allkeys-lru`).
    pub max_memory_bytes: Option<u64>,
    /// Whether it writes down what it is told, and so knows it again after a restart.
    pub append_only: bool,
    /// The port on which it speaks with the other nodes of a cluster; it is no node if absent.
    pub(super) cluster_port: Option<u16>,
}

impl RedisOptions {
    /// Asks clients for this password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Bounds the memory for data.
    #[must_use]
    pub fn max_memory_bytes(mut self, bytes: u64) -> Self {
        self.max_memory_bytes = Some(bytes);
        self
    }

    /// Keeps everything through a kill and a restart.
    #[must_use]
    pub fn append_only(mut self) -> Self {
        self.append_only = true;
        self
    }
}

/// A Redis of one's own: no persistence unless asked for, loopback only. Dropping it ends it.
#[derive(Debug)]
pub struct RedisServer {
    process: Mutex<Process>,
    port: u16,
    password: Option<String>,
}

impl RedisServer {
    /// Starts a plain one and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`MissingProgram`] if there is no `redis-server`; anything else is a failed start.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(RedisOptions::default())
    }

    /// Starts one with options; fails as [`Self::start`].
    pub fn start_with(options: RedisOptions) -> anyhow::Result<Self> {
        let folder = program::folder_with(&program::search_folders(), &["redis-server"]).ok_or(MISSING)?;
        let recipe = Recipe {
            program: folder.join("redis-server"),
            arguments: Vec::new(),
            account: None,
            end_signal: "KILL", // It has nothing to save.
        };
        let mut process = Process::new(recipe, tempfile::Builder::new().prefix("clearcut-redis-").tempdir()?)?;
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            process.set_arguments(arguments(port, &options));
            match process.start(|id| answers(port, options.password.as_deref(), id)) {
                Ok(()) => return Ok(Self { process: Mutex::new(process), port, password: options.password }),
                Err(StartError::PortTaken) => {}
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        bail!("redis-server found its port taken {PORT_ATTEMPTS} times")
    }

    /// Starts a plain one, or skips the test loudly.
    ///
    /// # Panics
    ///
    /// If it cannot start; if it is not installed only under `CLEARCUT_REQUIRE_SERVERS=1`.
    #[track_caller]
    pub fn start_or_skip() -> Option<Self> {
        or_skip(Self::start())
    }

    /// Starts one with options, or skips the test loudly; panics as [`Self::start_or_skip`].
    #[track_caller]
    pub fn start_with_or_skip(options: RedisOptions) -> Option<Self> {
        or_skip(Self::start_with(options))
    }

    /// `redis://127.0.0.1:PORT`, with the password in it if there is one (letters and digits need no encoding).
    pub fn url(&self) -> String {
        let password = self.password.as_ref().map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{password}127.0.0.1:{}", self.port)
    }

    /// The loopback port, the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn process_id(&self) -> anyhow::Result<u32> {
        self.process().id()
    }

    /// Kills it (SIGKILL): every connection breaks, every key is lost, save with [`RedisOptions::append_only`]. Fine if
    /// it does not run.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.process().kill()
    }

    /// Starts it again on the same port, empty save with [`RedisOptions::append_only`]; kills it first if it runs.
    pub fn restart(&self) -> anyhow::Result<()> {
        let mut process = self.process();
        process.kill()?;
        match process.start(|id| answers(self.port, self.password.as_deref(), id)) {
            Ok(()) => Ok(()),
            Err(StartError::PortTaken) => bail!("port {} was taken while Redis was down", self.port),
            Err(StartError::Other(error)) => Err(error),
        }
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

fn arguments(port: u16, options: &RedisOptions) -> Vec<String> {
    let port = port.to_string();
    // What is answered is on disk before, so that a kill loses none of it.
    let append_only = if options.append_only { "yes" } else { "no" };
    let mut arguments: Vec<String> =
        ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", append_only, "--appendfsync", "always"]
            .map(String::from)
            .into();
    if let Some(password) = &options.password {
        arguments.extend(["--requirepass".to_owned(), password.clone()]);
    }
    if let Some(bytes) = options.max_memory_bytes {
        let bytes = bytes.to_string();
        arguments.extend(["--maxmemory", &bytes, "--maxmemory-policy", "allkeys-lru"].map(String::from));
    }
    if let Some(port) = options.cluster_port {
        let port = port.to_string();
        arguments.extend(["--cluster-enabled", "yes", "--cluster-port", &port].map(String::from));
    }
    arguments
}

/// Whether our own process, and not whoever else has the port, answers there.
fn answers(port: u16, password: Option<&str>, process_id: u32) -> bool {
    let login = password.map_or_else(String::new, |password| format!("AUTH {password}\r\n"));
    ask(port, &format!("{login}INFO server"))
        .is_ok_and(|answer| answer.lines().any(|line| line == format!("process_id:{process_id}")))
}

/// What the server on a port answers to commands, one a line, as it is sent.
pub(super) fn ask(port: u16, commands: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_secs(2)))?;
    connection.write_all(format!("{commands}\r\nQUIT\r\n").as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}
