//! The pages of a checkout, and which of them are open to a buyer who stands at a given step.
//!
//! Invariant: each step has one page of its own, which is always open; others are open only where the buyer may still change something.

use florin_domain::LinkToken;
use florin_service::checkout::Step;

/// A page of a checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Landing,
    Email,
    Code,
    Company,
    Decision,
    Term,
    Card,
    Agreement,
    Bank,
    BankReturn,
    BankProcessing,
    Done,
    Ended,
}

impl Place {
    /// The part of the address after the order's link.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Landing => "landing",
            Self::Email => "email",
            Self::Code => "code",
            Self::Company => "company",
            Self::Decision => "decision",
            Self::Term => "term",
            Self::Card => "card",
            Self::Agreement => "agreement",
            Self::Bank => "bank",
            Self::BankReturn => "bank/return",
            Self::BankProcessing => "bank/processing",
            Self::Done => "done",
            Self::Ended => "ended",
        }
    }

    /// The page's path for the order behind `link`.
    pub(crate) fn path(self, link: &LinkToken) -> String {
        format!("/pay/order/{}/{}/", link.expose(), self.name())
    }

    /// The page of `step`.
    pub(crate) const fn of(step: &Step) -> Self {
        match step {
            Step::Landing => Self::Landing,
            Step::Email => Self::Email,
            Step::Code => Self::Code,
            Step::Company => Self::Company,
            Step::Deciding => Self::Decision,
            Step::Term => Self::Term,
            Step::Card => Self::Card,
            Step::Agreement => Self::Agreement,
            // The bank's own page belongs to the bank; ours offers the way there, and another bank.
            Step::Bank | Step::AtBank { .. } => Self::Bank,
            Step::BankProcessing => Self::BankProcessing,
            Step::Done => Self::Done,
            Step::Ended(_) => Self::Ended,
        }
    }

    /// Whether a buyer at `step` may see this page.
    pub(crate) fn is_open(self, step: &Step) -> bool {
        let earlier: &[Self] = match step {
            Step::Landing | Step::Email | Step::Code => &[Self::Landing, Self::Email, Self::Bank],
            Step::Company | Step::Bank => &[Self::Landing, Self::Bank],
            Step::Card => &[Self::Term],
            Step::Agreement => &[Self::Term, Self::Card],
            Step::Deciding | Step::Term | Step::AtBank { .. } | Step::BankProcessing | Step::Done | Step::Ended(_) => &[],
        };
        self == Self::of(step) || earlier.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_domain::order::EndReason;

    #[test]
    fn a_paid_or_ended_order_has_one_page() {
        for step in [Step::Done, Step::Ended(EndReason::Declined)] {
            let open = [Place::Landing, Place::Email, Place::Term, Place::Card, Place::Agreement, Place::Bank];
            assert!(open.into_iter().all(|place| !place.is_open(&step)));
            assert!(Place::of(&step).is_open(&step));
        }
    }

    #[test]
    fn a_buyer_goes_back_only_to_what_can_still_be_changed() {
        assert!(Place::Term.is_open(&Step::Agreement) && Place::Card.is_open(&Step::Agreement));
        assert!(!Place::Email.is_open(&Step::Term) && !Place::Agreement.is_open(&Step::Card));
    }
}
