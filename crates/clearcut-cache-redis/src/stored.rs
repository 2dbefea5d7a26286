//! An entry as it stands in Redis: the envelope's bytes, or their base64 where the way there carries text alone.
//!
//! Both tiers read both, so that a service on the Redis protocol and a function on the REST API share one database.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use clearcut_cache::{
    Entry,
    envelope::{self, EnvelopeError},
};

/// As many first bytes as say whether a value is an entry: a whole number of base64 groups, and more than an
/// envelope's fixed part in either form.
pub(crate) const HEAD_BYTES: usize = 64;

/// Reads what [`envelope::encode`] wrote, or the base64 of it.
pub(crate) fn decode(value: &Bytes) -> Result<Entry, EnvelopeError> {
    match envelope::decode(value) {
        Err(EnvelopeError::WrongMagic) => match STANDARD.decode(value) {
            Ok(frame) => envelope::decode(&frame.into()),
            Err(_) => Err(EnvelopeError::WrongMagic),
        },
        result => result,
    }
}

/// Whether a value that begins with `head` is an entry of ours, of any version and in any state.
pub(crate) fn is_entry(head: &Bytes) -> bool {
    head.len() == HEAD_BYTES && !matches!(decode(head), Err(EnvelopeError::WrongMagic))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn frame() -> Bytes {
        let entry = Entry::new("body".repeat(40), "text/plain", SystemTime::UNIX_EPOCH, Duration::from_secs(1));
        envelope::encode(&entry).unwrap()
    }

    #[test]
    fn both_forms_are_read() {
        let frame = frame();
        let text = Bytes::from(STANDARD.encode(&frame));
        assert_eq!(decode(&text), envelope::decode(&frame));
        for value in [&frame, &text] {
            assert!(is_entry(&value.slice(..HEAD_BYTES)));
        }
    }

    #[test]
    fn what_others_keep_is_no_entry() {
        for value in ["", "CLRc", "a session", &"{\"user\":1}".repeat(10), &"A".repeat(64)] {
            let value = Bytes::copy_from_slice(value.as_bytes());
            assert!(!is_entry(&value.slice(..value.len().min(HEAD_BYTES))), "{value:?}");
        }
    }

    #[test]
    fn an_entry_of_another_version_is_still_ours() {
        let mut frame = frame().to_vec();
        frame[4] ^= 0xff;
        assert!(is_entry(&Bytes::from(frame).slice(..HEAD_BYTES)));
    }
}
