//! Orders: what one buyer is to pay one seller, from creation to payment or end.
//!
//! Pure rules: callers pass `now` in and save the [`Change`] that comes out.
//! Invariants: the amount never changes; a final state is never left; every change carries its event and its ledger entry.

use crate::company::CompanyNumber;
use crate::event::Event;
use crate::ledger::{Account, Entry, Transfers};
use crate::loan::Loan;
use crate::money::Money;
use crate::seller::Seller;
use crate::time::{Timestamp, days};
use crate::{BankPaymentId, LinkToken, LoanId, OrderId, SellerId, TokenId};

/// How long an order waits for its buyer, in days. Long enough for a shop that keeps an order pending for 72 hours.
pub const ORDER_LIFE_DAYS: u64 = 14;

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayMethod {
    /// From the buyer's bank, at once.
    Now,
    /// On credit.
    Later,
}

/// The ways to pay that a seller allows for an order: at least one, none twice, in the seller's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayMethods(Vec<PayMethod>);

impl PayMethods {
    /// Both ways, bank payment first.
    pub fn both() -> Self {
        Self(vec![PayMethod::Now, PayMethod::Later])
    }

    /// The given ways, each once; nothing if there is none.
    pub fn new(methods: &[PayMethod]) -> Option<Self> {
        let mut kept = Vec::with_capacity(2);
        for method in methods {
            if !kept.contains(method) {
                kept.push(*method);
            }
        }
        if kept.is_empty() { None } else { Some(Self(kept)) }
    }

    /// The ways in the seller's order.
    pub fn as_slice(&self) -> &[PayMethod] {
        &self.0
    }

    /// Whether `method` is among them.
    pub fn allow(&self, method: PayMethod) -> bool {
        self.0.contains(&method)
    }
}

/// Where an order stands; each state holds only the facts that exist in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// Nobody has begun to pay.
    Created,
    /// The buyer has begun: signed up for credit, or started a bank payment.
    Pending {
        /// When the buyer began.
        since: Timestamp,
    },
    /// Credit is granted and kept free for this order.
    Approved {
        /// When it was granted.
        since: Timestamp,
        /// To whom.
        company: CompanyNumber,
    },
    /// Paid. Final.
    Successful {
        /// When.
        at: Timestamp,
        /// By what.
        settlement: Settlement,
    },
    /// Will never be paid. Final.
    Unsuccessful {
        /// When it ended.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
}

/// What paid an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// A loan to the buyer.
    Credit(LoanId),
    /// The buyer's bank.
    Bank(BankPaymentId),
}

/// Why an order ended without payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The seller cancelled it.
    Cancelled,
    /// Credit was not granted.
    Declined,
    /// The bank payment was refused, by the buyer or by the bank.
    Refused,
    /// The buyer did not come in time.
    Expired,
}

/// An order's state without its facts, as it is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// See [`OrderState::Created`].
    Created,
    /// See [`OrderState::Pending`].
    Pending,
    /// See [`OrderState::Approved`].
    Approved,
    /// See [`OrderState::Successful`].
    Successful,
    /// See [`OrderState::Unsuccessful`].
    Unsuccessful,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Created, Self::Pending, Self::Approved, Self::Successful, Self::Unsuccessful];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Successful => "successful",
            Self::Unsuccessful => "unsuccessful",
        }
    }

    /// Whether nothing follows it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Successful | Self::Unsuccessful)
    }
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Cancelled, Self::Declined, Self::Refused, Self::Expired];

    /// The name kept in the books.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

impl OrderState {
    /// The state without its facts.
    pub const fn status(&self) -> Status {
        match self {
            Self::Created => Status::Created,
            Self::Pending { .. } => Status::Pending,
            Self::Approved { .. } => Status::Approved,
            Self::Successful { .. } => Status::Successful,
            Self::Unsuccessful { .. } => Status::Unsuccessful,
        }
    }
}

/// What a seller asks for when it creates an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order's id, fresh.
    pub id: OrderId,
    /// The secret part of the checkout address, fresh.
    pub link: LinkToken,
    /// The id that sellers book the payment under.
    pub pay_link_id: OrderId,
    /// The seller.
    pub seller: SellerId,
    /// The credential that asked; webhooks are signed with it.
    pub token: TokenId,
    /// What the buyer is to pay; more than nothing.
    pub amount: Money,
    /// The seller's own name for the order; may repeat.
    pub reference: String,
    /// The ways to pay.
    pub methods: PayMethods,
    /// The software that asked, if it said.
    pub source: Option<String>,
    /// Where the buyer goes afterwards, without the order's id.
    pub redirect_url: Option<String>,
    /// Where the seller wants to hear of changes.
    pub webhook_url: Option<String>,
    /// The seller's own data, as JSON text, kept and not read.
    pub meta_data: Option<String>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What was asked for.
    pub terms: NewOrder,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: OrderState,
    /// How many changes it has seen; its creation is the first.
    pub version: i64,
}

