//! Transactions: what a shopper or a merchant asked to be moved, on one or several instruments, and what came of it.
//!
//! Pure rules. A transaction is written before anything is asked of the outside world, and concluded with what the world
//! said. Invariant: every step that moves or holds money makes the ledger entry of it; only the steps here make one.

use crate::fault::Fault;
use crate::instrument::InstrumentKind;
use crate::ledger::{Account, Entry, Transfers};
use crate::merchant::{MerchantId, fee};
use crate::money::{Currency, Money};
use crate::movement::{Hold, Movement, MovementKind, MovementState, Reference, Service};
use crate::openpay::OpenpayPlan;
use crate::time::{Timestamp, days};
use crate::{AgreementId, SellerId, TransactionId, WalletId};

/// For how many days an issuer holds money for a pre-authorisation.
pub const PREAUTH_DAYS: u64 = 7;

/// What a whole transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// Pays, or holds money to pay later.
    Payment,
    /// Takes held money.
    Completion,
    /// Frees held money.
    Void,
    /// Gives money back.
    Refund,
}

impl TransactionKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Payment, Self::Completion, Self::Void, Self::Refund];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Completion => "completion",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }

    /// Finds a kind by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What happens to the instruments that were charged when another one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Atomicity {
    /// They are put back: the payment happens in full or not at all.
    AllOrNothing,
    /// They stay charged, and the payment is a partial success.
    KeepSuccesses,
    /// They stay charged though the payment is rejected: the merchant puts them back.
    SkipRollback,
}

impl Atomicity {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::AllOrNothing, Self::KeepSuccesses, Self::SkipRollback];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllOrNothing => "all_or_nothing",
            Self::KeepSuccesses => "keep_successes",
            Self::SkipRollback => "skip_rollback",
        }
    }

    /// Finds one by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionState {
    /// Not everything is known, or put back, yet.
    Processing,
    /// All of it happened.
    Approved,
    /// Part of it happened.
    PartlyApproved,
    /// None of it happened, or what did was put back.
    Rejected,
}

impl TransactionState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Processing, Self::Approved, Self::PartlyApproved, Self::Rejected];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Approved => "approved",
            Self::PartlyApproved => "partly_approved",
            Self::Rejected => "rejected",
        }
    }

    /// Finds a state by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How far a rejected payment was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollback {
    /// There is nothing to put back.
    NotRequired,
    /// Something is charged that has to be put back.
    Required,
    /// All of it was put back.
    Successful,
    /// Some of it could not be put back.
    Failed,
}

impl Rollback {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::NotRequired, Self::Required, Self::Successful, Self::Failed];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotRequired => "not_required",
            Self::Required => "required",
            Self::Successful => "successful",
            Self::Failed => "failed",
        }
    }

    /// Finds one by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// A request to move money, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its receipt; its movements are numbered from the next number on, without gaps.
    pub receipt: Reference,
    /// At which merchant.
    pub merchant: MerchantId,
    /// Whose money it is.
    pub seller: SellerId,
    /// From which wallet.
    pub wallet: WalletId,
    /// What it does.
    pub kind: TransactionKind,
    /// The caller's own name for it.
    pub client_reference: String,
    /// The order it is about.
    pub order_number: String,
    /// What happens if a part is refused.
    pub atomicity: Atomicity,
    /// The agreement it was charged by.
    pub agreement: Option<AgreementId>,
    /// The in-store [occasion](crate::occasion) it was made on, if it is of that family.
    pub occasion: Option<TransactionId>,
    /// The merchant's fee on sales when it was asked for, in hundredths of a percent.
    pub fee_bps: u32,
    /// Where it stands.
    pub state: TransactionState,
    /// How far it was put back.
    pub rollback: Rollback,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How often it was saved.
    pub version: u32,
    /// Its parts, by number.
    pub movements: Vec<Movement>,
}

/// What came of one movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which movement.
    pub movement: Reference,
    /// What the network said.
    pub service: Option<Service>,
    /// The acquirer's reference, or why not.
    pub result: Result<String, Fault>,
    /// What Openpay says of it beside that.
    pub plan: Option<OpenpayPlan>,
}

/// What a step does to a gift card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiftCardMove {
    /// Which card.
    pub fingerprint: [u8; 32],
    /// Added to what is on it.
    pub balance: i64,
    /// Added to what is held of it.
    pub held: i64,
}

/// A decided step of a transaction, not yet saved.
#[must_use = "a change does nothing until a store transaction saves it"]
#[derive(Debug)]
pub struct TransactionChange {
    /// The transaction after the step.
    pub transaction: Transaction,
    /// The movements it completes, frees or gives back, after the step.
    pub originals: Vec<Movement>,
    /// The ledger entry; without legs if no money moved.
    pub entry: Entry,
    /// What the merchant is owed more than before.
    pub owed: Money,
    /// What moves on gift cards.
    pub gift_cards: Vec<GiftCardMove>,
    /// What Openpay said of movements.
    pub plans: Vec<(Reference, OpenpayPlan)>,
}

impl Transaction {
    /// Whether anything is still to be asked or put back.
    pub fn is_open(&self) -> bool {
        self.state == TransactionState::Processing
    }

