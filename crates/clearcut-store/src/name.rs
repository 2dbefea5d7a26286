//! Names of objects.

use std::{fmt, str::FromStr};

use crate::media;

/// The name of an object: `uploads/{id}` or `results/{2 hex digits}/{64 hex digits}.{ending}`.
///
/// Nothing else is a name, so that a name from outside, [parsed](Self::parse), can never leave the store's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

/// Not the name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no name of an object: it is uploads/ and an id of at most {id} small letters, digits and hyphens, or results/, two \
     hex digits, / and 64 hex digits which begin with them, a dot and an ending",
    id = ObjectName::MAX_ID_BYTES
)]
pub struct InvalidName;

/// The folder of what was uploaded.
pub(crate) const UPLOADS: &str = "uploads";
/// The folder of what was computed.
pub(crate) const RESULTS: &str = "results";

const DIGEST_DIGITS: usize = 64;
const MAX_ENDING_BYTES: usize = 8;

impl ObjectName {
    /// Longest id of an upload, in bytes.
    pub const MAX_ID_BYTES: usize = 64;

    /// `uploads/{id}`. The id has 1 to 64 small letters, digits and hyphens, and begins with no hyphen: a UUID is one.
    pub fn upload(id: &str) -> Result<Self, InvalidName> {
        if is_id(id) { Ok(Self(format!("{UPLOADS}/{id}"))) } else { Err(InvalidName) }
    }

    /// The name under which [`put_result`](crate::Store::put_result) keeps a body: its BLAKE3 hash and the ending of its
    /// media type. Hashes the body on the calling thread.
    pub fn result(body: &[u8], media_type: &str) -> Self {
        Self::of_digest(&blake3::hash(body), media_type)
    }

    pub(crate) fn of_digest(digest: &blake3::Hash, media_type: &str) -> Self {
        let hex = digest.to_hex();
        Self(format!("{RESULTS}/{}/{hex}.{}", &hex[..2], media::ending(media_type)))
    }

    /// Takes what [`Display`](fmt::Display) writes, and nothing else.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let is_name = match text.split_once('/') {
            Some((UPLOADS, id)) => is_id(id),
            Some((RESULTS, rest)) => is_result(rest),
            _ => false,
        };
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }

    /// As [`Display`](fmt::Display) writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an upload; otherwise it is a result.
    pub fn is_upload(&self) -> bool {
        self.digest().is_none()
    }

    /// The media type that the ending of a result stands for; `None` for an upload.
    pub fn media_type(&self) -> Option<&'static str> {
        self.0.rsplit_once('.').map(|(_, ending)| media::media_type(ending))
    }

    /// What the bytes of a result hash to, in hex digits.
    pub(crate) fn digest(&self) -> Option<&str> {
        let file = self.0.strip_prefix(RESULTS)?.get("/ab/".len()..)?;
        file.get(..DIGEST_DIGITS)
    }
}

fn is_id(id: &str) -> bool {
    (1..=ObjectName::MAX_ID_BYTES).contains(&id.len())
        && !id.starts_with('-')
        && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// `ab/abcd….png`
fn is_result(text: &str) -> bool {
    let Some((shard, file)) = text.split_once('/') else { return false };
    let Some((digest, ending)) = file.split_once('.') else { return false };
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_ending = (1..=MAX_ENDING_BYTES).contains(&ending.len())
        && ending.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    shard.len() == 2 && digest.len() == DIGEST_DIGITS && digest.starts_with(shard) && is_hex(digest) && is_ending
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ObjectName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_named_by_its_bytes_and_its_media_type() {
        let name = ObjectName::result(b"", "image/png");
        let digest = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(name.as_str(), format!("results/af/{digest}.png"));
        assert_eq!((name.digest(), name.media_type()), (Some(digest), Some("image/png")));
        assert!(!name.is_upload());
        assert_ne!(name, ObjectName::result(b"", "image/webp"));
        assert_ne!(name, ObjectName::result(b"a", "image/png"));
    }

    #[test]
    fn a_name_survives_being_written_and_parsed() {
        for name in [ObjectName::result(b"a", "text/html"), ObjectName::upload("018f-ab").unwrap()] {
            assert_eq!(ObjectName::parse(&name.to_string()), Ok(name.clone()));
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        let upload = ObjectName::upload("a").unwrap();
        assert_eq!((upload.is_upload(), upload.media_type(), upload.digest()), (true, None, None));
    }

    #[test]
    fn nothing_else_is_a_name() {
        let digest = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        for text in [
            "",
            "uploads",
            "uploads/",
            "uploads/-a",
            "uploads/A",
            "uploads/a.png",
            "uploads/a/b",
            "uploads/../a",
            "uploads/a#1",
            "uploads/a\0",
            "uploads/%2e%2e",
            "/uploads/a",
            "other/a",
            &format!("uploads/{}", "a".repeat(65)),
            &format!("results/{digest}.png"),
            &format!("results/ab/{digest}.png"),
            &format!("results/af/{digest}"),
            &format!("results/af/{digest}."),
            &format!("results/af/{digest}.png.sh"),
            &format!("results/af/{digest}.PNG"),
            &format!("results/af/{digest}.png#1"),
            &format!("results/af/{}.png", &digest[1..]),
            &format!("results/af/../af/{digest}.png"),
            &format!("results/é/{digest}.png"),
            &format!("results/AF/{}.png", digest.to_uppercase()),
        ] {
            assert_eq!(ObjectName::parse(text), Err(InvalidName), "{text}");
        }
        assert!(ObjectName::upload(&"a".repeat(64)).is_ok() && ObjectName::upload("").is_err());
    }
}
