//! Clients from their registries, installed once under `target/clients`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use clearcut_testkit::packages;

/// What pip installs; the versions are those that the tests were written with.
const PYTHON_PACKAGES: [&str; 3] = ["removebg==0.04", "requests==2.34.2", "pillow==12.0.0"];
/// What npm installs.
const NODE_PACKAGES: [&str; 1] = ["remove.bg@1.3.0"];
/// With this variable set to 1, a client that cannot be installed fails its test.
const REQUIRE: &str = "CLEARCUT_REQUIRE_CLIENTS";

/// The interpreter of a Python that has the clients; `None`, said loudly, where they cannot be had.
pub fn python() -> Option<PathBuf> {
    static PYTHON: LazyLock<anyhow::Result<PathBuf>> =
        LazyLock::new(|| packages::python(&folder("python"), &PYTHON_PACKAGES));
    found(&PYTHON)
}

/// The folder whose `node_modules` has the clients; `None`, said loudly, where they cannot be had.
pub fn node() -> Option<PathBuf> {
    static NODE: LazyLock<anyhow::Result<PathBuf>> = LazyLock::new(|| packages::node(&folder("node"), &NODE_PACKAGES));
    found(&NODE)
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Result<Output, String> {
    let output =
        command.output().map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Err(format!("{:?} ended with {}\n{}\n{}", command, output.status, said(&output.stdout), said(&output.stderr)))
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients").join(name)
}

fn found(installed: &anyhow::Result<PathBuf>) -> Option<PathBuf> {
    match installed {
        Ok(path) => Some(path.clone()),
        Err(error) => {
            assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "{REQUIRE}=1, and {error:#}");
            eprintln!("\n*** SKIPPED: the clients that this test runs are missing: {error:#}\n");
            None
        }
    }
}
