//! What the suite cannot see: time that stands still, and what is left in memory.

use std::time::{SystemTime, UNIX_EPOCH};

use super::*;
use crate::{Failure, Priority};

#[derive(Debug)]
struct NewYear;

impl Clock for NewYear {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_hours(24 * 365 * 56 + 24 * 14)
    }
}

const LEASE: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(1);
/// A lease, but for a tick.
const LEASE_BUT_A_TICK: Duration = Duration::from_millis(29_999);

fn queue(options: QueueOptions) -> Arc<MemoryQueue> {
    Arc::new(MemoryQueue::new(options, Arc::new(NewYear)))
}

fn job(payload: &str) -> NewJob {
    NewJob::new(JobId::new(SystemTime::now()), payload.into())
}

async fn add(queue: &MemoryQueue, payload: &str) -> JobId {
    let job = job(payload);
    let id = job.id;
    assert_eq!(queue.enqueue(job, Start::Now).await.unwrap(), EnqueueOutcome::Accepted);
    id
}

async fn take(queue: &MemoryQueue) -> Option<Claim> {
    queue.claim(LEASE, Duration::ZERO).await.unwrap()
}

fn retry() -> Settlement {
    Settlement::Retry(Failure { code: "transient".to_owned(), reason: "it may go well later".to_owned() })
}

#[tokio::test(start_paused = true)]
async fn pauses_are_as_long_as_they_are_said_to_be() {
    let queue = queue(QueueOptions { max_attempts: 9, ..QueueOptions::default() });
    add(&queue, "stubborn").await;
    for seconds in [1_u64, 2, 4, 8, 16, 32, 60, 60] {
        let claim = take(&queue).await.unwrap();
        assert!(queue.settle(&claim.lease, retry()).await.unwrap());
        tokio::time::advance(Duration::from_millis(1_000 * seconds - 1)).await;
        assert_eq!(take(&queue).await, None, "before {seconds} s");
        tokio::time::advance(TICK).await;
    }
    let last = take(&queue).await.unwrap();
    assert_eq!(last.attempt, 9);
    assert!(queue.settle(&last.lease, retry()).await.unwrap());
    assert_eq!(queue.dead(10).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_held_until_its_last_moment_and_not_longer() {
    let queue = queue(QueueOptions::default());
    add(&queue, "").await;
    let claim = take(&queue).await.unwrap();
    tokio::time::advance(LEASE_BUT_A_TICK).await;
    assert_eq!(queue.renew(&claim.lease, LEASE, None).await.unwrap(), Held::Yes);
    tokio::time::advance(LEASE).await;
    assert_eq!(queue.renew(&claim.lease, LEASE, None).await.unwrap(), Held::Lost);
    assert!(!queue.settle(&claim.lease, Settlement::GiveBack).await.unwrap());
}

/// The clock moves by itself while everybody waits, to the next moment that anybody waits for.
#[tokio::test(start_paused = true)]
async fn a_claim_that_waits_is_woken_by_a_lease_that_began_later() {
    let queue = queue(QueueOptions::default());
    let began = Instant::now();
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.claim(LEASE, Duration::from_hours(1)).await.unwrap() }
    });
    tokio::task::yield_now().await;
    // It is not polled between these two.
    let id = add(&queue, "abandoned").await;
    let abandoned = take(&queue).await.unwrap();
    let next = waiting.await.unwrap().unwrap();
    assert_eq!((next.lease.job, next.attempt), (id, 2));
    assert_ne!(next.lease.token, abandoned.lease.token);
    assert_eq!(began.elapsed().as_secs(), LEASE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_waits_hears_of_a_lease_that_was_shortened() {
    let queue = queue(QueueOptions::default());
    let began = Instant::now();
    add(&queue, "").await;
    let held = take(&queue).await.unwrap();
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.claim(LEASE, Duration::from_hours(1)).await.unwrap() }
    });
    tokio::task::yield_now().await;
    assert_eq!(queue.renew(&held.lease, TICK, None).await.unwrap(), Held::Yes);
    assert_eq!(waiting.await.unwrap().unwrap().attempt, 2);
    assert!(began.elapsed() < LEASE);
}

