//! The stores, against their contract and against trouble. None but 127.0.0.1 is ever asked.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

mod conformance;
mod credentials;
mod folder;
#[cfg(unix)]
mod servers;
#[cfg(unix)]
mod trouble;

/// Workers spawn what they ask for.
#[test]
fn every_request_may_be_spawned_on_another_thread() {
    use clearcut_store::{Lifetimes, ObjectName, Store, StoreConfig};

    fn spawnable(_: &(impl Send + 'static)) {}
    let (store, name) = (Store::open(StoreConfig::memory()).unwrap(), ObjectName::upload("0").unwrap());
    spawnable(&async move {
        let now = std::time::SystemTime::now();
        store.put_result("a".into(), "image/png").await?;
        store.put_upload(&name, "a".into()).await?;
        store.get(&name, 1).await?;
        store.head(&name).await?;
        store.remove(&name).await?;
        store.upload_url(&name, std::time::Duration::MAX).await?;
        store.sweep(now, Lifetimes::default()).await?;
        store.probe().await
    });
}
