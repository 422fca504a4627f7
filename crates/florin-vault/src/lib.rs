//! Secrets: sealing at rest, digests, signatures, tokens, the local certificate authority.
//!
//! The only crate that names a cryptographic library. It stores nothing, reads no clock, no environment and no
//! file: keys and instants arrive as values.
//! Invariant: a type that holds a secret prints nothing, does not serialise, and is wiped when dropped.

pub mod ca;
pub mod digest;
pub mod hex;
pub mod random;
pub mod sealing;
pub mod secret;
pub mod token;

pub use digest::{constant_time_equal, digest, hmac_sha256_base64};
pub use random::Random;
pub use sealing::{Aad, DataKey, MasterKey, SealError, Vault};
pub use secret::Secret;
pub use token::{AccessToken, BadToken, Environment};
