//! `cargo xtask ci`: everything a change must pass, in one run.
//!
//! Every build takes the whole workspace with all its targets, so that Cargo resolves one set of features and compiles
//! each dependency once for checking and once for running.

use std::process::{Command, ExitCode};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::tally::Tally;
use crate::{browser, deny, deploy, process, test, tidy};

/// What became of one step.
#[derive(Debug)]
enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

#[derive(Debug)]
struct Report {
    step: &'static str,
    took: Duration,
    verdict: Verdict,
}

impl Report {
    fn of(step: &'static str, work: impl FnOnce() -> Result<Verdict>) -> Self {
        let start = Instant::now();
        let verdict = work().unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        Self { step, took: start.elapsed(), verdict }
    }
}

/// The chore. A step that fails does not stop the others; the last line is the sum of all tests.
pub fn run() -> ExitCode {
    let start = Instant::now();
    let mut tally = Tally::default();
    let mut beside = None;
    let mut reports = vec![
        shown("format", || passed(process::run(&mut process::cargo(["fmt", "--all", "--check"])))),
        shown("tidy", || passed(tidy::run())),
        shown("test", || {
            let browser = browser::ready().then_some(("CLEARCUT_REQUIRE_BROWSER", "1"));
            let outcome = test::suite(&["--locked".to_owned()], browser, || beside = Some(Lints::start()))?;
            tally = outcome.tally;
            ensure!(outcome.success, "{tally}; cargo test did not succeed");
            Ok(Verdict::Passed)
        }),
    ];
    // A suite that does not compile has started none.
    reports.extend(beside.unwrap_or_else(Lints::start).finish());
    reports.push(shown("deny", || {
        Ok(match deny::run()? {
            deny::Outcome::Checked => Verdict::Passed,
            deny::Outcome::Skipped(why) => Verdict::Skipped(why),
        })
    }));
    reports.push(shown("deploy", || {
        Ok(match deploy::run(true)? {
            deploy::Outcome::Checked => Verdict::Passed,
            deploy::Outcome::Skipped(why) => Verdict::Skipped(why),
        })
    }));

    print!("{}", table(&reports, start.elapsed()));
    println!("{tally}");
    let failed = reports.iter().any(|report| matches!(report.verdict, Verdict::Failed(_)));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn shown(step: &'static str, work: impl FnOnce() -> Result<Verdict>) -> Report {
    eprintln!("\n== {step}");
    Report::of(step, work)
}

fn passed(result: Result<()>) -> Result<Verdict> {
    result.map(|()| Verdict::Passed)
}

/// Clippy and the documentation, which take what the running tests leave of the processor: those wait for servers,
/// clocks and disks a good half of their time.
struct Lints(JoinHandle<Vec<(Report, Vec<u8>)>>);

impl Lints {
    fn start() -> Self {
        Self(thread::spawn(|| {
            let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
            // `--examples` asks for the development dependencies too, and with them for the features that the other
            // steps built.
            let doc = ["doc", "--locked", "--workspace", "--no-deps", "--lib", "--bins", "--examples"];
            vec![
                kept("clippy", &mut process::patient_cargo(clippy)),
                kept("doc", process::patient_cargo(doc).env("RUSTDOCFLAGS", "-D warnings")),
            ]
        }))
    }

    /// Waits for both, and shows what they said.
    fn finish(self) -> Vec<Report> {
        let finished = self.0.join().expect("a step does not panic");
        let show = |(report, said): (Report, Vec<u8>)| {
            eprintln!("\n== {}\n{}", report.step, String::from_utf8_lossy(&said));
            report
        };
        finished.into_iter().map(show).collect()
    }
}

/// Runs a command, and keeps what it says for later.
fn kept(step: &'static str, command: &mut Command) -> (Report, Vec<u8>) {
    let mut said = Vec::new();
    let report = Report::of(step, || {
        let output = command.output().with_context(|| format!("cannot start {step}"))?;
        said = output.stderr;
        said.extend(output.stdout);
        ensure!(output.status.success(), "{step} ended with {}", output.status);
        Ok(Verdict::Passed)
    });
    (report, said)
}

/// Each step, and what all of them took together: some run side by side.
fn table(reports: &[Report], all: Duration) -> String {
    let line = |Report { step, took, verdict }: &Report| {
        let verdict = match verdict {
            Verdict::Passed => "ok".to_owned(),
            Verdict::Skipped(why) => format!("SKIPPED: {why}"),
            Verdict::Failed(why) => format!("FAILED: {why}"),
        };
        format!("{step:<8} {:>7.1}  {verdict}\n", took.as_secs_f64())
    };
    let lines: String = reports.iter().map(line).collect();
    format!("\nstep     seconds  result\n{lines}{:<8} {:>7.1}\n", "all", all.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_step_its_time_and_its_result() {
        let report = |step, seconds, verdict| Report { step, took: Duration::from_secs_f64(seconds), verdict };
        let reports = [
            report("format", 0.52, Verdict::Passed),
            report("deny", 3.0, Verdict::Skipped("no network".to_owned())),
            report("test", 61.0, Verdict::Failed("2 failed".to_owned())),
        ];
        let table = table(&reports, Duration::from_secs(63));
        let expected = "\nstep     seconds  result\n\
                        format       0.5  ok\n\
                        deny         3.0  SKIPPED: no network\n\
                        test        61.0  FAILED: 2 failed\n\
                        all         63.0\n";
        assert_eq!(table, expected);
    }
}
