//! The underwriter: whether a company may buy on credit, and up to what limit.

use florin_domain::company::Company;
use florin_domain::credit::Verdict;
use florin_domain::{Money, OrderId, Timestamp};

use crate::{Call, Connector};

/// A company's application for credit, with all that a decision may rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The order applied for. It is the idempotency key: the same application is assessed once, however often it is sent.
    pub application: OrderId,
    /// The company, as the register knows it.
    pub company: Company,
    /// The director who applies.
    pub director: String,
    /// The yearly turnover the director states.
    pub turnover: Money,
    /// What the order would cost.
    pub amount: Money,
    /// When the application was first sent; a referred one is sent again with the same instant.
    pub submitted_at: Timestamp,
    /// The present.
    pub now: Timestamp,
}

/// Whoever decides about credit.
pub trait Underwriter: Connector {
    /// Decides an application. A verdict `Referred` names the instant after which to ask again.
    fn assess(&self, assessment: Assessment) -> Call<'_, Verdict>;
}
