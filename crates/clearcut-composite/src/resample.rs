//! Resampling by `fast_image_resize`, with its errors, which only wrong buffers can cause, ruled out here.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x4};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use rayon::prelude::*;

/// How a picture is resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Triangle, widened when shrinking: never overshoots.
    Smooth,
    /// Lanczos with three lobes, widened when shrinking: the sharpest.
    Sharp,
    /// Mitchell's cubic, widened when shrinking. At a cut-out's edge a sharper filter overshoots, alpha is cut off at
    /// 255 and the color is not: a bright line.
    Gentle,
}

/// What the four bytes of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    /// One byte a pixel.
    One,
    /// Four bytes a pixel that have nothing to do with one another.
    Four,
    /// Straight alpha: colors are weighted by it.
    ColorAndAlpha,
}

/// `source` at another size. All sizes are in pixels and at least 1.
pub(crate) fn resample(source: &[u8], from: (u32, u32), to: (u32, u32), channels: Channels, filter: Filter) -> Vec<u8> {
    let filter = match filter {
        Filter::Smooth => FilterType::Bilinear,
        Filter::Sharp => FilterType::Lanczos3,
        Filter::Gentle => FilterType::Mitchell,
    };
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(channels == Channels::ColorAndAlpha);
    let mut target = vec![0; to.0 as usize * to.1 as usize * if channels == Channels::One { 1 } else { 4 }];
    // Typed, because the untyped call compiles the resizer for each of a dozen pixel types.
    macro_rules! resize {
        ($pixel:ty) => {
            Resizer::new().resize_typed(
                &TypedImageRef::<$pixel>::from_buffer(from.0, from.1, source).expect("as long as its size says"),
                &mut TypedImage::<$pixel>::from_buffer(to.0, to.1, &mut target).expect("as long as its size says"),
                &options,
            )
        };
    }
    let resized = if channels == Channels::One { resize!(U8) } else { resize!(U8x4) };
    resized.expect("the whole source is resampled");
    target
}

/// RGBA at half the size: means of two by two pixels, each channel by itself. An odd last row or column is dropped.
/// Idle threads take some of the rows.
pub(crate) fn halved(rgba: &[u8], width: usize, height: usize) -> Vec<u8> {
    /// Rows of the result that are worth handing to another thread.
    const ROWS: usize = 64;
    let mut half = vec![0; (width / 2) * (height / 2) * 4];
    let source = rgba.par_chunks(width * 8 * ROWS);
    half.par_chunks_mut((width / 2 * 4 * ROWS).max(1)).zip(source).for_each(|(half, rgba)| {
        for (rows, target) in rgba.chunks_exact(width * 8).zip(half.chunks_exact_mut(width / 2 * 4)) {
            let (above, below) = rows.split_at(width * 4);
            halve(above.as_chunks().0, below.as_chunks().0, target.as_chunks_mut().0);
        }
    });
    half
}

wide! {
    /// One row from two, whose pixels come in pairs.
    fn halve(above: &[[u8; 8]], below: &[[u8; 8]], half: &mut [[u8; 4]]) = halve_one_by_one
}

#[inline(always)]
fn halve_one_by_one(above: &[[u8; 8]], below: &[[u8; 8]], half: &mut [[u8; 4]]) {
    // Every other channel of a pair, with room for sums.
    const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
    let mean = |above: u64, below: u64| {
        let sums = (above & EVEN) + (below & EVEN);
        let sums = sums as u32 + (sums >> 32) as u32 + 0x0002_0002;
        (sums >> 2) & EVEN as u32
    };
    for ((half, above), below) in half.iter_mut().zip(above).zip(below) {
        let (above, below) = (u64::from_le_bytes(*above), u64::from_le_bytes(*below));
        *half = (mean(above, below) | (mean(above >> 8, below >> 8) << 8)).to_le_bytes();
    }
}
