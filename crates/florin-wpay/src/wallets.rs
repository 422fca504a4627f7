//! Accounts at wallet providers: brought in, and renewed where the path names one.

use florin_domain::InstrumentToken;
use florin_domain::instrument::{Instrument, InstrumentId};
use florin_service::wallets::{self, AddAccount, Replaces};
use florin_service::{ServiceError, WalletProvider, step_up};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::{Hidden, Text};
use crate::particulars::Line;
use crate::reply::Reply;
use crate::wallet_list::PayPalBody;

/// An account at `PayPal`, as a registered shopper brings it.
#[derive(Debug, Deserialize)]
pub struct AskPayPal {
    nonce: Hidden,
    primary: bool,
}

/// A card in Google Pay.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct AskGooglePay {
    token_data: Hidden,
    instrument_type: Text,
    comment: Line,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
struct AskAndroidPay {
    encrypted_message: Hidden,
    ephemeral_public_key: Hidden,
    tag: Hidden,
    public_key_hash: Hidden,
    primary: bool,
    instrument_type: Text,
    comment: Line,
}

/// A card in Apple Pay.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
pub struct AskApplePay {
    data: Hidden,
    ephemeral_public_key: Hidden,
    public_key_hash: Hidden,
    transaction_id: Hidden,
    signature: Hidden,
    version: Text,
    application_data: Option<String>,
    /// Of a registered shopper only.
    primary: Option<bool>,
    instrument_type: Text,
    comment: Line,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptPayPalBody<'w> {
    pay_pal: PayPalBody<'w>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptTokenBody {
    payment_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptDeviceBody<'i> {
    payment_instrument_id: &'i str,
    step_up_token: String,
}

impl AskPayPal {
    /// Keeps the account.
    ///
    /// # Errors
    /// As [`add`].
    pub async fn keep(&self, surface: &Surface, call: &Call) -> Result<Instrument, Refusal> {
        add(surface, call, WalletProvider::PayPal, &self.nonce, self.primary).await
    }
}

impl AskGooglePay {
    /// Keeps the card, or takes it of a guest.
    ///
    /// # Errors
    /// As [`add`].
    pub async fn keep(&self, surface: &Surface, call: &Call) -> Result<Instrument, Refusal> {
        add(surface, call, WalletProvider::GooglePay, &self.token_data, false).await
    }
}

impl AskApplePay {
    /// Keeps the card.
    ///
    /// # Errors
    /// As [`add`], and a 400 if nothing is said of being first.
    pub async fn keep(&self, surface: &Surface, call: &Call) -> Result<Instrument, Refusal> {
        let primary = self.primary.ok_or_else(|| Refusal::invalid("primary is required."))?;
        add(surface, call, WalletProvider::ApplePay, &self.data, primary).await
    }

    /// Takes the card of a guest.
    ///
    /// # Errors
    /// As [`add`].
    pub async fn take(&self, surface: &Surface, call: &Call) -> Result<Instrument, Refusal> {
        add(surface, call, WalletProvider::ApplePay, &self.data, false).await
    }
}

/// `POST /wow/v1/pay/paypal/tokenize`
pub async fn keep_paypal(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let account = call.json::<AskPayPal>()?.keep(&surface, &call).await?;
    Ok(Reply::ok(&KeptPayPalBody { pay_pal: PayPalBody::kept(&account) }))
}

/// `POST /wow/v1/pay/googlepay/tokenize`, with `/{paymentToken}`, and of a guest
pub async fn keep_google_pay(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let card = call.json::<AskGooglePay>()?.keep(&surface, &call).await?;
    Ok(Reply::ok(&KeptTokenBody { payment_token: card.token.to_string() }))
}

/// `POST /wow/v1/pay/androidpay/tokenize`, and with `/{paymentInstrumentId}`
pub async fn keep_android_pay(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask: AskAndroidPay = call.json()?;
    let card = add(&surface, &call, WalletProvider::AndroidPay, &ask.encrypted_message, ask.primary).await?;
    Ok(confirmed(&surface, &card))
}

/// `POST /wow/v1/pay/applepay/tokenize`, and with `/{paymentInstrumentId}`
pub async fn keep_apple_pay(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let card = call.json::<AskApplePay>()?.keep(&surface, &call).await?;
    Ok(confirmed(&surface, &card))
}

/// `POST /wow/v1/pay/guest/applepay/tokenize`
pub async fn take_apple_pay(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let card = call.json::<AskApplePay>()?.take(&surface, &call).await?;
    Ok(confirmed(&surface, &card))
}

/// The device has just confirmed the card, which is what the token says.
fn confirmed(surface: &Surface, card: &Instrument) -> Reply {
    let step_up_token = step_up::confirmed(&surface.cx, card);
    Reply::ok(&KeptDeviceBody { payment_instrument_id: card.id.as_str(), step_up_token })
}

/// Brings an account in, in the place of the one that the path names, if it names one.
///
/// # Errors
/// What the provider refuses, and a path that names nothing.
pub async fn add(surface: &Surface, call: &Call, provider: WalletProvider, token: &Hidden, primary: bool) -> Result<Instrument, Refusal> {
    let ask = AddAccount { provider, token: token.expose().to_owned(), primary, replaces: replaced(call)? };
    Ok(wallets::add(&surface.cx, call.shopper()?, ask).await?)
}

fn replaced(call: &Call) -> Result<Option<Replaces>, Refusal> {
    let nothing = || Refusal::from(ServiceError::NotFound("payment instrument"));
    match (call.param("paymentInstrumentId"), call.param("paymentToken")) {
        ("", "") => Ok(None),
        (id, "") => InstrumentId::parse(id).map(|id| Some(Replaces::Instrument(id))).map_err(|_| nothing()),
        (_, token) => InstrumentToken::parse(token).map(|token| Some(Replaces::Token(token))).map_err(|_| nothing()),
    }
}
