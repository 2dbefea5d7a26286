//! What is put is got.

use std::time::SystemTime;

use super::subject::{CLOCK_TOLERANCE, LIMIT_BYTES, Subject, noise};
use crate::{ObjectName, StoreErrorKind};

/// The bytes come back as they were put, with their media type, under the name of their hash.
pub async fn what_is_put_is_got(subject: &Subject) {
    let name = subject.put("a body").await;
    assert_eq!(name, ObjectName::result(b"a body", "image/png"));
    let object = subject.get(&name).await.expect("it was put");
    assert_eq!((&object.body[..], object.media_type.as_deref()), (&b"a body"[..], Some("image/png")));
}

/// Absent is `None`, not an error.
pub async fn an_absent_object_is_none(subject: &Subject) {
    for name in [ObjectName::result(b"absent", "image/png"), ObjectName::upload("absent").expect("an id")] {
        assert_eq!(subject.get(&name).await, None);
        assert_eq!(subject.store().head(&name).await.expect("a head is answered"), None);
        assert!(!subject.store().remove(&name).await.expect("a removal is answered"));
    }
}

/// No bytes are a body too.
pub async fn an_empty_body_is_kept(subject: &Subject) {
    let name = subject.put("").await;
    assert_eq!(subject.get(&name).await.expect("it was put").body.len(), 0);
}

/// A body as large as a large picture comes back to the last byte.
pub async fn megabytes_are_kept(subject: &Subject) {
    let body = noise(6 << 20, 1);
    let name = subject.put(body.clone()).await;
    let object = subject.get(&name).await.expect("it was put");
    assert!(object.body == body, "the megabytes came back changed");
}

/// Put twice, the same bytes are one object.
pub async fn equal_bodies_are_one_object(subject: &Subject) {
    let (one, two) = (subject.put("twice").await, subject.put("twice").await);
    assert_eq!(one, two);
    assert!(subject.store().remove(&one).await.expect("a removal is answered"));
    assert!(!subject.has(&two).await, "there was a second one");
}

/// The same bytes as another media type are another object, so that each is answered as what it was put as.
pub async fn another_media_type_is_another_object(subject: &Subject) {
    for media_type in ["image/webp", "image/jpeg", "application/json", "application/zip"] {
        let name = subject.store().put_result("same".into(), media_type).await.expect("the store takes a put");
        let object = subject.get(&name).await.expect("it was put");
        assert_eq!(object.media_type.as_deref(), Some(media_type));
    }
}

/// What a browser might run is kept as plain bytes, unless it is known to be a picture or data.
pub async fn an_unknown_media_type_is_plain_bytes(subject: &Subject) {
    for media_type in ["text/html", "image/svg+xml", "", "no type\r\nat-all: 1"] {
        let name = subject.store().put_result("<script>".into(), media_type).await.expect("the store takes a put");
        let object = subject.get(&name).await.expect("it was put");
        assert_eq!(object.media_type.as_deref(), Some("application/octet-stream"), "{media_type:?}");
    }
}

/// An upload is kept under its id, and another one takes its place.
pub async fn an_upload_is_kept_and_replaced(subject: &Subject) {
    let longest = "u".repeat(ObjectName::MAX_ID_BYTES);
    for id in ["018f5a7e-0b1c-7d3e-8f90-a1b2c3d4e5f6", "0", longest.as_str()] {
        let name = subject.put_upload(id, "first, and longer than the second").await;
        subject.put_upload(id, "second").await;
        assert_eq!(subject.get(&name).await.expect("it was put").body, "second");
    }
}

/// A result has the name of its bytes, and no other bytes are put under it.
pub async fn a_result_is_not_put_as_an_upload(subject: &Subject) {
    let name = ObjectName::result(b"mine", "image/png");
    let refused = subject.store().put_upload(&name, "other bytes".into()).await.expect_err("it is no upload");
    assert_eq!(refused.kind(), StoreErrorKind::Other);
    assert_eq!(subject.get(&name).await, None);
}

/// What is longer than the caller takes is refused as [`StoreErrorKind::TooLarge`], and stays.
pub async fn an_object_over_the_limit_is_refused(subject: &Subject) {
    let name = subject.put_upload("large", noise(1_001, 2)).await;
    let refused = subject.store().get(&name, 1_000).await.expect_err("it is one byte too long");
    assert_eq!(refused.kind(), StoreErrorKind::TooLarge);
    let taken = subject.store().get(&name, 1_001).await.expect("it is as long as allowed");
    assert_eq!(taken.expect("it was put").body.len(), 1_001);
}

/// `remove` says whether there was one, and then there is none.
pub async fn a_removed_object_is_gone(subject: &Subject) {
    let (removed, kept) = (subject.put("removed").await, subject.put("kept").await);
    assert!(subject.store().remove(&removed).await.expect("a removal is answered"), "there was one");
    assert_eq!(subject.get(&removed).await, None);
    assert!(!subject.store().remove(&removed).await.expect("a removal is answered"), "there was none any more");
    assert!(subject.get(&kept).await.is_some(), "another one went along");
}

/// Length, media type and time are told without reading the object.
pub async fn what_is_known_of_an_object_is_true(subject: &Subject) {
    let before = SystemTime::now();
    let name = subject.put(noise(12_345, 3)).await;
    let info = subject.store().head(&name).await.expect("a head is answered").expect("it was put");
    assert_eq!((info.bytes, info.media_type.as_deref()), (12_345, Some("image/png")));
    assert!(info.modified > before - CLOCK_TOLERANCE && info.modified < SystemTime::now() + CLOCK_TOLERANCE);
    assert!(info.bytes < LIMIT_BYTES);
}

/// A probe of a store that works passes.
pub async fn a_working_store_answers_its_probe(subject: &Subject) {
    subject.store().probe().await.expect("the store works");
    subject.put("something").await;
    subject.store().probe().await.expect("the store works");
}
