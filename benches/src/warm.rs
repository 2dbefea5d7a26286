//! One photo by a process that runs already: what a service takes for each upload.

use std::fs;

use anyhow::{Context, Result};
use clearcut::{Engine, Plan};

use crate::Setting;
use crate::cold::{HEIGHT_PX, WIDTH_PX};
use crate::median::{median, median_of};
use crate::python;
use crate::table::{Bar, Row, Table, Unit};

/// Both take the bytes of a JPEG and give the bytes of a PNG; neither has a cache.
pub fn compare(setting: &Setting) -> Result<Table> {
    let photo = setting.workplace.photo(WIDTH_PX, HEIGHT_PX)?;
    let jpeg = fs::read(&photo).with_context(|| format!("cannot read {}", photo.display()))?;
    let engine = Engine::builder().build()?;
    let plan = Plan::default();
    let remove = || Ok(engine.remove_blocking(jpeg.clone(), &plan)?);
    remove()?;
    let ours = median_of(setting.runs, remove)?;

    let theirs = setting.python.as_ref().map(|python| {
        let mut script = python.script("warm.py");
        script.arg(setting.workplace.model()?).arg(&photo).arg(setting.runs.to_string());
        setting.workplace.lend_model(&mut script);
        python::answer(&mut script).map(median)
    });
    Ok(Table {
        title: format!("Warm: in one process, {WIDTH_PX}×{HEIGHT_PX} JPEG to PNG"),
        peer: "rembg.remove",
        rows: vec![
            Row::figure("wall time", Unit::Milliseconds, ours).beside(theirs.transpose()?).under(Bar::TimesPeer(0.5)),
        ],
    })
}
