//! Repayment arithmetic: how a principal is paid back over 30-day periods.
//!
//! Invariant: the principal parts of a schedule add up to the principal, to the minor unit; each row is rounded
//! half up and the last row takes the remainder. Source: `docs/wire/iwocapay.md`, "Repayment arithmetic".

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};

use crate::money::Money;

/// Interest per 30 days as a fraction: 0.025 is 2.5 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(Decimal);

/// The most repayments a schedule may have.
pub const REPAYMENTS_MAX: u32 = 60;

impl Rate {
    /// Interest-free.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// A rate in thousandths: `per_mille(25)` is 2.5 %.
    pub const fn per_mille(thousandths: u16) -> Self {
        Self(Decimal::from_parts(thousandths as u32, 0, 0, false, 3))
    }

    /// Reads a fraction between 0 and 1, such as `0.025`.
    ///
    /// Returns nothing for anything else, including more than 24 decimals.
    pub fn from_decimal(text: &str) -> Option<Self> {
        let clean = text.len() <= 26 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let rate = text.parse::<Decimal>().ok().filter(|rate| clean && *rate >= Decimal::ZERO && *rate <= Decimal::ONE)?;
        Some(Self(rate))
    }

    /// The fraction, as written on the wire: `0.025`, `0.0`.
    pub fn to_decimal(self) -> String {
        if self.0.is_zero() { "0.0".to_owned() } else { self.0.normalize().to_string() }
    }

    /// The yearly rate with compounding, in hundredths of a percent: 3504 is 35.04 %.
    pub fn apr_bps(self) -> u32 {
        let periods = Decimal::from(365) / Decimal::from(30);
        let growth = (Decimal::ONE + self.0).checked_powd(periods).unwrap_or(Decimal::ONE);
        rounded((growth - Decimal::ONE) * Decimal::from(10_000)).and_then(|bps| u32::try_from(bps).ok()).unwrap_or(u32::MAX)
    }
}

/// One repayment: what it pays off, what it costs, and what is left to pay off after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repayment {
    /// The part that pays off the principal.
    pub principal: Money,
    /// The part that pays for the credit.
    pub interest: Money,
    /// The principal still owed after this repayment.
    pub remaining: Money,
}

impl Repayment {
    /// What the buyer pays: principal and interest.
    pub fn total(&self) -> Money {
        Money::new(self.principal.minor() + self.interest.minor(), self.principal.currency())
    }
}

/// How a schedule spreads the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Every repayment is the same: an annuity.
    EqualRepayments,
    /// Every repayment pays off the same principal, so interest and total fall.
    EqualPrincipal,
}

/// The repayments of `principal` in `count` periods of 30 days at `rate`.
///
/// Returns nothing unless the principal is positive and `count` is 1 to [`REPAYMENTS_MAX`].
pub fn repayments(principal: Money, rate: Rate, count: u32, spread: Spread) -> Option<Vec<Repayment>> {
    if !principal.is_positive() || count == 0 || count > REPAYMENTS_MAX {
        return None;
    }
    let level = level_minor(principal.minor(), rate, count, spread)?;
    let money = |minor| Money::new(minor, principal.currency());
    let mut remaining = principal.minor();
    let mut rows = Vec::with_capacity(count as usize);
    for number in 1..=count {
        let interest = rounded(Decimal::from(remaining) * rate.0)?;
        let share = match spread {
            Spread::EqualRepayments => level - interest,
            Spread::EqualPrincipal => level,
        };
        let paid_off = if number == count { remaining } else { share.clamp(0, remaining) };
        remaining -= paid_off;
        rows.push(Repayment { principal: money(paid_off), interest: money(interest), remaining: money(remaining) });
    }
    Some(rows)
}

