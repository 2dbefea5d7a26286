//! From sources to settings: a fold over the table.

use std::{collections::HashMap, ffi::OsStr, fs, path::Path};

use toml::Value;

use super::{
    Origin, Settings, SettingsError, Sources, check,
    nearest::nearest,
    table::{ELSEWHERE, PREFIX, Setting, TABLE, UNUSED},
    value::Raw,
};

/// Settings that fit together, and what is to be said about where they came from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Sentences for the log: variables that are set and change nothing.
    pub notices: Vec<String>,
}

impl Settings {
    /// Reads settings: what flags say over the environment, the environment over the file, the file over defaults.
    ///
    /// # Errors
    ///
    /// A name that does not exist, a value that is not understood, values that do not fit together.
    pub fn load(sources: &Sources) -> Result<Loaded, SettingsError> {
        let mut loading = Loading { settings: Self::default(), origins: HashMap::new() };
        if let Some(path) = &sources.file {
            loading.file(path)?;
        }
        let variables: HashMap<&OsStr, &OsStr> =
            sources.environment.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str())).collect();
        loading.environment(&variables)?;
        for (key, text) in &sources.flags {
            loading.set(key, &Raw::Text(text.clone()), &Origin::Flag)?;
        }
        let Loading { settings, origins } = loading;
        check::check(&settings).map_err(|(key, expected)| {
            let origin = origins.get(key).cloned().unwrap_or(Origin::Default);
            SettingsError::Value { origin, key, expected, given: None }
        })?;
        let notices = UNUSED
            .iter()
            .filter(|(name, _)| variables.get(OsStr::new(name)).is_some_and(|value| !value.is_empty()))
            .map(|(name, why)| format!("{name} is set and changes nothing: {why}"))
            .collect();
        Ok(Loaded { settings, notices })
    }
}

/// Settings on their way, and who said each of them last.
struct Loading {
    settings: Settings,
    origins: HashMap<&'static str, Origin>,
}

impl Loading {
    fn set(&mut self, key: &str, raw: &Raw, origin: &Origin) -> Result<(), SettingsError> {
        let Some(setting) = Setting::find(key) else {
            return Err(unknown(key, origin.clone(), TABLE.iter().map(|setting| setting.key.to_owned())));
        };
        self.assign(setting, raw, origin, None)
    }

    fn assign(
        &mut self,
        setting: &'static Setting,
        raw: &Raw,
        origin: &Origin,
        expected: Option<&str>,
    ) -> Result<(), SettingsError> {
        if !(setting.set)(&mut self.settings, raw) {
            return Err(SettingsError::Value {
                origin: origin.clone(),
                key: setting.key,
                expected: expected.unwrap_or(setting.expected).to_owned(),
                given: (!setting.secret).then(|| raw.shown()),
            });
        }
        self.origins.insert(setting.key, origin.clone());
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let text =
            fs::read_to_string(path).map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| SettingsError::Syntax {
            path: path.to_owned(),
            line: 1 + text
                .bytes()
                .take(error.span().map_or(0, |span| span.start))
                .filter(|byte| *byte == b'\n')
                .count(),
            message: error.message().to_owned(),
        })?;
        let origin = Origin::File(path.to_owned());
        for (section, content) in table {
            match content {
                Value::Table(content) => {
                    for (name, value) in content {
                        self.set(&format!("{section}.{name}"), &Raw::Toml(value), &origin)?;
                    }
                }
                value => self.set(&section, &Raw::Toml(value), &origin)?,
            }
        }
        Ok(())
    }

    /// A variable that is empty is not set. A setting's own name goes before its aliases.
    fn environment(&mut self, variables: &HashMap<&OsStr, &OsStr>) -> Result<(), SettingsError> {
        let lookup = |name: &str| variables.get(OsStr::new(name)).filter(|value| !value.is_empty());
        for setting in TABLE {
            let own = setting.variable();
            let named = lookup(&own).map(|value| (own.as_str(), None, value));
            let aliased = || {
                let set = |alias: &'static super::table::Alias| {
                    lookup(alias.name).map(|value| (alias.name, Some(alias), value))
                };
                setting.aliases.iter().find_map(set)
            };
            let Some((name, alias, value)) = named.or_else(aliased) else { continue };
            let origin = Origin::Environment(name.to_owned());
            let expected = alias.and_then(|alias| alias.expected);
            let refused = |given: String| SettingsError::Value {
                origin: origin.clone(),
                key: setting.key,
                expected: expected.unwrap_or(setting.expected).to_owned(),
                given: (!setting.secret).then_some(given),
            };
            let text = value.to_str().ok_or_else(|| refused(value.to_string_lossy().chars().take(60).collect()))?;
            let text = match alias {
                Some(alias) => (alias.read)(text).ok_or_else(|| refused(text.chars().take(60).collect()))?,
                None => text.to_owned(),
            };
            self.assign(setting, &Raw::Text(text), &origin, expected)?;
        }
        match variables
            .keys()
            .filter_map(|name| name.to_str())
            .filter(|name| name.starts_with(PREFIX))
            .find(|name| !is_known(name))
        {
            Some(name) => Err(unknown(name, Origin::Environment(name.to_owned()), TABLE.iter().map(Setting::variable))),
            None => Ok(()),
        }
    }
}

fn is_known(name: &str) -> bool {
    ELSEWHERE.contains(&name)
        || TABLE
            .iter()
            .any(|setting| setting.variable() == name || setting.aliases.iter().any(|alias| alias.name == name))
}

fn unknown(name: &str, origin: Origin, names: impl Iterator<Item = String>) -> SettingsError {
    SettingsError::Unknown { origin, name: name.chars().take(100).collect(), nearest: nearest(name, names) }
}

#[cfg(test)]
mod tests;
