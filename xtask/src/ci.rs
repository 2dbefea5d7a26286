//! `cargo xtask ci`: everything a change must pass, in one run.
//!
//! Every build takes the whole workspace with all its targets, so that Cargo resolves one set of features and compiles
//! each dependency once for checking and once for running.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

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

/// The chore. A step that fails does not stop the others; the last line is the sum of all tests.
pub fn run() -> ExitCode {
    let mut tally = Tally::default();
    let mut reports = Vec::new();
    let mut step = |name: &'static str, work: &mut dyn FnMut() -> Result<Verdict>| {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let verdict = work().unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        reports.push(Report { step: name, took: start.elapsed(), verdict });
    };

    step("format", &mut || passed(process::run(&mut process::cargo(["fmt", "--all", "--check"]))));
    step("tidy", &mut || passed(tidy::run()));
    step("clippy", &mut || {
        let words = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
        passed(process::run(&mut process::cargo(words)))
    });
    step("test", &mut || {
        let browser = browser::ready().then_some(("CLEARCUT_REQUIRE_BROWSER", "1"));
        let outcome = test::suite(&["--locked".to_owned()], browser)?;
        tally = outcome.tally;
        ensure!(outcome.success, "{tally}; cargo test did not succeed");
        Ok(Verdict::Passed)
    });
    step("doc", &mut || passed(document()));
    step("deny", &mut || {
        Ok(match deny::run()? {
            deny::Outcome::Checked => Verdict::Passed,
            deny::Outcome::Skipped(why) => Verdict::Skipped(why),
        })
    });
    step("deploy", &mut || {
        Ok(match deploy::run(true)? {
            deploy::Outcome::Checked => Verdict::Passed,
            deploy::Outcome::Skipped(why) => Verdict::Skipped(why),
        })
    });

    print!("{}", table(&reports));
    println!("{tally}");
    let failed = reports.iter().any(|report| matches!(report.verdict, Verdict::Failed(_)));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn passed(result: Result<()>) -> Result<Verdict> {
    result.map(|()| Verdict::Passed)
}

/// `--examples` asks for the development dependencies too, and with them for the features that the other steps built.
fn document() -> Result<()> {
    let words = ["doc", "--locked", "--workspace", "--no-deps", "--lib", "--bins", "--examples"];
    process::run(process::cargo(words).env("RUSTDOCFLAGS", "-D warnings"))
}

fn table(reports: &[Report]) -> String {
    let line = |Report { step, took, verdict }: &Report| {
        let verdict = match verdict {
            Verdict::Passed => "ok".to_owned(),
            Verdict::Skipped(why) => format!("SKIPPED: {why}"),
            Verdict::Failed(why) => format!("FAILED: {why}"),
        };
        format!("{step:<8} {:>7.1}  {verdict}\n", took.as_secs_f64())
    };
    let lines: String = reports.iter().map(line).collect();
    let total: Duration = reports.iter().map(|report| report.took).sum();
    format!("\nstep     seconds  result\n{lines}{:<8} {:>7.1}\n", "all", total.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_step_its_time_and_its_result() {
        let report = |step, seconds, verdict| Report { step, took: Duration::from_secs_f64(seconds), verdict };
        let table = table(&[
            report("format", 0.52, Verdict::Passed),
            report("deny", 3.0, Verdict::Skipped("no network".to_owned())),
            report("test", 61.0, Verdict::Failed("2 failed".to_owned())),
        ]);
        let expected = "\nstep     seconds  result\n\
                        format       0.5  ok\n\
                        deny         3.0  SKIPPED: no network\n\
                        test        61.0  FAILED: 2 failed\n\
                        all         64.5\n";
        assert_eq!(table, expected);
    }
}
