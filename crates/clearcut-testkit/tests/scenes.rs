//! What every test that compares with a scene relies on.

use clearcut_testkit::metrics::{iou, mae};
use clearcut_testkit::scene::{all, disc, glass, hair, motion_blur, product_photo, sample};

#[test]
fn every_photo_is_the_blend_of_its_parts_but_for_grain() {
    for scene in all(200, 150, 3) {
        let blend = scene.composite();
        assert_eq!(blend.len(), 200 * 150 * 3, "{}", scene.name);
        let furthest = scene.rgb.iter().zip(&blend).map(|(photo, blend)| photo.abs_diff(*blend)).max();
        assert_eq!(furthest, Some(scene.grain), "{}", scene.name);
        let exact = |index: usize| {
            let alpha = f64::from(scene.alpha[index / 3]) / 255.0;
            alpha * f64::from(scene.foreground_rgb[index]) + (1.0 - alpha) * f64::from(scene.background_rgb[index])
        };
        let rounding = (0..blend.len()).map(|index| (f64::from(blend[index]) - exact(index)).abs());
        assert!(rounding.fold(0.0, f64::max) <= 0.5 + 1e-9, "{}", scene.name);
    }
}

#[test]
fn every_matte_reaches_from_nothing_to_everything_and_lies_inside_the_picture() {
    for scene in all(200, 150, 3) {
        let share = scene.alpha.iter().filter(|&&alpha| alpha >= 128).count() as f64 / scene.alpha.len() as f64;
        assert!((0.05..0.6).contains(&share), "{}: {share} is foreground", scene.name);
        let mut levels = scene.alpha.clone();
        levels.sort_unstable();
        levels.dedup();
        assert_eq!((levels.first(), levels.last()), (Some(&0), Some(&255)), "{}", scene.name);
        assert!(levels.len() > 20, "{}: {} levels", scene.name, levels.len());
    }
}

#[test]
fn what_has_no_alpha_has_no_color() {
    for scene in all(120, 90, 8) {
        for (color, alpha) in scene.foreground_rgb.chunks_exact(3).zip(&scene.alpha) {
            assert!(*alpha > 0 || color == [0, 0, 0], "{}", scene.name);
        }
    }
}

#[test]
fn a_seed_draws_one_scene_and_another_seed_another() {
    let (first, again, other) = (all(96, 64, 5), all(96, 64, 5), all(96, 64, 6));
    for ((first, again), other) in first.iter().zip(&again).zip(&other) {
        assert!(first == again, "{} is drawn differently the second time", first.name);
        assert!(first.rgb != other.rgb && first.alpha != other.alpha, "{} ignores its seed", first.name);
    }
}

#[test]
fn scenes_are_drawn_at_any_shape() {
    for (width_px, height_px) in [(32, 32), (33, 200), (300, 40), (1, 1), (2, 7)] {
        for scene in all(width_px, height_px, 1) {
            assert_eq!(scene.rgb.len(), (width_px * height_px * 3) as usize, "{}", scene.name);
            assert_eq!(scene.rgba().len(), (width_px * height_px * 4) as usize, "{}", scene.name);
        }
    }
}

#[test]
fn a_larger_drawing_shows_the_same_object() {
    // Not the strands: their width is held to what a sensor can see.
    for draw in [disc, glass, motion_blur, product_photo] {
        let (small, large) = (draw(150, 100, 2), draw(600, 400, 2));
        let (small, large) = (small.coarse_alpha(40), large.coarse_alpha(40));
        assert!(mae(&small, &large) < 0.005, "{}", mae(&small, &large));
    }
}

#[test]
fn hair_has_pixels_that_single_strands_cover_in_part() {
    let scene = hair(500, 375, 1);
    let mixed = scene.alpha.iter().filter(|&&alpha| (1..255).contains(&alpha)).count();
    assert!(mixed * 20 > scene.alpha.len(), "{mixed} of {} pixels are mixed", scene.alpha.len());
}

#[test]
fn a_coarse_matte_is_close_to_the_truth_but_soft() {
    let scene = disc(640, 640, 1);
    let coarse = scene.coarse_alpha(320);
    let exact: Vec<u8> = (0..320 * 320).map(|index| scene.alpha[(index / 320 * 2) * 640 + index % 320 * 2]).collect();
    assert!(iou(&coarse, &exact) > 0.98);
    let mixed = |alpha: &[u8]| alpha.iter().filter(|&&alpha| (8..248).contains(&alpha)).count();
    assert!(mixed(&coarse) > 2 * mixed(&exact), "{} and {}", mixed(&coarse), mixed(&exact));
    let mean = |alpha: &[u8]| alpha.iter().map(|&alpha| f64::from(alpha)).sum::<f64>() / alpha.len() as f64;
    assert!((mean(&coarse) - mean(&scene.alpha)).abs() < 0.6, "averaging keeps the covered area");
    assert_eq!(disc(30, 20, 1).coarse_alpha(50).len(), 2500);
}

#[test]
fn files_hold_the_scene() {
    let scene = disc(120, 80, 1);
    let open = |file: &[u8]| image::load_from_memory(file).expect("a readable picture");
    assert_eq!(open(&scene.png()).into_rgb8().into_raw(), scene.rgb);
    assert_eq!(open(&scene.matte_png()).into_luma8().into_raw(), scene.alpha);
    assert_eq!(open(&scene.cutout_png()).into_rgba8().into_raw(), scene.rgba());
    assert!(mae(&open(&scene.jpeg(95)).into_rgb8(), &scene.rgb) < 0.02);
}

#[test]
fn the_committed_sample_is_what_the_renderer_draws() {
    let open = |name: &str| {
        let path = format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"));
        image::open(&path).unwrap_or_else(|error| panic!("{path}: {error}; draw it with the example draw_sample"))
    };
    let scene = sample();
    let photo = open("sample.jpg").into_rgb8();
    assert_eq!(photo.dimensions(), (scene.width_px, scene.height_px));
    // Grain is what a JPEG keeps least of.
    assert!(mae(&photo, &scene.rgb) < 0.015, "{}", mae(&photo, &scene.rgb));
    let matte = open("sample-matte.png").into_luma8();
    assert!(mae(&matte, &scene.alpha) < 0.0005, "{}", mae(&matte, &scene.alpha));
}
