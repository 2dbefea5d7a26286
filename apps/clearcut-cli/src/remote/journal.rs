//! What a run has reached, beside its results: the next run goes on from there.
//!
//! One line of JSON for each step of a picture; the last line about a picture counts. Lines are only ever added, so a
//! run may be killed at any moment: half a line at the end was never said.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use clearcut::ContentDigest;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::exit::{Exit, Failure};

/// The journal's name, in the folder of the results.
pub const NAME: &str = ".clearcut-journal.jsonl";
/// The first line.
const HEAD: &str = "{\"clearcut_journal\":1}";

/// A journal that is open, and in no other process's hands.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    length_bytes: u64,
    known: HashMap<String, Entry>,
}

/// What is known of one picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The result's path from the journal's folder on, which names the picture whatever folder the command is run in.
    pub output: String,
    /// The picture, as it was named.
    pub input: String,
    /// The picture's state when it was read.
    pub picture: Stamp,
    /// Digest of what was asked for.
    pub plan: String,
    /// How far it is.
    #[serde(flatten)]
    pub state: State,
}

/// How far a picture is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// A server has it.
    Queued {
        /// Which one.
        server: String,
        /// Its name there.
        job_id: String,
    },
    /// The result is about to get its name.
    Writing(Written),
    /// The result has its name.
    Done(Written),
    /// There is none.
    Failed {
        /// The stable name of the cause.
        code: String,
        /// The cause.
        message: String,
    },
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    result_bytes: u64,
    result_digest: String,
}

/// By what a file is known to be unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    bytes: u64,
    modified_ns: u64,
}

impl Journal {
    /// The journal of `folder`, which is made as needed.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        let failed = |error: &io::Error| Failure::write(&path, error);
        fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another run writes to {}; wait for it, or choose another -o", folder.display());
                return Err(Failure::new(Exit::Unwritable, "journal_locked", message));
            }
            // Some network file systems know no locks.
            Err(TryLockError::Error(error)) => warn!(%error, "nothing keeps a second run out of this folder"),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|error| failed(&error))?;
        // A line that a killed run did not finish.
        text.truncate(text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1));
        let known = read(&text).ok_or_else(|| {
            let message = format!("{} is no journal of this version of clearcut; move it away", path.display());
            Failure::new(Exit::Usage, "unknown_journal", message)
        })?;
        let length_bytes = text.len() as u64;
        let ready = file.set_len(length_bytes).and_then(|()| file.seek(SeekFrom::Start(length_bytes)));
        ready.map_err(|error| failed(&error))?;
        let mut journal = Self { path, file, length_bytes, known };
        if length_bytes == 0 {
            journal.line(HEAD)?;
        }
        Ok(journal)
    }

    /// What was known of a picture when the journal was opened.
    pub fn known(&self, output: &str) -> Option<&Entry> {
        self.known.get(output)
    }

    /// Adds a step. It outlives this process, but a power failure only after [`Self::sync`].
    pub fn append(&mut self, entry: &Entry) -> Result<(), Failure> {
        let line = serde_json::to_string(entry).expect("an entry is plain data");
        self.line(&line)
    }

    /// Waits until all steps are on the disk itself.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.file.sync_data().map_err(|error| Failure::write(&self.path, &error))
    }

    /// Removes the journal: everything is done, and there is nothing to go on with.
    pub fn remove(self) -> Result<(), Failure> {
        let Self { path, file, .. } = self;
        // Some platforms remove no file that is open.
        drop(file);
        fs::remove_file(&path).map_err(|error| Failure::write(&path, &error))
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        let line = format!("{line}\n");
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // Half a line would swallow the next one. If even this fails, the disk is past helping.
            let _ = self.file.set_len(self.length_bytes).and_then(|()| self.file.seek(SeekFrom::End(0)));
            return Err(Failure::write(&self.path, &error));
        }
        self.length_bytes += line.len() as u64;
        Ok(())
    }
}

impl Written {
    /// What `bytes` are as a result.
    pub fn of(bytes: &[u8]) -> Self {
        Self { result_bytes: bytes.len() as u64, result_digest: ContentDigest::of(bytes).to_string() }
    }

    /// Whether `path` is as long as the result.
    pub fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == self.result_bytes)
    }

    /// Whether `path` holds the very bytes of the result.
    pub fn is_whole_at(&self, path: &Path) -> bool {
        self.is_at(path) && fs::read(path).is_ok_and(|bytes| *self == Self::of(&bytes))
    }
}

impl Stamp {
    /// Of a file as it is now.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        let modified = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { bytes: found.len(), modified_ns: u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX) })
    }
}

/// The last entry of each picture, or `None` if this is no journal.
fn read(text: &[u8]) -> Option<HashMap<String, Entry>> {
    let mut lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let mut known = HashMap::new();
    let Some(head) = lines.next() else { return Some(known) };
    if head != HEAD.as_bytes() {
        return None;
    }
    for line in lines {
        match serde_json::from_slice::<Entry>(line) {
            Ok(entry) => drop(known.insert(entry.output.clone(), entry)),
            // The picture is then one of which nothing is known.
            Err(error) => warn!(%error, "a line of the journal cannot be read"),
        }
    }
    Some(known)
}

#[cfg(test)]
mod tests;
