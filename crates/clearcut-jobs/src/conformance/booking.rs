//! What is known of jobs and batches.

use std::{sync::Arc, time::SystemTime};

use super::{
    leasing::renew,
    subject::{
        LONG, Subject, accept, add, brisk, dead, depth, done, end, failure, find, kill, look, new_job, patient,
        progress, settle, take, take_job,
    },
};
use crate::{
    BatchId, BatchRecord, CancelOutcome, Claim, Depth, Held, JobId, JobRecord, JobState, Lease, Priority, Queue,
    QueueOptions, Settlement, Start,
};

/// Not an error, and not the start of anything.
pub async fn an_unknown_job_is_unknown_everywhere(subject: &Subject) {
    let (queue, _) = subject.open(brisk()).await;
    let id = new_job("").id;
    assert_eq!(find(&queue, id).await, None);
    assert_eq!(queue.cancel(id).await.expect("the book answers"), CancelOutcome::Unknown);
    assert_eq!(queue.redrive(Some(id)).await.expect("the queue answers"), 0);
    assert_eq!(queue.batch(BatchId::new(SystemTime::now()), 0, 10).await.expect("the book answers"), None);
    let lease = Lease { job: id, token: "1".to_owned() };
    assert_eq!(renew(&queue, &lease, LONG).await, Held::Lost);
    let claim = Claim::new(lease, Vec::new(), Priority::Interactive, None, 1);
    assert!(!settle(&queue, &claim, done("")).await);
    assert_eq!(find(&queue, id).await, None);
    assert_eq!(depth(&queue).await, Depth::default());
    assert_eq!(dead(&queue).await, []);
}

/// From the first day to the last, the same for everybody, and time goes on.
pub async fn a_job_is_known_through_its_life(subject: &Subject) {
    let (queue, other) = subject.open(brisk()).await;
    let mut job = new_job("a life");
    job.priority = Priority::Batch;
    accept(&queue, job.clone(), Start::WhenUploaded).await;
    let born = known(&queue, &other, job.id).await;
    let expected = JobRecord::accepted(job.clone(), JobState::AwaitingUpload, born.updated_at);
    assert_eq!(born, expected);

    assert!(queue.start(job.id).await.expect("the queue answers a start"));
    let queued = known(&queue, &other, job.id).await;
    assert_eq!(queued, JobRecord { state: JobState::Queued, updated_at: queued.updated_at, ..expected.clone() });

    let claim = take(&other).await;
    let running = known(&queue, &other, job.id).await;
    let attempt = JobRecord { attempts: 1, ..expected };
    assert_eq!(running, JobRecord { state: JobState::Running, updated_at: running.updated_at, ..attempt.clone() });

    assert_eq!(other.renew(&claim.lease, LONG, Some(progress(50))).await.expect("the queue answers"), Held::Yes);
    end(&other, &claim, done("a result")).await;
    let ended = known(&queue, &other, job.id).await;
    assert_eq!((ended.state, ended.result.as_deref()), (JobState::Done, Some("a result")));
    assert_eq!((ended.payload, ended.priority, ended.attempts), (job.payload, job.priority, 1));

    let times = [born.updated_at, queued.updated_at, running.updated_at, ended.updated_at];
    assert!(times.is_sorted(), "time went back: {times:?}");
}

