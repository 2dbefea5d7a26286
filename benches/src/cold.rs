//! One photo by a new process: what a person at a terminal waits for.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::Setting;
use crate::median::median;
use crate::python::Python;
use crate::table::{Bar, Row, Table, Unit};
use crate::usage::Usage;
use crate::workplace::Workplace;

/// The photo of the comparison, as it is common in a shop.
pub const WIDTH_PX: u32 = 1000;
/// See [`WIDTH_PX`].
pub const HEIGHT_PX: u32 = 667;

/// Runs both command lines by turns, so that a busy minute of the machine hits both.
pub fn compare(setting: &Setting) -> Result<Table> {
    let photo = setting.workplace.photo(WIDTH_PX, HEIGHT_PX)?;
    let ours = ours(&photo, &setting.workplace.path("cold.png"))?;
    let theirs = setting.python.as_ref().map(|python| theirs(python, &setting.workplace, &photo)).transpose()?;

    let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
    for _ in 0..setting.runs {
        our_runs.push(Usage::of(&ours)?);
        if let Some(theirs) = &theirs {
            their_runs.push(Usage::of(theirs)?);
        }
    }
    let row = |what: &str, unit, figure: fn(&Usage) -> f64| {
        let figures = |runs: &[Usage]| runs.iter().map(figure).collect::<Vec<_>>();
        let peer = (!their_runs.is_empty()).then(|| median(figures(&their_runs)));
        Row::figure(what, unit, median(figures(&our_runs))).beside(peer)
    };
    Ok(Table {
        title: format!("Cold: a new process, {WIDTH_PX}×{HEIGHT_PX} JPEG to PNG"),
        peer: "rembg i",
        rows: vec![
            row("wall time", Unit::Milliseconds, |usage| usage.wall_ms).under(Bar::TimesPeer(0.1)),
            row("processor time", Unit::Milliseconds, |usage| usage.cpu_ms),
            row("peak memory", Unit::Megabytes, Usage::peak_megabytes),
        ],
    })
}

fn ours(photo: &Path, output: &Path) -> Result<Command> {
    let bench = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(bench.with_file_name("clearcut"));
    command.arg("remove").arg(photo).arg("-o").arg(output).args(["--overwrite", "--no-cache"]);
    Ok(command)
}

fn theirs(python: &Python, workplace: &Workplace, photo: &Path) -> Result<Command> {
    let model = serde_json::json!({ "model_path": workplace.model()? });
    let mut command = python.program("rembg");
    command.args(["i", "-m", "u2net_custom", "-x"]).arg(model.to_string());
    command.arg(photo).arg(workplace.path("cold-rembg.png"));
    workplace.lend_model(&mut command);
    Ok(command)
}
