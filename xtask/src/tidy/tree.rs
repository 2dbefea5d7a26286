//! The text files of the workspace: what Git tracks, and what it would track next.

use std::fs;

use anyhow::{Context, Result};

use super::rust;
use crate::{process, workspace};

/// One text file; its path is relative to the root and has forward slashes.
#[derive(Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), text: text.into() }
    }

    pub fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    pub fn has_extension(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
    }

    /// The text of a Rust file without comments and literals; lines keep their numbers.
    pub fn code(&self) -> String {
        rust::code_of(&self.text)
    }
}

/// All text files.
#[derive(Debug)]
pub struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// Reads the files that Git knows or does not ignore. What is not UTF-8 is data and left out.
    pub fn load() -> Result<Self> {
        let mut git = process::program("git");
        let listed = process::output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
        let mut files = Vec::new();
        for path in listed.split_terminator('\0') {
            let on_disk = workspace::root().join(path);
            // A tracked file that was deleted and not yet committed is still listed; a link is read where it points.
            if !on_disk.is_file() {
                continue;
            }
            let bytes = fs::read(&on_disk).with_context(|| format!("cannot read {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File::new(path, text));
            }
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    pub fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        Self { files: files.map(|(path, text)| File::new(path, text)).into() }
    }

    pub fn files(&self) -> &[File] {
        &self.files
    }

    pub fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    pub fn contains(&self, path: &str) -> bool {
        self.file(path).is_some()
    }
}
