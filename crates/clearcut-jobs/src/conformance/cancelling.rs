//! Jobs that nobody wants any more.

use super::{
    leasing::renew,
    subject::{
        LONG, SHORT, Subject, accept, add, brisk, dead, depth, done, end, failure, look, new_job, settle, take_for,
        take_job, take_now, until,
    },
};
use crate::{CancelOutcome, Depth, Held, JobId, JobState, Priority, Queue, Settlement, Start};
use std::sync::Arc;

/// And the one behind it is.
pub async fn a_cancelled_job_in_line_is_never_claimed(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    for priority in [Priority::Interactive, Priority::Batch] {
        let mut unwanted = new_job("unwanted");
        let mut wanted = new_job("wanted");
        (unwanted.priority, wanted.priority) = (priority, priority);
        let ids = (unwanted.id, wanted.id);
        accept(&queue, unwanted, Start::Now).await;
        accept(&queue, wanted, Start::Now).await;
        assert_eq!(cancel(&other, ids.0).await, CancelOutcome::Cancelled);
        assert_eq!(cancel(&queue, ids.0).await, CancelOutcome::Ended(JobState::Cancelled));
        assert_eq!(depth(&queue).await.bounded(), 1, "what is cancelled is not in line");
        let claim = take_job(&queue, ids.1).await;
        end(&queue, &claim, done("")).await;
        assert_eq!(take_now(&other).await, None);
        let record = look(&queue, ids.0).await;
        assert_eq!((record.state, record.attempts, record.result), (JobState::Cancelled, 0, None));
    }
}

/// Its pause leads nowhere.
pub async fn a_cancelled_job_is_not_tried_again(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "unwanted").await;
    let claim = take_job(&queue, id).await;
    end(&queue, &claim, Settlement::Retry(failure("transient"))).await;
    assert_eq!(cancel(&other, id).await, CancelOutcome::Cancelled);
    // Its pause would be over before the second of these is.
    for payload in ["next", "next but one"] {
        let next = add(&queue, payload).await;
        let claim = take_job(&other, next).await;
        end(&other, &claim, Settlement::Retry(failure("transient"))).await;
        let claim = take_job(&other, next).await;
        end(&other, &claim, done("")).await;
    }
    assert_eq!(take_now(&queue).await, None);
    assert_eq!(look(&queue, id).await.state, JobState::Cancelled);
    assert_eq!(depth(&queue).await, Depth::default());
}

/// Its picture may come and changes nothing.
pub async fn a_cancelled_job_awaits_no_picture(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let job = new_job("to be uploaded");
    accept(&queue, job.clone(), Start::WhenUploaded).await;
    assert_eq!(cancel(&other, job.id).await, CancelOutcome::Cancelled);
    assert_eq!(queue.awaiting(10).await.expect("the queue answers"), []);
    assert!(!queue.start(job.id).await.expect("the queue answers a start"));
    assert_eq!(take_now(&other).await, None);
    assert_eq!(look(&queue, job.id).await.state, JobState::Cancelled);
    assert_eq!(depth(&queue).await, Depth::default());
}

/// At its next renewal.
pub async fn a_worker_hears_that_its_job_is_cancelled(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "unwanted").await;
    let claim = take_job(&queue, id).await;
    assert_eq!(renew(&queue, &claim.lease, LONG).await, Held::Yes);
    assert_eq!(cancel(&other, id).await, CancelOutcome::Cancelled);
    assert_eq!(look(&queue, id).await.state, JobState::Cancelled, "it is not waited for the worker");
    assert_eq!(renew(&queue, &claim.lease, LONG).await, Held::Cancelled);
    assert_eq!(renew(&queue, &claim.lease, LONG).await, Held::Cancelled, "nor when it asks again");
}

/// However the worker ends that did not hear of it.
pub async fn a_cancelled_job_stays_so_when_it_is_settled(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let settlements = [
        done("too late"),
        Settlement::Failed(failure("late")),
        Settlement::Retry(failure("late")),
        Settlement::GiveBack,
    ];
    for settlement in settlements {
        let id = add(&queue, "unwanted").await;
        let claim = take_job(&queue, id).await;
        assert_eq!(cancel(&other, id).await, CancelOutcome::Cancelled);
        assert!(settle(&queue, &claim, settlement.clone()).await, "its lease was held: {settlement:?}");
        assert!(!settle(&queue, &claim, settlement.clone()).await, "it was settled twice: {settlement:?}");
        let record = look(&other, id).await;
        assert_eq!((record.state, record.result), (JobState::Cancelled, None), "after {settlement:?}");
        assert_eq!(take_now(&other).await, None, "after {settlement:?}");
        assert_eq!(cancel(&queue, id).await, CancelOutcome::Ended(JobState::Cancelled), "after {settlement:?}");
    }
    assert_eq!(dead(&queue).await, []);
    assert_eq!(depth(&queue).await, Depth::default());
}

/// Not even when its worker died with it.
pub async fn a_cancelled_job_is_not_handed_over(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let unwanted = add(&queue, "unwanted").await;
    let wanted = add(&queue, "wanted").await;
    // Both workers die; the lease of the one that is wanted begins later.
    assert_eq!(take_for(&queue, SHORT).await.lease.job, unwanted);
    assert_eq!(take_for(&queue, SHORT).await.lease.job, wanted);
    assert_eq!(cancel(&other, unwanted).await, CancelOutcome::Cancelled);
    let claim = take_job(&other, wanted).await;
    end(&other, &claim, done("")).await;
    until("nothing is left", || async {
        assert_eq!(take_now(&other).await, None);
        depth(&queue).await == Depth::default()
    })
    .await;
    assert_eq!(look(&queue, unwanted).await.state, JobState::Cancelled);
}

/// It is told how it ended.
pub async fn an_ended_job_is_not_cancelled(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    for (settlement, state) in
        [(done("well"), JobState::Done), (Settlement::Failed(failure("lasting")), JobState::Failed)]
    {
        let id = add(&queue, "").await;
        let claim = take_job(&queue, id).await;
        end(&queue, &claim, settlement).await;
        let before = look(&queue, id).await;
        assert_eq!(cancel(&other, id).await, CancelOutcome::Ended(state));
        assert_eq!(look(&queue, id).await, before);
    }
}

async fn cancel(queue: &Arc<dyn Queue>, id: JobId) -> CancelOutcome {
    queue.cancel(id).await.expect("the book answers a cancellation")
}
