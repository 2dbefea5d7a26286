//! Workers on several threads, in real time.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use clearcut_jobs::{
    BatchId, Claim, JobBook, JobId, JobQueue, JobState, MemoryQueue, NewJob, Priority, ProgressSender, QueueOptions,
    Start, SystemClock, Work, WorkError, WorkerOptions, Workers,
};

const JOBS: usize = 500;

/// Panics at every fifth job's first attempt, stumbles at every seventh's.
#[derive(Debug, Default)]
struct Clumsy {
    done: AtomicUsize,
}

#[async_trait]
impl Work for Clumsy {
    async fn work(&self, claim: &Claim, progress: &ProgressSender) -> Result<String, WorkError> {
        let payload = String::from_utf8_lossy(&claim.payload);
        let number: usize = payload.parse().map_err(|error| WorkError::lasting("not_a_number", error))?;
        progress.send(50, "half of it");
        tokio::task::yield_now().await;
        match claim.attempt {
            1 if number.is_multiple_of(5) => panic!("the first attempt at {number}"),
            1 if number.is_multiple_of(7) => Err(WorkError::transient("stumbled", number)),
            _ => {
                self.done.fetch_add(1, Ordering::Relaxed);
                Ok(format!("result {number}"))
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_job_of_a_batch_is_done_once_whatever_its_work_does() {
    let mut options = QueueOptions::default();
    (options.backoff, options.max_backoff) = (Duration::from_millis(20), Duration::from_millis(20));
    let queue = Arc::new(MemoryQueue::new(options, Arc::new(SystemClock)));
    let work = Arc::new(Clumsy::default());
    let (jobs, doing): (Arc<dyn JobQueue>, Arc<dyn Work>) = (queue.clone(), work.clone());
    let workers = Workers::start(jobs, doing, WorkerOptions::new(NonZeroUsize::new(4).unwrap()));

    let batch = BatchId::new(SystemTime::now());
    let mut ids = Vec::new();
    for number in 0..JOBS {
        let mut job = NewJob::new(JobId::new(SystemTime::now()), number.to_string().into_bytes());
        (job.priority, job.batch) = (Priority::Batch, Some(batch));
        ids.push(job.id);
        queue.enqueue(job, Start::Now).await.unwrap();
    }
    let all_done = async {
        while queue.batch(batch, 0, 0).await.unwrap().unwrap().done < JOBS {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all_done).await.expect("all of them are done");
    workers.stop().await;

    assert_eq!(work.done.load(Ordering::Relaxed), JOBS);
    for (number, id) in ids.into_iter().enumerate() {
        let record = queue.job(id).await.unwrap().unwrap();
        let attempts = if number % 5 == 0 || number % 7 == 0 { 2 } else { 1 };
        assert_eq!((record.state, record.attempts), (JobState::Done, attempts), "{number}");
        assert_eq!(record.result, Some(format!("result {number}")));
    }
}
