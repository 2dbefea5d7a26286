//! A private server that speaks like Azure Blob Storage: Azurite, which npm installs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail, ensure};

use super::process::{Process, Recipe, StartError};
use super::{PORT_ATTEMPTS, free_port, or_skip};
use crate::packages;

const PACKAGES: [&str; 1] = ["azurite@3.35.0"];
/// What it writes once its port is its own.
const IS_READY: &str = "successfully listens on";
const ACCOUNT: &str = "clearcut";
/// Base64, as keys are, of what it says.
const KEY: &str = "bm8gc2VjcmV0LCBvbmx5IGZvciB0ZXN0cw==";

/// Makes a container, or a shared access signature for one: a signature is all that Azure asks for, and Node is there.
const SCRIPT: &str = include_str!("azurite.mjs");

static SHARED: Mutex<Option<&'static AzuriteServer>> = Mutex::new(None);

/// A storage account of one's own, in memory, loopback only, which checks signatures. Dropping it ends it.
#[derive(Debug)]
pub struct AzuriteServer {
    /// Ends the server when it is dropped.
    _process: Process,
    port: u16,
    script: PathBuf,
}

impl AzuriteServer {
    /// Installs Azurite below `target_folder` if it is not there, starts it (seconds) and waits until it answers.
    ///
    /// An integration test's `target_folder` is `env!("CARGO_TARGET_TMPDIR")`.
    ///
    /// # Errors
    ///
    /// [`MissingPackages`](crate::packages::MissingPackages) if it cannot be installed; anything else is a failed start.
    pub fn start(target_folder: &Path) -> anyhow::Result<Self> {
        let folder = packages::node(&target_folder.with_file_name("clients").join("azurite"), &PACKAGES)?;
        // `env` gives it the account and then becomes it.
        let recipe =
            Recipe { program: "/usr/bin/env".into(), arguments: Vec::new(), account: None, end_signal: "KILL" };
        let mut process = Process::new(recipe, tempfile::Builder::new().prefix("clearcut-azurite-").tempdir()?)?;
        let script = process.folder().join("azurite.mjs");
        std::fs::write(&script, SCRIPT).context("writing the script")?;
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            process.set_arguments(arguments(&folder, port));
            let log = process.log_path();
            match process.start(|_| std::fs::read_to_string(&log).is_ok_and(|log| log.contains(IS_READY))) {
                Ok(()) => return Ok(Self { _process: process, port, script }),
                Err(StartError::PortTaken) => {}
                Err(StartError::Other(error)) => return Err(error),
            }
        }
        bail!("Azurite found its port taken {PORT_ATTEMPTS} times")
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

    /// As Azure's portal shows it, with the account's key in it.
    pub fn connection_string(&self) -> String {
        format!("AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={}", self.endpoint())
    }

    /// One that may read, write, list and delete in a container for an hour, without the account's key.
    ///
    /// # Errors
    ///
    /// If Node cannot run.
    pub fn connection_string_of(&self, container: &str) -> anyhow::Result<String> {
        let signature = self.script("sign", container)?;
        Ok(format!("AccountName={ACCOUNT};SharedAccessSignature={signature};BlobEndpoint={}", self.endpoint()))
    }

    /// Makes a container; one that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// If the server does not run, or does not take the name.
    pub fn create_container(&self, name: &str) -> anyhow::Result<()> {
        self.script("create", name).map(drop)
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    fn script(&self, verb: &str, container: &str) -> anyhow::Result<String> {
        let mut node = Command::new("node");
        let output = node.arg(&self.script).args([verb, &self.endpoint(), ACCOUNT, KEY, container]).output();
        let output = output.context("running node")?;
        let (said, complaint) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{verb} {container}: {said}{complaint}");
        Ok(said.trim().to_owned())
    }
}

fn arguments(folder: &Path, port: u16) -> Vec<String> {
    let program = folder.join("node_modules/.bin/azurite-blob").display().to_string();
    let (accounts, port) = (format!("AZURITE_ACCOUNTS={ACCOUNT}:{KEY}"), port.to_string());
    // The driver speaks a younger version of the API than Azurite knows.
    let words = [&accounts, &program, "--blobHost", "127.0.0.1", "--blobPort", &port, "--skipApiVersionCheck"];
    let quiet = ["--disableTelemetry", "--inMemoryPersistence"];
    words.iter().chain(&quiet).map(|word| (*word).to_owned()).collect()
}
