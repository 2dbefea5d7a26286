//! EXIF orientation: where the camera says that up is.

use image::metadata::Orientation;

/// Side of the square that is transposed at once, in pixels: two of them fit the first-level cache.
const TILE_PX: usize = 32;

/// The orientation in an EXIF block, with or without its `Exif\0\0` prefix. A missing or corrupt block, or a value
/// outside 1 to 8, means upright: half a camera's metadata is wrong, and a picture is worth more than its tags.
pub(crate) fn from_exif(exif: Option<&[u8]>) -> Orientation {
    exif.map(|block| block.strip_prefix(b"Exif\0\0").unwrap_or(block))
        .and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms)
}

/// Whether turning upright swaps width and height (and so takes a second buffer).
pub(crate) fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Width and height after turning upright.
pub(crate) fn upright_size(width_px: u32, height_px: u32, orientation: Orientation) -> (u32, u32) {
    if swaps_sides(orientation) { (height_px, width_px) } else { (width_px, height_px) }
}

/// Turns RGBA pixels upright: in place where the sides keep their lengths.
///
/// # Contract
///
/// `rgba` holds whole rows of `width_px` pixels of 4 bytes.
pub(crate) fn turn_upright(mut rgba: Vec<u8>, width_px: usize, orientation: Orientation) -> Vec<u8> {
    let pixels = rgba.as_chunks_mut::<4>().0;
    match orientation {
        Orientation::NoTransforms => rgba,
        Orientation::FlipHorizontal => {
            pixels.chunks_exact_mut(width_px).for_each(<[_]>::reverse);
            rgba
        }
        Orientation::Rotate180 => {
            pixels.reverse();
            rgba
        }
        Orientation::FlipVertical => {
            let height_px = pixels.len() / width_px;
            let (top, bottom) = pixels.split_at_mut(height_px / 2 * width_px);
            let mirrored = bottom.chunks_exact_mut(width_px).rev();
            top.chunks_exact_mut(width_px).zip(mirrored).for_each(|(above, below)| above.swap_with_slice(below));
            rgba
        }
        Orientation::Rotate90FlipH => transpose(pixels, width_px, false, false),
        Orientation::Rotate90 => transpose(pixels, width_px, false, true),
        Orientation::Rotate270 => transpose(pixels, width_px, true, false),
        Orientation::Rotate270FlipH => transpose(pixels, width_px, true, true),
    }
}

/// Rows become columns, read from the right if `from_right` and from the bottom if `from_bottom`.
fn transpose(source: &[[u8; 4]], width_px: usize, from_right: bool, from_bottom: bool) -> Vec<u8> {
    let height_px = source.len() / width_px;
    let mut upright = vec![[0; 4]; source.len()];
    // Tile by tile, so that neither the rows read nor the rows written fall out of the cache between two pixels.
    for tile_y in (0..width_px).step_by(TILE_PX) {
        for tile_x in (0..height_px).step_by(TILE_PX) {
            for y in tile_y..(tile_y + TILE_PX).min(width_px) {
                let source_x = if from_right { width_px - 1 - y } else { y };
                for x in tile_x..(tile_x + TILE_PX).min(height_px) {
                    let source_y = if from_bottom { height_px - 1 - x } else { x };
                    upright[y * height_px + x] = source[source_y * width_px + source_x];
                }
            }
        }
    }
    upright.into_flattened()
}

#[cfg(test)]
mod tests {
    use image::DynamicImage;
    use image::metadata::Orientation;

    use super::{from_exif, turn_upright, upright_size};

    #[test]
    fn agrees_with_the_image_crate_for_all_eight_values() {
        for (width_px, height_px) in [(1_u32, 1_u32), (5, 3), (3, 5), (70, 33), (33, 70), (4, 4)] {
            let rgba: Vec<u8> = (0..width_px * height_px * 4).map(|i| (i * 7 % 251) as u8).collect();
            for value in 1..=8 {
                let orientation = Orientation::from_exif(value).expect("1 to 8 are orientations");
                let stored = image::RgbaImage::from_raw(width_px, height_px, rgba.clone()).expect("fits");
                let mut expected = DynamicImage::ImageRgba8(stored);
                expected.apply_orientation(orientation);
                let upright = turn_upright(rgba.clone(), width_px as usize, orientation);
                let size = upright_size(width_px, height_px, orientation);
                assert_eq!(size, (expected.width(), expected.height()), "orientation {value}");
                assert_eq!(upright, expected.as_bytes(), "orientation {value} of {width_px}x{height_px}");
            }
        }
    }

    #[test]
    fn a_corrupt_block_means_upright() {
        for block in
            [&b""[..], b"Exif\0\0", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"nonsense"]
        {
            assert_eq!(from_exif(Some(block)), Orientation::NoTransforms);
        }
        assert_eq!(from_exif(None), Orientation::NoTransforms);
    }
}
