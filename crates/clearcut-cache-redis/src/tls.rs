//! The one TLS client configuration of this crate: rustls on ring, the system's certificates and the operator's own.

use clearcut_cache::{TierError, TierErrorKind};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Trusts the system's certificates and those in `extra_pem`.
///
/// The provider is named instead of looked up: a service which embeds this crate may have compiled in another one,
/// and rustls panics where it finds two.
pub(crate) fn client_config(tier: &str, extra_pem: &[u8]) -> Result<ClientConfig, TierError> {
    let misconfigured = |reason: String| TierError::new(tier, TierErrorKind::Configuration, reason);
    let mut roots = RootCertStore::empty();
    // One unreadable file among the system's hundreds is no reason to have no cache.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in CertificateDer::pem_slice_iter(extra_pem) {
        certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()))
            .map_err(|error| misconfigured(format!("unreadable CA certificate: {error}")))?;
    }
    if roots.is_empty() {
        return Err(misconfigured("no CA certificates found: install ca-certificates or set SSL_CERT_FILE".into()));
    }
    Ok(ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| misconfigured(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_certificate_is_a_configuration_error() {
        let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let error = client_config("redis", pem).unwrap_err();
        assert_eq!(error.kind(), TierErrorKind::Configuration);
    }
}
