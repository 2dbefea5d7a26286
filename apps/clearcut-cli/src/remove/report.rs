//! What the user is told about each picture, and at the end.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use clearcut::{Cutout, Foreground, Source, Timings};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::exit::{Exit, Failure};

use super::tasks::{Place, Task};

/// What became of one picture.
#[derive(Debug)]
pub enum Outcome {
    /// The result is written.
    Done(Box<Cutout>),
    /// The result, which a server made, is written.
    Fetched(Fetched),
    /// The result was there already.
    Skipped,
    /// There is none.
    Failed(Failure),
}

/// A result that a server made.
#[derive(Debug, Serialize)]
pub struct Fetched {
    /// Length of the file.
    pub bytes: usize,
    /// Such as `image/png`.
    pub media_type: String,
    /// Its width, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Its height, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// The server's cache key, where it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The server's name of the work.
    pub job_id: String,
}

/// Tells about pictures as they are done: a line each, JSON lines on request, a bar on a terminal.
#[derive(Debug)]
pub struct Reporter {
    json: bool,
    quiet: bool,
    bar: ProgressBar,
    started: Instant,
    done: usize,
    from_cache: usize,
    skipped: usize,
    /// What a run before this one finished; `None` where work is not gone on with.
    earlier: Option<usize>,
    failures: Vec<(String, Failure)>,
}

#[derive(Serialize)]
struct Line<'a> {
    input: String,
    output: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    result: Option<ResultLine<'a>>,
    elapsed_ms: f64,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ResultLine<'a> {
    Made(MadeLine<'a>),
    Fetched(&'a Fetched),
}

#[derive(Serialize)]
struct MadeLine<'a> {
    bytes: usize,
    media_type: &'a str,
    width_px: u32,
    height_px: u32,
    foreground: Foreground,
    key: &'a str,
    source: &'a Source,
    timings: Timings,
}

