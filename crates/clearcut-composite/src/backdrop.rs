//! What stands behind a subject.

use clearcut_image::{Matte, Picture, over};

use crate::blur::blur;
use crate::canvas::{cut, resize};
use crate::rect::Rect;

/// Where less of the photo's own background than this is near, its blur would be noise.
const LEAST_WEIGHT: f32 = 1.0 / 512.0;
/// A blur of radius r is smooth at a scale of r: it is computed on a picture shrunk until its radius is this.
const SMALL_RADIUS_PX: u32 = 8;

/// Puts one color behind the picture. An opaque color gives an opaque picture, blended as a browser shows it.
pub fn color(picture: &mut Picture, color: [u8; 4]) {
    for pixel in picture.rgba_mut().as_chunks_mut::<4>().0 {
        under_color(pixel, color);
    }
}

/// Puts another picture behind the picture: scaled to cover the canvas, and centered.
pub fn picture(picture: &mut Picture, behind: &Picture) {
    let behind = cover(behind, picture.width_px(), picture.height_px());
    for (pixel, backdrop) in picture.rgba_mut().as_chunks_mut::<4>().0.iter_mut().zip(behind.rgba().as_chunks::<4>().0)
    {
        under_color(pixel, *backdrop);
    }
}

/// The photo's background, blurred by `radius_px`, everywhere: where the subject was, its surroundings go on, and
/// none of its own colors glow around it.
///
/// # Panics
///
/// If photo and matte differ in size, which is a bug of the caller.
pub fn blurred(photo: &Picture, matte: &Matte, radius_px: u32) -> Picture {
    let size = (photo.width_px(), photo.height_px());
    assert_eq!(size, (matte.width_px(), matte.height_px()), "sizes differ");
    // The background as a picture whose alpha is how much of it is seen: shrinking weights colors by it.
    let mut seen = photo.clone();
    for (pixel, &alpha) in seen.rgba_mut().as_chunks_mut::<4>().0.iter_mut().zip(matte.alpha()) {
        pixel[3] = 255 - alpha;
    }
    let factor = (radius_px / SMALL_RADIUS_PX).max(1);
    let small = resize(&seen, size.0.div_ceil(factor), size.1.div_ceil(factor));
    let mut values: Vec<f32> = small.rgba().as_chunks::<4>().0.iter().flat_map(|pixel| weighted(*pixel)).collect();
    let (width, height) = (small.width_px() as usize, small.height_px() as usize);
    // Wider and wider, until even the middle of a large subject has surroundings.
    let mut radius = (radius_px / factor).max(1) as usize;
    let mut filled = normalized(&values, width, height, radius);
    while filled.contains(&[0; 4]) && radius < width.max(height) * 2 {
        radius *= 2;
        let wider = normalized(&values, width, height, radius);
        for (pixel, wider) in filled.iter_mut().zip(wider) {
            if *pixel == [0; 4] {
                *pixel = wider;
            }
        }
    }
    values.clear();
    // A photo that is subject alone has no surroundings; grey stands for them.
    let rgba =
        filled.into_iter().flat_map(|pixel| if pixel == [0; 4] { [128, 128, 128, 255] } else { pixel }).collect();
    resize(&Picture::from_rgba(small.width_px(), small.height_px(), rgba), size.0, size.1)
}

/// Straight-alpha "over" of `pixel` on `behind` (W3C Compositing and Blending Level 1, section 5.1), in place.
pub(crate) fn under_color(pixel: &mut [u8; 4], behind: [u8; 4]) {
    match (pixel[3], behind[3]) {
        (255, _) | (_, 0) => {}
        (0, _) => *pixel = behind,
        (alpha, 255) => {
            for channel in 0..3 {
                pixel[channel] = over(pixel[channel], alpha, behind[channel]);
            }
            pixel[3] = 255;
        }
        (alpha, behind_alpha) => {
            let (front, back) = (u32::from(alpha) * 255, u32::from(behind_alpha) * (255 - u32::from(alpha)));
            let all = front + back;
            for channel in 0..3 {
                let sum = u32::from(pixel[channel]) * front + u32::from(behind[channel]) * back;
                pixel[channel] = ((sum + all / 2) / all) as u8;
            }
            pixel[3] = ((all + 127) / 255) as u8;
        }
    }
}

fn cover(behind: &Picture, width_px: u32, height_px: u32) -> Picture {
    let (width, height) = (u64::from(behind.width_px()), u64::from(behind.height_px()));
    // The part of the same aspect as the canvas, as large as fits.
    let part_width = (height * u64::from(width_px) / u64::from(height_px)).clamp(1, width) as u32;
    let part_height = (width * u64::from(height_px) / u64::from(width_px)).clamp(1, height) as u32;
    let part = Rect {
        left_px: (behind.width_px() - part_width) / 2,
        top_px: (behind.height_px() - part_height) / 2,
        width_px: part_width,
        height_px: part_height,
    };
    resize(&cut(behind, part), width_px, height_px)
}

fn weighted([r, g, b, weight]: [u8; 4]) -> [f32; 4] {
    let weight = f32::from(weight) / 255.0;
    [f32::from(r) * weight, f32::from(g) * weight, f32::from(b) * weight, weight]
}

/// Blurred colors over blurred weights; `[0; 4]` where nothing is near.
fn normalized(values: &[f32], width: usize, height: usize, radius: usize) -> Vec<[u8; 4]> {
    let mut values = values.to_vec();
    blur(&mut values, width, height, 4, radius);
    let pixels = values.as_chunks::<4>().0.iter();
    pixels
        .map(|[r, g, b, weight]| {
            if *weight < LEAST_WEIGHT {
                return [0; 4];
            }
            let channel = |sum: &f32| (sum / weight).round().clamp(0.0, 255.0) as u8;
            [channel(r), channel(g), channel(b), 255]
        })
        .collect()
}
