//! What a guest pays with: taken for as long as the token lives, kept nowhere, listed nowhere.

use florin_domain::instrument::Instrument;
use florin_service::WalletProvider;
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Hidden;
use crate::gift_cards::{BalanceBody, SlipBody};
use crate::reply::Reply;
use crate::wallet_list::{is_allowed, text};
use crate::wallets;
use crate::words;

/// An account at `PayPal`, as a guest brings it.
#[derive(Debug, Deserialize)]
pub struct AskPayPal {
    nonce: Hidden,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayPalBody<'i> {
    pay_pal: TransientBody<'i>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GiftCardBody<'i> {
    gift_card: TransientGiftCardBody<'i>,
    #[serde(flatten)]
    balance: BalanceBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransientGiftCardBody<'i> {
    #[serde(flatten)]
    common: TransientBody<'i>,
    program_name: &'i str,
    card_suffix: &'i str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransientBody<'i> {
    payment_instrument_id: &'i str,
    status: &'static str,
    allowed: bool,
}

impl<'i> From<&'i Instrument> for TransientBody<'i> {
    fn from(instrument: &'i Instrument) -> Self {
        Self { payment_instrument_id: instrument.id.as_str(), status: words::status(instrument.status), allowed: is_allowed(instrument) }
    }
}

impl AskPayPal {
    /// Takes the account of a guest.
    ///
    /// # Errors
    /// As [`wallets::add`].
    pub async fn take(&self, surface: &Surface, call: &Call) -> Result<Instrument, Refusal> {
        wallets::add(surface, call, WalletProvider::PayPal, &self.nonce, false).await
    }
}

/// `POST /wow/v1/pay/guest/paypal/tokenize`
pub async fn take_paypal(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let account = call.json::<AskPayPal>()?.take(&surface, &call).await?;
    Ok(Reply::ok(&PayPalBody { pay_pal: (&account).into() }))
}

/// `POST /wow/v1/pay/guest/giftcards/tokenize`
pub async fn take_gift_card(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let (card, balance) = call.json::<SlipBody>()?.take(&surface, &call).await?;
    let gift_card = TransientGiftCardBody {
        common: (&card).into(),
        program_name: text(card.network.as_ref()),
        card_suffix: text(card.suffix.as_ref()),
    };
    Ok(Reply::ok(&GiftCardBody { gift_card, balance: (&balance).into() }))
}
