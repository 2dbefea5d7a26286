//! What an upload may cost, checked before anything is allocated for it.

use std::fmt;

use crate::error::DecodeError;

/// Bounds for one upload. Everything is checked from the header, before a pixel is allocated, so that a
/// decompression bomb costs nothing.
///
/// The sides are those of the stored picture, before EXIF orientation turns it. With the defaults 65,535 x 1 is
/// refused for its width and 30,000 x 30,000 for its megapixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes. Default 100,000,000.
    pub max_bytes: u64,
    /// Default 30,000.
    pub max_width_px: u32,
    /// Default 30,000.
    pub max_height_px: u32,
    /// Millions of pixels (1,000,000, not 2^20). Default 50.
    pub max_megapixels: u32,
    /// What decoding may hold at once, in bytes, the finished picture included. Default 1 GiB, which is enough for
    /// 50 megapixels of every format that is read here save 32-bit floating-point TIFF.
    pub max_memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 100_000_000,
            max_width_px: 30_000,
            max_height_px: 30_000,
            max_megapixels: 50,
            max_memory_bytes: 1 << 30,
        }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<(), DecodeError> {
        if bytes > self.max_bytes {
            return Err(DecodeError::TooManyBytes { bytes, limit_bytes: self.max_bytes });
        }
        Ok(())
    }

    pub(crate) fn check_size(&self, width_px: u32, height_px: u32) -> Result<(), DecodeError> {
        let limit = if width_px > self.max_width_px {
            SizeLimit::WidthPx(self.max_width_px)
        } else if height_px > self.max_height_px {
            SizeLimit::HeightPx(self.max_height_px)
        } else if u64::from(width_px) * u64::from(height_px) > u64::from(self.max_megapixels) * 1_000_000 {
            SizeLimit::Megapixels(self.max_megapixels)
        } else {
            return Ok(());
        };
        Err(DecodeError::TooLarge { width_px, height_px, limit })
    }

    pub(crate) fn check_memory(&self, needed_bytes: u64) -> Result<(), DecodeError> {
        if needed_bytes > self.max_memory_bytes {
            return Err(DecodeError::TooMuchMemory { needed_bytes, limit_bytes: self.max_memory_bytes });
        }
        Ok(())
    }
}

/// The limit on a picture's size that was exceeded, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SizeLimit {
    /// [`Limits::max_width_px`].
    WidthPx(u32),
    /// [`Limits::max_height_px`].
    HeightPx(u32),
    /// [`Limits::max_megapixels`].
    Megapixels(u32),
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WidthPx(px) => write!(f, "{px} pixels wide"),
            Self::HeightPx(px) => write!(f, "{px} pixels high"),
            Self::Megapixels(megapixels) => write!(f, "{megapixels} megapixels"),
        }
    }
}
