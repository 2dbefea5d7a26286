//! JPEG through zune-jpeg, straight to RGBA where the decoder can.

use image::metadata::Orientation;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::raster::{Raster, opaque_gray, opaque_rgb, spread};
use super::{Source, StoredHeader};
use crate::color::{Model, Profile};
use crate::error::DecodeError;
use crate::format::SourceFormat;
use crate::orientation;

pub(super) struct Jpeg<'a> {
    decoder: JpegDecoder<ZCursor<&'a [u8]>>,
    stored: ColorSpace,
    markers: Markers,
    width_px: u32,
    height_px: u32,
    components: u8,
    orientation: Orientation,
}

pub(super) fn open(bytes: &[u8]) -> Result<Jpeg<'_>, DecodeError> {
    // The sides are bounded by our own limits. Lenient, like browsers: most cameras' small sins are harmless.
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGBA);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let markers = Markers::scan(bytes);
    decoder.decode_headers().map_err(|error| explain(&error, markers))?;
    let info = decoder.info().expect("headers were decoded");
    let stored = match (decoder.input_colorspace().expect("headers were decoded"), info.components) {
        // Adobe's "no transform" is CMYK for four components and RGB for three.
        (ColorSpace::CMYK, 3) => ColorSpace::RGB,
        // "YCCK" with three components is YCbCr to every other decoder.
        (ColorSpace::YCCK, 3) => ColorSpace::YCbCr,
        (stored, _) => stored,
    };
    Ok(Jpeg {
        stored,
        markers,
        width_px: u32::from(info.width),
        height_px: u32::from(info.height),
        components: info.components,
        orientation: orientation::from_exif(info.exif_data.as_deref()),
        decoder,
    })
}

impl Source for Jpeg<'_> {
    fn header(&self) -> StoredHeader {
        let pixels = u64::from(self.width_px) * u64::from(self.height_px);
        StoredHeader {
            width_px: self.width_px,
            height_px: self.height_px,
            orientation: self.orientation,
            // RGBA, and for a progressive file all coefficients at 16 bits each.
            read_bytes: pixels * (4 + 2 * u64::from(self.components)),
        }
    }

    fn read(mut self: Box<Self>) -> Result<Raster, DecodeError> {
        let (written, model, bytes_per_px) = match self.stored {
            ColorSpace::YCbCr => (ColorSpace::RGBA, Model::Rgba, 4),
            ColorSpace::Luma => (ColorSpace::Luma, Model::Gray, 1),
            // zune-jpeg cannot spread these over RGBA: they come as they are stored.
            ColorSpace::CMYK | ColorSpace::YCCK => (self.stored, Model::InvertedCmyk, 4),
            ColorSpace::RGB => (ColorSpace::RGB, Model::Rgba, 3),
            _ => {
                return Err(DecodeError::unsupported(format!("a JPEG of {} color components", self.components)));
            }
        };
        if !self.markers.has_end {
            return Err(DecodeError::Truncated { format: SourceFormat::Jpeg });
        }
        self.decoder.set_options(self.decoder.options().jpeg_set_out_colorspace(written));
        let area = self.width_px as usize * self.height_px as usize;
        let mut pixels = vec![0; area * 4];
        self.decoder.decode_into(&mut pixels[..area * bytes_per_px]).map_err(|error| explain(&error, self.markers))?;
        match self.stored {
            ColorSpace::Luma => spread(&mut pixels, opaque_gray),
            ColorSpace::RGB => spread(&mut pixels, opaque_rgb),
            ColorSpace::YCCK => pixels.as_chunks_mut().0.iter_mut().for_each(ycck_to_cmyk),
            _ => {}
        }
        let profile = self.decoder.icc_profile().or_else(|| self.markers.has_profile.then(Vec::new)).map(Profile::Icc);
        Ok(Raster { pixels, model, profile })
    }
}

/// ITU-T T.871, section 7: YCbCr to R, G, B, of which Adobe's inverted C, M, Y are the complements.
fn ycck_to_cmyk(pixel: &mut [u8; 4]) {
    let [y, cb, cr, k] = pixel.map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    let [r, g, b] = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    *pixel = [255.0 - r, 255.0 - g, 255.0 - b, k].map(|ink| ink.round().clamp(0.0, 255.0) as u8);
}

fn explain(error: &DecodeErrors, markers: Markers) -> DecodeError {
    match error {
        DecodeErrors::Unsupported(scheme) => DecodeError::unsupported(format!("JPEG coded as {scheme:?}")),
        _ if !markers.has_end => DecodeError::Truncated { format: SourceFormat::Jpeg },
        // Some of the decoder's sentences come in quotation marks.
        error => DecodeError::corrupt(SourceFormat::Jpeg, &error.to_string().trim_matches('"')),
    }
}

/// What the decoder does not tell: it fills what is missing of a truncated file with grey, and drops a profile that
/// it cannot put together.
#[derive(Debug, Clone, Copy, Default)]
struct Markers {
    /// Whether the first picture's end marker is there.
    has_end: bool,
    /// Whether there is a segment of an ICC profile.
    has_profile: bool,
}

impl Markers {
    /// Walks segments and scans up to the first end of image (ITU-T T.81, Annex B).
    fn scan(bytes: &[u8]) -> Self {
        let mut markers = Self::default();
        let mut at = 2;
        while let Some(step) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xff)) {
            at += step + 1;
            match bytes.get(at) {
                Some(0xd9) => {
                    markers.has_end = true;
                    break;
                }
                // Fill bytes, stuffed data bytes, restarts and stray starts stand alone.
                Some(0xff) => {}
                Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1,
                // In a segment, everything is skipped but its name; behind a start of scan comes entropy-coded data,
                // in which every 0xff that is no marker is stuffed.
                Some(&name) => {
                    let Some(&[high, low]) = bytes.get(at + 1..at + 3) else { break };
                    let length = usize::from(u16::from_be_bytes([high, low]));
                    markers.has_profile |= name == 0xe2 && bytes[at + 3..].starts_with(b"ICC_PROFILE\0");
                    at += 1 + length.max(2);
                }
                None => break,
            }
        }
        markers
    }
}
