//! What is accepted, and what is not.

use std::{sync::Arc, time::SystemTime};

use super::subject::{
    LONG, Subject, accept, add, brisk, depth, done, end, enqueue, failure, find, look, new_job, patient, take,
    take_job, take_now,
};
use crate::{BatchId, EnqueueOutcome, JobState, Priority, QueueOptions, Settlement, Start};

/// Whoever claims it gets it as it was enqueued.
pub async fn an_accepted_job_is_claimed_with_all_that_it_is(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let mut job = new_job("what is to be done");
    job.priority = Priority::Batch;
    job.batch = Some(BatchId::new(SystemTime::now()));
    accept(&queue, job.clone(), Start::Now).await;
    let claim = take(&other).await;
    assert_eq!(claim.lease.job, job.id);
    assert_eq!(claim.payload, job.payload);
    assert_eq!((claim.priority, claim.batch, claim.attempt), (job.priority, job.batch, 1));
}

/// Under one name, whatever else is said, while it waits, runs, and after it ended.
pub async fn a_job_enqueued_twice_is_one_job(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let job = new_job("first");
    let mut again = new_job("second");
    again.id = job.id;
    again.priority = Priority::Batch;
    accept(&queue, job.clone(), Start::Now).await;
    assert_eq!(enqueue(&other, again.clone(), Start::Now).await, EnqueueOutcome::Known, "while it waits");
    let claim = take_job(&queue, job.id).await;
    assert_eq!(claim.payload, job.payload);
    assert_eq!(enqueue(&queue, again.clone(), Start::WhenUploaded).await, EnqueueOutcome::Known, "while it runs");
    end(&queue, &claim, done("a result")).await;
    assert_eq!(enqueue(&other, again, Start::Now).await, EnqueueOutcome::Known, "when it has ended");
    assert_eq!(take_now(&other).await, None, "there was one job");
    let record = look(&queue, job.id).await;
    assert_eq!((record.state, record.payload, record.priority), (JobState::Done, job.payload, job.priority));
}

/// Of many who enqueue it at the same time one is told that it was accepted.
pub async fn many_at_once_enqueue_one_job(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let job = new_job("one");
    let askers = (0..24).map(|asker| {
        let (queue, job) = (Arc::clone(if asker % 2 == 0 { &queue } else { &other }), job.clone());
        tokio::spawn(async move { enqueue(&queue, job, Start::Now).await })
    });
    let outcomes = futures::future::join_all(askers).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect("no enqueue panics")).collect();
    let of = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((of(EnqueueOutcome::Accepted), of(EnqueueOutcome::Known)), (1, 23));
    take_job(&queue, job.id).await;
    assert_eq!(take_now(&other).await, None);
}

/// The refusal says the bound, leaves nothing behind, and ends when there is room.
pub async fn a_full_queue_refuses_and_keeps_nothing(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_queued: 3, ..brisk() }).await;
    let first = add(&queue, "0").await;
    for payload in ["1", "2"] {
        add(&queue, payload).await;
    }
    let before = depth(&queue).await;
    let batch = BatchId::new(SystemTime::now());
    let mut refused = new_job("3");
    refused.batch = Some(batch);
    for start in [Start::Now, Start::WhenUploaded] {
        assert_eq!(enqueue(&other, refused.clone(), start).await, EnqueueOutcome::Full { limit: 3 });
    }
    assert_eq!(find(&queue, refused.id).await, None, "a refused job is kept");
    assert_eq!(queue.batch(batch, 0, 10).await.expect("the book answers"), None, "a refused job is in its batch");
    assert_eq!(depth(&queue).await, before);

    let mut known = new_job("0");
    known.id = first;
    assert_eq!(enqueue(&queue, known, Start::Now).await, EnqueueOutcome::Known, "it was accepted before");

    let claim = take_job(&other, first).await;
    end(&other, &claim, done("")).await;
    accept(&queue, refused, Start::Now).await;
}

/// A bound of what is to be done, not of one line.
pub async fn running_delayed_and_awaiting_jobs_count_towards_the_bound(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_queued: 4, ..patient() }).await;
    add(&queue, "delayed").await;
    let claim = take(&queue).await;
    end(&queue, &claim, Settlement::Retry(failure("later"))).await;
    add(&queue, "running").await;
    let running = take(&queue).await;
    accept(&queue, new_job("awaiting"), Start::WhenUploaded).await;
    let mut batch = new_job("batch");
    batch.priority = Priority::Batch;
    accept(&queue, batch, Start::Now).await;
    assert_eq!(enqueue(&other, new_job("fifth"), Start::Now).await, EnqueueOutcome::Full { limit: 4 });
    end(&queue, &running, Settlement::Failed(failure("lasting"))).await;
    accept(&other, new_job("fifth"), Start::Now).await;
}

/// It is claimed after its start and not before; a second start, and one of a stranger, does nothing.
pub async fn an_awaiting_job_starts_once(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let job = new_job("to be uploaded");
    accept(&queue, job.clone(), Start::WhenUploaded).await;
    assert_eq!(take_now(&queue).await, None, "its picture has not arrived");
    assert_eq!(look(&queue, job.id).await.state, JobState::AwaitingUpload);
    let starts = (0..8).map(|asker| {
        let (queue, id) = (Arc::clone(if asker % 2 == 0 { &queue } else { &other }), job.id);
        tokio::spawn(async move { queue.start(id).await.expect("the queue answers a start") })
    });
    let started = futures::future::join_all(starts).await;
    assert_eq!(started.into_iter().filter(|started| *started.as_ref().expect("no start panics")).count(), 1);
    assert!(!queue.start(new_job("").id).await.expect("the queue answers a start"), "a stranger was started");
    let claim = take_job(&other, job.id).await;
    assert!(!queue.start(job.id).await.expect("the queue answers a start"), "it is running");
    end(&other, &claim, done("")).await;
    assert!(!queue.start(job.id).await.expect("the queue answers a start"), "it has ended");
    assert_eq!(take_now(&queue).await, None, "it was one job");
    let at_once = add(&queue, "at once").await;
    assert!(!queue.start(at_once).await.expect("the queue answers a start"), "it was in line from the first");
    take_job(&queue, at_once).await;
    assert_eq!(take_now(&queue).await, None);
}

/// So that whoever looks for lost uploads finds them.
pub async fn awaiting_jobs_are_listed_oldest_first(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { awaiting_ttl: LONG, ..brisk() }).await;
    let mut ids = Vec::new();
    for payload in ["a", "b", "c"] {
        let job = new_job(payload);
        ids.push(job.id);
        accept(&queue, job, Start::WhenUploaded).await;
    }
    add(&queue, "awaits nothing").await;
    assert_eq!(other.awaiting(2).await.expect("the queue answers"), ids[..2]);
    assert!(other.start(ids[0]).await.expect("the queue answers a start"));
    assert_eq!(queue.awaiting(10).await.expect("the queue answers"), ids[1..]);
}

/// Zeros, line ends, no text at all, nothing at all, and as much as a job may say.
pub async fn payloads_of_any_bytes_are_kept(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let all: Vec<u8> = (0..=u8::MAX).collect();
    for payload in [Vec::new(), all.clone(), b"\r\n\0$-1\r\n".to_vec(), all.repeat(256)] {
        let id = add(&queue, payload.clone()).await;
        assert!(look(&other, id).await.payload == payload, "the book has other bytes");
        let claim = take_job(&other, id).await;
        assert!(claim.payload == payload, "the worker gets other bytes");
        end(&other, &claim, done("")).await;
    }
}
