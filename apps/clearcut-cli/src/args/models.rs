//! The options of `clearcut models`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// List, show, fetch and check models.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Folder of the models; the platform's cache folder by default.
    #[arg(long, env = "CLEARCUT_MODELS_DIR", value_name = "FOLDER", global = true)]
    pub models_dir: Option<PathBuf>,
    /// Models of your own beside those of the catalogue, as a TOML file in its form.
    #[arg(long, env = "CLEARCUT_CATALOGUE", value_name = "FILE", global = true)]
    pub catalogue: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: ModelsCommand,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the catalogue.
    List {
        /// Only models whose licence allows commercial use.
        #[arg(long)]
        commercial_only: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show everything about a model.
    Show {
        /// Its name in the catalogue.
        name: String,
    },
    /// Fetch a model, or go on with a fetch that was cut off.
    Pull {
        /// Its name in the catalogue.
        name: String,
        /// Refuse a model whose licence forbids commercial use.
        #[arg(long)]
        commercial_only: bool,
    },
    /// Check the digests of the models that are here.
    Verify {
        /// Only this one.
        name: Option<String>,
    },
    /// Print the folder of the models, or the file of one.
    Path {
        /// Its name in the catalogue.
        name: Option<String>,
    },
}
