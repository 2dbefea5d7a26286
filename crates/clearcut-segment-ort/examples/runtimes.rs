//! Times a model in both runtimes:
//! `cargo run --release -p clearcut-segment-ort --example runtimes -- LIBRARY [FILE FAMILY] [RUNS]`.
//!
//! Prints the medians of whole mattes on one thread, in wall milliseconds, and their ratio: the runtimes take turns, so
//! that whatever else the machine does disturbs both alike.

use std::path::Path;
use std::time::Instant;

use clearcut_image::Picture;
use clearcut_segment::{Catalogue, ModelSpec, Segmenter, TractSegmenter};
use clearcut_segment_ort::{OrtLibrary, OrtOptions, OrtSegmenter};

const RUNS: usize = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (library, model, runs) = match &arguments[..] {
        [library] => (library, None, RUNS),
        [library, file, family] => (library, Some((file, family)), RUNS),
        [library, file, family, runs] => (library, Some((file, family)), runs.parse()?),
        _ => return Err("usage: runtimes LIBRARY [FILE FAMILY [RUNS]]".into()),
    };
    let library = OrtLibrary::load(Path::new(library))?;
    let options = OrtOptions::default();
    let start = Instant::now();
    let (ort, tract): (OrtSegmenter, TractSegmenter) = match model {
        None => (OrtSegmenter::embedded(&library, ModelSpec::embedded(), &options)?, TractSegmenter::embedded()),
        Some((file, family)) => {
            let spec: ModelSpec = Catalogue::builtin().family(family, file).ok_or("there is no such family")?;
            let path = Path::new(file);
            (OrtSegmenter::from_file(&library, path, &spec, &options)?, TractSegmenter::from_file(path, &spec)?)
        }
    };
    tract.warm_up()?;
    println!("loading both took {:.0} ms", ms(start));
    let (width_px, height_px) = (1000, 667);
    let pixels = (0..width_px * height_px).flat_map(|at| [(at % 251) as u8, (at / 1000) as u8, (at % 83) as u8, 255]);
    let picture = Picture::from_rgba(width_px, height_px, pixels.collect());
    let mut times_ms = [Vec::new(), Vec::new()];
    for run in 0..=runs.max(1) {
        for (runtime, times_ms) in [&ort as &dyn Segmenter, &tract].into_iter().zip(&mut times_ms) {
            let start = Instant::now();
            runtime.segment(&picture)?;
            // The first picture is cold.
            if run > 0 {
                times_ms.push(ms(start));
            }
        }
    }
    let [ort_ms, tract_ms] = times_ms.map(|mut times_ms| {
        times_ms.sort_by(f64::total_cmp);
        times_ms[times_ms.len() / 2]
    });
    println!("{} {ort_ms:.1} ms, tract {tract_ms:.1} ms, ratio {:.2}", ort.runtime(), tract_ms / ort_ms);
    Ok(())
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
