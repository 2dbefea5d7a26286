//! `cargo xtask eval`: how good a network's mattes are, through the engine that users have.

mod figures;
pub mod matting;
mod measure;
mod model;
mod parity;
pub mod photos;
mod remembering;
mod report;
pub mod scenes;
mod sheet;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use clearcut::Picture;
use clearcut_image::{EncodeOptions, OutputFormat, encode};

use self::figures::PictureFigures;
use self::matting::{Mattes, Matting};
use self::model::ModelArguments;
use self::photos::Photo;
use self::report::{Empty, Measured, Model, Photos, Report};
use self::sheet::Sheet;

/// What is measured, and of which network.
#[derive(Debug, Args)]
#[command(bin_name = "cargo xtask eval", args_conflicts_with_subcommands = true)]
pub struct EvalArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Folder of photos with references: `SUBSET_NAME.jpg` beside `SUBSET_NAME.png`
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Folder of photos without a subject; by default `empty` beside the folder of --data, where there is one
    #[arg(long, value_name = "FOLDER")]
    empty: Option<PathBuf>,
    /// Sizes of the drawn scenes in millions of pixels, with commas between; 0 for none
    #[arg(long, value_name = "MP", value_delimiter = ',', default_value = "2")]
    scenes: Vec<f64>,
    /// The subset that shows people: the others are also summed up without it
    #[arg(long, value_name = "SUBSET", default_value = "ccp")]
    people: String,
    /// Only so many photos, spread over all of them
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Writes a contact sheet as PNG: of every photo the photo, its reference, the engine's matte, and the difference
    /// (red too much, blue too little); of each subset the worst come first
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// Prints JSON, with the figures of every photo
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    part: Option<EvalPart>,
}

/// Other things to measure.
#[derive(Debug, Subcommand)]
enum EvalPart {
    /// Compares our mattes with rembg's for one and the same ONNX file
    Parity(parity::ParityArguments),
}

/// What a photo adds to the contact sheet.
#[derive(Debug)]
struct Shown {
    subset: String,
    iou: f64,
    photo: Picture,
    reference: Vec<u8>,
    ours: Vec<u8>,
}

