//! Why settings cannot be used.

use std::{io, path::PathBuf};

use super::Origin;

/// Why settings cannot be used: one line that names the source, the key and what is expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: {message}", path.display())]
    Syntax {
        /// Its path.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong, without the line itself: there may be a secret in it.
        message: String,
    },
    /// Nothing has this name.
    #[error("{origin}: there is no setting `{name}`; the nearest one is `{nearest}`")]
    Unknown {
        /// Who says it.
        origin: Origin,
        /// The name as given, cut to 100 characters.
        name: String,
        /// A name that exists.
        nearest: String,
    },
    /// A value that is not understood, or that does not fit the others.
    #[error("{origin}: `{key}` must be {expected}{}", given.as_ref().map(|given| format!(", not `{given}`")).unwrap_or_default())]
    Value {
        /// Who says it.
        origin: Origin,
        /// Of the setting.
        key: &'static str,
        /// What would be right.
        expected: String,
        /// The value as given, cut to 60 characters; `None` for secrets.
        given: Option<String>,
    },
}
