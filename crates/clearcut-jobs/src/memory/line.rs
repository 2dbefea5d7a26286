//! Jobs that wait for a worker.

use std::collections::BTreeMap;

use crate::JobId;

/// A line that may be joined at either end and left from anywhere.
#[derive(Debug, Default)]
pub(super) struct Line {
    jobs: BTreeMap<i64, JobId>,
}

impl Line {
    /// Joins at the end; the place.
    pub(super) fn push_back(&mut self, job: JobId) -> i64 {
        let place = self.jobs.last_key_value().map_or(0, |(place, _)| place + 1);
        self.jobs.insert(place, job);
        place
    }

    /// Joins before all others; the place.
    pub(super) fn push_front(&mut self, job: JobId) -> i64 {
        let place = self.jobs.first_key_value().map_or(0, |(place, _)| place - 1);
        self.jobs.insert(place, job);
        place
    }

    pub(super) fn remove(&mut self, place: i64) {
        self.jobs.remove(&place);
    }

    pub(super) fn first(&self) -> Option<JobId> {
        self.jobs.first_key_value().map(|(_, job)| *job)
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }
}
