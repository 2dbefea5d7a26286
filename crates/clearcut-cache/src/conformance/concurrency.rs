//! Many at once, and callers that go away in the middle.

use std::sync::Arc;

use super::subject::{LONG, Subject, entry, noise};
use crate::{Entry, PutOptions};

const WRITERS: u64 = 16;
const BODY_BYTES: usize = 20_000;

/// Whoever wins, the entry is one of those that were put.
pub async fn concurrent_puts_leave_one_whole_entry(subject: &Subject) {
    let key = subject.key("contended");
    let entries: Arc<Vec<Entry>> = Arc::new((0..WRITERS).map(|seed| entry(noise(BODY_BYTES, seed))).collect());
    let writers = (0..entries.len()).map(|i| {
        let (writer, key, entries) = (Arc::clone(subject.writer()), key.clone(), Arc::clone(&entries));
        tokio::spawn(async move { writer.put(&key, &entries[i], &PutOptions::new(LONG)).await })
    });
    for writer in futures::future::join_all(writers).await {
        writer.expect("no put panics").expect("no put fails");
    }
    let found = subject.get(&key).await.expect("one of them is kept");
    assert!(entries.contains(&found), "the entry is none of those that were put");
}

/// A reader during a replacement sees the old entry or the new one.
pub async fn concurrent_reads_see_whole_entries(subject: &Subject) {
    let key = subject.key("replaced");
    let entries: Arc<[Entry; 2]> = Arc::new([entry(noise(BODY_BYTES, 1)), entry(noise(BODY_BYTES / 2, 2))]);
    subject.put(&key, &entries[0]).await;
    let readers = (0..WRITERS).map(|_| {
        let (tier, key, entries) = (Arc::clone(subject.tier()), key.clone(), Arc::clone(&entries));
        tokio::spawn(async move {
            for _ in 0..8 {
                let found = tier.get(&key).await.expect("no get fails").expect("there is always an entry");
                assert!(entries.contains(&found), "a reader saw what nobody put");
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for round in 0..8 {
        subject.put(&key, &entries[(round + 1) % 2]).await;
    }
    for reader in readers {
        reader.await.expect("every read is whole");
    }
}

/// A put whose caller goes away is done or not done.
pub async fn a_dropped_put_leaves_all_or_nothing(subject: &Subject) {
    let options = PutOptions::new(LONG);
    let large = entry(noise(300_000, 4));
    for steps in 0..12 {
        let key = subject.key(&format!("dropped-{steps}"));
        drop_after(steps, subject.writer().put(&key, &large, &options)).await;
        let found = subject.get(&key).await;
        assert!(found.is_none() || found.as_ref() == Some(&large), "half an entry after {steps} steps");
        subject.put(&key, &entry("after")).await;
    }
}

/// A get whose caller goes away leaves the entry and the tier usable.
pub async fn a_dropped_get_harms_nothing(subject: &Subject) {
    let (key, large) = (subject.key("read"), entry(noise(300_000, 5)));
    subject.put(&key, &large).await;
    for steps in 0..12 {
        drop_after(steps, subject.tier().get(&key)).await;
        assert!(subject.get(&key).await.as_ref() == Some(&large), "after a get was dropped at step {steps}");
    }
}

/// Lets `work` run while the scheduler goes round `steps` times, then drops it.
async fn drop_after<F: Future>(steps: u32, work: F) {
    let rounds = async {
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = work => {}
        () = rounds => {}
    }
}