/// Measures and prints.
pub fn run(arguments: &EvalArguments) -> Result<()> {
    if let Some(EvalPart::Parity(arguments)) = &arguments.part {
        return parity::run(arguments);
    }
    let sizes: Vec<f64> = arguments.scenes.iter().copied().filter(|&megapixels| megapixels > 0.0).collect();
    ensure!(
        sizes.iter().all(|&megapixels| (0.01..=50.0).contains(&megapixels)),
        "scenes have 0.01 to 50 million pixels"
    );
    let matting = Matting::new(arguments.model.load()?)?;
    let mut shown = Vec::new();
    let keep = arguments.sheet.is_some().then_some(&mut shown);
    let photos = arguments.data.as_deref().map(|folder| photos_of(folder, arguments, &matting, keep)).transpose()?;
    let empty = empty_folder(arguments).map(|folder| without_subject(&folder, &matting)).transpose()?;
    let mut scenes = Vec::new();
    for megapixels in sizes {
        scenes.extend(scenes::measure(&matting, megapixels)?);
    }
    if let Some(path) = &arguments.sheet {
        write_sheet(path, shown)?;
    }
    let identity = matting.identity();
    let model = Model {
        name: identity.name.clone(),
        weights: hexadecimal(&identity.weights),
        processing: identity.processing.clone(),
    };
    let report = Report { model, photos, empty, scenes };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

fn photos_of(
    folder: &Path,
    arguments: &EvalArguments,
    matting: &Matting,
    mut keep: Option<&mut Vec<Shown>>,
) -> Result<Photos> {
    let mut photos = photos::list(folder)?;
    if let Some(limit) = arguments.limit {
        photos = photos::spread(photos, limit);
    }
    let (mut network, mut engine, mut refused) = (Vec::new(), Vec::new(), 0);
    for (at, photo) in photos.iter().enumerate() {
        if at % 20 == 0 {
            eprintln!("photo {} of {}", at + 1, photos.len());
        }
        let picture = photo.picture()?;
        let reference = photo.reference(&picture)?;
        let mattes = mattes_of(photo, &picture, matting)?;
        refused += usize::from(mattes.engine.is_none());
        let refined = mattes.engine.unwrap_or_else(|| vec![0; reference.len()]);
        let figures =
            |alpha: &[u8]| PictureFigures::of(&photo.name, photo.subset(), alpha, &reference, picture.width_px());
        network.push(figures(&mattes.network));
        engine.push(figures(&refined));
        if let (Some(keep), Some(PictureFigures { iou, .. })) = (keep.as_deref_mut(), engine.last()) {
            keep.push(Shown { subset: photo.subset().to_owned(), iou: *iou, photo: picture, reference, ours: refined });
        }
    }
    let people = arguments.people.clone();
    Ok(Photos { network: Measured::new(network, &people), engine: Measured::new(engine, &people), refused, people })
}

fn mattes_of(photo: &Photo, picture: &Picture, matting: &Matting) -> Result<Mattes> {
    matting.of_picture(picture, photo.bytes()?).with_context(|| photo.path.display().to_string())
}

/// The folder that was named, or the one beside the photos'.
fn empty_folder(arguments: &EvalArguments) -> Option<PathBuf> {
    let beside = || arguments.data.as_ref()?.canonicalize().ok()?.parent().map(|parent| parent.join("empty"));
    arguments.empty.clone().or_else(|| beside().filter(|folder| folder.is_dir()))
}

fn without_subject(folder: &Path, matting: &Matting) -> Result<Empty> {
    /// A picture with less foreground than this is as good as empty.
    const FEW: f64 = 0.02;
    let photos = photos::list(folder)?;
    eprintln!("{} photos without a subject", photos.len());
    let (mut sum, mut over_two_percent, mut refused) = (0.0, 0, 0);
    for photo in &photos {
        let mattes = mattes_of(photo, &photo.picture()?, matting)?;
        let share = measure::share_over_half(&mattes.network);
        sum += share;
        over_two_percent += usize::from(share > FEW);
        refused += usize::from(mattes.engine.is_none());
    }
    Ok(Empty { pictures: photos.len(), share_over_half: sum / photos.len() as f64, over_two_percent, refused })
}

fn write_sheet(path: &Path, shown: Vec<Shown>) -> Result<()> {
    let mut shown = shown;
    shown.sort_by(|a, b| a.subset.cmp(&b.subset).then(a.iou.total_cmp(&b.iou)));
    let mut sheet = Sheet::default();
    let mut line = 1;
    for section in shown.chunk_by(|a, b| a.subset == b.subset) {
        sheet.section();
        for shown in section {
            sheet.add(&shown.photo, &shown.reference, &shown.ours);
        }
        eprintln!("{}: {} begins at line {line}", path.display(), section[0].subset);
        line += Sheet::lines(section.len());
    }
    let picture = sheet.picture().context("a contact sheet needs photos; name their folder with --data")?;
    let png = encode(&picture, &EncodeOptions::new(OutputFormat::Png))?;
    fs::write(path, png).with_context(|| format!("cannot write {}", path.display()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use clearcut_testkit::scene;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        eval: EvalArguments,
    }

    fn arguments(words: &[&str]) -> EvalArguments {
        Line::parse_from([&["eval"][..], words].concat()).eval
    }

    #[test]
    fn a_folder_is_measured_by_subsets_and_shown_on_a_sheet() {
        let folder = tempfile::tempdir().unwrap();
        let (photos, empty) = (folder.path().join("photos"), folder.path().join("empty"));
        fs::create_dir(&photos).unwrap();
        fs::create_dir(&empty).unwrap();
        for (name, seed) in [("ccp_1", 4), ("mugs_1", 5), ("mugs_2", 6)] {
            let scene = scene::product_photo(240, 160, seed);
            fs::write(photos.join(format!("{name}.jpg")), scene.jpeg(90)).unwrap();
            fs::write(photos.join(format!("{name}.png")), scene.matte_png()).unwrap();
        }
        let background = scene::disc(120, 80, 1);
        let nothing = scene::Scene { rgb: vec![90; background.rgb.len()], ..background };
        fs::write(empty.join("nothing_1.jpg"), nothing.jpeg(90)).unwrap();

        let matting = Matting::new(arguments(&[]).model.load().unwrap()).unwrap();
        let arguments = arguments(&["--data", &photos.display().to_string()]);
        let mut shown = Vec::new();
        let measured = photos_of(&photos, &arguments, &matting, Some(&mut shown)).unwrap();
        let rows = &measured.engine.rows;
        let names: Vec<_> = rows.iter().map(|row| (row.subset.as_str(), row.pictures)).collect();
        assert_eq!(names, [("ccp", 1), ("mugs", 2), ("all but ccp", 2), ("all", 3)]);
        assert!(rows.iter().all(|row| row.mean_iou > 0.7 && row.mae < 0.1), "mugs are subjects: {rows:?}");
        assert!(measured.engine.rows[3].gradient_error < measured.network.rows[3].gradient_error);

        let folder_beside = empty_folder(&arguments).expect("it lies beside the photos");
        let nothing = without_subject(&folder_beside, &matting).unwrap();
        assert_eq!((nothing.pictures, nothing.refused), (1, 1));
        let sheet = folder.path().join("sheet.png");
        write_sheet(&sheet, shown).unwrap();
        let sheet = photos::picture(&sheet, &fs::read(&sheet).unwrap()).unwrap();
        assert!(sheet.width_px() > 1000 && sheet.height_px() > 200);
    }

    #[test]
    fn what_cannot_be_measured_is_told() {
        let error = |words: &[&str]| format!("{:#}", run(&arguments(words)).expect_err("it cannot be measured"));
        assert!(error(&["--scenes", "0", "--data", "nowhere"]).contains("cannot read the folder nowhere"));
        assert!(error(&["--scenes", "99"]).contains("0.01 to 50 million pixels"));
        assert!(error(&["--model", "nobody"]).contains("neither a file nor a model of the catalogue"));
        assert!(error(&["--scenes", "0", "--sheet", "sheet.png"]).contains("name their folder with --data"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("no.onnx");
        fs::write(&file, b"no network").unwrap();
        let file = file.display().to_string();
        assert!(error(&["--model", &file]).contains("not an ONNX file"));
        assert!(error(&["--model", &file, "--family", "nobody"]).contains("there is no family or model nobody"));
        assert!(error(&["--model", &file, "--family", "modnet", "--compat", "rembg"]).contains("leave --compat out"));
    }
}
