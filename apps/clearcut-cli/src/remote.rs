//! `clearcut remove --remote URL`: a server does the work, picture by picture, and a run that was cut off goes on.
//!
//! Each picture is handed in as a job of the server's batch line, followed, and fetched. A bounded number of them is
//! under way, so neither the server's line nor this machine's memory fills. The journal beside the results knows how
//! far each one is; it is removed once everything is done.

mod client;
mod jobs;
mod journal;
mod order;
mod patience;
mod picture;
mod problem;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use clearcut::Plan;
use futures::{StreamExt as _, stream};
use reqwest::Url;

use crate::{
    args::RemoveArgs,
    exit::{Exit, Failure},
    remove::{Outcome, Place, Reporter, Task, Unreadable},
};

use client::Server;
use jobs::Trouble;
use journal::{Journal, Stamp};
use order::Order;
use patience::Patience;
use picture::{Beginning, Works};

/// Pictures under way at once, where --jobs does not say otherwise.
const PICTURES_AT_ONCE: usize = 16;

/// A picture that is to be done, and the job that an earlier run left of it.
type Item = (Task, Option<(String, Stamp)>);

/// Has the server at `address` do the tasks. `folder` is where their results go, if that is one folder.
pub async fn run(
    address: &Url,
    args: &RemoveArgs,
    plan: &Plan,
    folder: Option<&Path>,
    tasks: Vec<Task>,
    unreadable: Unreadable,
) -> Result<Exit, Failure> {
    refuse_model(args)?;
    let mut reporter = Reporter::new(tasks.len(), args.json, args.quiet).going_on();
    let patience = Patience::new(Duration::from_secs(args.remote.patience_s), reporter.bar(), args.quiet);
    let server = Server::new(address, args.remote.api_key.as_ref(), patience)?;
    let order = Order::new(&args.plan, plan)?;
    let journal = match journal_folder(args, folder) {
        Some(folder) => Some((folder.clone(), Arc::new(Mutex::new(Journal::open(&folder)?)))),
        None => None,
    };
    for (path, failure) in unreadable {
        reporter.tell_unreadable(&Place::File(path), failure);
    }
    let works = Works { server, order, journal };
    let items = begin(&works, args, tasks, &mut reporter);
    // Rate and estimate are about pictures that are worked on.
    reporter.bar().reset_eta();
    let left = do_all(&works, args, items, &mut reporter).await;

    let exit = reporter.finish();
    if let Some((pictures, failure)) = left {
        if !args.quiet {
            eprintln!("{pictures} pictures are not done yet; the same command goes on with them");
        }
        return Err(failure);
    }
    if let (Exit::Done, Some((_, journal))) = (exit, works.journal)
        && let Some(journal) = Arc::into_inner(journal)
    {
        journal.into_inner().unwrap_or_else(PoisonError::into_inner).remove()?;
    }
    Ok(exit)
}

/// Sorts out what needs no work, and tells it.
fn begin(works: &Works, args: &RemoveArgs, tasks: Vec<Task>, reporter: &mut Reporter) -> Vec<Item> {
    let mut items = Vec::new();
    for task in tasks {
        match works.beginning(&task, args.existing()) {
            Ok(Beginning::Anew) => items.push((task, None)),
            Ok(Beginning::Job(job_id, stamp)) => items.push((task, Some((job_id, stamp)))),
            Ok(Beginning::Finished) => reporter.tell_earlier(&task),
            Ok(Beginning::Skipped) => reporter.tell(&task, &Outcome::Skipped, Duration::ZERO),
            Err(failure) => reporter.tell(&task, &Outcome::Failed(failure), Duration::ZERO),
        }
    }
    // What the server has already goes first: it may be done, and is not kept for ever.
    items.sort_by_key(|(_, job)| job.is_none());
    items
}

/// Brings pictures to their ends; or, if the run must end before, how many are left and why.
async fn do_all(
    works: &Works,
    args: &RemoveArgs,
    items: Vec<Item>,
    reporter: &mut Reporter,
) -> Option<(usize, Failure)> {
    let mut left = items.len();
    let at_once = args.engine.jobs.map_or(PICTURES_AT_ONCE, std::num::NonZero::get);
    let mut outcomes = stream::iter(items)
        .map(|(task, job)| async move {
            let started = Instant::now();
            let outcome = works.bring(&task, job).await;
            (task, outcome, started.elapsed())
        })
        .buffer_unordered(at_once);
    while let Some((task, outcome, elapsed)) = outcomes.next().await {
        match outcome {
            Ok(outcome) => reporter.tell(&task, &outcome, elapsed),
            Err(Trouble::Picture(failure)) => reporter.tell(&task, &Outcome::Failed(failure), elapsed),
            Err(Trouble::Run(failure)) => return Some((left, failure)),
        }
        left -= 1;
    }
    None
}

/// The folder of the journal: that of the results, or the first among the inputs that they stand beside. There is none
/// for one picture alone, which is done again as fast.
fn journal_folder(args: &RemoveArgs, folder: Option<&Path>) -> Option<PathBuf> {
    let beside = || match &*args.inputs {
        [input] => Some(input.as_path()).filter(|input| input.is_dir()),
        inputs => inputs.iter().find_map(|input| if input.is_dir() { Some(input.as_path()) } else { input.parent() }),
    };
    folder.or_else(beside).map(Path::to_owned)
}

/// Nobody shall believe in a model that was never asked.
fn refuse_model(args: &RemoveArgs) -> Result<(), Failure> {
    // In the environment it is meant for work on this machine.
    if args.engine.model.is_some() && args.engine.model != std::env::var("CLEARCUT_MODEL").ok() {
        return Err(Failure::usage("--remote and --model exclude each other: the server has a model of its own"));
    }
    Ok(())
}
