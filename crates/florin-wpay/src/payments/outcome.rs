//! The answer to a payment: what came of the whole, and of each instrument in the array of its kind.
//!
//! Invariant: the arrays are always all there, and each instrument of the payment stands in exactly one of them.

use florin_domain::fault::Fault;
use florin_domain::fraud::FraudDecision;
use florin_domain::instrument::InstrumentKind;
use florin_domain::movement::{Movement, MovementState};
use florin_domain::payment::{Atomicity, Transaction, TransactionState};
use http::StatusCode;
use serde::Serialize;

use super::details::Details;
use super::item::{Beside, Item, Reason};
use super::order::Name;
use crate::error::{Code, Refusal};
use crate::fraud::{self, FraudResponse};
use crate::particulars::StoreData;
use crate::reply::Reply;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Arrays<'t> {
    credit_cards: Vec<Item<'t>>,
    gift_cards: Vec<Item<'t>>,
    pay_pal: Vec<Item<'t>>,
    android_pay: Vec<Item<'t>>,
    google_pay: Vec<Item<'t>>,
    apple_pay: Vec<Item<'t>>,
    unknown: Vec<Stray<'t>>,
}

/// What has no array of its own.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Stray<'t> {
    /// A part that names no instrument.
    Unknown(Unknown<'t>),
    /// A part whose instrument is of a kind that the contract has no array for.
    Item(Box<Item<'t>>),
}

/// A part that names no instrument of the wallet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Unknown<'t> {
    payment_instrument_id: &'t str,
    payment_token: &'t str,
    #[serde(flatten)]
    reason: Reason,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentBody<'t> {
    transaction_receipt: String,
    partial_success: bool,
    fraud_response: FraudResponse,
    #[serde(flatten)]
    arrays: Arrays<'t>,
}

impl<'t> Arrays<'t> {
    fn of(transaction: &'t Transaction, show: impl Fn(&'t Movement) -> Item<'t>) -> Self {
        let mut arrays = Self::default();
        for movement in &transaction.movements {
            let item = show(movement);
            let array = match movement.paid_with.kind {
                InstrumentKind::Card => &mut arrays.credit_cards,
                InstrumentKind::GiftCard => &mut arrays.gift_cards,
                InstrumentKind::PayPal => &mut arrays.pay_pal,
                InstrumentKind::AndroidPay => &mut arrays.android_pay,
                InstrumentKind::GooglePay => &mut arrays.google_pay,
                InstrumentKind::ApplePay => &mut arrays.apple_pay,
                InstrumentKind::ZipPay | InstrumentKind::Afterpay | InstrumentKind::Openpay => {
                    arrays.unknown.push(Stray::Item(Box::new(item)));
                    continue;
                }
            };
            array.push(item);
        }
        arrays
    }

    fn beside(&self, refusal: Refusal) -> Refusal {
        refusal
            .with("creditCards", &self.credit_cards)
            .with("giftCards", &self.gift_cards)
            .with("payPal", &self.pay_pal)
            .with("androidPay", &self.android_pay)
            .with("googlePay", &self.google_pay)
            .with("applePay", &self.apple_pay)
            .with("unknown", &self.unknown)
    }
}

/// What came of a payment as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// All of it happened.
    Paid,
    /// Part of it happened, and the caller took that into account.
    PartlyPaid,
    /// It was refused.
    Refused,
    /// It is not known yet.
    Unknown,
}

fn verdict(transaction: &Transaction) -> Verdict {
    let any = |wanted: fn(&MovementState) -> bool| transaction.movements.iter().any(|movement| wanted(&movement.state));
    match transaction.state {
        TransactionState::Approved => Verdict::Paid,
        TransactionState::PartlyApproved => Verdict::PartlyPaid,
        TransactionState::Processing if keeps_something(transaction) => Verdict::PartlyPaid,
        TransactionState::Processing if any(|state| *state == MovementState::Asked) => Verdict::Unknown,
        TransactionState::Processing | TransactionState::Rejected => Verdict::Refused,
    }
}

/// Whether something is charged that stays charged whatever comes of the rest.
fn keeps_something(transaction: &Transaction) -> bool {
    transaction.atomicity == Atomicity::KeepSuccesses && has_charged(transaction)
}

fn has_charged(transaction: &Transaction) -> bool {
    transaction.movements.iter().any(|movement| movement.done_reference().is_some())
}

const NOTHING_CHARGED: &str = "Nothing was charged; each payment instrument says why.";
const SOMETHING_CHARGED: &str = "The payment was refused, and what has a paymentTransactionRef stays charged.";
const NOTHING_KNOWN: &str = "The outcome is not known yet. Look it up in the transaction history before trying again.";
const NOTHING_FOUND: &str = "Nothing was charged: the unknown ones name no payment instrument of this wallet.";

/// Tells what came of a payment, and what the fraud screen said of it if it was asked.
pub fn tell(
    transaction: &Transaction,
    details: &Details,
    store: Option<&StoreData>,
    decision: Option<&FraudDecision>,
) -> Result<Reply, Refusal> {
    let beside = Beside { details, store, merchant: transaction.merchant.as_str() };
    let Some(refusal) = refusal(transaction) else {
        return Ok(Reply::ok(&PaymentBody {
            transaction_receipt: transaction.receipt.to_string(),
            partial_success: verdict(transaction) == Verdict::PartlyPaid,
            fraud_response: FraudResponse::of_any(decision),
            arrays: Arrays::of(transaction, |movement| Item::of_success(movement, beside)),
        }));
    };
    let is_open = transaction.is_open();
    let refusal = Arrays::of(transaction, |movement| Item::of_refusal(movement, beside, is_open)).beside(refusal);
    Err(fraud::beside(refusal, decision))
}

/// The refusal of a payment of which nothing is told as paid; nothing if something is.
pub fn refusal(transaction: &Transaction) -> Option<Refusal> {
    match verdict(transaction) {
        Verdict::Paid | Verdict::PartlyPaid => None,
        Verdict::Refused if has_charged(transaction) => Some(Refusal::new(Code::Bi52, SOMETHING_CHARGED)),
        Verdict::Refused => Some(Refusal::new(Code::Bi52, NOTHING_CHARGED)),
        Verdict::Unknown => Some(unknown_outcome()),
    }
}

/// Nobody knows yet whether money moved. The contract has no arrays beside a 504, so the status is 502.
pub fn unknown_outcome() -> Refusal {
    Refusal::new(Code::Es36, NOTHING_KNOWN).at(StatusCode::BAD_GATEWAY)
}

/// Tells which parts, by their `places`, name no instrument.
pub fn unknown(names: &[Name], places: &[usize]) -> Refusal {
    let reason = Reason::of_fault(Fault::UnknownInstrument);
    let asked = places.iter().filter_map(|place| names.get(*place));
    let unknown = asked.map(|name| Unknown { payment_instrument_id: &name.id, payment_token: &name.token, reason });
    let unknown = unknown.map(Stray::Unknown).collect();
    Arrays { unknown, ..Arrays::default() }.beside(Refusal::new(Code::Bi52, NOTHING_FOUND))
}
