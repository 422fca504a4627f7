//! SQL for proofs that are good once: step-up tickets and signatures.
//!
//! Invariant: a proof is remembered for as long as it could be shown again.

use florin_domain::Timestamp;

use crate::{StoreError, Tx};

const SPEND: &str = "INSERT INTO spent_proofs (proof, expires_at) VALUES ($1, $2) ON CONFLICT (proof) DO NOTHING";
const FORGET: &str = "DELETE FROM spent_proofs WHERE expires_at < $1";

impl Tx<'_> {
    /// Spends a proof that is good until `expires_at`; `false` if it was spent before.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn spend_proof(&mut self, proof: &[u8], expires_at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(SPEND, &[proof.into(), expires_at.micros().into()])? == 1)
    }

    /// Forgets proofs that ended before `before`.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_proofs(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[before.micros().into()])
    }
}
