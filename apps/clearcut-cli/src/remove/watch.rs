//! `--watch`: new pictures are done as they arrive.

use std::path::PathBuf;

use notify_debouncer_mini::{DebounceEventResult, new_debouncer, notify::RecursiveMode};
use tokio::sync::mpsc;

use crate::exit::{Exit, Failure};

use super::{Run, SETTLED, report::Reporter, tasks::Layout};

/// Watches the input folders until interrupted. A file is done once it has been left alone for a moment.
pub async fn run(inputs: &[PathBuf], layout: &Layout, work: &Run<'_>, reporter: &mut Reporter) -> Result<(), Failure> {
    let failure =
        |error: &dyn std::fmt::Display| Failure::new(Exit::Unreadable, "unwatchable", format!("cannot watch: {error}"));
    // Events name their files absolutely, whatever was watched; outputs are laid out by the names that were given.
    let mut folders: Vec<(&PathBuf, PathBuf)> = Vec::new();
    for folder in inputs.iter().filter(|input| input.is_dir()) {
        folders.push((folder, std::path::absolute(folder).map_err(|error| failure(&error))?));
    }
    if folders.is_empty() {
        return Err(Failure::usage("--watch needs a folder among the inputs"));
    }
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut watcher = new_debouncer(SETTLED, move |event: DebounceEventResult| {
        // The receiver is gone only when the program is ending.
        let _ = sender.send(event);
    })
    .map_err(|error| failure(&error))?;
    for (_, folder) in &folders {
        watcher.watcher().watch(folder, RecursiveMode::Recursive).map_err(|error| failure(&error))?;
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Some(event) = event else { return Ok(()) };
        let mut paths: Vec<PathBuf> =
            event.map_err(|error| failure(&error))?.into_iter().map(|event| event.path).collect();
        paths.sort();
        paths.dedup();
        let tasks = paths
            .iter()
            .filter(|path| path.is_file())
            .filter_map(|path| {
                let (given, inside) =
                    folders.iter().find_map(|(given, absolute)| Some((given, path.strip_prefix(absolute).ok()?)))?;
                layout.task_in_folder(&given.join(inside), given)
            })
            .collect();
        work.do_all(tasks, reporter).await;
    }
}
