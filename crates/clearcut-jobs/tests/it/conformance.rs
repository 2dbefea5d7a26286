//! Every queue and wrapper of this crate is held to the one contract.

use std::sync::Arc;

use clearcut_jobs::{MemoryQueue, QueueOptions, SystemClock, conformance::Subject, testing::Faulty};

fn memory(options: QueueOptions) -> MemoryQueue {
    MemoryQueue::new(options, Arc::new(SystemClock))
}

clearcut_jobs::queue_conformance_suite!(memory_queue, async {
    Subject::new(|options| async { Arc::new(memory(options)) })
});

clearcut_jobs::queue_conformance_suite!(faulty, async {
    Subject::new(|options| async { Arc::new(Faulty::new(memory(options))) })
});
