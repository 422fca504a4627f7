//! The ledger: double entry, so that every penny that moved can be proved.
//!
//! Invariant: the legs of an entry add up to zero in each currency; an [`Entry`] that does not cannot be made.

use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// What an account counts. Debits are positive, credits negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// Memorandum: orders that wait for their buyer, by seller.
    OrdersOpen,
    /// The other side of [`Account::OrdersOpen`].
    OrdersOpenContra,
    /// Memorandum: credit kept free for approved orders, by company.
    CreditHeld,
    /// The other side of [`Account::CreditHeld`].
    CreditHeldContra,
    /// What a company owes, by company.
    BuyerReceivable,
    /// What is owed to a seller, by seller.
    MerchantPayable,
    /// Interest earned.
    InterestIncome,
    /// Fees earned from sellers.
    MerchantFees,
    /// Fees earned and not yet billed, by seller.
    FeesReceivable,
    /// Card collections on their way to us.
    CardClearing,
    /// Money in and out through the bank.
    BankClearing,
    /// Payouts on their way out.
    PayoutClearing,
    /// Bank payments that came for orders already ended, owed back to the payer.
    Returns,
    /// Memorandum: what issuers hold for pre-authorisations, by seller.
    AuthorisationHolds,
    /// The other side of [`Account::AuthorisationHolds`].
    AuthorisationHoldsContra,
    /// What is still on gift cards, by programme.
    GiftCardLiability,
    /// What gift cards were bought with, by programme.
    GiftCardFunding,
    /// What gift cards were sold for less than is on them, by programme: the house bears it.
    GiftCardDiscounts,
}

impl Account {
    /// Every account, for reports.
    pub const ALL: [Self; 18] = [
        Self::OrdersOpen,
        Self::OrdersOpenContra,
        Self::CreditHeld,
        Self::CreditHeldContra,
        Self::BuyerReceivable,
        Self::MerchantPayable,
        Self::InterestIncome,
        Self::MerchantFees,
        Self::FeesReceivable,
        Self::CardClearing,
        Self::BankClearing,
        Self::PayoutClearing,
        Self::Returns,
        Self::AuthorisationHolds,
        Self::AuthorisationHoldsContra,
        Self::GiftCardLiability,
        Self::GiftCardFunding,
        Self::GiftCardDiscounts,
    ];

    /// The name the account has in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrdersOpen => "orders_open",
            Self::OrdersOpenContra => "orders_open_contra",
            Self::CreditHeld => "credit_held",
            Self::CreditHeldContra => "credit_held_contra",
            Self::BuyerReceivable => "buyer_receivable",
            Self::MerchantPayable => "merchant_payable",
            Self::InterestIncome => "interest_income",
            Self::MerchantFees => "merchant_fees",
            Self::FeesReceivable => "fees_receivable",
            Self::CardClearing => "card_clearing",
            Self::BankClearing => "bank_clearing",
            Self::PayoutClearing => "payout_clearing",
            Self::Returns => "returns",
            Self::AuthorisationHolds => "authorisation_holds",
            Self::AuthorisationHoldsContra => "authorisation_holds_contra",
            Self::GiftCardLiability => "gift_card_liability",
            Self::GiftCardFunding => "gift_card_funding",
            Self::GiftCardDiscounts => "gift_card_discounts",
        }
    }
}

/// One side of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The account.
    pub account: Account,
    /// Whose: a seller's id, a company's number, or empty for the house.
    pub owner: String,
    /// Positive for a debit, negative for a credit.
    pub amount: Money,
}

/// A balanced set of legs and what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    kind: &'static str,
    subject: String,
    at: Timestamp,
    legs: Vec<Leg>,
}

/// Why an entry was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The legs of one currency do not add up to zero.
    #[error("the legs in {0:?} do not add up to zero")]
    Unbalanced(Currency),
}

impl Entry {
    /// An entry of `kind` about `subject`, usually an order's id.
    ///
    /// # Errors
    /// [`LedgerError::Unbalanced`] unless the legs add up to zero in each currency.
    pub fn new(kind: &'static str, subject: String, at: Timestamp, legs: Vec<Leg>) -> Result<Self, LedgerError> {
        for currency in [Currency::Gbp, Currency::Aud] {
            let sum: i128 = legs.iter().filter(|leg| leg.amount.currency() == currency).map(|leg| i128::from(leg.amount.minor())).sum();
            if sum != 0 {
                return Err(LedgerError::Unbalanced(currency));
            }
        }
        Ok(Self { kind, subject, at, legs })
    }

    /// What happened: `order_opened`, `instalment_paid`, …
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What it happened to.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The legs, in the order they were written.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }
}

/// Builds an entry of transfers, each of which balances by itself, so that the whole cannot fail to.
#[derive(Debug)]
pub struct Transfers {
    entry: Entry,
}

impl Transfers {
    /// An entry without legs.
    pub fn new(kind: &'static str, subject: &impl ToString, at: Timestamp) -> Self {
        Self { entry: Entry { kind, subject: subject.to_string(), at, legs: Vec::with_capacity(4) } }
    }

    /// Moves `amount` from the credited account to the debited one; nothing is written for nothing.
    #[must_use]
    pub fn debit_credit(mut self, amount: Money, debit: (Account, &str), credit: (Account, &str)) -> Self {
        if amount.minor() != 0 {
            let leg = |(account, owner): (Account, &str), amount| Leg { account, owner: owner.to_owned(), amount };
            self.entry.legs.push(leg(debit, amount));
            self.entry.legs.push(leg(credit, amount.negated()));
        }
        self
    }

    /// The finished entry.
    pub fn done(self) -> Entry {
        self.entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_does_not_balance_cannot_be_made() {
        let leg = |minor| Leg { account: Account::BankClearing, owner: String::new(), amount: Money::pence(minor) };
        let make = |legs| Entry::new("test", String::new(), Timestamp::from_micros(0), legs);
        assert_eq!(make(vec![leg(5), leg(-4)]), Err(LedgerError::Unbalanced(Currency::Gbp)));
        assert!(make(vec![leg(5), leg(-5)]).is_ok());
        let dollars = Leg { amount: Money::new(-5, Currency::Aud), ..leg(0) };
        assert_eq!(make(vec![leg(5), dollars]), Err(LedgerError::Unbalanced(Currency::Gbp)), "currencies do not offset each other");
    }
}
