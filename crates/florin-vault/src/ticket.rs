//! Tickets: a secret that travels through the client as opaque text for a few minutes, because it may never be stored.
//!
//! A card's CVV between the page that asks for it and the payment that spends it, for one. Sealed with AES-256-GCM-SIV.
//! Invariant: a ticket opens only for the purpose it was sealed for and before its expiry. That it opens once is for the
//! caller to see to, by the ticket's id.

use std::fmt;

use crate::compact;
use crate::digest::{digest, first_half};
use crate::random::Random;
use crate::sealing::{DataKey, data_key, open, place, seal_into};
use crate::secret::Secret;

/// First byte of every ticket, so that a later format can tell its own from this one.
const VERSION: u8 = 1;
/// What is in clear before the sealed part: the version, and the expiry as eight bytes, the highest first.
const CLEAR_LEN: usize = 9;

/// Why a ticket does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Not a ticket, altered, or sealed for another purpose or with another key.
    #[error("the ticket is not valid here")]
    Illegal,
    /// Its time is over.
    #[error("the ticket has expired")]
    Expired,
}

/// What a ticket carried.
#[derive(Debug)]
pub struct Opened {
    /// The secret.
    pub plain: Secret<Vec<u8>>,
    /// Names the ticket without telling anything of it; no two tickets share one. Remember it until the ticket's expiry to
    /// refuse a second use.
    pub id: [u8; 16],
    /// The first second, since 1970 UTC, in which the ticket is good no more.
    pub expires_at_s: i64,
}

/// The key that seals tickets.
pub struct TicketKey {
    key: DataKey,
    random: Random,
}

impl TicketKey {
    /// A key from its 32 bytes, which draws nonces from `random`.
    pub fn new(bytes: &Secret<[u8; 32]>, random: Random) -> Self {
        Self { key: data_key(bytes.expose()), random }
    }

    /// Seals `plain` for `purpose` until `expires_at_s`, in seconds since 1970 UTC. The text is base64url without padding; its
    /// length tells the length of `plain`, which must stay below 2 KiB to be opened again.
    pub fn seal(&self, purpose: &str, plain: &[u8], expires_at_s: i64) -> String {
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&expires_at_s.to_be_bytes());
        seal_into(&mut sealed, &self.key, &self.random, &aad(purpose, expires_at_s), plain);
        compact::encode(&sealed)
    }

    /// Opens a ticket that was sealed for `purpose` and has not expired at `now_s`, in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`TicketError::Illegal`]; [`TicketError::Expired`] from its last second on, for a ticket that is otherwise sound.
    pub fn open(&self, purpose: &str, text: &str, now_s: i64) -> Result<Opened, TicketError> {
        if text.len() > compact::LENGTH_MAX {
            return Err(TicketError::Illegal);
        }
        let bytes = compact::decode(text).ok_or(TicketError::Illegal)?;
        let (clear, sealed) = bytes.split_first_chunk::<CLEAR_LEN>().ok_or(TicketError::Illegal)?;
        let [VERSION, expiry @ ..] = *clear else { return Err(TicketError::Illegal) };
        let expires_at_s = i64::from_be_bytes(expiry);
        let plain = open(&self.key, &aad(purpose, expires_at_s), sealed).map_err(|_| TicketError::Illegal)?;
        if expires_at_s <= now_s {
            return Err(TicketError::Expired);
        }
        Ok(Opened { plain, id: first_half(digest(&bytes)), expires_at_s })
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKey(…)")
    }
}

fn aad(purpose: &str, expires_at_s: i64) -> Vec<u8> {
    let mut bytes = place(&["ticket", purpose]);
    bytes.extend_from_slice(&expires_at_s.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn key(byte: u8) -> TicketKey {
        TicketKey::new(&Secret::new([byte; 32]), Random::seeded(1))
    }

    fn reason(result: Result<Opened, TicketError>) -> Option<TicketError> {
        result.err()
    }

    #[test]
    fn a_ticket_gives_back_what_was_sealed_until_its_expiry() {
        let key = key(1);
        let ticket = key.seal("step up", b"123", NOW + 60);
        let opened = key.open("step up", &ticket, NOW + 59).unwrap();
        assert_eq!((opened.plain.expose().as_slice(), opened.expires_at_s), (&b"123"[..], NOW + 60));
        assert_eq!(reason(key.open("step up", &ticket, NOW + 60)), Some(TicketError::Expired));
    }

    #[test]
    fn a_ticket_is_good_for_its_purpose_under_its_key_alone() {
        let ticket = key(1).seal("step up", b"123", NOW + 60);
        assert_eq!(reason(key(1).open("refund", &ticket, NOW)), Some(TicketError::Illegal));
        assert_eq!(reason(key(2).open("step up", &ticket, NOW)), Some(TicketError::Illegal));
    }

    #[test]
    fn every_changed_character_is_seen() {
        let key = key(1);
        let ticket = key.seal("step up", b"123", NOW + 60);
        for at in 0..ticket.len() {
            let other = if ticket.as_bytes()[at] == b'A' { "B" } else { "A" };
            let mut altered = ticket.clone();
            altered.replace_range(at..=at, other);
            assert_eq!(reason(key.open("step up", &altered, NOW)), Some(TicketError::Illegal), "at {at}");
            assert_eq!(reason(key.open("step up", &ticket[..at], NOW)), Some(TicketError::Illegal), "cut at {at}");
        }
        for altered in [format!("{ticket}="), format!("{ticket}A"), format!(" {ticket}"), "é".to_owned(), "A".repeat(9_000)] {
            assert_eq!(reason(key.open("step up", &altered, NOW)), Some(TicketError::Illegal), "{altered}");
        }
    }

    #[test]
    fn one_ticket_has_one_id_and_another_has_another() {
        let key = key(1);
        let (one, two) = (key.seal("step up", b"123", NOW + 60), key.seal("step up", b"123", NOW + 60));
        let id = |ticket: &str| key.open("step up", ticket, NOW).unwrap().id;
        assert_eq!(id(&one), id(&one));
        assert_ne!(id(&one), id(&two), "the same secret, sealed twice");
    }

    #[test]
    fn the_secret_is_neither_in_the_ticket_nor_in_any_print_out() {
        let key = key(1);
        let ticket = key.seal("step up", b"a secret to find", NOW + 60);
        let bytes = compact::decode(&ticket).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"a secret"));
        let opened = key.open("step up", &ticket, NOW).unwrap();
        assert!(format!("{key:?} {opened:?}").starts_with("TicketKey(…) Opened { plain: Secret(…), id: ["));
    }
}
