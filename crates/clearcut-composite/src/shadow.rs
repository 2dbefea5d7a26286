//! The shadow that a subject throws.

use clearcut_image::Picture;

use crate::backdrop::under_color;
use crate::blur::blur;

/// How a shadow looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shadow {
    /// sRGB.
    pub color: [u8; 3],
    /// How dark it is, 0 to 100; more counts as 100.
    pub opacity_percent: u8,
    /// How far its edge is smeared.
    pub blur_px: u32,
    /// How far it lies to the right.
    pub right_px: i32,
    /// How far it lies below.
    pub down_px: i32,
}

/// Lays a blurred, shifted copy of the picture's alpha under it. The canvas stays as it is: what falls outside of it
/// is not seen.
pub fn shadow(picture: &mut Picture, look: &Shadow) {
    let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
    let mut cover = vec![0.0_f32; width * height];
    for (y, row) in cover.chunks_exact_mut(width).enumerate() {
        let Some(from_y) = source(y, look.down_px, height) else { continue };
        let pixels = picture.rgba()[from_y * width * 4..][..width * 4].as_chunks::<4>().0;
        for (x, value) in row.iter_mut().enumerate() {
            if let Some(from_x) = source(x, look.right_px, width) {
                *value = f32::from(pixels[from_x][3]);
            }
        }
    }
    blur(&mut cover, width, height, 1, look.blur_px as usize);
    let opacity = f32::from(look.opacity_percent.min(100)) / 100.0;
    let [r, g, b] = look.color;
    for (pixel, cover) in picture.rgba_mut().as_chunks_mut::<4>().0.iter_mut().zip(cover) {
        under_color(pixel, [r, g, b, (cover * opacity).round() as u8]);
    }
}

/// Which pixel lands at `at` when everything moves by `by`.
fn source(at: usize, by: i32, side: usize) -> Option<usize> {
    at.checked_add_signed(-(by as isize)).filter(|&from| from < side)
}
