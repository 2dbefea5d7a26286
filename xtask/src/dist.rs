//! `cargo xtask dist`: one archive with everything a user of the program needs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{self, Metadata};

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Builds with the `dist` profile and packs the program, its manual pages, completions and licenses.
pub fn run() -> Result<()> {
    process::run(&mut process::cargo(["build", "--locked", "--profile=dist", "--package=clearcut-cli"]))?;
    let metadata = Metadata::load()?;
    let program = metadata.target_directory.join("dist").join(format!("clearcut{}", std::env::consts::EXE_SUFFIX));
    let version = metadata.members().find(|package| package.name == "clearcut-cli").context("no clearcut-cli")?;
    let name = format!("clearcut-{}-{}", version.version, workspace::host()?);
    let place = metadata.target_directory.join("dist");
    let folder = place.join(&name);
    fill(&folder, &program)?;

    let archive = place.join(format!("{name}.tar.gz"));
    process::run(process::program("tar").arg("-czf").arg(&archive).arg("-C").arg(&place).arg(&name))?;
    println!("{}", archive.display());
    Ok(())
}

fn fill(folder: &Path, program: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    for place in [&man, &completions] {
        fs::create_dir_all(place).with_context(|| format!("cannot make {}", place.display()))?;
    }
    copy(program, folder)?;
    for document in DOCUMENTS.map(|name| workspace::root().join(name)) {
        copy(&document, folder)?;
    }
    process::run(process::program(program).arg("man").arg("--dir").arg(&man))?;
    for shell in SHELLS {
        let script = process::output(process::program(program).args(["completions", shell]))?;
        let file = completions.join(format!("clearcut.{shell}"));
        fs::write(&file, script).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file has a name")?;
    fs::copy(file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}
