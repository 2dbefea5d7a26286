//! How an attempt ends.

use super::{
    leasing::renew,
    subject::{LONG, Subject, add, brisk, dead, depth, done, end, failure, look, patient, settle, take_job, take_now},
};
use crate::{Depth, Held, JobState, QueueOptions, Settlement};

/// Once, and for everybody to see.
pub async fn a_done_job_has_its_result(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "easy").await;
    let claim = take_job(&queue, id).await;
    let result = "{\"image\":\"a\\u0000\",\n\"note\":\"ünïcode\"}";
    end(&queue, &claim, done(result)).await;
    for queue in [&queue, &other] {
        let record = look(queue, id).await;
        assert_eq!((record.state, record.attempts, record.failure), (JobState::Done, 1, None));
        assert_eq!(record.result.as_deref(), Some(result));
    }
    assert!(!settle(&queue, &claim, done("another")).await, "it was settled twice");
    assert_eq!(renew(&queue, &claim.lease, LONG).await, Held::Lost, "it is over");
    assert_eq!(take_now(&other).await, None);
    assert_eq!(depth(&other).await, Depth::default());
    assert_eq!(look(&other, id).await.result.as_deref(), Some(result));
}

/// What fails every time is not tried again, and is no dead letter: nothing would come of it.
pub async fn a_failed_job_is_final(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "impossible").await;
    let claim = take_job(&queue, id).await;
    end(&queue, &claim, Settlement::Failed(failure("undecodable"))).await;
    let record = look(&other, id).await;
    assert_eq!((record.state, record.attempts, record.result), (JobState::Failed, 1, None));
    assert_eq!(record.failure, Some(failure("undecodable")));
    assert_eq!(take_now(&other).await, None);
    assert!(!settle(&queue, &claim, done("after all")).await, "it was settled twice");
    assert_eq!(dead(&queue).await, []);
    assert_eq!(depth(&queue).await, Depth::default());
}

/// Until its pause is over it is in line for nobody, and says why.
pub async fn a_retry_waits_and_counts(subject: &Subject) {
    let (queue, other) = subject.open(patient()).await;
    let id = add(&queue, "later").await;
    let claim = take_job(&queue, id).await;
    end(&queue, &claim, Settlement::Retry(failure("store_unreachable"))).await;
    assert_eq!(take_now(&other).await, None, "its pause has only begun");
    let record = look(&other, id).await;
    assert_eq!((record.state, record.attempts, record.result), (JobState::Queued, 1, None));
    assert_eq!(record.failure, Some(failure("store_unreachable")));
    assert_eq!(depth(&queue).await, Depth { delayed: 1, ..Depth::default() });
    assert!(!settle(&queue, &claim, done("after all")).await, "the attempt was settled twice");
    assert_eq!(renew(&queue, &claim.lease, LONG).await, Held::Lost);
}

/// With a higher count, until it goes well.
pub async fn a_retry_comes_back(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "stubborn").await;
    for attempt in 1..=3 {
        let claim = take_job(&other, id).await;
        assert_eq!(claim.attempt, attempt);
        assert_eq!(claim.payload, b"stubborn");
        end(&other, &claim, Settlement::Retry(failure("transient"))).await;
    }
    let claim = take_job(&queue, id).await;
    assert_eq!(claim.attempt, 4);
    end(&queue, &claim, done("at last")).await;
    let record = look(&other, id).await;
    assert_eq!((record.state, record.attempts, record.failure), (JobState::Done, 4, None));
    assert_eq!(record.result.as_deref(), Some("at last"));
    assert_eq!(dead(&queue).await, []);
}

/// A worker that is told to end harms no job, however often that happens.
pub async fn what_is_given_back_is_claimed_at_once_and_does_not_count(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 2, ..patient() }).await;
    let id = add(&queue, "unlucky").await;
    for round in 0..5 {
        let claim = take_now(if round % 2 == 0 { &queue } else { &other }).await.expect("it is there at once");
        assert_eq!((claim.lease.job, claim.attempt), (id, 1), "in round {round}");
        end(&queue, &claim, Settlement::GiveBack).await;
        let record = look(&other, id).await;
        assert_eq!((record.state, record.attempts), (JobState::Queued, 0), "in round {round}");
        assert!(!settle(&queue, &claim, Settlement::GiveBack).await, "it was given back twice");
    }
    assert_eq!(depth(&queue).await, Depth { interactive: 1, ..Depth::default() });
}
