//! Without credentials nothing is opened, and so nobody's metadata address is asked for some.

use clearcut_store::{ObjectName, Store, StoreConfig, StoreError, StoreErrorKind};
use std::time::Duration;

fn open(url: &str, variables: &[(&str, &str)]) -> Result<Store, StoreError> {
    let find = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
    Store::open(StoreConfig::from_url(url, find)?)
}

#[test]
fn a_bucket_without_credentials_is_misconfigured_and_says_what_to_set() {
    let check = |url: &str, variables: &[(&str, &str)], told: &str| {
        let error = open(url, variables).expect_err(url);
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error}");
        let text = error.to_string();
        assert!(text.contains(told) && !text.contains("hunter2"), "{text}");
    };
    check("s3://pictures", &[], "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    check("s3://pictures", &[("AWS_ACCESS_KEY_ID", "hunter2")], "set AWS_ACCESS_KEY_ID");
    check("s3://pictures", &[("AWS_ROLE_ARN", "hunter2")], "set AWS_ACCESS_KEY_ID");
    check(
        "s3://pictures",
        &[("AWS_ACCESS_KEY_ID", " "), ("AWS_SECRET_ACCESS_KEY", "hunter2")],
        "set AWS_ACCESS_KEY_ID",
    );
    check("s3://pictures", &[("AWS_SKIP_SIGNATURE", "hunter2")], "AWS_SKIP_SIGNATURE is neither true nor false");
    check("az://pictures", &[], "set AZURE_STORAGE_CONNECTION_STRING");
    check("az://pictures", &[("AZURE_STORAGE_ACCOUNT_NAME", "shop")], "set AZURE_STORAGE_CONNECTION_STRING");
    check("gs://pictures", &[], "set GOOGLE_APPLICATION_CREDENTIALS");
    check("gs://pictures", &[("CLEARCUT_STORE_MACHINE_IDENTITY", "0")], "CLEARCUT_STORE_MACHINE_IDENTITY=1");
}

#[test]
fn credentials_that_are_none_are_misconfigured_and_not_quoted() {
    let check = |url: &str, variables: &[(&str, &str)]| {
        let error = open(url, variables).expect_err(url);
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    };
    check("az://pictures", &[("AZURE_STORAGE_ACCOUNT_NAME", "shop"), ("AZURE_STORAGE_ACCOUNT_KEY", "hunter2!")]);
    check("gs://pictures", &[("GOOGLE_SERVICE_ACCOUNT_KEY", "hunter2")]);
    check("gs://pictures", &[("GOOGLE_SERVICE_ACCOUNT", "/no/such/hunter2.json")]);
    check("gs://pictures", &[("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/hunter2.json")]);
}

#[test]
fn plain_http_has_to_be_allowed() {
    let keys =
        [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let error = open("s3://pictures", &keys).unwrap_err();
    assert!(error.to_string().contains("AWS_ALLOW_HTTP=true"), "{error}");
    let allowed: Vec<_> = keys.into_iter().chain([("AWS_ALLOW_HTTP", "1")]).collect();
    assert_eq!(open("s3://pictures", &allowed).unwrap().name(), "s3");
}

#[tokio::test]
async fn signed_urls_are_made_without_the_network() {
    let name = ObjectName::upload("0123").unwrap();
    let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key"), ("AWS_REGION", "eu-central-1")];
    let s3 = open("s3://pictures/shop", &keys).unwrap();
    let url = s3.upload_url(&name, Duration::from_mins(10)).await.unwrap().unwrap();
    assert_eq!(url.host_str(), Some("s3.eu-central-1.amazonaws.com"));
    assert_eq!(url.path(), "/pictures/shop/uploads/0123");
    let query = |wanted: &str| url.query_pairs().find(|(key, _)| key == wanted).map(|(_, value)| value.into_owned());
    assert_eq!(query("X-Amz-Expires").as_deref(), Some("600"));
    assert!(query("X-Amz-Signature").is_some() && !url.as_str().contains("key&"), "{url}");
    assert_eq!(s3.upload_headers(), []);

    let connection = "AccountName=shop;AccountKey=bm8gc2VjcmV0";
    let azure = Store::open(StoreConfig::from_azure(connection, "pictures").unwrap()).unwrap();
    let url = azure.download_url(&name, Duration::from_mins(10)).await.unwrap().unwrap();
    assert_eq!((url.host_str(), url.path()), (Some("shop.blob.core.windows.net"), "/pictures/uploads/0123"));
    assert!(url.query().is_some_and(|query| query.contains("sig=")), "{url}");
    assert_eq!(azure.upload_headers(), [("x-ms-blob-type", "BlockBlob")]);
    assert_eq!(azure.name(), "azure");
}

#[tokio::test]
async fn a_lifetime_is_cut_to_what_every_store_can() {
    let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key")];
    let s3 = open("s3://pictures", &keys).unwrap();
    let name = ObjectName::upload("0123").unwrap();
    for (asked, told) in [(Duration::ZERO, "X-Amz-Expires=1&"), (Duration::MAX, "X-Amz-Expires=604800&")] {
        let url = s3.upload_url(&name, asked).await.unwrap().unwrap();
        assert!(url.as_str().contains(told), "{url}");
    }
}

/// Google's signatures are RSA, for which a key has to be generated: the Python of the S3 server can.
#[cfg(unix)]
#[tokio::test]
async fn google_urls_are_signed_by_the_service_accounts_key() {
    const SCRIPT: &str = "from cryptography.hazmat.primitives.asymmetric import rsa\n\
        from cryptography.hazmat.primitives import serialization as s\n\
        key = rsa.generate_private_key(65537, 2048)\n\
        print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())";
    if crate::servers::moto().is_none() {
        return;
    }
    let python = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients").join("moto/bin/python");
    let output = std::process::Command::new(python).args(["-c", SCRIPT]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let key = serde_json::json!({
        "private_key": String::from_utf8(output.stdout).unwrap(),
        "private_key_id": "1",
        "client_email": "cutter@shop.iam.gserviceaccount.com",
    });
    let gcs = open("gs://pictures/shop", &[("GOOGLE_SERVICE_ACCOUNT_KEY", &key.to_string())]).unwrap();
    let name = ObjectName::upload("0123").unwrap();
    let url = gcs.upload_url(&name, Duration::from_mins(10)).await.unwrap().unwrap();
    assert_eq!((url.host_str(), gcs.name()), (Some("storage.googleapis.com"), "gcs"));
    assert!(url.path().starts_with("/pictures/shop"), "{url}");
    let query = url.query().unwrap();
    assert!(query.contains("X-Goog-Expires=600") && query.contains("X-Goog-Signature="), "{url}");
}
