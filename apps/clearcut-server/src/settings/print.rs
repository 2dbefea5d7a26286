//! Settings as a file would say them.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};
use toml::Value;

use super::{
    Settings,
    table::{Setting, TABLE},
};

/// What stands where a secret is.
const HIDDEN: &str = "***";

impl Settings {
    /// As TOML, every setting in its section; secrets are hidden.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut last = "";
        for setting in TABLE {
            let (section, name) = setting.parts();
            if section != last {
                let gap = if last.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}[{section}]");
                last = section;
            }
            let _ = match setting.shown(self) {
                Some(value) => writeln!(text, "{name} = {value}"),
                None => writeln!(text, "# {name} is not set"),
            };
        }
        text
    }

    /// As JSON, an object for each section; secrets are hidden, and what is not set is null.
    pub fn to_json(&self) -> Json {
        let mut sections = Map::new();
        for setting in TABLE {
            let (section, name) = setting.parts();
            let value = setting.shown(self).map_or(Json::Null, |value| serde_json::to_value(value).unwrap_or_default());
            let section = sections.entry(section).or_insert_with(|| Json::Object(Map::new()));
            section[name] = value;
        }
        Json::Object(sections)
    }
}

impl Setting {
    /// Its section and its name in it.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        self.key.split_once('.').expect("every key has a section")
    }

    /// Its value as it may be shown.
    pub(super) fn shown(&self, settings: &Settings) -> Option<Value> {
        let value = (self.get)(settings)?;
        Some(match value {
            value if !self.secret => value,
            Value::Array(items) => Value::Array(items.iter().map(|_| Value::String(HIDDEN.to_owned())).collect()),
            _ => Value::String(HIDDEN.to_owned()),
        })
    }
}
