//! Who gets which job, and when.

use std::{collections::HashMap, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use super::subject::{
    BRIEF, LONG, PATIENCE, SHORT, Subject, accept, add, brisk, claim, depth, done, end, failure, look, new_job,
    take_for, take_job, take_now,
};
use crate::{Claim, JobId, JobState, Priority, Queue, QueueOptions, Settlement, Start};

/// First in, first out.
pub async fn the_earlier_job_goes_first(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(add(if number % 2 == 0 { &queue } else { &other }, "").await);
    }
    for id in ids {
        take_job(&other, id).await;
    }
}

/// While somebody looks at a progress bar, the thousands over night wait.
pub async fn interactive_jobs_go_before_batch_jobs(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let mut batch = Vec::new();
    for _ in 0..3 {
        let mut job = new_job("over night");
        job.priority = Priority::Batch;
        batch.push(job.id);
        accept(&queue, job, Start::Now).await;
    }
    let first = add(&queue, "now").await;
    take_job(&other, first).await;
    take_job(&other, batch[0]).await;
    let second = add(&queue, "now").await;
    take_job(&other, second).await;
    let claim = take_job(&other, batch[1]).await;
    assert_eq!(claim.priority, Priority::Batch);
    take_job(&other, batch[2]).await;
}

/// At once, or when it has waited.
pub async fn an_empty_queue_answers_none(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    assert_eq!(take_now(&queue).await, None);
    assert_eq!(claim(&other, LONG, BRIEF).await, None);
    assert_eq!(claim(&other, LONG, Duration::from_micros(1)).await, None);
}

/// Nobody has to ask again.
pub async fn a_waiting_claim_wakes_when_a_job_arrives(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    for priority in [Priority::Interactive, Priority::Batch] {
        let mut job = new_job("late");
        job.priority = priority;
        let (id, adding) = (job.id, accept(&queue, job, Start::Now));
        assert_eq!(claim_during(&other, adding).await.lease.job, id);
    }
}

/// Nor for a job that was accepted before its picture.
pub async fn a_waiting_claim_wakes_when_a_picture_arrives(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let job = new_job("to be uploaded");
    let id = job.id;
    accept(&queue, job, Start::WhenUploaded).await;
    let starting = async { assert!(queue.start(id).await.expect("the queue answers a start")) };
    assert_eq!(claim_during(&other, starting).await.lease.job, id);
}

/// Nor for the next attempt, even if the pause began while it waited.
pub async fn a_waiting_claim_wakes_after_a_pause(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "again").await;
    let first = take_job(&queue, id).await;
    let failing = end(&queue, &first, Settlement::Retry(failure("transient")));
    let second = claim_during(&other, failing).await;
    assert_eq!((second.lease.job, second.attempt), (id, 2));
}

/// Nor for the job of a worker that died.
pub async fn a_waiting_claim_wakes_after_a_lease(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "abandoned").await;
    let abandoned = take_for(&queue, SHORT).await;
    let next = within(claim(&other, LONG, LONG)).await;
    assert_eq!((next.lease.job, next.attempt), (id, 2));
    assert_ne!(next.lease.token, abandoned.lease.token);
}

/// One job, many hands.
pub async fn at_most_one_of_many_claims_a_job(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let id = add(&queue, "one").await;
    let askers = (0..24).map(|asker| {
        let queue = Arc::clone(if asker % 2 == 0 { &queue } else { &other });
        tokio::spawn(async move { claim(&queue, LONG, BRIEF).await })
    });
    let claims = futures::future::join_all(askers).await;
    let claims: Vec<Claim> = claims.into_iter().filter_map(|claim| claim.expect("no claim panics")).collect();
    assert_eq!(claims.iter().map(|claim| claim.lease.job).collect::<Vec<_>>(), [id]);
}

/// A worker that gives up in the middle of asking has at worst let a lease begin.
pub async fn a_dropped_claim_loses_no_job(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 100, ..brisk() }).await;
    for steps in 0..12 {
        let id = add(&queue, "").await;
        {
            let mut asking = pin!(claim(&other, BRIEF, LONG));
            for _ in 0..steps {
                if poll_once(asking.as_mut()).await.is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let claim = take_job(&queue, id).await;
        end(&queue, &claim, done("")).await;
    }
}

/// Four workers, a thousand jobs: nothing is lost and nothing is done twice.
pub async fn a_thousand_jobs_are_each_done_once(subject: &Subject) {
    const JOBS: usize = 1_000;
    let (queue, other) = subject.open(brisk()).await;
    let mut ids = Vec::with_capacity(JOBS);
    for number in 0..JOBS {
        let mut job = new_job(number.to_string());
        if number % 3 == 0 {
            job.priority = Priority::Batch;
        }
        ids.push(job.id);
        accept(&queue, job, Start::Now).await;
    }
    let workers = (0..4).map(|worker| {
        let queue = Arc::clone(if worker % 2 == 0 { &queue } else { &other });
        tokio::spawn(async move { work_until_empty(&queue, worker).await })
    });
    let mut times: HashMap<JobId, usize> = HashMap::new();
    for did in futures::future::join_all(workers).await {
        for id in did.expect("no worker panics") {
            *times.entry(id).or_default() += 1;
        }
    }
    assert_eq!(times.len(), JOBS);
    assert!(times.values().all(|times| *times == 1), "a job was done twice");
    for id in ids {
        let record = look(&other, id).await;
        assert_eq!((record.state, record.attempts), (JobState::Done, 1), "{id}");
    }
    assert_eq!(depth(&queue).await.bounded(), 0);
}

async fn work_until_empty(queue: &Arc<dyn Queue>, worker: usize) -> Vec<JobId> {
    let mut did = Vec::new();
    while let Some(claim) = claim(queue, LONG, BRIEF).await {
        end(queue, &claim, done(&format!("by {worker}"))).await;
        did.push(claim.lease.job);
    }
    did
}

/// A claim that was waiting before `event` began.
async fn claim_during(queue: &Arc<dyn Queue>, event: impl Future<Output = ()>) -> Claim {
    let mut waiting = pin!(claim(queue, LONG, LONG));
    assert_eq!(poll_once(waiting.as_mut()).await, None, "there is nothing yet");
    event.await;
    within(waiting).await
}

async fn within(claim: impl Future<Output = Option<Claim>>) -> Claim {
    let claim = tokio::time::timeout(PATIENCE, claim).await.expect("the claim that waits wakes");
    claim.expect("it wakes with a job")
}

/// Lets a claim begin; what it answers, if it does so at once.
async fn poll_once(mut claim: std::pin::Pin<&mut impl Future<Output = Option<Claim>>>) -> Option<Claim> {
    poll_fn(|context| match claim.as_mut().poll(context) {
        Poll::Ready(claim) => Poll::Ready(claim),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
