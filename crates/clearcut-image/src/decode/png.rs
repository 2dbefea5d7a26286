//! PNG through the `png` crate, straight to RGBA.

use std::io::Cursor;

use image::metadata::Orientation;
use png::{ColorType, DecodingError, Transformations};

use super::raster::{Raster, gray_with_alpha, opaque_gray, opaque_rgb, spread};
use super::{Source, StoredHeader, rgba_bytes};
use crate::color::{Model, Profile};
use crate::error::DecodeError;
use crate::format::SourceFormat;
use crate::orientation;

/// What the decoder may hold beside the picture: rows, and an inflated ICC profile.
const SIDE_BYTES: usize = 16 << 20;

pub(super) struct Png<'a> {
    bytes: &'a [u8],
    chunks: Chunks<'a>,
    width_px: u32,
    height_px: u32,
}

pub(super) fn open(bytes: &[u8]) -> Result<Png<'_>, DecodeError> {
    // The header's place is fixed (PNG specification, section 5.6), and nothing is inflated to read it.
    let header = bytes.get(8..24).ok_or(DecodeError::Truncated { format: SourceFormat::Png })?;
    let (b"\0\0\0\x0dIHDR", [w0, w1, w2, w3, h0, h1, h2, h3]) = header.split_at(8) else {
        return Err(DecodeError::corrupt(SourceFormat::Png, &"no header chunk"));
    };
    Ok(Png {
        bytes,
        chunks: Chunks::scan(bytes),
        width_px: u32::from_be_bytes([*w0, *w1, *w2, *w3]),
        height_px: u32::from_be_bytes([*h0, *h1, *h2, *h3]),
    })
}

impl Source for Png<'_> {
    fn header(&self) -> StoredHeader {
        StoredHeader {
            width_px: self.width_px,
            height_px: self.height_px,
            orientation: self.orientation(),
            read_bytes: rgba_bytes(self.width_px, self.height_px),
        }
    }

    fn read(self: Box<Self>) -> Result<Raster, DecodeError> {
        if !self.chunks.has_end {
            return Err(DecodeError::Truncated { format: SourceFormat::Png });
        }
        let limits = png::Limits { bytes: SIDE_BYTES };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(self.bytes), limits);
        decoder.set_ignore_text_chunk(true);
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let mut reader = decoder.read_info().map_err(|error| explain(&error))?;
        let mut pixels = vec![0; self.width_px as usize * self.height_px as usize * 4];
        let frame = reader.next_frame(&mut pixels).map_err(|error| explain(&error))?;
        let model = match frame.color_type {
            ColorType::Rgba => Model::Rgba,
            ColorType::Rgb | ColorType::Indexed => {
                spread(&mut pixels, opaque_rgb);
                Model::Rgba
            }
            ColorType::GrayscaleAlpha => {
                spread(&mut pixels, gray_with_alpha);
                Model::Gray
            }
            ColorType::Grayscale => {
                spread(&mut pixels, opaque_gray);
                Model::Gray
            }
        };
        Ok(Raster { pixels, model, profile: self.profile(reader.info()) })
    }
}

impl Png<'_> {
    fn orientation(&self) -> Orientation {
        orientation::from_exif(self.chunks.exif)
    }

    /// In the order of precedence of the PNG specification (third edition, section 4.3): cICP, iCCP, sRGB.
    fn profile(&self, info: &png::Info<'_>) -> Option<Profile> {
        if let Some(points) = info.coding_independent_code_points {
            return Some(Profile::CodePoints { primaries: points.color_primaries, transfer: points.transfer_function });
        }
        let icc = info.icc_profile.as_ref().map(|icc| icc.to_vec());
        icc.or_else(|| self.chunks.has_profile.then(Vec::new)).map(Profile::Icc)
    }
}

fn explain(error: &DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format: SourceFormat::Png }
        }
        error => DecodeError::corrupt(SourceFormat::Png, error),
    }
}

/// What is read before or beside the decoder: EXIF may stand behind the pixels, and a broken profile leaves no trace.
#[derive(Debug, Default)]
struct Chunks<'a> {
    exif: Option<&'a [u8]>,
    has_profile: bool,
    has_end: bool,
}

impl<'a> Chunks<'a> {
    fn scan(bytes: &'a [u8]) -> Self {
        let mut chunks = Self::default();
        let mut rest = &bytes[8..];
        while let Some((&[l0, l1, l2, l3, n0, n1, n2, n3], body)) = rest.split_first_chunk::<8>() {
            let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
            // The checksum belongs to the chunk.
            let Some(next) = length.checked_add(4).and_then(|whole| body.get(whole..)) else { break };
            match &[n0, n1, n2, n3] {
                b"eXIf" => chunks.exif = Some(&body[..length]),
                b"iCCP" => chunks.has_profile = true,
                b"IEND" => {
                    chunks.has_end = true;
                    break;
                }
                _ => {}
            }
            rest = next;
        }
        chunks
    }
}
