//! Edges on drawn scenes with exact alpha: refinement against interpolation, halos against rembg, foreground colors
//! against pymatting.
//!
//! Every tool starts from what a good network would answer, so that edges alone are compared. What the embedded network
//! itself answers is measured by `cargo xtask eval`.

mod colors;
mod halo;

use std::path::Path;

use anyhow::{Context, Result};
use clearcut::{Matte, Picture};
use clearcut_composite::refine::{RefineOptions, refine, upsample_bilinear};
use clearcut_testkit::metrics::{gradient_error, sad};
use clearcut_testkit::{Scene, scene};

use crate::Setting;
use crate::eval::{photos, scenes};
use crate::table::{Bar, Row, Table, Unit};

/// The side of the network's answer.
const COARSE_PX: u32 = 320;
const SEED: u64 = 7;

/// 2 and 12 megapixels.
const SIZES: [(u32, u32); 2] = [(1632, 1224), (4000, 3000)];

/// All tables; where there are no peers, those without.
pub fn compare(setting: &Setting) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> =
        SIZES.into_iter().flat_map(|(width_px, height_px)| refined(width_px, height_px)).collect();
    if let Some(python) = &setting.python {
        tables.extend(halo::compare(python, &setting.workplace)?);
        tables.extend(colors::compare(python, &setting.workplace, setting.runs)?);
    }
    Ok(tables)
}

/// Refinement against bilinear interpolation of the same answer.
fn refined(width_px: u32, height_px: u32) -> [Table; 2] {
    let table = |what: &str| Table {
        title: format!("{what} of refined edges, {width_px}×{height_px}"),
        peer: "bilinear",
        rows: Vec::new(),
    };
    let mut tables = [table("SAD in thousands"), table("Gradient error in thousands")];
    for scene in scene::all(width_px, height_px, SEED) {
        let photo = scenes::picture(&scene);
        let coarse = coarse(&scene);
        let mattes =
            [refine(&coarse, &photo, &RefineOptions::default()), upsample_bilinear(&coarse, width_px, height_px)];
        let row = |figure: &dyn Fn(&Matte) -> f64, most| {
            let [ours, bilinear] = mattes.each_ref().map(figure);
            Row::figure(shown(&scene), Unit::Plain, ours).beside(Some(bilinear)).under(Bar::TimesPeer(most))
        };
        tables[0].rows.push(row(&|matte| sad(matte.alpha(), &scene.alpha), 0.8));
        tables[1].rows.push(row(&|matte| gradient_error(matte.alpha(), &scene.alpha, width_px), 0.7));
    }
    tables
}

/// What a good network would answer for the scene.
fn coarse(scene: &Scene) -> Matte {
    Matte::from_alpha(COARSE_PX, COARSE_PX, scene.coarse_alpha(COARSE_PX))
}

fn shown(scene: &Scene) -> String {
    scene.name.replace('_', " ")
}

/// A matte as a gray PNG.
fn matte_png(matte: &Matte) -> Result<Vec<u8>> {
    Ok(clearcut_image::encode_matte(matte, clearcut_image::Effort::Fast)?)
}

/// Reads a picture that a peer wrote.
fn picture(path: &Path) -> Result<Picture> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    photos::picture(path, &bytes)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The mean of all rows as one more row, under the same bar.
fn with_mean(mut rows: Vec<Row>) -> Vec<Row> {
    let count = rows.len() as f64;
    let ours = rows.iter().map(|row| row.ours).sum::<f64>() / count;
    let peer = rows.iter().filter_map(|row| row.peer).sum::<f64>() / count;
    let Some(bar) = rows.first().map(|row| row.bar) else { return rows };
    rows.push(Row::figure("mean", Unit::Plain, ours).beside(Some(peer)).under(bar));
    rows
}