#[tokio::test(start_paused = true)]
async fn an_endless_wait_and_an_endless_lease_are_possible() {
    let queue = queue(QueueOptions { result_ttl: Duration::MAX, ..QueueOptions::default() });
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.claim(Duration::MAX, Duration::MAX).await.unwrap() }
    });
    tokio::time::advance(Duration::from_hours(24)).await;
    let id = add(&queue, "").await;
    let claim = waiting.await.unwrap().unwrap();
    tokio::time::advance(Duration::from_hours(24 * 365)).await;
    assert!(queue.settle(&claim.lease, Settlement::Done(String::new())).await.unwrap());
    tokio::time::advance(Duration::from_hours(24 * 365)).await;
    assert_eq!(queue.job(id).await.unwrap().unwrap().state, JobState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_worker_died_goes_before_those_that_came_later() {
    let queue = queue(QueueOptions::default());
    let first = add(&queue, "first").await;
    take(&queue).await.unwrap();
    add(&queue, "second").await;
    tokio::time::advance(LEASE).await;
    assert_eq!(take(&queue).await.unwrap().lease.job, first);
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_is_dated_by_the_clock_that_was_passed_in() {
    let queue = queue(QueueOptions::default());
    let id = add(&queue, "").await;
    tokio::time::advance(LEASE).await;
    assert_eq!(queue.job(id).await.unwrap().unwrap().updated_at, NewYear.now());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_when_everything_has_had_its_time() {
    let options = QueueOptions { max_attempts: 1, ..QueueOptions::default() };
    let longest = options.result_ttl.max(options.batch_ttl).max(options.awaiting_ttl);
    let queue = queue(options);
    let batch = BatchId::new(SystemTime::now());
    for number in 0..40 {
        let mut job = job("some bytes");
        job.batch = Some(batch);
        job.priority = if number % 2 == 0 { Priority::Batch } else { Priority::Interactive };
        let start = if number < 4 { Start::WhenUploaded } else { Start::Now };
        assert_eq!(queue.enqueue(job, start).await.unwrap(), EnqueueOutcome::Accepted);
    }
    let mut number = 0;
    while let Some(claim) = take(&queue).await {
        number += 1;
        let settlement = match number % 4 {
            0 => Settlement::Done("a result".to_owned()),
            1 => retry(),
            2 => Settlement::Failed(Failure::worker_lost()),
            _ => {
                assert_eq!(queue.cancel(claim.lease.job).await.unwrap(), CancelOutcome::Cancelled);
                continue;
            }
        };
        assert!(queue.settle(&claim.lease, settlement).await.unwrap());
    }
    let known = queue.batch(batch, 0, 100).await.unwrap().unwrap();
    assert_eq!((known.total, known.done, known.failed), (40, 9, 27));
    tokio::time::advance(longest).await;
    assert_eq!(queue.depth().await.unwrap(), Depth::default());
    let book = queue.lock();
    assert!(book.is_empty(), "{book:?}");
}

#[tokio::test]
async fn ended_jobs_are_forgotten_before_their_time_when_they_take_too_much() {
    let queue = MemoryQueue::new(QueueOptions::default(), Arc::new(NewYear)).ended_limit_bytes(100_000);
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(add(&queue, &"x".repeat(10_000)).await);
        let claim = take(&queue).await.unwrap();
        assert!(queue.settle(&claim.lease, Settlement::Done(String::new())).await.unwrap());
    }
    let mut known = Vec::new();
    for id in &ids {
        if queue.job(*id).await.unwrap().is_some() {
            known.push(*id);
        }
    }
    assert_eq!(known, ids[ids.len() - known.len()..], "the earliest go first");
    assert!((5..10).contains(&known.len()), "{} of 10 kB each are known within 100 kB", known.len());
}
