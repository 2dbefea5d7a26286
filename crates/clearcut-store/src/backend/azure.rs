//! Azure Blob Storage.

use std::sync::Arc;

use object_store::{
    ClientOptions, RetryConfig,
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    signer::Signer,
};

use super::{Backend, connector::Connector, misconfigured, no_credentials};
use crate::{
    StoreError,
    config::{Bucket, MACHINE_IDENTITY},
};

/// Each of these sets is enough.
const CREDENTIALS: [&[&str]; 5] = [
    &["AZURE_STORAGE_ACCOUNT_KEY"],
    &["AZURE_STORAGE_SAS_TOKEN"],
    &["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"],
    &["AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID"],
    &["AZURE_STORAGE_USE_EMULATOR"],
];

/// Azure has several kinds of blobs, and a `PUT` must say which one it makes.
const UPLOAD_HEADERS: [(&str, &str); 1] = [("x-ms-blob-type", "BlockBlob")];

pub(super) fn open(bucket: &Bucket, retries: RetryConfig) -> Result<Backend, StoreError> {
    let options = &bucket.options;
    let has_credentials = CREDENTIALS.iter().any(|variables| options.has_all(variables));
    if !(has_credentials || options.is_on(MACHINE_IDENTITY)?) {
        return Err(no_credentials(bucket, "AZURE_STORAGE_CONNECTION_STRING"));
    }
    let is_emulator = options.is_on("AZURE_STORAGE_USE_EMULATOR")?;
    let allows_http =
        is_emulator || options.get("AZURE_STORAGE_ENDPOINT").is_some_and(|url| url.starts_with("http://"));
    let mut builder = MicrosoftAzureBuilder::new()
        .with_container_name(&bucket.name)
        .with_retry(retries)
        .with_client_options(ClientOptions::new().with_allow_http(allows_http))
        .with_http_connector(Connector::new(bucket, allows_http)?)
        .with_use_emulator(is_emulator);
    let settings =
        options.iter().filter(|(variable, _)| ![MACHINE_IDENTITY, "AZURE_STORAGE_USE_EMULATOR"].contains(variable));
    for (variable, value) in settings {
        let key: AzureConfigKey = variable
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| misconfigured(bucket, format!("{variable} is not understood")))?;
        builder = builder.with_config(key, value);
    }
    let store = Arc::new(builder.build().map_err(|error| super::unusable(bucket, &error))?);
    // Who has no key but a signature of somebody else's cannot make another one.
    let signs = options.get("AZURE_STORAGE_ACCOUNT_KEY").is_some() || options.get("AZURE_STORAGE_SAS_TOKEN").is_none();
    let signer = signs.then(|| Arc::clone(&store) as Arc<dyn Signer>);
    Ok(Backend { signer, upload_headers: &UPLOAD_HEADERS, ..Backend::new(bucket.cloud.name(), store) })
}
