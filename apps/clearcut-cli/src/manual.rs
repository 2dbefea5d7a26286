//! Completions and manual pages, made from the command line's own definition.

use std::{fs, io, path::Path};

use clap::CommandFactory;

use crate::{
    args::Cli,
    exit::{Exit, Failure},
};

pub fn completions(shell: clap_complete::Shell) -> Exit {
    clap_complete::generate(shell, &mut Cli::command(), "clearcut", &mut io::stdout());
    Exit::Done
}

pub fn pages(folder: &Path) -> Result<Exit, Failure> {
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| Failure::write(folder, &error))?;
    Ok(Exit::Done)
}
