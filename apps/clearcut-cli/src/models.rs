//! `clearcut models`: the catalogue and the models that are here.

use std::{borrow::Cow, fs, io::IsTerminal, path::Path, sync::Arc};

use clearcut_segment::{Catalogue, ModelSpec, ModelStore, PullOptions, PullProgress, Verification, pull};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    args::{ModelsArgs, ModelsCommand},
    exit::{Exit, Failure},
};

/// The one model that is in the binary.
const EMBEDDED: &str = "clearcut-s";

/// Does what the options say.
pub async fn run(args: ModelsArgs) -> Result<Exit, Failure> {
    let store = store(args.models_dir.as_deref())?;
    let catalogue = catalogue(args.catalogue.as_deref())?;
    let catalogue: &Catalogue = &catalogue;
    match args.command {
        ModelsCommand::List { commercial_only, json } => list(catalogue, &store, commercial_only, json),
        ModelsCommand::Show { name } => show(&store, spec(catalogue, &name)?),
        ModelsCommand::Pull { name, commercial_only } => fetch(&store, spec(catalogue, &name)?, commercial_only).await,
        ModelsCommand::Verify { name } => verify(catalogue, &store, name.as_deref()),
        ModelsCommand::Path { name } => path(&store, name.as_deref().map(|name| spec(catalogue, name)).transpose()?),
    }
}

/// The models that are known: the builtin ones, and those of a file.
pub fn catalogue(file: Option<&Path>) -> Result<Cow<'static, Catalogue>, Failure> {
    let Some(file) = file else { return Ok(Cow::Borrowed(Catalogue::builtin())) };
    let fail = |reason: String| Failure::usage(format!("{}: {reason}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| fail(format!("cannot read the catalogue: {error}")))?;
    Catalogue::builtin_and(&text).map(Cow::Owned).map_err(|error| fail(error.to_string()))
}

/// The folder of the models.
pub fn store(folder: Option<&Path>) -> Result<ModelStore, Failure> {
    match folder {
        Some(folder) => Ok(ModelStore::at(folder)),
        None => ModelStore::platform().map_err(model_failure),
    }
}

/// A model of the catalogue by its name.
pub fn spec<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a ModelSpec, Failure> {
    catalogue.model(name).ok_or_else(|| {
        let message = match catalogue.reason_left_out(name) {
            Some(reason) => format!("the model `{name}` cannot be used: {reason}"),
            None => format!("there is no model `{name}`; `clearcut models list` shows those there are"),
        };
        Failure::new(Exit::Usage, "unknown_model", message)
    })
}

/// The model as rembg feeds and reads it.
pub fn as_rembg(spec: &ModelSpec) -> Result<ModelSpec, Failure> {
    spec.as_rembg().ok_or_else(|| {
        Failure::usage(format!("rembg does not run models of the family {}; leave --compat out", spec.family))
    })
}

/// Any failure around models.
pub fn model_failure(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Model, "model_unavailable", error.to_string())
}

fn list(catalogue: &Catalogue, store: &ModelStore, commercial_only: bool, json: bool) -> Result<Exit, Failure> {
    let models = catalogue.models().iter().filter(|spec| spec.commercial_use || !commercial_only);
    if json {
        let models: Vec<&ModelSpec> = models.collect();
        println!("{}", serde_json::to_string_pretty(&models).map_err(model_failure)?);
        return Ok(Exit::Done);
    }
    println!("{:<28} {:<12} {:>8}  {:<14} {:<11} here", "model", "family", "MB", "licence", "commercial");
    for spec in models {
        let here = if spec.name == EMBEDDED {
            "in the binary"
        } else if store.contains(spec).map_err(model_failure)? {
            "yes"
        } else {
            ""
        };
        let size = spec.bytes.map_or("?".to_owned(), megabytes);
        let commercial = if spec.commercial_use { "yes" } else { "NO" };
        println!("{:<28} {:<12} {size:>8}  {:<14} {commercial:<11} {here}", spec.name, spec.family, spec.license);
    }
    Ok(Exit::Done)
}

fn show(store: &ModelStore, spec: &ModelSpec) -> Result<Exit, Failure> {
    println!("{}", toml::to_string_pretty(spec).map_err(model_failure)?);
    if spec.name != EMBEDDED {
        println!("# {}", store.path(spec).display());
    }
    Ok(Exit::Done)
}

async fn fetch(store: &ModelStore, spec: &ModelSpec, commercial_only: bool) -> Result<Exit, Failure> {
    let name = &spec.name;
    if spec.name == EMBEDDED {
        eprintln!("{name} is in the binary; there is nothing to fetch");
        return Ok(Exit::Done);
    }
    let bar = if std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}");
        ProgressBar::new(0).with_style(style.expect("the template is well formed")).with_message(name.clone())
    } else {
        ProgressBar::hidden()
    };
    let mut options = PullOptions::default();
    options.commercial_only = commercial_only;
    options.progress = Some(Arc::new({
        let bar = bar.clone();
        move |PullProgress { received_bytes, total_bytes, .. }| {
            bar.set_length(total_bytes);
            bar.set_position(received_bytes);
        }
    }));
    let path = pull(spec, store, &options).await.map_err(model_failure)?;
    bar.finish_and_clear();
    println!("{}", path.display());
    Ok(Exit::Done)
}

fn verify(catalogue: &Catalogue, store: &ModelStore, name: Option<&str>) -> Result<Exit, Failure> {
    let chosen = match name {
        Some(name) => std::slice::from_ref(spec(catalogue, name)?),
        None => catalogue.models(),
    };
    let mut exit = Exit::Done;
    for spec in chosen.iter().filter(|spec| spec.name != EMBEDDED) {
        let (word, exit_of) = match store.verify(spec).map_err(model_failure)? {
            Verification::Absent if name.is_none() => continue,
            Verification::Valid => ("valid".to_owned(), Exit::Done),
            Verification::Absent => (format!("absent; `clearcut models pull {}` fetches it", spec.name), Exit::Model),
            Verification::Different { actual } => {
                (format!("DIFFERENT: its SHA-256 is {actual}; remove it and pull it again"), Exit::Model)
            }
            Verification::Unpinned { actual } => (format!("not verifiable; its SHA-256 is {actual}"), Exit::Done),
            _ => ("unknown".to_owned(), Exit::Model),
        };
        println!("{:<28} {word}", spec.name);
        exit = exit.max(exit_of);
    }
    Ok(exit)
}

fn path(store: &ModelStore, spec: Option<&ModelSpec>) -> Result<Exit, Failure> {
    match spec {
        Some(spec) => println!("{}", store.require(spec).map_err(model_failure)?.display()),
        None => println!("{}", store.folder().display()),
    }
    Ok(Exit::Done)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
