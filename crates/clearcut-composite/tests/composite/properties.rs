//! What holds for every picture, matte and setting.

use clearcut_composite::canvas::{self, Margins};
use clearcut_composite::foreground::estimate;
use clearcut_composite::refine::{RefineOptions, refine, upsample_bilinear};
use clearcut_composite::{Rect, Shadow, adjust, backdrop, border, matting, shadow, subject, visible};
use clearcut_image::{Matte, Picture};
use proptest::collection::vec;
use proptest::prelude::*;

const SIDE_PX: std::ops::Range<u32> = 1..40;

fn picture() -> impl Strategy<Value = Picture> {
    (SIDE_PX, SIDE_PX).prop_flat_map(|(width_px, height_px)| {
        vec(any::<u8>(), (width_px * height_px * 4) as usize)
            .prop_map(move |rgba| Picture::from_rgba(width_px, height_px, rgba))
    })
}

fn matte() -> impl Strategy<Value = Matte> {
    (SIDE_PX, SIDE_PX).prop_flat_map(|(width_px, height_px)| matte_of(width_px, height_px))
}

/// Mostly 0 and 255, as mattes are.
fn matte_of(width_px: u32, height_px: u32) -> impl Strategy<Value = Matte> {
    let alpha = prop_oneof![Just(0_u8), Just(255), any::<u8>()];
    vec(alpha, (width_px * height_px) as usize).prop_map(move |alpha| Matte::from_alpha(width_px, height_px, alpha))
}

fn picture_and_matte() -> impl Strategy<Value = (Picture, Matte)> {
    picture().prop_flat_map(|picture| {
        let matte = matte_of(picture.width_px(), picture.height_px());
        (Just(picture), matte)
    })
}

