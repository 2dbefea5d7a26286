//! Resampling of 8-bit pictures and mattes, as the models' authors do it.

use clearcut_image::{Matte, Picture};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x4};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use crate::area;
use crate::spec::ResizeFilter;

/// The picture at another size, as RGBA. Alpha is a fourth color: transparent pixels weigh as much as others.
pub(crate) fn picture(picture: &Picture, width_px: u32, height_px: u32, filter: ResizeFilter) -> Vec<u8> {
    let from = (picture.width_px(), picture.height_px());
    resample::<4>(picture.rgba(), from, (width_px, height_px), filter)
}

/// The matte at another size.
pub(crate) fn matte(matte: &Matte, width_px: u32, height_px: u32, filter: ResizeFilter) -> Matte {
    let from = (matte.width_px(), matte.height_px());
    Matte::from_alpha(width_px, height_px, resample::<1>(matte.alpha(), from, (width_px, height_px), filter))
}

fn resample<const CHANNELS: usize>(pixels: &[u8], from: (u32, u32), to: (u32, u32), filter: ResizeFilter) -> Vec<u8> {
    if from == to {
        return pixels.to_vec();
    }
    let algorithm = match filter {
        ResizeFilter::Area => return area::resample::<CHANNELS>(pixels, from, to),
        ResizeFilter::Bilinear => ResizeAlg::Convolution(FilterType::Bilinear),
        ResizeFilter::BilinearFourTap => ResizeAlg::Interpolation(FilterType::Bilinear),
        // Pillow works along the rows first, fast_image_resize along the columns; where the filter overshoots and is
        // cut to the range of a byte, that is a visible difference.
        ResizeFilter::Lanczos if from.0 != to.0 && from.1 != to.1 => {
            let between = (to.0, from.1);
            let rows_done = resample::<CHANNELS>(pixels, from, between, filter);
            return resample::<CHANNELS>(&rows_done, between, to, filter);
        }
        ResizeFilter::Lanczos => ResizeAlg::Convolution(FilterType::Lanczos3),
    };
    let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false);
    let mut target = vec![0; to.0 as usize * to.1 as usize * CHANNELS];
    // Typed, because the untyped call compiles the resizer for each of a dozen pixel types.
    macro_rules! resize {
        ($pixel:ty) => {
            Resizer::new().resize_typed(
                &TypedImageRef::<$pixel>::from_buffer(from.0, from.1, pixels).expect("as long as its size says"),
                &mut TypedImage::<$pixel>::from_buffer(to.0, to.1, &mut target).expect("as long as its size says"),
                &options,
            )
        };
    }
    let resized = if CHANNELS == 1 { resize!(U8) } else { resize!(U8x4) };
    resized.expect("the whole source is resampled");
    target
}
