//! Results are written whole or not at all.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

use crate::exit::Failure;

use super::tasks::Place;

/// Writes `bytes`: to a temporary file in the same folder, which then takes the final name in one step, so that
/// nobody ever sees half a picture under it. Folders are made as needed.
pub fn write(output: &Place, bytes: &[u8]) -> Result<(), Failure> {
    match output {
        Place::Stream => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| Failure::write(Path::new("-"), &error))
        }
        Place::Cache => Ok(()),
        Place::File(path) => to_file(path, bytes).map_err(|error| Failure::write(path, &error)),
    }
}

/// Writes a file as [`write()`] does, on the disk itself before it takes its name. `ready` runs in between: when all
/// bytes are safe, and nothing has the name yet. If it fails, nothing gets it.
pub fn write_durably(path: &Path, bytes: &[u8], ready: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |error: &io::Error| Failure::write(path, error);
    if is_device(path) {
        return to_file(path, bytes).map_err(|error| failed(&error));
    }
    let file = staged(path, bytes).and_then(|file| file.as_file().sync_all().map(|()| file));
    let file = file.map_err(|error| failed(&error))?;
    ready()?;
    file.persist(path).map(drop).map_err(|error| failed(&error.error))
}

fn to_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_device(path) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    staged(path, bytes)?.persist(path)?;
    Ok(())
}

/// A device or a pipe (/dev/null, /dev/full) cannot be replaced by a file; it is written to.
fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// A file with these bytes beside the place that it is meant for.
fn staged(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file =
        tempfile::Builder::new().prefix(".clearcut-").suffix(".tmp").permissions(permissions()).tempfile_in(folder)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// What a file made by any other program would get: the process's mask is applied to it.
#[cfg(unix)]
fn permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

#[cfg(not(unix))]
fn permissions() -> fs::Permissions {
    // tempfile ignores them where there are no modes.
    fs::metadata(".").map(|found| found.permissions()).expect("the current folder can be looked at")
}
