//! What a test does without its server: skip loudly, or fail.

use std::io::Write;

use super::MissingProgram;

const REQUIRE: &str = "CLEARCUT_REQUIRE_SERVERS";

/// The started server, or `None` after saying on standard error that a test is skipped.
///
/// # Panics
///
/// If the server's program is there and yet did not start, or if it is missing and `CLEARCUT_REQUIRE_SERVERS` is `1`.
#[track_caller]
pub(super) fn or_skip<T>(started: anyhow::Result<T>) -> Option<T> {
    let required = std::env::var_os(REQUIRE).is_some_and(|value| value == "1");
    match started {
        Ok(server) => Some(server),
        Err(error) if error.is::<MissingProgram>() && !required => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            // Not `eprintln!`: the test harness would keep it back, and a skip would look like a pass. If standard
            // error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: {error}\n");
            None
        }
        Err(error) => panic!("{error:#}"),
    }
}
