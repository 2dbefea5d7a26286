//! A private Postgres.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail, ensure};

use super::account::Account;
use super::process::{Process, Recipe, StartError};
use super::{MissingProgram, PORT_ATTEMPTS, free_port, or_skip, program};

const MISSING: MissingProgram =
    MissingProgram { program: "postgres", apt_package: "postgresql", brew_formula: "postgresql@17" };

/// What Postgres says while processes of the one before it are there, and how often it is started all the same: a try
/// takes tens of milliseconds.
const STILL_ENDING: &str = "pre-existing shared memory block";
const RESTART_ATTEMPTS: u32 = 200;

static SHARED: Mutex<Option<&'static PostgresServer>> = Mutex::new(None);

/// A Postgres of one's own: superuser `postgres` without a password, loopback only, nothing forced to disk.
/// Dropping it ends it.
#[derive(Debug)]
pub struct PostgresServer {
    process: Mutex<Process>,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Makes a cluster in a temporary folder (about a second), starts it and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// [`MissingProgram`] if the server's programs are not there; anything else is a failed start.
    pub fn start() -> anyhow::Result<Self> {
        let programs = program::folder_with(&folders(), &["initdb", "postgres", "createdb"]).ok_or(MISSING)?;
        let folder = tempfile::Builder::new().prefix("clearcut-postgres-").tempdir()?;
        let account = Account::for_postgres(folder.path())?;
        if let Some(account) = account {
            account.own(folder.path())?;
        }
        initialize(&programs, folder.path(), account)?;
        let recipe = Recipe {
            program: programs.join("postgres"),
            arguments: Vec::new(),
            account,
            end_signal: "QUIT", // Immediate shutdown: it still gives back its shared memory.
        };
        let mut process = Process::new(recipe, folder)?;
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            process.set_arguments(arguments(process.folder(), port));
            let status = status_file(&process);
            match process.start(|id| is_ready(&status, id)) {
                Ok(()) => {
                    return Ok(Self { process: Mutex::new(process), programs, port, databases: AtomicU32::new(0) });
                }
                Err(StartError::PortTaken) => {}
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        bail!("postgres found its port taken {PORT_ATTEMPTS} times")
    }

    /// Starts one, or skips the test loudly.
    ///
    /// # Panics
    ///
    /// If it cannot start; if it is not installed only under `CLEARCUT_REQUIRE_SERVERS=1`.
    #[track_caller]
    pub fn start_or_skip() -> Option<Self> {
        or_skip(Self::start())
    }

    /// The one server that the tests of a process share, started by whoever asks first. Take a database of your own
    /// from it with [`Self::fresh_database`], and do not kill or pause it: others are using it.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn shared() -> anyhow::Result<&'static Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = *shared {
            return Ok(server);
        }
        let server: &'static Self = Box::leak(Box::new(Self::start()?));
        *shared = Some(server);
        Ok(server)
    }

    /// As [`Self::shared`], or skips the test loudly; panics as [`Self::start_or_skip`].
    #[track_caller]
    pub fn shared_or_skip() -> Option<&'static Self> {
        or_skip(Self::shared())
    }

    /// The URL of a database, whether it exists or not.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The loopback port, the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of its first process.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn process_id(&self) -> anyhow::Result<u32> {
        self.process().id()
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Errors
    ///
    /// If there is one of that name, or the server does not run.
    pub fn create_database(&self, name: &str) -> anyhow::Result<String> {
        let output = Command::new(self.programs.join("createdb"))
            .args(["--host", "127.0.0.1", "--port", &self.port.to_string(), "--username", "postgres"])
            // Nobody is ever connected to template0, so many tests may copy it at once.
            .args(["--template", "template0", "--", name])
            .output()
            .context("running createdb")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(self.url(name))
    }

    /// Creates an empty database under a name that nobody has and returns its URL.
    pub fn fresh_database(&self) -> anyhow::Result<String> {
        self.create_database(&format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed)))
    }

    /// Shuts it down at once; the files stay. Fine if it does not run.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.process().stop()
    }

    /// Kills it and its children (SIGKILL); the files stay as they are. Fine if it does not run.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.process().kill()
    }

    /// Starts it again on the same port with the same files; shuts it down first if it runs.
    pub fn restart(&self) -> anyhow::Result<()> {
        let mut process = self.process();
        process.stop()?;
        let status = status_file(&process);
        for attempt in 1.. {
            match process.start(|id| is_ready(&status, id)) {
                Ok(()) => break,
                Err(StartError::PortTaken) => bail!("port {} was taken while Postgres was down", self.port),
                // Its processes were killed, and the system has not ended all of them yet.
                Err(StartError::Other(error))
                    if attempt < RESTART_ATTEMPTS && format!("{error:#}").contains(STILL_ENDING) => {}
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes it hang (SIGSTOP), its open connections too: they are kept, and nothing is answered.
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

/// Where the server's programs may be: Debian and Homebrew keep them beside `PATH`, one folder for each version.
fn folders() -> Vec<PathBuf> {
    let homes = [
        ("/usr/lib/postgresql", ""),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
        ("/usr", "pgsql-"),
    ];
    let mut versions = Vec::new();
    for (home, prefix) in homes {
        for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix(prefix)?.parse::<u32>().ok());
            versions.extend(version.map(|version| (version, entry.path().join("bin"))));
        }
    }
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).chain(program::search_folders()).collect()
}

fn initialize(programs: &Path, folder: &Path, account: Option<Account>) -> anyhow::Result<()> {
    let mut command = Command::new(programs.join("initdb"));
    command.arg("-D").arg(folder.join("data")).current_dir(folder);
    command.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]);
    if let Some(account) = account {
        account.run(&mut command);
    }
    let output = command.output().context("running initdb")?;
    ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn arguments(folder: &Path, port: u16) -> Vec<String> {
    let mut arguments = vec!["-D".to_owned(), folder.join("data").display().to_string()];
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        format!("unix_socket_directories={}", folder.display()),
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "max_connections=200".to_owned(),
    ];
    arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
    arguments
}

fn status_file(process: &Process) -> PathBuf {
    process.folder().join("data").join("postmaster.pid")
}

/// Postgres writes its process id into the first line of this file and `ready` into the last.
fn is_ready(status_file: &Path, process_id: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(status_file) else { return false };
    let mut lines = status.lines().map(str::trim);
    lines.next() == Some(&process_id.to_string()) && lines.next_back() == Some("ready")
}
