//! Finds installed programs.

use std::fmt;
use std::path::PathBuf;

/// A server's program is not installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingProgram {
    /// The program, as its package calls it.
    pub program: &'static str,
    /// The Debian package that has it.
    pub apt_package: &'static str,
    /// The Homebrew formula that has it.
    pub brew_formula: &'static str,
}

impl fmt::Display for MissingProgram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, apt_package, brew_formula } = self;
        write!(formatter, "{program} is not installed; install it with ")?;
        if cfg!(target_os = "macos") {
            write!(formatter, "`brew install {brew_formula}`")
        } else {
            write!(formatter, "`sudo apt-get install -y {apt_package}`")
        }
    }
}

impl std::error::Error for MissingProgram {}

/// The folders of `PATH`, and those where Homebrew puts programs that `PATH` may lack.
pub(super) fn search_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/usr/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).collect()
}

/// The first folder that has all these programs.
pub(super) fn folder_with(folders: &[PathBuf], programs: &[&str]) -> Option<PathBuf> {
    folders.iter().find(|folder| programs.iter().all(|program| folder.join(program).is_file())).cloned()
}
