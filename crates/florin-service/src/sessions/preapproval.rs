//! Preapprovals: how a shopper wants to pay what is not known yet, sealed until it is.
//!
//! Invariant: what a shopper sent with it, codes and PINs among it, stands in the books only as the vault sealed it.

use std::sync::Arc;

use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::Merchant;
use florin_domain::money::{Currency, Money};
use florin_domain::movement::MovementKind;
use florin_domain::payment::Atomicity;
use florin_domain::session::PaymentSession;
use florin_domain::shopper::{ShopperId, WalletKind};
use florin_domain::split::Wish;
use florin_domain::{PaymentSessionId, Timestamp, WalletId};
use florin_store::Tx;
use florin_vault::{Aad, Secret};
use serde::{Deserialize, Serialize};

use crate::caller::ShopperCaller;
use crate::fraud::{FraudFormat, FraudPayload};
use crate::instore::{Challenge, ChallengeKind, PayRequest};
use crate::payments::Kinds;
use crate::preferences::KeptPayments;
use crate::{Context, ServiceError, merchants};

/// Who wants to pay, and how, in words of our own.
#[derive(Serialize, Deserialize)]
pub(super) struct Preapproval {
    shopper: String,
    guest: bool,
    wallet: String,
    home: String,
    is_everyday: bool,
    until: i64,
    primary: Option<String>,
    secondary: Option<Vec<(String, i64)>>,
    preferences: Option<KeptPayments>,
    atomicity: String,
    client_reference: Option<String>,
    kinds: [Option<String>; 5],
    challenges: Vec<KeptChallenge>,
    fraud: Option<KeptFraud>,
}

#[derive(Serialize, Deserialize)]
struct KeptChallenge {
    instrument: String,
    kind: KeptKind,
    token: String,
    reference: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptKind {
    StepUp,
    Passcode,
    ThreeDs,
    ThreeDsFrictionless,
    DeviceData,
}

#[derive(Serialize, Deserialize)]
struct KeptFraud {
    provider: String,
    version: String,
    is_zipped: bool,
    message: String,
    shipping_country: Option<String>,
}

/// Seals a preapproval for its session.
pub(super) fn seal(
    cx: &Context,
    tx: &mut Tx<'_>,
    merchant: &Merchant,
    session: PaymentSessionId,
    plain: &Secret<Vec<u8>>,
) -> Result<Vec<u8>, ServiceError> {
    let (row, owner) = (session.to_string(), merchant.seller.to_string());
    cx.keeper.seal(tx, place(&row, &owner), plain.expose())
}

/// Opens the preapproval of a session: who wants to pay, and how.
pub(super) fn open(
    cx: &Context,
    tx: &mut Tx<'_>,
    session: &PaymentSession,
    sealed: &[u8],
) -> Result<(ShopperCaller, PayRequest), ServiceError> {
    let merchant = merchants::find(tx, &session.merchant)?;
    let (row, owner) = (session.id.to_string(), merchant.seller.to_string());
    let plain = cx.keeper.open(tx, place(&row, &owner), sealed)?;
    let kept: Preapproval = serde_json::from_slice(plain.expose()).map_err(|_| damaged())?;
    kept.read(merchant).ok_or_else(damaged)
}

fn place<'a>(session: &'a str, owner: &'a str) -> Aad<'a> {
    Aad { table: "payment_sessions", row: session, column: "preapproval", owner }
}

fn damaged() -> ServiceError {
    ServiceError::Internal("a preapproval cannot be read".to_owned())
}

impl Preapproval {
    /// What `shopper` said.
    pub(super) fn of(shopper: &ShopperCaller, how: PayRequest) -> Self {
        let Wish { primary, secondary, preferences } = how.wish;
        let secondary = secondary.map(|parts| parts.into_iter().map(|(id, amount)| (id.to_string(), amount.minor())).collect());
        let Kinds { card, gift_card, paypal, google_pay, apple_pay, openpay: _ } = how.kinds;
        Self {
            shopper: shopper.shopper.to_string(),
            guest: shopper.guest,
            wallet: shopper.wallet.to_string(),
            home: shopper.home.to_string(),
            is_everyday: shopper.kind == WalletKind::Everyday,
            until: shopper.until.micros(),
            primary: primary.map(|id| id.to_string()),
            secondary,
            preferences: preferences.as_ref().map(KeptPayments::of),
            atomicity: how.atomicity.name().to_owned(),
            client_reference: how.client_reference,
            kinds: [card, gift_card, paypal, google_pay, apple_pay].map(|kind| kind.map(|kind| kind.name().to_owned())),
            challenges: how.challenges.into_iter().map(KeptChallenge::of).collect(),
            fraud: how.fraud.map(KeptFraud::of),
        }
    }

