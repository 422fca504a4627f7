//! TLS as a client: whom to trust.
//!
//! The cipher provider is named here and handed over; nothing is installed for the whole process, which may hold several servers.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::ConnectError;

/// A configuration that trusts the public authorities and, if given, those in `extra_root_pem`.
pub(crate) fn client_config(extra_root_pem: Option<&[u8]>) -> Result<ClientConfig, ConnectError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    for certificate in extra_root_pem.map(read_certificates).transpose()?.unwrap_or_default() {
        roots.add(certificate).map_err(|error| ConnectError::Misconfigured(format!("an extra root certificate: {error}")))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError::Misconfigured(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| ConnectError::Misconfigured(format!("the extra root certificates: {error}")))?;
    // A file without a certificate would silently trust nobody extra.
    if certificates.is_empty() {
        Err(ConnectError::Misconfigured("no certificate among the extra roots".to_owned()))
    } else {
        Ok(certificates)
    }
}