/// A decided step, not yet saved: the order after it, the event to announce, the ledger entry.
#[must_use = "a change does nothing until a store transaction saves it"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    order: Order,
    event: Event,
    entry: Entry,
    credit: Option<CreditMove>,
}

/// The parts of a change, for the transaction that saves it.
#[derive(Debug)]
pub struct ChangeParts {
    /// The order after the change.
    pub order: Order,
    /// What to announce.
    pub event: Event,
    /// What to book.
    pub entry: Entry,
    /// What happens to a company's limit.
    pub credit: Option<CreditMove>,
}

/// What a change of an order does to a company's spending limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditMove {
    /// The company.
    pub company: CompanyNumber,
    /// The order's amount.
    pub amount: Money,
    /// What happens to it.
    pub kind: CreditMoveKind,
}

/// What happens to an amount of a spending limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditMoveKind {
    /// Kept free for an approved order.
    Hold,
    /// No longer kept free.
    Release,
    /// Lent: no longer kept free, but owed.
    Draw,
}

impl Change {
    /// The order after the change.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Takes the change apart to save it.
    pub fn into_parts(self) -> ChangeParts {
        ChangeParts { order: self.order, event: self.event, entry: self.entry, credit: self.credit }
    }
}

/// Why a step was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The step is not for an order in this state.
    #[error("an order that is {} cannot {verb}", state.name())]
    NotAllowed {
        /// What was asked.
        verb: &'static str,
        /// Where the order stands.
        state: Status,
    },
    /// An order for nothing, or for less.
    #[error("must be more than 0")]
    AmountNotPositive,
}

impl Order {
    /// The order's id.
    pub fn id(&self) -> OrderId {
        self.terms.id
    }

