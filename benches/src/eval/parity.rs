//! Our mattes against rembg's for one and the same ONNX file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use clearcut::Segmenter;
use clearcut::plan::Edges;
use clearcut_segment::{InputSize, ModelSpec, TractSegmenter};
use clearcut_testkit::metrics::{iou, mae};

use super::matting::Matting;
use super::model::spec_of;
use super::photos::{self, Photo};
use crate::markdown;
use crate::python::{self, Python};
use crate::table::{Bar, Row, Table, Unit};
use crate::workplace::Workplace;

/// One network in both tools, on the same photos.
#[derive(Debug, Args)]
pub struct ParityArguments {
    /// The ONNX file
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// How rembg runs it
    #[arg(long, value_enum)]
    session: Session,
    /// How its authors run it: a family of the catalogue, or a model; the session's own family by default
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
    /// Folder of photos
    #[arg(long, value_name = "FOLDER")]
    photos: PathBuf,
    /// Photos that are compared, spread over all of them
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    count: usize,
    /// A Python that has `rembg[cpu,cli]`; without it, one is made in target/bench/venv with pip
    #[arg(long, env = "CLEARCUT_BENCH_PYTHON")]
    python: Option<PathBuf>,
}

/// rembg's sessions that take any file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Session {
    #[value(name = "u2net_custom")]
    U2net,
    #[value(name = "dis_custom")]
    Dis,
    #[value(name = "ben_custom")]
    Ben,
}

impl Session {
    fn name(self) -> &'static str {
        match self {
            Self::U2net => "u2net_custom",
            Self::Dis => "dis_custom",
            Self::Ben => "ben_custom",
        }
    }

    /// The family that rembg runs in this way, and the side of its input.
    fn family(self) -> (&'static str, u32) {
        match self {
            Self::U2net => ("u2net", 320),
            Self::Dis => ("isnet", 1024),
            Self::Ben => ("ben", 1024),
        }
    }
}

/// How far our mattes of one way are from rembg's.
#[derive(Debug)]
struct Distance {
    way: String,
    ious: Vec<f64>,
    differences: Vec<f64>,
}

impl Distance {
    fn new(way: impl Into<String>) -> Self {
        Self { way: way.into(), ious: Vec::new(), differences: Vec::new() }
    }

    fn add(&mut self, ours: &[u8], theirs: &[u8]) {
        self.ious.push(iou(ours, theirs));
        self.differences.push(mae(ours, theirs));
    }

    fn mean(figures: &[f64]) -> f64 {
        figures.iter().sum::<f64>() / figures.len() as f64
    }

    fn cells(&self) -> [String; 5] {
        let worst = |start, pick: fn(f64, f64) -> f64, figures: &[f64]| figures.iter().copied().fold(start, pick);
        [
            self.way.clone(),
            format!("{:.4}", Self::mean(&self.ious)),
            format!("{:.4}", worst(1.0, f64::min, &self.ious)),
            format!("{:.4}", Self::mean(&self.differences)),
            format!("{:.4}", worst(0.0, f64::max, &self.differences)),
        ]
    }
}

/// The rows of the comparison, to be printed.
struct Printed<'a>(&'a str, &'a [Distance]);

impl std::fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let header = ["our way", "mean IoU", "worst", "mean difference", "worst"];
        markdown::write(f, self.0, header, self.1.iter().map(Distance::cells))
    }
}

/// Runs both tools and prints how far apart they are.
pub fn run(arguments: &ParityArguments) -> Result<()> {
    let workplace = Workplace::open()?;
    let python = Python::find(arguments.python.clone(), &workplace).context("there is nothing to compare with")?;
    println!("Peers: {}.\n", python.versions);
    let photos = photos::spread(photos::list(&arguments.photos)?, arguments.count);
    let masks = rembg(arguments, &workplace, &python, &photos)?;

    let (rembg, authors) = specs(arguments)?;
    let load = |spec: &ModelSpec| TractSegmenter::from_file(&arguments.model, spec);
    let (as_rembg, as_authors) = (load(&rembg)?, load(&authors)?);
    let engine = Matting::new(as_rembg.clone())?;
    let mut distances = [
        Distance::new("as rembg, restored as rembg does"),
        Distance::new("as rembg, engine with smooth edges"),
        Distance::new("as rembg, engine with refined edges"),
        Distance::new(format!("as the authors of {}, restored as they do", authors.family)),
    ];
    for (photo, mask) in photos.iter().zip(&masks) {
        eprintln!("{}", photo.name);
        let picture = photo.picture()?;
        let theirs: Vec<u8> = {
            let bytes = fs::read(mask).with_context(|| format!("cannot read {}", mask.display()))?;
            photos::picture(mask, &bytes)?.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect()
        };
        let restored = |segmenter: &TractSegmenter| {
            let matte = segmenter.segment(&picture)?;
            anyhow::Ok(segmenter.spec().restore(&matte, picture.width_px(), picture.height_px()))
        };
        let engine_matte = |edges| {
            let matte = engine.engine_matte(photo.bytes()?, edges)?;
            anyhow::Ok(matte.unwrap_or_else(|| vec![0; theirs.len()]))
        };
        distances[0].add(restored(&as_rembg)?.alpha(), &theirs);
        distances[1].add(&engine_matte(Edges::Smooth)?, &theirs);
        distances[2].add(&engine_matte(Edges::Refined)?, &theirs);
        distances[3].add(restored(&as_authors)?.alpha(), &theirs);
    }
    let file = arguments.model.file_name().unwrap_or_default().to_string_lossy();
    let title = format!("{file} against rembg's {}, {} photos", arguments.session.name(), photos.len());
    println!("{}", Printed(&title, &distances));
    let row = |what: &str, figure, bar| Row::figure(what, Unit::Plain, figure).under(bar);
    let parity = Table {
        title: "Parity with rembg's processing".to_owned(),
        peer: "peer",
        rows: vec![
            row("mean IoU", Distance::mean(&distances[0].ious), Bar::AtLeast(0.99)),
            row("mean absolute difference", Distance::mean(&distances[0].differences), Bar::AtMost(0.01)),
        ],
    };
    println!("{parity}");
    Ok(())
}

/// How rembg and the authors feed and read the network.
fn specs(arguments: &ParityArguments) -> Result<(ModelSpec, ModelSpec)> {
    let (family, side_px) = arguments.session.family();
    let mut rembg = spec_of(family, "as-rembg")?.as_rembg().context("rembg runs this family")?;
    rembg.processing.input.size = InputSize::Square { side_px };
    Ok((rembg, spec_of(arguments.family.as_deref().unwrap_or(family), "as-authors")?))
}

/// rembg's masks, one file for each photo.
fn rembg(
    arguments: &ParityArguments,
    workplace: &Workplace,
    python: &Python,
    photos: &[Photo],
) -> Result<Vec<PathBuf>> {
    let folder = workplace.folder("parity")?;
    let model = workplace.lent(&arguments.model)?;
    let mut script = python.script("parity.py");
    script.arg(arguments.session.name()).arg(&model).arg(&folder).args(photos.iter().map(|photo| &photo.path));
    workplace.lend_model(&mut script);
    let names: Vec<String> = python::answer(&mut script)?;
    Ok(names.iter().map(|name| folder.join(Path::new(name))).collect())
}
