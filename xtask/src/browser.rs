//! The browser that the pages are tested in: found, or installed where the system's package manager asks nobody.

use std::env;

use crate::apt;

const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Whether the browser and its driver are on this machine, after an attempt to install them. Without them the tests of
/// the pages say so and pass: a build machine may have no way to a browser.
pub fn ready() -> bool {
    if found() {
        return true;
    }
    if let Err(error) = apt::install(&PACKAGES) {
        eprintln!("no browser for the tests of the pages: {error:#}");
    }
    found()
}

fn found() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    PROGRAMS.iter().all(|program| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}
