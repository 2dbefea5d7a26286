//! Log lines on standard error and in a file, and traces to a collector.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use anyhow::Context as _;
use tracing::Level;
use tracing_appender::{
    non_blocking::{NonBlocking, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{
    Layer, Registry, filter::Targets, fmt, fmt::writer::MakeWriterExt as _, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use super::traces::Traces;
use crate::settings::SeeingSettings;

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Keeps the log's writers alive; flushes them when dropped, the traces first.
#[derive(Debug)]
#[must_use = "what was logged last is written when this is dropped"]
pub struct LogGuard {
    _traces: Option<Traces>,
    _writers: Vec<WorkerGuard>,
}

/// Starts logging as the settings say. Once a process.
///
/// Lines are written by threads of their own: a terminal or a disk that hangs holds up no request.
///
/// # Errors
///
/// The log file cannot be written, or something in this process logs already.
pub fn start(settings: &SeeingSettings) -> anyhow::Result<LogGuard> {
    let mut layers = Vec::new();
    let mut writers = Vec::new();
    // What is said about starting workers is said by us, and the exporter's own troubles are told by `traces`.
    let logged = format!("actix_server=warn,opentelemetry=off,{}", settings.log_level);
    let logged: Targets = logged.parse().context("seeing.log_level")?;
    let mut seen = logged.clone();
    let (terminal, guard) = tracing_appender::non_blocking(io::stderr());
    layers.push(lines(settings, &logged, terminal, io::stderr().is_terminal()));
    writers.push(guard);
    if let Some(path) = &settings.log_file {
        let (file, guard) = tracing_appender::non_blocking(rolling(path, settings.log_files_kept)?);
        layers.push(lines(settings, &logged, file, false));
        writers.push(guard);
    }
    let traces = settings.otlp_endpoint.as_deref().map(Traces::start).transpose().context("seeing.otlp_endpoint")?;
    if let Some(traces) = &traces {
        layers.push(traces.layer());
        // Requests are traced whatever the log's level is.
        seen = seen.with_target("clearcut", Level::INFO).with_target("clearcut::stage", Level::DEBUG);
    }
    tracing_subscriber::registry().with(layers).with(seen).try_init().context("cannot start logging")?;
    Ok(LogGuard { _traces: traces, _writers: writers })
}

/// Filtered by its writer. A filter of the layer's own would lose the next line of a thread on which a library, such as
/// sqlx, has asked whether a line was wanted and heard no: tracing-subscriber keeps that answer for the next event.
fn lines(settings: &SeeingSettings, logged: &Targets, writer: NonBlocking, colors: bool) -> BoxedLayer {
    let logged = logged.clone();
    let writer = writer.with_filter(move |line| logged.would_enable(line.target(), line.level()));
    let layer = fmt::layer().with_writer(writer).with_ansi(colors);
    if settings.log_json { layer.json().flatten_event(true).with_span_list(false).boxed() } else { layer.boxed() }
}

/// A file that is turned over daily (UTC), `server.log.2026-11-20`, with a link `server.log` to the newest.
fn rolling(path: &Path, kept: usize) -> anyhow::Result<RollingFileAppender> {
    let name = path.file_name().with_context(|| format!("{} is no file name", path.display()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = name.to_string_lossy().into_owned();
    let mut builder =
        RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix(&name).max_log_files(kept);
    // A file that is there already is somebody's log: the link must not replace it.
    if path.is_symlink() || !path.exists() {
        builder = builder.latest_symlink(name);
    }
    builder.build(folder).with_context(|| format!("cannot write {}", path.display()))
}
