//! Measures edges on drawn scenes with exact alpha; one row a scene.
//!
//! `cargo run --release -p clearcut-composite --example edges -- [WIDTH_PX HEIGHT_PX [SEED [FOLDER]]]`
//!
//! With a folder, what was measured is left there as raw bytes for other programs: `NAME.photo` (RGB), `NAME.truth`,
//! `NAME.bilinear` and `NAME.refined` (alpha), `NAME.true-colors` (RGB), `NAME.cutout` (RGBA).

use std::fs;
use std::path::Path;
use std::time::Instant;

use clearcut_composite::foreground::estimate_in_place;
use clearcut_composite::refine::{RefineOptions, refine, upsample_bilinear};
use clearcut_image::{Matte, Picture};
use clearcut_testkit::Scene;
use clearcut_testkit::metrics::{color_error, gradient_error, halo_error, sad};
use clearcut_testkit::scene;

/// The side of the network's answer.
const COARSE_PX: u32 = 320;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u32| arguments.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let (width_px, height_px, seed) = (number(0, 2000), number(1, 1500), number(2, 7));
    println!("{width_px} x {height_px}, seed {seed}, matte {COARSE_PX} x {COARSE_PX}");
    println!("                   SAD / 1000             gradient error         color error       halo          ms");
    println!(
        "scene           bilinear refined  less  bilinear refined  less   photo  ours    naive  ours   refine color"
    );
    for scene in scene::all(width_px, height_px, u64::from(seed)) {
        measure(&scene, arguments.get(3).map(Path::new))?;
    }
    Ok(())
}

fn measure(scene: &Scene, folder: Option<&Path>) -> std::io::Result<()> {
    let (width_px, height_px) = (scene.width_px, scene.height_px);
    let rgba = scene.rgb.chunks_exact(3).flat_map(|color| [color[0], color[1], color[2], 255]).collect();
    let photo = Picture::from_rgba(width_px, height_px, rgba);
    let coarse = Matte::from_alpha(COARSE_PX, COARSE_PX, scene.coarse_alpha(COARSE_PX));
    let truth = Matte::from_alpha(width_px, height_px, scene.alpha.clone());
    let bilinear = upsample_bilinear(&coarse, width_px, height_px);

    let started = Instant::now();
    let refined = refine(&coarse, &photo, &RefineOptions::default());
    let refine_ms = started.elapsed().as_secs_f64() * 1000.0;
    let mut cutout = photo.clone();
    let started = Instant::now();
    estimate_in_place(&mut cutout, &refined);
    let color_ms = started.elapsed().as_secs_f64() * 1000.0;

    let mut true_matte_cutout = photo.clone();
    estimate_in_place(&mut true_matte_cutout, &truth);
    let sads = [&bilinear, &refined].map(|matte| sad(matte.alpha(), &scene.alpha));
    let gradients = [&bilinear, &refined].map(|matte| gradient_error(matte.alpha(), &scene.alpha, width_px));
    let colors =
        [&photo, &true_matte_cutout].map(|picture| color_error(picture.rgba(), &scene.foreground_rgb, &scene.alpha));
    let halos = [&naive(&photo, &bilinear), &cutout].map(|picture| halo_error(picture.rgba(), &scene.rgba()));
    println!(
        "{:14} {:9.2} {:7.2} {:4.0}% {:9.2} {:8.2} {:4.0}% {:7.2} {:6.2} {:7.2} {:6.2} {refine_ms:7.0} {color_ms:5.0}",
        scene.name,
        sads[0],
        sads[1],
        less_percent(sads),
        gradients[0],
        gradients[1],
        less_percent(gradients),
        colors[0],
        colors[1],
        halos[0],
        halos[1],
    );
    let Some(folder) = folder else { return Ok(()) };
    for (part, bytes) in [
        ("photo", scene.rgb.as_slice()),
        ("truth", &scene.alpha),
        ("true-colors", &scene.foreground_rgb),
        ("bilinear", bilinear.alpha()),
        ("refined", refined.alpha()),
        ("cutout", cutout.rgba()),
    ] {
        fs::write(folder.join(format!("{}.{part}", scene.name)), bytes)?;
    }
    Ok(())
}

/// What a plain cut-out is: the photo's own colors under an interpolated matte.
fn naive(photo: &Picture, matte: &Matte) -> Picture {
    let mut cutout = photo.clone();
    clearcut_composite::foreground::set_alpha(&mut cutout, matte);
    cutout
}

fn less_percent([before, after]: [f64; 2]) -> f64 {
    100.0 * (1.0 - after / before)
}
