//! No request takes forever.

use std::time::Duration;

use super::Store;
use crate::{StoreError, StoreErrorKind};

/// The slowest that a body may come or go, in bytes per second.
const SLOWEST_BYTES_PER_SECOND: u64 = 1 << 20;

impl Store {
    /// Awaits `work`, which moves so many bytes, for as long as a working store would need at the very most.
    pub(super) async fn within<T>(&self, bytes: u64, work: impl Future<Output = T>) -> Result<T, StoreError> {
        let limit = self.backend.timeout + Duration::from_secs(bytes / SLOWEST_BYTES_PER_SECOND);
        tokio::time::timeout(limit, work).await.map_err(|_| {
            self.failed(StoreErrorKind::Unavailable, format!("no answer within {} s", limit.as_secs_f64()))
        })
    }
}
