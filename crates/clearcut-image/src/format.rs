//! The file formats that are read and written.

use std::fmt;

/// What an upload is, decided by its first bytes and never by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceFormat {
    /// JPEG: baseline and progressive; grey, YCbCr, RGB, CMYK, YCCK.
    Jpeg,
    /// PNG: every bit depth and color type, interlaced or not.
    Png,
    /// WebP: lossy, lossless, with alpha; of an animation the first frame.
    WebP,
    /// GIF: the first frame.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF: the first page.
    Tiff,
}

impl SourceFormat {
    /// The registered media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        })
    }
}

/// What a result is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OutputFormat {
    /// Lossless, with alpha. At most 2,147,483,647 px a side.
    #[default]
    Png,
    /// Lossy, without alpha: flattened onto a background. At most 65,535 px a side.
    Jpeg,
    /// Lossy or lossless, with alpha. At most 16,383 px a side.
    WebP,
    /// Lossy, with alpha; small files, slow to write. At most 65,535 px a side. Needs the feature `avif`.
    Avif,
}

impl OutputFormat {
    /// Every format, in the order of the enum.
    pub const ALL: [Self; 4] = [Self::Png, Self::Jpeg, Self::WebP, Self::Avif];

    /// The registered media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
        }
    }

    /// The usual file extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
            Self::Avif => "avif",
        }
    }

    /// Whether this build can write it.
    pub const fn is_built_in(self) -> bool {
        !matches!(self, Self::Avif) || cfg!(feature = "avif")
    }

    /// Whether a transparent pixel stays transparent.
    pub fn has_alpha(self) -> bool {
        !matches!(self, Self::Jpeg)
    }

    /// The longest side that the format can hold, in pixels.
    pub fn max_side_px(self) -> u32 {
        match self {
            Self::Png => 0x7fff_ffff,
            Self::Jpeg | Self::Avif => 65_535,
            Self::WebP => 16_383,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Avif => "AVIF",
        })
    }
}