    /// Takes what is known of its movements into the books, and decides what that means for the whole. `originals` are the
    /// movements that this transaction completes, frees or gives back, as they stand now. What is not asked any more is left
    /// alone, so that concluding twice does no harm.
    pub fn conclude(mut self, outcomes: Vec<Outcome>, mut originals: Vec<Movement>, now: Timestamp) -> TransactionChange {
        let mut books = Books::new(&self, now);
        for outcome in outcomes {
            let Some(movement) = self.movements.iter_mut().find(|movement| movement.reference == outcome.movement) else { continue };
            // Taken for never sent, and yet it happened: what the network says is the truth.
            let was_given_up = movement.fault() == Some(Fault::NotSent) && outcome.result.is_ok();
            let mut original = originals.iter_mut().find(|original| Some(original.reference) == movement.original);
            if was_given_up {
                self.state = TransactionState::Processing;
                if let Some(original) = &mut original {
                    reserved_again(movement, original);
                }
            } else if movement.state != MovementState::Asked {
                continue;
            }
            movement.service = outcome.service;
            match outcome.result {
                Ok(reference) => {
                    books.plans.extend(outcome.plan.map(|plan| (movement.reference, plan)));
                    movement.state = MovementState::Done { reference };
                    books.happened(movement, original, now);
                }
                Err(fault) => {
                    movement.state = MovementState::Refused { fault };
                    if let Some(original) = original {
                        refused(movement, original);
                    }
                }
            }
        }
        self.decide();
        books.done(self, originals)
    }

    /// What it means for the whole once every part is known.
    fn decide(&mut self) {
        let count = |wanted: &str| self.movements.iter().filter(|movement| movement.state.name() == wanted).count();
        let (asked, done) = (count("asked"), count("done"));
        if self.state != TransactionState::Processing || asked > 0 || count("reversing") > 0 {
            return;
        }
        (self.state, self.rollback) = match self.atomicity {
            _ if done == self.movements.len() => (TransactionState::Approved, Rollback::NotRequired),
            _ if done == 0 => (TransactionState::Rejected, self.rollback),
            Atomicity::KeepSuccesses => (TransactionState::PartlyApproved, Rollback::NotRequired),
            Atomicity::SkipRollback => (TransactionState::Rejected, Rollback::Required),
            Atomicity::AllOrNothing => (TransactionState::Processing, Rollback::Required),
        };
        if self.state == TransactionState::Processing {
            for movement in &mut self.movements {
                // What was followed up meanwhile is not there any more to be put back.
                let is_whole = movement.refunded.minor() == 0 && movement.hold.is_none_or(|hold| hold == Hold::Open);
                if let (true, MovementState::Done { reference }) = (is_whole, &movement.state) {
                    movement.state = MovementState::Reversing { reference: reference.clone() };
                }
            }
        }
    }

    /// Takes into the books that charged instruments were put back, each with the network's answer to that.
    pub fn put_back(mut self, outcomes: Vec<Outcome>, now: Timestamp) -> TransactionChange {
        let mut books = Books::new(&self, now);
        for outcome in outcomes {
            let Some(movement) = self.movements.iter_mut().find(|movement| movement.reference == outcome.movement) else { continue };
            let MovementState::Reversing { reference } = movement.state.clone() else { continue };
            if outcome.result.is_ok() {
                books.put_back(movement);
                movement.state = MovementState::Reversed { reference };
            } else {
                // It stays charged, and the merchant is told that it is.
                movement.state = MovementState::Done { reference };
                self.rollback = Rollback::Failed;
            }
        }
        let is_reversing = self.movements.iter().any(|movement| matches!(movement.state, MovementState::Reversing { .. }));
        if self.state == TransactionState::Processing && !is_reversing {
            self.state = TransactionState::Rejected;
            if self.rollback == Rollback::Required {
                self.rollback = Rollback::Successful;
            }
        }
        books.done(self, Vec::new())
    }

    /// Frees what nobody took in time of a pre-authorisation. Nothing if that is not so.
    pub fn expire(mut self, movement: Reference, now: Timestamp) -> Option<TransactionChange> {
        let mut books = Books::new(&self, now);
        let movement = self.movements.iter_mut().find(|found| found.reference == movement)?;
        if !movement.is_open() || movement.expires_at.is_none_or(|end| now < end) {
            return None;
        }
        movement.hold = Some(Hold::Expired);
        books.release(movement);
        Some(books.done(self, Vec::new()))
    }
}

/// A step that was given up, and yet happened, is reserved again on what it is about.
fn reserved_again(movement: &Movement, original: &mut Movement) {
    match movement.kind {
        MovementKind::Completion => original.hold = Some(Hold::Completing),
        MovementKind::Void => original.hold = Some(Hold::Voiding),
        MovementKind::Refund => original.refunded = original.refunded.plus(movement.amount).unwrap_or(original.refunded),
        MovementKind::Preauth | MovementKind::Purchase => {}
    }
}

/// A refused step leaves the movement it was about as it was before.
fn refused(movement: &Movement, original: &mut Movement) {
    match movement.kind {
        MovementKind::Completion | MovementKind::Void => original.hold = Some(Hold::Open),
        MovementKind::Refund => original.refunded = original.refunded.minus(movement.amount).unwrap_or(original.refunded),
        MovementKind::Preauth | MovementKind::Purchase => {}
    }
}

/// An account and its owner.
type Side = (Account, String);

/// The owner of an account that belongs to the merchant's seller.
const SELLER: Option<&str> = None;

/// The entry that a step makes, while it is being made.
struct Books {
    entry: Transfers,
    transfers: Vec<(Money, Side, Side)>,
    seller: String,
    fee_bps: u32,
    owed: i64,
    gift_cards: Vec<GiftCardMove>,
    plans: Vec<(Reference, OpenpayPlan)>,
}

impl Books {
    fn new(transaction: &Transaction, now: Timestamp) -> Self {
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
    fn happened(&mut self, movement: &mut Movement, original: Option<&mut Movement>, now: Timestamp) {
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
    fn put_back(&mut self, movement: &mut Movement) {
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
    fn release(&mut self, original: &Movement) {
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

    fn done(self, transaction: Transaction, originals: Vec<Movement>) -> TransactionChange {
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

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
