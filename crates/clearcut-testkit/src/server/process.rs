//! One running server process: start, kill, pause, resume.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use super::account::Account;
use super::watchdog::Watchdog;

/// A Python or Node server reads thousands of files first, on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(10);

/// How a server is run.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) account: Option<Account>,
    /// The signal, without SIG, that ends it at once and lets it clean up what only it can.
    pub(super) end_signal: &'static str,
}

/// Why a server did not come up.
#[derive(Debug)]
pub(super) enum StartError {
    /// Somebody else took its port first: another one may do.
    PortTaken,
    Other(anyhow::Error),
}

impl From<anyhow::Error> for StartError {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// A server's process and its folder. Dropping it ends the process, then removes the folder.
#[derive(Debug)]
pub(super) struct Process {
    recipe: Recipe,
    child: Option<Child>,
    // Dropped before the folder, so that nobody else is removing it then.
    watchdog: Watchdog,
    folder: TempDir,
}

impl Process {
    /// Nothing runs until [`Self::start`].
    pub(super) fn new(recipe: Recipe, folder: TempDir) -> anyhow::Result<Self> {
        let watchdog = Watchdog::start(recipe.end_signal, folder.path())?;
        Ok(Self { recipe, child: None, watchdog, folder })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its output goes, of the last start only.
    pub(super) fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(super) fn set_arguments(&mut self, arguments: Vec<String>) {
        self.recipe.arguments = arguments;
    }

    /// Starts the server and waits until `is_ready`, which is told its process id, says so.
    pub(super) fn start(&mut self, is_ready: impl Fn(u32) -> bool) -> Result<(), StartError> {
        if self.child.is_some() {
            return Err(StartError::Other(anyhow::anyhow!("the server runs already")));
        }
        let log_path = self.log_path();
        let child = self.spawn(&log_path)?;
        let id = child.id();
        self.child = Some(child);
        self.watchdog.guard(Some(id))?;

        let started = Instant::now();
        while !is_ready(id) {
            let exited = self.child.as_mut().and_then(|child| child.try_wait().transpose());
            if exited.is_none() && started.elapsed() < START_LIMIT {
                std::thread::sleep(POLL);
                continue;
            }
            self.kill()?;
            let log = std::fs::read_to_string(&log_path).unwrap_or_default();
            if log.contains("Address already in use") || log.contains("EADDRINUSE") {
                return Err(StartError::PortTaken);
            }
            let program = self.recipe.program.display();
            return Err(StartError::Other(anyhow::anyhow!("{program} did not start; it wrote:\n{log}")));
        }
        Ok(())
    }

    fn spawn(&self, log_path: &Path) -> anyhow::Result<Child> {
        // Anew each time: what an earlier run wrote must not explain this one.
        let log = File::create(log_path).with_context(|| format!("creating {}", log_path.display()))?;
        let mut command = Command::new(&self.recipe.program);
        command.args(&self.recipe.arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(log.try_clone().context("sharing the log")?).stderr(log);
        // A Ctrl-C at the terminal is for the tests, which end their servers themselves.
        command.process_group(0);
        if let Some(account) = self.recipe.account {
            account.run(&mut command);
        }
        command.spawn().with_context(|| format!("starting {}", self.recipe.program.display()))
    }

    /// Ends the server and all its children with SIGKILL; fine if nothing runs.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let mut children = Vec::new();
        if child.try_wait().context("looking after the server")?.is_none() {
            // Stopped, so that it starts no more children while they are listed.
            signal("STOP", &[child.id()])?;
            children = children_of(child.id())?;
        }
        child.kill().context("killing the server")?;
        child.wait().context("waiting for the server's end")?;
        signal_children("KILL", &children);
        self.watchdog.guard(None)
    }

    /// Ends the server in its own orderly way; fine if nothing runs.
    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            resume(child.id())?;
            signal(self.recipe.end_signal, &[child.id()])?;
            child.wait().context("waiting for the server's end")?;
        }
        self.watchdog.guard(None)
    }

    /// Holds the server and its children as they are (SIGSTOP): connections stay open, and nobody answers.
    pub(super) fn pause(&self) -> anyhow::Result<()> {
        let id = self.id()?;
        signal("STOP", &[id])?;
        signal_children("STOP", &children_of(id)?);
        Ok(())
    }

    /// Lets the server go on after [`Self::pause`] (SIGCONT).
    pub(super) fn resume(&self) -> anyhow::Result<()> {
        resume(self.id()?)
    }

    pub(super) fn id(&self) -> anyhow::Result<u32> {
        self.child.as_ref().map(Child::id).context("the server does not run")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("a test server did not stop: {error:#}");
        }
    }
}

fn resume(id: u32) -> anyhow::Result<()> {
    signal_children("CONT", &children_of(id)?);
    signal("CONT", &[id])
}

/// A failure is no trouble: a server's children end by themselves too, and the others have got the signal.
fn signal_children(name: &str, children: &[u32]) {
    if !children.is_empty() {
        let _ = signal(name, children);
    }
}

fn signal(name: &str, processes: &[u32]) -> anyhow::Result<()> {
    let ids = processes.iter().map(u32::to_string);
    let output = Command::new("kill").arg(format!("-{name}")).args(ids).output().context("running kill")?;
    ensure!(output.status.success(), "kill -{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// The processes that `parent` has started: Postgres runs one for each connection, in a process group of its own.
fn children_of(parent: u32) -> anyhow::Result<Vec<u32>> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().context("running ps")?;
    if !output.status.success() {
        bail!("ps failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let table = String::from_utf8_lossy(&output.stdout);
    let rows = table.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    let children = rows.filter(|(_, of)| of.trim().parse() == Ok(parent));
    Ok(children.filter_map(|(child, _)| child.parse().ok()).collect())
}
