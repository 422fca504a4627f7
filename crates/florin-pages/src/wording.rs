//! How dates, rates and repayments are put for people.
//!
//! Invariant: figures are those of the offer, exact to the penny; nothing is computed here but their form.

use florin_domain::Timestamp;
use florin_domain::loan::{Offer, Term};
use florin_domain::seller::Pricing;

/// An offer as pages show it.
pub(crate) struct OfferView {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// `3 × £350.14`.
    pub(crate) plan: String,
    /// `2 repayments of £350.14, then 1 of £350.13`.
    pub(crate) plan_in_full: String,
    pub(crate) total: String,
    pub(crate) interest: String,
    /// `£50.41 interest`, or that there is none.
    pub(crate) cost: String,
    pub(crate) apr: String,
    pub(crate) first_due: String,
    pub(crate) rows: Vec<RepaymentView>,
    pub(crate) chosen: bool,
}

/// One repayment as pages show it.
pub(crate) struct RepaymentView {
    pub(crate) due: String,
    pub(crate) total: String,
    pub(crate) interest: String,
}

impl OfferView {
    /// Puts `offer` into words; `chosen` is the term that the buyer chose before, if any.
    pub(crate) fn new(offer: &Offer, chosen: Option<Term>) -> Self {
        let rows: Vec<RepaymentView> = offer
            .repayments
            .iter()
            .map(|(due, row)| RepaymentView { due: short_date(*due), total: row.total().to_string(), interest: row.interest.to_string() })
            .collect();
        let interest = offer.interest();
        Self {
            name: offer.term.name(),
            label: offer.term.label(),
            plan: rows.first().map_or(String::new(), |first| format!("{} × {}", rows.len(), first.total)),
            plan_in_full: plan_in_full(&rows),
            total: offer.total().to_string(),
            interest: interest.to_string(),
            cost: if interest.is_positive() { format!("{interest} interest") } else { "interest-free".to_owned() },
            apr: percent(offer.rate.apr_bps()),
            first_due: offer.repayments.first().map_or(String::new(), |(due, _)| date(*due)),
            rows,
            chosen: chosen == Some(offer.term),
        }
    }
}

fn plan_in_full(rows: &[RepaymentView]) -> String {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return String::new() };
    match rows.len() {
        1 => format!("1 repayment of {}", first.total),
        count if first.total == last.total => format!("{count} repayments of {}", first.total),
        count => format!("{} repayments of {}, then 1 of {}", count - 1, first.total, last.total),
    }
}

/// What stands below a table of offers: who pays, when, and what is not charged.
pub(crate) fn terms_note(offers: &[OfferView], pricing: Pricing, seller: &str) -> String {
    let representative = offers.iter().find(|offer| offer.name == Term::Months3.name()).map_or("", |offer| offer.apr.as_str());
    let price = match pricing {
        Pricing::BuyerPays => format!("Representative {representative} APR."),
        Pricing::SellerPays { .. } => format!("Interest-free, 0.00% APR: {seller} pays for the credit."),
    };
    format!(
        "{price} The first repayment is due 30 days after you sign; the last can differ by a few pence. No fees, not for early repayment either."
    )
}

/// `35.04%` from hundredths of a percent.
pub(crate) fn percent(bps: u32) -> String {
    format!("{}.{:02}%", bps / 100, bps % 100)
}

/// `21 December 2026`.
pub(crate) fn date(date: jiff::civil::Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `21 Dec 2026`, for tables.
fn short_date(date: jiff::civil::Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

/// `21 November 2026, 10:15:03 UTC`.
pub(crate) fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from(at).strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}

/// A card by what may be shown of it: `Visa ending 4242`. `scheme` is the word that the books keep.
pub(crate) fn card(scheme: &str, last4: &str) -> String {
    let name = match scheme.to_ascii_lowercase().as_str() {
        "visa" => "Visa",
        "mastercard" => "Mastercard",
        "amex" => "American Express",
        "jcb" => "JCB",
        "diners" => "Diners Club",
        _ => "Card",
    };
    format!("{name} ending {last4}")
}

/// An address that its owner recognises and a stranger does not learn: `p…@company.co.uk`.
pub(crate) fn veiled(email: &str) -> String {
    let (name, domain) = email.split_once('@').unwrap_or((email, ""));
    format!("{}…@{domain}", name.chars().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_domain::Money;

    fn view(term: Term) -> OfferView {
        let now = Timestamp::from_micros(1_795_255_800_000_000);
        OfferView::new(&Offer::new(Money::pounds(1000), term, term.rate(), now).unwrap(), Some(Term::Months3))
    }

    #[test]
    fn an_offer_says_what_it_costs_to_the_penny() {
        let offer = view(Term::Months3);
        assert_eq!((offer.plan.as_str(), offer.total.as_str(), offer.apr.as_str()), ("3 × £350.14", "£1,050.41", "35.04%"));
        assert_eq!(offer.plan_in_full, "2 repayments of £350.14, then 1 of £350.13");
        assert_eq!((offer.cost.as_str(), offer.chosen), ("£50.41 interest", true));
        assert_eq!(view(Term::Days30).plan_in_full, "1 repayment of £1,025.00");
    }

    #[test]
    fn an_address_is_shown_without_its_name() {
        assert_eq!(veiled("pat@company.co.uk"), "p…@company.co.uk");
    }
}
