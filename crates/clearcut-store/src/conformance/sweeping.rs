//! Lifetimes.

use std::time::{Duration, SystemTime};

use super::subject::{CLOCK_TOLERANCE, Subject};
use crate::{Lifetimes, SweepReport};

const HOUR: Duration = Duration::from_hours(1);
const LIFETIMES: Lifetimes = Lifetimes { uploads: HOUR, results: Some(HOUR.saturating_mul(3)) };

/// First the uploads go, then the results, each when its own time is over.
pub async fn the_sweep_removes_what_is_past_its_lifetime_and_nothing_else(subject: &Subject) {
    let (upload, result) = (subject.put_upload("old", "12345").await, subject.put("1234567").await);
    let now = SystemTime::now();
    let sweep = async |now| subject.store().sweep(now, LIFETIMES).await.expect("the store is swept");

    assert_eq!(sweep(now).await, SweepReport::default());
    assert_eq!(sweep(now + HOUR - CLOCK_TOLERANCE).await, SweepReport::default());
    assert!(subject.has(&upload).await && subject.has(&result).await);

    assert_eq!(sweep(now + HOUR + CLOCK_TOLERANCE).await, SweepReport { removed: 1, bytes: 5, failed: 0 });
    assert!(!subject.has(&upload).await && subject.has(&result).await);

    assert_eq!(sweep(now + 3 * HOUR + CLOCK_TOLERANCE).await, SweepReport { removed: 1, bytes: 7, failed: 0 });
    assert!(!subject.has(&result).await);
}

/// Without a lifetime, results stay however old they are; many uploads go at once.
pub async fn results_without_a_lifetime_are_kept(subject: &Subject) {
    let result = subject.put("kept").await;
    for number in 0..30 {
        subject.put_upload(&format!("upload-{number}"), "1").await;
    }
    let late = SystemTime::now() + Duration::from_hours(24 * 365);
    let report = subject.store().sweep(late, Lifetimes::default()).await.expect("the store is swept");
    assert_eq!(report, SweepReport { removed: 30, bytes: 30, failed: 0 });
    assert!(subject.has(&result).await);
}

/// The lifetime counts from the last put.
pub async fn an_object_that_was_put_again_begins_anew(subject: &Subject) {
    let name = subject.put("again").await;
    let first = subject.store().head(&name).await.expect("a head is answered").expect("it was put").modified;
    // Stores that tell whole seconds show it after a second.
    let deadline = SystemTime::now() + Duration::from_secs(20);
    loop {
        subject.put("again").await;
        let again = subject.store().head(&name).await.expect("a head is answered").expect("it was put").modified;
        if again > first {
            break;
        }
        assert!(SystemTime::now() < deadline, "the second put did not renew the object");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Nothing to do is no error.
pub async fn the_sweep_of_an_empty_store_removes_nothing(subject: &Subject) {
    let late = SystemTime::now() + Duration::from_hours(24 * 365);
    let report = subject.store().sweep(late, LIFETIMES).await.expect("the store is swept");
    assert_eq!(report, SweepReport::default());
    let report = subject.store().sweep(SystemTime::UNIX_EPOCH, LIFETIMES).await.expect("the store is swept");
    assert_eq!(report, SweepReport::default());
}
