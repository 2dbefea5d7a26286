//! `cargo xtask tidy`: the rules of the house that no compiler checks.

mod arrows;
mod code;
mod licenses;
mod manifests;
mod migrations;
mod rust;
mod spdx;
mod text;
mod tree;
mod wire;

use std::fmt;

use anyhow::{Result, ensure};

use self::tree::Tree;
use crate::workspace::Metadata;

/// One breach of a rule, with the place where it is mended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: Option<usize>,
    message: String,
}

impl Finding {
    fn in_file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into() }
    }

    /// `index` counts from 0, as `enumerate` does.
    fn on_line(path: &str, index: usize, message: impl Into<String>) -> Self {
        Self { line: Some(index + 1), ..Self::in_file(path, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// Runs every rule over the files and the dependency graph; all findings are shown, not only the first.
pub fn run() -> Result<()> {
    let tree = Tree::load()?;
    let metadata = Metadata::load()?;
    let mut findings = [
        arrows::check(&metadata),
        licenses::check(&metadata, &tree)?,
        manifests::check(&metadata, &tree)?,
        migrations::check(&tree),
        code::check(&tree),
        text::check(&tree),
        wire::check(&tree),
    ]
    .concat();
    findings.sort();
    for finding in &findings {
        eprintln!("{finding}");
    }
    ensure!(findings.is_empty(), "tidy found {} breaches of the rules", findings.len());
    eprintln!("tidy: {} files are in order", tree.files().len());
    Ok(())
}
