//! How strongly old background glows in a cut-out, beside rembg's two ways to one.

use anyhow::Result;
use clearcut_composite::foreground::estimate_in_place;
use clearcut_composite::refine::{RefineOptions, refine};
use clearcut_testkit::metrics::halo_error;
use clearcut_testkit::scene;

use super::{SEED, coarse, matte_png, picture, shown, with_mean, write};
use crate::eval::scenes;
use crate::python::{self, Python};
use crate::table::{Bar, Row, Table, Unit};
use crate::workplace::Workplace;

/// Matting by closed form takes seconds at this size and minutes at a photo's.
const SIZE: (u32, u32) = (1000, 750);

/// rembg itself makes its cut-outs, from the same network's answer as we do: its session is replaced by one that hands
/// it out.
pub fn compare(python: &Python, workplace: &Workplace) -> Result<[Table; 2]> {
    let scenes = scene::all(SIZE.0, SIZE.1, SEED);
    let folder = workplace.folder("halo")?;
    for scene in &scenes {
        write(&folder, &format!("{}.photo.png", scene.name), &scene.png())?;
        write(&folder, &format!("{}.coarse.png", scene.name), &matte_png(&coarse(scene))?)?;
    }
    let mut script = python.script("halo.py");
    script.arg(&folder).args(scenes.iter().map(|scene| scene.name));
    let matting_ms: Vec<f64> = python::answer(&mut script)?;

    let table = |peer, title: String| Table { title, peer, rows: Vec::new() };
    let halo = format!("Halo at {}×{}, in code values", SIZE.0, SIZE.1);
    let seconds = matting_ms.iter().sum::<f64>() / 1000.0 / matting_ms.len() as f64;
    let mut tables =
        [table("rembg", halo.clone()), table("rembg -a", format!("{halo} (rembg -a: {seconds:.1} s a picture)"))];
    for scene in &scenes {
        let mut cutout = scenes::picture(scene);
        let matte = refine(&coarse(scene), &cutout, &RefineOptions::default());
        estimate_in_place(&mut cutout, &matte);
        let truth = scene.rgba();
        let ours = halo_error(cutout.rgba(), &truth);
        for (table, ending) in tables.iter_mut().zip(["default", "matting"]) {
            let theirs = picture(&folder.join(format!("{}.{ending}.png", scene.name)))?;
            let theirs = halo_error(theirs.rgba(), &truth);
            table
                .rows
                .push(Row::figure(shown(scene), Unit::Plain, ours).beside(Some(theirs)).under(Bar::TimesPeer(1.0)));
        }
    }
    Ok(tables.map(|table| Table { rows: with_mean(table.rows), ..table }))
}
