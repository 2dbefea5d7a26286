//! The container file: by hadolint, and that it keeps its promises.

use anyhow::{Result, ensure};

use super::{Outcome, Tools, path, tools};
use crate::process;

pub fn check(tools: &Tools) -> Result<Outcome> {
    let file = path("container/Dockerfile");
    promises(&tools::read(&file)?)?;
    match tools.python_program("hadolint") {
        Ok(mut hadolint) => process::run(hadolint.arg("--no-color").arg(&file)).map(|()| Outcome::Checked),
        Err(why) => Ok(Outcome::Skipped(format!("hadolint: {why}"))),
    }
}

/// The last stage runs as a number that is not root's, and says how it is with a program that it has.
fn promises(text: &str) -> Result<()> {
    let stage = text.rsplit_once("\nFROM ").map_or(text, |(_, stage)| stage);
    let last = |word: &str| stage.lines().filter_map(|line| line.strip_prefix(word)).next_back();
    let user = last("USER ").unwrap_or("root");
    let number = user.split(':').next().and_then(|user| user.parse::<u32>().ok());
    ensure!(number.is_some_and(|number| number > 0), "the image runs as {user}, not as a number that is not root's");
    ensure!(stage.contains("\nHEALTHCHECK "), "no health check");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_image_that_is_not_root_and_says_how_it_is_passes() {
        let image = |user: &str, health: &str| format!("FROM a AS b\nUSER root\n\nFROM c\n{user}\n{health}\n");
        let health = "HEALTHCHECK CMD true";
        assert!(promises(&image("USER 10001:10001", health)).is_ok());
        for broken in
            [image("USER root", health), image("USER 0", health), image("", health), image("USER 10001:10001", "")]
        {
            assert!(promises(&broken).is_err(), "{broken}");
        }
    }
}
