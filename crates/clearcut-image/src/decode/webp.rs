//! WebP through image-webp: memory-safe, where libwebp would read uploads twice as fast in C.

use std::io::Cursor;

use image::metadata::Orientation;
use image_webp::{DecodingError, WebPDecoder};

use super::raster::{Raster, opaque_rgb, spread};
use super::{Source, StoredHeader, rgba_bytes};
use crate::color::{Model, Profile};
use crate::error::DecodeError;
use crate::format::SourceFormat;
use crate::orientation;

pub(super) struct WebP<'a> {
    decoder: WebPDecoder<Cursor<&'a [u8]>>,
    width_px: u32,
    height_px: u32,
    orientation: Orientation,
    profile: Option<Profile>,
}

pub(super) fn open(bytes: &[u8]) -> Result<WebP<'_>, DecodeError> {
    check_container(bytes)?;
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| explain(&error))?;
    decoder.set_memory_limit(bytes.len());
    let (width_px, height_px) = decoder.dimensions();
    let exif = decoder.exif_metadata().unwrap_or_default();
    let profile = match decoder.icc_profile() {
        Ok(icc) => icc.map(Profile::Icc),
        Err(_) => Some(Profile::Icc(Vec::new())),
    };
    Ok(WebP { decoder, width_px, height_px, orientation: orientation::from_exif(exif.as_deref()), profile })
}

impl Source for WebP<'_> {
    fn header(&self) -> StoredHeader {
        StoredHeader {
            width_px: self.width_px,
            height_px: self.height_px,
            orientation: self.orientation,
            // The frame, the canvas of an animation, and what is returned, each at 4 bytes a pixel.
            read_bytes: rgba_bytes(self.width_px, self.height_px).saturating_mul(3),
        }
    }

    fn read(mut self: Box<Self>) -> Result<Raster, DecodeError> {
        let area = self.width_px as usize * self.height_px as usize;
        let has_alpha = self.decoder.has_alpha();
        let mut pixels = vec![0; area * 4];
        let packed = if has_alpha { &mut pixels[..] } else { &mut pixels[..area * 3] };
        self.decoder.read_image(packed).map_err(|error| explain(&error))?;
        if !has_alpha {
            spread(&mut pixels, opaque_rgb);
        }
        Ok(Raster { pixels, model: Model::Rgba, profile: self.profile })
    }
}

fn explain(error: &DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(),
        error => DecodeError::corrupt(SourceFormat::WebP, error),
    }
}

fn truncated() -> DecodeError {
    DecodeError::Truncated { format: SourceFormat::WebP }
}

/// Whether the file is as long as it says, and no frame in it larger than the canvas: the decoder would allocate for
/// the frame's own size, which no limit has seen.
fn check_container(bytes: &[u8]) -> Result<(), DecodeError> {
    let Some(&[s0, s1, s2, s3]) = bytes.get(4..8) else { return Err(truncated()) };
    let body =
        bytes.get(12..(u32::from_le_bytes([s0, s1, s2, s3]) as usize).saturating_add(8)).ok_or_else(truncated)?;
    let mut canvas = None;
    for (name, chunk) in chunks(body) {
        let frames: Vec<_> = match &name {
            b"VP8X" => {
                canvas = chunk.get(4..10).map(|size| (1 + u24(&size[..3]), 1 + u24(&size[3..])));
                continue;
            }
            b"ANMF" => chunks(chunk.get(16..).unwrap_or_default()).filter_map(frame_size).collect(),
            _ => frame_size((name, chunk)).into_iter().collect(),
        };
        if let Some((width_px, height_px)) = canvas
            && frames.iter().any(|&(w, h)| w > width_px || h > height_px)
        {
            return Err(DecodeError::corrupt(SourceFormat::WebP, &"a frame is larger than its canvas"));
        }
    }
    Ok(())
}

/// Chunks of a RIFF body as name and payload, up to the first that is cut short.
fn chunks(mut body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (&[n0, n1, n2, n3, s0, s1, s2, s3], rest) = body.split_first_chunk::<8>()?;
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        let payload = rest.get(..size)?;
        // Odd payloads are padded.
        body = rest.get(size + size % 2..).unwrap_or_default();
        Some(([n0, n1, n2, n3], payload))
    })
}

/// The size that a lossy (RFC 6386, section 9.1) or lossless (RFC 9649, section 3.4) frame gives itself.
fn frame_size((name, chunk): ([u8; 4], &[u8])) -> Option<(u32, u32)> {
    match &name {
        b"VP8 " => {
            let &[w0, w1, h0, h1] = chunk.get(6..10)?.as_array()?;
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
            Some((side(w0, w1), side(h0, h1)))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(*chunk.get(1..5)?.as_array()?);
            Some((1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff)))
        }
        _ => None,
    }
}

fn u24(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}
