//! The figures of one picture, and their means over a subset.

use clearcut_testkit::metrics::{gradient_error, iou, mae, sad};
use serde::Serialize;

use super::measure::{Curve, boundary_iou, max_f_measure, s_measure};

/// How near one matte is to its reference.
#[derive(Debug, Clone, Serialize)]
pub struct PictureFigures {
    pub name: String,
    pub subset: String,
    /// Intersection over union at 0.5.
    pub iou: f64,
    /// Mean absolute difference, alpha in [0, 1].
    pub mae: f64,
    pub s_measure: f64,
    pub boundary_iou: f64,
    /// In thousands, as papers print it.
    pub gradient_error: f64,
    /// Sum of absolute differences, in thousands.
    pub sad: f64,
    #[serde(skip)]
    curve: Curve,
}

/// The means of several pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub subset: String,
    pub pictures: usize,
    pub mean_iou: f64,
    pub mae: f64,
    /// Of the subset as a whole.
    pub max_f: f64,
    pub s_measure: f64,
    pub boundary_iou: f64,
    pub gradient_error: f64,
    pub sad: f64,
}

impl PictureFigures {
    /// Measures a matte of the picture's size.
    pub fn of(name: &str, subset: &str, alpha: &[u8], truth: &[u8], width_px: u32) -> Self {
        Self {
            name: name.to_owned(),
            subset: subset.to_owned(),
            iou: iou(alpha, truth),
            mae: mae(alpha, truth),
            s_measure: s_measure(alpha, truth, width_px),
            boundary_iou: boundary_iou(alpha, truth, width_px),
            gradient_error: gradient_error(alpha, truth, width_px),
            sad: sad(alpha, truth),
            curve: Curve::of(alpha, truth),
        }
    }
}

impl Row {
    /// The means under a name; nothing where there is no picture.
    pub fn of<'a>(subset: &str, pictures: impl IntoIterator<Item = &'a PictureFigures>) -> Option<Self> {
        let pictures: Vec<&PictureFigures> = pictures.into_iter().collect();
        if pictures.is_empty() {
            return None;
        }
        let mean = |figure: fn(&PictureFigures) -> f64| {
            pictures.iter().map(|picture| figure(picture)).sum::<f64>() / pictures.len() as f64
        };
        let curves: Vec<&Curve> = pictures.iter().map(|picture| &picture.curve).collect();
        Some(Self {
            subset: subset.to_owned(),
            pictures: pictures.len(),
            mean_iou: mean(|picture| picture.iou),
            mae: mean(|picture| picture.mae),
            max_f: max_f_measure(&curves),
            s_measure: mean(|picture| picture.s_measure),
            boundary_iou: mean(|picture| picture.boundary_iou),
            gradient_error: mean(|picture| picture.gradient_error),
            sad: mean(|picture| picture.sad),
        })
    }

    /// A row for each subset in the order of their first picture, then one for all, and one for all but `people`, where
    /// those are others than all.
    pub fn all(pictures: &[PictureFigures], people: &str) -> Vec<Self> {
        let mut subsets: Vec<&str> = Vec::new();
        for picture in pictures {
            if !subsets.contains(&picture.subset.as_str()) {
                subsets.push(&picture.subset);
            }
        }
        let of_subset = |subset: &&str| Self::of(subset, pictures.iter().filter(|picture| picture.subset == **subset));
        let mut rows: Vec<Self> = subsets.iter().filter_map(of_subset).collect();
        if subsets.len() > 1 {
            if subsets.contains(&people) {
                let others = pictures.iter().filter(|picture| picture.subset != people);
                rows.extend(Self::of(&format!("all but {people}"), others));
            }
            rows.extend(Self::of("all", pictures));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_means_of_their_pictures_and_the_rest_of_the_people() {
        let truth = [255, 255, 0, 0];
        let figures = |name: &str, subset: &str, alpha: [u8; 4]| PictureFigures::of(name, subset, &alpha, &truth, 2);
        let pictures = [
            figures("people_1", "people", truth),
            figures("things_1", "things", truth),
            figures("things_2", "things", [0, 255, 0, 0]),
            figures("signs_1", "signs", [0; 4]),
        ];
        let rows = Row::all(&pictures, "people");
        let shown: Vec<_> = rows.iter().map(|row| (row.subset.as_str(), row.pictures, row.mean_iou, row.mae)).collect();
        assert_eq!(
            shown,
            [
                ("people", 1, 1.0, 0.0),
                ("things", 2, 0.75, 0.125),
                ("signs", 1, 0.0, 0.5),
                ("all but people", 3, 0.5, 0.25),
                ("all", 4, 0.625, 0.1875),
            ]
        );
        assert_eq!(Row::all(&pictures[1..3], "people").len(), 1, "all of one subset is that subset");
        assert!(Row::all(&[], "people").is_empty());
    }
}
