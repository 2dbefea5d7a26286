//! What a test does without something that it needs: skip loudly, or fail.

use std::fmt::Display;
use std::io::Write;

const REQUIRE: &str = "CLEARCUT_REQUIRE_SERVERS";

/// Says on standard error that the running test is skipped, and why.
///
/// # Panics
///
/// If `CLEARCUT_REQUIRE_SERVERS` is `1`.
#[track_caller]
pub fn skip(why: &dyn Display) {
    assert!(std::env::var_os(REQUIRE).is_none_or(|value| value != "1"), "{why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not `eprintln!`: the test harness would keep it back, and a skip would look like a pass. If standard error is
    // closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: {why}\n");
}
