//! The network that is measured: the embedded one, one of the catalogue, or a file of one's own.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use clearcut_segment::{Catalogue, InputSize, ModelSpec, ModelStore, TractSegmenter};

/// Which network, and how it is fed.
#[derive(Debug, Clone, Args)]
pub struct ModelArguments {
    /// An ONNX file, or the name of a model of the catalogue that was pulled; the embedded one by default
    #[arg(long, value_name = "FILE|NAME")]
    model: Option<String>,
    /// How a file is fed and read: a family of the catalogue, or a model whose processing it shares
    #[arg(long, value_name = "NAME", default_value = "clearcut")]
    family: String,
    /// Side of a file's square input, where that is another than its family's
    #[arg(long, value_name = "PX")]
    side_px: Option<u32>,
    /// Feed and read it as another tool does
    #[arg(long, value_name = "TOOL", value_parser = ["rembg"])]
    compat: Option<String>,
}

impl ModelArguments {
    /// Loads the network.
    pub fn load(&self) -> Result<TractSegmenter> {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Ok(self.find()?.with_threads(threads)?)
    }

    fn find(&self) -> Result<TractSegmenter> {
        let Some(model) = &self.model else {
            return Ok(match self.compat {
                Some(_) => TractSegmenter::embedded_as(&rembg(ModelSpec::embedded())?),
                None => TractSegmenter::embedded(),
            });
        };
        let path = Path::new(model);
        if path.exists() {
            let name = path.file_stem().map_or(model.into(), |stem| stem.to_string_lossy());
            let mut spec = spec_of(&self.family, &name)?;
            if let Some(side_px) = self.side_px {
                spec.processing.input.size = InputSize::Square { side_px };
            }
            return Ok(TractSegmenter::from_file(path, &self.asked(spec)?)?);
        }
        let Some(spec) = Catalogue::builtin().model(model) else {
            bail!(
                "{model} is neither a file nor a model of the catalogue; `clearcut models list` shows those there are"
            );
        };
        let path = store()?.require_valid(spec)?;
        Ok(TractSegmenter::from_file(&path, &self.asked(spec.clone())?)?)
    }

    fn asked(&self, spec: ModelSpec) -> Result<ModelSpec> {
        if self.compat.is_some() { rembg(&spec) } else { Ok(spec) }
    }
}

/// The description for a file of a family, or like a model.
pub fn spec_of(family: &str, name: &str) -> Result<ModelSpec> {
    let catalogue = Catalogue::builtin();
    let known = || catalogue.model(family).map(|spec| ModelSpec { name: name.to_owned(), ..spec.clone() });
    catalogue.family(family, name).or_else(known).with_context(|| {
        let families: Vec<&str> = catalogue.families().map(|(name, _)| name).collect();
        format!("there is no family or model {family}; choose one of {}", families.join(", "))
    })
}

fn rembg(spec: &ModelSpec) -> Result<ModelSpec> {
    spec.as_rembg().with_context(|| format!("rembg does not run {}; leave --compat out", spec.name))
}

fn store() -> Result<ModelStore> {
    Ok(match std::env::var_os("CLEARCUT_MODELS_DIR") {
        Some(folder) => ModelStore::at(PathBuf::from(folder)),
        None => ModelStore::platform()?,
    })
}
