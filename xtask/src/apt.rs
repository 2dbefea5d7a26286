//! Debian's package manager, where it may be used without asking anybody.

use anyhow::{Result, bail};

use crate::process;

/// Installs packages that are not there yet.
///
/// # Errors
///
/// There is no apt, it would ask for a password, or it fails.
pub fn install(packages: &[&str]) -> Result<()> {
    let Some(prefix) = prefix() else { bail!("only root may install them: {}", typed(packages)) };
    let install = [&["apt-get", "install", "-y", "--no-install-recommends"][..], packages].concat();
    for words in [vec!["apt-get", "update"], install] {
        let words = [prefix, &words].concat();
        process::run(process::program(words[0]).args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}

/// The command as a person would type it.
pub fn typed(packages: &[&str]) -> String {
    format!("apt-get install {}", packages.join(" "))
}

/// The words before the manager's own: none for root, `sudo` where it asks for no password, nothing where it would.
pub fn prefix() -> Option<&'static [&'static str]> {
    if is_root() {
        return Some(&[]);
    }
    let sudo = process::succeeds(process::program("sudo").args(["-n", "true"]));
    sudo.then_some(&["sudo", "-n"])
}

/// Whether this process may do anything.
pub fn is_root() -> bool {
    process::output(process::program("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
