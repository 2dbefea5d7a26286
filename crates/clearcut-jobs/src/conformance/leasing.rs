//! For how long a worker has its job, and what it says meanwhile.

use tokio::time::Instant;

use super::subject::{
    LONG, LOOK, SHORT, Subject, add, brisk, claim, done, end, failure, look, progress, settle, take, take_for,
    take_job, take_now,
};
use crate::{Held, JobState, Lease, Queue, Settlement};
use std::{sync::Arc, time::Duration};

/// To the next that asks, with another token and a higher count.
pub async fn a_lease_that_ends_hands_the_job_over(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "abandoned").await;
    let abandoned = take_for(&queue, SHORT).await;
    assert_eq!(abandoned.lease.job, id);
    let next = take_job(&other, id).await;
    assert_eq!(next.attempt, 2);
    assert_eq!(next.payload, abandoned.payload);
    assert_ne!(next.lease.token, abandoned.lease.token);
    end(&other, &next, done("by the next")).await;
    assert_eq!(look(&queue, id).await.result.as_deref(), Some("by the next"));
}

/// For as long as one likes.
pub async fn a_renewed_lease_is_kept(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    add(&queue, "slow").await;
    let held = take_for(&queue, SHORT).await;
    let taken = Instant::now();
    while taken.elapsed() < SHORT * 2 {
        assert_eq!(renew(&queue, &held.lease, SHORT).await, Held::Yes, "it was renewed in time");
        assert_eq!(take_now(&other).await, None, "after {:?}", taken.elapsed());
        tokio::time::sleep(LOOK).await;
    }
    assert_eq!(renew(&queue, &held.lease, LONG).await, Held::Yes);
    end(&queue, &held, done("at last")).await;
}

/// Whoever lost it is told so, and cannot harm the next worker.
pub async fn a_lost_lease_neither_renews_nor_settles(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "contended").await;
    let lost = take_for(&queue, SHORT).await;
    let next = take_job(&other, id).await;
    assert_eq!(renew(&queue, &lost.lease, LONG).await, Held::Lost);
    for settlement in [done("too late"), Settlement::Failed(failure("late")), Settlement::Retry(failure("late"))] {
        assert!(!settle(&queue, &lost, settlement.clone()).await, "{settlement:?}");
    }
    assert!(!settle(&queue, &lost, Settlement::GiveBack).await, "given back");
    assert_eq!(take_now(&queue).await, None, "the next worker lost it");
    let record = look(&queue, id).await;
    assert_eq!((record.state, record.attempts, record.failure), (JobState::Running, 2, None));
    end(&other, &next, done("in time")).await;
    assert!(!settle(&queue, &lost, done("far too late")).await);
    assert_eq!(renew(&queue, &lost.lease, LONG).await, Held::Lost);
    assert_eq!(look(&queue, id).await.result.as_deref(), Some("in time"));
}

/// Knowing the job is not holding it.
pub async fn a_forged_lease_does_nothing(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "held").await;
    let before = Lease { job: id, token: "0".to_owned() };
    assert_eq!(renew(&other, &before, LONG).await, Held::Lost, "nobody holds it");
    let held = take(&queue).await;
    for token in ["", "0", "another's", &format!("{}0", held.lease.token)] {
        let forged = Lease { job: id, token: token.to_owned() };
        assert_eq!(renew(&other, &forged, LONG).await, Held::Lost, "with {token:?}");
        assert!(!other.settle(&forged, done("forged")).await.expect("the queue answers"), "with {token:?}");
    }
    assert_eq!(renew(&queue, &held.lease, LONG).await, Held::Yes);
    end(&queue, &held, done("true")).await;
    assert_eq!(look(&other, id).await.result.as_deref(), Some("true"));
}

/// By everybody, as soon as it is said.
pub async fn progress_is_seen(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "slow").await;
    assert_eq!(look(&other, id).await.progress, None);
    let held = take(&queue).await;
    let mut last = look(&other, id).await.updated_at;
    for percent in [0, 7, 100] {
        let said = Some(progress(percent));
        assert_eq!(queue.renew(&held.lease, LONG, said.clone()).await.expect("the queue answers"), Held::Yes);
        let record = look(&other, id).await;
        assert_eq!((record.state, record.progress), (JobState::Running, said));
        assert!(record.updated_at >= last, "time went back");
        last = record.updated_at;
    }
}

/// A sign of life is no news.
pub async fn a_renewal_without_progress_keeps_the_last(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "slow").await;
    let held = take(&queue).await;
    queue.renew(&held.lease, LONG, Some(progress(40))).await.expect("the queue answers");
    assert_eq!(renew(&queue, &held.lease, LONG).await, Held::Yes);
    assert_eq!(look(&other, id).await.progress, Some(progress(40)));
    assert_eq!(claim(&other, LONG, Duration::ZERO).await, None);
}

pub(super) async fn renew(queue: &Arc<dyn Queue>, held: &Lease, lease: Duration) -> Held {
    queue.renew(held, lease, None).await.expect("the queue answers a renewal")
}
