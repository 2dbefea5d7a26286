//! Turns fields into a digest in which no two different sequences of fields look alike.

/// Feeds tagged, length-prefixed fields to BLAKE3.
///
/// # Contract
///
/// Injective: each field is `len(tag) tag len(value) value` with 8-byte little-endian lengths, so moving a byte from
/// one field to its neighbor, or leaving a field out, changes the input of the hash.
#[derive(Debug)]
pub(crate) struct KeyWriter(blake3::Hasher);

impl KeyWriter {
    /// `context` separates this kind of key from every other kind, and carries the version of its layout.
    pub(crate) fn new(context: &'static str) -> Self {
        Self(blake3::Hasher::new_derive_key(context))
    }

    pub(crate) fn bytes(&mut self, tag: &str, value: &[u8]) {
        for part in [tag.as_bytes(), value] {
            self.0.update(&(part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    pub(crate) fn text(&mut self, tag: &str, value: &str) {
        self.bytes(tag, value.as_bytes());
    }

    pub(crate) fn int(&mut self, tag: &str, value: impl Into<i64>) {
        self.bytes(tag, &value.into().to_le_bytes());
    }

    /// `None` and every `Some` differ: the presence itself is a field.
    pub(crate) fn option<T>(&mut self, tag: &str, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.int(tag, value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(crate) fn finish(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}