impl Reporter {
    /// For `total` pictures; a bar is shown where there are several and somebody is looking.
    pub fn new(total: usize, json: bool, quiet: bool) -> Self {
        let bar = if total > 1 && !quiet && !json && io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} eta {eta}  {msg}");
            ProgressBar::new(total as u64).with_style(style.expect("the template is well formed"))
        } else {
            ProgressBar::hidden()
        };
        Self {
            json,
            quiet,
            bar,
            started: Instant::now(),
            done: 0,
            from_cache: 0,
            skipped: 0,
            earlier: None,
            failures: Vec::new(),
        }
    }

    /// For a run that goes on where another one ended; failures are listed again at the end.
    #[must_use]
    pub fn going_on(self) -> Self {
        Self { earlier: Some(0), ..self }
    }

    /// The bar, for whoever has something else to say.
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// One picture was done by an earlier run. Rate and estimate are of this one.
    pub fn tell_earlier(&mut self, task: &Task) {
        self.earlier = Some(self.earlier.unwrap_or_default() + 1);
        self.bar.dec_length(1);
        if self.json {
            self.json_line(&task.input, Some(&task.output), &Outcome::Skipped, Duration::ZERO);
        }
    }

    /// One picture is over.
    pub fn tell(&mut self, task: &Task, outcome: &Outcome, elapsed: Duration) {
        match outcome {
            Outcome::Done(cutout) => {
                self.done += 1;
                self.from_cache += usize::from(matches!(cutout.source, Source::Cache(_)));
            }
            Outcome::Fetched(_) => self.done += 1,
            Outcome::Skipped => self.skipped += 1,
            Outcome::Failed(failure) => self.failures.push((task.input.to_string(), failure.clone())),
        }
        self.bar.inc(1);
        if self.json {
            self.json_line(&task.input, Some(&task.output), outcome, elapsed);
        } else {
            self.line(task, outcome, elapsed);
        }
    }

    /// An input that could not even be looked at.
    pub fn tell_unreadable(&mut self, input: &Place, failure: Failure) {
        self.failures.push((input.to_string(), failure.clone()));
        if self.json {
            self.json_line(input, None, &Outcome::Failed(failure), Duration::ZERO);
        } else {
            self.bar.suspend(|| eprintln!("clearcut: {input}: {failure}"));
        }
    }

    /// The last line, and the exit code.
    pub fn finish(self) -> Exit {
        self.bar.finish_and_clear();
        let earlier = self.earlier.unwrap_or_default();
        let total = self.done + self.skipped + earlier + self.failures.len();
        if total > 1 && !self.quiet && !self.json {
            let done = match self.earlier {
                None => format!("{} done ({} from the cache)", self.done, self.from_cache),
                Some(0) => format!("{} done", self.done),
                Some(earlier) => format!("{} done, {earlier} by an earlier run", self.done),
            };
            eprintln!(
                "{done}, {} skipped, {} failed in {:.1} s",
                self.skipped,
                self.failures.len(),
                self.started.elapsed().as_secs_f64()
            );
            // Among thousands of lines nobody finds the few that matter.
            if self.earlier.is_some() && !self.failures.is_empty() {
                eprintln!("failed:");
                for (input, failure) in &self.failures {
                    eprintln!("  {input}: {failure}");
                }
            }
        }
        Exit::of_all(self.failures.iter().map(|(_, failure)| failure.exit))
    }

    fn line(&self, task: &Task, outcome: &Outcome, elapsed: Duration) {
        let Task { input, output, .. } = task;
        let text = match outcome {
            Outcome::Failed(failure) => format!("clearcut: {input}: {failure}"),
            _ if self.quiet => return,
            Outcome::Skipped => format!("{input}: {output} is there already, skipped"),
            Outcome::Fetched(Fetched { bytes, width_px, height_px, .. }) => {
                let size = match (width_px, height_px) {
                    (Some(width_px), Some(height_px)) => format!("{width_px}x{height_px}"),
                    _ => format!("{bytes} bytes"),
                };
                format!("{input} -> {output}  {size}, by the server, {:.0} ms", elapsed.as_secs_f64() * 1e3)
            }
            Outcome::Done(cutout) => {
                let Cutout { width_px, height_px, foreground, source, .. } = &**cutout;
                let from = match source {
                    Source::Cache(tier) => format!("from the {tier} cache"),
                    Source::Joined => "shared with another request".to_owned(),
                    _ => format!("the subject covers {:.0} %", foreground.coverage * 100.0),
                };
                format!("{input} -> {output}  {width_px}x{height_px}, {from}, {:.0} ms", elapsed.as_secs_f64() * 1e3)
            }
        };
        self.bar.suspend(|| eprintln!("{text}"));
    }

    fn json_line(&self, input: &Place, output: Option<&Place>, outcome: &Outcome, elapsed: Duration) {
        let (status, error, result) = match outcome {
            Outcome::Skipped => ("skipped", None, None),
            Outcome::Failed(failure) => {
                ("failed", Some(ErrorLine { code: &failure.code, message: &failure.message }), None)
            }
            Outcome::Fetched(fetched) => ("done", None, Some(ResultLine::Fetched(fetched))),
            Outcome::Done(cutout) => {
                let Cutout { bytes, media_type, width_px, height_px, foreground, key, source, timings, .. } = &**cutout;
                let (bytes, width_px, height_px, foreground, timings) =
                    (bytes.len(), *width_px, *height_px, *foreground, *timings);
                let line = MadeLine { bytes, media_type, width_px, height_px, foreground, key, source, timings };
                ("done", None, Some(ResultLine::Made(line)))
            }
        };
        let line = Line {
            input: input.to_string(),
            output: output.map(ToString::to_string),
            status,
            error,
            result,
            elapsed_ms: (elapsed.as_secs_f64() * 1e6).round() / 1e3,
        };
        let text = serde_json::to_string(&line).expect("a report line is plain data");
        self.bar.suspend(|| {
            // A reader that has gone away (a closed pipe) does not stop the work.
            let _ = writeln!(io::stdout(), "{text}");
        });
    }
}
