//! Where settings come from.

use std::{ffi::OsString, fmt, path::PathBuf};

/// What settings are read from, the later ones over the earlier ones: defaults, file, environment, flags.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// The environment's variables.
    pub environment: Vec<(OsString, OsString)>,
    /// Keys and values of the command line, the later ones over the earlier ones.
    pub flags: Vec<(String, String)>,
}

/// Who says what a setting is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody.
    Default,
    /// This file.
    File(PathBuf),
    /// The variable of this name.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}
