//! What is put is got, for as long as it was meant to be.

use std::time::Duration;

use tokio::time::Instant;

use super::subject::{LONG, Subject, entry, entry_for, noise};
use crate::{
    CacheKey, Entry, EntryHead, EntryStatus, ForegroundFacts, PutOptions, PutOutcome, TierErrorKind, envelope,
};

/// Short enough to be waited for, long enough to be seen before on a busy machine.
const SHORT: Duration = Duration::from_millis(400);
/// By when an expired entry must be gone, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// The entry comes back as it was put.
pub async fn what_is_put_is_got(subject: &Subject) {
    let (key, entry) = (subject.key("a"), entry("a body"));
    subject.put(&key, &entry).await;
    assert_eq!(subject.get(&key).await, Some(entry));
}

/// Absent is `None`, not an error.
pub async fn an_absent_key_is_none(subject: &Subject) {
    assert_eq!(subject.get(&subject.key("absent")).await, None);
}

/// No bytes are a body too.
pub async fn an_empty_body_is_kept(subject: &Subject) {
    let (key, entry) = (subject.key("empty"), entry(""));
    subject.put(&key, &entry).await;
    assert_eq!(subject.get(&key).await, Some(entry));
}

/// A body as large as a picture comes back to the last byte.
pub async fn a_megabyte_is_kept(subject: &Subject) {
    let (key, entry) = (subject.key("large"), entry(noise(1 << 20, 1)));
    subject.put(&key, &entry).await;
    assert!(subject.get(&key).await == Some(entry), "the megabyte came back changed, or not at all");
}

/// Every field of the head comes back.
pub async fn the_facts_of_the_head_are_kept(subject: &Subject) {
    let long = entry("");
    let entry = Entry {
        body: "no foreground found".into(),
        head: EntryHead {
            status: EntryStatus::Failure,
            media_type: "text/plain; charset=utf-8; note=\"ünïcode\"".into(),
            width_px: 4_032,
            height_px: u32::MAX,
            foreground: Some(ForegroundFacts {
                left_px: 1,
                top_px: 2,
                width_px: 3,
                height_px: 4,
                coverage: 0.25,
                confidence: 1.0,
            }),
            compute_us: 1 << 40,
            ..long.head
        },
    };
    let key = subject.key("facts");
    subject.put(&key, &entry).await;
    assert_eq!(subject.get(&key).await, Some(entry));
}

/// A key is printable ASCII, and each of its characters means itself.
pub async fn every_printable_character_may_stand_in_a_key(subject: &Subject) {
    for character in '!'..='~' {
        let key = subject.key(&format!("<{character}>"));
        subject.put(&key, &entry(character.to_string())).await;
    }
    for character in '!'..='~' {
        let found = subject.get(&subject.key(&format!("<{character}>"))).await;
        assert_eq!(found.map(|entry| entry.body), Some(character.to_string().into()), "under {character:?}");
    }
    let all = ('!'..='~').collect::<String>();
    subject.put(&subject.key(&all), &entry("all")).await;
    assert!(subject.get(&subject.key(&all)).await.is_some());
}

/// Keys that differ in their last character only are two keys.
pub async fn keys_of_the_greatest_length_are_distinct(subject: &Subject) {
    let stem = "k".repeat(CacheKey::MAX_BYTES - subject.namespace().len() - 2);
    let [one, two] = [subject.key(&format!("{stem}1")), subject.key(&format!("{stem}2"))];
    assert_eq!(one.as_str().len(), CacheKey::MAX_BYTES);
    subject.put(&one, &entry("one")).await;
    assert_eq!(subject.get(&two).await, None);
    subject.put(&two, &entry("two")).await;
    assert_eq!(subject.get(&one).await.map(|entry| entry.body), Some("one".into()));
}

