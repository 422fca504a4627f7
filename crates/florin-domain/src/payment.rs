//! Transactions: what a shopper or a merchant asked to be moved, on one or several instruments, and what came of it.
//!
//! Pure rules. A transaction is written before anything is asked of the outside world, and concluded with what the world
//! said. Invariant: every step that moves or holds money makes the ledger entry of it; only the steps here make one.

mod books;

use self::books::Books;
use crate::fault::Fault;
use crate::ledger::Entry;
use crate::merchant::MerchantId;
use crate::money::Money;
use crate::movement::{Hold, Movement, MovementKind, MovementState, Reference, Service};
use crate::openpay::OpenpayPlan;
use crate::time::Timestamp;
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

    /// Whether what it has charged is being put back, so that it can only be rejected in the end.
    pub fn is_turning_back(&self) -> bool {
        self.is_open() && self.rollback == Rollback::Required
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
        if self.state != TransactionState::Processing || asked > 0 {
            return;
        }
        if count("reversing") + count("reversed") > 0 {
            // What turns up while others are put back, or after that, has missed the payment, and goes the same way.
            return self.turn_back();
        }
        (self.state, self.rollback) = match self.atomicity {
            _ if done == self.movements.len() => (TransactionState::Approved, Rollback::NotRequired),
            _ if done == 0 => (TransactionState::Rejected, self.rollback),
            Atomicity::KeepSuccesses => (TransactionState::PartlyApproved, Rollback::NotRequired),
            Atomicity::SkipRollback => (TransactionState::Rejected, Rollback::Required),
            Atomicity::AllOrNothing => return self.turn_back(),
        };
    }

    /// Begins to put back whatever is charged.
    fn turn_back(&mut self) {
        (self.state, self.rollback) = (TransactionState::Processing, Rollback::Required);
        for movement in &mut self.movements {
            // What was followed up meanwhile is not there any more to be put back.
            let is_whole = movement.refunded.minor() == 0 && movement.hold.is_none_or(|hold| hold == Hold::Open);
            if let (true, MovementState::Done { reference }) = (is_whole, &movement.state) {
                movement.state = MovementState::Reversing { reference: reference.clone() };
            }
        }
        self.end_rollback();
    }

    /// Ends the putting back once nothing is left to be put back: it was successful only if nothing stays charged.
    fn end_rollback(&mut self) {
        let has = |wanted: &str| self.movements.iter().any(|movement| movement.state.name() == wanted);
        if self.is_turning_back() && !has("reversing") {
            self.state = TransactionState::Rejected;
            self.rollback = if has("done") { Rollback::Failed } else { Rollback::Successful };
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
            }
        }
        self.end_rollback();
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

impl TransactionChange {
    /// The same step of a payment for which there is no room any more: whatever it has charged is put back.
    pub fn turned_back(mut self) -> Self {
        self.transaction.turn_back();
        self
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

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
