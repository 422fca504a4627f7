//! Identifiers: one newtype a thing, so that one is never taken for another.
//!
//! Fresh ids are made from random bytes that the caller brings; nothing here is random by itself.

use std::fmt;

use uuid::Uuid;

/// Text that is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid identifier")]
pub struct BadId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A version 4 UUID of 16 random bytes.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// Reads the canonical hyphenated form, in either case; any version.
            ///
            /// # Errors
            /// [`BadId`] for anything else.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return Err(BadId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| BadId)
            }

            /// The id's 16 bytes.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        /// Lower case with hyphens, as it goes on the wire and into the database.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )*};
}

ids! {
    /// An order: what one buyer is to pay one seller.
    OrderId;
    /// A seller: the merchant whose orders these are.
    SellerId;
    /// A credential of a seller's server.
    TokenId;
    /// A payment from the buyer's bank.
    BankPaymentId;
    /// The loan behind a Pay Later order.
    LoanId;
    /// A card kept for repayments.
    CardId;
    /// Money on its way to a seller.
    PayoutId;
    /// An announcement to a seller's server; unique to one status change.
    WebhookId;
    /// A mail to a person.
    MailId;
    /// A shopper's wallet at one merchant.
    WalletId;
    /// The name by which an instrument is paid with; changes never.
    InstrumentToken;
    /// A card capture: one visit of a shopper to the page that takes a card.
    CaptureId;
    /// A standing agreement to charge an instrument.
    AgreementId;
    /// A merchant's API key, by which it is listed and revoked.
    ApiKeyId;
    /// All the refresh tokens that came from one sign-in.
    FamilyId;
    /// Card sales on their way to a merchant.
    SettlementId;
    /// A checkout opened at a pay-later provider.
    ApmOrderId;
    /// The price of gift cards, kept for a while.
    GiftQuoteId;
    /// An order of gift cards.
    GiftOrderId;
    /// What a fraud screen was asked, and answered.
    FraudDecisionId;
    /// What a merchant asks to be paid, by whoever is told.
    PaymentRequestId;
    /// A code that leads to a payment request or to a payment session.
    QrId;
    /// A meeting of a shopper and a merchant at a till.
    PaymentSessionId;
    /// A form that a merchant's own data follow.
    SchemaId;
    /// The name of an in-store transaction on the wire.
    TransactionId;
    /// A card being typed into elements of a merchant's page.
    FramesActionId;
    /// What the beginner of such an action shows to complete it.
    FramesSessionId;
    /// An authentication of a cardholder.
    ThreeDsSessionId;
    /// The card directory's name for such an authentication.
    ThreeDsTransactionId;
}

/// The unguessable part of an order's checkout address: whoever holds it may pay the order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LinkToken(String);

/// Length of a link token: 32 characters of a 64-letter alphabet carry 192 bits.
const LINK_LENGTH: usize = 32;

impl LinkToken {
    /// Reads a token as it stands in an address.
    ///
    /// # Errors
    /// [`BadId`] unless it is 32 characters of `A–Z a–z 0–9 - _`.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let clean = text.len() == LINK_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if clean { Ok(Self(text.to_owned())) } else { Err(BadId) }
    }

    /// The token as text, for building an address.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Prints nothing of the secret.
impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_case_version_four_and_read_in_any_case() {
        let id = OrderId::from_random([0xAB; 16]);
        let text = id.to_string();
        assert_eq!(text, "abababab-abab-4bab-abab-abababababab");
        assert_eq!(OrderId::parse(&text.to_uppercase()), Ok(id));
        assert_eq!(OrderId::parse("{abababab-abab-4bab-abab-abababababab}"), Err(BadId));
        assert_eq!(OrderId::parse("abababababab4bababababababababab"), Err(BadId));
    }
}
