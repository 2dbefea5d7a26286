//! Estimated colors are the subject's own, and blends are a browser's.

use clearcut_composite::backdrop;
use clearcut_composite::foreground::{estimate, set_alpha};
use clearcut_composite::refine::{RefineOptions, refine, upsample_bilinear};
use clearcut_image::{Matte, Picture};
use clearcut_testkit::metrics::{self, halo_error};
use clearcut_testkit::{Scene, scene};

use crate::{coarse, photo, truth};

/// How far a picture's colors are from the scene's own.
fn color_error(picture: &Picture, scene: &Scene) -> f64 {
    metrics::color_error(picture.rgba(), &scene.foreground_rgb, &scene.alpha)
}

#[test]
fn estimated_colors_are_far_closer_to_the_true_ones_than_the_photos() {
    // Most of what a photo gets wrong is gone; fur is as fine as the pixels, and half of it must do.
    for scene in scene::all(1000, 750, 7) {
        let before = color_error(&photo(&scene), &scene);
        let after = color_error(&estimate(&photo(&scene), &truth(&scene)), &scene);
        let most = if scene.name == "fur" { 0.7 } else { 0.4 };
        assert!(after < most * before, "{}: {before} to {after}", scene.name);
    }
}

#[test]
fn a_cutout_glows_less_than_the_photos_colors_under_an_interpolated_matte() {
    for scene in scene::all(800, 600, 11) {
        let refined = refine(&coarse(&scene), &photo(&scene), &RefineOptions::default());
        let ours = estimate(&photo(&scene), &refined);
        let mut plain = photo(&scene);
        set_alpha(&mut plain, &upsample_bilinear(&coarse(&scene), scene.width_px, scene.height_px));
        let (before, after) = (halo_error(plain.rgba(), &scene.rgba()), halo_error(ours.rgba(), &scene.rgba()));
        assert!(after < 0.9 * before, "{}: {before} to {after}", scene.name);
    }
}

#[test]
fn solid_pixels_keep_their_colors_and_alpha_is_the_matte() {
    let scene = scene::glass(300, 220, 2);
    let estimated = estimate(&photo(&scene), &truth(&scene));
    let pixels = estimated.rgba().as_chunks::<4>().0.iter().zip(photo(&scene).into_rgba().as_chunks::<4>().0.to_vec());
    for ((ours, theirs), &alpha) in pixels.zip(&scene.alpha) {
        assert_eq!(ours[3], alpha);
        if alpha == 255 {
            assert_eq!(ours[..3], theirs[..3]);
        }
    }
}

#[test]
fn behind_the_edge_the_foreground_goes_on() {
    // A red disc on blue: what is clear near its edge is red too, so a feathered matte uncovers no blue.
    let scene = scene::disc(300, 220, 2);
    let mut photo = Picture::filled(300, 220, [20, 40, 220, 255]);
    for (pixel, &alpha) in photo.rgba_mut().as_chunks_mut::<4>().0.iter_mut().zip(&scene.alpha) {
        let mix = |front: u16, back: u16| ((front * u16::from(alpha) + back * (255 - u16::from(alpha))) / 255) as u8;
        *pixel = [mix(220, 20), mix(40, 40), mix(20, 220), 255];
    }
    let estimated = estimate(&photo, &truth(&scene));
    let clear_near_solid = (2..298).flat_map(|x| (2..218).map(move |y| (x, y))).filter(|&(x, y)| {
        let alpha = |x: u32, y: u32| scene.alpha[(y * 300 + x) as usize];
        alpha(x, y) == 0 && (alpha(x - 2, y) > 200 || alpha(x + 2, y) > 200)
    });
    let mut count = 0;
    for (x, y) in clear_near_solid {
        let [r, _, b, _] = estimated.pixel(x, y);
        assert!(r > 180 && b < 60, "at {x},{y}: {:?}", estimated.pixel(x, y));
        count += 1;
    }
    assert!(count > 20);
}

#[test]
fn a_color_behind_is_blended_as_a_browser_blends_it() {
    for back in [0_u8, 1, 37, 128, 200, 255] {
        for color in (0..=255).step_by(5) {
            let row = (0..=255_u8).flat_map(|alpha| [color, 255 - color, back, alpha]).collect();
            let mut picture = Picture::from_rgba(256, 1, row);
            backdrop::color(&mut picture, [back, back, back, 255]);
            for (alpha, pixel) in picture.rgba().as_chunks::<4>().0.iter().enumerate() {
                let share = alpha as f64 / 255.0;
                for (shown, front) in pixel.iter().zip([color, 255 - color, back]) {
                    let exact = f64::from(front) * share + f64::from(back) * (1.0 - share);
                    assert!((f64::from(*shown) - exact).abs() <= 0.5 + 1e-9, "{front} at {alpha} over {back}: {shown}");
                }
                assert_eq!(pixel[3], 255);
            }
        }
    }
}

#[test]
fn a_blurred_background_holds_nothing_of_the_subject() {
    let mut photo = Picture::filled(200, 150, [0, 0, 200, 255]);
    let mut matte = Matte::filled(200, 150, 0);
    for y in 40..110 {
        for x in 50..150 {
            matte.alpha_mut()[y * 200 + x] = 255;
            photo.rgba_mut()[(y * 200 + x) * 4..][..4].copy_from_slice(&[255, 0, 0, 255]);
        }
    }
    for radius_px in [1, 7, 40] {
        let blurred = backdrop::blurred(&photo, &matte, radius_px);
        for pixel in blurred.rgba().as_chunks::<4>().0 {
            assert!(pixel[0] <= 2 && pixel[2] >= 198 && pixel[3] == 255, "radius {radius_px}: {pixel:?}");
        }
    }
}
