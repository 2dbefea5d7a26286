//! The middle of several runs, which one slow run does not move.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// The median; of an even number the lower of the two in the middle, so that it is a run that took place.
///
/// # Panics
///
/// Without a single figure.
pub fn median(mut figures: Vec<f64>) -> f64 {
    assert!(!figures.is_empty(), "a median needs a figure");
    figures.sort_by(f64::total_cmp);
    figures[(figures.len() - 1) / 2]
}

/// Milliseconds with their fraction.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Runs the work `runs` times and answers the median time in milliseconds.
pub fn median_of<T>(runs: usize, mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let timed = |_| {
        let start = Instant::now();
        let made = work()?;
        let took = milliseconds(start.elapsed());
        drop(made);
        Ok(took)
    };
    (0..runs).map(timed).collect::<Result<Vec<f64>>>().map(median)
}

/// The same in processor time of this whole process, which other programs on the machine hardly move.
pub fn median_processor_of<T>(runs: usize, mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let timed = |_| {
        let start = processor_ms()?;
        let made = work()?;
        let took = processor_ms()? - start;
        drop(made);
        Ok(took)
    };
    (0..runs).map(timed).collect::<Result<Vec<f64>>>().map(median)
}

/// Processor time of this process so far, the kernel's for it included.
fn processor_ms() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("the system tells no usage")?;
    Ok((usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_does_not_move_the_median() {
        assert!((median(vec![3.0, 900.0, 2.0]) - 3.0).abs() < f64::EPSILON);
        assert!((median(vec![3.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
