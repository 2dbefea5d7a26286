//! Mattes for hair and fur: a network's matte solved again, pixel by pixel, where it is unsure.
//!
//! Three kinds of evidence are weighed on the unknown band, and nowhere else:
//!
//! - within a window of three by three pixels alpha is a linear function of color: the matting Laplacian of Levin,
//!   Lischinski and Weiss ("A Closed-Form Solution to Natural Image Matting", PAMI 2008, section 4);
//! - a pixel's color lies between the foreground's and the background's nearby, and says how far along: both colors
//!   are estimated as [`crate::foreground`] estimates them, but at half the size of the network's answer, where alpha
//!   is right on the mean and its blur does not leak into the colors;
//! - the refined matte, which is right where the network's own pixels hold all there is.
//!
//! The three make one system of linear equations. It is solved at some sizes of a pyramid, each starting from what the
//! smaller one added to the refined matte, by a fixed number of Chebyshev's steps, each of which reads only the one
//! before. So a tile with two pixels of margin for each step gets exactly what the whole picture would get: there is
//! no seam, the order of tiles and the number of threads change nothing, and the memory beside the pyramid is one tile.

mod band;
mod evidence;
mod patch;
mod size;
#[cfg(test)]
mod tests;
mod windows;

use clearcut_image::{Matte, Picture};

use self::evidence::Evidence;
use self::patch::{Problem, Solver};
use self::size::Size;
use crate::foreground::Level;
use crate::refine::{RefineOptions, prepared, refine};
use crate::tile::for_each_tile_of;

pub use self::band::trimap;

/// Side of a tile in pixels: the margins of all steps are as wide as half of it.
const TILE_PX: usize = 128;
/// How many sizes are solved: the picture, its half, and the half of that.
const SIZES: usize = 3;
/// Steps at the smallest size, which starts from the refined matte alone, and at the others.
const FIRST_STEPS: usize = 24;
const STEPS: usize = 30;

/// The matte at the size of `picture`, solved where `coarse`, a network's answer, leaves it open.
///
/// `coarse` may be of any size and shape: it covers the picture, stretched. What [`trimap`] calls known is 0 or 255;
/// where nothing is unknown, and in pictures under three pixels wide or high, the answer is the refined matte.
pub fn solve(coarse: &Matte, picture: &Picture) -> Matte {
    solve_in_tiles(coarse, picture, TILE_PX)
}

fn solve_in_tiles(coarse: &Matte, picture: &Picture, tile_px: usize) -> Matte {
    let refined = refine(coarse, picture, &RefineOptions::default());
    let coarse = prepared(coarse, picture);
    let trimap = band::between(&coarse, &refined);
    let sizes = size::pyramid(picture, &trimap, &refined, coarse.width_px().max(coarse.height_px()) as usize / 2);
    let Some(smallest) = sizes.last() else { return refined.clone() };
    let colors = Level::of(&smallest.with_start(), smallest.width, smallest.height);
    let mut below: Option<(Vec<u16>, &Size<'_>)> = None;
    for size in sizes.iter().take(SIZES).rev() {
        let steps = if below.is_some() { STEPS } else { FIRST_STEPS };
        let first = size.first(below.as_ref().map(|(alpha, size)| (alpha.as_slice(), *size)));
        let evidence = Evidence::new(&coarse, size, &colors);
        let problem = Problem { size, first: &first, evidence: &evidence, steps };
        let mut next = first.clone();
        let whole = (size.width, size.height);
        for_each_tile_of(tile_px, [&mut next], whole, Solver::default, |solver, tile, [band]| {
            solver.solve(&problem, tile, band);
        });
        below = Some((next, size));
    }
    let Some((alpha, _)) = below else { return refined.clone() };
    let alpha = alpha.into_iter().map(|value| ((u32::from(value) + 128) / 257) as u8).collect();
    Matte::from_alpha(picture.width_px(), picture.height_px(), alpha)
}
