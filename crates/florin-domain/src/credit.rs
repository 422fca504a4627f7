//! Credit: what an underwriter decided, and how much of its limit a company has left.

use crate::company::CompanyNumber;
use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// The smallest amount that can be paid later.
pub const PAY_LATER_MIN: Money = Money::pounds(150);
/// The largest amount that can be paid later.
pub const PAY_LATER_MAX: Money = Money::pounds(30_000);
/// The largest amount that a bank payment may carry.
pub const PAY_NOW_MAX: Money = Money::pounds(30_000);

/// Whether an order of `amount` may be paid later.
pub fn is_pay_later_amount(amount: Money) -> bool {
    amount.currency() == Currency::Gbp && (PAY_LATER_MIN.minor()..=PAY_LATER_MAX.minor()).contains(&amount.minor())
}

/// Whether an order of `amount` may be paid by bank.
pub fn is_pay_now_amount(amount: Money) -> bool {
    amount.currency() == Currency::Gbp && (1..=PAY_NOW_MAX.minor()).contains(&amount.minor())
}

/// An underwriter's answer, with what is needed to explain it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Yes, no, or not yet.
    pub outcome: Outcome,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// Which rules said so.
    pub rule_version: String,
}

/// Yes, no, or not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The company may owe up to `limit` in all.
    Approved {
        /// The most the company may owe.
        limit: Money,
    },
    /// No credit.
    Declined,
    /// Somebody has to look at it.
    Referred {
        /// When to ask again.
        ask_again_at: Timestamp,
    },
}

impl Outcome {
    /// The name kept in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Approved { .. } => "approved",
            Self::Declined => "declined",
            Self::Referred { .. } => "referred",
        }
    }
}

/// A company's spending limit and how much of it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditLine {
    /// The company.
    pub company: CompanyNumber,
    /// The most it may owe.
    pub limit: Money,
    /// Kept free for approved orders.
    pub held: Money,
    /// Owed on running loans, principal only.
    pub drawn: Money,
}

impl CreditLine {
    /// What the company may still spend.
    pub fn available(&self) -> Money {
        Money::new(self.limit.minor() - self.held.minor() - self.drawn.minor(), self.limit.currency())
    }
}
