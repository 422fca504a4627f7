//! What is told of a transaction that its own books do not hold: where a code is typed, which authentication it waits for, and
//! what the fraud screen said.

use std::collections::HashMap;

use florin_domain::fraud::FraudDecision;
use florin_domain::instrument::InstrumentId;
use florin_domain::payment::{Transaction, TransactionKind};
use florin_service::{Cx, ServiceError, fraud, three_ds};

use crate::payments::{Details, StepUp};

/// What there is to tell beside one transaction.
#[derive(Debug, Default)]
pub struct Beside {
    /// Where codes are typed.
    pub step_ups: HashMap<InstrumentId, StepUp>,
    /// The sessions that cardholders are to be authenticated in.
    pub sessions: HashMap<InstrumentId, String>,
    /// What the fraud screen said.
    pub fraud: Option<FraudDecision>,
}

impl Beside {
    /// Looks for it. Money may have moved by now, so that a store that fails takes nothing from the answer but this.
    pub async fn of(cx: &Cx, transaction: &Transaction) -> Self {
        let found = Self::find(cx, transaction).await;
        found
            .inspect_err(|error| tracing::warn!(receipt = %transaction.receipt, %error, "a transaction is told by itself"))
            .unwrap_or_default()
    }

    /// The same for the merchant: where a code is typed and who is to be authenticated is for the shopper alone.
    pub async fn for_merchant(cx: &Cx, transaction: &Transaction) -> Self {
        let found = fraud::decision(cx, transaction.receipt).await;
        let fraud = found.inspect_err(|error| tracing::warn!(receipt = %transaction.receipt, %error, "a transaction is told by itself"));
        Self { fraud: fraud.unwrap_or_default(), ..Self::default() }
    }

    async fn find(cx: &Cx, transaction: &Transaction) -> Result<Self, ServiceError> {
        if transaction.kind != TransactionKind::Payment {
            return Ok(Self::default());
        }
        Ok(Self {
            step_ups: Details::of(cx, transaction.wallet, transaction).await?.step_ups,
            sessions: three_ds::demands(cx, transaction).await?.into_iter().collect(),
            fraud: fraud::decision(cx, transaction.receipt).await?,
        })
    }
}
