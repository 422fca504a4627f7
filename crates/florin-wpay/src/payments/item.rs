//! One instrument's part of a payment, as the answer tells it.

use std::borrow::Cow;

use florin_domain::fault::Fault;
use florin_domain::instrument::InstrumentKind;
use florin_domain::movement::{Movement, MovementState};
use serde::Serialize;

use super::details::{Details, StepUp};
use crate::error::{detail, of_fault};
use crate::particulars::StoreData;
use crate::words;

/// Why a part was refused; all of it null for one that was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reason {
    #[serde(rename = "errorCode")]
    code: Option<&'static str>,
    #[serde(rename = "errorMessage")]
    message: Option<&'static str>,
    #[serde(rename = "errorDetail")]
    detail: Option<&'static str>,
}

/// Said of what is charged though the payment as a whole was refused.
const STAYS_CHARGED: &str = "Charged, and not put back: void or refund it by its paymentTransactionRef.";
/// Said of what is charged while the outcome of the others is not known.
const CHARGED_SO_FAR: &str = "Charged so far; whether it stays so depends on the outcome of the others.";
/// Said of what the acquirer has not confirmed to be put back yet.
const BEING_PUT_BACK: &str = "Being put back because another payment instrument was refused, or because the answer came too late.";

impl Reason {
    /// Tells `fault`.
    pub const fn of_fault(fault: Fault) -> Self {
        let code = of_fault(fault);
        Self { code: Some(code.text()), message: Some(code.message()), detail: Some(detail(fault)) }
    }

    /// Tells where a movement stands.
    pub fn of(movement: &Movement) -> Self {
        match &movement.state {
            MovementState::Done { .. } => Self::default(),
            MovementState::Asked => Self::of_fault(Fault::TimedOut),
            MovementState::Refused { fault } => Self::of_fault(*fault),
            MovementState::Reversed { .. } => Self::of_fault(Fault::PutBack),
            MovementState::Reversing { .. } => Self { detail: Some(BEING_PUT_BACK), ..Self::of_fault(Fault::PutBack) },
        }
    }
}

/// What the network said, or what we say of money that is ours to move.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct External<'t> {
    #[serde(rename = "externalServiceCode")]
    code: &'t str,
    #[serde(rename = "externalServiceMessage")]
    message: &'t str,
}

impl<'t> External<'t> {
    /// The words in which a network would tell it.
    pub const fn new(code: &'t str, message: &'t str) -> Self {
        Self { code, message }
    }

    /// What was said to a movement, if anything was.
    pub fn of(movement: &'t Movement) -> Option<Self> {
        let said = movement.service.as_ref().map(|service| Self::new(&service.code, &service.message));
        said.or_else(|| movement.done_reference().map(|_| Self::new("00", "APPROVED")))
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum ReceiptData<'t> {
    Card { card_suffix: &'t str, scheme: &'t str, expiry_month: String, expiry_year: String },
    GiftCard { card_suffix: &'t str },
    PayPal { pay_pal_id: &'t str, customer_id: &'t str },
}

/// A named fact of a transaction.
#[derive(Debug, Serialize)]
pub struct Extended<'t> {
    field: &'static str,
    value: Cow<'t, str>,
}

impl<'t> Extended<'t> {
    /// The fact `field`.
    pub fn new(field: &'static str, value: impl Into<Cow<'t, str>>) -> Self {
        Self { field, value: value.into() }
    }
}

/// What is told of a movement of a payment that was refused, or is `open`: its reference where money moved, or may have; and why.
pub fn refused(movement: &Movement, open: bool) -> (Option<String>, Reason) {
    let reference = Some(movement.reference.to_string());
    match movement.state {
        MovementState::Done { .. } => {
            (reference, Reason { detail: Some(if open { CHARGED_SO_FAR } else { STAYS_CHARGED }), ..Reason::default() })
        }
        MovementState::Asked => (reference, Reason::of(movement)),
        MovementState::Refused { .. } | MovementState::Reversing { .. } | MovementState::Reversed { .. } => (None, Reason::of(movement)),
    }
}

/// One instrument's part of a payment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item<'t> {
    payment_instrument_id: &'t str,
    payment_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_transaction_ref: Option<String>,
    #[serde(flatten)]
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up: Option<&'t StepUp>,
    /// The session in which the cardholder is to be authenticated; beyond the contract, whose `threeDS` is of another kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_data: Option<ReceiptData<'t>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extended_transaction_data: Vec<Extended<'t>>,
    #[serde(flatten)]
    external: Option<External<'t>>,
}

