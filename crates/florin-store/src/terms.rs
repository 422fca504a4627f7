//! SQL for terms: what shoppers have agreed to.

use florin_domain::WalletId;
use florin_domain::terms::Acceptance;

use crate::columns::{id, time};
use crate::{StoreError, Tx, Value};

const ACCEPT: &str = "
    INSERT INTO acceptances (wallet_id, kind, version, accepted_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (wallet_id, kind, version) DO NOTHING";
const OF_WALLET: &str = "
    SELECT wallet_id, kind, version, accepted_at FROM acceptances WHERE wallet_id = $1 ORDER BY accepted_at, kind, version";
const REMOVE: &str = "DELETE FROM acceptances WHERE wallet_id = $1";

impl Tx<'_> {
    /// Keeps a shopper's word; one that was given before stands as it is.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn accept_terms(&mut self, acceptance: &Acceptance) -> Result<(), StoreError> {
        let (wallet, at) = (acceptance.wallet.to_string(), acceptance.accepted_at.micros());
        let values = [Value::from(&wallet), (&acceptance.kind).into(), (&acceptance.version).into(), at.into()];
        self.execute(ACCEPT, &values).map(drop)
    }

    /// What a shopper has agreed to, in the order in which it happened.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_acceptances(&mut self, wallet: WalletId) -> Result<Vec<Acceptance>, StoreError> {
        self.query(OF_WALLET, &[(&wallet.to_string()).into()], |row| {
            Ok(Acceptance {
                wallet: id(row, 0, WalletId::parse)?,
                kind: row.text(1)?.to_owned(),
                version: row.text(2)?.to_owned(),
                accepted_at: time(row, 3)?,
            })
        })
    }

    /// Forgets what a shopper has agreed to.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn remove_acceptances(&mut self, wallet: WalletId) -> Result<u64, StoreError> {
        self.execute(REMOVE, &[(&wallet.to_string()).into()])
    }
}
