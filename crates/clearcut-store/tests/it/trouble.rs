//! Stores that are away, hang, refuse, or are not there.

use std::{
    net::TcpListener,
    time::{Duration, SystemTime},
};

use clearcut_store::{Lifetimes, ObjectName, Store, StoreConfig, StoreError, StoreErrorKind};

use crate::servers;

/// Every request, as it ends.
async fn every_request(store: &Store) -> Vec<Result<(), StoreError>> {
    let name = ObjectName::result(b"absent", "image/png");
    let upload = ObjectName::upload("0123").unwrap();
    vec![
        store.put_result("a result".into(), "image/png").await.map(drop),
        store.put_upload(&upload, "an upload".into()).await,
        store.get(&name, 100).await.map(drop),
        store.head(&name).await.map(drop),
        store.remove(&name).await.map(drop),
        store.sweep(SystemTime::now(), Lifetimes::default()).await.map(drop),
        store.probe().await,
    ]
}

async fn all_fail_as(store: &Store, kind: StoreErrorKind) {
    for (index, result) in every_request(store).await.into_iter().enumerate() {
        let error = result.expect_err("it cannot succeed");
        assert_eq!(error.kind(), kind, "request {index}: {error}");
        let told = error.to_string();
        assert!(!told.contains("a-key") && !told.contains("Signature=") && !told.contains("http://"), "{told}");
    }
}

/// A port where nobody listens.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}")
}

#[tokio::test]
async fn a_store_that_is_away_is_opened_and_told_as_unavailable() {
    let s3 = Store::open(servers::s3_config(&nobody(), "pictures")).unwrap();
    all_fail_as(&s3, StoreErrorKind::Unavailable).await;

    let connection = format!("AccountName=shop;AccountKey=bm8gc2VjcmV0;BlobEndpoint={}/shop", nobody());
    let azure = Store::open(StoreConfig::from_azure(&connection, "pictures").unwrap()).unwrap();
    all_fail_as(&azure, StoreErrorKind::Unavailable).await;

    let base = nobody();
    let lookup = |variable: &str| match variable {
        "GOOGLE_BASE_URL" => Some(base.clone()),
        "GOOGLE_SKIP_SIGNATURE" => Some("1".to_owned()),
        _ => None,
    };
    let gcs = Store::open(StoreConfig::from_url("gs://pictures", lookup).unwrap()).unwrap();
    all_fail_as(&gcs, StoreErrorKind::Unavailable).await;
}

#[tokio::test]
async fn a_store_that_hangs_is_told_after_its_time_and_works_again_afterwards() {
    let Some(server) = servers::own_moto() else { return };
    let config = servers::s3_config(&server.url(), "pictures");
    let hasty = Store::open(config.clone().timeout(Duration::from_millis(500))).unwrap();
    let patient = Store::open(config.timeout(Duration::from_mins(1))).unwrap();
    let name = patient.put_result("kept".into(), "image/png").await.unwrap();
    server.pause().unwrap();
    all_fail_as(&hasty, StoreErrorKind::Unavailable).await;
    server.resume().unwrap();
    assert_eq!(patient.get(&name, 100).await.unwrap().unwrap().body, "kept");
    server.kill().unwrap();
    all_fail_as(&patient, StoreErrorKind::Unavailable).await;
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_misconfigured() {
    let Some(server) = servers::moto() else { return };
    let s3 = Store::open(servers::s3_config(&server.url(), "no-such-bucket")).unwrap();
    let put = s3.put_result("a result".into(), "image/png").await.unwrap_err();
    let got = s3.get(&ObjectName::result(b"absent", "image/png"), 100).await.unwrap_err();
    let probed = s3.probe().await.unwrap_err();
    for error in [put, got, probed] {
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains("404, NoSuchBucket"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_misconfigured() {
    let Some(server) = servers::azurite() else { return };
    let wrong = server.connection_string().replace("AccountKey=bm8g", "AccountKey=YWFh");
    assert_ne!(wrong, server.connection_string());
    let azure = Store::open(StoreConfig::from_azure(&wrong, "pictures").unwrap()).unwrap();
    all_fail_as(&azure, StoreErrorKind::Configuration).await;
}
