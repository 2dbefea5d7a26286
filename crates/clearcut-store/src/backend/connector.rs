//! The HTTP client of the driver: rustls on ring, no redirects.

use std::time::Duration;

use object_store::{
    ClientConfigKey, ClientOptions,
    client::{HttpClient, HttpConnector},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::misconfigured;
use crate::{StoreError, config::Bucket};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Makes the driver's HTTP clients.
///
/// The TLS provider is named instead of looked up, so that none has to be installed for the process, and a service
/// which embeds this crate may have compiled in another one.
#[derive(Debug)]
pub(super) struct Connector {
    tls: ClientConfig,
}

impl Connector {
    /// Trusts the system's certificates. A bucket that is reached `without_tls` needs none.
    pub(super) fn new(bucket: &Bucket, without_tls: bool) -> Result<Self, StoreError> {
        let mut roots = RootCertStore::empty();
        // One unreadable file among the system's hundreds is no reason to have no store.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() && !without_tls {
            let reason = "no CA certificates found: install ca-certificates or set SSL_CERT_FILE";
            return Err(misconfigured(bucket, reason));
        }
        let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| misconfigured(bucket, error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // The driver allows HTTP for the one client that asks a machine for its identity.
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp).is_some_and(|allows| allows == "true");
        let client = client(self.tls.clone(), !allows_http);
        let client = client.map_err(|error| object_store::Error::Generic { store: "HTTP", source: Box::new(error) })?;
        Ok(HttpClient::new(client))
    }
}

fn client(tls: ClientConfig, https_only: bool) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("clearcut/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .https_only(https_only)
        .http1_only()
        // A signature is for one address; another one means a wrong region, which is told.
        .redirect(reqwest::redirect::Policy::none())
        .build()
}
