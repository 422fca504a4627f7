//! Letters: short texts that only the holder of a private key of somebody else's can read.
//!
//! The public key is a stranger's and may be anything. Invariant: a key that could be factored seals no letter.

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};

use crate::compact::KeyError;

const RSA_BITS_MIN: usize = 2_048;
const RSA_BITS_MAX: usize = 8_192;

/// Seals `text` for the holder of the private half of `public_key`, an RSA key as a `SubjectPublicKeyInfo` in DER: RSAES-OAEP with
/// SHA-256 for the digest and for the mask, and no label (RFC 8017). The shortest key takes 190 bytes. The same text is another
/// letter each time.
///
/// # Errors
/// [`KeyError`] unless the key is RSA of 2048 to 8192 bits and long enough for the text.
pub fn seal_letter(public_key: &[u8], text: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = PublicEncryptingKey::from_der(public_key).map_err(|_| KeyError::Unreadable)?;
    match key.key_size_bits() {
        bits if bits < RSA_BITS_MIN => return Err(KeyError::TooShort),
        bits if bits > RSA_BITS_MAX => return Err(KeyError::Unsupported),
        _ => {}
    }
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| KeyError::Unsupported)?;
    let mut letter = vec![0; key.ciphertext_size()];
    let length = key.encrypt(&OAEP_SHA256_MGF1SHA256, text, &mut letter, None).map_err(|_| KeyError::Unsupported)?.len();
    letter.truncate(length);
    Ok(letter)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};

    use super::*;

    #[test]
    fn only_the_holder_of_the_private_key_reads_a_letter() {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let public: PublicKeyX509Der<'_> = private.public_key().as_der().unwrap();
        let letters = [(); 2].map(|()| seal_letter(public.as_ref(), b"for you").unwrap());
        assert_ne!(letters[0], letters[1], "nobody learns that the same was said twice");
        let reader = OaepPrivateDecryptingKey::new(private).unwrap();
        for letter in &letters {
            let mut text = vec![0; reader.min_output_size()];
            assert_eq!(reader.decrypt(&OAEP_SHA256_MGF1SHA256, letter, &mut text, None).unwrap(), b"for you");
        }
        assert_eq!(seal_letter(public.as_ref(), &[7; 191]), Err(KeyError::Unsupported), "what does not fit is not cut");
    }

    #[test]
    fn what_is_no_rsa_key_seals_nothing() {
        for key in [&b""[..], b"PUB KEY", &[0x30; 300]] {
            assert_eq!(seal_letter(key, b"x"), Err(KeyError::Unreadable));
        }
    }
}
