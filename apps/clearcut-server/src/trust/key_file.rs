//! The file of the keys: who holds one, and its hash. It is replaced in one piece and never has a key in it.

use std::{
    collections::HashSet,
    fmt,
    fs::{self, File},
    io::{self, Write as _},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::keys::{Holder, Role};

/// What every key begins with, so that scanners for lost secrets find it.
const KEY_PREFIX: &str = "cc_";
/// Random bytes of a key: too many to guess, so a plain fast hash keeps it as well as a slow one.
const KEY_BYTES: usize = 32;
/// Longest name of a holder, in characters.
const NAME_LENGTH: usize = 100;

/// The file of the keys.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

/// A key that is still to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Pictures a day; `None` for any number.
    pub quota_per_day: Option<NonZeroU32>,
}

/// A key that was made. This is the only time that it is known.
#[derive(Debug)]
pub struct MadeKey {
    /// Names it from now on.
    pub id: String,
    /// The key.
    pub key: SecretString,
}

/// What the file says of one key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    id: String,
    name: String,
    role: Role,
    hash: KeyHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quota_per_day: Option<NonZeroU32>,
    /// Unix seconds.
    created: u64,
}

/// BLAKE3 of a key. Equality takes the same time wherever two of them differ.
#[derive(Clone, Copy, PartialEq, Eq)]
struct KeyHash(blake3::Hash);

/// Tells one state of the file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    bytes: u64,
    /// Another one after every replacement, even within the clock's grain.
    inode: u64,
}

/// The file as TOML has it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    keys: Vec<KeyEntry>,
}

impl KeyFile {
    /// The file at `path`, which need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All keys; none if there is no file.
    ///
    /// # Errors
    ///
    /// It cannot be read, is not of this form, or names two keys alike.
    pub fn read(&self) -> Result<Vec<KeyEntry>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| self.unreadable()),
        };
        // The parser's own message shows the line, and on it may stand a hash.
        let Document { keys } = toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{}", error.message().to_owned()))
            .with_context(|| self.unreadable())?;
        let mut ids = HashSet::new();
        if let Some(entry) = keys.iter().find(|entry| !ids.insert(&entry.id)) {
            bail!("{} names two keys `{}`", self.path.display(), entry.id);
        }
        Ok(keys)
    }

    /// Makes a key and adds its hash.
    ///
    /// # Errors
    ///
    /// The name is empty, long or unprintable, or the file cannot be read or replaced.
    pub fn add(&self, new: NewKey, now: SystemTime) -> Result<MadeKey> {
        let NewKey { name, role, quota_per_day } = new;
        let name = name.trim().to_owned();
        ensure!(
            (1..=NAME_LENGTH).contains(&name.chars().count()) && !name.chars().any(char::is_control),
            "a name has 1 to {NAME_LENGTH} printable characters"
        );
        let key = format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<KEY_BYTES>()?));
        let hash = KeyHash::of(&key);
        let created = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let id = self.change(|keys| {
            let id = loop {
                let id = format!("{:010x}", u64::from_be_bytes(random()?) >> 24);
                if keys.iter().all(|entry| entry.id != id) {
                    break id;
                }
            };
            keys.push(KeyEntry { id: id.clone(), name, role, hash, quota_per_day, created });
            Ok(id)
        })?;
        Ok(MadeKey { id, key: key.into() })
    }

    /// Takes a key out, by its id.
    ///
    /// # Errors
    ///
    /// There is no such key, or the file cannot be read or replaced.
    pub fn revoke(&self, id: &str) -> Result<Holder> {
        self.change(|keys| {
            let at = keys.iter().position(|entry| entry.id == id).with_context(|| {
                format!(
                    "there is no key `{id}` in {}; `clearcut-server keys list` shows those that are",
                    self.path.display()
                )
            })?;
            Ok(keys.remove(at).holder())
        })
    }

    /// The state of the file; `None` if there is none.
    pub(super) fn stamp(&self) -> io::Result<Option<Stamp>> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(Some(Stamp {
                modified: metadata.modified()?,
                bytes: metadata.len(),
                #[cfg(unix)]
                inode: std::os::unix::fs::MetadataExt::ino(&metadata),
                #[cfg(not(unix))]
                inode: 0,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads, changes and replaces the file, while nobody else does.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<KeyEntry>) -> Result<T>) -> Result<T> {
        // Behind a link stands the file that is meant; a rename onto the link would replace the link.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = || format!("cannot write {}", path.display());
        fs::create_dir_all(folder).with_context(failed)?;
        // The file itself cannot be the lock: it is another one after every change.
        let lock =
            File::options().create(true).append(true).open(path.with_added_extension("lock")).with_context(failed)?;
        lock.lock().with_context(failed)?;
        let mut keys = self.read()?;
        let result = change(&mut keys)?;
        let text = toml::to_string(&Document { keys }).with_context(failed)?;
        // Only its owner may read what `tempfile` makes; nobody ever sees half of it.
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).with_context(failed)?;
        file.persist(&path).with_context(failed)?;
        Ok(result)
    }

    fn unreadable(&self) -> String {
        format!("cannot read the keys in {}", self.path.display())
    }
}

