//! Drawn scenes, whose matte is exact: hair, fur, glass, motion blur, holes.

use std::fmt;

use anyhow::Result;
use clearcut_testkit::{Scene, metrics, scene};
use serde::Serialize;

use super::matting::{Mattes, Matting};
use crate::markdown;

/// How near the mattes of one scene are to the truth, without refinement and with it.
#[derive(Debug, Serialize)]
pub struct SceneFigures {
    pub scene: &'static str,
    pub width_px: u32,
    pub height_px: u32,
    pub network: EdgeFigures,
    pub engine: EdgeFigures,
}

/// Figures of one matte.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EdgeFigures {
    pub iou: f64,
    /// Sum of absolute differences, in thousands.
    pub sad: f64,
    /// In thousands.
    pub gradient_error: f64,
}

impl EdgeFigures {
    pub fn of(alpha: &[u8], scene: &Scene) -> Self {
        Self {
            iou: metrics::iou(alpha, &scene.alpha),
            sad: metrics::sad(alpha, &scene.alpha),
            gradient_error: metrics::gradient_error(alpha, &scene.alpha, scene.width_px),
        }
    }
}

/// Measures every scene at so many millions of pixels, at an aspect of 4:3.
pub fn measure(matting: &Matting, megapixels: f64) -> Result<Vec<SceneFigures>> {
    const SEED: u64 = 7;
    let height_px = (megapixels * 1e6 * 0.75).sqrt().round() as u32;
    let width_px = height_px * 4 / 3;
    let mut figures = Vec::new();
    for draw in
        [scene::hair, scene::fur, scene::glass, scene::motion_blur, scene::holes, scene::disc, scene::product_photo]
    {
        let scene = draw(width_px, height_px, SEED);
        eprintln!("scene {} at {width_px}x{height_px}", scene.name);
        let Mattes { network, engine } = matting.of_picture(&picture(&scene), scene.png())?;
        // Where no subject is found the user gets none.
        let engine = engine.unwrap_or_else(|| vec![0; scene.alpha.len()]);
        figures.push(SceneFigures {
            scene: scene.name,
            width_px,
            height_px,
            network: EdgeFigures::of(&network, &scene),
            engine: EdgeFigures::of(&engine, &scene),
        });
    }
    Ok(figures)
}

/// A scene's photo, opaque.
pub fn picture(scene: &Scene) -> clearcut::Picture {
    let rgba = scene.rgb.chunks_exact(3).flat_map(|color| [color[0], color[1], color[2], 255]).collect();
    clearcut::Picture::from_rgba(scene.width_px, scene.height_px, rgba)
}

impl SceneFigures {
    /// A table of several scenes.
    pub fn write(scenes: &[Self], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = [
            "scene",
            "IoU network",
            "engine",
            "SAD network",
            "engine",
            "less",
            "gradient error network",
            "engine",
            "less",
        ];
        let cells = scenes.iter().map(|scene| {
            let (before, after) = (scene.network, scene.engine);
            let less =
                |before: f64, after: f64| format!("{:.0} %", 100.0 * (1.0 - after / before.max(f64::MIN_POSITIVE)));
            [
                format!("{} {}×{}", scene.scene.replace('_', " "), scene.width_px, scene.height_px),
                format!("{:.3}", before.iou),
                format!("{:.3}", after.iou),
                format!("{:.1}", before.sad),
                format!("{:.1}", after.sad),
                less(before.sad, after.sad),
                format!("{:.2}", before.gradient_error),
                format!("{:.2}", after.gradient_error),
                less(before.gradient_error, after.gradient_error),
            ]
        });
        markdown::write(
            f,
            "Drawn scenes with exact alpha: the network's own answer, without and with refinement",
            header,
            cells,
        )?;
        writeln!(f)
    }
}