/// The part that stays level: the whole repayment of an annuity, P·r / (1 − (1+r)^−n), or the principal part, P/n.
fn level_minor(principal_minor: i64, rate: Rate, count: u32, spread: Spread) -> Option<i64> {
    let principal = Decimal::from(principal_minor);
    if spread == Spread::EqualPrincipal || rate.0.is_zero() {
        return rounded(principal / Decimal::from(count));
    }
    let growth = (Decimal::ONE + rate.0).checked_powi(i64::from(count))?;
    let factor = rate.0.checked_mul(growth)?.checked_div(growth - Decimal::ONE)?;
    rounded(principal.checked_mul(factor)?)
}

fn rounded(exact: Decimal) -> Option<i64> {
    exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn totals(pence: i64, rate: &str, count: u32, spread: Spread) -> Vec<i64> {
        let rate = Rate::from_decimal(rate).unwrap();
        repayments(Money::pence(pence), rate, count, spread).unwrap().iter().map(|row| row.total().minor()).collect()
    }

    #[test]
    fn first_repayments_are_those_of_the_published_calculator() {
        let table = [
            (100_000, "0.025", 3, 35_014),
            (100_000, "0.025", 1, 102_500),
            (100_000, "0.02", 12, 9_456),
            (1_200_000, "0.02", 12, 113_472),
            (15_000, "0.025", 3, 5_252),
            (19_999, "0.025", 3, 7_002),
            (3_000_000, "0.02", 12, 283_679),
            (500, "0.025", 3, 175),
            (100_000, "0", 3, 33_333),
            (1_000_000, "0.0333", 12, 102_451),
        ];
        for (pence, rate, count, first) in table {
            assert_eq!(totals(pence, rate, count, Spread::EqualRepayments)[0], first, "{pence} at {rate} over {count}");
        }
    }

    #[test]
    fn whole_schedules_are_exact_to_the_penny() {
        assert_eq!(totals(100_000, "0.025", 3, Spread::EqualRepayments), [35_014, 35_014, 35_013]);
        assert_eq!(totals(100_000, "0.025", 3, Spread::EqualPrincipal), [35_833, 35_000, 34_167]);
        let year = totals(100_000, "0.02", 12, Spread::EqualRepayments);
        assert_eq!((year[..11].iter().all(|total| *total == 9_456), year[11]), (true, 9_454));
        let interest: Vec<i64> = repayments(Money::pence(100_000), Rate::per_mille(25), 3, Spread::EqualRepayments)
            .unwrap()
            .iter()
            .map(|row| row.interest.minor())
            .collect();
        assert_eq!(interest, [2_500, 1_687, 854]);
    }

    #[test]
    fn yearly_rates_compound() {
        assert_eq!(Rate::per_mille(25).apr_bps(), 3_504);
        assert_eq!(Rate::per_mille(20).apr_bps(), 2_724);
        assert_eq!(Rate::ZERO.apr_bps(), 0);
    }

    #[test]
    fn rates_are_written_as_they_are_read() {
        assert_eq!(Rate::per_mille(25).to_decimal(), "0.025");
        assert_eq!(Rate::ZERO.to_decimal(), "0.0");
        for bad in ["-0.1", "1.1", "NaN", "", "1e-2", "0.0000000000000000000000001"] {
            assert_eq!(Rate::from_decimal(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_schedule_pays_off_its_principal_exactly(pence in 1..3_000_000_i64, mille in 0..1_000_u16, count in 1..=REPAYMENTS_MAX, equal: bool) {
            let spread = if equal { Spread::EqualRepayments } else { Spread::EqualPrincipal };
            let rows = repayments(Money::pence(pence), Rate::per_mille(mille), count, spread).unwrap();
            prop_assert_eq!(rows.iter().map(|row| row.principal.minor()).sum::<i64>(), pence);
            prop_assert!(rows.iter().all(|row| row.principal.minor() >= 0 && row.interest.minor() >= 0));
            prop_assert_eq!(rows.last().unwrap().remaining.minor(), 0);
        }
    }
}
