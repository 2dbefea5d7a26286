//! What a user may do to a full-size matte: move its edge, soften it, make it hard.

use clearcut_image::{Matte, Picture};

use crate::blur::blur;
use crate::dilation::dilated;

/// Moves the edge by `px` pixels, outward above zero and inward below.
///
/// Every pixel takes the largest (or smallest) value within that distance, so an edge keeps the softness it has, and
/// glass stays as clear as it was. Monotone in `px`. The edge of the canvas is no edge of the subject.
pub fn shift(matte: &mut Matte, px: i32) {
    let (width, height) = (matte.width_px() as usize, matte.height_px() as usize);
    let grow = |matte: &mut Matte| {
        let grown = dilated(matte.alpha(), width, height, px.unsigned_abs() as usize);
        matte.alpha_mut().copy_from_slice(&grown);
    };
    match px {
        0 => {}
        1.. => grow(matte),
        _ => {
            invert(matte);
            grow(matte);
            invert(matte);
        }
    }
}

/// Softens the edge by a Gaussian with a standard deviation of half of `px` pixels.
pub fn feather(matte: &mut Matte, px: u32) {
    if px == 0 {
        return;
    }
    let (width, height) = (matte.width_px() as usize, matte.height_px() as usize);
    let mut values: Vec<f32> = matte.alpha().iter().map(|&alpha| f32::from(alpha)).collect();
    blur(&mut values, width, height, 1, px as usize);
    for (alpha, value) in matte.alpha_mut().iter_mut().zip(values) {
        *alpha = value.round() as u8;
    }
}

/// Foreground from `least` on, background below.
pub fn threshold(matte: &mut Matte, least: u8) {
    for alpha in matte.alpha_mut() {
        *alpha = if *alpha >= least { 255 } else { 0 };
    }
}

/// Weights the matte by the picture's own alpha: what was clear before stays clear.
///
/// # Panics
///
/// If picture and matte differ in size, which is a bug of the caller.
pub fn multiply(matte: &mut Matte, picture: &Picture) {
    assert_eq!((matte.width_px(), matte.height_px()), (picture.width_px(), picture.height_px()), "sizes differ");
    // Nearly every photo is, and it takes less time to see.
    if is_opaque(picture.rgba()) {
        return;
    }
    for (alpha, pixel) in matte.alpha_mut().iter_mut().zip(picture.rgba().chunks_exact(4)) {
        *alpha = clearcut_image::over(*alpha, pixel[3], 0);
    }
}

fn is_opaque(rgba: &[u8]) -> bool {
    // Block by block: within one nothing decides, so that many pixels are looked at at once.
    rgba.chunks(4096).all(|block| block.chunks_exact(4).fold(u8::MAX, |all, pixel| all & pixel[3]) == u8::MAX)
}

fn invert(matte: &mut Matte) {
    for alpha in matte.alpha_mut() {
        *alpha = 255 - *alpha;
    }
}
