//! Colors for pixels that nobody sees: without them the subject's edge would blend with black when JPEG encodes it.

use clearcut_image::Picture;

/// Gives every fully transparent pixel the mean color of what is visible around it, from near to far.
///
/// A pyramid: each level halves the picture, weighting colors by alpha, until one of its pixels sees the subject;
/// then the colors come down again into the gaps. Alpha is no longer a matte afterwards.
pub(super) fn fill(picture: &mut Picture) {
    let (width_px, height_px) = (picture.width_px(), picture.height_px());
    let full = picture.rgba().as_chunks::<4>().0.iter().all(|pixel| pixel[3] > 0);
    if full || (width_px, height_px) == (1, 1) {
        return;
    }
    let mut half = halved(picture);
    fill(&mut half);
    let rows = picture.rgba_mut().as_chunks_mut::<4>().0.chunks_exact_mut(width_px as usize);
    let half_width = half.width_px() as usize;
    for (y, row) in rows.enumerate() {
        let coarse = &half.rgba().as_chunks::<4>().0[y / 2 * half_width..][..half_width];
        for (x, pixel) in row.iter_mut().enumerate().filter(|(_, pixel)| pixel[3] == 0) {
            *pixel = coarse[x / 2];
        }
    }
}

/// Half as wide and high, rounded up; colors weighted by alpha, and alpha 0 only where nothing is visible.
fn halved(picture: &Picture) -> Picture {
    let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
    let pixels = picture.rgba().as_chunks::<4>().0;
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut rgba = Vec::with_capacity(half_width * half_height * 4);
    for y in 0..half_height {
        let rows = &pixels[y * 2 * width..(y * 2 + 2).min(height) * width];
        for x in 0..half_width {
            let columns = x * 2..(x * 2 + 2).min(width);
            let mut sums = [0_u32; 3];
            let mut weight = 0_u32;
            for [r, g, b, a] in rows.chunks_exact(width).flat_map(|row| &row[columns.clone()]) {
                let a = u32::from(*a);
                weight += a;
                for (sum, channel) in sums.iter_mut().zip([r, g, b]) {
                    *sum += u32::from(*channel) * a;
                }
            }
            let mean = sums.map(|sum| (sum + weight / 2).checked_div(weight).unwrap_or(0) as u8);
            rgba.extend_from_slice(&mean);
            rgba.push(weight.div_ceil(4) as u8);
        }
    }
    Picture::from_rgba(half_width as u32, half_height as u32, rgba)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_pixels_take_the_color_next_to_them() {
        let mut picture = Picture::filled(16, 8, [0, 0, 0, 0]);
        let pixels = picture.rgba_mut().as_chunks_mut::<4>().0;
        for row in 0..8 {
            pixels[row * 16] = [200, 10, 10, 255];
            pixels[row * 16 + 15] = [10, 10, 200, 255];
        }
        fill(&mut picture);
        assert_eq!(picture.pixel(0, 3), [200, 10, 10, 255], "what was visible stays");
        assert_eq!(picture.pixel(1, 3)[..3], [200, 10, 10]);
        assert_eq!(picture.pixel(14, 5)[..3], [10, 10, 200]);
        assert!(picture.rgba().as_chunks::<4>().0.iter().all(|pixel| pixel[3] > 0), "no gap is left");
    }

    #[test]
    fn odd_sides_and_pictures_without_anything_visible_are_fine() {
        let mut odd = Picture::filled(5, 3, [0, 0, 0, 0]);
        odd.rgba_mut()[..4].copy_from_slice(&[9, 8, 7, 1]);
        fill(&mut odd);
        assert_eq!(odd.pixel(4, 2)[..3], [9, 8, 7]);
        let mut nothing = Picture::filled(7, 2, [0, 0, 0, 0]);
        fill(&mut nothing);
        assert_eq!(nothing, Picture::filled(7, 2, [0, 0, 0, 0]));
    }
}
