//! Redis dies and comes back, with its memory and without.

use clearcut_jobs::{
    CancelOutcome, Depth, EnqueueOutcome, Failure, Held, JobBook, JobQueue, JobState, NewJob, QueueErrorKind,
    Settlement, Start,
};
use clearcut_testkit::server::{RedisOptions, RedisServer};

use crate::server::{
    LONG, PATIENCE, add, add_to_batch, connection, done, end, eventually, look, new_job, nothing_is_there, queue, take,
};
use crate::waking::listens;

#[tokio::test(flavor = "multi_thread")]
async fn without_persistence_jobs_are_unknown_after_a_restart_and_the_queue_works_on() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (here, there) = (queue(&server).await, queue(&server).await);
    let held_id = add(&here, "in hand").await;
    let held = take(&there, held_id).await;
    let waiting_id = add(&here, "in line").await;
    server.restart().unwrap();

    let forgotten = eventually("an answer", async || here.job(waiting_id).await.ok()).await;
    assert_eq!(forgotten, None);
    // The other process has connections of its own to mend.
    eventually("an answer", async || there.depth().await.ok()).await;
    assert_eq!(there.renew(&held.lease, LONG, None).await.unwrap(), Held::Lost, "its worker is told to stop");
    assert!(!there.settle(&held.lease, done("for nobody")).await.unwrap());
    assert_eq!(here.cancel(held_id).await.unwrap(), CancelOutcome::Unknown);
    assert_eq!(here.depth().await.unwrap(), Depth::default());
    nothing_is_there(&there).await;

    // Whoever still wants the job says so again, under its name.
    let again = NewJob::new(waiting_id, b"in line".to_vec());
    assert_eq!(here.enqueue(again, Start::Now).await.unwrap(), EnqueueOutcome::Accepted);
    let claim = take(&there, waiting_id).await;
    assert_ne!(claim.lease.token, held.lease.token, "tokens are never given twice");
    let batch_id = add_to_batch(&here, "over night").await;
    end(&there, &claim, done("after all")).await;
    take(&there, batch_id).await;
    assert_eq!(look(&here, waiting_id).await.result.as_deref(), Some("after all"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_append_only_file_everything_is_known_again() {
    let Some(server) = RedisServer::start_with_or_skip(RedisOptions::default().append_only()) else { return };
    let (here, there) = (queue(&server).await, queue(&server).await);
    let ids = [add(&here, "done").await, add(&here, "running").await, add(&here, "delayed").await];
    let finished = take(&there, ids[0]).await;
    end(&there, &finished, done("a result")).await;
    let running = take(&there, ids[1]).await;
    let failing = take(&there, ids[2]).await;
    let failure = Failure { code: "transient".to_owned(), reason: "the store is away".to_owned() };
    end(&there, &failing, Settlement::Retry(failure)).await;
    let awaiting = new_job("awaiting");
    let awaiting_id = awaiting.id;
    here.enqueue(awaiting, Start::WhenUploaded).await.unwrap();
    let next = add(&here, "in line").await;
    let last = add_to_batch(&here, "over night").await;
    let all = [ids[0], ids[1], ids[2], awaiting_id, next, last];
    let mut before = Vec::new();
    for id in all {
        before.push(look(&here, id).await);
    }

    server.restart().unwrap();
    eventually("an answer", async || here.depth().await.ok()).await;
    eventually("an answer", async || there.depth().await.ok()).await;
    for record in before {
        assert_eq!(look(&here, record.id).await, record);
    }
    assert_eq!(there.renew(&running.lease, LONG, None).await.unwrap(), Held::Yes, "its worker goes on");
    end(&there, &running, done("in spite of it all")).await;
    assert!(here.start(awaiting_id).await.unwrap());
    let mut claimed = Vec::new();
    while let Some(claim) = there.claim(LONG, PATIENCE / 10).await.unwrap() {
        end(&there, &claim, done("")).await;
        claimed.push(claim.lease.job);
    }
    claimed.sort();
    let mut expected = [ids[2], awaiting_id, next, last];
    expected.sort();
    assert_eq!(claimed, expected, "each once: none is lost, and none comes back");
    assert_eq!(look(&here, ids[1]).await.result.as_deref(), Some("in spite of it all"));
    assert_eq!(look(&here, last).await.state, JobState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_waits_says_that_redis_is_gone_and_the_next_one_is_woken() {
    let Some(server) = RedisServer::start_or_skip() else { return };
    let (here, there) = (queue(&server).await, queue(&server).await);
    let redis = connection(&server).await;
    let waiting = there.claim(LONG, LONG);
    let killing = async {
        eventually("somebody listens", async || listens(&redis).await.then_some(())).await;
        server.kill().unwrap();
    };
    let (claim, ()) = tokio::time::timeout(PATIENCE, async { tokio::join!(waiting, killing) }).await.expect("it ends");
    assert_eq!(claim.unwrap_err().kind(), QueueErrorKind::Unavailable);

    server.restart().unwrap();
    let id = eventually("a job", async || {
        let job = new_job("late");
        let id = job.id;
        here.enqueue(job, Start::Now).await.ok().map(|_| id)
    })
    .await;
    eventually("an answer", async || there.depth().await.ok()).await;
    let claim = tokio::time::timeout(PATIENCE, there.claim(LONG, LONG)).await.expect("it wakes").unwrap();
    assert_eq!(claim.expect("it wakes with a job").lease.job, id);
}
