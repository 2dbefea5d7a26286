//! When to try again, and when to stop: a server that is away, busy, or asks for a pause.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use indicatif::ProgressBar;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::{Instant, sleep_until};

use crate::exit::{Exit, Failure};

/// Pause before the second attempt where the server names none; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A server that has never answered is more often misspelt than away.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(15);
/// Where there is no bar, a trouble that comes and goes is not told each time.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// Which calls have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Every call: the server is away, or this key or address calls too often.
    All,
    /// New pictures alone: the server's line is full.
    NewPictures,
}

/// Shared by all calls of a run, so that what one is told holds for the others.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    bar: ProgressBar,
    quiet: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The last good answer, or the start of the run.
    good: Instant,
    /// Whether there was one.
    met: bool,
    /// Whether the bar shows a trouble.
    shown: bool,
    /// When a line was last said about one, where there is no bar.
    said: Option<Instant>,
    all_from: Instant,
    new_pictures_from: Instant,
}

impl Patience {
    /// Waits for up to `limit` between two good answers; the bar shows what is waited for.
    pub fn new(limit: Duration, bar: ProgressBar, quiet: bool) -> Self {
        let now = Instant::now();
        let state = State { good: now, met: false, shown: false, said: None, all_from: now, new_pictures_from: now };
        Self { limit, bar, quiet, state: Mutex::new(state) }
    }

    /// Waits until a call may be made.
    pub async fn pass(&self, call: Calls) {
        loop {
            let from = {
                let state = self.state();
                match call {
                    Calls::All => state.all_from,
                    Calls::NewPictures => state.all_from.max(state.new_pictures_from),
                }
            };
            // Somebody may be told to wait longer meanwhile.
            if from <= Instant::now() {
                return;
            }
            sleep_until(from).await;
        }
    }

    /// The server did what was asked of it.
    pub fn good(&self) {
        let mut state = self.state();
        (state.good, state.met) = (Instant::now(), true);
        if std::mem::take(&mut state.shown) {
            self.bar.set_message("");
        }
    }

    /// The server did not, because of `reason`: `calls` wait for the pause that it named, or one that grows with
    /// `attempt`, which counts from 0.
    ///
    /// # Errors
    ///
    /// That would be too long without a good answer: the run ends.
    pub fn pause(&self, calls: Calls, named: Option<Duration>, attempt: u32, reason: &str) -> Result<(), Failure> {
        let pause = named.unwrap_or_else(|| backoff(attempt));
        let mut state = self.state();
        let limit = if state.met || named.is_some() { self.limit } else { self.limit.min(PATIENCE_AT_FIRST) };
        let patience_ends = state.good + limit;
        let now = Instant::now();
        if pause > limit || now + pause > patience_ends {
            let message = match named {
                Some(pause) if pause > limit => format!(
                    "{reason}, and the server asks to come back in {} s; run the same command then, or wait with a \
                     longer --patience",
                    pause.as_secs()
                ),
                _ => format!("{reason}; run the same command later, or wait with a longer --patience"),
            };
            return Err(Failure::new(Exit::Server, "server_unavailable", message));
        }
        let from = match calls {
            Calls::All => &mut state.all_from,
            Calls::NewPictures => &mut state.new_pictures_from,
        };
        *from = (*from).max(now + pause);
        if !std::mem::replace(&mut state.shown, true) {
            self.bar.set_message(format!("waiting: {reason}"));
        }
        if !self.quiet && self.bar.is_hidden() && state.said.is_none_or(|said| now - said >= SAY_EVERY) {
            state.said = Some(now);
            eprintln!("clearcut: waiting: {reason}");
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause that an answer asks for, in seconds or as a date; `None` if it names none that can be read.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(text).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

fn backoff(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn patience(limit_s: u64) -> Patience {
        Patience::new(Duration::from_secs(limit_s), ProgressBar::hidden(), true)
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (text, expected) in [
            (Some("0"), Some(0)),
            (Some(" 120 "), Some(120)),
            (Some("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30)),
            (Some("Sunday, 06-Nov-94 08:50:07 GMT"), Some(30)),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0)),
            (Some("-1"), None),
            (Some("1.5"), None),
            (Some("soon"), None),
            (Some("99999999999999999999999"), None),
            (None, None),
        ] {
            let headers = text.map(|text| (RETRY_AFTER, HeaderValue::from_static(text)));
            let read = retry_after(&headers.into_iter().collect(), now);
            assert_eq!(read, expected.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        assert_eq!([0, 1, 2].map(backoff), [500, 1000, 2000].map(Duration::from_millis));
        assert_eq!([7, u32::MAX].map(backoff), [LONGEST_PAUSE; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_line_holds_new_pictures_back_and_a_rate_limit_everything() {
        let patience = patience(900);
        let began = Instant::now();
        patience.pause(Calls::NewPictures, Some(Duration::from_secs(5)), 0, "full").unwrap();
        patience.pass(Calls::All).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        patience.pass(Calls::NewPictures).await;
        assert!(began.elapsed() >= Duration::from_secs(5));
        patience.pause(Calls::All, Some(Duration::from_secs(7)), 0, "too often").unwrap();
        patience.pause(Calls::All, Some(Duration::from_secs(2)), 0, "too often").unwrap();
        let began = Instant::now();
        patience.pass(Calls::NewPictures).await;
        assert!(began.elapsed() >= Duration::from_secs(7), "the longer pause counts");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_after_its_time_without_a_good_answer() {
        let patience = patience(60);
        patience.good();
        let mut attempts = 0;
        let ended = loop {
            if let Err(failure) = patience.pause(Calls::All, None, attempts, "the server is away") {
                break failure;
            }
            patience.pass(Calls::All).await;
            attempts += 1;
        };
        assert_eq!(ended.exit, Exit::Server);
        assert!((5..10).contains(&attempts), "{attempts}");
        patience.good();
        patience.pause(Calls::All, None, 0, "again").unwrap();
        let long = patience.pause(Calls::All, Some(Duration::from_secs(u64::MAX)), 0, "used up").unwrap_err();
        assert!(long.message.contains("used up, and the server asks to come back in"), "{long}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answered_is_not_waited_for_long() {
        let patience = patience(900);
        let began = Instant::now();
        let mut attempt = 0;
        while patience.pause(Calls::All, None, attempt, "cannot be reached").is_ok() {
            patience.pass(Calls::All).await;
            attempt += 1;
        }
        assert!(began.elapsed() <= PATIENCE_AT_FIRST, "{:?}", began.elapsed());
    }
}
