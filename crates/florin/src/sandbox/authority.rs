//! The sandbox's certificate authority: made once and kept, because browsers and scripts are told to trust it.
//!
//! The server's own certificate is made anew at every start and never written down, so it cannot run out.

use std::path::PathBuf;

use florin_domain::Timestamp;
use florin_domain::time::days;
use florin_service::{Clock, Secret};
use florin_vault::ca::{self, Certified, LOCAL_NAMES, Validity};

use crate::data_directory::DataDirectory;
use crate::failure::Failure;
use crate::private_file;

/// How long the authority is good, in days.
const AUTHORITY_DAYS: u64 = 3_650;
/// How long a server's certificate is good, in days; browsers refuse more than 825.
const SERVER_DAYS: u64 = 397;

/// The authority and the certificate that it issued.
pub struct Authority {
    /// Where its certificate lies.
    pub cert_path: PathBuf,
    /// Its certificate.
    pub cert_pem: String,
    /// The server's certificate and key.
    pub server: Certified,
}

/// The authority of `directory`, made if it has none, with a new certificate for the server.
///
/// # Errors
/// A [`Failure`] when it cannot be made, read or kept.
pub fn of(directory: &DataDirectory) -> Result<Authority, Failure> {
    // Certificates are judged by clocks that a sandbox cannot move.
    let now = Clock::system().now();
    let (cert_path, key_path) = (directory.file("ca.pem"), directory.file("ca-key.pem"));
    if !(cert_path.exists() && key_path.exists()) {
        let made = ca::make_authority(from(now, AUTHORITY_DAYS)).map_err(|error| Failure::because("the authority", error))?;
        private_file::write(&key_path, made.key_pem.expose().as_bytes())?;
        private_file::write(&cert_path, made.cert_pem.as_bytes())?;
    }
    let key_pem: Secret<String> = private_file::read(&key_path)?;
    let cert_pem = std::fs::read_to_string(&cert_path).map_err(|error| Failure::because(cert_path.display(), error))?;
    let server = ca::issue(&key_pem, &LOCAL_NAMES, from(now, SERVER_DAYS)).map_err(|error| Failure::because(key_path.display(), error))?;
    Ok(Authority { cert_path, cert_pem, server })
}

/// From yesterday, for clocks that run behind, to `length` days from now.
fn from(now: Timestamp, length: u64) -> Validity {
    let seconds = |at: Timestamp| at.micros().div_euclid(1_000_000);
    Validity { not_before: seconds(now.minus(days(1))), not_after: seconds(now.plus(days(length))) }
}
