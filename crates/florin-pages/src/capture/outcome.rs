//! What came of a page, in the form that scripts read and merchants' pages hear.
//!
//! Invariant: it is made of what a merchant may know of a card; nothing that was typed is in it.

use florin_domain::instrument::{Instrument, InstrumentId};
use serde_json::{Value, json};

/// How a visit ended, or why it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The card is in the wallet.
    Captured(Box<Instrument>),
    /// The code is good for one payment with the instrument, under this token.
    Confirmed { instrument: InstrumentId, step_up_token: String },
    /// The issuer's cardholder confirmed, or did not.
    Authenticated(bool),
    /// Something typed is wrong; the form stands there again.
    Invalid { field: &'static str, message: String },
    /// The issuer says no; the form stands there again.
    Declined { message: String },
    /// It is closed: its time is over, or it was used.
    Expired,
    /// There is no such page.
    Unknown,
    /// Nothing was done for now; trying again is safe.
    Unavailable,
}

impl Outcome {
    /// The outcome as JSON.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Captured(instrument) => json!({ "status": "captured", "instrument": described(instrument) }),
            Self::Confirmed { instrument, step_up_token } => {
                json!({ "status": "confirmed", "paymentInstrumentId": instrument.as_str(), "stepUpToken": step_up_token })
            }
            Self::Authenticated(is_good) => json!({ "status": if *is_good { "authenticated" } else { "failed" } }),
            Self::Invalid { field, message } => json!({ "status": "invalid", "fields": [field], "message": message }),
            Self::Declined { message } => json!({ "status": "declined", "message": message }),
            Self::Expired => json!({ "status": "expired" }),
            Self::Unknown => json!({ "status": "unknown" }),
            Self::Unavailable => json!({ "status": "unavailable" }),
        }
    }

    /// The JSON as it may stand between single quotes in a page, unchanged to whoever looks for it with less than a parser.
    pub(crate) fn to_attribute(&self) -> String {
        // Only strings have these characters, and a string may spell any character out.
        let spelled = [("'", "\\u0027"), ("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")];
        spelled.into_iter().fold(self.to_json().to_string(), |text, (character, spelling)| text.replace(character, spelling))
    }
}

fn described(instrument: &Instrument) -> Value {
    json!({
        "id": instrument.id.as_str(),
        "token": instrument.token.to_string(),
        "scheme": instrument.network,
        "suffix": instrument.suffix,
        "expiryMonth": instrument.expiry.map(|expiry| format!("{:02}", expiry.month)),
        "expiryYear": instrument.expiry.map(|expiry| format!("{:02}", expiry.year % 100)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_an_attribute_and_a_parser_reads_the_same() {
        let hostile = Outcome::Declined { message: "'><script>alert(\"x\")</script>&amp;\u{2028}é".to_owned() };
        let text = hostile.to_attribute();
        assert!(!text.contains(['\'', '<', '>', '&']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), hostile.to_json());
    }
}
