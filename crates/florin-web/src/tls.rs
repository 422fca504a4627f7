//! TLS: the server's side, from certificate files to a ready configuration.
//!
//! TLS 1.2 and 1.3 only. Sessions are resumed by tickets that the server need not remember.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The protocols offered. Why not HTTP/2: docs/decisions/0016-http-1-only.md
const PROTOCOLS: [&[u8]; 1] = [b"http/1.1"];

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The chain is not PEM, or holds no certificate.
    #[error("the certificate file holds no PEM certificate that can be read")]
    Certificate,
    /// The key is not PEM, or holds no private key.
    #[error("the key file holds no PEM private key that can be read")]
    Key,
    /// They do not belong together, or the key is of a kind that is not supported.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// A server's configuration from a PEM certificate chain (the server's own first) and its PEM key.
///
/// # Errors
/// [`TlsError`], with what is wrong in words for the operator.
pub fn server_config(cert_chain_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(cert_chain_pem).collect::<Result<Vec<_>, _>>().map_err(|_| TlsError::Certificate)?;
    if chain.is_empty() {
        return Err(TlsError::Certificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| TlsError::Key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use florin_vault::ca::{self, Certified, LOCAL_NAMES, Validity};

    use super::*;

    fn certified() -> Certified {
        let validity = Validity { not_before: 0, not_after: 4_102_444_800 };
        ca::issue(&ca::make_authority(validity).unwrap().key_pem, &LOCAL_NAMES, validity).unwrap()
    }

    #[test]
    fn a_certificate_and_its_key_make_a_server() {
        let Certified { cert_pem, key_pem } = certified();
        assert!(server_config(cert_pem.as_bytes(), key_pem.expose().as_bytes()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (one, two) = (certified(), certified());
        let with = |cert: &str, key: &str| server_config(cert.as_bytes(), key.as_bytes()).unwrap_err().to_string();
        assert!(with("", one.key_pem.expose()).contains("certificate file"));
        assert!(with(&one.cert_pem, "").contains("key file"));
        assert!(with(&one.cert_pem, two.key_pem.expose()).contains("cannot be used"), "a key of another certificate");
    }
}
