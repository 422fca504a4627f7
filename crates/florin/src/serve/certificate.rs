//! The server's certificate: read from its files, and read again when it was renewed.
//!
//! Invariant: a certificate that cannot be used never takes the place of one that can.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use florin_web::tls::server_config;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::config::Tls;
use crate::failure::Failure;
use crate::{private_file, signals};

/// The certificate in use.
#[derive(Debug)]
struct Current(RwLock<Arc<dyn ResolvesServerCert>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Taken out first, so that no handshake keeps a renewal waiting.
        let current = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        current.resolve(hello)
    }
}

/// A TLS configuration from the files, which are read again at every SIGHUP.
///
/// # Errors
/// A [`Failure`] when the files cannot be used.
pub fn renewable(files: Tls) -> Result<Arc<ServerConfig>, Failure> {
    let mut config = ServerConfig::clone(&*read(&files)?);
    let current = Arc::new(Current(RwLock::new(Arc::clone(&config.cert_resolver))));
    config.cert_resolver = Arc::<Current>::clone(&current);
    let mut hangup = signals::hangup()?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match read(&files) {
                Ok(renewed) => {
                    *current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&renewed.cert_resolver);
                    tracing::info!(certificate = %files.certificate.display(), "the certificate was read again");
                }
                Err(failure) => tracing::error!(%failure, "the old certificate stays in use"),
            }
        }
    });
    Ok(Arc::new(config))
}

fn read(files: &Tls) -> Result<Arc<ServerConfig>, Failure> {
    let contents = |path: &PathBuf| fs::read(path).map_err(|error| Failure::because(path.display(), error));
    private_file::refuse_shared(&files.key)?;
    let (certificate, key) = (contents(&files.certificate)?, contents(&files.key)?);
    server_config(&certificate, &key).map_err(|error| Failure::because("tls", error))
}
