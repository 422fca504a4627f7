//! Detached signatures of merchants' servers: the request's body signed with a key of which only the public part is here.
//!
//! The header `<base64url header>..<base64url signature>` stands beside the body that it signs (RFC 7515, appendix F). Which
//! timestamps are good, that a signature comes once, and that method and URL are this request's are the caller's to check.
//! Invariant: the key alone decides the algorithm, and every byte of the body counts.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use aws_lc_rs::signature::RsaParameters;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{PemObject, SectionKind};
use serde::Deserialize;

use crate::compact::{self, KeyError, MILLISECOND_MAX, Parts, Scheme, TokenError, Verifier};
use crate::digest::digest;

const RSA_BITS_MIN: u32 = 2_048;
const RSA_BITS_MAX: u32 = 8_192;
const PEM_LINE: usize = 64;

/// What a merchant's server signed beside the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachedHeader {
    /// The key, as the merchant registered it.
    pub kid: String,
    /// The request's method, as the merchant wrote it.
    pub verb: String,
    /// The request's URL, as the merchant wrote it.
    pub url: String,
    /// When it was signed, in milliseconds since 1970 UTC.
    pub timestamp_ms: i64,
    /// On whose behalf, if the merchant says so.
    pub userid: Option<String>,
    /// SHA-256 of all that was signed, the body too. It tells a replay: the signature itself does not, because whoever
    /// sees an ES256 signature can write down a second one that is as good.
    pub digest: [u8; 32],
}

/// The header as it is written, and all it may say: a field that chooses keys is an unknown field, which is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    verb: String,
    url: String,
    timestamp: i64,
    userid: Option<String>,
}

/// The key that `signature` claims to be made with; nothing for a text that no key would verify. A claim only: it chooses among
/// the keys that one merchant registered, and [`MerchantKey::verify_detached`] proves it.
pub fn detached_kid(signature: &str) -> Option<String> {
    let (_, header) = read(signature).ok()?;
    Some(header.kid)
}

fn read(signature: &str) -> Result<(Parts<'_>, Header), TokenError> {
    let parts = Parts::split(signature)?;
    if !parts.payload.is_empty() {
        return Err(TokenError::Malformed);
    }
    let header: Header = compact::object(parts.header)?;
    let texts = [&header.kid, &header.verb, &header.url];
    if texts.into_iter().any(String::is_empty) || !(1..=MILLISECOND_MAX).contains(&header.timestamp) {
        return Err(TokenError::Malformed);
    }
    Ok((parts, header))
}

/// A merchant's public key.
#[derive(Clone)]
pub struct MerchantKey {
    verifier: Verifier,
    spki: Vec<u8>,
}

