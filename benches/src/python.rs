//! The Python that has the peers: given by the caller, found from an earlier run, or made now.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;

use crate::workplace::Workplace;

/// What is installed where no Python is given.
const PACKAGES: [&str; 2] = ["rembg[cpu,cli]", "onnx"];

/// A Python interpreter that can import rembg and ONNX Runtime.
#[derive(Debug)]
pub struct Python {
    program: PathBuf,
    /// The versions of the peers, for the reader of a table.
    pub versions: String,
}

impl Python {
    /// The given interpreter, else the one of the workplace, which is made with pip where it is not there yet.
    pub fn find(given: Option<PathBuf>, workplace: &Workplace) -> Result<Self> {
        if let Some(program) = given {
            return Self::at(program);
        }
        let folder = workplace.path("venv");
        let program = folder.join("bin/python");
        if !program.exists() {
            make(&folder).context("cannot install rembg by myself")?;
        }
        Self::at(program)
    }

    fn at(program: PathBuf) -> Result<Self> {
        let found = Self { program, versions: String::new() };
        let versions = output(&mut found.script("versions.py"))
            .with_context(|| format!("{} has no rembg", found.program.display()))?;
        Ok(Self { versions: versions.trim().to_owned(), ..found })
    }

    /// A command that runs one of our scripts in `benches/peers`.
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name));
        command
    }

    /// A command that runs a program installed beside the interpreter.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.program.with_file_name(name))
    }
}

/// Runs a script whose last line is JSON; what libraries print before it is theirs, pymatting's warnings for instance.
pub fn answer<T: DeserializeOwned>(command: &mut Command) -> Result<T> {
    let printed = output(command)?;
    let answer = printed.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(answer).with_context(|| format!("cannot read what the script printed: {answer}"))
}

/// Runs a script that prints nothing worth reading.
pub fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

fn make(folder: &Path) -> Result<()> {
    eprintln!("installing {} into {}", PACKAGES.join(" "), folder.display());
    let made = output(Command::new("python3").args(["-m", "venv"]).arg(folder));
    let installed = made.and_then(|_| {
        output(Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))
    });
    if let Err(error) = installed {
        // Half a folder would pass for a whole one at the next run.
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        bail!(error);
    }
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start {name}"))?;
    ensure!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_may_warn_before_it_answers() {
        let said = |text: &str| answer::<Vec<f64>>(Command::new("printf").arg(text)).map_err(|error| error.to_string());
        assert_eq!(said("[1.5]\n"), Ok(vec![1.5]));
        assert_eq!(said("Thresholded incomplete Cholesky failed\n[1.5, 2]\n"), Ok(vec![1.5, 2.0]));
        assert!(said("no figures").is_err_and(|reason| reason.ends_with("printed: no figures")));
    }
}
