//! PNG: the smallest color type that keeps every pixel, then speed or size.

mod census;

use std::borrow::Cow;

use oxipng::{Options, RawImage};
use png::{BitDepth, ColorType, Compression, DeflateCompression, Encoder, EncodingError, Filter};

use super::{Effort, without_hidden_colors};
use crate::error::EncodeError;
use crate::format::OutputFormat;
use crate::picture::Picture;

use census::{Census, Palette};

/// The higher presets take 2 to 4 times as long for at most 7 % (table in the README).
const OXIPNG_PRESET: u8 = 1;

pub(super) fn encode(picture: &Picture, effort: Effort) -> Result<Vec<u8>, EncodeError> {
    let (width_px, height_px) = (picture.width_px(), picture.height_px());
    let rgba = without_hidden_colors(picture);
    match effort {
        Effort::Fast => write_fast(width_px, height_px, &rgba).map_err(|error| failed(&error)),
        Effort::Best => write_best(width_px, height_px, oxipng::ColorType::RGBA, rgba.into_owned()),
    }
}

pub(super) fn encode_gray(width_px: u32, height_px: u32, gray: &[u8], effort: Effort) -> Result<Vec<u8>, EncodeError> {
    match effort {
        Effort::Fast => write(width_px, height_px, ColorType::Grayscale, gray).map_err(|error| failed(&error)),
        Effort::Best => {
            let color = oxipng::ColorType::Grayscale { transparent_shade: None };
            write_best(width_px, height_px, color, gray.to_vec())
        }
    }
}

fn failed(error: &impl ToString) -> EncodeError {
    EncodeError::failed(OutputFormat::Png, error)
}

fn write_fast(width_px: u32, height_px: u32, rgba: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let pixels = rgba.as_chunks::<4>().0;
    let (color, samples): (_, Cow<'_, [u8]>) = match Census::take(pixels) {
        Census { is_gray: true, is_opaque: true, .. } => {
            (ColorType::Grayscale, pixels.iter().map(|pixel| pixel[0]).collect())
        }
        Census { palette: Some(palette), .. } => return write_indexed(width_px, height_px, &palette, pixels),
        Census { is_gray: true, .. } => {
            (ColorType::GrayscaleAlpha, pixels.iter().flat_map(|pixel| [pixel[0], pixel[3]]).collect())
        }
        Census { is_opaque: true, .. } => {
            (ColorType::Rgb, pixels.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect())
        }
        _ => (ColorType::Rgba, rgba.into()),
    };
    write(width_px, height_px, color, &samples)
}

/// fdeflate behind an adaptive filter: on photos both faster and smaller than zlib's levels (table in the README).
fn write(width_px: u32, height_px: u32, color: ColorType, samples: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width_px, height_px);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    finish(encoder, samples)?;
    Ok(file)
}

/// Indices have no gradients: filters do not help, and repeated strings, which fdeflate does not look for, do.
fn write_indexed(
    width_px: u32,
    height_px: u32,
    palette: &Palette,
    pixels: &[[u8; 4]],
) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width_px, height_px);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.rgb());
    encoder.set_trns(palette.alpha());
    encoder.set_deflate_compression(DeflateCompression::Level(4));
    encoder.set_filter(Filter::NoFilter);
    finish(encoder, &palette.indices(pixels))?;
    Ok(file)
}

fn finish(encoder: Encoder<'_, &mut Vec<u8>>, samples: &[u8]) -> Result<(), EncodingError> {
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()
}

/// oxipng finds the smallest color type and depth by itself, then tries several filters with libdeflate.
fn write_best(
    width_px: u32,
    height_px: u32,
    color: oxipng::ColorType,
    samples: Vec<u8>,
) -> Result<Vec<u8>, EncodeError> {
    let options = Options::from_preset(OXIPNG_PRESET);
    let image = RawImage::new(width_px, height_px, color, oxipng::BitDepth::Eight, samples);
    image.and_then(|image| image.create_optimized_png(&options)).map_err(|error| failed(&error))
}
