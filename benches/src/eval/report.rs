//! What was measured, as tables for people and as JSON for programs.

use std::fmt;

use serde::Serialize;

use super::figures::{PictureFigures, Row};
use super::scenes::SceneFigures;
use crate::markdown;
use crate::table::{self, Bar, Table, Unit};

/// Everything that was measured of one network.
#[derive(Debug, Serialize)]
pub struct Report {
    pub model: Model,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photos: Option<Photos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty: Option<Empty>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenes: Vec<SceneFigures>,
}

/// Which network it was.
#[derive(Debug, Serialize)]
pub struct Model {
    pub name: String,
    /// BLAKE3 of the weights, in hexadecimal digits.
    pub weights: String,
    /// How it was fed and read.
    pub processing: String,
}

/// Photos with references.
#[derive(Debug, Serialize)]
pub struct Photos {
    /// The network's output, enlarged by bilinear interpolation.
    pub network: Measured,
    /// What a user gets: the engine's matte, refined along the photo's edges.
    pub engine: Measured,
    /// Photos in which the engine finds no subject: their user gets an error, and they count as empty mattes here.
    pub refused: usize,
    /// The subset that shows people.
    pub people: String,
}

/// Figures of one way to a matte.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub rows: Vec<Row>,
    pub pictures: Vec<PictureFigures>,
}

/// Pictures without a subject, whose right matte is empty.
#[derive(Debug, Serialize)]
pub struct Empty {
    pub pictures: usize,
    /// Mean share of pixels over 0.5, 0 to 1.
    pub share_over_half: f64,
    /// Pictures with more than 2 % of such pixels.
    pub over_two_percent: usize,
    /// Pictures of which the engine says that it finds no subject.
    pub refused: usize,
}

impl Measured {
    pub fn new(pictures: Vec<PictureFigures>, people: &str) -> Self {
        Self { rows: Row::all(&pictures, people), pictures }
    }

    fn row(&self, subset: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.subset == subset)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, title: &str) -> fmt::Result {
        let header =
            ["subset", "photos", "mean IoU", "MAE", "max F", "S-measure", "boundary IoU", "gradient error", "SAD"];
        let cells = self.rows.iter().map(|row| {
            let share = |figure: f64| format!("{figure:.3}");
            [
                row.subset.clone(),
                row.pictures.to_string(),
                share(row.mean_iou),
                share(row.mae),
                share(row.max_f),
                share(row.s_measure),
                share(row.boundary_iou),
                share(row.gradient_error),
                share(row.sad),
            ]
        });
        markdown::write(f, title, header, cells)?;
        writeln!(f)
    }
}

impl Report {
    /// What the embedded model should reach, beside what this one does.
    fn bars(&self) -> Option<Table> {
        let photos = self.photos.as_ref()?;
        let others = photos.network.row(&format!("all but {}", photos.people))?;
        let people = photos.network.row(&photos.people)?;
        let row = |what: &str, figure, bar| table::Row::figure(what, Unit::Plain, figure).under(bar);
        let mut rows = vec![
            row("mean IoU of photos without people", others.mean_iou, Bar::AtLeast(0.83)),
            row("MAE of photos without people", others.mae, Bar::AtMost(0.06)),
            row("mean IoU of people", people.mean_iou, Bar::AtLeast(0.957)),
        ];
        if let Some(empty) = &self.empty {
            rows.push(row("share over 0.5 without a subject", empty.share_over_half, Bar::AtMost(0.02)));
        }
        Some(Table { title: "What the embedded model should reach (network alone)".to_owned(), peer: "peer", rows })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Model { name, weights, processing } = &self.model;
        writeln!(f, "{name}, weights {}…, {processing}\n", weights.get(..16).unwrap_or(weights))?;
        if let Some(photos) = &self.photos {
            photos.network.write(f, "The network alone, enlarged by bilinear interpolation")?;
            photos.engine.write(f, "The engine, refined along the photo's edges")?;
            if photos.refused > 0 {
                writeln!(f, "The engine finds no subject in {} of these photos.\n", photos.refused)?;
            }
        }
        if let Some(empty) = &self.empty {
            let Empty { pictures, share_over_half, over_two_percent, refused } = empty;
            writeln!(
                f,
                "Of {pictures} pictures without a subject {:.1} % of the pixels are over 0.5; {over_two_percent} have more \
                 than 2 % of them. The engine says of {refused} that it finds no subject.\n",
                share_over_half * 100.0
            )?;
        }
        if !self.scenes.is_empty() {
            SceneFigures::write(&self.scenes, f)?;
        }
        if let Some(bars) = self.bars() {
            writeln!(f, "{bars}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_what_was_measured_and_nothing_else() {
        let figures = |name: &str, alpha| PictureFigures::of(name, name, &[alpha, 0], &[255, 0], 2);
        let measured = || Measured::new(vec![figures("ccp", 255), figures("things", 0)], "ccp");
        let photos = Photos { network: measured(), engine: measured(), refused: 1, people: "ccp".to_owned() };
        let model = Model { name: "m".to_owned(), weights: "ab".repeat(32), processing: "p".to_owned() };
        let mut report = Report { model, photos: Some(photos), empty: None, scenes: Vec::new() };
        let text = report.to_string();
        assert!(text.starts_with("m, weights abababababababab…, p\n"), "{text}");
        assert!(text.contains("| ccp         |      1 |    1.000 | 0.000 |"), "{text}");
        assert!(text.contains("| all but ccp |      1 |    0.000 | 0.500 |"), "{text}");
        assert!(text.contains("no subject in 1 of these photos"), "{text}");
        let bar = text.lines().find(|line| line.starts_with("| mean IoU of people")).expect("a bar");
        assert!(bar.ends_with("| ≥ 0.9570 | yes |"), "{bar}");
        report.photos = None;
        assert_eq!(report.to_string().lines().count(), 2);
    }
}
