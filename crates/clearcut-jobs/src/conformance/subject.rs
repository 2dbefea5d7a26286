//! The queue under test, and short words for what every behavior does with it.

use std::{any::Any, fmt, sync::Arc, time::Duration, time::SystemTime};

use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    Claim, Depth, EnqueueOutcome, Failure, JobId, JobRecord, NewJob, Progress, Queue, QueueOptions, Settlement, Start,
};

type Factory = Box<dyn Fn(QueueOptions) -> BoxFuture<'static, Arc<dyn Queue>> + Send + Sync>;

/// A queue under test.
pub struct Subject {
    first: Factory,
    other: Option<Factory>,
    guard: Option<Box<dyn Any + Send + Sync>>,
}

impl Subject {
    /// `make` makes a queue with these options that is empty and nobody else's. It is called once.
    pub fn new<F, Made, Q>(make: F) -> Self
    where
        F: Fn(QueueOptions) -> Made + Send + Sync + 'static,
        Made: Future<Output = Arc<Q>> + Send + 'static,
        Q: Queue + 'static,
    {
        Self { first: factory(make), other: None, guard: None }
    }

    /// `make` makes another process's view of the very queue that was just made, on its own connection to the same
    /// server, with the same options. It is called once, after the first.
    #[must_use]
    pub fn against<F, Made, Q>(mut self, make: F) -> Self
    where
        F: Fn(QueueOptions) -> Made + Send + Sync + 'static,
        Made: Future<Output = Arc<Q>> + Send + 'static,
        Q: Queue + 'static,
    {
        self.other = Some(factory(make));
        self
    }

    /// Keeps `guard` (a server, a temporary folder) until the test is over.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    /// The queue twice: as the process that enqueues sees it, and as another does.
    pub(super) async fn open(&self, options: QueueOptions) -> (Arc<dyn Queue>, Arc<dyn Queue>) {
        let queue = (self.first)(options.clone()).await;
        let other = match &self.other {
            Some(other) => other(options).await,
            None => Arc::clone(&queue),
        };
        (queue, other)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("connections", &(1 + usize::from(self.other.is_some()))).finish_non_exhaustive()
    }
}

fn factory<F, Made, Q>(make: F) -> Factory
where
    F: Fn(QueueOptions) -> Made + Send + Sync + 'static,
    Made: Future<Output = Arc<Q>> + Send + 'static,
    Q: Queue + 'static,
{
    Box::new(move |options| {
        let made = make(options);
        Box::pin(async move {
            let queue: Arc<dyn Queue> = made.await;
            queue
        })
    })
}

/// Longer than any test.
pub(super) const LONG: Duration = Duration::from_mins(10);
/// Short enough to be waited for, long enough to be renewed in time on a busy machine.
pub(super) const SHORT: Duration = Duration::from_millis(1_500);
/// Too short for anybody.
pub(super) const BRIEF: Duration = Duration::from_millis(100);
/// By when what must happen has happened, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// Pauses that a test can wait for.
pub(super) fn brisk() -> QueueOptions {
    QueueOptions {
        backoff: Duration::from_millis(50),
        max_backoff: Duration::from_millis(200),
        ..QueueOptions::default()
    }
}

/// Pauses that no test waits for.
pub(super) fn patient() -> QueueOptions {
    QueueOptions { backoff: LONG, max_backoff: LONG, ..QueueOptions::default() }
}

pub(super) fn new_job(payload: impl Into<Vec<u8>>) -> NewJob {
    NewJob::new(JobId::new(SystemTime::now()), payload.into())
}

/// Enqueues an interactive job that must be accepted.
pub(super) async fn add(queue: &Arc<dyn Queue>, payload: impl Into<Vec<u8>>) -> JobId {
    let job = new_job(payload);
    let id = job.id;
    accept(queue, job, Start::Now).await;
    id
}

/// Enqueues a job that must be accepted.
pub(super) async fn accept(queue: &Arc<dyn Queue>, job: NewJob, start: Start) {
    assert_eq!(enqueue(queue, job, start).await, EnqueueOutcome::Accepted);
}

pub(super) async fn enqueue(queue: &Arc<dyn Queue>, job: NewJob, start: Start) -> EnqueueOutcome {
    queue.enqueue(job, start).await.expect("the queue answers an enqueue")
}

/// A claim that must succeed, of a lease that outlasts the test.
pub(super) async fn take(queue: &Arc<dyn Queue>) -> Claim {
    take_for(queue, LONG).await
}

/// A claim that must succeed.
pub(super) async fn take_for(queue: &Arc<dyn Queue>, lease: Duration) -> Claim {
    claim(queue, lease, PATIENCE).await.expect("there is a job to claim")
}

/// A claim that must succeed, of this very job.
pub(super) async fn take_job(queue: &Arc<dyn Queue>, id: JobId) -> Claim {
    let claim = take(queue).await;
    assert_eq!(claim.lease.job, id, "another job was handed out");
    claim
}

/// What is there at once.
pub(super) async fn take_now(queue: &Arc<dyn Queue>) -> Option<Claim> {
    claim(queue, LONG, Duration::ZERO).await
}

pub(super) async fn claim(queue: &Arc<dyn Queue>, lease: Duration, wait: Duration) -> Option<Claim> {
    queue.claim(lease, wait).await.expect("the queue answers a claim")
}

/// Whether the lease was held.
pub(super) async fn settle(queue: &Arc<dyn Queue>, claim: &Claim, settlement: Settlement) -> bool {
    queue.settle(&claim.lease, settlement).await.expect("the queue answers a settlement")
}

/// Settles what must still be held.
pub(super) async fn end(queue: &Arc<dyn Queue>, claim: &Claim, settlement: Settlement) {
    assert!(settle(queue, claim, settlement).await, "the lease of {} was lost", claim.lease.job);
}

pub(super) async fn find(queue: &Arc<dyn Queue>, id: JobId) -> Option<JobRecord> {
    queue.job(id).await.expect("the book answers")
}

/// A job that must be known.
pub(super) async fn look(queue: &Arc<dyn Queue>, id: JobId) -> JobRecord {
    find(queue, id).await.expect("the job is known")
}

pub(super) async fn depth(queue: &Arc<dyn Queue>) -> Depth {
    queue.depth().await.expect("the book answers")
}

/// The ids of the dead letters, latest first.
pub(super) async fn dead(queue: &Arc<dyn Queue>) -> Vec<JobId> {
    let dead = queue.dead(1_000).await.expect("the book answers");
    dead.into_iter().map(|record| record.id).collect()
}

/// Makes a dead letter of a queue's next job, whatever its number of attempts.
pub(super) async fn kill(queue: &Arc<dyn Queue>, id: JobId, attempts: u32, code: &str) {
    for attempt in 1..=attempts {
        let claim = take_job(queue, id).await;
        assert_eq!(claim.attempt, attempt);
        end(queue, &claim, Settlement::Retry(failure(code))).await;
    }
}

pub(super) fn failure(code: &str) -> Failure {
    Failure { code: code.to_owned(), reason: format!("the test says \"{code}\"\nin two lines") }
}

pub(super) fn done(result: &str) -> Settlement {
    Settlement::Done(result.to_owned())
}

pub(super) fn progress(percent: u8) -> Progress {
    Progress { percent, message: format!("{percent} % of the way, “hope”") }
}

/// Looks until `happened`, or fails with `what`.
pub(super) async fn until<F, Looking>(what: &str, mut happened: F)
where
    F: FnMut() -> Looking,
    Looking: Future<Output = bool>,
{
    let began = Instant::now();
    while !happened().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
