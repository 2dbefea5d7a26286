//! `clearcut doctor`: what works on this machine and what does not, by trying it.

use std::{io::Cursor, time::Instant};

use clearcut::{Engine, Plan};

use crate::{
    args::EngineArgs,
    exit::{Exit, Failure},
    wire,
};

/// Tries the model, the codecs and every tier of the cache, and prints a line each.
pub async fn run(args: EngineArgs) -> Result<Exit, Failure> {
    println!("clearcut {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let started = Instant::now();
    let works = wire::works(&args).await?;
    let engine = &works.engine;
    let model = engine.model();
    let [a, b, c, d, ..] = model.weights;
    let weights = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
    println!("model      {} ({})", model.name, weights);
    println!("runtime    {}, {} pictures at once", works.found.runtime, engine.threads());
    if let Some(library) = &works.found.library {
        println!("library    {library}");
    }

    let mut exit = try_picture(engine, started).await;
    if let Some(cache) = engine.cache() {
        for tier in cache.probe().await {
            match tier.answer {
                Ok(took) => println!("cache      {}: answers in {:.1} ms", tier.name, took.as_secs_f64() * 1e3),
                Err(error) => {
                    println!("cache      {}: {error}; pictures are computed without it", tier.name);
                    exit = exit.max(Exit::Cache);
                }
            }
        }
    } else {
        println!("cache      none");
    }
    works.finish().await;
    Ok(exit)
}

/// One drawn picture through the whole engine, cache included.
async fn try_picture(engine: &Engine, started: Instant) -> Exit {
    let picture = clearcut_image::Picture::from_rgba(DISC_PX, DISC_PX, disc());
    let encoded =
        clearcut_image::encode(&picture, &clearcut_image::EncodeOptions::new(clearcut_image::OutputFormat::Png));
    let outcome = match encoded {
        Ok(bytes) => engine.remove(Cursor::new(bytes).into_inner(), &Plan::default()).await.map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(cutout) => {
            println!(
                "picture    a drawn one was cut out {:.0} ms after the start",
                started.elapsed().as_secs_f64() * 1e3
            );
            println!(
                "subject    covers {:.0} %, confidence {:.2}",
                cutout.foreground.coverage * 100.0,
                cutout.foreground.confidence
            );
            Exit::Done
        }
        Err(message) => {
            println!("picture    FAILED: {message}");
            Exit::Model
        }
    }
}

const DISC_PX: u32 = 256;

/// A shaded red ball on grey: what any model of the catalogue takes for a subject.
fn disc() -> Vec<u8> {
    let center = f64::from(DISC_PX) / 2.0;
    (0..DISC_PX * DISC_PX)
        .flat_map(|at| {
            let (x, y) = (f64::from(at % DISC_PX) - center, f64::from(at / DISC_PX) - center);
            let inside = x.hypot(y) < center * 0.6;
            let light = (1.0 - (x + 40.0).hypot(y + 40.0) / 200.0).clamp(0.2, 1.0);
            if inside {
                [(230.0 * light) as u8, (50.0 * light) as u8, (40.0 * light) as u8, 255]
            } else {
                [205, 205, 208, 255]
            }
        })
        .collect()
}
