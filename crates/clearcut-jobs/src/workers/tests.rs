//! Workers against a queue that is in order and against one that is not. Time is paused: it jumps to the next moment
//! for which anybody waits.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::*;
use crate::{
    CancelOutcome, Claim, Depth, Failure, JobBook, JobId, JobRecord, JobState, MemoryQueue, NewJob, Progress,
    ProgressSender, QueueErrorKind, QueueOptions, Start, SystemClock, WorkError,
    testing::{Faults, Faulty},
};

type TestQueue = Arc<Faulty<MemoryQueue>>;

/// Does what the payload says; counts how many do so at once.
#[derive(Debug, Default)]
struct Acting {
    now: Mutex<HashMap<JobId, usize>>,
    most_at_once: Mutex<usize>,
}

impl Acting {
    fn running(&self) -> usize {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

struct Presence<'a>(&'a Acting, JobId);

impl<'a> Presence<'a> {
    fn of(acting: &'a Acting, id: JobId) -> Self {
        *acting.now.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default() += 1;
        let mut most = acting.most_at_once.lock().unwrap_or_else(PoisonError::into_inner);
        *most = (*most).max(acting.running());
        Self(acting, id)
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        *self.0.now.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.1).unwrap() -= 1;
    }
}

#[async_trait]
impl Work for Acting {
    async fn work(&self, claim: &Claim, progress: &ProgressSender) -> Result<String, WorkError> {
        let _presence = Presence::of(self, claim.lease.job);
        let payload = std::str::from_utf8(&claim.payload).unwrap();
        let (verb, number) = payload.split_once(' ').unwrap_or((payload, "0"));
        let number: u64 = number.parse().unwrap();
        match verb {
            "sleep" => sleep(Duration::from_secs(number)).await,
            "tell" => {
                for percent in 1..=100 {
                    progress.send(percent, "on its way");
                    sleep(Duration::from_millis(number)).await;
                }
            }
            "fail" => return Err(WorkError::lasting("undecodable", "not a picture")),
            "stumble" if u64::from(claim.attempt) <= number => {
                return Err(WorkError::transient("store_unreachable", "connection refused"));
            }
            "panic" if u64::from(claim.attempt) <= number => panic!("attempt {} went wrong", claim.attempt),
            _ => {}
        }
        Ok(format!("{payload} done"))
    }
}

fn queue() -> TestQueue {
    Arc::new(Faulty::new(MemoryQueue::new(QueueOptions::default(), Arc::new(SystemClock))))
}

fn options(concurrency: usize) -> WorkerOptions {
    WorkerOptions::new(NonZeroUsize::new(concurrency).unwrap())
}

fn start(queue: &TestQueue, concurrency: usize) -> (Workers, Arc<Acting>) {
    let acting = Arc::new(Acting::default());
    let queue: Arc<dyn JobQueue> = Arc::<Faulty<MemoryQueue>>::clone(queue);
    (Workers::start(queue, Arc::<Acting>::clone(&acting), options(concurrency)), acting)
}

async fn add(queue: &TestQueue, payload: &str) -> JobId {
    let job = NewJob::new(JobId::new(SystemTime::now()), payload.into());
    let id = job.id;
    queue.inner().enqueue(job, Start::Now).await.unwrap();
    id
}

async fn look(queue: &TestQueue, id: JobId) -> JobRecord {
    queue.inner().job(id).await.unwrap().unwrap()
}

async fn depth(queue: &TestQueue) -> Depth {
    queue.inner().depth().await.unwrap()
}

