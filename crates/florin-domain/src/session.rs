//! Payment sessions: how a shopper and a merchant meet at a till.
//!
//! Pure rules. A merchant opens a session, a shopper takes it up and may approve beforehand, the merchant says what is to be
//! paid. Invariants: a session belongs to one wallet and to one request, whichever came first; it is paid once.

use crate::merchant::MerchantId;
use crate::schema::Payload;
use crate::{PaymentRequestId, PaymentSessionId, Timestamp, TransactionId, WalletId};

/// A meeting at a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentSession {
    /// Its id.
    pub id: PaymentSessionId,
    /// At which merchant.
    pub merchant: MerchantId,
    /// Where, in the merchant's own words.
    pub location: String,
    /// What the merchant says of it.
    pub merchant_info: Payload,
    /// What the shopper says of it.
    pub customer_info: Option<Payload>,
    /// The shopper's wallet, once they have taken it up.
    pub wallet: Option<WalletId>,
    /// What is to be paid, once the merchant has said so.
    pub request: Option<PaymentRequestId>,
    /// How the shopper wants to pay, as the vault sealed it; gone once it was acted on.
    pub preapproval: Option<Vec<u8>>,
    /// The payment that was begun, unless it was rejected.
    pub payment: Option<TransactionId>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is open; for ever if nothing.
    pub expires_at: Option<Timestamp>,
    /// When one of the two ended it.
    pub closed_at: Option<Timestamp>,
    /// Why it was ended, if that was said.
    pub closed_reason: Option<String>,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Nobody has taken it up.
    Created,
    /// A shopper has.
    Associated,
    /// The shopper has said how to pay.
    Preapproved,
    /// It is known what is to be paid.
    Linked,
    /// It is being paid.
    Paying,
    /// It was paid.
    Paid,
    /// It was ended.
    Closed,
}

impl SessionState {
    /// Every state.
    pub const ALL: [Self; 7] = [Self::Created, Self::Associated, Self::Preapproved, Self::Linked, Self::Paying, Self::Paid, Self::Closed];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Associated => "associated",
            Self::Preapproved => "preapproved",
            Self::Linked => "linked",
            Self::Paying => "paying",
            Self::Paid => "paid",
            Self::Closed => "closed",
        }
    }
}

/// Why a step of a session is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionFault {
    /// It was ended, or its time is over.
    #[error("the payment session has expired")]
    Expired,
    /// A shopper has taken it up already.
    #[error("the payment session is associated with a wallet already")]
    Taken,
    /// Another shopper has taken it up.
    #[error("the payment session belongs to another wallet")]
    OtherWallet,
    /// It is known already what is to be paid.
    #[error("payment session {session} is linked to payment request {request} already")]
    Linked {
        /// The session.
        session: PaymentSessionId,
        /// What is paid there.
        request: PaymentRequestId,
    },
    /// It was paid, or is being paid.
    #[error("the payment session was paid already")]
    Paid,
    /// The shopper has said meanwhile that they want to pay otherwise, or not at all.
    #[error("the payment is not the one that stands approved at the payment session")]
    NotApproved,
}

impl SessionFault {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "session_expired",
            Self::Taken => "session_taken",
            Self::OtherWallet => "session_of_another_wallet",
            Self::Linked { .. } => "session_linked",
            Self::Paid => "session_paid",
            Self::NotApproved => "session_not_approved",
        }
    }
}

impl PaymentSession {
    /// Where it stands, whatever the time.
    pub const fn state(&self) -> SessionState {
        match self {
            Self { closed_at: Some(_), .. } => SessionState::Closed,
            Self { paid_at: Some(_), .. } => SessionState::Paid,
            Self { payment: Some(_), .. } => SessionState::Paying,
            Self { request: Some(_), .. } => SessionState::Linked,
            Self { preapproval: Some(_), .. } => SessionState::Preapproved,
            Self { wallet: Some(_), .. } => SessionState::Associated,
            _ => SessionState::Created,
        }
    }

    /// Whether it was ended, or its time is over at `now`.
    ///
    /// # Errors
    /// [`SessionFault::Expired`] if so.
    pub fn must_not_have_ended(&self, now: Timestamp) -> Result<(), SessionFault> {
        let has_ended = self.closed_at.is_some() || self.expires_at.is_some_and(|end| end <= now);
        if has_ended { Err(SessionFault::Expired) } else { Ok(()) }
    }

    /// Whether anything can still be done with it at `now`.
    fn must_be_open(&self, now: Timestamp) -> Result<(), SessionFault> {
        self.must_not_have_ended(now)?;
        if self.payment.is_some() { Err(SessionFault::Paid) } else { Ok(()) }
    }

