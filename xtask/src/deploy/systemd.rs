//! The units, by systemd's own tools, in a root of their own that has programs where the units expect them.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{Outcome, Tools, path, tools};
use crate::{apt, process};

const UNITS: [&str; 4] =
    ["clearcut-server.service", "clearcut-worker.service", "clearcut-cleanup.service", "clearcut-cleanup.timer"];

/// What the units start.
const PROGRAMS: [&str; 3] = ["usr/local/bin/clearcut-server", "usr/local/bin/clearcut", "usr/bin/systemd-tmpfiles"];

/// Of 100 points, how many a service may keep of the rights that systemd could take from it.
const MOST_EXPOSED: &str = "20";

pub fn check(_: &Tools) -> Result<Outcome> {
    let Some(analyze) = tools::on_path("systemd-analyze") else { return Ok(Outcome::without("systemd-analyze")) };
    let root = tools::empty_folder("systemd")?;
    furnish(&root)?;
    let at_root = format!("--root={}", root.display());
    for unit in UNITS {
        let mut command = process::program(&analyze);
        command.args(["verify", "--man=no", "--recursive-errors=no", &at_root]);
        process::run(command.arg(format!("/etc/systemd/system/{unit}")))?;
    }
    for unit in UNITS.iter().filter(|unit| unit.ends_with(".service")) {
        let threshold = format!("--threshold={MOST_EXPOSED}");
        let mut command = process::program(&analyze);
        command.args(["security", "--offline=true", "--no-pager", &at_root, &threshold, unit]);
        // Its table is a hundred lines.
        process::output(&mut command).with_context(|| format!("{unit} may do too much"))?;
    }
    if !apt::is_root() {
        return Ok(Outcome::Skipped("only root can try the account and the folders; the units passed".to_owned()));
    }
    process::run(process::program("systemd-sysusers").arg(&at_root).arg("clearcut.conf"))?;
    process::run(process::program("systemd-tmpfiles").args([&at_root, "--create", "clearcut.conf"]))?;
    for folder in ["etc/clearcut", "var/lib/clearcut/output"] {
        fs::metadata(root.join(folder)).with_context(|| format!("systemd-tmpfiles made no {folder}"))?;
    }
    Ok(Outcome::Checked)
}

/// Our files where they are installed, the system's own units beside them, and something in the place of the programs.
fn furnish(root: &Path) -> Result<()> {
    let system =
        ["/usr/lib/systemd/system", "/lib/systemd/system"].into_iter().find(|folder| Path::new(folder).is_dir());
    let system = system.context("this system has no units of its own")?;
    let units = root.join("usr/lib/systemd");
    for folder in
        [&units, &root.join("etc/systemd/system"), &root.join("usr/lib/sysusers.d"), &root.join("usr/lib/tmpfiles.d")]
    {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    process::output(process::program("cp").arg("-a").arg(system).arg(units.join("system")))?;
    for unit in UNITS {
        copy(&format!("systemd/{unit}"), &root.join("etc/systemd/system").join(unit))?;
    }
    copy("systemd/clearcut.sysusers.conf", &root.join("usr/lib/sysusers.d/clearcut.conf"))?;
    copy("systemd/clearcut.tmpfiles.conf", &root.join("usr/lib/tmpfiles.d/clearcut.conf"))?;
    for program in PROGRAMS {
        let program = root.join(program);
        fs::create_dir_all(program.parent().expect("it is below the root"))?;
        fs::copy("/bin/true", &program).with_context(|| format!("cannot make {}", program.display()))?;
    }
    Ok(())
}

fn copy(name: &str, to: &Path) -> Result<()> {
    fs::copy(path(name), to).with_context(|| format!("cannot copy {name}"))?;
    Ok(())
}