impl KeyEntry {
    /// Who holds the key.
    pub fn holder(&self) -> Holder {
        Holder {
            id: self.id.clone(),
            name: self.name.clone(),
            role: self.role,
            quota_per_day: self.quota_per_day.map(NonZeroU32::get),
        }
    }

    /// Names the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// When it was made.
    pub fn created(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.created)
    }
}

/// The entry of `key`. All of them are looked at, so that the time tells nothing.
pub(super) fn find<'a>(entries: &'a [KeyEntry], key: &str) -> Option<&'a KeyEntry> {
    let hash = KeyHash::of(key);
    entries.iter().fold(None, |found, entry| if entry.hash == hash { Some(entry) } else { found })
}

impl KeyHash {
    fn of(key: &str) -> Self {
        Self(blake3::hash(key.as_bytes()))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

impl Serialize for KeyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_hex())
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        blake3::Hash::from_hex(hex).map(Self).map_err(|_| D::Error::custom("a hash is 64 hexadecimal digits"))
    }
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).ok().context("the system gives no random numbers")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn new_key(name: &str) -> NewKey {
        NewKey { name: name.to_owned(), role: Role::User, quota_per_day: NonZeroU32::new(5) }
    }

    fn empty() -> (tempfile::TempDir, KeyFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("sub/keys.toml"));
        (folder, file)
    }

    #[test]
    fn a_key_is_found_until_it_is_revoked_and_never_stands_in_the_file() {
        let (_folder, file) = empty();
        assert!(file.read().unwrap().is_empty());
        let made = file.add(new_key(" shop "), UNIX_EPOCH + Duration::from_secs(7)).unwrap();
        let other = file.add(new_key("other"), SystemTime::now()).unwrap();
        let key = made.key.expose_secret();
        assert!(key.starts_with("cc_") && key.len() == 46, "{key}");
        assert_ne!(key, other.key.expose_secret());

        let entries = file.read().unwrap();
        let entry = find(&entries, key).unwrap();
        let holder = Holder { id: made.id.clone(), name: "shop".into(), role: Role::User, quota_per_day: Some(5) };
        assert_eq!((entry.holder(), entry.created()), (holder, UNIX_EPOCH + Duration::from_secs(7)));
        assert!(find(&entries, &key[..45]).is_none() && find(&entries, "").is_none());

        let text = fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(&key[3..]), "{text}");
        let hash = blake3::hash(key.as_bytes()).to_hex();
        assert!(text.contains(hash.as_str()));
        assert!(!format!("{entries:?} {made:?} {file:?}").contains(hash.as_str()));
        assert!(!format!("{made:?}").contains(&key[3..]));

        file.revoke(&made.id).unwrap();
        let left = file.read().unwrap();
        assert!(find(&left, key).is_none());
        assert!(find(&left, other.key.expose_secret()).is_some());
        let error = file.revoke(&made.id).unwrap_err().to_string();
        assert!(error.contains(&made.id) && error.contains("keys list"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it_and_a_link_stays_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, file) = empty();
        file.add(new_key("a"), SystemTime::now()).unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);

        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(file.path(), &link).unwrap();
        KeyFile::at(&link).add(new_key("b"), SystemTime::now()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(file.read().unwrap().len(), 2);
    }

    #[test]
    fn keys_that_are_added_at_once_are_all_kept() {
        let (_folder, file) = empty();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let file = &file;
                scope.spawn(move || file.add(new_key(&number.to_string()), SystemTime::now()).unwrap());
            }
        });
        assert_eq!(file.read().unwrap().len(), 8);
    }

    #[test]
    fn a_broken_file_is_refused_in_a_sentence_without_its_hashes() {
        let (_folder, file) = empty();
        file.add(new_key("a"), SystemTime::now()).unwrap();
        let good = fs::read_to_string(file.path()).unwrap();
        let hash = &good[good.find("hash").unwrap() + 8..][..64];
        for (broken, part) in [
            (good.replace("role = \"user\"", "role = \"king\""), "king"),
            (good.replace(hash, &hash[..63]), "64"),
            (good.replace("hash = \"", "hash = \"\" # "), "64"),
            (good.replace("quota_per_day = 5", "quota_per_day = 0"), "zero"),
            (good.replace("name", "nome"), "nome"),
            (good.replace("created", "\"created"), ""),
            (format!("{good}{good}"), "two keys"),
        ] {
            fs::write(file.path(), &broken).unwrap();
            let error = format!("{:#}", file.read().unwrap_err());
            assert!(error.contains(part) && error.contains("keys.toml") && !error.contains(&hash[..60]), "{error}");
            assert!(file.add(new_key("b"), SystemTime::now()).is_err());
            assert_eq!(fs::read_to_string(file.path()).unwrap(), broken, "a broken file is left as it is");
        }
    }

    #[test]
    fn a_name_can_be_read() {
        let (_folder, file) = empty();
        for name in ["", "  ", "a\nb", "\u{1b}[31m", &"x".repeat(101)] {
            assert!(file.add(new_key(name), SystemTime::now()).is_err(), "{name:?}");
        }
        assert!(file.add(new_key("Müller & Söhne"), SystemTime::now()).is_ok());
    }
}