/// In the order in which they were accepted, page by page, and how they ended.
pub async fn a_batch_lists_and_counts_its_jobs(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 1, ..brisk() }).await;
    let (batch, ids) = enqueue_batch(&queue, 6).await;
    add(&queue, "in no batch").await;
    let (_, others) = enqueue_batch(&queue, 1).await;
    assert_eq!(look_batch(&other, batch, 0, 10).await, BatchRecord::new(ids.clone(), 6, 0, 0));
    assert_eq!(look_batch(&other, batch, 0, 2).await, BatchRecord::new(ids[..2].to_vec(), 6, 0, 0));
    assert_eq!(look_batch(&other, batch, 4, 10).await, BatchRecord::new(ids[4..].to_vec(), 6, 0, 0));
    assert_eq!(look_batch(&other, batch, 6, 10).await, BatchRecord::new(Vec::new(), 6, 0, 0));
    assert_eq!(look_batch(&other, batch, 0, 0).await, BatchRecord::new(Vec::new(), 6, 0, 0));

    let mut again = new_job("again");
    (again.id, again.batch) = (ids[0], Some(batch));
    queue.enqueue(again, Start::Now).await.expect("the queue answers");
    assert_eq!(look_batch(&other, batch, 0, 10).await.total, 6, "a known job is not listed again");

    let alone = take(&queue).await;
    end(&queue, &alone, done("")).await;
    for (id, settlement) in ids.iter().zip([
        done("a"),
        done("b"),
        Settlement::Failed(failure("lasting")),
        Settlement::Retry(failure("exhausted")),
        Settlement::GiveBack,
    ]) {
        let claim = take_job(&other, *id).await;
        end(&other, &claim, settlement).await;
    }
    assert_eq!(queue.cancel(ids[5]).await.expect("the book answers"), CancelOutcome::Cancelled);
    assert_eq!(look_batch(&queue, batch, 0, 10).await, BatchRecord::new(ids.clone(), 6, 2, 3));
    let claim = take_job(&queue, ids[4]).await;
    end(&queue, &claim, done("e")).await;
    assert!(!settle(&queue, &claim, done("again")).await);
    assert_eq!(look_batch(&other, batch, 1, 1).await, BatchRecord::new(vec![ids[1]], 6, 3, 3));
    take_job(&queue, others[0]).await;
}

/// A dead letter that goes well in the end did not fail.
pub async fn a_batch_counts_again_what_is_redriven(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 1, ..brisk() }).await;
    let (batch, ids) = enqueue_batch(&queue, 2).await;
    for id in &ids {
        kill(&queue, *id, 1, "transient").await;
    }
    assert_eq!(look_batch(&other, batch, 0, 10).await, BatchRecord::new(ids.clone(), 2, 0, 2));
    assert_eq!(queue.redrive(Some(ids[1])).await.expect("the queue redrives"), 1);
    assert_eq!(look_batch(&other, batch, 0, 10).await, BatchRecord::new(ids.clone(), 2, 0, 1));
    assert_eq!(queue.redrive(None).await.expect("the queue redrives"), 1);
    assert_eq!(look_batch(&other, batch, 0, 10).await, BatchRecord::new(ids.clone(), 2, 0, 0));
    for _ in &ids {
        let claim = take(&other).await;
        end(&other, &claim, done("")).await;
    }
    assert_eq!(look_batch(&queue, batch, 0, 10).await, BatchRecord::new(ids, 2, 2, 0));
}

/// Every job in one place.
pub async fn depth_counts_every_place(subject: &Subject) {
    let (queue, other) = subject.open(QueueOptions { max_attempts: 2, ..patient() }).await;
    assert_eq!(depth(&queue).await, Depth::default());
    for payload in ["delayed", "running"] {
        let id = add(&queue, payload).await;
        let claim = take_job(&queue, id).await;
        if payload == "delayed" {
            end(&queue, &claim, Settlement::Retry(failure("transient"))).await;
        }
    }
    for _ in 0..2 {
        add(&queue, "in the first line").await;
    }
    enqueue_batch(&queue, 3).await;
    for _ in 0..4 {
        accept(&queue, new_job("to be uploaded"), Start::WhenUploaded).await;
    }
    let expected = Depth { interactive: 2, batch: 3, delayed: 1, running: 1, awaiting: 4, dead: 0 };
    assert_eq!(depth(&queue).await, expected);
    assert_eq!(depth(&other).await, expected);
    assert_eq!(expected.bounded(), 11);
}

/// What both connections say of it.
async fn known(queue: &Arc<dyn Queue>, other: &Arc<dyn Queue>, id: JobId) -> JobRecord {
    let record = look(queue, id).await;
    assert_eq!(look(other, id).await, record);
    record
}

pub(super) async fn enqueue_batch(queue: &Arc<dyn Queue>, count: usize) -> (BatchId, Vec<JobId>) {
    let batch = BatchId::new(SystemTime::now());
    let mut ids = Vec::new();
    for number in 0..count {
        let mut job = new_job(number.to_string());
        (job.priority, job.batch) = (Priority::Batch, Some(batch));
        ids.push(job.id);
        accept(queue, job, Start::Now).await;
    }
    (batch, ids)
}

async fn look_batch(queue: &Arc<dyn Queue>, id: BatchId, first: usize, limit: usize) -> BatchRecord {
    queue.batch(id, first, limit).await.expect("the book answers").expect("the batch is known")
}
