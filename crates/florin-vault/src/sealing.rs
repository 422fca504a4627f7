//! Sealing: encryption of single values at rest, each bound to the place where it is stored.
//!
//! A master key, which the operator keeps, wraps one data key per owner; a data key seals that owner's values. All with
//! AES-256-GCM-SIV, which stays safe should a nonce ever repeat.
//! Invariant: a sealed value opens only with its owner's key, in its own table, row and column.

use std::fmt;

use aws_lc_rs::aead::{self, AES_256_GCM_SIV, LessSafeKey, Nonce, UnboundKey};

use crate::digest::hmac_sha256;
use crate::hex;
use crate::random::Random;
use crate::secret::Secret;

/// First byte of everything this file writes, so that a later format can tell its own from this one.
const VERSION: u8 = 1;
pub(crate) const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;
const MASTER_ID_LEN: usize = 4;

/// Why something sealed cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Written by a later release, or not by this program at all.
    #[error("the sealed value has a format this release does not know")]
    UnknownFormat,
    /// A data key that another master key wrapped.
    #[error("the data key was wrapped with another master key")]
    WrongMaster,
    /// Changed, moved to another place, or sealed with another key.
    #[error("the sealed value was altered, moved, or sealed with another key")]
    Forged,
    /// A master key must be 64 hexadecimal digits.
    #[error("a master key is 64 hexadecimal digits")]
    BadMasterKey,
}

/// Where a sealed value is stored. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Aad<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The row's id.
    pub row: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// Whose value it is: a seller's id, or `platform`.
    pub owner: &'a str,
}

impl Aad<'_> {
    fn bytes(&self) -> Vec<u8> {
        place(&[self.table, self.row, self.column, self.owner])
    }
}

/// The key that wraps all others. Kept outside the database, by the operator.
#[derive(Clone)]
pub struct MasterKey(Secret<[u8; KEY_LEN]>);

impl MasterKey {
    /// A key from its 32 bytes.
    pub const fn new(bytes: [u8; KEY_LEN]) -> Self {
        Self(Secret::new(bytes))
    }

    /// A fresh key.
    pub fn generate(random: &Random) -> Self {
        Self::new(random.bytes())
    }

