//! Payment requests: what a merchant asks to be paid, by whoever scans a code or is told.
//!
//! Pure rules. Invariants: a payment takes a use when it begins and gives it back if it is rejected; what is asked for never
//! changes.

use crate::merchant::MerchantId;
use crate::money::Money;
use crate::schema::Payload;
use crate::{PaymentRequestId, Timestamp, WalletId};

/// A request to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Its id.
    pub id: PaymentRequestId,
    /// Who asks.
    pub merchant: MerchantId,
    /// The merchant's own name for it.
    pub merchant_reference: String,
    /// How much each payment of it is.
    pub amount: Money,
    /// How often it may be paid; without a limit if nothing.
    pub max_uses: Option<u32>,
    /// How often it was paid, or is being paid.
    pub uses: u32,
    /// Until when; for ever if nothing.
    pub expires_at: Option<Timestamp>,
    /// The only wallet that may pay it; any if nothing.
    pub wallet: Option<WalletId>,
    /// What is bought, as JSON in the merchant's own words.
    pub basket: Option<String>,
    /// What the till adds.
    pub pos_payload: Option<Payload>,
    /// What the merchant adds.
    pub merchant_payload: Option<Payload>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the merchant took it back.
    pub closed_at: Option<Timestamp>,
}

/// Why a request cannot be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// It was paid as often as it may be.
    #[error("the payment request was used already")]
    Used,
    /// Its time is over.
    #[error("the payment request has expired")]
    Expired,
    /// The merchant took it back.
    #[error("the payment request was deleted")]
    Closed,
    /// It is for somebody else.
    #[error("the payment request is for another wallet")]
    OtherWallet,
}

impl RequestFault {
    /// Every fault.
    pub const ALL: [Self; 4] = [Self::Used, Self::Expired, Self::Closed, Self::OtherWallet];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "request_used",
            Self::Expired => "request_expired",
            Self::Closed => "request_closed",
            Self::OtherWallet => "request_for_another_wallet",
        }
    }
}

impl PaymentRequest {
    /// How often it can still be paid at `now`; nothing if there is no limit.
    pub fn uses_left(&self, now: Timestamp) -> Option<u32> {
        let is_over = self.closed_at.is_some() || self.has_expired(now);
        if is_over { Some(0) } else { self.max_uses.map(|max| max.saturating_sub(self.uses)) }
    }

