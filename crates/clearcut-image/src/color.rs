//! From whatever color space a file is in to sRGB.

use std::sync::Arc;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, TransferCharacteristics,
    Transform8BitExecutor, TransformOptions,
};

use crate::blend::over;

/// Pixels that are converted at once: source and result stay in the first-level cache.
const RUN_PX: usize = 2048;

/// How far, in 8-bit steps, a profile may be from sRGB and still pass for it: the rounding of the transform itself.
const SRGB_TOLERANCE: u8 = 1;

/// What was done about the colors of an upload. The pixels are sRGB in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColorNote {
    /// The file is sRGB, or says nothing, which means sRGB (or, for CMYK, the plain inverse of the inks).
    Srgb,
    /// The file's color profile was applied.
    Converted,
    /// The file's color profile is damaged, or of a kind that does not fit its pixels: it was read as sRGB.
    ProfileIgnored,
}

/// What the first bytes of each 4-byte pixel mean before conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// Red, green, blue, alpha.
    Rgba,
    /// Three times the same grey, then alpha.
    Gray,
    /// Cyan, magenta, yellow, black, inverted as Adobe writes them: 255 is no ink.
    InvertedCmyk,
}

/// A color space that a file declares.
#[derive(Debug, Clone)]
pub(crate) enum Profile {
    /// The bytes of an ICC profile; empty where the container has one that cannot be put together.
    Icc(Vec<u8>),
    /// Color primaries and transfer characteristics of ITU-T H.273, as in a PNG's cICP.
    CodePoints { primaries: u8, transfer: u8 },
}

/// Converts pixels of 4 bytes to sRGB with alpha, in place.
pub(crate) fn convert_to_srgb(pixels: &mut [u8], model: Model, profile: Option<&Profile>) -> ColorNote {
    let Some(profile) = profile else {
        uncalibrated(pixels, model);
        return ColorNote::Srgb;
    };
    let note = parse(profile).and_then(|source| apply(pixels, model, &source));
    note.unwrap_or_else(|| {
        uncalibrated(pixels, model);
        ColorNote::ProfileIgnored
    })
}

fn parse(profile: &Profile) -> Option<ColorProfile> {
    match *profile {
        Profile::Icc(ref bytes) => ColorProfile::new_from_slice(bytes).ok(),
        Profile::CodePoints { primaries, transfer } => Some(ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
            transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        })),
    }
}

/// `None`, with the pixels untouched, where the profile does not fit the pixels.
fn apply(pixels: &mut [u8], model: Model, source: &ColorProfile) -> Option<ColorNote> {
    match (model, source.color_space) {
        // A grey picture with a color profile is common (an editor's working space) and means R = G = B.
        (Model::Rgba | Model::Gray, DataColorSpace::Rgb) => {
            let transform = transform_to_srgb(source, Layout::Rgba)?;
            if passes_for_srgb(&*transform) {
                return Some(ColorNote::Srgb);
            }
            convert_runs(pixels, &*transform, Keep::Alpha)
        }
        (Model::Gray, DataColorSpace::Gray) => convert_gray(pixels, source),
        (Model::InvertedCmyk, DataColorSpace::Cmyk) => {
            let transform = transform_to_srgb(source, Layout::Rgba)?;
            // Profiles speak of ink, where 255 is full coverage.
            invert(pixels);
            let note = convert_runs(pixels, &*transform, Keep::Opaque);
            if note.is_none() {
                invert(pixels);
            }
            note
        }
        _ => None,
    }
}

fn invert(inks: &mut [u8]) {
    for ink in inks {
        *ink = 255 - *ink;
    }
}

fn transform_to_srgb(source: &ColorProfile, layout: Layout) -> Option<Arc<Transform8BitExecutor>> {
    let options = TransformOptions { rendering_intent: source.rendering_intent, ..TransformOptions::default() };
    source.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgba, options).ok()
}

/// Whether a transform leaves a grid of colors and the whole grey ramp alone, whatever the profile calls itself.
fn passes_for_srgb(transform: &Transform8BitExecutor) -> bool {
    let steps = [0_u8, 51, 102, 153, 204, 255];
    let mut probe: Vec<u8> = (0..=255_u8).flat_map(|gray| [gray, gray, gray, 255]).collect();
    for r in steps {
        for g in steps {
            probe.extend(steps.iter().flat_map(|&b| [r, g, b, 255]));
        }
    }
    let mut converted = vec![0; probe.len()];
    transform.transform(&probe, &mut converted).is_ok()
        && probe.iter().zip(&converted).all(|(&before, &after)| before.abs_diff(after) <= SRGB_TOLERANCE)
}

/// What the fourth byte of a converted pixel is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Alpha,
    Opaque,
}

fn convert_runs(pixels: &mut [u8], transform: &Transform8BitExecutor, keep: Keep) -> Option<ColorNote> {
    let mut converted = vec![0; RUN_PX * 4];
    for run in pixels.chunks_mut(RUN_PX * 4) {
        let converted = &mut converted[..run.len()];
        // Only a wrong length can fail here, and then the first run does, before a pixel has changed.
        transform.transform(run, converted).ok()?;
        for (pixel, srgb) in run.as_chunks_mut::<4>().0.iter_mut().zip(converted.as_chunks::<4>().0) {
            let alpha = if keep == Keep::Alpha { pixel[3] } else { 255 };
            *pixel = [srgb[0], srgb[1], srgb[2], alpha];
        }
    }
    Some(ColorNote::Converted)
}

/// A grey profile has 256 answers: they are asked for once.
fn convert_gray(pixels: &mut [u8], source: &ColorProfile) -> Option<ColorNote> {
    let transform = transform_to_srgb(source, Layout::Gray)?;
    let ramp: Vec<u8> = (0..=255).collect();
    let mut table = vec![0; 256 * 4];
    transform.transform(&ramp, &mut table).ok()?;
    let table = table.as_chunks::<4>().0;
    if (0..=255_u8).zip(table).all(|(gray, srgb)| gray.abs_diff(srgb[0]) <= SRGB_TOLERANCE) {
        return Some(ColorNote::Srgb);
    }
    for pixel in pixels.as_chunks_mut::<4>().0 {
        let [r, g, b, _] = table[usize::from(pixel[0])];
        *pixel = [r, g, b, pixel[3]];
    }
    Some(ColorNote::Converted)
}

/// Colors as they are; inks as light that black lets through, which is what browsers do without a profile.
fn uncalibrated(pixels: &mut [u8], model: Model) {
    if model == Model::InvertedCmyk {
        for pixel in pixels.as_chunks_mut::<4>().0 {
            let [c, m, y, k] = *pixel;
            *pixel = [over(c, k, 0), over(m, k, 0), over(y, k, 0), 255];
        }
    }
}
