//! Decoded samples on their way to RGBA.

use crate::color::{Model, Profile};

/// Stored pixels of 4 bytes each, not yet sRGB and not yet upright.
pub(super) struct Raster {
    pub(super) pixels: Vec<u8>,
    pub(super) model: Model,
    pub(super) profile: Option<Profile>,
}

/// Spreads packed samples of `N` bytes over pixels of 4 bytes, in place and from the back.
///
/// # Contract
///
/// The samples fill the front of `pixels`: `N / 4` of its length. `N` is at most 4.
pub(super) fn spread<const N: usize>(pixels: &mut [u8], pixel: impl Fn([u8; N]) -> [u8; 4]) {
    for index in (0..pixels.len() / 4).rev() {
        let samples = std::array::from_fn(|channel| pixels[index * N + channel]);
        pixels[index * 4..index * 4 + 4].copy_from_slice(&pixel(samples));
    }
}

pub(super) fn opaque_gray([gray]: [u8; 1]) -> [u8; 4] {
    [gray, gray, gray, 255]
}

pub(super) fn gray_with_alpha([gray, alpha]: [u8; 2]) -> [u8; 4] {
    [gray, gray, gray, alpha]
}

pub(super) fn opaque_rgb([r, g, b]: [u8; 3]) -> [u8; 4] {
    [r, g, b, 255]
}
