//! Results are written whole or not at all.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

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

fn to_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A device or a pipe (/dev/null, /dev/full) cannot be replaced by a file; it is written to.
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file =
        tempfile::Builder::new().prefix(".clearcut-").suffix(".tmp").permissions(permissions()).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
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
