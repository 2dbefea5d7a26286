//! From the bytes of an upload to an upright sRGB picture, within limits.

mod jpeg;
mod png;
mod raster;
mod through_image;
mod webp;

use image::metadata::Orientation;

use crate::color::{ColorNote, convert_to_srgb};
use crate::error::DecodeError;
use crate::format::SourceFormat;
use crate::limits::Limits;
use crate::orientation::{swaps_sides, turn_upright, upright_size};
use crate::picture::Picture;
use crate::sniff::sniff;

use raster::Raster;

/// Goes up whenever the same upload decodes to other pixels than before: everything cached from pixels is then stale.
pub const DECODE_REVISION: u32 = 1;

/// A decoded upload.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The upright picture in sRGB, with the upload's own alpha.
    pub picture: Picture,
    /// What the upload was.
    pub format: SourceFormat,
    /// What was done about its colors.
    pub color: ColorNote,
}

/// What is known of an upload without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the upload is.
    pub format: SourceFormat,
    /// Width once upright.
    pub width_px: u32,
    /// Height once upright.
    pub height_px: u32,
}

/// Decodes an upload: limits first, then pixels, then color, then orientation.
///
/// The format is decided by content. Of an animation or a file of many pages the first picture is taken. EXIF
/// orientation is applied and corrupt EXIF ignored. ICC profiles (and a PNG's cICP) are converted to sRGB, and corrupt
/// ones are ignored and reported in [`Decoded::color`].
///
/// # Errors
///
/// [`DecodeError`] says what is wrong with the upload and what to do about it. Nothing is allocated for pixels before
/// the header has passed every limit.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, DecodeError> {
    let (format, source) = open_within(bytes, limits)?;
    let StoredHeader { width_px, height_px, orientation, .. } = source.header();
    let Raster { mut pixels, model, profile } = source.read()?;
    let color = convert_to_srgb(&mut pixels, model, profile.as_ref());
    let rgba = turn_upright(pixels, width_px as usize, orientation);
    let (width_px, height_px) = upright_size(width_px, height_px, orientation);
    Ok(Decoded { picture: Picture::from_rgba(width_px, height_px, rgba), format, color })
}

/// Reads the header of an upload and checks it against the limits, without decoding a pixel.
///
/// # Errors
///
/// As [`decode`], as far as the header tells.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    let (format, source) = open_within(bytes, limits)?;
    let StoredHeader { width_px, height_px, orientation, .. } = source.header();
    let (width_px, height_px) = upright_size(width_px, height_px, orientation);
    Ok(Header { format, width_px, height_px })
}

/// What a header tells, as stored: not yet upright.
#[derive(Debug, Clone, Copy)]
struct StoredHeader {
    width_px: u32,
    height_px: u32,
    orientation: Orientation,
    /// Upper bound of what [`Source::read`] holds at once, in bytes, the pixels it returns included.
    read_bytes: u64,
}

/// A file whose header has been read.
trait Source {
    fn header(&self) -> StoredHeader;

    /// Decodes the pixels: 4 bytes each, `width_px * height_px` of them as the header said.
    fn read(self: Box<Self>) -> Result<Raster, DecodeError>;
}

fn open_within<'a>(bytes: &'a [u8], limits: &Limits) -> Result<(SourceFormat, Box<dyn Source + 'a>), DecodeError> {
    limits.check_bytes(bytes.len() as u64)?;
    let format = sniff(bytes)?;
    let source: Box<dyn Source + 'a> = match format {
        SourceFormat::Jpeg => Box::new(jpeg::open(bytes)?),
        SourceFormat::Png => Box::new(png::open(bytes)?),
        SourceFormat::WebP => Box::new(webp::open(bytes)?),
        SourceFormat::Gif | SourceFormat::Bmp | SourceFormat::Tiff => through_image::open(bytes, format, limits)?,
    };
    let header = source.header();
    if header.width_px == 0 || header.height_px == 0 {
        return Err(DecodeError::corrupt(format, &"a side of zero pixels"));
    }
    limits.check_size(header.width_px, header.height_px)?;
    limits.check_memory(peak_bytes(&header))?;
    Ok((format, source))
}

/// Reading and turning upright come one after the other: the larger of the two counts.
fn peak_bytes(header: &StoredHeader) -> u64 {
    let buffers = if swaps_sides(header.orientation) { 2 } else { 1 };
    header.read_bytes.max(rgba_bytes(header.width_px, header.height_px).saturating_mul(buffers))
}

/// One buffer of 4 bytes a pixel. Headers may claim sides whose product is beyond all numbers.
fn rgba_bytes(width_px: u32, height_px: u32) -> u64 {
    (u64::from(width_px) * u64::from(height_px)).saturating_mul(4)
}
