//! The folder that downloaded weights live in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{ModelSpec, Sha256Digest};

/// Downloaded weights, one file per model under its catalogue name.
///
/// A file under its final name is complete: downloads carry the ending `.part` until their digest is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStore {
    folder: PathBuf,
}

/// Why the store cannot answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The platform names no cache folder for this user.
    #[error("there is no cache folder for this user; choose a folder for the models")]
    NoHome,
    /// A file or folder cannot be used.
    #[error("cannot use {}: {}", path.display(), reason(source))]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The model is not there.
    #[error("the model {name} is not in {}; `clearcut models pull {name}` downloads it", folder.display())]
    Absent {
        /// The model's name.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The file is another one than the catalogue describes.
    #[error(
        "{} is not the file that the catalogue describes: its SHA-256 is {actual}, not {expected}; \
         `clearcut models pull {name}` replaces it",
        path.display()
    )]
    Different {
        /// The model's name.
        name: String,
        /// The file.
        path: PathBuf,
        /// The catalogue's digest.
        expected: Sha256Digest,
        /// The file's.
        actual: Sha256Digest,
    },
}

/// What is in the store for one model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verification {
    /// The file is there and has the pinned digest.
    Valid,
    /// There is no file.
    Absent,
    /// The file has another size or content than the catalogue says.
    Different {
        /// What the file is.
        actual: Sha256Digest,
    },
    /// The file is there, and the catalogue knows no digest.
    Unpinned {
        /// What the file is.
        actual: Sha256Digest,
    },
}

impl ModelStore {
    /// The platform's cache folder for this user: `~/.cache/clearcut/models` on Linux, `~/Library/Caches/...` on
    /// macOS, `%LOCALAPPDATA%` on Windows.
    pub fn platform() -> Result<Self, StoreError> {
        let folders = directories::ProjectDirs::from("", "", "clearcut").ok_or(StoreError::NoHome)?;
        Ok(Self::at(folders.cache_dir().join("models")))
    }

    /// A folder of one's own. It is made by the first download.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the model's weights are, or would be.
    pub fn path(&self, spec: &ModelSpec) -> PathBuf {
        self.folder.join(&spec.file)
    }

    /// Where the model's weights are; an error that says how to get them, where they are not.
    pub fn require(&self, spec: &ModelSpec) -> Result<PathBuf, StoreError> {
        if self.contains(spec)? {
            Ok(self.path(spec))
        } else {
            Err(StoreError::Absent { name: spec.name.clone(), folder: self.folder.clone() })
        }
    }

    /// Where the model's weights are, after their digest was compared with the catalogue's, where it has one: half a
    /// file, or another one, is never loaded. Reads the whole file, about a second for a gigabyte.
    pub fn require_valid(&self, spec: &ModelSpec) -> Result<PathBuf, StoreError> {
        let path = self.require(spec)?;
        match (self.verify(spec)?, spec.sha256) {
            (Verification::Different { actual }, Some(expected)) => {
                Err(StoreError::Different { name: spec.name.clone(), path, expected, actual })
            }
            _ => Ok(path),
        }
    }

    /// Whether the model's weights are there, by name alone.
    pub fn contains(&self, spec: &ModelSpec) -> Result<bool, StoreError> {
        let path = self.path(spec);
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => Err(StoreError::io(&path, io::ErrorKind::IsADirectory.into())),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io(&path, error)),
        }
    }

    /// Reads the model's weights and compares their digest with the catalogue's.
    pub fn verify(&self, spec: &ModelSpec) -> Result<Verification, StoreError> {
        if !self.contains(spec)? {
            return Ok(Verification::Absent);
        }
        let path = self.path(spec);
        let actual = Sha256Digest::of_file(&path).map_err(|error| StoreError::io(&path, error))?;
        Ok(match spec.sha256 {
            Some(pinned) if pinned == actual => Verification::Valid,
            Some(_) => Verification::Different { actual },
            None => Verification::Unpinned { actual },
        })
    }
}

impl StoreError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// What the system says, and the way out where it is known.
fn reason(error: &io::Error) -> String {
    let way_out = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some room, or choose another folder",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "choose a folder you may write to",
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file and a folder are in each other's place; remove it, or choose another folder"
        }
        io::ErrorKind::FileTooLarge => "raise this user's limit on file sizes, or choose another folder",
        _ => return error.to_string(),
    };
    format!("{error}; {way_out}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    fn store_with(content: Option<&[u8]>) -> (tempfile::TempDir, ModelStore, ModelSpec) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ModelStore::at(folder.path().join("models"));
        let mut spec = Catalogue::builtin().family("u2net", "tiny").expect("a family");
        spec.sha256 = Some(Sha256Digest::of(b"weights"));
        if let Some(content) = content {
            fs::create_dir(store.folder()).expect("writable");
            fs::write(store.path(&spec), content).expect("writable");
        }
        (folder, store, spec)
    }

    #[test]
    fn verification_recomputes_the_digest() {
        let (_folder, store, mut spec) = store_with(Some(b"weights"));
        assert_eq!(store.verify(&spec).expect("readable"), Verification::Valid);
        fs::write(store.path(&spec), b"weighty").expect("writable");
        let actual = Sha256Digest::of(b"weighty");
        assert_eq!(store.verify(&spec).expect("readable"), Verification::Different { actual });
        let message = store.require_valid(&spec).expect_err("another file").to_string();
        assert!(message.contains(&actual.to_string()) && message.contains("pull tiny` replaces it"), "{message}");
        spec.sha256 = None;
        assert_eq!(store.verify(&spec).expect("readable"), Verification::Unpinned { actual });
        assert_eq!(store.require_valid(&spec).expect("nothing to compare with"), store.path(&spec));
    }

    #[test]
    fn an_absent_model_says_how_to_get_it() {
        let (_folder, store, spec) = store_with(None);
        assert_eq!(store.verify(&spec).expect("nothing to read"), Verification::Absent);
        for required in [store.require(&spec), store.require_valid(&spec)] {
            let message = required.expect_err("absent").to_string();
            assert!(message.contains("clearcut models pull tiny"), "{message}");
        }
    }

    #[test]
    fn a_folder_in_place_of_the_file_is_an_error() {
        let (_folder, store, spec) = store_with(None);
        fs::create_dir_all(store.path(&spec)).expect("writable");
        let message = store.verify(&spec).expect_err("a folder").to_string();
        assert!(message.contains("u2net.onnx") && message.contains("in each other's place"), "{message}");
    }
}