fn size(picture: &Picture) -> (u32, u32) {
    (picture.width_px(), picture.height_px())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_refined_matte_has_the_pictures_size(coarse in matte(), guide in picture(), radius_px: u8, epsilon: f32) {
        let mut options = RefineOptions::default();
        (options.radius_px, options.epsilon) = (radius_px, epsilon);
        let refined = refine(&coarse, &guide, &options);
        prop_assert_eq!((refined.width_px(), refined.height_px()), size(&guide));
        let solved = matting::solve(&coarse, &guide);
        prop_assert_eq!((solved.width_px(), solved.height_px()), size(&guide));
        let smooth = upsample_bilinear(&coarse, guide.width_px(), guide.height_px());
        prop_assert_eq!((smooth.width_px(), smooth.height_px()), size(&guide));
    }

    #[test]
    fn nothing_and_everything_stay_what_they_are(guide in picture(), width_px in SIDE_PX, height_px in SIDE_PX) {
        for alpha in [0, 255] {
            let refined = refine(&Matte::filled(width_px, height_px, alpha), &guide, &RefineOptions::default());
            prop_assert!(refined.alpha().iter().all(|&value| value == alpha));
            let solved = matting::solve(&Matte::filled(width_px, height_px, alpha), &guide);
            prop_assert!(solved.alpha().iter().all(|&value| value == alpha));
        }
    }

    #[test]
    fn estimated_colors_are_the_photos_where_alpha_is_full((picture, matte) in picture_and_matte()) {
        let estimated = estimate(&picture, &matte);
        let pairs = estimated.rgba().as_chunks::<4>().0.iter().zip(picture.rgba().as_chunks::<4>().0);
        for ((ours, theirs), &alpha) in pairs.zip(matte.alpha()) {
            prop_assert_eq!(ours[3], alpha);
            prop_assert!(alpha < 255 || ours[..3] == theirs[..3]);
        }
    }

    #[test]
    fn shifting_is_monotone(matte in matte(), px in -6_i32..6) {
        let shifted = |px: i32| {
            let mut matte = matte.clone();
            adjust::shift(&mut matte, px);
            matte
        };
        prop_assert_eq!(shifted(0), matte.clone());
        prop_assert!(shifted(px).alpha().iter().zip(shifted(px + 1).alpha()).all(|(less, more)| less <= more));
    }

    #[test]
    fn feathering_stays_between_the_extremes(matte in matte(), px in 0_u32..12) {
        let (least, most) = (matte.alpha().iter().min().copied(), matte.alpha().iter().max().copied());
        let mut feathered = matte.clone();
        adjust::feather(&mut feathered, px);
        let within = feathered.alpha().iter().all(|alpha| Some(*alpha) >= least && Some(*alpha) <= most);
        prop_assert!(within);
        prop_assert!(px > 0 || feathered == matte);
    }

    #[test]
    fn multiplying_never_adds((picture, matte) in picture_and_matte()) {
        let mut product = matte.clone();
        adjust::multiply(&mut product, &picture);
        for ((after, before), pixel) in product.alpha().iter().zip(matte.alpha()).zip(picture.rgba().chunks_exact(4)) {
            prop_assert!(after <= before && *after <= pixel[3]);
            prop_assert!(pixel[3] != 255 || after == before);
        }
    }

    #[test]
    fn a_threshold_leaves_only_the_two_ends(matte in matte(), least: u8) {
        let mut hard = matte.clone();
        adjust::threshold(&mut hard, least);
        let right = hard.alpha().iter().zip(matte.alpha()).all(|(&hard, &soft)| (hard == 255) == (soft >= least));
        prop_assert!(right);
    }

    #[test]
    fn solid_pictures_hide_what_is_behind_and_clear_ones_show_it((picture, matte) in picture_and_matte(), back: [u8; 3]) {
        let mut covered = picture.clone();
        let back = [back[0], back[1], back[2], 255];
        backdrop::color(&mut covered, back);
        let pairs = covered.rgba().as_chunks::<4>().0.iter().zip(picture.rgba().as_chunks::<4>().0);
        for (after, before) in pairs {
            prop_assert_eq!(after[3], 255);
            prop_assert!(before[3] != 255 || after == before);
            prop_assert!(before[3] != 0 || *after == back);
        }
        let blurred = backdrop::blurred(&picture, &matte, 5);
        prop_assert!(blurred.is_opaque() && size(&blurred) == size(&picture));
    }

    #[test]
    fn an_outline_grows_with_its_width_and_leaves_solid_pixels(picture in picture(), width_px in 0_u32..6) {
        let (narrow, narrow_at) = border::outline(picture.clone(), width_px, [9, 9, 9, 255]);
        let (wide, wide_at) = border::outline(picture.clone(), width_px + 1, [9, 9, 9, 255]);
        for y in 0..picture.height_px() {
            for x in 0..picture.width_px() {
                let before = picture.pixel(x, y);
                let after = narrow.pixel(x + narrow_at.0, y + narrow_at.1);
                prop_assert!(after[3] <= wide.pixel(x + wide_at.0, y + wide_at.1)[3]);
                prop_assert!(before[3] <= after[3]);
                prop_assert!(before[3] != 255 || after == before);
            }
        }
    }

    #[test]
    fn a_shadow_lies_under_the_picture(picture in picture(), right_px in -9..9, down_px in -9..9, blur_px in 0_u32..9) {
        let mut shaded = picture.clone();
        let look = Shadow { color: [0; 3], opacity_percent: 60, blur_px, right_px, down_px };
        shadow(&mut shaded, &look);
        for (after, before) in shaded.rgba().as_chunks::<4>().0.iter().zip(picture.rgba().as_chunks::<4>().0) {
            prop_assert!(after[3] >= before[3]);
            prop_assert!(before[3] != 255 || after == before);
        }
    }

    #[test]
    fn the_subjects_box_is_tight_and_inside(matte in matte()) {
        let seen = |x: u32, y: u32| matte.alpha()[(y * matte.width_px() + x) as usize] >= 51;
        let all = || (0..matte.height_px()).flat_map(|y| (0..matte.width_px()).map(move |x| (x, y)));
        let Some(found) = subject(&matte) else {
            prop_assert!(all().all(|(x, y)| !seen(x, y)));
            return Ok(());
        };
        let (right, bottom) = (found.left_px + found.width_px - 1, found.top_px + found.height_px - 1);
        prop_assert!(right < matte.width_px() && bottom < matte.height_px());
        for (x, y) in all().filter(|&(x, y)| seen(x, y)) {
            prop_assert!((found.left_px..=right).contains(&x) && (found.top_px..=bottom).contains(&y));
        }
        prop_assert!(all().any(|(x, y)| seen(x, y) && x == found.left_px));
        prop_assert!(all().any(|(x, y)| seen(x, y) && y == bottom));
    }

    #[test]
    fn a_crop_keeps_the_subject_and_adds_its_margins(picture in picture(), margin_px in 0_u32..9) {
        let Some(found) = visible(&picture) else { return Ok(()) };
        let (cropped, inside) = canvas::crop(&picture, found, Margins::all(margin_px));
        prop_assert_eq!(size(&cropped), (found.width_px + 2 * margin_px, found.height_px + 2 * margin_px));
        prop_assert_eq!(canvas::cut(&cropped, inside), canvas::cut(&picture, found));
    }

    #[test]
    fn a_placed_subject_is_on_the_canvas(picture in picture(), scale in 10_u8..=100, x in 0_u8..=100, y in 0_u8..=100) {
        let Some(found) = visible(&picture) else { return Ok(()) };
        for scale in [None, Some(scale)] {
            let (placed, at) = canvas::place(&picture, found, scale, (x, y));
            prop_assert_eq!(size(&placed), size(&picture));
            prop_assert!(at.left_px + at.width_px <= placed.width_px() && at.top_px + at.height_px <= placed.height_px());
        }
    }

    #[test]
    fn a_shrunk_size_is_never_larger(width_px in 1_u32..9000, height_px in 1_u32..9000, limit in 1_u32..9000, pixels in 1_u64..9_000_000) {
        let (width, height) = canvas::shrunk_size((width_px, height_px), Some(limit), None, Some(pixels));
        prop_assert!(width >= 1 && height >= 1 && width <= width_px.min(limit) && height <= height_px);
        prop_assert!(u64::from(width) * u64::from(height) <= pixels.max(u64::from(width.max(height))));
    }

    #[test]
    fn clear_pixels_lend_no_color_when_shrinking(side_px in 8_u32..40, edge_px in 1_u32..40, color: [u8; 3]) {
        // Right of the edge everything is green and clear: none of that green may come out.
        let solid = [color[0], color[1], color[2], 255];
        let columns = (0..side_px * side_px).map(|at| at % side_px);
        let rgba = columns.flat_map(|x| if x < edge_px { solid } else { [0, 255, 0, 0] }).collect();
        let shrunk = canvas::resize(&Picture::from_rgba(side_px, side_px, rgba), side_px * 2 / 3, side_px * 2 / 3);
        for pixel in shrunk.rgba().as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 60) {
            for (value, exact) in pixel.iter().zip(color) {
                prop_assert!(value.abs_diff(exact) <= 3 + exact / 25, "{pixel:?}, exact {color:?}");
            }
        }
    }
}

#[test]
fn a_rectangle_between_any_corners_is_inside() {
    for corner in [(0, 0), (5, 9), (100, 100)] {
        for other in [(0, 0), (3, 3), (100, 2)] {
            let rect = Rect::between(corner, other, 8, 6);
            assert!(rect.width_px > 0 && rect.left_px + rect.width_px <= 8, "{rect:?}");
            assert!(rect.height_px > 0 && rect.top_px + rect.height_px <= 6, "{rect:?}");
        }
    }
}
