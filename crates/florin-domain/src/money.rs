//! Money: an exact count of minor units in one currency.
//!
//! Invariant: no amount ever passes through a float. Decimals are read from their digits and written to them.

use std::fmt;

/// The currencies Florin keeps books in; both have two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Currency {
    /// Pound sterling, in pence.
    Gbp,
    /// Australian dollar, in cents.
    Aud,
}

impl Currency {
    /// The ISO 4217 code, upper case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Gbp => "GBP",
            Self::Aud => "AUD",
        }
    }

    /// Finds a currency by its ISO 4217 code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "GBP" => Some(Self::Gbp),
            "AUD" => Some(Self::Aud),
            _ => None,
        }
    }

    /// The sign people read: `£` or `$`.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Gbp => "£",
            Self::Aud => "$",
        }
    }
}

/// An amount in minor units: `Money::pounds(12)` holds 1200 pence. May be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a decimal number.
    #[error("is not a decimal number")]
    NotANumber,
    /// More decimals than the currency has.
    #[error("has more than two decimals")]
    TooPrecise,
    /// Beyond what the books can hold.
    #[error("is too large")]
    TooLarge,
    /// Two currencies met in one sum.
    #[error("mixes two currencies")]
    MixedCurrencies,
}

/// The largest amount read from outside: one thousand million in major units.
const MAX_MINOR: i64 = 100_000_000_000;
/// The longest decimal worth reading; longer ones only cost time.
const MAX_DIGITS: usize = 64;

impl Money {
    /// An amount of `minor` units: `Money::new(1250, Gbp)` is £12.50.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// An amount in pence: `Money::pence(1250)` is £12.50.
    pub const fn pence(minor: i64) -> Self {
        Self::new(minor, Currency::Gbp)
    }

    /// A whole number of pounds.
    pub const fn pounds(major: i64) -> Self {
        Self::pence(major * 100)
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The count of minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether this is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::MixedCurrencies`], or [`MoneyError::TooLarge`] on overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference; may be negative.
    ///
    /// # Errors
    /// [`MoneyError::MixedCurrencies`], or [`MoneyError::TooLarge`] on overflow.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, op: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies);
        }
        let minor = op(self.minor, other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self::new(minor, self.currency))
    }

    /// The same amount with its sign turned.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self::new(-self.minor, self.currency)
    }

    /// Reads a decimal in major units from its digits: `4200`, `119.99`, `1.5e2`. Exact.
    ///
    /// # Errors
    /// [`MoneyError::NotANumber`], [`MoneyError::TooPrecise`] for a third decimal that is not zero, [`MoneyError::TooLarge`].
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = split_exponent(unsigned)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let well_formed = !whole.is_empty()
            && (mantissa.len() == whole.len() || !fraction.is_empty())
            && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !well_formed {
            return Err(MoneyError::NotANumber);
        }
        if mantissa.len() > MAX_DIGITS {
            return Err(MoneyError::TooPrecise);
        }
        let digits = format!("{whole}{fraction}");
        let fraction_len = i64::try_from(fraction.len()).map_err(|_| MoneyError::TooPrecise)?;
        let shift = exponent.saturating_sub(fraction_len).saturating_add(2);
        let minor = shifted(&digits, shift)?;
        Ok(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// Writes the amount in major units with at least one decimal and no needless zero: `4200.0`, `119.99`.
    ///
    /// Source of the form: `docs/wire/iwocapay.md`, "Amounts".
    pub fn to_decimal(self) -> String {
        let (sign, major, minor) = self.parts();
        if minor % 10 == 0 { format!("{sign}{major}.{}", minor / 10) } else { format!("{sign}{major}.{minor:02}") }
    }

    fn parts(self) -> (&'static str, u64, u64) {
        let size = self.minor.unsigned_abs();
        (if self.minor < 0 { "-" } else { "" }, size / 100, size % 100)
    }
}

/// For people: `£4,200.00`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, major, minor) = self.parts();
        let digits = major.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "{sign}{}{grouped}.{minor:02}", self.currency.sign())
    }
}

fn split_exponent(text: &str) -> Result<(&str, i64), MoneyError> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Ok((text, 0));
    };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MoneyError::NotANumber);
    }
    // An exponent too long for an i64 is as good as infinite; the sign decides which error it becomes.
    let size = digits.parse::<i64>().unwrap_or(i64::from(i32::MAX)).min(i64::from(i32::MAX));
    Ok((mantissa, if exponent.starts_with('-') { -size } else { size }))
}

/// The integer `digits` × 10^`shift`, which must be whole.
fn shifted(digits: &str, shift: i64) -> Result<i64, MoneyError> {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    let (kept, zeros) = if shift >= 0 {
        (digits, usize::try_from(shift).map_err(|_| MoneyError::TooLarge)?)
    } else {
        let dropped = usize::try_from(-shift).map_err(|_| MoneyError::TooPrecise)?;
        let split = digits.len().checked_sub(dropped).ok_or(MoneyError::TooPrecise)?;
        let (kept, rest) = digits.split_at(split);
        if rest.bytes().any(|byte| byte != b'0') {
            return Err(MoneyError::TooPrecise);
        }
        (kept, 0)
    };
    if kept.is_empty() {
        return Err(MoneyError::TooPrecise);
    }
    if kept.len() + zeros > 18 {
        return Err(MoneyError::TooLarge);
    }
    let value = kept.parse::<i64>().map_err(|_| MoneyError::TooLarge)?;
    let power = u32::try_from(zeros).map_err(|_| MoneyError::TooLarge)?;
    let minor = value.checked_mul(10_i64.pow(power)).ok_or(MoneyError::TooLarge)?;
    if minor > MAX_MINOR { Err(MoneyError::TooLarge) } else { Ok(minor) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<i64, MoneyError> {
        Money::from_decimal(text, Currency::Gbp).map(Money::minor)
    }

    #[test]
    fn decimals_are_read_exactly_from_their_digits() {
        let table = [
            ("4200", Ok(420_000)),
            ("4200.0", Ok(420_000)),
            ("119.99", Ok(11_999)),
            ("0.01", Ok(1)),
            ("1.5e2", Ok(15_000)),
            ("12E-1", Ok(120)),
            ("1.230", Ok(123)),
            ("-5", Ok(-500)),
            ("0e99999999999999999999", Ok(0)),
            ("1.234", Err(MoneyError::TooPrecise)),
            ("1e-3", Err(MoneyError::TooPrecise)),
            ("1e-99999999999999999999", Err(MoneyError::TooPrecise)),
            ("1e400", Err(MoneyError::TooLarge)),
            ("1000000000.01", Err(MoneyError::TooLarge)),
            ("NaN", Err(MoneyError::NotANumber)),
            ("", Err(MoneyError::NotANumber)),
            ("1.", Err(MoneyError::NotANumber)),
            (".5", Err(MoneyError::NotANumber)),
            ("1e", Err(MoneyError::NotANumber)),
            ("--1", Err(MoneyError::NotANumber)),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn people_read_grouped_thousands() {
        assert_eq!(Money::pence(420_000).to_string(), "£4,200.00");
        assert_eq!(Money::pence(-5).to_string(), "-£0.05");
        assert_eq!(Money::pence(123_456_789).to_string(), "£1,234,567.89");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in 0..MAX_MINOR) {
            let amount = Money::pence(minor);
            prop_assert_eq!(Money::from_decimal(&amount.to_decimal(), Currency::Gbp), Ok(amount));
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,40}") {
            let _ = Money::from_decimal(&text, Currency::Gbp);
        }
    }
}