    /// The order's status.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// When the order ends by itself if nobody pays.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.plus(days(ORDER_LIFE_DAYS))
    }

    /// Opens an order.
    ///
    /// # Errors
    /// [`OrderError::AmountNotPositive`] unless the amount is more than nothing.
    pub fn create(terms: NewOrder, now: Timestamp) -> Result<Change, OrderError> {
        if !terms.amount.is_positive() {
            return Err(OrderError::AmountNotPositive);
        }
        let seller = terms.seller.to_string();
        let entry = Transfers::new("order_opened", &terms.id, now)
            .debit_credit(terms.amount, (Account::OrdersOpen, &seller), (Account::OrdersOpenContra, &seller))
            .done();
        let order = Self { terms, created_at: now, state: OrderState::Created, version: 0 };
        Ok(order.becomes(OrderState::Created, entry))
    }

    /// The buyer begins to pay. An order already pending needs no change: nothing comes out.
    ///
    /// # Errors
    /// [`OrderError::NotAllowed`] unless the order is created or pending.
    pub fn begin(self, now: Timestamp) -> Result<Option<Change>, OrderError> {
        match self.state {
            OrderState::Created => {
                let entry = Transfers::new("order_begun", &self.id(), now).done();
                Ok(Some(self.becomes(OrderState::Pending { since: now }, entry)))
            }
            OrderState::Pending { .. } => Ok(None),
            OrderState::Approved { .. } | OrderState::Successful { .. } | OrderState::Unsuccessful { .. } => Err(self.refuses("begin")),
        }
    }

    /// Credit for the whole amount is granted to `company` and kept free.
    ///
    /// # Errors
    /// [`OrderError::NotAllowed`] unless the order is pending.
    pub fn approve(self, company: CompanyNumber, now: Timestamp) -> Result<Change, OrderError> {
        let OrderState::Pending { .. } = self.state else {
            return Err(self.refuses("be approved"));
        };
        let held = (Account::CreditHeld, company.as_str());
        let entry = Transfers::new("order_approved", &self.id(), now)
            .debit_credit(self.terms.amount, held, (Account::CreditHeldContra, company.as_str()))
            .done();
        Ok(self.becomes(OrderState::Approved { since: now, company }, entry))
    }

    /// The buyer has agreed: the loan pays the order and the seller is owed the whole amount.
    ///
    /// # Errors
    /// [`OrderError::NotAllowed`] unless credit is approved for the loan's company.
    pub fn pay_with_credit(self, loan: &Loan, seller: &Seller, now: Timestamp) -> Result<Change, OrderError> {
        match &self.state {
            OrderState::Approved { company, .. } if *company == loan.company => {}
            _ => return Err(self.refuses("be paid with credit")),
        }
        let (amount, owner) = (self.terms.amount, self.terms.seller.to_string());
        let entry = self
            .closing("order_paid_later", now)
            .debit_credit(amount, (Account::BuyerReceivable, loan.company.as_str()), (Account::MerchantPayable, &owner))
            .debit_credit(seller.fee(amount), (Account::FeesReceivable, &owner), (Account::MerchantFees, ""))
            .done();
        Ok(self.becomes(OrderState::Successful { at: now, settlement: Settlement::Credit(loan.id) }, entry))
    }

    /// The buyer's bank has paid: the seller is owed the whole amount.
    ///
    /// # Errors
    /// [`OrderError::NotAllowed`] unless the order is pending.
    pub fn pay_with_bank(self, payment: BankPaymentId, now: Timestamp) -> Result<Change, OrderError> {
        let OrderState::Pending { .. } = self.state else {
            return Err(self.refuses("be paid by bank"));
        };
        let (amount, owner) = (self.terms.amount, self.terms.seller.to_string());
        let entry = self
            .closing("order_paid_now", now)
            .debit_credit(amount, (Account::BankClearing, ""), (Account::MerchantPayable, &owner))
            .done();
        Ok(self.becomes(OrderState::Successful { at: now, settlement: Settlement::Bank(payment) }, entry))
    }

    /// Ends the order without payment; what was held for it is free again.
    ///
    /// # Errors
    /// [`OrderError::NotAllowed`] if the order is final already, so ending twice is refused.
    pub fn end(self, reason: EndReason, now: Timestamp) -> Result<Change, OrderError> {
        if self.status().is_final() {
            return Err(self.refuses("be ended"));
        }
        let entry = self.closing("order_ended", now).done();
        Ok(self.becomes(OrderState::Unsuccessful { at: now, reason }, entry))
    }

    /// Takes back the memorandum legs that the order's open state put into the books.
    fn closing(&self, kind: &'static str, now: Timestamp) -> Transfers {
        let (amount, owner) = (self.terms.amount, self.terms.seller.to_string());
        let transfers =
            Transfers::new(kind, &self.id(), now).debit_credit(amount, (Account::OrdersOpenContra, &owner), (Account::OrdersOpen, &owner));
        match &self.state {
            OrderState::Approved { company, .. } => {
                let held = (Account::CreditHeld, company.as_str());
                transfers.debit_credit(amount, (Account::CreditHeldContra, company.as_str()), held)
            }
            OrderState::Created | OrderState::Pending { .. } | OrderState::Successful { .. } | OrderState::Unsuccessful { .. } => transfers,
        }
    }

    fn becomes(self, state: OrderState, entry: Entry) -> Change {
        let credit = self.credit_move(&state);
        let order = Self { state, version: self.version + 1, ..self };
        let event = Event {
            order: order.id(),
            seller: order.terms.seller,
            number: order.version,
            status: order.status(),
            amount: order.terms.amount,
            reference: order.terms.reference.clone(),
            at: entry.at(),
            webhook_url: order.terms.webhook_url.clone(),
        };
        Change { order, event, entry, credit }
    }

    /// What going from this state to `next` does to the limit of the company that credit is approved for.
    fn credit_move(&self, next: &OrderState) -> Option<CreditMove> {
        let (company, kind) = match (&self.state, next) {
            (OrderState::Pending { .. }, OrderState::Approved { company, .. }) => (company, CreditMoveKind::Hold),
            (OrderState::Approved { company, .. }, OrderState::Successful { .. }) => (company, CreditMoveKind::Draw),
            (OrderState::Approved { company, .. }, OrderState::Unsuccessful { .. }) => (company, CreditMoveKind::Release),
            _ => return None,
        };
        Some(CreditMove { company: company.clone(), amount: self.terms.amount, kind })
    }

    fn refuses(&self, verb: &'static str) -> OrderError {
        OrderError::NotAllowed { verb, state: self.status() }
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
