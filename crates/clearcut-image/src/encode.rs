//! From a picture to the bytes of a file.

mod avif;
mod jpeg;
mod png;
mod webp;

use std::borrow::Cow;

use thiserror::Error;

use crate::error::EncodeError;
use crate::format::OutputFormat;
use crate::picture::{Matte, Picture};

/// Goes up whenever any encoder writes other bytes for the same picture and options, an encoder library's update
/// included. Part of every rendition's cache key.
pub const REVISION: u32 = 1;

/// Pixels that are looked at between two decisions.
const RUN_PX: usize = 4096;

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeOptions {
    /// The file format.
    pub format: OutputFormat,
    /// Time against size, without loss of quality.
    pub effort: Effort,
    /// Size against fidelity. Read by JPEG, AVIF and lossy WebP.
    pub quality: Quality,
    /// Whether WebP keeps every pixel. PNG always does, JPEG and AVIF never do.
    pub lossless: bool,
    /// The sRGB color onto which transparent pixels are flattened where the format has no alpha.
    pub background: [u8; 3],
}

impl EncodeOptions {
    /// Fast, quality 85, lossy where the format gives the choice, on white.
    pub fn new(format: OutputFormat) -> Self {
        Self {
            format,
            effort: Effort::default(),
            quality: Quality::default(),
            lossless: false,
            background: [255, 255, 255],
        }
    }

    /// Replaces [`effort`](Self::effort).
    #[must_use]
    pub fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// Replaces [`quality`](Self::quality).
    #[must_use]
    pub fn quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    /// Replaces [`lossless`](Self::lossless).
    #[must_use]
    pub fn lossless(mut self, lossless: bool) -> Self {
        self.lossless = lossless;
        self
    }

    /// Replaces [`background`](Self::background).
    #[must_use]
    pub fn background(mut self, background: [u8; 3]) -> Self {
        self.background = background;
        self
    }
}

/// How long an encoder may search for a smaller file of the same pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Effort {
    /// Milliseconds: for answers that somebody waits for.
    #[default]
    Fast,
    /// Up to seconds, for files that are stored or sent many times.
    Best,
}

/// Fidelity of a lossy format, 1 (smallest file) to 100. The default is 85.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quality(u8);

impl Quality {
    /// Checks the range.
    ///
    /// # Errors
    ///
    /// Outside 1 to 100.
    pub fn new(quality: u8) -> Result<Self, QualityOutOfRange> {
        if (1..=100).contains(&quality) { Ok(Self(quality)) } else { Err(QualityOutOfRange(quality)) }
    }

    /// The value, 1 to 100.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Quality {
    fn default() -> Self {
        Self(85)
    }
}

/// A quality that is not one; holds the refused value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a quality of {0} is out of range; choose 1 (smallest file) to 100 (best picture)")]
pub struct QualityOutOfRange(pub u8);

/// Writes a picture.
///
/// The color of fully transparent pixels is not kept, except in a flattened JPEG where it never showed: it is written
/// as black, which makes a cut-out's file 2 to 3 times smaller.
///
/// # Errors
///
/// [`EncodeError`]: a side that the format cannot hold, an encoder that is not built in, or one that gave up.
pub fn encode(picture: &Picture, options: &EncodeOptions) -> Result<Vec<u8>, EncodeError> {
    check_size(picture.width_px(), picture.height_px(), options.format)?;
    match options.format {
        OutputFormat::Png => png::encode(picture, options.effort),
        OutputFormat::Jpeg => jpeg::encode(picture, options.quality, options.background),
        OutputFormat::WebP => webp::encode(picture, *options),
        OutputFormat::Avif => avif::encode(picture, *options),
    }
}

/// Writes a matte as an 8-bit grey PNG: 255 is foreground.
///
/// # Errors
///
/// [`EncodeError`], as [`encode`].
pub fn encode_matte(matte: &Matte, effort: Effort) -> Result<Vec<u8>, EncodeError> {
    check_size(matte.width_px(), matte.height_px(), OutputFormat::Png)?;
    png::encode_gray(matte.width_px(), matte.height_px(), matte.alpha(), effort)
}

fn check_size(width_px: u32, height_px: u32, format: OutputFormat) -> Result<(), EncodeError> {
    let max_side_px = format.max_side_px();
    if width_px.max(height_px) > max_side_px {
        return Err(EncodeError::TooLargeForFormat { format, width_px, height_px, max_side_px });
    }
    Ok(())
}

/// The pixels with `[0, 0, 0, 0]` wherever alpha is 0; borrowed where they already are so, as composition leaves them.
fn without_hidden_colors(picture: &Picture) -> Cow<'_, [u8]> {
    // Alpha 0 and any color at all, as one comparison. Runs without an early exit: the compiler vectorizes them.
    let is_hidden = |pixel: &[u8; 4]| u32::from_le_bytes(*pixel).wrapping_sub(1) < 0x00ff_ffff;
    let has_hidden = |run: &[[u8; 4]]| run.iter().fold(false, |any, pixel| any | is_hidden(pixel));
    if !picture.rgba().as_chunks().0.chunks(RUN_PX).any(has_hidden) {
        return Cow::Borrowed(picture.rgba());
    }
    let mut cleared = picture.rgba().to_vec();
    for pixel in cleared.as_chunks_mut::<4>().0.iter_mut().filter(|pixel| pixel[3] == 0) {
        *pixel = [0; 4];
    }
    Cow::Owned(cleared)
}