/// Waits, in paused time, until a job has come so far.
async fn until(queue: &TestQueue, id: JobId, what: impl Fn(&JobRecord) -> bool) -> JobRecord {
    let began = Instant::now();
    loop {
        let record = look(queue, id).await;
        if what(&record) {
            return record;
        }
        assert!(began.elapsed() < Duration::from_hours(1), "it stays {record:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn ended(queue: &TestQueue, id: JobId) -> JobRecord {
    until(queue, id, |record| record.state.is_final()).await
}

async fn running(queue: &TestQueue, id: JobId) -> JobRecord {
    until(queue, id, |record| record.state == JobState::Running).await
}

fn down() -> Faults {
    Faults { error: Some(QueueErrorKind::Unavailable), ..Faults::default() }
}

#[tokio::test(start_paused = true)]
async fn jobs_are_done_so_many_at_a_time() {
    let queue = queue();
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(add(&queue, "sleep 10").await);
    }
    let began = Instant::now();
    let (workers, acting) = start(&queue, 4);
    for id in ids {
        let record = ended(&queue, id).await;
        assert_eq!((record.state, record.attempts), (JobState::Done, 1));
        assert_eq!(record.result.as_deref(), Some("sleep 10 done"));
    }
    assert_eq!(*acting.most_at_once.lock().unwrap(), 4);
    assert_eq!(began.elapsed().as_secs(), 30, "three rounds of four");
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_every_time_is_tried_once_and_what_may_go_well_again() {
    let queue = queue();
    let (workers, _) = start(&queue, 1);
    let lasting = add(&queue, "fail").await;
    let transient = add(&queue, "stumble 2").await;
    let hopeless = add(&queue, "stumble 99").await;
    let record = ended(&queue, lasting).await;
    assert_eq!(
        (record.state, record.attempts, record.failure.unwrap().code.as_str()),
        (JobState::Failed, 1, "undecodable")
    );
    let record = ended(&queue, transient).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 3));
    let record = ended(&queue, hopeless).await;
    assert_eq!((record.state, record.attempts), (JobState::Failed, 5));
    let dead: Vec<JobId> = queue.inner().dead(10).await.unwrap().into_iter().map(|letter| letter.id).collect();
    assert_eq!(dead, [hopeless]);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_that_may_go_well_later() {
    let queue = queue();
    let (workers, acting) = start(&queue, 1);
    let id = add(&queue, "panic 1").await;
    let record = until(&queue, id, |record| record.failure.is_some()).await;
    let failure = Failure { code: "worker_panicked".to_owned(), reason: "attempt 1 went wrong".to_owned() };
    assert_eq!((record.state, record.failure), (JobState::Queued, Some(failure)));
    let record = ended(&queue, id).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 2));
    assert_eq!(acting.running(), 0);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_longer_than_a_lease_is_kept() {
    let queue = queue();
    let (workers, acting) = start(&queue, 3);
    let id = add(&queue, "sleep 300").await;
    let record = ended(&queue, id).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 1));
    assert_eq!(*acting.most_at_once.lock().unwrap(), 1);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn progress_is_taken_along_at_its_pace() {
    let queue = queue();
    let id = add(&queue, "tell 100").await;
    let (workers, _) = start(&queue, 1);
    let record = until(&queue, id, |record| record.progress.is_some()).await;
    let Progress { percent, message } = record.progress.unwrap();
    assert_eq!(message, "on its way");
    assert!((5..=7).contains(&percent), "{percent} % after 500 ms");
    let before = queue.calls();
    sleep(Duration::from_secs(5)).await;
    assert!((8..=12).contains(&(queue.calls() - before)), "{} calls in 5 s", queue.calls() - before);
    let Progress { percent, .. } = look(&queue, id).await.progress.unwrap();
    assert!((50..=57).contains(&percent), "{percent} % after 5.5 s");
    assert_eq!(ended(&queue, id).await.state, JobState::Done);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn work_whose_job_is_cancelled_is_dropped() {
    let queue = queue();
    let (workers, acting) = start(&queue, 1);
    let id = add(&queue, "sleep 3000").await;
    running(&queue, id).await;
    assert_eq!(queue.inner().cancel(id).await.unwrap(), CancelOutcome::Cancelled);
    let next = add(&queue, "sleep 1").await;
    let began = Instant::now();
    assert_eq!(ended(&queue, next).await.state, JobState::Done);
    assert!(began.elapsed() < Duration::from_secs(12), "a third of a lease and a second: {:?}", began.elapsed());
    assert_eq!(acting.running(), 0);
    assert_eq!(look(&queue, id).await.state, JobState::Cancelled);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn work_whose_lease_is_lost_is_dropped() {
    let queue = queue();
    let (workers, acting) = start(&queue, 1);
    let id = add(&queue, "sleep 100").await;
    running(&queue, id).await;
    queue.set(down());
    let began = Instant::now();
    while acting.running() > 0 {
        assert!(began.elapsed() < Duration::from_secs(31), "it goes on without a lease");
        sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(29), "its lease still held: {:?}", began.elapsed());
    queue.heal();
    let record = ended(&queue, id).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 2));
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_costs_no_attempt() {
    let queue = queue();
    let (workers, _) = start(&queue, 1);
    let id = add(&queue, "sleep 40").await;
    running(&queue, id).await;
    sleep(Duration::from_secs(5)).await;
    // The renewal after 10 s fails, one of those after it does not.
    queue.set(down());
    sleep(Duration::from_secs(15)).await;
    queue.heal();
    let record = ended(&queue, id).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 1));
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_at_the_end_is_waited_out_while_the_lease_may_hold() {
    let queue = queue();
    let (workers, _) = start(&queue, 1);
    let id = add(&queue, "sleep 2").await;
    running(&queue, id).await;
    queue.set(down());
    sleep(Duration::from_secs(20)).await;
    assert_eq!(look(&queue, id).await.state, JobState::Running);
    queue.heal();
    let record = ended(&queue, id).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 1));
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_settlement_whose_answer_is_lost_is_made_once() {
    let queue = queue();
    let (workers, _) = start(&queue, 1);
    let id = add(&queue, "sleep 2").await;
    running(&queue, id).await;
    queue.set(Faults { lost_answer: Some(QueueErrorKind::Unavailable), ..Faults::default() });
    let record = ended(&queue, id).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 1));
    queue.heal();
    let next = add(&queue, "").await;
    assert_eq!(ended(&queue, next).await.state, JobState::Done);
    assert_eq!(look(&queue, id).await, record);
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn workers_outlive_any_trouble_of_the_queue() {
    let queue = queue();
    let hangs = Faults { delay: Duration::from_hours(9), ..Faults::default() };
    let misconfigured = Faults { error: Some(QueueErrorKind::Configuration), ..Faults::default() };
    let unreadable = Faults { error: Some(QueueErrorKind::Corrupt), ..Faults::default() };
    queue.set(down());
    let (workers, _) = start(&queue, 2);
    for faults in [down(), hangs, misconfigured, unreadable] {
        queue.set(faults);
        sleep(Duration::from_mins(1)).await;
        let before = queue.calls();
        sleep(Duration::from_mins(10)).await;
        let calls = queue.calls() - before;
        assert!((2 * 600 / 20..=2 * 600 / 5 + 2).contains(&calls), "{calls} calls in 10 min with {faults:?}");
        queue.heal();
        let id = add(&queue, "").await;
        assert_eq!(ended(&queue, id).await.state, JobState::Done, "after {faults:?}");
    }
    workers.stop().await;
}

