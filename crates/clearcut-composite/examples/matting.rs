//! Measures the two ways to full size on drawn scenes with exact alpha; one row a scene.
//!
//! `cargo run --release -p clearcut-composite --example matting -- [WIDTH_PX HEIGHT_PX [SEED [FOLDER]]]`
//!
//! With a folder, what was measured is left there as raw bytes for other programs: `NAME.photo` (RGB), `NAME.truth`,
//! `NAME.trimap`, `NAME.refined` and `NAME.matting` (alpha), `NAME.true-cutout` and `NAME.cutout` (RGBA).

use std::fs;
use std::path::Path;
use std::time::Instant;

use clearcut_composite::foreground::estimate;
use clearcut_composite::matting;
use clearcut_composite::refine::{RefineOptions, refine};
use clearcut_image::{Matte, Picture};
use clearcut_testkit::Scene;
use clearcut_testkit::metrics::{gradient_error, halo_error, sad};
use clearcut_testkit::scene;

/// The side of the network's answer.
const COARSE_PX: u32 = 320;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u32| arguments.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let (width_px, height_px, seed) = (number(0, 1280), number(1, 720), number(2, 7));
    println!("{width_px} x {height_px}, seed {seed}, matte {COARSE_PX} x {COARSE_PX}");
    println!("                   SAD / 1000        gradient error            halo         unknown      ms");
    println!("scene          refined  matting   refined  matting   refined  matting      %    refine matting");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    let mut sums = [0.0; 6];
    for scene in scene::all(width_px, height_px, u64::from(seed)) {
        let row = pool.install(|| measure(&scene, arguments.get(3).map(Path::new)))?;
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value / 7.0;
        }
    }
    let [a, b, c, d, e, f] = sums;
    println!("{:14} {a:7.2} {b:8.2} {c:9.3} {d:8.3} {e:9.2} {f:8.2}", "mean");
    Ok(())
}

fn measure(scene: &Scene, folder: Option<&Path>) -> std::io::Result<[f64; 6]> {
    let (width_px, height_px) = (scene.width_px, scene.height_px);
    let rgba = scene.rgb.chunks_exact(3).flat_map(|color| [color[0], color[1], color[2], 255]).collect();
    let photo = Picture::from_rgba(width_px, height_px, rgba);
    let coarse = Matte::from_alpha(COARSE_PX, COARSE_PX, scene.coarse_alpha(COARSE_PX));

    let started = Instant::now();
    let refined = refine(&coarse, &photo, &RefineOptions::default());
    let refine_ms = started.elapsed().as_secs_f64() * 1000.0;
    let started = Instant::now();
    let solved = matting::solve(&coarse, &photo);
    let matting_ms = started.elapsed().as_secs_f64() * 1000.0;
    let trimap = matting::trimap(&coarse, &photo);
    let unknown = trimap.alpha().iter().map(|value| f64::from(u8::from(*value == 128))).sum::<f64>();
    let unknown = unknown / trimap.alpha().len() as f64;

    let sads = [&refined, &solved].map(|matte| sad(matte.alpha(), &scene.alpha));
    let gradients = [&refined, &solved].map(|matte| gradient_error(matte.alpha(), &scene.alpha, width_px));
    let cutouts = [&refined, &solved].map(|matte| estimate(&photo, matte));
    let halos = cutouts.each_ref().map(|picture| halo_error(picture.rgba(), &scene.rgba()));
    println!(
        "{:14} {:7.2} {:8.2} {:9.3} {:8.3} {:9.2} {:8.2} {:6.1} {refine_ms:9.0} {matting_ms:7.0}",
        scene.name,
        sads[0],
        sads[1],
        gradients[0],
        gradients[1],
        halos[0],
        halos[1],
        100.0 * unknown
    );
    let row = [sads[0], sads[1], gradients[0], gradients[1], halos[0], halos[1]];
    let Some(folder) = folder else { return Ok(row) };
    for (part, bytes) in [
        ("photo", scene.rgb.as_slice()),
        ("truth", &scene.alpha),
        ("coarse", coarse.alpha()),
        ("trimap", trimap.alpha()),
        ("refined", refined.alpha()),
        ("matting", solved.alpha()),
        ("true-cutout", &scene.rgba()),
        ("cutout", cutouts[1].rgba()),
    ] {
        fs::write(folder.join(format!("{}.{part}", scene.name)), bytes)?;
    }
    Ok(row)
}
