//! Faults: why a movement of money was refused, whoever refused it.
//!
//! Stable names only; each surface has its own words and codes for them.

/// Why no money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The wallet has no such instrument.
    UnknownInstrument,
    /// The instrument cannot be used at this merchant or for this.
    NotSupported,
    /// The code on the card is needed.
    StepUpRequired,
    /// The step-up token is not good for this: unknown, used, or another instrument's.
    StepUpIllegal,
    /// The step-up token is too old.
    StepUpExpired,
    /// The gift card's PIN is needed, or wrong.
    PasscodeWrong,
    /// The issuer said no.
    Declined,
    /// There is not enough money behind it.
    InsufficientFunds,
    /// The instrument has run out.
    Expired,
    /// The account behind it is closed or locked.
    Closed,
    /// The issuer cannot be reached.
    IssuerUnavailable,
    /// The issuer did not answer in time; what it did is not known yet.
    TimedOut,
    /// The network failed.
    Technical,
    /// The issuer took it for a repetition.
    Duplicate,
    /// The issuer refuses this kind of transaction.
    Invalid,
    /// The cardholder has to be authenticated first.
    AuthenticationRequired,
    /// The cardholder was not authenticated.
    AuthenticationFailed,
    /// The gift card's number or PIN is wrong.
    GiftCardDetails,
    /// There is not enough money on the gift card.
    GiftCardBalance,
    /// More than was authorised.
    AboveAuthorisation,
    /// More than is left to give back.
    AboveRefundable,
    /// There is no such payment, or it is in no state for this.
    OriginalNotFound,
    /// The process stopped before anything was sent.
    NotSent,
    /// Put back because another instrument of the payment was refused.
    PutBack,
    /// The fraud screen refused the whole payment.
    FraudRejected,
    /// The shopper has not approved it at its provider.
    NotApproved,
    /// The merchant does not sell these goods for such a gift card.
    GoodsExcluded,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 27] = [
        Self::UnknownInstrument,
        Self::NotSupported,
        Self::StepUpRequired,
        Self::StepUpIllegal,
        Self::StepUpExpired,
        Self::PasscodeWrong,
        Self::Declined,
        Self::InsufficientFunds,
        Self::Expired,
        Self::Closed,
        Self::IssuerUnavailable,
        Self::TimedOut,
        Self::Technical,
        Self::Duplicate,
        Self::Invalid,
        Self::AuthenticationRequired,
        Self::AuthenticationFailed,
        Self::GiftCardDetails,
        Self::GiftCardBalance,
        Self::AboveAuthorisation,
        Self::AboveRefundable,
        Self::OriginalNotFound,
        Self::NotSent,
        Self::PutBack,
        Self::FraudRejected,
        Self::NotApproved,
        Self::GoodsExcluded,
    ];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownInstrument => "unknown_instrument",
            Self::NotSupported => "not_supported",
            Self::StepUpRequired => "step_up_required",
            Self::StepUpIllegal => "step_up_illegal",
            Self::StepUpExpired => "step_up_expired",
            Self::PasscodeWrong => "passcode_wrong",
            Self::Declined => "declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::Expired => "expired",
            Self::Closed => "closed",
            Self::IssuerUnavailable => "issuer_unavailable",
            Self::TimedOut => "timed_out",
            Self::Technical => "technical",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::AuthenticationRequired => "authentication_required",
            Self::AuthenticationFailed => "authentication_failed",
            Self::GiftCardDetails => "gift_card_details",
            Self::GiftCardBalance => "gift_card_balance",
            Self::AboveAuthorisation => "above_authorisation",
            Self::AboveRefundable => "above_refundable",
            Self::OriginalNotFound => "original_not_found",
            Self::NotSent => "not_sent",
            Self::PutBack => "put_back",
            Self::FraudRejected => "fraud_rejected",
            Self::NotApproved => "not_approved",
            Self::GoodsExcluded => "goods_excluded",
        }
    }

    /// Finds a fault by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}
