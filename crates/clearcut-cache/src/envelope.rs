//! How an entry is written down: a frame that is never read wrongly.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | magic `CLRc` |
//! | 2 | format: grows with every change of what follows or of [`EntryHead`] |
//! | 2 | flags: none are defined, so 0 |
//! | 4 | length of the head |
//! | 8 | length of the body |
//! | 8 | first 8 bytes of the BLAKE3 of everything before them, the head and the body |
//! | … | head: bincode, fixed-width little-endian integers |
//! | … | body, as it is |
//!
//! Numbers are little-endian. The body stands last and raw, so that reading it is a slice of what was received.

use bytes::{BufMut, Bytes, BytesMut};

use crate::{Entry, EntryHead, TierError, TierErrorKind};

const MAGIC: [u8; 4] = *b"CLRc";
const FORMAT: u16 = 1;
const NO_FLAGS: u16 = 0;
/// Magic, format, flags and the two lengths.
const PREFIX_BYTES: usize = 20;
const CHECKSUM_BYTES: usize = 8;
/// What stands before the head.
const FIXED_BYTES: usize = PREFIX_BYTES + CHECKSUM_BYTES;
/// Longest head. The limit keeps a hostile length inside it from allocating.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Writes `entry` as one frame.
///
/// Fails only with [`EnvelopeError::HeadTooLarge`], on an absurdly long media type: a tier declines such an entry.
pub fn encode(entry: &Entry) -> Result<Bytes, EnvelopeError> {
    let mut frame = BytesMut::with_capacity(FIXED_BYTES + 128 + entry.head.media_type.len() + entry.body.len());
    frame.put_bytes(0, FIXED_BYTES);
    let mut writer = frame.writer();
    bincode::encode_into_std_write(&entry.head, &mut writer, head_config())
        .map_err(|error| EnvelopeError::Head(error.to_string()))?;
    let mut frame = writer.into_inner();
    let head_len = frame.len() - FIXED_BYTES;
    if head_len > MAX_HEAD_BYTES {
        return Err(EnvelopeError::HeadTooLarge { head_bytes: head_len });
    }
    frame.put_slice(&entry.body);

    let (fixed, content) = frame.split_at_mut(FIXED_BYTES);
    let (prefix, checksum_field) = fixed.split_at_mut(PREFIX_BYTES);
    let mut fields = &mut *prefix;
    fields.put_slice(&MAGIC);
    fields.put_u16_le(FORMAT);
    fields.put_u16_le(NO_FLAGS);
    fields.put_u32_le(head_len as u32);
    fields.put_u64_le(entry.body.len() as u64);
    checksum_field.copy_from_slice(&checksum(prefix, content));
    Ok(frame.freeze())
}

/// Reads a frame. The body is a slice of `frame`, not a copy.
///
/// A frame with any bit changed, cut short or continued is an error. That an entry has expired is not: whoever reads
/// it looks at the clock.
pub fn decode(frame: &Bytes) -> Result<Entry, EnvelopeError> {
    let Some((prefix, rest)) = frame.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(EnvelopeError::Truncated);
    };
    if prefix[..4] != MAGIC {
        return Err(EnvelopeError::WrongMagic);
    }
    let format = u16::from_le_bytes([prefix[4], prefix[5]]);
    if format != FORMAT {
        return Err(EnvelopeError::WrongVersion { found: format });
    }
    let flags = u16::from_le_bytes([prefix[6], prefix[7]]);
    if flags != NO_FLAGS {
        return Err(EnvelopeError::UnknownFlags { found: flags });
    }
    let head_len = u64::from(u32::from_le_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]));
    let body_len = prefix[12..].iter().rev().fold(0_u64, |length, &byte| length << 8 | u64::from(byte));
    let Some((stored_checksum, content)) = rest.split_first_chunk::<CHECKSUM_BYTES>() else {
        return Err(EnvelopeError::Truncated);
    };
    match head_len.checked_add(body_len) {
        Some(claimed) if claimed == content.len() as u64 => {}
        Some(claimed) if claimed < content.len() as u64 => return Err(EnvelopeError::TrailingBytes),
        _ => return Err(EnvelopeError::Truncated),
    }
    if checksum(prefix, content) != *stored_checksum {
        return Err(EnvelopeError::Checksum);
    }
    let head_len = head_len as usize;
    let (head, used): (EntryHead, usize) = bincode::decode_from_slice(&content[..head_len], head_config())
        .map_err(|error| EnvelopeError::Head(error.to_string()))?;
    if used != head_len {
        return Err(EnvelopeError::Head(format!("{head_len} bytes, of which only {used} are used")));
    }
    Ok(Entry { body: frame.slice(FIXED_BYTES + head_len..), head })
}

fn checksum(prefix: &[u8], content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = blake3::Hasher::new().update(prefix).update(content).finalize();
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}

fn head_config() -> impl bincode::config::Config {
    bincode::config::standard().with_little_endian().with_fixed_int_encoding().with_limit::<MAX_HEAD_BYTES>()
}

/// Why bytes are not a frame of this version. For a cache it is a miss that is counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Something else is kept under the key.
    #[error("not a cache entry")]
    WrongMagic,
    /// Written by an older or newer version.
    #[error("format {found}, but this version reads format {FORMAT}")]
    WrongVersion {
        /// What it says.
        found: u16,
    },
    /// Written by a newer version.
    #[error("unknown flags {found:#06x}")]
    UnknownFlags {
        /// What it says.
        found: u16,
    },
    /// It ends before it says it does.
    #[error("cut short")]
    Truncated,
    /// It goes on after it says it ends.
    #[error("longer than it says")]
    TrailingBytes,
    /// At least one bit has changed.
    #[error("wrong checksum")]
    Checksum,
    /// The checksum is right, but the head is none of this version.
    #[error("unreadable head: {0}")]
    Head(String),
    /// The head is too long to be read back.
    #[error("a head of {head_bytes} bytes, but at most {MAX_HEAD_BYTES} are read back")]
    HeadTooLarge {
        /// Its length.
        head_bytes: usize,
    },
}

impl EnvelopeError {
    /// What a tier answers after it removed the unreadable entry.
    pub fn in_tier(&self, tier: &str) -> TierError {
        TierError::new(tier, TierErrorKind::Corrupt, self)
    }
}

#[cfg(test)]
mod tests;
