//! The dependency checks of `deny.toml`, through cargo-deny where it is installed.

use anyhow::Result;

use crate::process;

/// What could be checked.
#[derive(Debug)]
pub enum Outcome {
    Checked,
    Skipped(String),
}

/// Bans, licenses and sources always; advisories where their database can be fetched.
///
/// cargo-deny is not installed by itself, since building it takes many minutes. Without it `tidy` still holds the
/// licenses and bans of `deny.toml` against the default build.
pub fn run() -> Result<Outcome> {
    if !process::succeeds(&mut process::cargo(["deny", "--version"])) {
        return Ok(skipped(
            "cargo-deny is missing (cargo install --locked cargo-deny); tidy checked licenses and bans",
        ));
    }
    process::run(&mut process::cargo(["deny", "check", "bans", "licenses", "sources"]))?;
    if !process::succeeds(&mut process::cargo(["deny", "fetch", "db"])) {
        return Ok(skipped("the database of advisories cannot be fetched; bans, licenses and sources were checked"));
    }
    process::run(&mut process::cargo(["deny", "--offline", "check", "advisories"]))?;
    Ok(Outcome::Checked)
}

fn skipped(why: &str) -> Outcome {
    eprintln!("SKIPPED: {why}");
    Outcome::Skipped(why.to_owned())
}
