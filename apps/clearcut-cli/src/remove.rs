//! `clearcut remove`: files and folders in, cut-outs out.

mod report;
mod tasks;
mod watch;
mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clearcut::{Engine, Plan, plan::Format};
use futures::{StreamExt, stream};

use crate::{
    args::{EngineArgs, Existing, PlanArgs, RemoveArgs},
    exit::{Exit, Failure},
    remote, wire,
};

pub use report::{Fetched, Outcome, Reporter};
pub use tasks::{Layout, Place, Task, Unreadable};
pub use write::{write, write_durably};

/// Does what the options say and reports each picture.
pub async fn run(args: RemoveArgs) -> Result<Exit, Failure> {
    if args.json && args.output.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage("--json and -o - both want standard output; name a file with -o"));
    }
    let plan = plan(&args.plan, args.output.as_deref())?;
    let layout = Layout::new(&args.inputs, args.output.as_deref(), plan.format, args.recursive)?;
    let (tasks, unreadable) = layout.tasks(&args.inputs)?;
    if tasks.is_empty() && unreadable.is_empty() && !args.watch {
        let way_out = if args.recursive { "" } else { "; --recursive looks into folders of folders" };
        return Err(Failure::new(Exit::Missing, "missing_input", format!("no pictures found{way_out}")));
    }
    if let Some(server) = &args.remote.server {
        return remote::run(server, &args, &plan, layout.folder(), tasks, unreadable).await;
    }

    let works = wire::works(&args.engine).await?;
    let mut reporter = Reporter::new(tasks.len(), args.json, args.quiet);
    for (path, failure) in unreadable {
        reporter.tell_unreadable(&Place::File(path), failure);
    }
    let run = Run { engine: &works.engine, plan: Arc::new(plan), existing: args.existing() };
    run.do_all(tasks, &mut reporter).await;
    if args.watch {
        watch::run(&args.inputs, &layout, &run, &mut reporter).await?;
    }
    works.finish().await;
    Ok(reporter.finish())
}

/// Does every picture of a folder and its folders, and keeps the results in the cache alone.
pub async fn warm(folder: PathBuf, plan_args: &PlanArgs, engine: &EngineArgs) -> Result<Exit, Failure> {
    let plan = Arc::new(plan(plan_args, None)?);
    let inputs = [folder];
    let (tasks, unreadable) = Layout::new(&inputs, None, plan.format, true)?.tasks(&inputs)?;
    let works = wire::works(engine).await?;
    let mut reporter = Reporter::new(tasks.len(), false, false);
    for (path, failure) in unreadable {
        reporter.tell_unreadable(&Place::File(path), failure);
    }
    let tasks = tasks.into_iter().map(|task| Task { output: Place::Cache, ..task }).collect();
    Run { engine: &works.engine, plan, existing: Existing::Refuse }.do_all(tasks, &mut reporter).await;
    works.finish().await;
    Ok(reporter.finish())
}

/// The plan of the options; the output's name may choose the format.
pub fn plan(args: &PlanArgs, output: Option<&Path>) -> Result<Plan, Failure> {
    let mut plan = args.plan.clone();
    if let Some(format) = output.and_then(tasks::format_of) {
        if args.format_given && plan.format != format && plan.format != Format::Auto {
            let (name, chosen) = (output.unwrap_or(Path::new("")).display(), plan.format);
            return Err(Failure::usage(format!("{name} is the name of a {format} file, but --format says {chosen}")));
        }
        if !args.format_given {
            plan.format = format;
        }
    }
    if let Some(path) = &args.background_image {
        let bytes = fs::read(path).map_err(|error| {
            let failure = Failure::read(&error);
            Failure { message: format!("{}: {}", path.display(), failure.message), ..failure }
        })?;
        plan.set_background_image(bytes);
    }
    plan.check().map_err(|error| Failure::usage(error.to_string()))?;
    Ok(plan)
}

/// What every task needs.
struct Run<'a> {
    engine: &'a Engine,
    plan: Arc<Plan>,
    existing: Existing,
}

impl Run<'_> {
    /// As many at once as the engine works on; one failure does not stop the others.
    async fn do_all(&self, tasks: Vec<Task>, reporter: &mut Reporter) {
        let mut outcomes = stream::iter(tasks)
            .map(|task| async move {
                let started = Instant::now();
                let outcome = self.do_one(&task).await.unwrap_or_else(Outcome::Failed);
                (task, outcome, started.elapsed())
            })
            .buffer_unordered(self.engine.threads());
        while let Some((task, outcome, elapsed)) = outcomes.next().await {
            reporter.tell(&task, &outcome, elapsed);
        }
    }

    async fn do_one(&self, task: &Task) -> Result<Outcome, Failure> {
        if task.is_skipped(self.existing)? {
            return Ok(Outcome::Skipped);
        }
        let input = task.input.clone();
        let bytes = blocking(move || read(&input)).await?;
        let cutout = self.engine.remove(bytes, &self.plan).await?;
        let (output, bytes) = (task.output.clone(), cutout.bytes.clone());
        blocking(move || write(&output, &bytes)).await?;
        Ok(Outcome::Done(Box::new(cutout)))
    }
}

/// The bytes of a picture.
pub fn read(input: &Place) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    let result = match input {
        Place::Stream => io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes).map(drop),
        Place::File(path) => fs::read(path).map(|read| bytes = read),
        Place::Cache => unreachable!("nothing is read from the cache by its place"),
    };
    result.map(|()| bytes.into()).map_err(|error| Failure::read(&error))
}

/// Runs file work where it may block.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::new(Exit::Internal, "internal_error", error.to_string())))
}

/// How long a file must have been left alone before it is taken for complete.
const SETTLED: Duration = Duration::from_millis(400);
