//! The dashboard of Grafana: what Grafana would accept without a word and show wrongly.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Outcome, Tools, path, tools};

/// Panels that every user of the cache looks for.
const PANELS: [&str; 4] = ["Hit ratio", "Processing time: hit against miss", "Storage growth", "Error rate"];

/// Columns of a dashboard.
const COLUMNS: u64 = 24;

pub fn check(_: &Tools) -> Result<Outcome> {
    let text = tools::read(&path("grafana/dashboards/clearcut.json"))?;
    verdict(&serde_json::from_str(&text).context("it is no JSON")?)?;
    Ok(Outcome::Checked)
}

fn verdict(dashboard: &Value) -> Result<()> {
    for field in ["uid", "title", "schemaVersion", "time"] {
        ensure!(!dashboard[field].is_null(), "it has no {field}");
    }
    let variables = dashboard["templating"]["list"].as_array().context("it has no variables")?;
    ensure!(variables.iter().any(|variable| variable["name"] == "datasource"), "its data source cannot be chosen");
    let panels = dashboard["panels"].as_array().context("it has no panels")?;
    for wanted in PANELS {
        ensure!(panels.iter().any(|panel| panel["title"] == wanted), "it has no panel `{wanted}`");
    }
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = panel["title"].as_str().context("a panel has no title")?;
        ensure!(ids.insert(panel["id"].to_string()), "`{title}` has the number of another panel");
        let [x, y, width, height] = ["x", "y", "w", "h"].map(|field| panel["gridPos"][field].as_u64().unwrap_or(0));
        ensure!(width > 0 && height > 0 && x + width <= COLUMNS, "`{title}` does not fit into {COLUMNS} columns");
        let mut cells = (x..x + width).flat_map(|column| (y..y + height).map(move |row| (column, row)));
        ensure!(cells.all(|cell| taken.insert(cell)), "`{title}` lies over another panel");
        ensure!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "`{title}` has no unit");
        let targets = panel["targets"].as_array().filter(|targets| !targets.is_empty());
        for target in targets.with_context(|| format!("`{title}` asks nothing"))? {
            ensure!(target["expr"].as_str().is_some_and(|expr| !expr.is_empty()), "`{title}` has an empty expression");
            ensure!(target["datasource"]["uid"] == "${datasource}", "`{title}` asks a data source of its own");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(change: impl FnOnce(&mut Value), expected: &str) {
        let panel = |(index, title): (usize, &&str)| {
            json!({
                "id": index, "title": title, "gridPos": {"x": 0, "y": index * 8, "w": 24, "h": 8},
                "fieldConfig": {"defaults": {"unit": "s"}},
                "targets": [{"expr": "up", "datasource": {"uid": "${datasource}"}}],
            })
        };
        let mut dashboard = json!({
            "uid": "a", "title": "A", "schemaVersion": 41, "time": {},
            "templating": {"list": [{"name": "datasource"}]},
            "panels": PANELS.iter().enumerate().map(panel).collect::<Vec<_>>(),
        });
        change(&mut dashboard);
        let said = verdict(&dashboard).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
    }

    #[test]
    fn what_would_be_shown_wrongly_is_found() {
        check(|_| {}, "");
        check(|d| d["uid"] = Value::Null, "no uid");
        check(|d| d["panels"][3]["title"] = json!("Errors"), "no panel `Error rate`");
        check(|d| d["panels"][1]["id"] = json!(0), "number of another panel");
        check(|d| d["panels"][1]["gridPos"]["y"] = json!(4), "lies over another panel");
        check(|d| d["panels"][1]["gridPos"]["x"] = json!(1), "does not fit");
        check(|d| d["panels"][1]["targets"] = json!([]), "asks nothing");
        check(|d| d["panels"][1]["targets"][0]["expr"] = json!(""), "empty expression");
        check(|d| d["panels"][1]["targets"][0]["datasource"]["uid"] = json!("x"), "data source of its own");
    }
}