    /// A key from the 64 hexadecimal digits in its file; white space around them is ignored.
    ///
    /// # Errors
    /// [`SealError::BadMasterKey`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        hex::decode_array(text.trim()).map(Self::new).ok_or(SealError::BadMasterKey)
    }

    /// The 64 hexadecimal digits to keep in a file.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(hex::encode(self.0.expose()))
    }

    /// Names the key without telling it.
    fn id(&self) -> [u8; MASTER_ID_LEN] {
        let sum = hmac_sha256(self.0.expose(), b"florin master key id");
        [sum[0], sum[1], sum[2], sum[3]]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// One owner's key, unwrapped and ready; lives in memory only.
pub struct DataKey(LessSafeKey);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// The sealing of values under one master key.
#[derive(Debug)]
pub struct Vault {
    master: DataKey,
    master_id: [u8; MASTER_ID_LEN],
    random: Random,
}

impl Vault {
    /// A vault under `master`, which draws keys and nonces from `random`.
    pub fn new(master: &MasterKey, random: Random) -> Self {
        Self { master: data_key(master.0.expose()), master_id: master.id(), random }
    }

    /// A fresh data key for `owner`, wrapped: store it, and [`unwrap`](Self::unwrap_data_key) it to use it.
    pub fn new_data_key(&self, owner: &str) -> Vec<u8> {
        self.wrap(owner, &Secret::new(self.random.bytes::<KEY_LEN>()))
    }

    /// The data key that was wrapped for `owner`.
    ///
    /// # Errors
    /// [`SealError::WrongMaster`] when another master key wrapped it; [`SealError::Forged`] when it was altered or
    /// wrapped for another owner; [`SealError::UnknownFormat`].
    pub fn unwrap_data_key(&self, owner: &str, wrapped: &[u8]) -> Result<DataKey, SealError> {
        Ok(data_key(self.unwrap(owner, wrapped)?.expose()))
    }

    /// Whether `wrapped` says that this vault's master key wrapped it. It may still be forged: only
    /// [`unwrap_data_key`](Self::unwrap_data_key) proves it. While a master key is being changed, with some data keys under the
    /// old one and some under the new, this tells which vault to ask and which data keys are still to be wrapped anew.
    pub fn wrapped_with(&self, wrapped: &[u8]) -> bool {
        after_version(wrapped).is_ok_and(|rest| rest.starts_with(&self.master_id))
    }

    /// Wraps a data key anew under this vault's master key, which takes the place of `retired`'s.
    /// Values sealed with the data key stay as they are.
    ///
    /// # Errors
    /// As [`unwrap_data_key`](Self::unwrap_data_key), of the retired vault.
    pub fn rewrap(&self, owner: &str, wrapped: &[u8], retired: &Self) -> Result<Vec<u8>, SealError> {
        Ok(self.wrap(owner, &retired.unwrap(owner, wrapped)?))
    }

    /// Seals `plaintext` for the place that `aad` names.
    pub fn seal(&self, key: &DataKey, aad: Aad<'_>, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = vec![VERSION];
        seal_into(&mut sealed, key, &self.random, &aad.bytes(), plaintext);
        sealed
    }

    /// Opens what was sealed for the place that `aad` names.
    ///
    /// # Errors
    /// [`SealError::Forged`] when the bytes, the place or the key differ; [`SealError::UnknownFormat`].
    pub fn open(&self, key: &DataKey, aad: Aad<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        open(key, &aad.bytes(), after_version(sealed)?)
    }

    fn wrap(&self, owner: &str, key: &Secret<[u8; KEY_LEN]>) -> Vec<u8> {
        let mut wrapped = vec![VERSION];
        wrapped.extend_from_slice(&self.master_id);
        seal_into(&mut wrapped, &self.master, &self.random, &place(&["data key", owner]), key.expose());
        wrapped
    }

    fn unwrap(&self, owner: &str, wrapped: &[u8]) -> Result<Secret<[u8; KEY_LEN]>, SealError> {
        let (id, sealed) = after_version(wrapped)?.split_at_checked(MASTER_ID_LEN).ok_or(SealError::UnknownFormat)?;
        if id != self.master_id {
            return Err(SealError::WrongMaster);
        }
        let opened = open(&self.master, &place(&["data key", owner]), sealed)?;
        opened.expose().as_slice().try_into().map(Secret::new).map_err(|_| SealError::Forged)
    }
}

/// Appends a fresh nonce, the encrypted `plaintext` and its tag.
pub(crate) fn seal_into(out: &mut Vec<u8>, key: &DataKey, random: &Random, aad: &[u8], plaintext: &[u8]) {
    let nonce = random.bytes::<NONCE_LEN>();
    out.extend_from_slice(&nonce);
    let start = out.len();
    out.extend_from_slice(plaintext);
    let tag = key
        .0
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aead::Aad::from(aad), &mut out[start..])
        .expect("values are far below the cipher's 64 GiB");
    out.extend_from_slice(tag.as_ref());
}

/// Opens what [`seal_into`] appended.
pub(crate) fn open(key: &DataKey, aad: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError::UnknownFormat)?;
    let mut opened = ciphertext.to_vec();
    let plaintext =
        key.0.open_in_place(Nonce::assume_unique_for_key(*nonce), aead::Aad::from(aad), &mut opened).map_err(|_| SealError::Forged)?;
    let length = plaintext.len();
    opened.truncate(length);
    Ok(Secret::new(opened))
}

/// A key ready for use.
pub(crate) fn data_key(bytes: &[u8; KEY_LEN]) -> DataKey {
    DataKey(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes).expect("the key has the cipher's length")))
}

fn after_version(bytes: &[u8]) -> Result<&[u8], SealError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        _ => Err(SealError::UnknownFormat),
    }
}

