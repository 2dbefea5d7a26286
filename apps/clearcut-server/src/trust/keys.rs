//! API keys: kept as hashes, compared in constant time, each with a role and a quota.

use std::{
    fmt,
    path::Path,
    sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, TryLockError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::key_file::{self, KeyEntry, KeyFile, Stamp};
use crate::failure::Outcome;

/// Pause between two looks at the file.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Cut-outs.
    User,
    /// Cut-outs, statistics, clearing and cleanup.
    Admin,
}

/// Who a key belongs to. Never holds the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Names the key in lists, logs and limits; no secret.
    pub id: String,
    /// Given by whoever added it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Pictures a day; `None` for any number.
    pub quota_per_day: Option<u32>,
}

/// The known keys.
pub struct KeyRing {
    file: Option<KeyFile>,
    look_every: Duration,
    entries: RwLock<Vec<KeyEntry>>,
    look: Mutex<Look>,
}

/// The last look at the file.
struct Look {
    at: Instant,
    stamp: Option<Stamp>,
    /// Whether the file is known to be broken, and the log has it.
    broken: bool,
}

impl Role {
    /// The name in files and lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl KeyRing {
    /// Reads the keys of a file; none if there is no file. Changes of the file are seen within a second. One that
    /// cannot be read then changes nothing.
    ///
    /// # Errors
    ///
    /// The file cannot be read now.
    pub fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        Self::open_looking(file, LOOK_EVERY)
    }

    fn open_looking(file: Option<&Path>, look_every: Duration) -> anyhow::Result<Self> {
        let file = file.map(KeyFile::at);
        // Before the reading: a change in between is then seen at the next look.
        let stamp = file.as_ref().map_or(Ok(None), KeyFile::stamp)?;
        let entries = file.as_ref().map_or(Ok(Vec::new()), KeyFile::read)?;
        let look = Mutex::new(Look { at: Instant::now(), stamp, broken: false });
        Ok(Self { file, look_every, entries: RwLock::new(entries), look })
    }

    /// The holder of `key`, or `None` if nobody holds it.
    pub fn find(&self, key: &str) -> Outcome<Option<Holder>> {
        Ok(key_file::find(&self.entries(), key).map(KeyEntry::holder))
    }

    /// The holder by the id of the key, or `None` if there is none any more.
    pub fn holder(&self, id: &str) -> Option<Holder> {
        self.entries().iter().find(|entry| entry.id() == id).map(KeyEntry::holder)
    }

    /// Whether any key has the role.
    pub fn has(&self, role: Role) -> bool {
        self.entries().iter().any(|entry| entry.role() == role)
    }

    fn entries(&self) -> RwLockReadGuard<'_, Vec<KeyEntry>> {
        if let Some(file) = &self.file {
            self.look_at(file);
        }
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_at(&self, file: &KeyFile) {
        let mut look = match self.look.try_lock() {
            Ok(look) => look,
            Err(TryLockError::Poisoned(look)) => look.into_inner(),
            // Another request is looking; this one takes what is known.
            Err(TryLockError::WouldBlock) => return,
        };
        if look.at.elapsed() < self.look_every {
            return;
        }
        look.at = Instant::now();
        let read = match file.stamp() {
            Ok(stamp) if stamp == look.stamp => return,
            Ok(stamp) => file.read().map(|entries| (stamp, entries)),
            Err(error) => Err(error.into()),
        };
        match read {
            Ok((stamp, entries)) => {
                tracing::info!(keys = entries.len(), file = %file.path().display(), "the file of keys was read again");
                *look = Look { at: look.at, stamp, broken: false };
                *self.entries.write().unwrap_or_else(PoisonError::into_inner) = entries;
            }
            Err(error) => {
                if !std::mem::replace(&mut look.broken, true) {
                    tracing::error!(error = %format_args!("{error:#}"), "going on with the keys that were known before");
                }
            }
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Holder {
    /// The quota as a limit.
    pub fn quota(&self) -> Option<super::limits::Limit> {
        let per = Duration::from_hours(24);
        self.quota_per_day.map(|calls| super::limits::Limit { calls: calls.max(1), per })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::SystemTime};

    use secrecy::ExposeSecret as _;

    use super::{super::key_file::NewKey, *};

    fn opened() -> (tempfile::TempDir, KeyFile, KeyRing) {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("keys.toml"));
        let ring = KeyRing::open_looking(Some(file.path()), Duration::ZERO).unwrap();
        (folder, file, ring)
    }

    fn add(file: &KeyFile, role: Role) -> (String, String) {
        let made = file.add(NewKey { name: "n".to_owned(), role, quota_per_day: None }, SystemTime::now()).unwrap();
        (made.id, made.key.expose_secret().to_owned())
    }

    #[test]
    fn keys_are_known_as_soon_as_they_are_added_and_unknown_when_revoked() {
        let (_folder, file, ring) = opened();
        assert!(!ring.has(Role::Admin));
        let (id, key) = add(&file, Role::Admin);
        assert!(ring.has(Role::Admin) && !ring.has(Role::User));
        assert_eq!(ring.find(&key).unwrap().unwrap().id, id);
        assert_eq!(ring.holder(&id).unwrap().role, Role::Admin);
        assert_eq!(ring.find("cc_no").unwrap(), None);
        file.revoke(&id).unwrap();
        assert_eq!((ring.find(&key).unwrap(), ring.holder(&id)), (None, None));
    }

    #[test]
    fn a_broken_file_changes_nothing_until_it_is_whole_again() {
        let (_folder, file, ring) = opened();
        let (_, key) = add(&file, Role::User);
        assert!(ring.find(&key).unwrap().is_some());
        let good = fs::read(file.path()).unwrap();
        fs::write(file.path(), "keys = 1").unwrap();
        for _ in 0..3 {
            assert!(ring.find(&key).unwrap().is_some());
        }
        assert!(KeyRing::open(Some(file.path())).is_err(), "a server does not start with it");
        fs::write(file.path(), good).unwrap();
        let (id, second) = add(&file, Role::User);
        assert_eq!(ring.find(&second).unwrap().unwrap().id, id);
        fs::remove_file(file.path()).unwrap();
        assert_eq!(ring.find(&key).unwrap(), None);
    }

    #[test]
    fn debug_shows_no_hash() {
        let (_folder, file, ring) = opened();
        let (_, key) = add(&file, Role::User);
        assert!(ring.has(Role::User));
        assert!(!format!("{ring:?}").contains(&blake3::hash(key.as_bytes()).to_hex()[..16]));
    }
}
