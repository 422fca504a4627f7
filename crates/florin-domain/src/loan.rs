//! Loans: what a buyer owes for a Pay Later order, and how it is paid back.
//!
//! Invariant: an instalment is paid once; every payment carries its ledger entry.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::company::CompanyNumber;
use crate::ledger::{Account, Entry, Transfers};
use crate::money::Money;
use crate::retry::collection_wait;
use crate::schedule::{Rate, Repayment, Spread, repayments};
use crate::time::Timestamp;
use crate::{CardId, LoanId, OrderId, SellerId};

/// Days from one repayment to the next, and from the funding to the first.
const PERIOD_DAYS: u32 = 30;

/// How long a buyer takes to pay back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// One repayment after 30 days.
    Days30,
    /// Three repayments.
    Months3,
    /// Twelve repayments.
    Months12,
}

impl Term {
    /// Every term, shortest first.
    pub const ALL: [Self; 3] = [Self::Days30, Self::Months3, Self::Months12];

    /// The name kept in the books and used in forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Days30 => "30_days",
            Self::Months3 => "3_months",
            Self::Months12 => "12_months",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Days30 => "30 days",
            Self::Months3 => "3 months",
            Self::Months12 => "12 months",
        }
    }

    /// Finds a term by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|term| term.name() == name)
    }

    /// How many repayments.
    pub const fn repayments(self) -> u32 {
        match self {
            Self::Days30 => 1,
            Self::Months3 => 3,
            Self::Months12 => 12,
        }
    }

    /// The representative rate per 30 days when the buyer pays.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Days30 | Self::Months3 => Rate::per_mille(25),
            Self::Months12 => Rate::per_mille(20),
        }
    }
}

/// What borrowing an amount over a term would cost: shown before the buyer chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The term.
    pub term: Term,
    /// The rate per 30 days.
    pub rate: Rate,
    /// What is borrowed.
    pub principal: Money,
    /// The repayments with their due dates.
    pub repayments: Vec<(Date, Repayment)>,
}

impl Offer {
    /// Works out the offer for funding on the day of `now`; nothing for an amount that cannot be lent.
    pub fn new(principal: Money, term: Term, rate: Rate, now: Timestamp) -> Option<Self> {
        let rows = repayments(principal, rate, term.repayments(), Spread::EqualRepayments)?;
        let start = now.london_date();
        let dated =
            (1..).map(|number| due_on(start, number)).zip(rows).map(|(due, row)| due.map(|due| (due, row))).collect::<Option<_>>()?;
        Some(Self { term, rate, principal, repayments: dated })
    }

    /// All that the buyer pays back.
    pub fn total(&self) -> Money {
        Money::new(self.repayments.iter().map(|(_, row)| row.total().minor()).sum(), self.principal.currency())
    }

    /// What the credit costs.
    pub fn interest(&self) -> Money {
        Money::new(self.repayments.iter().map(|(_, row)| row.interest.minor()).sum(), self.principal.currency())
    }
}

/// The due date of repayment `number` for a loan funded on `start`.
fn due_on(start: Date, number: u32) -> Option<Date> {
    start.checked_add((i64::from(number) * i64::from(PERIOD_DAYS)).days()).ok()
}

/// The date of example repayment `number` counted from `now`, for schedules without a loan.
pub fn example_due_on(now: Timestamp, number: u32) -> Option<Date> {
    due_on(now.london_date(), number)
}

/// A loan with its instalments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    /// Its id.
    pub id: LoanId,
    /// The order it paid.
    pub order: OrderId,
    /// The seller that was paid.
    pub seller: SellerId,
    /// The company that owes.
    pub company: CompanyNumber,
    /// What was borrowed.
    pub principal: Money,
    /// How long it runs.
    pub term: Term,
    /// The rate per 30 days.
    pub rate: Rate,
    /// When the money was lent.
    pub funded_at: Timestamp,
    /// The card that repayments are collected from.
    pub card: CardId,
    /// What is to be paid when.
    pub instalments: Vec<Instalment>,
}

/// One repayment of a loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instalment {
    /// Its number, from 1.
    pub number: u32,
    /// The civil date in London on which it is due.
    pub due_on: Date,
    /// The part that pays off the principal.
    pub principal: Money,
    /// The part that pays for the credit.
    pub interest: Money,
    /// How often the card was tried and said no.
    pub refusals: u32,
    /// Where it stands.
    pub state: InstalmentState,
}

/// Where an instalment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstalmentState {
    /// Not collected yet.
    Scheduled,
    /// The card said no on the due date or after.
    Late {
        /// When it first said no.
        since: Timestamp,
    },
    /// Collected. Final.
    Paid {
        /// When.
        at: Timestamp,
        /// The acquirer's reference.
        reference: String,
    },
}

impl InstalmentState {
    /// The name kept in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Late { .. } => "late",
            Self::Paid { .. } => "paid",
        }
    }
}

