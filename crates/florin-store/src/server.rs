//! How a `PostgreSQL` server is reached: the URL, TLS, time limits, and what to do while it is away.
//!
//! Connecting blocks, so only threads that may wait do it. Invariant: while a server is known to be away callers are refused
//! at once; only one attempt every [`PAUSE`] finds out whether it is back.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ::postgres::config::{SslMode, TargetSessionAttrs};
use ::postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;
use crate::error::Failure;
use crate::postgres::Session;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes cast to text are the text that they are, as on the other engine. The last one keeps an acknowledged commit durable on
/// servers that are configured to forget it in a crash.
const SETTINGS: &str = "
    SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s'; SET client_min_messages = 'warning';
    SET bytea_output = 'escape';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
const READ_ONLY: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
/// A row a day old belongs to a process that is gone, and its last commit is not in doubt any more.
const FORGET_WRITERS: &str = "
    DELETE FROM batches WHERE begun_at < CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) - 86400000000";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Before the tables exist.
    Migrate,
    /// The writer thread.
    Write,
    /// A reader thread.
    Read,
}

/// A server, reachable or not.
pub(crate) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    /// The name of this process's row in `batches`, made by the server.
    writer: OnceLock<String>,
    /// The number of the last batch, shared by every connection the writer has had.
    batch: Arc<AtomicI64>,
    /// Until when the server counts as away, and why.
    outage: Mutex<Option<(Instant, String)>>,
}

impl Server {
    /// Reads the URL and makes ready to connect, without connecting.
    ///
    /// # Errors
    /// [`StoreError::Internal`] for a URL that cannot be understood, or TLS without a single trusted root.
    pub(crate) fn new(url: &str) -> Result<Self, StoreError> {
        let (url, root) = without_libpq_names(url);
        // The URL holds a password, so the parser's complaint is all that is told of it.
        let mut config: Config = url.parse().map_err(|error| StoreError::Internal(format!("the database URL is refused: {error}")))?;
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(Duration::from_secs(10)).keepalives_idle(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name("florin");
        }
        let tls = (config.get_ssl_mode() == SslMode::Require).then(|| tls(root.as_deref())).transpose()?;
        Ok(Self { config, tls, writer: OnceLock::new(), batch: Arc::default(), outage: Mutex::new(None) })
    }

    /// Connects, unless the server was found away a moment ago.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be reached or refuses.
    pub(crate) fn connect(&self, purpose: Purpose) -> Result<Session, StoreError> {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((until, reason)) = &*outage
            && Instant::now() < *until
        {
            return Err(StoreError::Unavailable(reason.clone()));
        }
        // The lock is not held meanwhile: a reader must not wait for the writer's three seconds.
        drop(outage);
        let session = self.reach(purpose);
        outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        *outage = match &session {
            Err(StoreError::Unavailable(reason)) => {
                tracing::warn!(reason, "the database cannot be reached");
                Some((Instant::now() + PAUSE, reason.clone()))
            }
            Ok(_) | Err(_) => None,
        };
        session
    }

    fn reach(&self, purpose: Purpose) -> Result<Session, StoreError> {
        let mut config = self.config.clone();
        if purpose != Purpose::Read {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let explain = |error: ::postgres::Error| Failure::from(error).error;
        let client = match &self.tls {
            Some(tls) => config.connect(tls.clone()),
            None => config.connect(NoTls),
        };
        let mut client = client.map_err(|error| match Failure::from(error).error {
            StoreError::Internal(text) => StoreError::Unavailable(text),
            other => other,
        })?;
        client.batch_execute(SETTINGS).map_err(explain)?;
        let mut writer = String::new();
        match purpose {
            Purpose::Migrate => check_encoding(&mut client)?,
            Purpose::Read => client.batch_execute(READ_ONLY).map_err(explain)?,
            Purpose::Write => {
                client.batch_execute(FORGET_WRITERS).map_err(explain)?;
                if self.writer.get().is_none() {
                    let row = client.query_one("SELECT CAST(gen_random_uuid() AS TEXT)", &[]).map_err(explain)?;
                    self.writer.get_or_init(|| row.get(0));
                }
                writer = self.writer.get().cloned().unwrap_or_default();
            }
        }
        Ok(Session::new(client, writer, Arc::clone(&self.batch)))
    }
}

fn check_encoding(client: &mut Client) -> Result<(), StoreError> {
    let row = client.query_one("SHOW server_encoding", &[]).map_err(|error| Failure::from(error).error)?;
    match row.get(0) {
        "UTF8" => Ok(()),
        other => Err(StoreError::Internal(format!("the database must be encoded in UTF8, not {other}"))),
    }
}

/// Takes from a URL the words that libpq knows and the driver does not: the strict modes are the only way TLS is done here,
/// and `sslrootcert` names the PEM file of a private authority.
fn without_libpq_names(url: &str) -> (String, Option<String>) {
    let Some((address, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let mut root = None;
    let kept: Vec<&str> = query
        .split('&')
        .filter_map(|pair| match pair.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => Some("sslmode=require"),
            Some(("sslrootcert", path)) => {
                root = Some(path.replace("%2F", "/").replace("%2f", "/"));
                None
            }
            _ => Some(pair),
        })
        .collect();
    (format!("{address}?{}", kept.join("&")), root)
}

/// TLS that verifies the server's name, against `root` alone where given, else against the system's authorities.
fn tls(root: Option<&str>) -> Result<MakeRustlsConnect, StoreError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};

    let certificates: Vec<CertificateDer<'static>> = match root {
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| StoreError::Internal(format!("sslrootcert {path}: {error}")))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = rustls::RootCertStore::empty();
    if roots.add_parsable_certificates(certificates).0 == 0 {
        return Err(StoreError::Internal("TLS to the database needs a trusted authority, and there is none".to_owned()));
    }
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Internal(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpq_words_are_understood() {
        let (url, root) = without_libpq_names("postgres://a@b/c?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&application_name=x");
        assert_eq!(url, "postgres://a@b/c?sslmode=require&application_name=x");
        assert_eq!(root.as_deref(), Some("/etc/ca.pem"));
        assert_eq!(without_libpq_names("host=/run dbname=x"), ("host=/run dbname=x".to_owned(), None));
    }
}
