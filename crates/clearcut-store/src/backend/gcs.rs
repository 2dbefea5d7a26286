//! Google Cloud Storage.

use std::sync::Arc;

use object_store::{
    ClientOptions, RetryConfig, StaticCredentialProvider,
    gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey},
    signer::Signer,
};

use super::{Backend, connector::Connector, misconfigured, no_credentials};
use crate::{
    StoreError,
    config::{Bucket, MACHINE_IDENTITY},
};

/// Each of them is enough.
const CREDENTIALS: [&str; 3] =
    ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS"];

pub(super) fn open(bucket: &Bucket, retries: RetryConfig) -> Result<Backend, StoreError> {
    let options = &bucket.options;
    let is_unsigned = options.is_on("GOOGLE_SKIP_SIGNATURE")?;
    let has_credentials = CREDENTIALS.iter().any(|variable| options.get(variable).is_some());
    if !(has_credentials || is_unsigned || options.is_on(MACHINE_IDENTITY)?) {
        return Err(no_credentials(bucket, "GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT_KEY"));
    }
    let allows_http = options.get("GOOGLE_BASE_URL").is_some_and(|url| url.starts_with("http://"));
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&bucket.name)
        .with_retry(retries)
        .with_client_options(ClientOptions::new().with_allow_http(allows_http))
        .with_http_connector(Connector::new(bucket, allows_http)?)
        .with_skip_signature(is_unsigned);
    let settings =
        options.iter().filter(|(variable, _)| ![MACHINE_IDENTITY, "GOOGLE_SKIP_SIGNATURE"].contains(variable));
    for (variable, value) in settings {
        let key: GoogleConfigKey = variable
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| misconfigured(bucket, format!("{variable} is not understood")))?;
        builder = builder.with_config(key, value);
    }
    if is_unsigned {
        // The driver asks for credentials before a put even where it signs nothing, and would ask the machine.
        let nobody = GcpCredential { bearer: "nobody".to_owned() };
        builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(nobody)));
    }
    let store = Arc::new(builder.build().map_err(|error| super::unusable(bucket, &error))?);
    let signer = (!is_unsigned).then(|| Arc::clone(&store) as Arc<dyn Signer>);
    Ok(Backend { signer, ..Backend::new(bucket.cloud.name(), store) })
}
