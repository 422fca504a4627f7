//! `subTransactions`: the results of single instruments, as the digital-pay family would tell them.
//!
//! Amounts are positive here, as they are there. Invariant: whatever was not done says why.

use florin_domain::fault::Fault;
use florin_domain::movement::{Movement, MovementKind, MovementState};
use florin_domain::payment::{Transaction, TransactionKind, TransactionState};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::beside::Beside;
use crate::error::{Code, Refusal};
use crate::fraud::FraudResponse;
use crate::money::Amount;
use crate::payments::StepUp;
use crate::payments::item::{External, Reason};
use crate::words;

/// One result.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum SubTransaction<'t> {
    /// A card waits for its holder.
    Demand(Demand<'t>),
    /// All of it was refused.
    Refused(Refusal),
    /// What came of the instruments.
    Results(Results<'t>),
}

/// The demand that a cardholder be authenticated.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Demand<'t> {
    #[serde(rename = "threeDS")]
    three_ds: ThreeDs<'t>,
    error_code: &'static str,
    error_message: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreeDs<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'t str>,
    payment_instrument_id: &'t str,
}

/// What came of the instruments of one transaction.
#[derive(Debug)]
pub struct Results<'t> {
    receipt: String,
    words: Words,
    done: Vec<Item<'t>>,
    failed: Vec<Item<'t>>,
    fraud: Option<FraudResponse>,
}

/// The names of the two lists.
#[derive(Debug, Clone, Copy)]
struct Words {
    done: &'static str,
    failed: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_instrument_id: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_instrument_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_token: Option<String>,
    payment_transaction_ref: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_transaction_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    void_transaction_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_transaction_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    #[serde(flatten)]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up: Option<&'t StepUp>,
    #[serde(flatten)]
    external: Option<External<'t>>,
}

const NOTHING_CHARGED: &str = "Nothing was charged; each payment instrument says why.";
const SOMETHING_CHARGED: &str = "The payment was refused, and what stands under payments stays charged.";
const NOTHING_DONE: &str = "Nothing was done; each part says why.";

/// Whether a card of it waits for its holder, so that no money was asked of it.
pub fn waits_for_cardholder(movement: &Movement) -> bool {
    movement.state == MovementState::Refused { fault: Fault::AuthenticationRequired }
}

/// The results of a transaction: what waits for a cardholder stands first and by itself, as clients look for it there.
pub fn sub_transactions<'t>(transaction: &'t Transaction, beside: &'t Beside) -> Vec<SubTransaction<'t>> {
    let (waiting, others): (Vec<_>, Vec<_>) = transaction.movements.iter().partition(|movement| waits_for_cardholder(movement));
    let mut told: Vec<_> = waiting.into_iter().map(|movement| SubTransaction::Demand(Demand::of(movement, beside))).collect();
    if !others.is_empty() {
        let (done, failed): (Vec<_>, Vec<_>) = others.into_iter().partition(|movement| movement.done_reference().is_some());
        let items = |movements: Vec<&'t Movement>| movements.into_iter().map(|movement| Item::of(movement, beside)).collect();
        let results = Results {
            receipt: transaction.receipt.to_string(),
            words: Words::of(transaction.kind),
            done: items(done),
            failed: items(failed),
            fraud: beside.fraud.as_ref().map(FraudResponse::of),
        };
        let is_rejected = transaction.state == TransactionState::Rejected;
        told.push(if is_rejected { SubTransaction::Refused(results.refuse(transaction.kind)) } else { SubTransaction::Results(results) });
    }
    told
}

impl<'t> Demand<'t> {
    fn of(movement: &'t Movement, beside: &'t Beside) -> Self {
        let instrument = &movement.paid_with.instrument;
        let session_id = beside.sessions.get(instrument).map(String::as_str);
        Self {
            three_ds: ThreeDs { session_id, payment_instrument_id: instrument.as_str() },
            error_code: Code::ThreeDs001.text(),
            error_message: Code::ThreeDs001.message(),
        }
    }
}

impl Words {
    const fn of(kind: TransactionKind) -> Self {
        match kind {
            TransactionKind::Payment => Self { done: "payments", failed: "paymentResponses" },
            TransactionKind::Completion => Self { done: "completions", failed: "completionResponses" },
            TransactionKind::Void => Self { done: "voids", failed: "voidResponses" },
            TransactionKind::Refund => Self { done: "refunds", failed: "refundResponses" },
        }
    }
}

impl Results<'_> {
    /// The same of a transaction that was rejected. What is done all the same stays, and is told.
    fn refuse(self, kind: TransactionKind) -> Refusal {
        let detail = match (kind, self.done.is_empty()) {
            (TransactionKind::Payment, true) => NOTHING_CHARGED,
            (TransactionKind::Payment, false) => SOMETHING_CHARGED,
            (TransactionKind::Completion | TransactionKind::Void | TransactionKind::Refund, _) => NOTHING_DONE,
        };
        let refusal = Refusal::new(Code::Bi52, detail).with(self.words.failed, &self.failed);
        let refusal = if self.done.is_empty() { refusal } else { refusal.with(self.words.done, &self.done) };
        match self.fraud {
            Some(fraud) => refusal.with("fraudResponse", &fraud),
            None => refusal,
        }
    }
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("transactionReceipt", &self.receipt)?;
        body.serialize_entry("partialSuccess", &(!self.done.is_empty() && !self.failed.is_empty()))?;
        body.serialize_entry(self.words.done, &self.done)?;
        if !self.failed.is_empty() {
            body.serialize_entry(self.words.failed, &self.failed)?;
        }
        if let Some(fraud) = &self.fraud {
            body.serialize_entry("fraudResponse", fraud)?;
        }
        body.end()
    }
}

impl<'t> Item<'t> {
    fn of(movement: &'t Movement, beside: &'t Beside) -> Self {
        let paid_with = &movement.paid_with;
        let is_payment = movement.original.is_none();
        let made = |kind| (movement.kind == kind).then(|| movement.reference.to_string());
        Self {
            payment_instrument_id: is_payment.then(|| paid_with.instrument.as_str()),
            payment_instrument_type: is_payment.then(|| words::instrument(paid_with.kind)),
            payment_token: is_payment.then(|| paid_with.token.to_string()),
            payment_transaction_ref: movement.original.unwrap_or(movement.reference).to_string(),
            completion_transaction_ref: made(MovementKind::Completion),
            void_transaction_ref: made(MovementKind::Void),
            refund_transaction_ref: made(MovementKind::Refund),
            amount: (movement.kind != MovementKind::Void).then_some(Amount(movement.amount)),
            reason: movement.done_reference().is_none().then(|| Reason::of(movement)),
            step_up: beside.step_ups.get(&paid_with.instrument),
            external: External::of(movement),
        }
    }
}
