//! Instruments in clear, for as long as one call needs them.
//!
//! Invariant: nothing here prints or is written anywhere.

use std::fmt;

use florin_connect::{CardSecret, WalletProvider};
use florin_domain::apm::ApmProvider;
use florin_domain::card::CardNumber;
use florin_domain::instrument::{Instrument, InstrumentKind};
use florin_store::Tx;
use florin_vault::Secret;

use crate::keeper::instrument_place;
use crate::{Context, ServiceError, merchants};

/// What is paid with, in clear.
#[derive(Clone)]
pub(crate) enum Unsealed {
    /// A card.
    Card(CardSecret),
    /// An account at a wallet provider.
    Wallet {
        /// Which provider.
        provider: WalletProvider,
        /// What is paid with there.
        token: Secret<String>,
    },
    /// A checkout at a pay-later provider.
    Apm {
        /// Which provider.
        provider: ApmProvider,
        /// What is paid with there.
        token: Secret<String>,
    },
    /// A barcode of Openpay's, and the PIN of the shop that scanned it.
    Openpay {
        /// The barcode.
        barcode: Secret<String>,
        /// The PIN, if one was typed.
        pin: Option<Secret<String>>,
    },
}

/// Prints what kind it is, and nothing of it.
impl fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Card(_) => "Card(..)",
            Self::Wallet { .. } => "Wallet(..)",
            Self::Apm { .. } => "Apm(..)",
            Self::Openpay { .. } => "Openpay(..)",
        })
    }
}

impl Unsealed {
    /// Whether the code on the card is at hand.
    pub(crate) fn has_code(&self) -> bool {
        matches!(self, Self::Card(card) if card.cvc.is_some())
    }

    /// The card with the code that has just been typed. An account at a provider has none.
    pub(crate) fn with_code(self, code: Option<Secret<String>>) -> Self {
        match self {
            Self::Card(card) => {
                let cvc = code.map(|code| code.expose().clone()).filter(|code| !code.is_empty());
                Self::Card(CardSecret { cvc, ..card })
            }
            Self::Wallet { .. } | Self::Apm { .. } | Self::Openpay { .. } => self,
        }
    }
}

/// Opens what is secret of an instrument.
///
/// # Errors
/// [`ServiceError::Internal`] for a gift card, which nobody outside is asked about, or if the books were tampered with.
pub(crate) fn unseal(cx: &Context, tx: &mut Tx<'_>, instrument: &Instrument) -> Result<Unsealed, ServiceError> {
    if instrument.kind == InstrumentKind::GiftCard {
        return Err(damaged("a gift card is opened by nobody"));
    }
    let seller = merchants::find(tx, &instrument.merchant)?.seller.to_string();
    let opened = cx.keeper.open(tx, instrument_place(instrument.id.as_str(), &seller), &instrument.sealed)?;
    let text = std::str::from_utf8(opened.expose()).map_err(|_| damaged("a sealed instrument is no text"))?;
    let token = || Secret::new(text.to_owned());
    let wallet = |provider| Ok(Unsealed::Wallet { provider, token: token() });
    match instrument.kind {
        InstrumentKind::Card | InstrumentKind::GiftCard => card(instrument, text),
        InstrumentKind::PayPal => wallet(WalletProvider::PayPal),
        InstrumentKind::GooglePay => wallet(WalletProvider::GooglePay),
        InstrumentKind::ApplePay => wallet(WalletProvider::ApplePay),
        InstrumentKind::AndroidPay => wallet(WalletProvider::AndroidPay),
        InstrumentKind::ZipPay => Ok(Unsealed::Apm { provider: ApmProvider::ZipPay, token: token() }),
        InstrumentKind::Afterpay => Ok(Unsealed::Apm { provider: ApmProvider::Afterpay, token: token() }),
        InstrumentKind::Openpay => Ok(openpay(text)),
    }
}

/// How a barcode and a PIN are sealed together. Neither can hold a line end.
pub(crate) fn barcode_and_pin(barcode: &str, pin: Option<&str>) -> String {
    pin.map_or_else(|| barcode.to_owned(), |pin| format!("{barcode}\n{pin}"))
}

fn openpay(text: &str) -> Unsealed {
    let (barcode, pin) = text.split_once('\n').map_or((text, None), |(barcode, pin)| (barcode, Some(pin)));
    Unsealed::Openpay { barcode: Secret::new(barcode.to_owned()), pin: pin.map(|pin| Secret::new(pin.to_owned())) }
}

fn card(instrument: &Instrument, text: &str) -> Result<Unsealed, ServiceError> {
    let number = CardNumber::parse(text).map_err(|_| damaged("a sealed card is not a card"))?;
    let expiry = instrument.expiry.ok_or_else(|| damaged("a card without an expiry"))?;
    Ok(Unsealed::Card(CardSecret { number, expiry, cvc: None }))
}

fn damaged(what: &str) -> ServiceError {
    ServiceError::Internal(what.to_owned())
}