impl MerchantKey {
    /// Reads a key from one `PUBLIC KEY` block: RSA of 2048 bits or more, P-256 or Ed25519.
    ///
    /// # Errors
    /// [`KeyError::Private`] when a private key was given; [`KeyError::TooShort`]; [`KeyError::Unsupported`]; and
    /// [`KeyError::Unreadable`] for anything but exactly one block.
    pub fn parse_pem(pem: &str) -> Result<Self, KeyError> {
        let mut blocks = <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes());
        let (Some(Ok((kind, spki))), None) = (blocks.next(), blocks.next()) else {
            // Some kinds of private keys are skipped as unknown blocks.
            return Err(if pem.contains("PRIVATE KEY-----") { KeyError::Private } else { KeyError::Unreadable });
        };
        match kind {
            SectionKind::PublicKey => Self::parse_spki(&spki),
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => Err(KeyError::Private),
            _ => Err(KeyError::Unreadable),
        }
    }

    fn parse_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let schemes = [Scheme::EdDsa, Scheme::Es256, Scheme::Rs256];
        let verifier = schemes.into_iter().find_map(|scheme| Verifier::parse(scheme, spki).ok()).ok_or(KeyError::Unsupported)?;
        let written: PublicKeyX509Der<'_> = verifier.key.as_der().map_err(|_| KeyError::Unreadable)?;
        // The library also reads other notations, and bytes behind the key. One key has one text here.
        if written.as_ref() != spki {
            return Err(KeyError::Unsupported);
        }
        if verifier.scheme == Scheme::Rs256 {
            match rsa_bits(spki)? {
                ..RSA_BITS_MIN => return Err(KeyError::TooShort),
                RSA_BITS_MIN..=RSA_BITS_MAX => {}
                _ => return Err(KeyError::Unsupported),
            }
        }
        Ok(Self { verifier, spki: spki.to_vec() })
    }

    /// The key as a `PUBLIC KEY` block, to be stored and shown; [`parse_pem`](Self::parse_pem) reads it again.
    pub fn to_pem(&self) -> String {
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        let mut encoded = STANDARD.encode(&self.spki);
        while !encoded.is_empty() {
            let rest = encoded.split_off(encoded.len().min(PEM_LINE));
            pem += &encoded;
            pem.push('\n');
            encoded = rest;
        }
        pem + "-----END PUBLIC KEY-----\n"
    }

    /// The only algorithm the key verifies: `RS256`, `ES256` or `EdDSA`.
    pub const fn algorithm_name(&self) -> &'static str {
        self.verifier.scheme.name()
    }

    /// What was signed, if `signature` is this key's over `body`.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] unless it is the detached form with exactly the fields `alg`, `kid`, `verb`, `url`, `timestamp`
    /// and perhaps `userid`; [`TokenError::WrongAlgorithm`]; [`TokenError::BadSignature`].
    ///
    /// Source: `docs/wire/wpay.md`, "X-JWS-Signature".
    pub fn verify_detached(&self, signature: &str, body: &[u8]) -> Result<DetachedHeader, TokenError> {
        let (parts, header) = read(signature)?;
        let mut signed = String::with_capacity(parts.header.len() + 1 + body.len().div_ceil(3) * 4);
        signed.push_str(parts.header);
        signed.push('.');
        compact::encode_into(&mut signed, body);
        self.verifier.verify(&header.alg, signed.as_bytes(), &parts.signature()?)?;
        let Header { alg: _, kid, verb, url, timestamp: timestamp_ms, userid } = header;
        Ok(DetachedHeader { kid, verb, url, timestamp_ms, userid, digest: digest(signed.as_bytes()) })
    }
}