/// An entry lives for as long as the put said.
pub async fn an_entry_is_gone_after_its_time(subject: &Subject) {
    let [short, long] = [subject.key("short"), subject.key("long")];
    subject.put(&long, &entry("long")).await;
    subject.put_for(&short, &entry_for("short", SHORT), SHORT).await;
    let put = Instant::now();
    while subject.get(&short).await.is_some() {
        assert!(put.elapsed() < PATIENCE, "an entry put for {SHORT:?} was still answered after {PATIENCE:?}");
        tokio::time::sleep(SHORT / 8).await;
    }
    assert!(subject.get(&long).await.is_some(), "it took another entry along");
}

/// The second entry is answered, and for its own time.
pub async fn a_second_put_replaces_body_and_time(subject: &Subject) {
    let key = subject.key("twice");
    subject.put_for(&key, &entry_for("first, and longer than the second", SHORT), SHORT).await;
    let second = entry("second");
    subject.put(&key, &second).await;
    assert_eq!(subject.get(&key).await, Some(second.clone()));
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(subject.get(&key).await, Some(second), "it went with the first one's time");
}

/// `remove` says whether there was one, and then there is none.
pub async fn a_removed_entry_is_gone(subject: &Subject) {
    let [removed, kept] = [subject.key("removed"), subject.key("kept")];
    subject.put(&removed, &entry("removed")).await;
    subject.put(&kept, &entry("kept")).await;
    let writer = subject.writer();
    assert!(writer.remove(&removed).await.expect("the tier removes"), "there was one");
    assert_eq!(subject.get(&removed).await, None);
    assert!(!writer.remove(&removed).await.expect("the tier removes"), "there was none any more");
    assert!(subject.get(&kept).await.is_some());
}

/// An entry with a flipped bit is removed and told as [`TierErrorKind::Corrupt`].
pub async fn an_entry_with_a_flipped_bit_is_never_answered(subject: &Subject) {
    let frame = envelope::encode(&entry(noise(1_000, 2))).expect("the head is short");
    for at in [0, 9, 21, 30, frame.len() / 2, frame.len() - 1] {
        let mut flipped = frame.to_vec();
        flipped[at] ^= 0x10;
        check_unreadable(subject, &format!("flipped-{at}"), flipped).await;
    }
    check_unreadable(subject, "cut", frame[..frame.len() - 10].to_vec()).await;
    check_unreadable(subject, "no-frame", b"not a frame at all".to_vec()).await;
}

/// An entry that another version wrote is removed and told as [`TierErrorKind::Corrupt`].
pub async fn an_entry_of_another_version_is_never_answered(subject: &Subject) {
    let mut frame = envelope::encode(&entry("from the future")).expect("the head is short").to_vec();
    frame[4] = 0xfe;
    check_unreadable(subject, "version", frame).await;
}

async fn check_unreadable(subject: &Subject, name: &str, frame: Vec<u8>) {
    let Some(plant) = subject.plant() else { return };
    let key = subject.key(name);
    plant(key.clone(), frame.into()).await;
    match subject.tier().get(&key).await {
        Err(error) => assert_eq!(error.kind(), TierErrorKind::Corrupt, "{name}: {error}"),
        Ok(found) => panic!("{name}: an unreadable entry must be told as Corrupt, to be counted, but was {found:?}"),
    }
    assert_eq!(subject.get(&key).await, None, "{name}: the unreadable entry was not removed");
    subject.put(&key, &entry("new")).await;
    assert!(subject.get(&key).await.is_some(), "{name}: the key was not usable afterwards");
}

/// What is too large is declined, not an error, and is not answered in part.
pub async fn an_entry_over_the_limit_is_declined(subject: &Subject) {
    let Some(limit_bytes) = subject.limit_bytes() else { return };
    let key = subject.key("huge");
    let huge = entry(noise(limit_bytes + 1, 3));
    let outcome = subject.writer().put(&key, &huge, &PutOptions::new(LONG)).await.expect("declined, not failed");
    assert_eq!(outcome, PutOutcome::Declined);
    assert_eq!(subject.get(&key).await, None);
}

/// The tier says that it is there.
pub async fn a_working_tier_answers_its_probe(subject: &Subject) {
    subject.tier().probe().await.expect("a working tier answers its probe");
    assert!(!subject.tier().name().is_empty());
}
