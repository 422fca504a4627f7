//! Occasions: what makes a transaction one of the in-store family.
//!
//! Every payment, completion, void and refund of that family has one, written with it. Invariant: a payment that is not
//! rejected holds a use of its request; nothing else does.

use crate::merchant::MerchantId;
use crate::money::Money;
use crate::movement::Reference;
use crate::{PaymentRequestId, PaymentSessionId, Timestamp, TransactionId, WalletId};

/// On which occasion money was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// The transaction's name on the wire.
    pub id: TransactionId,
    /// The receipt of the transaction itself.
    pub receipt: Reference,
    /// At which merchant.
    pub merchant: MerchantId,
    /// The wallet that the merchant knows the shopper by, from whichever of theirs was paid.
    pub wallet: WalletId,
    /// What was paid; of a follow-up, what the payment was for.
    pub request: PaymentRequestId,
    /// The merchant's own name for the request.
    pub merchant_reference: String,
    /// At which till session.
    pub session: Option<PaymentSessionId>,
    /// Of a follow-up: the transaction that it is about.
    pub original: Option<TransactionId>,
    /// Of a refund: why.
    pub reason: Option<String>,
    /// How much was asked for in all.
    pub gross: Money,
    /// Whether it holds a use of its request.
    pub holds_use: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
}