/// What is told beside the movements themselves.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'t> {
    /// Of the instruments.
    pub details: &'t Details,
    /// Of the terminal.
    pub store: Option<&'t StoreData>,
    /// At which merchant.
    pub merchant: &'t str,
}

impl<'t> Item<'t> {
    /// A part of a payment that happened, at least in part.
    pub fn of_success(movement: &'t Movement, beside: Beside<'t>) -> Self {
        Self { payment_transaction_ref: Some(movement.reference.to_string()), ..Self::new(movement, beside) }
    }

    /// A part of a payment that was refused, or is `open`. The reference is told where money moved, or may have.
    pub fn of_refusal(movement: &'t Movement, beside: Beside<'t>, open: bool) -> Self {
        let (payment_transaction_ref, reason) = refused(movement, open);
        Self { payment_transaction_ref, reason, ..Self::new(movement, beside) }
    }

    fn new(movement: &'t Movement, beside: Beside<'t>) -> Self {
        let paid_with = &movement.paid_with;
        Self {
            payment_instrument_id: paid_with.instrument.as_str(),
            payment_token: paid_with.token.to_string(),
            payment_transaction_ref: None,
            reason: Reason::of(movement),
            step_up: beside.details.step_ups.get(&paid_with.instrument),
            session_id: beside.details.three_ds.get(&movement.paid_with.instrument).map(String::as_str),
            receipt_data: receipt_data(movement, beside.details),
            extended_transaction_data: extended(movement, beside),
            external: External::of(movement),
        }
    }
}

fn receipt_data<'t>(movement: &'t Movement, details: &'t Details) -> Option<ReceiptData<'t>> {
    let paid_with = &movement.paid_with;
    let card_suffix = paid_with.suffix.as_deref().unwrap_or_default();
    match paid_with.kind {
        InstrumentKind::Card => Some(ReceiptData::Card {
            card_suffix,
            scheme: paid_with.network.as_deref().unwrap_or_default(),
            expiry_month: words::expiry_month(paid_with.expiry),
            expiry_year: words::expiry_year(paid_with.expiry),
        }),
        InstrumentKind::GiftCard => Some(ReceiptData::GiftCard { card_suffix }),
        InstrumentKind::PayPal => {
            let account = details.accounts.get(&paid_with.instrument)?;
            Some(ReceiptData::PayPal { pay_pal_id: &account.id, customer_id: &account.customer })
        }
        InstrumentKind::GooglePay
        | InstrumentKind::ApplePay
        | InstrumentKind::AndroidPay
        | InstrumentKind::ZipPay
        | InstrumentKind::Afterpay
        | InstrumentKind::Openpay => None,
    }
}

/// The contract has these facts for cards, and of them only the first digits for Google Pay.
fn extended<'t>(movement: &'t Movement, beside: Beside<'t>) -> Vec<Extended<'t>> {
    let bin = movement.paid_with.bin.as_deref().map(|bin| Extended::new("bin", bin));
    match movement.paid_with.kind {
        InstrumentKind::Card => {
            let mid = beside.store.map(|_| Extended::new("mid", beside.merchant));
            let terminal = beside.store.into_iter().flat_map(StoreData::told_again).map(|(field, value)| Extended::new(field, value));
            bin.into_iter().chain(terminal).chain(mid).collect()
        }
        InstrumentKind::GooglePay => bin.into_iter().collect(),
        InstrumentKind::GiftCard
        | InstrumentKind::PayPal
        | InstrumentKind::ApplePay
        | InstrumentKind::AndroidPay
        | InstrumentKind::ZipPay
        | InstrumentKind::Afterpay
        | InstrumentKind::Openpay => Vec::new(),
    }
}
