//! TLS for the listener.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};

use crate::settings::ListenSettings;

/// TLS for the listener, if a certificate is configured.
pub fn tls(settings: &ListenSettings) -> Result<Option<rustls::ServerConfig>> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let (certificate, key) = match (&settings.tls_certificate, &settings.tls_key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Ok(None),
        _ => anyhow::bail!("TLS needs both a certificate and its key"),
    };
    let unreadable = |path: &PathBuf| format!("cannot read {}", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| unreadable(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| unreadable(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Some(config))
}
