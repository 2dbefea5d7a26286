//! The refined matte is closer to the truth than an interpolated one.

use clearcut_composite::refine::{RefineOptions, refine, upsample_bilinear};
use clearcut_image::Matte;
use clearcut_testkit::metrics::{gradient_error, sad};
use clearcut_testkit::scene;

use crate::{coarse, photo};

#[test]
fn edges_are_a_third_steadier_and_mattes_a_fifth_closer_than_interpolated_ones() {
    let (mut sums, mut gradients) = ([0.0; 2], [0.0; 2]);
    for scene in scene::all(1000, 750, 7) {
        let refined = refine(&coarse(&scene), &photo(&scene), &RefineOptions::default());
        let bilinear = upsample_bilinear(&coarse(&scene), scene.width_px, scene.height_px);
        let errors = |matte: &Matte| {
            (sad(matte.alpha(), &scene.alpha), gradient_error(matte.alpha(), &scene.alpha, scene.width_px))
        };
        let ((sad_before, gradient_before), (sad_after, gradient_after)) = (errors(&bilinear), errors(&refined));
        assert!(gradient_after < 0.7 * gradient_before, "{}: {gradient_before} to {gradient_after}", scene.name);
        // A long ramp is what interpolation is made for: there is nothing to gain, and nothing may be lost.
        let most = if scene.name == "motion_blur" { 1.0 } else { 0.8 };
        assert!(sad_after < most * sad_before, "{}: {sad_before} to {sad_after}", scene.name);
        for (sum, part) in sums.iter_mut().zip([sad_before, sad_after]) {
            *sum += part;
        }
        for (sum, part) in gradients.iter_mut().zip([gradient_before, gradient_after]) {
            *sum += part;
        }
    }
    assert!(sums[1] < 0.6 * sums[0], "all scenes: {sums:?}");
    assert!(gradients[1] < 0.5 * gradients[0], "all scenes: {gradients:?}");
}

#[test]
fn no_veil_is_left_inside_the_subject_or_outside_of_it() {
    let scene = scene::disc(1000, 750, 3);
    let mut veiled = coarse(&scene);
    // A network is never quite sure.
    for alpha in veiled.alpha_mut() {
        *alpha = (*alpha).clamp(3, 252);
    }
    let refined = refine(&veiled, &photo(&scene), &RefineOptions::default());
    let interpolated = upsample_bilinear(&coarse(&scene), 1000, 750);
    let far = far_from_edges(&interpolated, 40);
    assert!(far.iter().filter(|&&far| far).count() > 300_000, "most of the picture is sure");
    for (at, (&alpha, &exact)) in refined.alpha().iter().zip(&scene.alpha).enumerate().filter(|&(at, _)| far[at]) {
        assert_eq!(alpha, exact, "at {},{}", at % 1000, at / 1000);
    }
}

/// Pixels whose row and column hold one value for `distance` pixels.
fn far_from_edges(matte: &Matte, distance: usize) -> Vec<bool> {
    let (width, height) = (matte.width_px() as usize, matte.height_px() as usize);
    let same = |at: usize, x: usize, y: usize| {
        let value = matte.alpha()[at];
        let across = x.saturating_sub(distance)..(x + distance + 1).min(width);
        let down = y.saturating_sub(distance)..(y + distance + 1).min(height);
        across.clone().all(|x| [down.start, y, down.end - 1].iter().all(|&y| matte.alpha()[y * width + x] == value))
            && down
                .clone()
                .all(|y| [across.start, across.end - 1].iter().all(|&x| matte.alpha()[y * width + x] == value))
    };
    (0..width * height).map(|at| same(at, at % width, at / width)).collect()
}

#[test]
fn a_displaced_edge_is_drawn_to_the_edge_of_the_picture() {
    let scene = scene::disc(1000, 750, 5);
    let exact = coarse(&scene);
    // The network's answer is one of its pixels too far to the right.
    let mut moved = exact.clone();
    for (target, source) in moved.alpha_mut().chunks_exact_mut(320).zip(exact.alpha().chunks_exact(320)) {
        target[1..].copy_from_slice(&source[..319]);
    }
    let refined = refine(&moved, &photo(&scene), &RefineOptions::default());
    let (before, after) =
        (sad(upsample_bilinear(&moved, 1000, 750).alpha(), &scene.alpha), sad(refined.alpha(), &scene.alpha));
    assert!(after < 0.8 * before, "{before} to {after}");
}
