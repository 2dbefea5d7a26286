//! Clients from their registries, installed once under `target/clients`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{LazyLock, Mutex, PoisonError},
};

/// What pip installs; the versions are those that the tests were written with.
const PYTHON_PACKAGES: [&str; 3] = ["removebg==0.04", "requests==2.34.2", "pillow==12.0.0"];
/// What npm installs.
const NODE_PACKAGES: [&str; 1] = ["remove.bg@1.3.0"];
/// With this variable set to 1, a client that cannot be installed fails its test.
const REQUIRE: &str = "CLEARCUT_REQUIRE_CLIENTS";

/// The interpreter of a Python that has the clients; `None`, said loudly, where they cannot be had.
pub fn python() -> Option<PathBuf> {
    static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        let folder = folder("python");
        let python = folder.join("bin/python");
        once(&folder, &PYTHON_PACKAGES, || {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            let mut pip = Command::new(&python);
            run(pip.args(["-m", "pip", "install", "--quiet", "--retries", "1"]).args(PYTHON_PACKAGES))
        })?;
        Ok(python)
    });
    found("pip", &PYTHON)
}

/// The folder whose `node_modules` has the clients; `None`, said loudly, where they cannot be had.
pub fn node() -> Option<PathBuf> {
    static NODE: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        let folder = folder("node");
        once(&folder, &NODE_PACKAGES, || {
            fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1", "--prefix"]);
            run(npm.arg(&folder).args(NODE_PACKAGES))
        })?;
        Ok(folder)
    });
    found("npm", &NODE)
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

/// Installs unless the same packages are there already.
fn once(folder: &Path, packages: &[&str], install: impl FnOnce() -> Result<Output, String>) -> Result<(), String> {
    // Tests run at once; a half-installed folder is nobody's.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let (stamp, wanted) = (folder.join("installed"), packages.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

fn found(installer: &str, installed: &Result<PathBuf, String>) -> Option<PathBuf> {
    match installed {
        Ok(path) => Some(path.clone()),
        Err(error) => {
            assert!(
                std::env::var(REQUIRE).as_deref() != Ok("1"),
                "{REQUIRE}=1, and {installer} cannot install: {error}"
            );
            eprintln!("\n*** SKIPPED: {installer} cannot install the clients that this test runs: {error}\n");
            None
        }
    }
}
