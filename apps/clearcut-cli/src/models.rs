//! `clearcut models`: the catalogue and the models that are here.

use std::{io::IsTerminal, path::Path, sync::Arc};

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
    match args.command {
        ModelsCommand::List { commercial_only, json } => list(&store, commercial_only, json),
        ModelsCommand::Show { name } => show(&store, &name),
        ModelsCommand::Pull { name, commercial_only } => fetch(&store, &name, commercial_only).await,
        ModelsCommand::Verify { name } => verify(&store, name.as_deref()),
        ModelsCommand::Path { name } => path(&store, name.as_deref()),
    }
}

/// The folder of the models.
pub fn store(folder: Option<&Path>) -> Result<ModelStore, Failure> {
    match folder {
        Some(folder) => Ok(ModelStore::at(folder)),
        None => ModelStore::platform().map_err(model_failure),
    }
}

/// A model of the catalogue by its name, or what is like it.
pub fn spec(name: &str) -> Result<&'static ModelSpec, Failure> {
    Catalogue::builtin().model(name).ok_or_else(|| {
        let message = format!("there is no model `{name}`; `clearcut models list` shows those there are");
        Failure::new(Exit::Usage, "unknown_model", message)
    })
}

/// Any failure around models.
pub fn model_failure(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Model, "model_unavailable", error.to_string())
}

fn list(store: &ModelStore, commercial_only: bool, json: bool) -> Result<Exit, Failure> {
    let models = Catalogue::builtin().models().iter().filter(|spec| spec.commercial_use || !commercial_only);
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

fn show(store: &ModelStore, name: &str) -> Result<Exit, Failure> {
    let spec = spec(name)?;
    println!("{}", toml::to_string_pretty(spec).map_err(model_failure)?);
    if spec.name != EMBEDDED {
        println!("# {}", store.path(spec).display());
    }
    Ok(Exit::Done)
}

async fn fetch(store: &ModelStore, name: &str, commercial_only: bool) -> Result<Exit, Failure> {
    let spec = spec(name)?;
    if spec.name == EMBEDDED {
        eprintln!("{name} is in the binary; there is nothing to fetch");
        return Ok(Exit::Done);
    }
    let bar = if std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}");
        ProgressBar::new(0).with_style(style.expect("the template is well formed")).with_message(name.to_owned())
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

fn verify(store: &ModelStore, name: Option<&str>) -> Result<Exit, Failure> {
    let chosen = match name {
        Some(name) => std::slice::from_ref(spec(name)?),
        None => Catalogue::builtin().models(),
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

fn path(store: &ModelStore, name: Option<&str>) -> Result<Exit, Failure> {
    match name {
        Some(name) => println!("{}", store.require(spec(name)?).map_err(model_failure)?.display()),
        None => println!("{}", store.folder().display()),
    }
    Ok(Exit::Done)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