    /// Whether the shopper of `wallet` may see it: nobody has taken it up, or they have.
    pub fn is_visible_to(&self, wallet: WalletId) -> bool {
        self.wallet.is_none_or(|owner| owner == wallet)
    }

    /// A shopper takes it up.
    ///
    /// # Errors
    /// [`SessionFault::Taken`] if anybody has, be it the same one; or as it stands.
    pub fn associate(self, wallet: WalletId, info: Payload, now: Timestamp) -> Result<Self, SessionFault> {
        self.must_be_open(now)?;
        match self.wallet {
            Some(_) => Err(SessionFault::Taken),
            None => Ok(Self { wallet: Some(wallet), customer_info: Some(info), ..self }),
        }
    }

    /// The shopper says how to pay. Whoever does that with a session nobody has taken up has taken it up.
    ///
    /// # Errors
    /// [`SessionFault::OtherWallet`]; or as it stands.
    pub fn preapprove(self, wallet: WalletId, sealed: Vec<u8>, now: Timestamp) -> Result<Self, SessionFault> {
        self.must_be_open(now)?;
        if !self.is_visible_to(wallet) {
            return Err(SessionFault::OtherWallet);
        }
        Ok(Self { wallet: Some(wallet), preapproval: Some(sealed), ..self })
    }

    /// The merchant says anew what there is to say, and what is to be paid if that was not known.
    ///
    /// # Errors
    /// [`SessionFault::Linked`] if a request comes and there is one; or as it stands.
    pub fn update(self, info: Payload, request: Option<PaymentRequestId>, now: Timestamp) -> Result<Self, SessionFault> {
        self.must_not_have_ended(now)?;
        // That it is linked says more than that it was paid: which request it was.
        if let (Some(request), Some(_)) = (self.request, request) {
            return Err(SessionFault::Linked { session: self.id, request });
        }
        self.must_be_open(now)?;
        Ok(Self { merchant_info: info, request: self.request.or(request), ..self })
    }

    /// Whether what was approved beforehand as `sealed` is what is to be done at `now`: it is what the shopper said last, and
    /// nothing came of it yet.
    ///
    /// # Errors
    /// [`SessionFault::NotApproved`] if they have said something else since; or as it stands.
    pub fn must_stand_approved(&self, sealed: &[u8], now: Timestamp) -> Result<(), SessionFault> {
        self.must_be_open(now)?;
        if self.preapproval.as_deref() == Some(sealed) { Ok(()) } else { Err(SessionFault::NotApproved) }
    }

    /// A payment of its request has begun from `wallet`.
    #[must_use]
    pub fn begin_payment(self, payment: TransactionId, wallet: WalletId) -> Self {
        Self { payment: Some(payment), wallet: Some(wallet), preapproval: None, ..self }
    }

    /// The payment came to an end: the session is paid, or can be paid again.
    #[must_use]
    pub fn end_payment(self, payment: TransactionId, is_paid: bool, now: Timestamp) -> Self {
        match (self.payment, is_paid) {
            (Some(known), _) if known != payment => self,
            (_, true) => Self { payment: Some(payment), paid_at: self.paid_at.or(Some(now)), ..self },
            (_, false) => Self { payment: None, paid_at: None, ..self },
        }
    }

    /// Forgets how the shopper wanted to pay, because it could not be done.
    #[must_use]
    pub fn forget_preapproval(self) -> Self {
        Self { preapproval: None, ..self }
    }

