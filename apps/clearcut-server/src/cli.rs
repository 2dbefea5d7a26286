//! The command line of `clearcut-server`.

mod config;
mod jobs;
pub mod keys;
mod openapi;
mod serve;
mod worker;

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::settings::{Loaded, Settings, SettingsError, Sources};

/// Wrong arguments or settings; clap's own status for the former.
const USAGE: u8 = 2;

/// Removes image backgrounds over HTTP.
#[derive(Debug, Parser)]
#[command(name = "clearcut-server", version, arg_required_else_help = false)]
struct Cli {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Settings of the command line, over those of the environment and the file.
#[derive(Debug, Args)]
struct SettingsArgs {
    /// TOML file with settings
    #[arg(long, global = true, value_name = "FILE", help = "TOML file with settings [env: CLEARCUT_CONFIG]")]
    config: Option<PathBuf>,
    /// Address to listen on: `listen.host`
    #[arg(long, global = true, value_name = "ADDRESS")]
    host: Option<String>,
    /// Port to listen on: `listen.port`
    #[arg(long, global = true, value_name = "PORT")]
    port: Option<String>,
    /// Any setting, such as `cache.ttl=2h`; `config reference` lists them
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until told to stop (the default)
    Serve(serve::ServeArgs),
    /// Work on jobs until told to stop, and serve nothing
    Worker,
    /// Show how many jobs are where, and put given-up ones in line again
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Add, list and revoke API keys
    Keys(keys::KeysArgs),
    /// Check and show settings
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Show the API's description, as served at `/openapi.json`
    Openapi,
}

/// Runs the command line `args`, program name first, and says how the process shall end: 0 well, 1 the server cannot
/// start or broke, 2 wrong arguments or settings.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Cli { settings, command } = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and versions are answers too, to standard output; a closed pipe is nobody's trouble.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(USAGE));
        }
    };
    let sources = settings.sources(std::env::vars_os().collect());
    let ended = match command.unwrap_or_else(|| Command::Serve(serve::ServeArgs::default())) {
        Command::Serve(args) => load(&sources).and_then(|loaded| serve::run(loaded, &args)),
        Command::Worker => load(&sources).and_then(worker::run),
        Command::Jobs(command) => load(&sources).and_then(|loaded| command.run(&loaded.settings)),
        Command::Keys(args) => load(&sources).and_then(|loaded| keys::run(args, &loaded.settings)),
        Command::Config(command) => command.run(&sources),
        Command::Openapi => openapi::run(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clearcut-server: {error:#}");
            if error.is::<SettingsError>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

/// Writes `text` to standard output; somebody who stops reading is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn load(sources: &Sources) -> anyhow::Result<Loaded> {
    Ok(Settings::load(sources)?)
}

impl SettingsArgs {
    fn sources(self, environment: Vec<(OsString, OsString)>) -> Sources {
        let named = || {
            let named =
                |(name, value): &&(OsString, OsString)| name == OsStr::new("CLEARCUT_CONFIG") && !value.is_empty();
            environment.iter().find(named).map(|(_, path)| PathBuf::from(path))
        };
        let file = self.config.or_else(named);
        let shorthands = [("listen.host", self.host), ("listen.port", self.port)];
        let shorthands = shorthands.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Sources { file, flags: self.set.into_iter().chain(shorthands).collect(), environment }
    }
}

fn assignment(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
