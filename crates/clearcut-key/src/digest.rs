//! Digests: what a key is made of.

use std::{fmt, str::FromStr};

use crate::writer::KeyWriter;

/// From this size on BLAKE3 is faster on several threads than on one; below, handing out the work costs more.
const PARALLEL_FROM_BYTES: usize = 512 * 1024;

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The 32 bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

digest! {
    /// BLAKE3 of an upload's bytes, as `b3sum` prints it.
    ContentDigest
}
digest! {
    /// Digest of upright sRGB pixels and their dimensions: equal for two files that decode to the same picture.
    PixelDigest
}
digest! {
    /// Digest of a model: its weights and everything around them that changes a matte.
    ModelDigest
}

impl ContentDigest {
    /// Of a whole upload; on several threads where that pays.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = ContentHasher::default();
        hasher.update(bytes);
        hasher.finish()
    }
}

impl FromStr for ContentDigest {
    type Err = InvalidDigest;

    /// 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(|_| InvalidDigest)
    }
}

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct InvalidDigest;

impl PixelDigest {
    /// Of row-major RGBA, 8 bits a channel.
    pub fn of(width_px: u32, height_px: u32, rgba: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("clearcut 2026-11 pixels rgba8 v1");
        hasher.update(&width_px.to_le_bytes());
        hasher.update(&height_px.to_le_bytes());
        update(&mut hasher, rgba);
        Self(*hasher.finalize().as_bytes())
    }
}

impl ModelDigest {
    /// `weights` is the digest of the weights' file; `processing` describes pre- and post-processing and their
    /// revision.
    pub fn of(weights: &[u8; 32], processing: &str) -> Self {
        let mut writer = KeyWriter::new("clearcut 2026-11 model v1");
        writer.bytes("weights", weights);
        writer.text("processing", processing);
        Self(writer.finish())
    }
}

/// A [`ContentDigest`] of bytes that arrive in pieces.
#[derive(Debug, Default, Clone)]
pub struct ContentHasher(blake3::Hasher);

impl ContentHasher {
    /// The next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        update(&mut self.0, bytes);
    }

    /// The digest of all pieces so far.
    pub fn finish(&self) -> ContentDigest {
        ContentDigest(*self.0.finalize().as_bytes())
    }
}

fn update(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    if bytes.len() >= PARALLEL_FROM_BYTES {
        hasher.update_rayon(bytes);
    } else {
        hasher.update(bytes);
    }
}
