//! Stores on private servers, each under a prefix of its own.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use clearcut_store::{Store, StoreConfig};
use clearcut_testkit::server::{AzuriteServer, MotoServer};

const TARGET: &str = env!("CARGO_TARGET_TMPDIR");
const BUCKET: &str = "pictures";
/// The driver encodes a hyphen here, which moto does not take for one.
const OPEN_BUCKET: &str = "openpictures";

pub fn moto() -> Option<&'static MotoServer> {
    let server = MotoServer::shared_or_skip(Path::new(TARGET))?;
    server.create_bucket(BUCKET).unwrap();
    Some(server)
}

pub fn own_moto() -> Option<MotoServer> {
    let server = MotoServer::start_or_skip(Path::new(TARGET))?;
    server.create_bucket(BUCKET).unwrap();
    Some(server)
}

pub fn azurite() -> Option<&'static AzuriteServer> {
    let server = AzuriteServer::shared_or_skip(Path::new(TARGET))?;
    server.create_container(BUCKET).unwrap();
    Some(server)
}

/// A prefix that no other test has.
fn prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("shop/test-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn s3_config(endpoint: &str, bucket: &str) -> StoreConfig {
    let lookup = |variable: &str| {
        Some(match variable {
            "AWS_ACCESS_KEY_ID" => "an-id".to_owned(),
            "AWS_SECRET_ACCESS_KEY" => "a-key".to_owned(),
            "AWS_ENDPOINT_URL" => endpoint.to_owned(),
            "AWS_ALLOW_HTTP" => "true".to_owned(),
            _ => return None,
        })
    };
    StoreConfig::from_url(&format!("s3://{bucket}/{}", prefix()), lookup).unwrap()
}

pub fn s3() -> Option<Store> {
    Some(Store::open(s3_config(&moto()?.url(), BUCKET)).unwrap())
}

pub fn gcs() -> Option<Store> {
    let server = moto()?;
    server.create_bucket(OPEN_BUCKET).unwrap();
    server.open_bucket(OPEN_BUCKET).unwrap();
    let endpoint = server.url();
    let lookup = |variable: &str| match variable {
        "GOOGLE_BASE_URL" => Some(endpoint.clone()),
        "GOOGLE_SKIP_SIGNATURE" => Some("true".to_owned()),
        _ => None,
    };
    Some(Store::open(StoreConfig::from_url(&format!("gs://{OPEN_BUCKET}/{}", prefix()), lookup).unwrap()).unwrap())
}

fn azure_with(connection_string: &str) -> Store {
    let lookup = |variable: &str| (variable == "AZURE_STORAGE_CONNECTION_STRING").then(|| connection_string.to_owned());
    Store::open(StoreConfig::from_url(&format!("az://{BUCKET}/{}", prefix()), lookup).unwrap()).unwrap()
}

pub fn azure() -> Option<Store> {
    Some(azure_with(&azurite()?.connection_string()))
}

pub fn azure_signed() -> Option<Store> {
    Some(azure_with(&azurite()?.connection_string_of(BUCKET).unwrap()))
}
