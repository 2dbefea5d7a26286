//! The network alone, on one thread.

use anyhow::Result;
use clearcut_image::Picture;
use clearcut_segment::{Segmenter, TractSegmenter};

use crate::Setting;
use crate::median::{median, median_of};
use crate::python;
use crate::table::{Bar, Row, Table, Unit};

/// The side of the embedded model's input. A picture of this size is not resized on its way in.
pub const SIDE_PX: u32 = 320;

/// A run of the network takes some tens of milliseconds, so that more of them are affordable.
const TIMES_MORE: usize = 5;

/// Our figure has the conversion of 320×320 pixels to a tensor and back in it, which is well under a millisecond.
pub fn compare(setting: &Setting) -> Result<Table> {
    let runs = setting.runs * TIMES_MORE;
    let segmenter = TractSegmenter::embedded();
    let picture = Picture::filled(SIDE_PX, SIDE_PX, [120, 90, 60, 255]);
    for _ in 0..3 {
        segmenter.segment(&picture)?;
    }
    let ours = median_of(runs, || Ok(segmenter.segment(&picture)?))?;

    let theirs = setting.python.as_ref().map(|python| {
        let mut script = python.script("inference.py");
        script.arg(setting.workplace.model()?).arg(SIDE_PX.to_string()).arg(runs.to_string());
        python::answer(&mut script).map(median)
    });
    Ok(Table {
        title: "Inference: the embedded network, one thread".to_owned(),
        peer: "ONNX Runtime",
        rows: vec![
            Row::figure("one run", Unit::Milliseconds, ours).beside(theirs.transpose()?).under(Bar::TimesPeer(3.0)),
        ],
    })
}
