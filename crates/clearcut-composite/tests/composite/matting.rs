//! Matting is closer to the truth where refining leaves hair and fur blurred, and touches nothing else.

use clearcut_composite::foreground::estimate;
use clearcut_composite::matting::{solve, trimap};
use clearcut_composite::refine::{RefineOptions, refine};
use clearcut_image::{Matte, Picture};
use clearcut_testkit::metrics::{gradient_error, halo_error, sad};
use clearcut_testkit::{Scene, scene};

use crate::{coarse, photo};

fn refined(scene: &Scene) -> Matte {
    refine(&coarse(scene), &photo(scene), &RefineOptions::default())
}

fn halo(scene: &Scene, matte: &Matte) -> f64 {
    halo_error(estimate(&photo(scene), matte).rgba(), &scene.rgba())
}

#[test]
fn hair_fur_and_outlines_are_a_fifth_closer_and_nothing_glows_more() {
    for scene in scene::all(900, 640, 7) {
        let (before, after) = (refined(&scene), solve(&coarse(&scene), &photo(&scene)));
        let (halo_before, halo_after) = (halo(&scene, &before), halo(&scene, &after));
        assert!(halo_after < 1.1 * halo_before, "{}: halo {halo_before} to {halo_after}", scene.name);
        // Ramps of motion and grainy products are as good already, and glass has little to gain.
        if !["hair", "fur", "holes", "disc"].contains(&scene.name) {
            continue;
        }
        let errors = |matte: &Matte| {
            (sad(matte.alpha(), &scene.alpha), gradient_error(matte.alpha(), &scene.alpha, scene.width_px))
        };
        let ((sad_before, gradient_before), (sad_after, gradient_after)) = (errors(&before), errors(&after));
        assert!(halo_after < 0.8 * halo_before, "{}: halo {halo_before} to {halo_after}", scene.name);
        assert!(sad_after < 0.8 * sad_before, "{}: SAD {sad_before} to {sad_after}", scene.name);
        assert!(gradient_after < 0.6 * gradient_before, "{}: {gradient_before} to {gradient_after}", scene.name);
    }
}

#[test]
fn outside_of_the_unknown_band_alpha_is_0_or_255() {
    for scene in scene::all(500, 380, 3) {
        let solved = solve(&coarse(&scene), &photo(&scene));
        let trimap = trimap(&coarse(&scene), &photo(&scene));
        let mut known = 0;
        for (&alpha, &part) in solved.alpha().iter().zip(trimap.alpha()).filter(|&(_, &part)| part != 128) {
            assert_eq!(alpha, part, "{}", scene.name);
            known += 1;
        }
        assert!(known > 500 * 380 / 3, "{}: {known} pixels are known", scene.name);
    }
}

#[test]
fn the_unknown_band_holds_what_is_truly_mixed() {
    for scene in scene::all(1000, 750, 9) {
        let trimap = trimap(&coarse(&scene), &photo(&scene));
        let (mut mixed, mut missed) = (0, 0);
        for (&alpha, &part) in scene.alpha.iter().zip(trimap.alpha()).filter(|&(&alpha, _)| (13..243).contains(&alpha))
        {
            mixed += 1;
            missed += usize::from(part != 128 && part.abs_diff(alpha) > 12);
        }
        assert!(missed * 100 < mixed, "{}: {missed} of {mixed} mixed pixels are outside of the band", scene.name);
    }
}

#[test]
fn who_computes_a_tile_changes_nothing() {
    let scene = scene::hair(640, 480, 5);
    let solve_on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| solve(&coarse(&scene), &photo(&scene)))
    };
    assert_eq!(solve_on(1), solve_on(3));
}

#[test]
fn flat_pictures_keep_what_the_network_said() {
    // Nothing to see: no color tells foreground from background, and 0 times nothing must not become NaN.
    let scene = scene::disc(300, 220, 2);
    for value in [0, 128, 255] {
        let flat = Picture::filled(300, 220, [value, value, value, 255]);
        let solved = solve(&coarse(&scene), &flat);
        assert!(sad(solved.alpha(), &scene.alpha) < 2.0, "{}", sad(solved.alpha(), &scene.alpha));
    }
}