    /// When it ends, or has ended; nothing if it has no end.
    pub fn ends_at(&self) -> Option<Timestamp> {
        match (self.closed_at, self.expires_at) {
            (Some(closed), Some(expires)) => Some(closed.min(expires)),
            (closed, expires) => closed.or(expires),
        }
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether somebody can pay it at `now`.
    ///
    /// # Errors
    /// Why not.
    pub fn must_be_usable(&self, now: Timestamp) -> Result<(), RequestFault> {
        if self.closed_at.is_some() {
            Err(RequestFault::Closed)
        } else if self.has_expired(now) {
            Err(RequestFault::Expired)
        } else if self.uses_left(now) == Some(0) {
            Err(RequestFault::Used)
        } else {
            Ok(())
        }
    }

    /// Whether one of `wallets` can pay it at `now`.
    ///
    /// # Errors
    /// Why not. Whoever it is not for does not learn whether it was paid.
    pub fn must_be_usable_by(&self, wallets: &[WalletId], now: Timestamp) -> Result<(), RequestFault> {
        if self.wallet.is_some_and(|only| !wallets.contains(&only)) {
            return Err(RequestFault::OtherWallet);
        }
        self.must_be_usable(now)
    }

    /// Takes a use for a payment from one of `wallets`.
    ///
    /// # Errors
    /// Why that cannot be.
    pub fn take_use(self, wallets: &[WalletId], now: Timestamp) -> Result<Self, RequestFault> {
        self.must_be_usable_by(wallets, now)?;
        self.taken()
    }

    /// Takes a use for a payment that was begun in time, though it is heard of late.
    ///
    /// # Errors
    /// [`RequestFault::Used`] if others were as many as there may be.
    pub fn taken(self) -> Result<Self, RequestFault> {
        if self.is_used_up() { Err(RequestFault::Used) } else { Ok(Self { uses: self.uses.saturating_add(1), ..self }) }
    }

    fn is_used_up(&self) -> bool {
        self.max_uses.is_some_and(|max| self.uses >= max)
    }

    /// Gives the use of a rejected payment back.
    #[must_use]
    pub fn give_back(self) -> Self {
        Self { uses: self.uses.saturating_sub(1), ..self }
    }

    /// Takes the request back. `is_in_doubt` says whether the outcome of a payment of it is open: the use of that one may come
    /// back, and is not to be had by anybody then.
    ///
    /// # Errors
    /// Why it cannot be paid any more as it is.
    pub fn close(self, is_in_doubt: bool, now: Timestamp) -> Result<Self, RequestFault> {
        match self.must_be_usable(now) {
            Err(RequestFault::Used) if is_in_doubt => {}
            usable => usable?,
        }
        Ok(Self { closed_at: Some(now), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    const NOW: Timestamp = Timestamp::from_micros(1_000);
    const LATER: Timestamp = Timestamp::from_micros(2_000);

    fn wallet(number: u8) -> WalletId {
        WalletId::from_random([number; 16])
    }

    fn request(max_uses: Option<u32>) -> PaymentRequest {
        PaymentRequest {
            id: PaymentRequestId::from_random([1; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            merchant_reference: "till 4".to_owned(),
            amount: Money::new(1_250, Currency::Aud),
            max_uses,
            uses: 0,
            expires_at: Some(LATER),
            wallet: None,
            basket: None,
            pos_payload: None,
            merchant_payload: None,
            created_at: NOW,
            closed_at: None,
        }
    }

    #[test]
    fn a_use_is_taken_once_and_comes_back_when_the_payment_is_rejected() {
        let taken = request(Some(1)).take_use(&[wallet(1)], NOW).unwrap();
        assert_eq!((taken.uses_left(NOW), taken.must_be_usable(NOW)), (Some(0), Err(RequestFault::Used)));
        assert_eq!(taken.clone().take_use(&[wallet(2)], NOW), Err(RequestFault::Used));
        let back = taken.give_back();
        assert_eq!((back.uses_left(NOW), back.must_be_usable(NOW)), (Some(1), Ok(())));
        let unlimited = request(None).take_use(&[wallet(1)], NOW).unwrap();
        assert_eq!((unlimited.uses_left(NOW), unlimited.uses), (None, 1));
    }

    #[test]
    fn a_request_ends_by_time_or_by_its_merchant() {
        assert_eq!(request(Some(1)).take_use(&[wallet(1)], LATER), Err(RequestFault::Expired));
        let closed = request(Some(3)).close(false, NOW).unwrap();
        assert_eq!((closed.uses_left(NOW), closed.ends_at()), (Some(0), Some(NOW)));
        assert_eq!(closed.clone().take_use(&[wallet(1)], NOW), Err(RequestFault::Closed));
        assert_eq!(closed.close(true, NOW), Err(RequestFault::Closed));
        assert_eq!(request(Some(1)).close(true, LATER), Err(RequestFault::Expired));
    }

    #[test]
    fn a_request_is_taken_back_while_its_last_use_may_come_back_and_not_after() {
        let taken = request(Some(1)).taken().unwrap();
        assert_eq!(taken.clone().close(false, NOW), Err(RequestFault::Used));
        let closed = taken.close(true, NOW).unwrap();
        assert_eq!(closed.give_back().must_be_usable(NOW), Err(RequestFault::Closed));
    }

    #[test]
    fn what_is_heard_of_late_takes_no_use_that_another_has() {
        assert_eq!(request(Some(1)).taken().unwrap().taken(), Err(RequestFault::Used));
        let over = PaymentRequest { closed_at: Some(NOW), ..request(Some(1)) };
        assert_eq!(over.taken().map(|taken| taken.uses), Ok(1), "it was begun before");
        assert_eq!(request(None).taken().unwrap().taken().map(|taken| taken.uses), Ok(2));
    }

    #[test]
    fn a_request_for_one_wallet_is_paid_from_no_other() {
        let request = PaymentRequest { wallet: Some(wallet(1)), ..request(Some(1)) };
        assert_eq!(request.must_be_usable_by(&[wallet(2)], LATER), Err(RequestFault::OtherWallet));
        assert_eq!(request.must_be_usable_by(&[wallet(2), wallet(1)], NOW), Ok(()));
    }
}
