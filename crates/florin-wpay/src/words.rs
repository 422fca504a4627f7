//! Words of the wire for what the house has names for.
//!
//! Only words: what they stand for is decided elsewhere.

use florin_domain::Timestamp;
use florin_domain::agreement::{AgreementKind, Frequency};
use florin_domain::card::CardExpiry;
use florin_domain::instrument::{InstrumentKind, InstrumentStatus};
use florin_domain::movement::MovementKind;

/// An instrument's status.
pub const fn status(status: InstrumentStatus) -> &'static str {
    match status {
        InstrumentStatus::Transient => "UNVERIFIED_TRANSIENT",
        InstrumentStatus::Unverified => "UNVERIFIED_PERSISTENT",
        InstrumentStatus::Verified => "VERIFIED",
    }
}

/// An instrument's type.
pub const fn instrument(kind: InstrumentKind) -> &'static str {
    match kind {
        InstrumentKind::Card => "CREDIT_CARD",
        InstrumentKind::GiftCard => "GIFT_CARD",
        InstrumentKind::PayPal => "PAYPAL",
        InstrumentKind::GooglePay => "GOOGLE_PAY",
        InstrumentKind::ApplePay => "APPLE_PAY",
        InstrumentKind::AndroidPay => "ANDROID_PAY",
        InstrumentKind::ZipPay => "ZIPPAY",
        InstrumentKind::Afterpay => "AFTERPAY",
        InstrumentKind::Openpay => "OPENPAY",
    }
}

/// A movement's type.
pub const fn movement(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Preauth => "PREAUTH",
        MovementKind::Purchase => "PURCHASE",
        MovementKind::Completion => "COMPLETION",
        MovementKind::Void => "VOID",
        MovementKind::Refund => "REFUND",
    }
}

/// A movement's type by its word.
pub fn movement_of(word: &str) -> Option<MovementKind> {
    MovementKind::ALL.into_iter().find(|kind| movement(*kind) == word)
}

/// An agreement's type.
pub const fn agreement(kind: AgreementKind) -> &'static str {
    match kind {
        AgreementKind::Recurring => "RECURRING",
        AgreementKind::Adhoc => "ADHOC",
        AgreementKind::Instalment => "INSTALLMENT",
    }
}

/// An agreement's type by its word.
pub fn agreement_of(word: &str) -> Option<AgreementKind> {
    AgreementKind::ALL.into_iter().find(|kind| agreement(*kind) == word)
}

/// How often an agreement is charged.
pub const fn frequency(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Weekly => "WEEKLY",
        Frequency::Fortnightly => "FORTNIGHTLY",
        Frequency::Monthly => "MONTHLY",
        Frequency::Annually => "ANNUALLY",
    }
}

/// How often, by its word.
pub fn frequency_of(word: &str) -> Option<Frequency> {
    Frequency::ALL.into_iter().find(|known| frequency(*known) == word)
}

/// A card's year on the wire: two digits. Empty where none is known, because the field must be there.
pub fn expiry_year(expiry: Option<CardExpiry>) -> String {
    expiry.map(|expiry| format!("{:02}", expiry.year % 100)).unwrap_or_default()
}

/// A card's month on the wire: two digits. Empty where none is known.
pub fn expiry_month(expiry: Option<CardExpiry>) -> String {
    expiry.map(|expiry| format!("{:02}", expiry.month)).unwrap_or_default()
}

/// When an agreement ends. The field must be there, so that one without an end ends with the calendar.
pub fn end_date(ends_at: Option<Timestamp>) -> String {
    ends_at.map_or_else(|| "9999-12-31T23:59:59.000Z".to_owned(), Timestamp::to_millis_text)
}

/// A scheme as people write it.
pub fn scheme_name(scheme: &str) -> &str {
    match scheme {
        "VISA" => "Visa",
        "MASTERCARD" => "Mastercard",
        "AMEX" => "American Express",
        "JCB" => "JCB",
        "DINERS" => "Diners Club",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for kind in MovementKind::ALL {
            assert_eq!(movement_of(movement(kind)), Some(kind));
        }
        for kind in AgreementKind::ALL {
            assert_eq!(agreement_of(agreement(kind)), Some(kind));
        }
        for known in Frequency::ALL {
            assert_eq!(frequency_of(frequency(known)), Some(known));
        }
        assert_eq!((movement_of("preauth"), frequency_of("DAILY")), (None, None));
    }

    #[test]
    fn a_year_has_two_digits() {
        let expiry = Some(CardExpiry { year: 2030, month: 4 });
        assert_eq!((expiry_year(expiry), expiry_month(expiry), expiry_year(None)), ("30".to_owned(), "04".to_owned(), String::new()));
    }
}