/// The parts with their lengths before them, so that no two places have the same bytes.
pub(crate) fn place(parts: &[&str]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: Aad<'_> = Aad { table: "tokens", row: "7", column: "sealed", owner: "acme" };

    fn vault(seed: u64) -> Vault {
        let random = Random::seeded(seed);
        Vault::new(&MasterKey::generate(&random), random)
    }

    fn key(vault: &Vault, owner: &str) -> DataKey {
        vault.unwrap_data_key(owner, &vault.new_data_key(owner)).unwrap()
    }

    fn reason<T>(result: Result<T, SealError>) -> Option<SealError> {
        result.err()
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_any_changed_byte_is_seen(text in proptest::collection::vec(any::<u8>(), 0..80), at in any::<usize>()) {
            let vault = vault(1);
            let key = key(&vault, "acme");
            let mut sealed = vault.seal(&key, HERE, &text);
            let opened = vault.open(&key, HERE, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &text);
            let at = at % sealed.len();
            sealed[at] ^= 1;
            prop_assert!(vault.open(&key, HERE, &sealed).is_err());
            prop_assert!(vault.open(&key, HERE, &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let vault = vault(1);
        let key = key(&vault, "acme");
        let sealed = vault.seal(&key, HERE, b"4242");
        let elsewhere = [
            Aad { table: "cards", ..HERE },
            Aad { row: "8", ..HERE },
            Aad { column: "other", ..HERE },
            Aad { owner: "apex", ..HERE },
            Aad { table: "tokens7", row: "", ..HERE },
        ];
        for place in elsewhere {
            assert_eq!(reason(vault.open(&key, place, &sealed)), Some(SealError::Forged), "{place:?}");
        }
    }

    #[test]
    fn an_owner_cannot_open_what_another_sealed() {
        let vault = vault(1);
        let sealed = vault.seal(&key(&vault, "acme"), HERE, b"4242");
        assert_eq!(reason(vault.open(&key(&vault, "acme"), HERE, &sealed)), Some(SealError::Forged), "every data key is another");
        let wrapped = vault.new_data_key("acme");
        assert_eq!(reason(vault.unwrap_data_key("apex", &wrapped)), Some(SealError::Forged));
    }

    #[test]
    fn another_master_key_is_named_as_the_reason() {
        let wrapped = vault(1).new_data_key("acme");
        assert_eq!(reason(vault(2).unwrap_data_key("acme", &wrapped)), Some(SealError::WrongMaster));
    }

    #[test]
    fn a_new_master_key_keeps_old_values_readable() {
        let (old, new) = (vault(1), vault(2));
        let wrapped = old.new_data_key("acme");
        let sealed = old.seal(&old.unwrap_data_key("acme", &wrapped).unwrap(), HERE, b"4242");
        let rewrapped = new.rewrap("acme", &wrapped, &old).unwrap();
        let key = new.unwrap_data_key("acme", &rewrapped).unwrap();
        assert_eq!(new.open(&key, HERE, &sealed).unwrap().expose(), b"4242");
    }

    #[test]
    fn a_data_key_tells_which_master_key_it_is_under() {
        let (old, new) = (vault(1), vault(2));
        let wrapped = old.new_data_key("acme");
        let rewrapped = new.rewrap("acme", &wrapped, &old).unwrap();
        assert_eq!((old.wrapped_with(&wrapped), new.wrapped_with(&wrapped)), (true, false));
        assert_eq!((old.wrapped_with(&rewrapped), new.wrapped_with(&rewrapped)), (false, true));
        for bytes in [&[][..], &[VERSION], &wrapped[1..], &wrapped[..3]] {
            assert!(!old.wrapped_with(bytes), "{bytes:?} is no data key");
        }
        assert_eq!(reason(new.rewrap("acme", &rewrapped, &old)), Some(SealError::WrongMaster), "twice is seen, and harms nothing");
        assert_eq!(reason(new.rewrap("apex", &wrapped, &old)), Some(SealError::Forged), "an owner's key stays that owner's");
    }

    #[test]
    fn an_unknown_format_is_told_from_a_forgery() {
        let vault = vault(1);
        let key = key(&vault, "acme");
        for bytes in [&[][..], &[2; 60], &[VERSION; 5]] {
            assert_eq!(reason(vault.open(&key, HERE, bytes)), Some(SealError::UnknownFormat));
        }
    }

    #[test]
    fn a_master_key_survives_its_file_and_prints_nothing() {
        let master = MasterKey::new([7; 32]);
        let read = MasterKey::parse(&format!("{}\n", master.to_text().expose())).unwrap();
        assert_eq!(read.id(), master.id());
        assert_eq!(format!("{master:?}"), "MasterKey(…)");
        assert_eq!(reason(MasterKey::parse("short")), Some(SealError::BadMasterKey));
    }
}
