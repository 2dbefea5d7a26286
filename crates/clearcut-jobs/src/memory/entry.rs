//! A job as the memory queue keeps it.

use tokio::time::Instant;

use super::timeline::Slot;
use crate::{JobRecord, Progress};

/// What is known of a job, and where to find it in the book's indexes.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: JobRecord,
    pub(super) place: Place,
    /// When the progress last changed.
    pub(super) progress_at: Option<Instant>,
}

/// In which index of the book a job stands, and where there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the line of its priority.
    Line(i64),
    /// Waits for its next attempt.
    Delayed(Slot),
    /// In a worker's hands, until then.
    Running(Slot, Token),
    /// Waits for its picture, until then.
    Awaiting(Slot),
    /// Known until then.
    Ended(Ended),
}

/// Unique to a claim in this queue.
pub(super) type Token = u64;

/// How an ended job is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) expiry: Slot,
    /// Its number among the dead letters.
    pub(super) dead: Option<u64>,
    /// The claim that it was cancelled under, whose worker is still to hear of it.
    pub(super) cancelled: Option<Token>,
    pub(super) size_bytes: usize,
}

impl Entry {
    pub(super) fn note_progress(&mut self, progress: Progress, now: Instant) {
        self.record.progress = Some(progress);
        self.progress_at = Some(now);
    }

    /// What it takes in memory, about.
    pub(super) fn size_bytes(&self) -> usize {
        // Its places in the maps around it, with their share of free room.
        const INDEXES: usize = 256;
        let record = &self.record;
        let texts = [
            record.result.as_deref(),
            record.progress.as_ref().map(|progress| progress.message.as_str()),
            record.failure.as_ref().map(|failure| failure.code.as_str()),
            record.failure.as_ref().map(|failure| failure.reason.as_str()),
        ];
        let texts: usize = texts.into_iter().flatten().map(str::len).sum();
        INDEXES + size_of::<Self>() + record.payload.len() + texts
    }
}
