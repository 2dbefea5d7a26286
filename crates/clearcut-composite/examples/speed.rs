//! Times refining and colors on drawn scenes; one row a scene.
//!
//! `cargo run --release -p clearcut-composite --example speed -- [WIDTH_PX HEIGHT_PX]`
//!
//! Least and median wall milliseconds of many runs, on as many threads as `RAYON_NUM_THREADS` says, and a checksum of
//! the result: a change that only saves time leaves it as it is.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Instant;

use clearcut_composite::foreground::estimate_in_place;
use clearcut_composite::refine::{RefineOptions, refine};
use clearcut_image::{Matte, Picture};
use clearcut_testkit::scene;

/// The side of the network's answer.
const COARSE_PX: u32 = 320;

const RUNS: usize = 25;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u32| arguments.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let (width_px, height_px) = (number(0, 1000), number(1, 667));
    println!("{width_px} x {height_px}, matte {COARSE_PX} x {COARSE_PX}, {} threads", rayon::current_num_threads());
    println!("                     refine            colors");
    println!("scene            least  median     least  median   checksum");
    for scene in scene::all(width_px, height_px, 7) {
        let rgba = scene.rgb.chunks_exact(3).flat_map(|color| [color[0], color[1], color[2], 255]).collect();
        let photo = Picture::from_rgba(width_px, height_px, rgba);
        let coarse = Matte::from_alpha(COARSE_PX, COARSE_PX, scene.coarse_alpha(COARSE_PX));
        let (mut refining, mut coloring) = (Vec::with_capacity(RUNS), Vec::with_capacity(RUNS));
        let mut checksum = DefaultHasher::new();
        for _ in 0..RUNS {
            let started = Instant::now();
            let matte = refine(&coarse, &photo, &RefineOptions::default());
            refining.push(started.elapsed());
            let mut cutout = photo.clone();
            let started = Instant::now();
            estimate_in_place(&mut cutout, &matte);
            coloring.push(started.elapsed());
            checksum = DefaultHasher::new();
            (matte.alpha(), cutout.rgba()).hash(&mut checksum);
        }
        let [refining, coloring] = [refining, coloring].map(|mut times| {
            times.sort();
            [times[0], times[RUNS / 2]].map(|time| time.as_secs_f64() * 1000.0)
        });
        println!(
            "{:14} {:7.2} {:7.2}   {:7.2} {:7.2}   {:016x}",
            scene.name,
            refining[0],
            refining[1],
            coloring[0],
            coloring[1],
            checksum.finish()
        );
    }
}
