#![doc = include_str!("../README.md")]

mod clock;
#[expect(clippy::missing_panics_doc, reason = "a behavior that does not hold is a failed test")]
pub mod conformance;
mod error;
mod id;
mod job;
mod memory;
mod options;
mod progress_sender;
mod queue;
pub mod testing;
mod work;
mod workers;

pub use clock::{Clock, SystemClock};
pub use error::{QueueError, QueueErrorKind};
pub use id::{BatchId, JobId};
pub use job::{
    BatchRecord, CancelOutcome, Claim, Depth, EnqueueOutcome, Failure, Held, JobRecord, JobState, Lease, NewJob,
    Priority, Progress, Settlement, Start,
};
pub use memory::MemoryQueue;
pub use options::QueueOptions;
pub use progress_sender::ProgressSender;
pub use queue::{JobBook, JobQueue, Queue};
pub use work::{Work, WorkError};
pub use workers::{WorkerOptions, Workers};
