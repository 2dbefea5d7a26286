//! For how long things are known.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    booking::enqueue_batch,
    subject::{
        LONG, LOOK, Subject, accept, add, brisk, dead, depth, done, end, enqueue, find, kill, look, new_job, progress,
        take, take_job, take_now, until,
    },
};
use crate::{EnqueueOutcome, Held, JobState, QueueOptions, Start};

/// Short enough to be waited for, long enough to be seen before on a busy machine.
const TTL: Duration = Duration::from_millis(1_500);

/// It, and not the job.
pub async fn a_progress_is_forgotten_after_its_time(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { progress_ttl: TTL, ..brisk() }).await;
    let id = add(&queue, "silent").await;
    let claim = take_job(&queue, id).await;
    assert_eq!(queue.renew(&claim.lease, LONG, Some(progress(5))).await.expect("the queue answers"), Held::Yes);
    assert_eq!(look(&other, id).await.progress, Some(progress(5)));
    until("the progress is forgotten", || async { look(&other, id).await.progress.is_none() }).await;
    assert_eq!(look(&queue, id).await.state, JobState::Running);
    assert_eq!(queue.renew(&claim.lease, LONG, Some(progress(6))).await.expect("the queue answers"), Held::Yes);
    assert_eq!(look(&other, id).await.progress, Some(progress(6)));
    end(&queue, &claim, done("")).await;
}

/// Then its name is free again.
pub async fn an_ended_job_is_forgotten_after_its_time(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { result_ttl: TTL, ..brisk() }).await;
    let job = new_job("brief");
    accept(&queue, job.clone(), Start::Now).await;
    let claim = take_job(&queue, job.id).await;
    end(&queue, &claim, done("a result")).await;
    assert_eq!(look(&other, job.id).await.result.as_deref(), Some("a result"));
    let unwanted = add(&queue, "unwanted").await;
    queue.cancel(unwanted).await.expect("the book answers");
    until("the result is forgotten", || async { find(&other, job.id).await.is_none() }).await;
    until("the cancelled job is forgotten", || async { find(&other, unwanted).await.is_none() }).await;
    assert_eq!(enqueue(&queue, job.clone(), Start::Now).await, EnqueueOutcome::Accepted);
    let record = look(&other, job.id).await;
    assert_eq!((record.state, record.attempts, record.result), (JobState::Queued, 0, None));
    take_job(&other, job.id).await;
}

/// What is not known is not listed, nor redriven.
pub async fn a_dead_letter_is_forgotten_after_its_time(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { result_ttl: TTL, max_attempts: 1, ..brisk() }).await;
    let id = add(&queue, "hopeless").await;
    kill(&queue, id, 1, "hopeless").await;
    assert_eq!(dead(&other).await, [id]);
    until("the dead letter is forgotten", || async { dead(&other).await.is_empty() }).await;
    assert_eq!(find(&queue, id).await, None);
    assert_eq!(queue.redrive(Some(id)).await.expect("the queue answers"), 0);
    assert_eq!(queue.redrive(None).await.expect("the queue answers"), 0);
    assert_eq!(take_now(&queue).await, None);
}

/// However long it waits and runs.
pub async fn an_unended_job_is_not_forgotten(subject: &Subject) {
    let span = TTL / 3;
    let options = QueueOptions { result_ttl: span, awaiting_ttl: span, batch_ttl: span, progress_ttl: span, ..brisk() };
    let (queue, other) = subject.open(options).await;
    let running = add(&queue, "slow").await;
    let claim = take_job(&queue, running).await;
    let job = new_job("uploaded");
    accept(&queue, job.clone(), Start::WhenUploaded).await;
    assert!(queue.start(job.id).await.expect("the queue answers a start"));
    let began = Instant::now();
    while began.elapsed() < span * 3 {
        assert_eq!(look(&other, running).await.state, JobState::Running, "after {:?}", began.elapsed());
        assert_eq!(look(&other, job.id).await.state, JobState::Queued, "after {:?}", began.elapsed());
        tokio::time::sleep(LOOK).await;
    }
    end(&queue, &claim, done("at last")).await;
    take_job(&other, job.id).await;
}

/// The list, and not the results.
pub async fn a_batch_is_forgotten_after_its_time(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { batch_ttl: TTL, ..brisk() }).await;
    let (batch, ids) = enqueue_batch(&queue, 2).await;
    for _ in &ids {
        let claim = take(&queue).await;
        end(&queue, &claim, done("a result")).await;
    }
    let known = other.batch(batch, 0, 10).await.expect("the book answers").expect("the batch is known");
    assert_eq!((known.jobs, known.done), (ids.clone(), 2));
    until("the batch is forgotten", || async { other.batch(batch, 0, 10).await.expect("the book answers").is_none() })
        .await;
    assert_eq!(look(&other, ids[0]).await.result.as_deref(), Some("a result"));
}

/// Whoever was promised a picture waits no longer; there is room for others again.
pub async fn an_awaiting_job_is_forgotten_after_its_time(subject: &Subject) {
    let options = QueueOptions { awaiting_ttl: TTL, max_queued: 1, ..brisk() };
    let (queue, other) = subject.open(options).await;
    let job = new_job("never uploaded");
    accept(&queue, job.clone(), Start::WhenUploaded).await;
    assert_eq!(enqueue(&other, new_job("next"), Start::Now).await, EnqueueOutcome::Full { limit: 1 });
    until("the job is forgotten", || async { find(&other, job.id).await.is_none() }).await;
    assert!(!queue.start(job.id).await.expect("the queue answers a start"), "it was started after it was forgotten");
    assert_eq!(queue.awaiting(10).await.expect("the queue answers"), []);
    until("there is room again", || async { depth(&queue).await.bounded() == 0 }).await;
    let next = add(&other, "next").await;
    take_job(&queue, next).await;
}
