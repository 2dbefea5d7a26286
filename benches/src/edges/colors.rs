//! The subject's own colors where it is translucent, beside pymatting's estimate.

use anyhow::{Context, Result};
use clearcut::Matte;
use clearcut_composite::foreground::estimate_in_place;
use clearcut_testkit::metrics::color_error;
use clearcut_testkit::scene;
use serde::Deserialize;

use super::{SEED, picture, shown, with_mean, write};
use crate::eval::scenes;
use crate::median::{median, median_processor_of};
use crate::python::{self, Python};
use crate::table::{Bar, Row, Table, Unit};
use crate::workplace::Workplace;

const SIZE: (u32, u32) = (2000, 1500);

/// What pymatting took for one scene, in milliseconds of processor time of each run.
#[derive(Debug, Deserialize)]
struct Runs(Vec<f64>);

/// Both are given the exact matte and one thread.
pub fn compare(python: &Python, workplace: &Workplace, runs: usize) -> Result<[Table; 2]> {
    let scenes = scene::all(SIZE.0, SIZE.1, SEED);
    let folder = workplace.folder("colors")?;
    for scene in &scenes {
        write(&folder, &format!("{}.photo.png", scene.name), &scene.png())?;
        write(&folder, &format!("{}.alpha.png", scene.name), &scene.matte_png())?;
    }
    let mut script = python.script("colors.py");
    script.arg(&folder).arg(runs.to_string()).args(scenes.iter().map(|scene| scene.name));
    script.env("NUMBA_NUM_THREADS", "1").env("OMP_NUM_THREADS", "1");
    let times: Vec<Runs> = python::answer(&mut script)?;

    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().context("cannot start a thread")?;
    let table = |what: &str| Table {
        title: format!("{what} at {}×{}, exact alpha", SIZE.0, SIZE.1),
        peer: "pymatting",
        rows: Vec::new(),
    };
    let mut tables = [
        table("Error of foreground colors, in code values,"),
        table("Processor time of foreground colors, one thread,"),
    ];
    for (scene, Runs(theirs_ms)) in scenes.iter().zip(times) {
        let photo = scenes::picture(scene);
        let matte = Matte::from_alpha(scene.width_px, scene.height_px, scene.alpha.clone());
        let mut estimated = photo.clone();
        estimate_in_place(&mut estimated, &matte);
        let error = |rgba: &[u8]| color_error(rgba, &scene.foreground_rgb, &scene.alpha);
        let theirs = picture(&folder.join(format!("{}.foreground.png", scene.name)))?;
        tables[0].rows.push(
            Row::figure(shown(scene), Unit::Plain, error(estimated.rgba()))
                .beside(Some(error(theirs.rgba())))
                .under(Bar::TimesPeer(1.0)),
        );
        let mut copies: Vec<_> = (0..runs).map(|_| photo.clone()).collect();
        let ours_ms = one_thread.install(|| {
            median_processor_of(runs, || {
                let mut copy = copies.pop().context("a copy for each run")?;
                estimate_in_place(&mut copy, &matte);
                Ok(copy)
            })
        })?;
        tables[1].rows.push(
            Row::figure(shown(scene), Unit::Milliseconds, ours_ms)
                .beside(Some(median(theirs_ms)))
                .under(Bar::TimesPeer(0.2)),
        );
    }
    let [errors, times] = tables;
    Ok([Table { rows: with_mean(errors.rows), ..errors }, times])
}