#[tokio::test(start_paused = true)]
async fn workers_that_stop_end_what_they_began_and_begin_nothing() {
    let queue = queue();
    let (workers, acting) = start(&queue, 2);
    let first = add(&queue, "sleep 20").await;
    let second = add(&queue, "sleep 25").await;
    let third = add(&queue, "sleep 1").await;
    running(&queue, second).await;
    let began = Instant::now();
    workers.stop().await;
    assert_eq!(began.elapsed().as_secs(), 24, "it waits for the slowest");
    for id in [first, second] {
        assert_eq!(look(&queue, id).await.state, JobState::Done);
    }
    let record = look(&queue, third).await;
    assert_eq!((record.state, record.attempts), (JobState::Queued, 0));
    assert_eq!(acting.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_done_in_time_is_given_back() {
    let queue = queue();
    let (workers, acting) = start(&queue, 2);
    let slow = add(&queue, "sleep 3000").await;
    running(&queue, slow).await;
    let began = Instant::now();
    workers.stop().await;
    assert_eq!(began.elapsed().as_secs(), 30);
    let record = look(&queue, slow).await;
    assert_eq!((record.state, record.attempts, record.failure), (JobState::Queued, 0, None));
    assert_eq!(depth(&queue).await, Depth { interactive: 1, ..Depth::default() });
    assert_eq!(acting.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn idle_workers_stop_at_once_and_workers_of_a_queue_that_is_down_in_bounded_time() {
    let queue = queue();
    let (workers, _) = start(&queue, 2);
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    workers.stop().await;
    assert!(began.elapsed() < Duration::from_secs(1), "idle for {:?}", began.elapsed());

    let (workers, acting) = start(&queue, 2);
    let id = add(&queue, "sleep 3000").await;
    running(&queue, id).await;
    let began = Instant::now();
    let stopping = tokio::spawn(workers.stop());
    sleep(Duration::from_secs(28)).await;
    queue.set(Faults { delay: Duration::from_hours(9), ..Faults::default() });
    stopping.await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(41), "down for {:?}", began.elapsed());
    assert_eq!(acting.running(), 0);
    queue.heal();
    let (workers, _) = start(&queue, 1);
    until(&queue, id, |record| record.attempts == 2).await;
    drop(workers);
}

#[tokio::test(start_paused = true)]
async fn dropped_workers_leave_their_jobs_to_others() {
    let queue = queue();
    let (workers, acting) = start(&queue, 1);
    let id = add(&queue, "sleep 60").await;
    running(&queue, id).await;
    drop(workers);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(acting.running(), 0, "the work goes on");
    let (workers, _) = start(&queue, 1);
    let record = ended(&queue, id).await;
    assert_eq!((record.state, record.attempts), (JobState::Done, 2));
    workers.stop().await;
}
