//! Removing what is past its lifetime.

use std::time::SystemTime;

use futures::StreamExt as _;
use object_store::ObjectMeta;

use super::Store;
use crate::{
    Lifetimes, ObjectName, StoreError, StoreErrorKind, SweepReport,
    error::from_driver,
    name::{RESULTS, UPLOADS},
};

/// So many are removed at once.
const AT_ONCE: usize = 8;

impl Store {
    /// Removes what was last put longer ago than its lifetime, as seen at `now`, and what writers that crashed over an
    /// hour ago have left in a folder.
    ///
    /// Only what has the [name](ObjectName) of an object is removed: anything else that lies there is somebody's. An
    /// object is looked at again just before it is removed, so that one which was put once more meanwhile stays.
    ///
    /// # Errors
    ///
    /// If the store cannot be listed, or cannot be reached any more: what was removed until then stays removed.
    pub async fn sweep(&self, now: SystemTime, lifetimes: Lifetimes) -> Result<SweepReport, StoreError> {
        let mut report = SweepReport::default();
        self.sweep_folder(UPLOADS, now.checked_sub(lifetimes.uploads), &mut report).await?;
        let results = lifetimes.results.and_then(|lifetime| now.checked_sub(lifetime));
        self.sweep_folder(RESULTS, results, &mut report).await?;
        if let Some(folder) = self.backend.folder.clone() {
            let left = self.within(0, folder.remove_leftovers(now)).await??;
            report.removed += left.removed;
            report.bytes += left.bytes;
        }
        Ok(report)
    }

    async fn sweep_folder(
        &self,
        folder: &str,
        before: Option<SystemTime>,
        report: &mut SweepReport,
    ) -> Result<(), StoreError> {
        let Some(before) = before else { return Ok(()) };
        let prefix = self.backend.path(folder);
        let mut listing = self.backend.objects.list(Some(&prefix));
        let mut due = Vec::with_capacity(AT_ONCE);
        while let Some(found) = self.within(0, listing.next()).await? {
            let found = found.map_err(|error| from_driver(self.name(), &error))?;
            due.extend(self.due(&found, before));
            if due.len() == AT_ONCE {
                self.remove_due(std::mem::take(&mut due), before, report).await?;
            }
        }
        self.remove_due(due, before, report).await
    }

    fn due(&self, found: &ObjectMeta, before: SystemTime) -> Option<ObjectName> {
        let name = self.backend.name_of(&found.location)?;
        (SystemTime::from(found.last_modified) < before).then_some(name)
    }

    async fn remove_due(
        &self,
        due: Vec<ObjectName>,
        before: SystemTime,
        report: &mut SweepReport,
    ) -> Result<(), StoreError> {
        let removals = due.iter().map(|name| async move { (name, self.remove_older(name, before).await) });
        for (name, removed) in futures::future::join_all(removals).await {
            match removed {
                Ok(Some(bytes)) => {
                    report.removed += 1;
                    report.bytes += bytes;
                }
                Ok(None) => {}
                Err(error) if error.kind() == StoreErrorKind::Unavailable => return Err(error),
                // A locked object must not keep the others from being removed.
                Err(error) => {
                    tracing::warn!(object = %name, %error, "an object past its lifetime could not be removed");
                    report.failed += 1;
                }
            }
        }
        Ok(())
    }

    /// The length of the object if it was there, old enough, and removed.
    async fn remove_older(&self, name: &ObjectName, before: SystemTime) -> Result<Option<u64>, StoreError> {
        match self.head(name).await? {
            Some(info) if info.modified < before => {
                let removed = self.delete(name).await?;
                Ok(removed.then_some(info.bytes))
            }
            _ => Ok(None),
        }
    }
}
