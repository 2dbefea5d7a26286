//! Jobs that were given up, and how they come back.

use std::{sync::Arc, time::Duration};

use super::subject::{
    BRIEF, Subject, add, brisk, claim, dead, depth, done, end, enqueue, failure, kill, look, new_job, take_job,
    take_now, until,
};
use crate::{EnqueueOutcome, JobId, JobState, Queue, QueueOptions, Settlement, Start};

/// After the last attempt, with the reason of that.
pub async fn exhausted_retries_are_dead_letters_with_reasons(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 3, ..brisk() }).await;
    let id = add(&queue, "hopeless").await;
    kill(&queue, id, 3, "store_unreachable").await;
    assert_eq!(take_now(&other).await, None, "it was given up");
    let letters = other.dead(10).await.expect("the book answers");
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!((letter.id, letter.state, letter.attempts), (id, JobState::Failed, 3));
    assert_eq!(
        (letter.payload.as_slice(), &letter.failure),
        (b"hopeless".as_slice(), &Some(failure("store_unreachable")))
    );
    assert_eq!(look(&queue, id).await, *letter);
    let depth = depth(&other).await;
    assert_eq!((depth.dead, depth.bounded()), (1, 0));
}

/// Claimed as often as it may be and never settled: it is not handed to the next worker.
pub async fn a_job_that_kills_its_workers_is_a_dead_letter(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 3, ..brisk() }).await;
    let id = add(&queue, "poison").await;
    until("the poison is a dead letter", || async {
        // Each worker dies with it.
        let claimed = claim(&queue, BRIEF, Duration::ZERO).await;
        assert!(claimed.is_none_or(|claim| claim.attempt <= 3), "it was handed out once more");
        dead(&other).await == [id]
    })
    .await;
    assert_eq!(take_now(&other).await, None);
    let letter = look(&queue, id).await;
    assert_eq!((letter.state, letter.attempts), (JobState::Failed, 3));
    let failure = letter.failure.expect("a dead letter has its reason");
    assert_eq!(failure.code, "worker_lost");
    assert!(!failure.reason.is_empty());
    assert_eq!(depth(&queue).await.bounded(), 0);
}

/// The latest is what somebody looks for; the oldest go when there are too many.
pub async fn dead_letters_are_listed_latest_first_up_to_their_bound(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 1, max_dead: 3, ..brisk() }).await;
    let ids = killed(&queue, 5).await;
    let latest: Vec<JobId> = ids.iter().rev().copied().take(3).collect();
    assert_eq!(dead(&other).await, latest);
    assert_eq!(depth(&other).await.dead, 3);
    let two = other.dead(2).await.expect("the book answers");
    assert_eq!(two.iter().map(|letter| letter.id).collect::<Vec<_>>(), latest[..2]);
    assert_eq!(queue.redrive(Some(ids[0])).await.expect("the queue redrives"), 0, "it went from the list");
    assert_eq!(queue.redrive(None).await.expect("the queue redrives"), 3);
}

/// With all its attempts, and without the others.
pub async fn one_dead_letter_is_redriven(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 2, ..brisk() }).await;
    let mut ids = Vec::new();
    for payload in ["one", "two"] {
        let id = add(&queue, payload).await;
        kill(&queue, id, 2, "first").await;
        ids.push(id);
    }
    assert_eq!(other.redrive(Some(ids[0])).await.expect("the queue redrives"), 1);
    assert_eq!(other.redrive(Some(ids[0])).await.expect("the queue redrives"), 0, "it is in line already");
    assert_eq!(dead(&queue).await, [ids[1]]);
    let record = look(&queue, ids[0]).await;
    assert_eq!((record.state, record.attempts), (JobState::Queued, 0));
    kill(&queue, ids[0], 2, "second").await;
    assert_eq!(dead(&queue).await, [ids[0], ids[1]]);
    assert_eq!(look(&queue, ids[0]).await.failure, Some(failure("second")));
    assert_eq!(other.redrive(Some(ids[0])).await.expect("the queue redrives"), 1);
    let claim = take_job(&other, ids[0]).await;
    assert_eq!((claim.attempt, claim.payload.as_slice()), (1, b"one".as_slice()));
    end(&other, &claim, done("after all")).await;
    assert_eq!(look(&queue, ids[0]).await.state, JobState::Done);
}

/// Even into a full queue: they were accepted once.
pub async fn all_dead_letters_are_redriven(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 1, max_queued: 2, ..brisk() }).await;
    let ids = killed(&queue, 3).await;
    add(&queue, "a").await;
    add(&queue, "b").await;
    assert_eq!(enqueue(&queue, new_job("c"), Start::Now).await, EnqueueOutcome::Full { limit: 2 });
    assert_eq!(other.redrive(None).await.expect("the queue redrives"), 3);
    assert_eq!(other.redrive(None).await.expect("the queue redrives"), 0);
    assert_eq!(dead(&queue).await, []);
    let depth = depth(&queue).await;
    assert_eq!((depth.interactive, depth.dead), (5, 0));
    let mut claimed = Vec::new();
    for _ in 0..5 {
        let claim = take_now(&other).await.expect("it is in line");
        end(&other, &claim, done("")).await;
        claimed.push(claim.lease.job);
    }
    assert!(ids.iter().all(|id| claimed.contains(id)), "a redriven job was not handed out");
}

/// Not what waits, runs, went well, failed for good, was cancelled, or never was.
pub async fn nothing_but_a_dead_letter_is_redriven(subject: &Subject) {
    let (queue, _) = subject.open(brisk()).await;
    let ends = [done("well"), Settlement::Failed(failure("lasting"))];
    let mut ids = vec![new_job("").id];
    for settlement in ends {
        let id = add(&queue, "").await;
        let claim = take_job(&queue, id).await;
        end(&queue, &claim, settlement).await;
        ids.push(id);
    }
    let running = add(&queue, "").await;
    take_job(&queue, running).await;
    let cancelled = add(&queue, "").await;
    queue.cancel(cancelled).await.expect("the book answers");
    ids.extend([running, cancelled]);
    let waiting = add(&queue, "").await;
    ids.push(waiting);
    for id in ids {
        assert_eq!(queue.redrive(Some(id)).await.expect("the queue answers"), 0);
    }
    assert_eq!(queue.redrive(None).await.expect("the queue answers"), 0);
    take_job(&queue, waiting).await;
    assert_eq!(take_now(&queue).await, None);
}

/// Dead letters of a queue that tries once, oldest first.
async fn killed(queue: &Arc<dyn Queue>, count: usize) -> Vec<JobId> {
    let mut ids = Vec::new();
    for number in 0..count {
        let id = add(queue, number.to_string()).await;
        kill(queue, id, 1, "hopeless").await;
        ids.push(id);
    }
    ids
}
