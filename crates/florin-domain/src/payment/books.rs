//! The books of a payment: the ledger entry that a step of it makes, while it is being made.
//!
//! Pure rules. Invariant: whatever moves or holds money is posted here with both of its sides.

use super::{GiftCardMove, PREAUTH_DAYS, Transaction, TransactionChange};
use crate::instrument::InstrumentKind;
use crate::ledger::{Account, Transfers};
use crate::merchant::fee;
use crate::money::{Currency, Money};
use crate::movement::{Hold, Movement, MovementKind, Reference};
use crate::openpay::OpenpayPlan;
use crate::time::{Timestamp, days};

/// An account and its owner.
type Side = (Account, String);

/// The owner of an account that belongs to the merchant's seller.
const SELLER: Option<&str> = None;

/// The entry that a step makes, while it is being made.
pub(super) struct Books {
    entry: Transfers,
    transfers: Vec<(Money, Side, Side)>,
    seller: String,
    fee_bps: u32,
    owed: i64,
    gift_cards: Vec<GiftCardMove>,
    pub(super) plans: Vec<(Reference, OpenpayPlan)>,
}

impl Books {
    pub(super) fn new(transaction: &Transaction, now: Timestamp) -> Self {
        Self {
            entry: Transfers::new(transaction.kind.name(), &transaction.receipt, now),
            transfers: Vec::with_capacity(2 * transaction.movements.len()),
            seller: transaction.seller.to_string(),
            fee_bps: transaction.fee_bps,
            owed: 0,
            gift_cards: Vec::new(),
            plans: Vec::new(),
        }
    }

    /// A movement happened: its money is held, taken, freed or given back.
    pub(super) fn happened(&mut self, movement: &mut Movement, original: Option<&mut Movement>, now: Timestamp) {
        match (movement.kind, original) {
            (MovementKind::Preauth, _) => {
                movement.hold = Some(Hold::Open);
                movement.expires_at = Some(now.plus(days(PREAUTH_DAYS)));
                self.hold(movement.amount);
            }
            (MovementKind::Purchase, _) => {
                movement.captured = movement.amount;
                self.capture(movement, movement.amount);
            }
            (MovementKind::Completion, Some(original)) => {
                (original.hold, original.captured) = (Some(Hold::Completed), movement.amount);
                self.release(original);
                self.capture(movement, movement.amount);
                self.on_gift_card(movement, -movement.amount.minor(), 0);
            }
            (MovementKind::Void, Some(original)) => {
                original.hold = Some(Hold::Voided);
                self.release(original);
            }
            (MovementKind::Refund, Some(_)) => {
                self.give_back(movement, movement.amount);
                self.on_gift_card(movement, movement.amount.minor(), 0);
            }
            // Written only with its original; without one there is nothing to book.
            (MovementKind::Completion | MovementKind::Void | MovementKind::Refund, None) => {}
        }
    }

    /// A payment that happened is put back as if it had not.
    pub(super) fn put_back(&mut self, movement: &mut Movement) {
        let zero = Money::zero(movement.amount.currency());
        match movement.kind {
            MovementKind::Preauth => {
                movement.hold = Some(Hold::Voided);
                self.release(movement);
            }
            MovementKind::Purchase => {
                let fee = fee(self.fee_bps, movement.captured);
                self.give_back(movement, movement.captured);
                self.charge_fee(fee.negated());
                self.on_gift_card(movement, movement.captured.minor(), 0);
                movement.captured = zero;
            }
            MovementKind::Completion | MovementKind::Void | MovementKind::Refund => {}
        }
    }

    fn hold(&mut self, amount: Money) {
        self.post(amount, (Account::AuthorisationHolds, SELLER), (Account::AuthorisationHoldsContra, SELLER));
    }

    /// The whole hold of a pre-authorisation ends.
    pub(super) fn release(&mut self, original: &Movement) {
        self.post(original.amount, (Account::AuthorisationHoldsContra, SELLER), (Account::AuthorisationHolds, SELLER));
        self.on_gift_card(original, 0, -original.amount.minor());
    }

    fn capture(&mut self, movement: &Movement, amount: Money) {
        self.post(amount, source(movement), (Account::MerchantPayable, SELLER));
        self.owed += amount.minor();
        self.charge_fee(fee(self.fee_bps, amount));
    }

    fn give_back(&mut self, movement: &Movement, amount: Money) {
        self.post(amount, (Account::MerchantPayable, SELLER), source(movement));
        self.owed -= amount.minor();
    }

    /// Takes a fee of the merchant; a negative one is given back.
    fn charge_fee(&mut self, fee: Money) {
        self.post(fee, (Account::MerchantPayable, SELLER), (Account::MerchantFees, Some("")));
        self.owed -= fee.minor();
    }

    /// Moves `amount` between two accounts, each with its owner; the seller where none is named.
    fn post(&mut self, amount: Money, debit: (Account, Option<&str>), credit: (Account, Option<&str>)) {
        let seller = self.seller.as_str();
        let owned = |(account, owner): (Account, Option<&'_ str>)| (account, owner.unwrap_or(seller).to_owned());
        self.transfers.push((amount, owned(debit), owned(credit)));
    }

    fn on_gift_card(&mut self, movement: &Movement, balance: i64, held: i64) {
        if movement.paid_with.kind == InstrumentKind::GiftCard {
            self.gift_cards.push(GiftCardMove { fingerprint: movement.paid_with.fingerprint, balance, held });
        }
    }

    pub(super) fn done(self, transaction: Transaction, originals: Vec<Movement>) -> TransactionChange {
        let owed = Money::new(self.owed, Currency::Aud);
        let entry = self
            .transfers
            .iter()
            .fold(self.entry, |entry, (amount, debit, credit)| entry.debit_credit(*amount, (debit.0, &debit.1), (credit.0, &credit.1)));
        TransactionChange { transaction, originals, entry: entry.done(), owed, gift_cards: self.gift_cards, plans: self.plans }
    }
}

/// Where a movement's money comes from.
fn source(movement: &Movement) -> (Account, Option<&str>) {
    match movement.paid_with.kind {
        InstrumentKind::GiftCard => (Account::GiftCardLiability, Some(movement.paid_with.network.as_deref().unwrap_or_default())),
        InstrumentKind::Card
        | InstrumentKind::PayPal
        | InstrumentKind::GooglePay
        | InstrumentKind::ApplePay
        | InstrumentKind::AndroidPay
        | InstrumentKind::ZipPay
        | InstrumentKind::Afterpay
        | InstrumentKind::Openpay => (Account::CardClearing, Some("")),
    }
}