    /// As it is sealed.
    pub(super) fn write(&self) -> Result<Secret<Vec<u8>>, ServiceError> {
        serde_json::to_vec(self).map(Secret::new).map_err(|error| ServiceError::Internal(error.to_string()))
    }

    fn read(self, merchant: Merchant) -> Option<(ShopperCaller, PayRequest)> {
        let shopper = ShopperCaller {
            merchant: Arc::new(merchant),
            shopper: ShopperId::parse(&self.shopper).ok()?,
            guest: self.guest,
            wallet: WalletId::parse(&self.wallet).ok()?,
            home: WalletId::parse(&self.home).ok()?,
            kind: if self.is_everyday { WalletKind::Everyday } else { WalletKind::Merchant },
            until: Timestamp::from_micros(self.until),
        };
        let id = |text: String| InstrumentId::parse(&text).ok();
        let part = |(text, minor): (String, i64)| Some((id(text)?, Money::new(minor, Currency::Aud)));
        let secondary = match self.secondary {
            Some(parts) => Some(parts.into_iter().map(part).collect::<Option<Vec<_>>>()?),
            None => None,
        };
        let preferences = match self.preferences {
            Some(kept) => Some(kept.into_preferences().ok()?),
            None => None,
        };
        let primary = match self.primary {
            Some(text) => Some(id(text)?),
            None => None,
        };
        let [card, gift_card, paypal, google_pay, apple_pay] = self.kinds.map(|name| name.and_then(|name| MovementKind::from_name(&name)));
        let how = PayRequest {
            wish: Wish { primary, secondary, preferences },
            atomicity: Atomicity::from_name(&self.atomicity)?,
            client_reference: self.client_reference,
            kinds: Kinds { card, gift_card, paypal, google_pay, apple_pay, openpay: None },
            challenges: self.challenges.into_iter().map(KeptChallenge::read).collect::<Option<_>>()?,
            fraud: self.fraud.map(KeptFraud::read),
        };
        Some((shopper, how))
    }
}

impl KeptChallenge {
    fn of(challenge: Challenge) -> Self {
        let kind = match challenge.kind {
            ChallengeKind::StepUp => KeptKind::StepUp,
            ChallengeKind::Passcode => KeptKind::Passcode,
            ChallengeKind::ThreeDs => KeptKind::ThreeDs,
            ChallengeKind::ThreeDsFrictionless => KeptKind::ThreeDsFrictionless,
            ChallengeKind::DeviceData => KeptKind::DeviceData,
        };
        let (instrument, token) = (challenge.instrument.to_string(), challenge.token.expose().clone());
        Self { instrument, kind, token, reference: challenge.reference }
    }

    fn read(self) -> Option<Challenge> {
        let kind = match self.kind {
            KeptKind::StepUp => ChallengeKind::StepUp,
            KeptKind::Passcode => ChallengeKind::Passcode,
            KeptKind::ThreeDs => ChallengeKind::ThreeDs,
            KeptKind::ThreeDsFrictionless => ChallengeKind::ThreeDsFrictionless,
            KeptKind::DeviceData => ChallengeKind::DeviceData,
        };
        let instrument = InstrumentId::parse(&self.instrument).ok()?;
        Some(Challenge { instrument, kind, token: Secret::new(self.token), reference: self.reference })
    }
}

impl KeptFraud {
    fn of(payload: FraudPayload) -> Self {
        let FraudPayload { provider, version, format, message, shipping_country } = payload;
        Self { provider, version, is_zipped: format == FraudFormat::ZippedBase64, message, shipping_country }
    }

    fn read(self) -> FraudPayload {
        let Self { provider, version, is_zipped, message, shipping_country } = self;
        let format = if is_zipped { FraudFormat::ZippedBase64 } else { FraudFormat::Xml };
        FraudPayload { provider, version, format, message, shipping_country }
    }
}
