//! S3, and what speaks like it.

use std::sync::Arc;

use object_store::{
    ClientOptions, RetryConfig, StaticCredentialProvider,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential},
    signer::Signer,
};

use super::{Backend, connector::Connector, misconfigured, no_credentials};
use crate::{
    StoreError,
    config::{Bucket, MACHINE_IDENTITY},
};

/// Each of these sets is enough.
const CREDENTIALS: [&[&str]; 4] = [
    &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    &["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"],
    &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
    &["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
];

/// Switches that are read here.
const SWITCHES: [&str; 3] = ["AWS_ALLOW_HTTP", "AWS_SKIP_SIGNATURE", MACHINE_IDENTITY];

pub(super) fn open(bucket: &Bucket, retries: RetryConfig) -> Result<Backend, StoreError> {
    let options = &bucket.options;
    let (allows_http, is_unsigned) = (options.is_on("AWS_ALLOW_HTTP")?, options.is_on("AWS_SKIP_SIGNATURE")?);
    let has_credentials = CREDENTIALS.iter().any(|variables| options.has_all(variables));
    if !(has_credentials || is_unsigned || options.is_on(MACHINE_IDENTITY)?) {
        return Err(no_credentials(bucket, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
    }
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        if options.get(variable).is_some_and(|url| url.starts_with("http://")) && !allows_http {
            return Err(misconfigured(
                bucket,
                format!("{variable} has no TLS: use https://, or set AWS_ALLOW_HTTP=true"),
            ));
        }
    }
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_retry(retries)
        .with_client_options(ClientOptions::new().with_allow_http(allows_http))
        .with_http_connector(Connector::new(bucket, allows_http)?)
        .with_skip_signature(is_unsigned)
        // Not every store has it, and what is swept is removed one by one anyway.
        .with_disable_bulk_delete(true);
    for (variable, value) in options.iter().filter(|(variable, _)| !SWITCHES.contains(variable)) {
        let key: AmazonS3ConfigKey = variable
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| misconfigured(bucket, format!("{variable} is not understood")))?;
        builder = builder.with_config(key, value);
    }
    if is_unsigned {
        // Otherwise the driver would ask the machine for credentials that it then does not use.
        builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(AwsCredential {
            key_id: String::new(),
            secret_key: String::new(),
            token: None,
        })));
    }
    let store = Arc::new(builder.build().map_err(|error| super::unusable(bucket, &error))?);
    let signer = (!is_unsigned).then(|| Arc::clone(&store) as Arc<dyn Signer>);
    Ok(Backend { signer, ..Backend::new(bucket.cloud.name(), store) })
}
