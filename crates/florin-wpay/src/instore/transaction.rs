//! A transaction as this family tells it, to its shopper and to its merchant.
//!
//! Invariant: the sign of an amount is decided in one place.

use florin_domain::instrument::InstrumentKind;
use florin_domain::money::Money;
use florin_domain::movement::{Movement, MovementKind, MovementState};
use florin_domain::payment::{Rollback, Transaction, TransactionKind, TransactionState};
use florin_domain::payment_request::PaymentRequest;
use florin_service::occasions::InStoreTransaction;
use serde::Serialize;

use super::beside::Beside;
use super::kept::Detailed;
use super::results::{SubTransaction, sub_transactions, waits_for_cardholder};
use crate::money::Amount;
use crate::words;

/// To whom it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// To the shopper: at which merchant.
    Shopper,
    /// To the merchant: from which wallet.
    Merchant,
}

/// A transaction.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionBody<'t> {
    transaction_id: String,
    payment_request_id: String,
    merchant_reference_id: &'t str,
    gross_amount: Amount,
    client_reference: &'t str,
    #[serde(rename = "type")]
    kind: &'static str,
    execution_time: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback: Option<&'static str>,
    sub_transactions: Vec<SubTransaction<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_reason: Option<&'t str>,
    instruments: Vec<Allocation<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_id: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<String>,
}

/// What happened on one instrument.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Allocation<'t> {
    payment_instrument_id: &'t str,
    instrument_type: &'static str,
    transactions: Vec<Part>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(rename = "type")]
    kind: &'static str,
    execution_time: String,
    payment_transaction_ref: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_transaction_ref: Option<String>,
    status: &'static str,
    amount: Amount,
}

impl<'t> TransactionBody<'t> {
    /// Tells a transaction.
    pub fn of(told: &'t InStoreTransaction, view: View, beside: &'t Beside) -> Self {
        let InStoreTransaction { occasion, transaction } = told;
        Self {
            transaction_id: occasion.id.to_string(),
            payment_request_id: occasion.request.to_string(),
            merchant_reference_id: &occasion.merchant_reference,
            gross_amount: signed(transaction.kind, occasion.gross),
            client_reference: &transaction.client_reference,
            kind: kind(transaction),
            execution_time: transaction.created_at.to_millis_text(),
            status: status(transaction.state),
            rollback: (transaction.kind == TransactionKind::Payment).then(|| rollback(transaction.rollback)),
            sub_transactions: sub_transactions(transaction, beside),
            refund_reason: occasion.reason.as_deref().filter(|_| transaction.kind == TransactionKind::Refund),
            instruments: allocations(transaction),
            merchant_id: (view == View::Shopper).then(|| occasion.merchant.as_str()),
            wallet_id: (view == View::Merchant).then(|| occasion.wallet.to_string()),
        }
    }
}

/// A transaction with the request that it is about.
pub fn details<'t>(
    (told, request): &'t (InStoreTransaction, PaymentRequest),
    view: View,
    beside: &'t Beside,
) -> Detailed<TransactionBody<'t>> {
    Detailed::of(TransactionBody::of(told, view, beside), request, view == View::Merchant)
}

/// An amount of a transaction of this kind. What a refund moves is negative: amounts are told from where the merchant stands.
/// Source: `docs/wire/wpay.md`, "In store".
fn signed(kind: TransactionKind, amount: Money) -> Amount {
    match kind {
        TransactionKind::Refund => Amount(amount.negated()),
        TransactionKind::Payment | TransactionKind::Completion | TransactionKind::Void => Amount(amount),
    }
}

/// What a whole transaction does; a payment of which something is held can be completed, and so is a pre-authorisation.
fn kind(transaction: &Transaction) -> &'static str {
    let holds = || transaction.movements.iter().any(|movement| movement.kind == MovementKind::Preauth);
    match transaction.kind {
        TransactionKind::Payment if holds() => "PREAUTH",
        TransactionKind::Payment => "PAYMENT",
        TransactionKind::Completion => "COMPLETION",
        TransactionKind::Void => "VOID",
        TransactionKind::Refund => "REFUND",
    }
}

const fn part_kind(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Preauth => "PREAUTH",
        MovementKind::Purchase => "PAYMENT",
        MovementKind::Completion => "COMPLETION",
        MovementKind::Void => "VOID",
        MovementKind::Refund => "REFUND",
    }
}

const fn status(state: TransactionState) -> &'static str {
    match state {
        TransactionState::Processing => "PROCESSING",
        TransactionState::Approved => "APPROVED",
        TransactionState::PartlyApproved => "PARTIAL_SUCCESS",
        TransactionState::Rejected => "REJECTED",
    }
}

const fn part_status(state: &MovementState) -> &'static str {
    match state {
        MovementState::Asked | MovementState::Reversing { .. } => "PROCESSING",
        MovementState::Done { .. } => "APPROVED",
        MovementState::Refused { .. } | MovementState::Reversed { .. } => "REJECTED",
    }
}

const fn rollback(rollback: Rollback) -> &'static str {
    match rollback {
        Rollback::NotRequired => "NOT_REQUIRED",
        Rollback::Required => "REQUIRED",
        Rollback::Successful => "SUCCESSFUL",
        Rollback::Failed => "FAILED",
    }
}

/// What happened, by instrument. A card that waits for its holder stands there with nothing: no money was asked of it.
fn allocations(transaction: &Transaction) -> Vec<Allocation<'_>> {
    let mut found: Vec<Allocation<'_>> = Vec::new();
    for movement in &transaction.movements {
        let part = (!waits_for_cardholder(movement)).then(|| Part::of(transaction, movement));
        let id = movement.paid_with.instrument.as_str();
        match found.iter_mut().find(|known| known.payment_instrument_id == id) {
            Some(known) => known.transactions.extend(part),
            None => found.push(Allocation::new(id, movement.paid_with.kind, part)),
        }
    }
    found
}

impl<'t> Allocation<'t> {
    fn new(payment_instrument_id: &'t str, kind: InstrumentKind, part: Option<Part>) -> Self {
        Self { payment_instrument_id, instrument_type: words::instrument(kind), transactions: part.into_iter().collect() }
    }
}

impl Part {
    fn of(transaction: &Transaction, movement: &Movement) -> Self {
        let is_refund = movement.kind == MovementKind::Refund;
        Self {
            kind: part_kind(movement.kind),
            execution_time: transaction.created_at.to_millis_text(),
            // A follow-up names the payment that it is about.
            payment_transaction_ref: movement.original.unwrap_or(movement.reference).to_string(),
            refund_transaction_ref: is_refund.then(|| movement.reference.to_string()),
            status: part_status(&movement.state),
            amount: signed(transaction.kind, movement.amount),
        }
    }
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
