//! A local folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use object_store::local::LocalFileSystem;

use crate::{
    ObjectName, StoreError, StoreErrorKind, SweepReport,
    error::{from_driver, io_kind},
    name::{RESULTS, UPLOADS},
};

const NAME: &str = "folder";
/// A file in the making is older than this only if its writer is gone.
const LEFT_AFTER: Duration = Duration::from_hours(1);
/// Between the name of an object and the number of a file in the making; in no object's name.
const IN_THE_MAKING: char = '#';
/// Written and removed to see whether the folder can be written.
const PROBE: &str = ".probe";

/// The folder of a store.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Creates the folder and those in it, if they are not there.
    pub(super) fn create(root: PathBuf) -> Result<Self, StoreError> {
        for folder in [UPLOADS, RESULTS] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(|error| {
                let kind = match io_kind(&error) {
                    StoreErrorKind::Other => StoreErrorKind::Configuration,
                    kind => kind,
                };
                StoreError::new(NAME, kind, format!("cannot create {}: {error}", path.display()))
            })?;
        }
        Ok(Self { root })
    }

    /// Objects are written beside their places, flushed to disk and renamed: after a crash there is all of one or none.
    pub(super) fn objects(&self) -> Result<LocalFileSystem, StoreError> {
        let objects = LocalFileSystem::new_with_prefix(&self.root).map_err(|error| from_driver(NAME, &error))?;
        Ok(objects.with_fsync(true))
    }

    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        let path = self.root.join(PROBE);
        blocking(move || {
            fs::write(&path, "probe")?;
            match fs::remove_file(&path) {
                // Another process probes too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            }
        })
        .await
    }

    /// Removes the files of writers that crashed: the driver names them `{object}#{number}`.
    pub(crate) async fn remove_leftovers(self, now: SystemTime) -> Result<SweepReport, StoreError> {
        let Some(before) = now.checked_sub(LEFT_AFTER) else { return Ok(SweepReport::default()) };
        blocking(move || {
            let mut report = SweepReport::default();
            remove_leftovers(&self.root.join(UPLOADS), UPLOADS, before, &mut report)?;
            for shard in entries(&self.root.join(RESULTS))? {
                let shard = shard?;
                if shard.file_type()?.is_dir() {
                    let below = format!("{RESULTS}/{}", shard.file_name().display());
                    remove_leftovers(&shard.path(), &below, before, &mut report)?;
                }
            }
            Ok(report)
        })
        .await
    }
}

fn remove_leftovers(folder: &Path, below: &str, before: SystemTime, report: &mut SweepReport) -> io::Result<()> {
    for entry in entries(folder)? {
        let entry = entry?;
        if !is_in_the_making(below, &entry.file_name().to_string_lossy()) {
            continue;
        }
        // It may have become an object meanwhile.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() && metadata.modified()? < before && fs::remove_file(entry.path()).is_ok() {
            report.removed += 1;
            report.bytes += metadata.len();
        }
    }
    Ok(())
}

fn is_in_the_making(below: &str, file: &str) -> bool {
    file.rsplit_once(IN_THE_MAKING).is_some_and(|(object, number)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && ObjectName::parse(&format!("{below}/{object}")).is_ok()
    })
}

fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<fs::DirEntry>>> {
    fs::read_dir(folder)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| StoreError::new(NAME, io_kind(&error), error)),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
