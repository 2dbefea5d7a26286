//! The Redis and Postgres programs that the tests start: found where systems put them, else installed.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{apt, process};

/// A server, known by programs that lie in one folder.
#[derive(Debug)]
struct Server {
    name: &'static str,
    programs: &'static [&'static str],
}

const SERVERS: [Server; 2] = [
    Server { name: "Redis", programs: &["redis-server"] },
    Server { name: "Postgres", programs: &["initdb", "pg_ctl", "postgres"] },
];

/// Where systems put server programs without naming the place in `PATH`. A `*` stands for any version.
const FOLDERS: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/redis/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/bin",
    "/usr/local/opt/redis/bin",
    "/usr/local/opt/postgresql@*/bin",
];

/// A system's package manager and the commands that install both servers with it.
#[derive(Debug)]
struct Manager {
    program: &'static str,
    commands: &'static [&'static [&'static str]],
    as_root: bool,
    /// Whether this chore may run it without a question. Others are only named.
    unattended: bool,
}

const MANAGERS: [Manager; 6] = [
    Manager {
        program: "apt-get",
        commands: &[
            &["apt-get", "update"],
            &["apt-get", "install", "-y", "--no-install-recommends", "redis-server", "postgresql"],
        ],
        as_root: true,
        unattended: true,
    },
    Manager {
        program: "brew",
        commands: &[&["brew", "install", "redis", "postgresql@17"]],
        as_root: false,
        unattended: true,
    },
    Manager {
        program: "dnf",
        commands: &[&["dnf", "install", "-y", "redis", "postgresql-server"]],
        as_root: true,
        unattended: false,
    },
    Manager {
        program: "pacman",
        commands: &[&["pacman", "-S", "--noconfirm", "redis", "postgresql"]],
        as_root: true,
        unattended: false,
    },
    Manager {
        program: "zypper",
        commands: &[&["zypper", "install", "-y", "redis", "postgresql-server"]],
        as_root: true,
        unattended: false,
    },
    Manager { program: "apk", commands: &[&["apk", "add", "redis", "postgresql"]], as_root: true, unattended: false },
];

/// Makes sure that both servers are on this machine and answers a `PATH` on which their programs are found.
pub fn ready() -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    if let Ok(found) = find_all(&path) {
        return extended(&path, found);
    }
    install(&path)?;
    extended(&path, find_all(&path)?)
}

fn find_all(path: &OsStr) -> Result<Vec<PathBuf>> {
    SERVERS.iter().map(|server| find(server, &folders(path))).collect()
}

fn find(server: &Server, folders: &[PathBuf]) -> Result<PathBuf> {
    let complete = |folder: &&PathBuf| server.programs.iter().all(|program| folder.join(program).is_file());
    let found = folders.iter().find(complete).cloned();
    found.with_context(|| format!("no folder holds the {} programs {}", server.name, server.programs.join(", ")))
}

/// `PATH` first, then the usual places, the newest version first.
fn folders(path: &OsStr) -> Vec<PathBuf> {
    env::split_paths(path).chain(FOLDERS.iter().flat_map(|pattern| expanded(pattern))).collect()
}

fn expanded(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (parent, prefix) = before.rsplit_once('/').expect("patterns are absolute");
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(after.trim_start_matches('/'))))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn extended(path: &OsStr, found: Vec<PathBuf>) -> Result<OsString> {
    let known: Vec<PathBuf> = env::split_paths(path).collect();
    let new = found.into_iter().filter(|folder| !known.contains(folder)).collect::<Vec<_>>();
    env::join_paths(new.into_iter().chain(known.clone())).context("cannot put the servers' folders on PATH")
}

fn install(path: &OsStr) -> Result<()> {
    let missing = find_all(path).expect_err("called when something is missing");
    let on_path = |program: &str| env::split_paths(path).any(|folder| folder.join(program).is_file());
    let Some(manager) = MANAGERS.iter().find(|manager| on_path(manager.program)) else {
        bail!("{missing}; install redis-server and Postgres (server programs) with this system's package manager");
    };
    let prefix = prefix(manager);
    if !manager.unattended || prefix.is_none() {
        bail!("{missing}; install them with: {}", typed(manager));
    }
    eprintln!("{missing}; installing them");
    for words in manager.commands {
        let words: Vec<&str> = prefix.into_iter().flatten().chain(*words).copied().collect();
        let command = &mut process::program(words[0]);
        process::run(command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive"))
            .with_context(|| format!("cannot install the servers by myself; run: {}", typed(manager)))?;
    }
    Ok(())
}

/// The words before the manager's own; nothing where it would ask for a password.
fn prefix(manager: &Manager) -> Option<&'static [&'static str]> {
    if manager.as_root { apt::prefix() } else { Some(&[]) }
}

/// The commands as a person would type them.
fn typed(manager: &Manager) -> String {
    let sudo = if manager.as_root { "sudo " } else { "" };
    let lines = manager.commands.iter().map(|words| format!("{sudo}{}", words.join(" ")));
    lines.collect::<Vec<_>>().join(" && ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_only_where_all_its_programs_are() {
        let folder = tempfile::tempdir().unwrap();
        let (half, whole) = (folder.path().join("half"), folder.path().join("whole"));
        for (place, programs) in [(&half, &SERVERS[1].programs[..1]), (&whole, SERVERS[1].programs)] {
            fs::create_dir_all(place).unwrap();
            for program in programs {
                fs::write(place.join(program), "").unwrap();
            }
        }
        assert_eq!(find(&SERVERS[1], &[half.clone(), whole.clone()]).unwrap(), whole);
        let error = find(&SERVERS[1], &[half]).unwrap_err().to_string();
        assert_eq!(error, "no folder holds the Postgres programs initdb, pg_ctl, postgres");
    }

    #[test]
    fn found_folders_are_put_on_the_path_once() {
        let path = env::join_paths(["a", "b"]).unwrap();
        let extended = extended(&path, vec![PathBuf::from("b"), PathBuf::from("c")]).unwrap();
        assert_eq!(extended, env::join_paths(["c", "a", "b"]).unwrap());
    }

    #[test]
    fn the_newest_version_is_looked_at_first() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for version in ["pg9", "pg16", "pg-old"] {
            fs::create_dir_all(folder.join(version)).unwrap();
        }
        let pattern = format!("{}/pg*/bin", folder.display());
        assert_eq!(expanded(&pattern), [folder.join("pg16/bin"), folder.join("pg9/bin")]);
    }

    #[test]
    fn the_command_to_type_is_whole() {
        assert_eq!(
            typed(&MANAGERS[0]),
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-server postgresql"
        );
    }
}
