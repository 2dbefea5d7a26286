//! A big photo on one thread: where the time goes, and the most memory that the process held.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clearcut::{Engine, Plan};

use crate::Setting;
use crate::median::{median, milliseconds};
use crate::table::{Bar, Row, Table, Unit};
use crate::usage::Usage;

/// A photo and its bars.
#[derive(Debug)]
pub struct Case {
    width_px: u32,
    height_px: u32,
    /// For all that follows the network.
    after_segment: Bar,
    peak_megabytes: f64,
}

/// 12 megapixels, as a phone takes them.
pub const LARGE: Case =
    Case { width_px: 4000, height_px: 3000, after_segment: Bar::AtMost(1200.0), peak_megabytes: 400.0 };

/// Just under 50 megapixels, the largest picture that the default limits let in.
pub const HUGE: Case = Case { width_px: 8640, height_px: 5760, after_segment: Bar::None, peak_megabytes: 1500.0 };

/// The stages that follow the network: what a better matte and true colors at the edge cost.
const AFTER_SEGMENT: [&str; 3] = ["refine", "compose", "encode"];

/// Runs each photo in processes of their own, of which the medians are shown.
pub fn compare(setting: &Setting, case: &Case) -> Result<Table> {
    let Case { width_px, height_px, after_segment, peak_megabytes } = *case;
    let photo = setting.workplace.photo(width_px, height_px)?;
    let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
    command.arg("stages").arg(&photo).env("RAYON_NUM_THREADS", "1");
    let mut runs = Vec::new();
    for _ in 0..setting.runs {
        let usage = Usage::of(&command)?;
        let stages: BTreeMap<String, f64> =
            serde_json::from_str(&usage.stdout).context("cannot read the time of each stage")?;
        runs.push((usage, stages));
    }

    let sum = |names: &[&str]| {
        let of_run = |stages: &BTreeMap<String, f64>| names.iter().filter_map(|&name| stages.get(name)).sum();
        median(runs.iter().map(|(_, stages)| of_run(stages)).collect())
    };
    let cost = |figure: fn(&Usage) -> f64| median(runs.iter().map(|(usage, _)| figure(usage)).collect());
    let time = |what: &str, figure| Row::figure(what, Unit::Milliseconds, figure);
    let peak = Row::figure("peak memory", Unit::Megabytes, cost(Usage::peak_megabytes));
    Ok(Table {
        title: format!("One thread: {width_px}×{height_px} JPEG to PNG"),
        peer: "peer",
        rows: vec![
            time("decode", sum(&["decode"])),
            time("segment", sum(&["segment"])),
            time("refine", sum(&["refine"])),
            time("foreground, compose", sum(&["compose"])),
            time("encode", sum(&["encode"])),
            time("refine to encode", sum(&AFTER_SEGMENT)).under(after_segment),
            time("whole process", cost(|usage| usage.wall_ms)),
            time("whole process, processor time", cost(|usage| usage.cpu_ms)),
            peak.under(Bar::AtMost(peak_megabytes)),
        ],
    })
}

/// The work of the measured process: removes one photo's background and prints the milliseconds of each stage.
pub fn print(photo: &Path) -> Result<()> {
    let jpeg = fs::read(photo).with_context(|| format!("cannot read {}", photo.display()))?;
    let engine = Engine::builder().threads(NonZeroUsize::MIN).build()?;
    let cutout = engine.remove_blocking(jpeg, &Plan::default())?;
    let stages = cutout.timings.stages().map(|(name, time)| (name, milliseconds(time)));
    println!("{}", serde_json::to_string(&BTreeMap::from(stages))?);
    Ok(())
}