    /// One of the two ends it.
    ///
    /// # Errors
    /// As it stands.
    pub fn close(self, reason: Option<String>, now: Timestamp) -> Result<Self, SessionFault> {
        self.must_be_open(now)?;
        Ok(Self { closed_at: Some(now), closed_reason: reason, preapproval: None, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000);
    const LATER: Timestamp = Timestamp::from_micros(2_000);

    fn wallet(number: u8) -> WalletId {
        WalletId::from_random([number; 16])
    }

    fn request(number: u8) -> PaymentRequestId {
        PaymentRequestId::from_random([number; 16])
    }

    fn info() -> Payload {
        Payload { schema: None, json: Some("{}".to_owned()) }
    }

    fn session() -> PaymentSession {
        PaymentSession {
            id: PaymentSessionId::from_random([1; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            location: "lane 4".to_owned(),
            merchant_info: info(),
            customer_info: None,
            wallet: None,
            request: None,
            preapproval: None,
            payment: None,
            paid_at: None,
            created_at: NOW,
            expires_at: Some(LATER),
            closed_at: None,
            closed_reason: None,
        }
    }

    #[test]
    fn a_session_belongs_to_one_wallet_and_to_one_request() {
        let taken = session().associate(wallet(1), info(), NOW).unwrap();
        assert_eq!(taken.state(), SessionState::Associated);
        assert_eq!(taken.clone().associate(wallet(1), info(), NOW), Err(SessionFault::Taken), "be it the same wallet");
        assert_eq!(taken.clone().preapprove(wallet(2), vec![1], NOW), Err(SessionFault::OtherWallet));
        let approved = taken.preapprove(wallet(1), vec![1], NOW).unwrap();
        assert_eq!(approved.state(), SessionState::Preapproved);
        let linked = approved.update(info(), Some(request(1)), NOW).unwrap();
        assert_eq!(linked.state(), SessionState::Linked);
        let refused = SessionFault::Linked { session: linked.id, request: request(1) };
        assert_eq!(linked.clone().update(info(), Some(request(2)), NOW), Err(refused));
        assert_eq!(linked.update(info(), None, NOW).unwrap().request, Some(request(1)), "news without a request change none");
        let first = session().preapprove(wallet(2), vec![1], NOW).unwrap();
        assert_eq!(first.wallet, Some(wallet(2)), "who approves has taken it up");
    }

    #[test]
    fn a_session_is_paid_once_and_a_rejected_payment_frees_it() {
        let payment = |number: u8| TransactionId::from_random([number; 16]);
        let linked = session().update(info(), Some(request(1)), NOW).unwrap().preapprove(wallet(1), vec![1], NOW).unwrap();
        let paying = linked.begin_payment(payment(1), wallet(1));
        assert_eq!((paying.state(), &paying.preapproval), (SessionState::Paying, &None));
        assert_eq!(paying.clone().close(None, NOW), Err(SessionFault::Paid));
        assert_eq!(paying.clone().end_payment(payment(2), true, NOW), paying, "somebody else's payment");
        let free = paying.clone().end_payment(payment(1), false, NOW);
        assert_eq!(free.state(), SessionState::Linked);
        let paid = paying.end_payment(payment(1), true, NOW);
        assert_eq!(paid.state(), SessionState::Paid);
        assert_eq!(paid.clone().preapprove(wallet(1), vec![2], NOW), Err(SessionFault::Paid));
        let refused = SessionFault::Linked { session: paid.id, request: request(1) };
        assert_eq!(paid.clone().update(info(), Some(request(2)), NOW), Err(refused), "a second link is told which is the first");
        assert_eq!(paid.clone().update(info(), None, NOW), Err(SessionFault::Paid));
        assert_eq!(free.end_payment(payment(1), true, NOW).state(), SessionState::Paid, "it happened after all");
        assert_eq!(paid.clone().end_payment(payment(1), true, LATER).paid_at, Some(NOW), "told twice, it is paid once");
    }

    #[test]
    fn only_what_a_shopper_approved_last_is_done_and_only_in_time() {
        let first = session().preapprove(wallet(1), vec![1], NOW).unwrap();
        assert_eq!(first.must_stand_approved(&[1], NOW), Ok(()));
        let second = first.preapprove(wallet(1), vec![2], NOW).unwrap();
        assert_eq!(second.must_stand_approved(&[1], NOW), Err(SessionFault::NotApproved));
        assert_eq!(second.must_stand_approved(&[2], NOW), Ok(()));
        assert_eq!(second.must_stand_approved(&[2], LATER), Err(SessionFault::Expired));
        let paying = second.clone().begin_payment(TransactionId::from_random([1; 16]), wallet(1));
        assert_eq!(paying.must_stand_approved(&[2], NOW), Err(SessionFault::Paid));
        assert_eq!(second.forget_preapproval().must_stand_approved(&[2], NOW), Err(SessionFault::NotApproved));
    }

    #[test]
    fn a_session_ends_by_time_or_by_either_side() {
        assert_eq!(session().associate(wallet(1), info(), LATER), Err(SessionFault::Expired));
        let closed = session().close(Some("changed their mind".to_owned()), NOW).unwrap();
        assert_eq!((closed.state(), closed.must_not_have_ended(NOW)), (SessionState::Closed, Err(SessionFault::Expired)));
        for refused in [
            closed.clone().associate(wallet(1), info(), NOW),
            closed.clone().preapprove(wallet(1), vec![1], NOW),
            closed.clone().update(info(), Some(request(1)), NOW),
            closed.close(None, NOW),
        ] {
            assert_eq!(refused, Err(SessionFault::Expired));
        }
    }
}
