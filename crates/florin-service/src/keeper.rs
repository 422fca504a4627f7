//! The keeper: what is sealed at rest, and the keys that follow from a secret which outlives every master key.
//!
//! Invariants: nothing secret is printed; what was found by a fingerprint is found by it for ever, whatever becomes of the
//! master key.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use florin_domain::{OrderId, Timestamp};
use florin_store::Tx;
use florin_vault::digest::hmac_sha256;
use florin_vault::ticket::Opened;
use florin_vault::{Aad, AccessToken, DataKey, FingerprintKey, MasterKey, Random, Secret, TicketError, TicketKey, Vault};

use crate::ServiceError;

/// Whose data key seals what belongs to no seller, such as buyers' cards.
pub(crate) const PLATFORM: &str = "platform";

/// The secret from which keys are derived, by its name in the books.
const ROOT: &str = "platform";

/// What is sealed at rest, and the keys derived from the platform's secret.
pub struct Keeper {
    vault: Vault,
    previous: Option<Vault>,
    random: Random,
    /// Known once the books are open. Written over by each run of the transaction that finds or makes the secret, so that the
    /// run that was committed is the one that counts.
    derived: RwLock<Option<Arc<Derived>>>,
}

/// Keys that follow from the platform's secret.
struct Derived {
    codes: Secret<[u8; 32]>,
    fingerprints: FingerprintKey,
    tickets: TicketKey,
}

impl Keeper {
    /// A keeper under the operator's master key. What `previous` wrapped opens too, as long as it is being replaced.
    pub fn new(master: &MasterKey, previous: Option<&MasterKey>, random: Random) -> Self {
        let previous = previous.map(|key| Vault::new(key, random.clone()));
        Self { vault: Vault::new(master, random.clone()), previous, random, derived: RwLock::default() }
    }

    /// Seals a value for its place in the books.
    pub(crate) fn seal(&self, tx: &mut Tx<'_>, aad: Aad<'_>, plain: &[u8]) -> Result<Vec<u8>, ServiceError> {
        let key = self.data_key(tx, aad.owner)?;
        Ok(self.vault.seal(&key, aad, plain))
    }

    /// Opens a value that was sealed for this place.
    pub(crate) fn open(&self, tx: &mut Tx<'_>, aad: Aad<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, ServiceError> {
        let key = self.data_key(tx, aad.owner)?;
        Ok(self.vault.open(&key, aad, sealed)?)
    }

    /// Shows that the master key is the one that these books were sealed with, and opens the platform's secret; new books are
    /// sealed with the key, and get their secret, now.
    pub(crate) fn prove(&self, tx: &mut Tx<'_>) -> Result<(), ServiceError> {
        let place = Aad { table: "secrets", row: ROOT, column: "sealed", owner: PLATFORM };
        let sealed = if let Some(sealed) = tx.secret(ROOT)? {
            sealed
        } else {
            let fresh = Secret::new(self.random.bytes::<32>());
            let sealed = self.seal(tx, place, fresh.expose())?;
            tx.keep_secret(ROOT, &sealed)?
        };
        let root = self.open(tx, place, &sealed)?;
        *self.derived.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(Derived::of(&root, &self.random)));
        Ok(())
    }

    /// The digits of a one-time code: derived, so that they are stored nowhere.
    pub(crate) fn code(&self, order: OrderId, number: u32) -> String {
        let [a, b, c, d, ..] = hmac_sha256(self.derived().codes.expose(), format!("{order}/{number}").as_bytes());
        format!("{:06}", u32::from_be_bytes([a, b, c, d]) % 1_000_000)
    }

    /// By which `value` is found again among those of `context`.
    pub(crate) fn fingerprint(&self, context: &str, value: &[u8]) -> [u8; 32] {
        self.derived().fingerprints.fingerprint(context, value)
    }

    /// What nobody can guess who was not given it, and what need not be stored to be known again.
    pub(crate) fn capability(&self, context: &str, value: &[u8]) -> [u8; 16] {
        self.derived().fingerprints.short(context, value)
    }

    /// Seals a secret into a text that travels through the client.
    pub(crate) fn seal_ticket(&self, purpose: &str, plain: &[u8], until: Timestamp) -> String {
        self.derived().tickets.seal(purpose, plain, seconds(until))
    }

    /// Opens such a text.
    pub(crate) fn open_ticket(&self, purpose: &str, text: &str, now: Timestamp) -> Result<Opened, TicketError> {
        self.derived().tickets.open(purpose, text, seconds(now))
    }

    fn derived(&self) -> Arc<Derived> {
        let derived = self.derived.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(derived.as_ref().expect("the books were prepared before anything was asked of them"))
    }

    /// An owner's data key; the first use inside a write makes it. Not kept in memory: a transaction that made one may
    /// still fail, and what a lost key sealed is lost.
    fn data_key(&self, tx: &mut Tx<'_>, owner: &str) -> Result<DataKey, ServiceError> {
        let wrapped = match tx.data_key(owner)? {
            Some(wrapped) => wrapped,
            None => tx.keep_data_key(owner, &self.vault.new_data_key(owner))?,
        };
        // Each data key is under one of the two while the master key is being changed.
        let vault = self.previous.as_ref().filter(|previous| previous.wrapped_with(&wrapped)).unwrap_or(&self.vault);
        Ok(vault.unwrap_data_key(owner, &wrapped)?)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper(..)")
    }
}

impl Derived {
    fn of(root: &Secret<Vec<u8>>, random: &Random) -> Self {
        let key = |label: &[u8]| hmac_sha256(root.expose(), label);
        Self {
            codes: Secret::new(key(b"florin one-time codes")),
            fingerprints: FingerprintKey::new(key(b"florin fingerprints")),
            tickets: TicketKey::new(&Secret::new(key(b"florin tickets")), random.clone()),
        }
    }
}

/// Whole seconds since 1970 UTC.
pub(crate) const fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// Where a seller's token is sealed.
pub(crate) fn token_place<'a>(token: &'a str, seller: &'a str) -> Aad<'a> {
    Aad { table: "tokens", row: token, column: "sealed", owner: seller }
}

/// Where a card's number is sealed.
pub(crate) fn card_place(card: &str) -> Aad<'_> {
    Aad { table: "cards", row: card, column: "sealed", owner: PLATFORM }
}

/// Where the secret of an instrument is sealed.
pub(crate) fn instrument_place<'a>(instrument: &'a str, seller: &'a str) -> Aad<'a> {
    Aad { table: "instruments", row: instrument, column: "sealed", owner: seller }
}

/// Where a signing key's private part is sealed.
pub(crate) fn signing_key_place(kid: &str) -> Aad<'_> {
    Aad { table: "signing_keys", row: kid, column: "sealed", owner: PLATFORM }
}

/// Reads a token back from what the vault opened.
pub(crate) fn token_text(opened: &Secret<Vec<u8>>) -> Result<AccessToken, ServiceError> {
    let text = std::str::from_utf8(opened.expose()).ok();
    let token = text.and_then(|text| AccessToken::parse(text).ok());
    token.map(|(token, _)| token).ok_or_else(|| ServiceError::Internal("a sealed token is not a token".to_owned()))
}
