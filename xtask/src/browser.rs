//! The browser that the pages are tested in: found, or installed where the system's package manager asks nobody.

use std::env;

use anyhow::Result;

use crate::process;

const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];

/// Whether the browser and its driver are on this machine, after an attempt to install them. Without them the tests of
/// the pages say so and pass: a build machine may have no way to a browser.
pub fn ready() -> bool {
    if found() {
        return true;
    }
    if let Err(error) = install() {
        eprintln!("no browser for the tests of the pages: {error:#}");
    }
    found()
}

fn found() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    PROGRAMS.iter().all(|program| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn install() -> Result<()> {
    for words in [&["update"][..], &["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"]] {
        process::run(process::program("apt-get").args(words).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}
