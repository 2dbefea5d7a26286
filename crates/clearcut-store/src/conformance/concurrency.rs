//! Many at once, and callers that go away.

use std::time::Duration;

use futures::future::join_all;

use super::subject::{Subject, noise};
use crate::ObjectName;

/// Of many puts under one name, one is answered whole.
pub async fn concurrent_puts_leave_one_whole_object(subject: &Subject) {
    let bodies: Vec<_> = (0..8).map(|seed| noise(100_000, seed)).collect();
    let name = ObjectName::upload("race").expect("an id");
    let puts = bodies.iter().map(|body| subject.store().put_upload(&name, body.clone()));
    for put in join_all(puts).await {
        put.expect("the store takes a put");
    }
    let found = subject.get(&name).await.expect("it was put").body;
    assert!(bodies.contains(&found), "what is left is none of the bodies");

    let same = join_all((0..8).map(|_| subject.put(bodies[0].clone()))).await;
    assert!(same.iter().all(|name| *name == same[0]) && subject.get(&same[0]).await.is_some());
}

/// A put that is given up leaves the whole object or none.
pub async fn a_dropped_put_leaves_all_or_nothing(subject: &Subject) {
    for (index, delay) in [0, 1, 5, 20].into_iter().enumerate() {
        let body = noise(3 << 20, 100 + index as u64);
        let put = subject.store().put_result(body.clone(), "image/png");
        // What it came to is a matter of speed; either is allowed.
        let _ = tokio::time::timeout(Duration::from_millis(delay), put).await;
        if let Some(object) = subject.get(&ObjectName::result(&body, "image/png")).await {
            assert!(object.body == body, "a part of the object is answered");
        }
    }
}

/// A get that is given up leaves the object, and the store goes on.
pub async fn a_dropped_get_harms_nothing(subject: &Subject) {
    let body = noise(3 << 20, 200);
    let name = subject.put(body.clone()).await;
    for delay in [0, 1, 5] {
        let _ = tokio::time::timeout(Duration::from_millis(delay), subject.get(&name)).await;
    }
    assert!(subject.get(&name).await.expect("it was put").body == body);
}
