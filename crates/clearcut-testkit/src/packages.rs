//! Programs that pip and npm install once below the build's target folder.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, ensure};

/// A test's programs are not installed, and could not be.
#[derive(Debug)]
pub struct MissingPackages {
    installer: &'static str,
    packages: String,
    why: anyhow::Error,
}

impl fmt::Display for MissingPackages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { installer, packages, why } = self;
        write!(formatter, "{installer} cannot install {packages}, which needs the network once: {why:#}")
    }
}

impl std::error::Error for MissingPackages {}

/// The interpreter of a Python that has these packages, in `folder`.
///
/// # Errors
///
/// [`MissingPackages`] if there is no Python, or the packages cannot be had.
pub fn python(folder: &Path, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let python = folder.join("bin/python");
    once("pip", folder, packages, || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--retries", "1"]).args(packages))
    })?;
    Ok(python)
}

/// `folder`, whose `node_modules` has these packages.
///
/// # Errors
///
/// [`MissingPackages`] if there is no npm, or the packages cannot be had.
pub fn node(folder: &Path, packages: &[&str]) -> anyhow::Result<PathBuf> {
    once("npm", folder, packages, || {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1", "--prefix"]);
        run(npm.arg(folder).args(packages))
    })?;
    Ok(folder.to_owned())
}

/// Installs unless the same packages are there already.
fn once(
    installer: &'static str,
    folder: &Path,
    packages: &[&str],
    install: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    // Tests run at once; a half-installed folder is nobody's.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let (stamp, wanted) = (folder.join("installed"), packages.join("\n"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install().map_err(|why| MissingPackages { installer, packages: packages.join(" "), why })?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    ensure!(output.status.success(), "{} ended with {}\n{out}\n{err}", command.get_program().display(), output.status);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_once_and_again_when_they_change() {
        let folder = tempfile::tempdir().unwrap();
        let mut installs = 0;
        let mut ask = |packages: &[&str]| {
            once("pip", folder.path(), packages, || {
                installs += 1;
                Ok(())
            })
            .unwrap();
        };
        ask(&["one==1"]);
        ask(&["one==1"]);
        ask(&["one==2"]);
        assert_eq!(installs, 2);
    }

    #[test]
    fn what_cannot_be_installed_is_missing_and_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let error =
                once("npm", folder.path(), &["one"], || run(Command::new("sh").args(["-c", "echo no; exit 3"])));
            let error = error.unwrap_err();
            assert!(error.is::<MissingPackages>());
            assert!(error.to_string().starts_with("npm cannot install one, "), "{error}");
        }
    }
}
