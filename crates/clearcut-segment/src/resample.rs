//! Resampling of 8-bit pictures and mattes, as the models' authors do it.

use clearcut_image::{Matte, Picture};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

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
    let pixel_type = const { if CHANNELS == 1 { PixelType::U8 } else { PixelType::U8x4 } };
    let source = ImageRef::new(from.0, from.1, pixels, pixel_type).expect("the buffer has the size of its picture");
    let mut target = Image::new(to.0, to.1, pixel_type);
    let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).expect("both pictures have the same pixel type");
    target.into_vec()
}
