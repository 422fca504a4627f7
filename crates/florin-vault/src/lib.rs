//! Secrets: sealing at rest, digests, signatures, tokens, the local certificate authority.
//!
//! The only crate that names a cryptographic library. It stores nothing, reads no clock, no environment and no
//! file: keys and instants arrive as values.
//! Invariant: a type that holds a secret prints nothing, does not serialise, and is wiped when dropped.

pub mod ca;
pub mod compact;
mod credential;
pub mod digest;
pub mod fingerprint;
pub mod hex;
pub mod jws;
pub mod jwt;
#[cfg(test)]
mod jwt_forged_tests;
mod letter;
pub mod random;
pub mod sealing;
pub mod secret;
pub mod signing_key;
pub mod ticket;
pub mod token;

pub use compact::{KeyError, TokenError};
pub use credential::{ApiKey, BadToken, RefreshToken};
pub use digest::{constant_time_equal, digest, hmac_sha256_base64};
pub use fingerprint::FingerprintKey;
pub use jws::{DetachedHeader, MerchantKey, detached_kid};
pub use jwt::{Claims, Expected, KeySet};
pub use letter::seal_letter;
pub use random::Random;
pub use sealing::{Aad, DataKey, MasterKey, SealError, Vault};
pub use secret::Secret;
pub use signing_key::{Algorithm, PublicKey, SigningKey};
pub use ticket::{TicketError, TicketKey};
pub use token::{AccessToken, Environment};
