//! The models that are known by name.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use toml::{Table, Value};

use crate::ModelSpec;

/// Models and their families, read from TOML.
///
/// The file lists `[families.NAME]` with `input` and `output`, and `[[models]]` that name their family and state
/// only what differs from it; `rembg` holds what rembg does differently from the authors.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    families: BTreeMap<String, Family>,
    models: Vec<ModelSpec>,
    left_out: Vec<LeftOut>,
}

/// Known models that are not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    names: Vec<String>,
    reason: String,
}

/// The catalogue that comes with this crate.
const BUILTIN: &str = include_str!("../../../models/catalogue.toml");

/// Models that share their pre- and post-processing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Family {
    /// One line for people.
    pub about: String,
    /// The family's description under its own name; [`Catalogue::family`] gives it out for weights of one's own.
    template: ModelSpec,
}

/// What is wrong with a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model catalogue is not usable: {0}")]
pub struct CatalogueError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    #[serde(default)]
    families: BTreeMap<String, Table>,
    #[serde(default)]
    models: Vec<Table>,
    #[serde(default)]
    left_out: Vec<LeftOut>,
}

impl Catalogue {
    /// The catalogue that comes with this crate, `models/catalogue.toml`.
    #[expect(clippy::missing_panics_doc, reason = "the text is part of this crate, and a test parses it")]
    pub fn builtin() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Self::parse(BUILTIN).expect("the tests parse the same text"))
    }

    /// Reads a catalogue of one's own, in the form of `models/catalogue.toml`.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        Self::read(CatalogueFile::parse(text)?)
    }

    /// The builtin catalogue and one of one's own, whose models may belong to the builtin families. A model or family
    /// of the same name takes the builtin one's place.
    #[expect(clippy::missing_panics_doc, reason = "the builtin text is part of this crate, and a test parses it")]
    pub fn builtin_and(text: &str) -> Result<Self, CatalogueError> {
        let own = CatalogueFile::parse(text)?;
        let mut file = CatalogueFile::parse(BUILTIN).expect("the tests parse the same text");
        let name = |model: &Table| model.get("name").and_then(Value::as_str).map(str::to_owned);
        file.models.retain(|builtin| !own.models.iter().any(|model| name(model) == name(builtin)));
        file.families.extend(own.families);
        file.models.extend(own.models);
        file.left_out.extend(own.left_out);
        Self::read(file)
    }

    fn read(file: CatalogueFile) -> Result<Self, CatalogueError> {
        let families = file
            .families
            .iter()
            .map(|(name, table)| Ok((name.clone(), read_family(name, table)?)))
            .collect::<Result<_, CatalogueError>>()?;
        let models = Vec::with_capacity(file.models.len());
        let mut catalogue = Self { families, models, left_out: file.left_out };
        for model in file.models {
            let spec = read_model(model, &file.families)?;
            if catalogue.models.iter().any(|known| known.name == spec.name || known.file == spec.file) {
                return Err(CatalogueError(format!("{} or its file {} is listed twice", spec.name, spec.file)));
            }
            catalogue.models.push(spec);
        }
        Ok(catalogue)
    }

    /// All models, in the file's order.
    pub fn models(&self) -> &[ModelSpec] {
        &self.models
    }

    /// The model of that name. An underscore stands for a hyphen, so rembg's names are found as well.
    pub fn model(&self, name: &str) -> Option<&ModelSpec> {
        let name = name.replace('_', "-");
        self.models.iter().find(|spec| spec.name == name)
    }

    /// Why a model that people know is not listed, in a sentence without a full stop.
    pub fn reason_left_out(&self, name: &str) -> Option<&str> {
        let name = name.replace('_', "-");
        self.left_out.iter().find(|group| group.names.contains(&name)).map(|group| group.reason.as_str())
    }

    /// The names of all models that are known and not listed.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().flat_map(|group| group.names.iter().map(String::as_str))
    }

    /// All families by name.
    pub fn families(&self) -> impl Iterator<Item = (&str, &Family)> {
        self.families.iter().map(|(name, family)| (name.as_str(), family))
    }

    /// A description for weights of one's own that belong to the family `family`: named `name`, without digest,
    /// source or license.
    pub fn family(&self, family: &str, name: &str) -> Option<ModelSpec> {
        let template = self.families.get(family)?.template.clone();
        Some(ModelSpec { name: name.to_owned(), ..template })
    }
}

impl CatalogueFile {
    fn parse(text: &str) -> Result<Self, CatalogueError> {
        toml::from_str(text).map_err(|error| CatalogueError(error.message().to_owned()))
    }
}

fn read_family(name: &str, table: &Table) -> Result<Family, CatalogueError> {
    let about = table.get("about").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(unknown) = table.keys().find(|key| !["about", "input", "output", "rembg"].contains(&key.as_str())) {
        return Err(CatalogueError(format!("family {name}: unknown key {unknown}")));
    }
    let own_weights = [
        ("name", name.into()),
        ("family", name.into()),
        ("file", format!("{name}.onnx").into()),
        ("license", "LicenseRef-unknown".into()),
        ("commercial_use", Value::Boolean(false)),
    ];
    let model = own_weights.map(|(key, value): (&str, Value)| (key.to_owned(), value)).into_iter().collect();
    let template = read_model(model, &BTreeMap::from([(name.to_owned(), table.clone())]))?;
    Ok(Family { about, template })
}

/// Lays the model over its family, and rembg's deviations of both over the result.
fn read_model(mut model: Table, families: &BTreeMap<String, Table>) -> Result<ModelSpec, CatalogueError> {
    let name = model.get("name").and_then(Value::as_str).unwrap_or("(without a name)").to_owned();
    let fail = |reason: String| CatalogueError(format!("model {name}: {reason}"));
    let family_name = model.get("family").and_then(Value::as_str).ok_or_else(|| fail("no family".to_owned()))?;
    let family = families.get(family_name).ok_or_else(|| fail(format!("there is no family {family_name}")))?;

    let mut processing = Table::new();
    for key in ["input", "output"] {
        let mut part = family.get(key).cloned().unwrap_or_else(|| Table::new().into());
        if let Some(own) = model.remove(key) {
            lay_over(&mut part, own);
        }
        processing.insert(key.to_owned(), part);
    }
    let deviations: Vec<Value> = [family.get("rembg").cloned(), model.remove("rembg")].into_iter().flatten().collect();
    if !deviations.is_empty() {
        let mut rembg = Value::Table(processing.clone());
        for deviation in deviations {
            lay_over(&mut rembg, deviation);
        }
        model.insert("rembg".to_owned(), rembg);
    }
    model.insert("processing".to_owned(), processing.into());

    let spec: ModelSpec = model.try_into().map_err(|error: toml::de::Error| fail(error.message().to_owned()))?;
    spec.fault().map_or(Ok(spec), |fault| Err(fail(fault)))
}

/// Replaces in `base` what `over` states. A size is one value, although it is written as a table.
fn lay_over(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Table(base), Value::Table(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(known) if key != "size" => lay_over(known, value),
                    _ => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests;