fn rsa_bits(spki: &[u8]) -> Result<u32, KeyError> {
    let key = RsaPublicKey::from_der(spki).map_err(|_| KeyError::Unreadable)?;
    RsaParameters::public_modulus_len(key.as_ref()).map_err(|_| KeyError::Unreadable)
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MerchantKey({})", self.algorithm_name())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    // Keys and signatures made with Python's cryptography 48.
    const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm//acJ6NhAXSVv2qHiTY
p5znuDqoi4JJYETPqrLBTOmK4RmQhhD52tze6527QAP2LkjAOvthu+L5roqx5+dx
kf4PO5Ll186+44PkG2g23X8QmQnIhSxoJMR7dGYsGkyww6Slf2qctovFHlFRiwKp
cVr2wYAgiTX4gAyUUZsdcRGwCYAouyYXNTIm9pHGI7v38nUyqgWkN8YP9587Km5a
UekxCJHhZWsFPAX3l/FWYhZE18hQ3o/J7m8Z5kQHwg8yXdGg6LiTpfz0YmHpM0Gf
z4DTE8uJC+BJDrfxXMZimON+JB0W/wVIB73Um32JtJgRTLZ9cs8Pml+rN22mGTlp
VQIDAQAB
-----END PUBLIC KEY-----
";
    const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0p26Fswjqo84Xug1bY64f3rWk+CN
KUMCASZVNz5GQczFvYqG+Ua7onseS5spZTCPa7ZjPqOtf0Z/ty5Jy733RQ==
-----END PUBLIC KEY-----
";
    const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAZnknwgRvgv9HvJUloIz/9aNf6NS7RN12X9EKGgBUsiQ=
-----END PUBLIC KEY-----
";
    const HEADER_REST: &str = "IsImtpZCI6ImFjbWUtMSIsInZlcmIiOiJQT1NUIiwidXJsIjoiL3dvdy92MS9wYXkvcmVmdW5kcyIsInRpbWVzdGFtcCI6MTgwMDAwMDAwMDAwMCwidXNlcmlkIjoic2hvcC03In0..";
    const BODY: &[u8] = br#"{"data":{"amount":12.5}}"#;

    fn foreign() -> [(&'static str, &'static str, String); 3] {
        let text = |algorithm: &str, signature: &str| format!("eyJhbGciOiJ{algorithm}{HEADER_REST}{signature}").replace(['\n', ' '], "");
        let rsa = "ShRaOUJ5M5Y-C4f11GsA7dKzu3q-btLyrOXMNF6XzK_Jrj40dnFAoUqUDwfSlHdoC8TMxe3xTog7EcU2ZEg3C8aQDlzxRsd6QqFy9bGyquP6Rm1YRUum
            qmQmqFmuGhRsgkw47d37wmydERnhtn0aaowTV_6CWQykE_aOVAUGdutJth77MYsNLpt8n4ZUOzSMLRFYEKOR2PuKTdFcCmAc6mgJKl2mxNaiqwa3hHy1mauy
            hNrbWtb71BDjtUShkQFmq8v3Xu-QV1ci5L9qMuT0R9EWt6IQtCOcPkWdGdzxV-yqUA6zI3yq9T0C2KP0acpJGr0VKQVsG-nM0VkTEZ_SbQ";
        let p256 = "icyl2aKItRwVLeCi-EgLchonFg4OZd-n4i4483jHA9TkvGkmj-ZFMvgCPQMZ1ZzDc21mN9fqZsNpDCDO4-De_A";
        let ed25519 = "jzkfc28pRaBOwlv-MsWrvLgDpx-JUbX8Lv4KFaKEj63mzNmN3qoSAv_4XYWhzJsuEEYlByWnusvMJonO37AZAQ";
        [("RS256", RSA, text("SUzI1Ni", rsa)), ("ES256", P256, text("FUzI1Ni", p256)), ("EdDSA", ED25519, text("FZERTQS", ed25519))]
    }

    #[test]
    fn signatures_made_elsewhere_are_read_and_bind_header_and_body() {
        for (algorithm, pem, signature) in foreign() {
            let key = MerchantKey::parse_pem(pem).unwrap();
            assert_eq!((key.algorithm_name(), detached_kid(&signature).as_deref()), (algorithm, Some("acme-1")));
            let header = key.verify_detached(&signature, BODY).unwrap();
            let expected = ("acme-1", "POST", "/wow/v1/pay/refunds", 1_800_000_000_000, Some("shop-7"));
            let DetachedHeader { kid, verb, url, timestamp_ms, userid, digest } = &header;
            assert_eq!((kid.as_str(), verb.as_str(), url.as_str(), *timestamp_ms, userid.as_deref()), expected);
            assert_eq!(key.verify_detached(&signature, BODY).unwrap().digest, *digest, "a replay is the same again");
            assert_eq!(key.verify_detached(&signature, b"").unwrap_err(), TokenError::BadSignature);
            assert_eq!(key.verify_detached(&signature, &BODY[1..]).unwrap_err(), TokenError::BadSignature);
        }
    }

    #[test]
    fn a_key_verifies_its_own_algorithm_alone() {
        for (algorithm, pem, _) in foreign() {
            let key = MerchantKey::parse_pem(pem).unwrap();
            for (other, _, signature) in foreign().iter().filter(|(other, ..)| *other != algorithm) {
                assert_eq!(key.verify_detached(signature, BODY).unwrap_err(), TokenError::WrongAlgorithm, "{other} with {algorithm}");
            }
        }
    }

    #[test]
    fn a_key_survives_its_storage_and_prints_its_kind_alone() {
        for (algorithm, pem, _) in foreign() {
            let key = MerchantKey::parse_pem(pem).unwrap();
            assert_eq!((key.to_pem(), format!("{key:?}")), (pem.to_owned(), format!("MerchantKey({algorithm})")));
        }
    }

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    #[test]
    fn what_is_no_good_key_is_refused_with_its_reason() {
        let rsa_1024 = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC0BLD7bF/CWT6pOYrUQZCYs2vZmIMVq3w6Xvby+rD6C3AoD0yUGuIVMtWtTTz91g26wHUqsYLM\
            7gpv07HlYd59zi5N0mKeCEc7ZN4vyn3Gkj+LCXtyEugfQU2c5Ma5ETiwHz9c+SCLO3n3PGMIiwjKvPBkMGnX0gjqtXUFHhDB2QIDAQAB";
        let p384 = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE0ZnQhUsOp3ZDBCiSU2pN9LffY/YzG1eRHrSmTIStm3XxmrzPmXYKUOMz8M0qjdgy91yZ3ohxR+sk\
            MtW9KRhFCufoDS29RP9YA00IEdjnPMKNB66dLx0ksJJsX56yD/T2";
        let p256_compressed = "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACNj0/t3cWjuqWFuq5Yrj0yz1I/lu6takNzp0vF4HCN+s=";
        let public = |base64: &str| pem("PUBLIC KEY", &STANDARD.decode(base64).unwrap());
        let spki = MerchantKey::parse_pem(ED25519).unwrap().spki;
        let longer = [&spki[..], &[0]].concat();
        for (text, expected) in [
            (public(rsa_1024), KeyError::TooShort),
            (public(p384), KeyError::Unsupported),
            (public(p256_compressed), KeyError::Unsupported),
            (pem("PUBLIC KEY", &longer), KeyError::Unsupported),
            (pem("PUBLIC KEY", &spki[..43]), KeyError::Unsupported),
            (pem("PUBLIC KEY", &[7; 32]), KeyError::Unsupported),
            (pem("PUBLIC KEY", &[]), KeyError::Unsupported),
            (pem("CERTIFICATE", &spki), KeyError::Unreadable),
            (pem("RSA PUBLIC KEY", &spki), KeyError::Unreadable),
            (format!("{ED25519}{P256}"), KeyError::Unreadable),
            (ED25519.replace("MCow", "MC*w"), KeyError::Unreadable),
            (ED25519.replace("-----END", ""), KeyError::Unreadable),
            (String::new(), KeyError::Unreadable),
            ("MCowBQYDK2VwAyEAZnknwgRvgv9HvJUloIz".to_owned(), KeyError::Unreadable),
            (pem("PRIVATE KEY", &spki), KeyError::Private),
            (pem("EC PRIVATE KEY", &spki), KeyError::Private),
            (pem("RSA PRIVATE KEY", &spki), KeyError::Private),
            (pem("ENCRYPTED PRIVATE KEY", &spki), KeyError::Private),
        ] {
            assert_eq!(MerchantKey::parse_pem(&text).unwrap_err(), expected, "{text}");
        }
    }

    /// A merchant who signs whatever header we like, with the key of which we hold the public part.
    struct Merchant(Ed25519KeyPair);

    impl Merchant {
        fn key(&self) -> MerchantKey {
            let spki: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
            MerchantKey::parse_pem(&pem("PUBLIC KEY", spki.as_ref())).unwrap()
        }

        fn signs(&self, header: &str) -> String {
            let header = compact::encode(header.as_bytes());
            let signature = self.0.sign(format!("{header}.{}", compact::encode(BODY)).as_bytes());
            format!("{header}..{}", compact::encode(signature.as_ref()))
        }
    }

    const SOUND: &str = r#"{"alg":"EdDSA","kid":"k","verb":"POST","url":"/refunds","timestamp":1800000000000}"#;

    #[test]
    fn a_header_says_what_it_must_and_nothing_else() {
        let merchant = Merchant(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
        let key = merchant.key();
        assert_eq!(key.verify_detached(&merchant.signs(SOUND), BODY).unwrap().userid, None);
        let with = |more: &str| SOUND.replacen('{', &format!("{{{more},"), 1);
        let mut headers: Vec<String> = [r#""kid":"k","#, r#""verb":"POST","#, r#""url":"/refunds","#, r#","timestamp":1800000000000"#]
            .map(|field| SOUND.replace(field, ""))
            .to_vec();
        for (name, value) in [("jwk", "{}"), ("jku", r#""https://evil.test""#), ("x5u", r#""https://evil.test""#), ("x5c", "[]")] {
            headers.push(with(&format!(r#""{name}":{value}"#)));
        }
        headers.extend(
            [r#""crit":["b64"]"#, r#""b64":false"#, r#""b64":true"#, r#""typ":"JWT""#, r#""kid":"k""#, r#""alg":"EdDSA""#].map(with),
        );
        for timestamp in ["\"1800000000000\"", "1.8e12", "1800000000000.0", "-1", "0", "null", "253402300800000", "9223372036854775808"] {
            headers.push(SOUND.replace("1800000000000", timestamp));
        }
        headers.extend(["\"\"", "null", "[\"k\"]", "7"].map(|kid| SOUND.replace("\"k\"", kid)));
        headers.extend([
            format!(" {SOUND}"),
            format!("{SOUND}\n"),
            format!("[{SOUND}]"),
            format!("\u{feff}{SOUND}"),
            format!("{SOUND}{{}}"),
        ]);
        headers.push(r#"["EdDSA","k","POST","/refunds",1800000000000,null]"#.to_owned());
        headers.push("{}".to_owned());
        for header in headers {
            let signature = merchant.signs(&header);
            assert_eq!(key.verify_detached(&signature, BODY).unwrap_err(), TokenError::Malformed, "{header}");
            assert_eq!(detached_kid(&signature), None, "{header}");
        }
    }

    #[test]
    fn an_algorithm_in_the_header_changes_nothing() {
        let merchant = Merchant(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
        for name in ["none", "None", "HS256", "RS256", "ES256", "eddsa", "Ed25519", ""] {
            let signature = merchant.signs(&SOUND.replace("EdDSA", name));
            assert_eq!(merchant.key().verify_detached(&signature, BODY).unwrap_err(), TokenError::WrongAlgorithm, "{name}");
        }
        let (header, pem) = (compact::encode(SOUND.replace("EdDSA", "HS256").as_bytes()), merchant.key().to_pem());
        let sum = crate::digest::hmac_sha256(pem.as_bytes(), format!("{header}.{}", compact::encode(BODY)).as_bytes());
        let forged = format!("{header}..{}", compact::encode(&sum));
        assert_eq!(merchant.key().verify_detached(&forged, BODY).unwrap_err(), TokenError::WrongAlgorithm);
    }

    #[test]
    fn only_the_detached_form_is_read() {
        let merchant = Merchant(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
        let sound = merchant.signs(SOUND);
        let attached = sound.replace("..", &format!(".{}.", compact::encode(BODY)));
        let (header, signature) = sound.split_once("..").unwrap();
        let texts = ["undefined", "", ".", "..", "...", &attached, header, signature, &format!("{header}.."), &format!("..{signature}")];
        let altered = [format!("{sound}="), format!("{sound} "), format!("{sound}\n"), format!("{sound}.x"), format!("{sound}AAA")];
        let long = "a".repeat(5_000);
        for text in texts.into_iter().chain(altered.iter().map(String::as_str)).chain([long.as_str()]) {
            assert_eq!(merchant.key().verify_detached(text, BODY).unwrap_err(), TokenError::Malformed, "{text}");
        }
        let other = Merchant(Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap());
        assert_eq!(merchant.key().verify_detached(&other.signs(SOUND), BODY).unwrap_err(), TokenError::BadSignature);
    }
}