impl Instalment {
    /// What is to be collected.
    pub fn total(&self) -> Money {
        Money::new(self.principal.minor() + self.interest.minor(), self.principal.currency())
    }

    /// When collection is first tried.
    pub fn collected_from(&self) -> Timestamp {
        Timestamp::collection(self.due_on)
    }
}

/// A decided step of an instalment, not yet saved.
#[must_use = "a change does nothing until a store transaction saves it"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalmentChange {
    /// The loan.
    pub loan: LoanId,
    /// Whose debt moves.
    pub company: CompanyNumber,
    /// The instalment after the step.
    pub instalment: Instalment,
    /// The ledger entry; without legs when no money moved.
    pub entry: Entry,
    /// The part of the limit that is free again.
    pub restored: Money,
    /// When to try again, if ever.
    pub retry_at: Option<Timestamp>,
}

/// Why a step of an instalment was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoanError {
    /// The loan has no such instalment.
    #[error("there is no instalment {0}")]
    NoSuchInstalment(u32),
    /// It is paid already.
    #[error("instalment {0} is paid already")]
    AlreadyPaid(u32),
}

impl Loan {
    /// Lends what `offer` says: the loan behind `order`.
    pub fn fund(ids: LoanIds, company: CompanyNumber, offer: &Offer, now: Timestamp) -> Self {
        let instalments = (1..)
            .zip(&offer.repayments)
            .map(|(number, (due_on, row))| Instalment {
                number,
                due_on: *due_on,
                principal: row.principal,
                interest: row.interest,
                refusals: 0,
                state: InstalmentState::Scheduled,
            })
            .collect();
        Self {
            id: ids.loan,
            order: ids.order,
            seller: ids.seller,
            card: ids.card,
            company,
            principal: offer.principal,
            term: offer.term,
            rate: offer.rate,
            funded_at: now,
            instalments,
        }
    }

    /// Finds an instalment that is still to be paid.
    ///
    /// # Errors
    /// [`LoanError::NoSuchInstalment`] or [`LoanError::AlreadyPaid`].
    pub fn unpaid(&self, number: u32) -> Result<&Instalment, LoanError> {
        let found = self.instalments.iter().find(|instalment| instalment.number == number);
        let instalment = found.ok_or(LoanError::NoSuchInstalment(number))?;
        match instalment.state {
            InstalmentState::Paid { .. } => Err(LoanError::AlreadyPaid(number)),
            InstalmentState::Scheduled | InstalmentState::Late { .. } => Ok(instalment),
        }
    }

    /// The card paid instalment `number`: interest is earned and the debt falls.
    ///
    /// # Errors
    /// As [`Loan::unpaid`], so an instalment is never booked twice.
    pub fn collect(&self, number: u32, reference: String, now: Timestamp) -> Result<InstalmentChange, LoanError> {
        let instalment = self.unpaid(number)?;
        let (debtor, cleared) = ((Account::BuyerReceivable, self.company.as_str()), (Account::CardClearing, ""));
        let entry = Transfers::new("instalment_paid", &self.subject(number), now)
            .debit_credit(instalment.interest, debtor, (Account::InterestIncome, ""))
            .debit_credit(instalment.total(), cleared, debtor)
            .done();
        let paid = Instalment { state: InstalmentState::Paid { at: now, reference }, ..instalment.clone() };
        Ok(self.step(paid, entry, instalment.principal, None))
    }

    /// The card refused instalment `number`: it is late from now on, and tried again a few times.
    ///
    /// # Errors
    /// As [`Loan::unpaid`].
    pub fn miss(&self, number: u32, now: Timestamp) -> Result<InstalmentChange, LoanError> {
        let instalment = self.unpaid(number)?;
        let refusals = instalment.refusals + 1;
        let since = match instalment.state {
            InstalmentState::Late { since } => since,
            InstalmentState::Scheduled | InstalmentState::Paid { .. } => now,
        };
        let entry = Transfers::new("instalment_missed", &self.subject(number), now).done();
        let late = Instalment { refusals, state: InstalmentState::Late { since }, ..instalment.clone() };
        let retry_at = collection_wait(refusals).map(|wait| now.plus(wait));
        Ok(self.step(late, entry, Money::zero(self.principal.currency()), retry_at))
    }

    fn subject(&self, number: u32) -> String {
        format!("{}/{number}", self.id)
    }

    fn step(&self, instalment: Instalment, entry: Entry, restored: Money, retry_at: Option<Timestamp>) -> InstalmentChange {
        InstalmentChange { loan: self.id, company: self.company.clone(), instalment, entry, restored, retry_at }
    }
}

/// The ids that a new loan ties together.
#[derive(Debug, Clone, Copy)]
pub struct LoanIds {
    /// The loan, fresh.
    pub loan: LoanId,
    /// The order it pays.
    pub order: OrderId,
    /// The seller that is paid.
    pub seller: SellerId,
    /// The card that repays it.
    pub card: CardId,
}
