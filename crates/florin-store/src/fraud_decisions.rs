//! SQL for what fraud screens decided of payments, by receipt.

use florin_domain::FraudDecisionId;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::movement::Reference;

use crate::columns::{id, named, time};
use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO fraud_decisions (receipt, decision_id, client_id, verdict, reason_code, rules, decided_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const BY_RECEIPT: &str = "
    SELECT decision_id, client_id, verdict, reason_code, rules, decided_at FROM fraud_decisions WHERE receipt = $1";

/// What stands between the names of rules.
const BETWEEN: &str = ",";

impl Tx<'_> {
    /// Writes what was decided of a payment.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is a decision about it already.
    pub fn insert_fraud_decision(&mut self, receipt: Reference, decision: &FraudDecision) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(receipt.number()),
                (&decision.id.to_string()).into(),
                (&decision.client_id).into(),
                decision.verdict.name().into(),
                (&decision.reason_code).into(),
                (&decision.rules.join(BETWEEN)).into(),
                decision.decided_at.micros().into(),
            ],
        )
    }

    /// Finds what was decided of a payment.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_fraud_decision(&mut self, receipt: Reference) -> Result<Option<FraudDecision>, StoreError> {
        self.query_one(BY_RECEIPT, &[receipt.number().into()], |row| {
            Ok(FraudDecision {
                id: id(row, 0, FraudDecisionId::parse)?,
                client_id: row.text(1)?.to_owned(),
                verdict: named(row, 2, FraudVerdict::from_name)?,
                reason_code: row.text(3)?.to_owned(),
                rules: row.text(4)?.split(BETWEEN).filter(|rule| !rule.is_empty()).map(str::to_owned).collect(),
                decided_at: time(row, 5)?,
            })
        })
    }
}
