//! The colors of the subject itself, without what shines through it.
//!
//! At an edge a photo shows `alpha · foreground + (1 - alpha) · background`. A cut-out that keeps the photo's color
//! there glows with the old background. This solves for both colors, which are assumed to change slowly where alpha
//! does: Germer, Uelwer, Conrad, Harmeling, "Fast Multi-Level Foreground Estimation" (2020), with three changes.
//! A level starts from the coarser one interpolated instead of repeated, so that fewer iterations serve; each
//! iteration reads only the one before, so that tiles can be computed by themselves; and a tile that is all
//! foreground or all background, most of any picture, is not iterated.

mod level;
mod solver;

use clearcut_image::{Matte, Picture};

pub(crate) use self::level::Level;
use self::solver::Solver;
use crate::tile::for_each_tile;

/// The estimated foreground colors of `picture`, with `matte` as alpha.
///
/// # Panics
///
/// If picture and matte differ in size, which is a bug of the caller.
pub fn estimate(picture: &Picture, matte: &Matte) -> Picture {
    let mut estimated = picture.clone();
    estimate_in_place(&mut estimated, matte);
    estimated
}

/// Replaces the picture's colors by the estimated foreground colors, and its alpha by `matte`.
///
/// Where alpha is 255 colors stay. Where it is 0 the nearby foreground goes on, so that a matte may still be
/// feathered or grown without uncovering the old background.
///
/// # Panics
///
/// If picture and matte differ in size, which is a bug of the caller.
pub fn estimate_in_place(picture: &mut Picture, matte: &Matte) {
    set_alpha(picture, matte);
    if matte.alpha().iter().all(|&alpha| alpha == 255) {
        return;
    }
    let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
    let coarser = Level::coarser(picture.rgba(), width, height);
    for_each_tile([picture.rgba_mut()], (width, height), Solver::default, |solver, tile, [band]| {
        solver.finish(&coarser, band, width, tile);
    });
}

/// Replaces the picture's alpha.
///
/// # Panics
///
/// If picture and matte differ in size, which is a bug of the caller.
pub fn set_alpha(picture: &mut Picture, matte: &Matte) {
    let sizes = [(picture.width_px(), picture.height_px()), (matte.width_px(), matte.height_px())];
    assert_eq!(sizes[0], sizes[1], "a matte fits its picture");
    for (pixel, &alpha) in picture.rgba_mut().as_chunks_mut::<4>().0.iter_mut().zip(matte.alpha()) {
        pixel[3] = alpha;
    }
}
