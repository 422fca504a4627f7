//! Letters: an instrument's payment token, for the eyes of whoever holds the private half of a key that a shopper's app passes on.
//!
//! Invariant: nothing is in a letter but what may be told to the shopper as well; a number never leaves in one.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use florin_domain::instrument::Instrument;
use florin_vault::seal_letter;

use crate::ServiceError;

/// The longest key that is read, in characters: an RSA key of 8192 bits has about 1400.
const KEY_MAX: usize = 2_000;
/// Reads base64 with its padding or without.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The payment token of `instrument` under `public_key`, an RSA key as base64 of its DER, in base64.
///
/// # Errors
/// [`ServiceError::Refused`] `public_key_unreadable` for what is no such key.
///
/// Source: `docs/wire/wpay.md`, "In store".
pub fn letter(instrument: &Instrument, public_key: &str) -> Result<String, ServiceError> {
    let refused = |why: &str| ServiceError::Refused { code: "public_key_unreadable", message: format!("publicKey {why}.") };
    if public_key.len() > KEY_MAX {
        return Err(refused("is longer than any key"));
    }
    let key = LENIENT.decode(plain(public_key)).map_err(|_| refused("must be an RSA public key (SPKI, DER) in base64"))?;
    let sealed = seal_letter(&key, instrument.token.to_string().as_bytes());
    sealed.map(|letter| crate::base64(&letter)).map_err(|error| refused(&format!("is of no use: {error}")))
}

/// The text in the standard alphabet. A plus sign that nobody encoded arrives as a space, and those who know of that write the
/// alphabet for addresses.
fn plain(text: &str) -> String {
    let letter = |letter| match letter {
        ' ' | '-' => '+',
        '_' => '/',
        other => other,
    };
    text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_however_it_was_carried() {
        let bytes = [0xfb, 0xef, 0xbe, 0xff];
        for text in ["++++/w==", "    /w==", "----_w==", "----_w", "++\r\n++/w"] {
            assert_eq!(LENIENT.decode(plain(text)).as_deref(), Ok(&bytes[..]), "{text}");
        }
        assert!(LENIENT.decode(plain("PUB KEY+/=?")).is_err());
    }
}
