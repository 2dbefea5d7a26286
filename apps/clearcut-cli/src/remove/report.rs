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
    /// The result was there already.
    Skipped,
    /// There is none.
    Failed(Failure),
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
    failures: Vec<Exit>,
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
    code: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct ResultLine<'a> {
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
        Self { json, quiet, bar, started: Instant::now(), done: 0, from_cache: 0, skipped: 0, failures: Vec::new() }
    }

    /// One picture is over.
    pub fn tell(&mut self, task: &Task, outcome: &Outcome, elapsed: Duration) {
        match outcome {
            Outcome::Done(cutout) => {
                self.done += 1;
                self.from_cache += usize::from(matches!(cutout.source, Source::Cache(_)));
            }
            Outcome::Skipped => self.skipped += 1,
            Outcome::Failed(failure) => self.failures.push(failure.exit),
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
        self.failures.push(failure.exit);
        if self.json {
            self.json_line(input, None, &Outcome::Failed(failure), Duration::ZERO);
        } else {
            self.bar.suspend(|| eprintln!("clearcut: {input}: {failure}"));
        }
    }

    /// The last line, and the exit code.
    pub fn finish(self) -> Exit {
        self.bar.finish_and_clear();
        let total = self.done + self.skipped + self.failures.len();
        if total > 1 && !self.quiet && !self.json {
            eprintln!(
                "{} done ({} from the cache), {} skipped, {} failed in {:.1} s",
                self.done,
                self.from_cache,
                self.skipped,
                self.failures.len(),
                self.started.elapsed().as_secs_f64()
            );
        }
        Exit::of_all(self.failures)
    }

    fn line(&self, task: &Task, outcome: &Outcome, elapsed: Duration) {
        let Task { input, output, .. } = task;
        let text = match outcome {
            Outcome::Failed(failure) => format!("clearcut: {input}: {failure}"),
            _ if self.quiet => return,
            Outcome::Skipped => format!("{input}: {output} is there already, skipped"),
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
                ("failed", Some(ErrorLine { code: failure.code, message: &failure.message }), None)
            }
            Outcome::Done(cutout) => {
                let Cutout { bytes, media_type, width_px, height_px, foreground, key, source, timings, .. } = &**cutout;
                let (bytes, width_px, height_px, foreground, timings) =
                    (bytes.len(), *width_px, *height_px, *foreground, *timings);
                let line = ResultLine { bytes, media_type, width_px, height_px, foreground, key, source, timings };
                ("done", None, Some(line))
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
