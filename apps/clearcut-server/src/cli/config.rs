//! `clearcut-server config`: checks and shows settings.

use clap::Subcommand;

use super::{load, print};
use crate::settings::{Settings, Sources, reference};

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read all settings and say whether they fit together
    Check,
    /// Show all settings, with secrets hidden
    Print {
        /// Those of a server that nobody configured
        #[arg(long)]
        defaults: bool,
        /// As JSON instead of TOML
        #[arg(long)]
        json: bool,
    },
    /// Show the reference of all settings, in Markdown
    Reference,
}

impl ConfigCommand {
    pub(super) fn run(&self, sources: &Sources) -> anyhow::Result<()> {
        let text = match self {
            Self::Check => check(sources)?,
            Self::Print { defaults, json } => {
                let settings = if *defaults { Settings::default() } else { load(sources)?.settings };
                if *json { format!("{:#}\n", settings.to_json()) } else { settings.to_toml() }
            }
            Self::Reference => reference(),
        };
        print(&text)
    }
}

fn check(sources: &Sources) -> anyhow::Result<String> {
    let loaded = load(sources)?;
    let file = match &sources.file {
        Some(path) => format!("{}, the environment and the command line", path.display()),
        None => "the environment and the command line".to_owned(),
    };
    let verdict = format!("ok: the settings of {file} fit together");
    let lines = loaded.notices.iter().map(|notice| format!("note: {notice}")).chain([verdict, String::new()]);
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
