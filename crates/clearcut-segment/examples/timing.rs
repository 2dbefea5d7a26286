//! Times a model in this runtime: `cargo run --release -p clearcut-segment --example timing -- [FILE FAMILY]`.
//!
//! Prints what a cold process pays (load, first picture) and what a warm one pays (preparation, whole matte), in wall
//! milliseconds on one thread and spread over all; the least of many runs is the one least disturbed by others.

use std::path::Path;
use std::time::Instant;

use clearcut_image::Picture;
use clearcut_segment::{Catalogue, SegmentError, Segmenter, TractSegmenter};

const RUNS: usize = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let start = Instant::now();
    let segmenter = match &arguments[..] {
        [] => TractSegmenter::embedded(),
        [file, family] => {
            let spec = Catalogue::builtin().family(family, file).ok_or("there is no such family")?;
            TractSegmenter::from_file(Path::new(file), &spec)?
        }
        _ => return Err("usage: timing [FILE FAMILY]".into()),
    };
    segmenter.warm_up()?;
    let load_ms = ms(start);
    let (width_px, height_px) = (1000, 667);
    let pixels = (0..width_px * height_px).flat_map(|at| [(at % 251) as u8, (at / 1000) as u8, (at % 83) as u8, 255]);
    let picture = Picture::from_rgba(width_px, height_px, pixels.collect());

    let start = Instant::now();
    segmenter.segment(&picture)?;
    let first_ms = ms(start);
    let [prepare_ms, _] = least_and_median(|| {
        std::hint::black_box(segmenter.spec().prepare(&picture));
        Ok(())
    })?;
    let [least_ms, median_ms] = least_and_median(|| segmenter.segment(&picture).map(drop))?;
    println!(
        "load {load_ms:.1} ms, first picture {first_ms:.1} ms, then {least_ms:.1} ms (median {median_ms:.1} ms), \
         of which preparation {prepare_ms:.2} ms"
    );
    let threads = std::thread::available_parallelism()?;
    let spread = segmenter.with_threads(threads)?;
    let [least_ms, median_ms] = least_and_median(|| spread.segment_lone(&picture).map(drop))?;
    println!("spread over {threads} threads {least_ms:.1} ms (median {median_ms:.1} ms)");
    Ok(())
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

fn least_and_median(mut work: impl FnMut() -> Result<(), SegmentError>) -> Result<[f64; 2], SegmentError> {
    let mut times_ms = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        times_ms.push(ms(start));
    }
    times_ms.sort_by(f64::total_cmp);
    Ok([times_ms[0], times_ms[RUNS / 2]])
}
