//! The configuration of Prometheus and its alerts, by promtool, with the alerts' own tests.

use anyhow::Result;

use super::{Outcome, Tools, path, tools};
use crate::process;

pub fn check(_: &Tools) -> Result<Outcome> {
    let Some(promtool) = tools::on_path("promtool") else { return Ok(Outcome::without("promtool")) };
    for (words, file) in [
        (["check", "config"], "prometheus/prometheus.yml"),
        (["check", "rules"], "prometheus/alerts.yml"),
        (["test", "rules"], "prometheus/alerts_test.yml"),
    ] {
        process::run(process::program(&promtool).args(words).arg(path(file)))?;
    }
    Ok(Outcome::Checked)
}
