//! JPEG: progressive, 4:2:0, optimized Huffman tables.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::Quality;
use crate::blend::over;
use crate::error::EncodeError;
use crate::format::OutputFormat;
use crate::picture::Picture;

/// Mean colors first, then coarse, then fine detail. Every further scan makes the file larger (table in the README).
const PROGRESSIVE_SCANS: u8 = 3;

pub(super) fn encode(picture: &Picture, quality: Quality, background: [u8; 3]) -> Result<Vec<u8>, EncodeError> {
    let rgb = flatten(picture, background);
    let side = |px| u16::try_from(px).expect("sides were checked against the format's limit");
    let mut file = Vec::with_capacity(rgb.len() / 8);
    let mut encoder = Encoder::new(&mut file, quality.get());
    encoder.set_progressive_scans(PROGRESSIVE_SCANS);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // The default takes every fourth chroma sample: colored edges, which is what a cut-out is made of, turn jagged.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder
        .encode(&rgb, side(picture.width_px()), side(picture.height_px()), ColorType::Rgb)
        .map_err(|error| EncodeError::failed(OutputFormat::Jpeg, &error))?;
    Ok(file)
}

fn flatten(picture: &Picture, background: [u8; 3]) -> Vec<u8> {
    let mut rgb = vec![[0; 3]; picture.rgba().len() / 4];
    for (flat, &[r, g, b, alpha]) in rgb.iter_mut().zip(picture.rgba().as_chunks::<4>().0) {
        let [back_r, back_g, back_b] = background;
        *flat = match alpha {
            255 => [r, g, b],
            0 => background,
            _ => [over(r, alpha, back_r), over(g, alpha, back_g), over(b, alpha, back_b)],
        };
    }
    rgb.into_flattened()
}
