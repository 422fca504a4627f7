//! The local certificate authority: gives a server on this machine a certificate that clients can be told to trust.
//!
//! For sandboxes and tests; production brings its own files. Instants arrive as seconds since 1970 UTC.
//! Invariant: a certificate names only the hosts it was asked for, may not sign others, and serves servers only.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PublicKeyData, date_time_ymd,
};

use crate::digest::digest;
use crate::hex;
use crate::secret::Secret;

/// The names under which a machine calls itself.
pub const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate (or chain) and the key that belongs to it, both in PEM.
#[derive(Debug, Clone)]
pub struct Certified {
    /// `CERTIFICATE` blocks; public.
    pub cert_pem: String,
    /// A PKCS#8 `PRIVATE KEY` block.
    pub key_pem: Secret<String>,
}

/// From when until when a certificate is good, in seconds since 1970 UTC, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First good second. Leave a day for clocks that run behind.
    pub not_before: i64,
    /// Last good second. Browsers refuse servers' certificates that live longer than 825 days, even from a local authority.
    pub not_after: i64,
}

/// A key that cannot be read, or a name that cannot stand in a certificate.
#[derive(Debug, thiserror::Error)]
#[error("the certificate cannot be made: {0}")]
pub struct CaError(#[from] rcgen::Error);

/// Makes a new authority.
///
/// # Errors
/// [`CaError`] when the system cannot make a key.
pub fn make_authority(validity: Validity) -> Result<Certified, CaError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let cert = authority(&key, validity).self_signed(&key)?;
    Ok(Certified { cert_pem: cert.pem(), key_pem: Secret::new(key.serialize_pem()) })
}

/// Issues a server's certificate for `names` (host names or addresses), signed by the authority that holds `authority_key_pem`.
/// The answer carries the server's certificate only: clients have the authority's.
///
/// # Errors
/// [`CaError`] when the authority's key cannot be read or a name cannot stand in a certificate.
pub fn issue(authority_key_pem: &Secret<String>, names: &[&str], validity: Validity) -> Result<Certified, CaError> {
    let authority_key = KeyPair::from_pem(authority_key_pem.expose())?;
    let issuer = Issuer::new(authority(&authority_key, validity), authority_key);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    set_validity(&mut params, validity);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("florin"));
    // Explicit, because only then the subject key identifier is written, which strict verifiers want.
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let cert = params.signed_by(&key, &issuer)?;
    Ok(Certified { cert_pem: cert.pem(), key_pem: Secret::new(key.serialize_pem()) })
}

/// The authority's own description. Its name is made from its key, so that the key alone is enough to issue later, and two
/// authorities on one machine are never mistaken for each other.
fn authority(key: &KeyPair, validity: Validity) -> CertificateParams {
    let fingerprint = hex::encode(&digest(&key.subject_public_key_info())[..4]);
    let mut params = CertificateParams::default();
    set_validity(&mut params, validity);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Florin sandbox");
    params.distinguished_name.push(DnType::CommonName, format!("Florin local authority {fingerprint}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let epoch = date_time_ymd(1970, 1, 1);
    // Year 9999 is the last that a certificate can write.
    let at = |seconds: i64| epoch + Duration::from_secs(u64::try_from(seconds).unwrap_or(0).min(253_370_764_800));
    params.not_before = at(validity.not_before);
    params.not_after = at(validity.not_after);
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR_2026: Validity = Validity { not_before: 1_767_225_600, not_after: 1_798_761_600 };

    #[test]
    fn an_authority_issues_again_from_its_key_alone() {
        let authority = make_authority(YEAR_2026).unwrap();
        let one = issue(&authority.key_pem, &LOCAL_NAMES, YEAR_2026).unwrap();
        let two = issue(&authority.key_pem, &LOCAL_NAMES, YEAR_2026).unwrap();
        assert_ne!(one.key_pem.expose(), two.key_pem.expose(), "every certificate has a key of its own");
        assert!(one.cert_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        assert_eq!(format!("{:?}", one.key_pem), "Secret(…)");
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        assert!(issue(&Secret::new("not a key".to_owned()), &LOCAL_NAMES, YEAR_2026).is_err());
    }

    #[test]
    fn a_name_that_no_certificate_can_carry_is_refused() {
        let authority = make_authority(YEAR_2026).unwrap();
        assert!(issue(&authority.key_pem, &["münchen"], YEAR_2026).is_err());
    }
}
