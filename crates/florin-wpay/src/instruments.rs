//! A wallet's instruments: listed for the shopper and for the merchant's server, removed one by one or with the wallet.

use florin_domain::WalletId;
use florin_domain::instrument::InstrumentId;
use florin_domain::shopper::ShopperId;
use florin_service::{ServiceError, Tx, caller, instruments};
use florin_web::Surface;
use serde::Deserialize;

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Text;
use crate::particulars::Line;
use crate::reply::Reply;
use crate::wallet_list::WalletBody;

/// Whose wallet a server means.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
struct Whose {
    uid: Line,
    shopper_id: Text,
}

impl Whose {
    fn shopper(&self) -> Result<ShopperId, Refusal> {
        shopper_id(self.shopper_id.as_str())
    }
}

/// Reads a shopper's name.
///
/// # Errors
/// A 400 with the reason.
pub fn shopper_id(text: &str) -> Result<ShopperId, Refusal> {
    ShopperId::parse(text).map_err(|error| Refusal::invalid(format!("shopperId {error}.")))
}

/// `GET /wow/v1/pay/instruments`
pub async fn list(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let wallet = call.shopper()?.wallet;
    tell(&surface, wallet).await
}

/// `POST /wow/v1/pay/instruments`
pub async fn list_of(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let shopper = call.json::<Whose>()?.shopper()?;
    let wallet = caller::wallet_of(&call.merchant.merchant.id, &shopper, call.wallet);
    tell(&surface, wallet).await
}

async fn tell(surface: &Surface, wallet: WalletId) -> Result<Reply, Refusal> {
    let now = surface.cx.clock.now();
    let wallet = surface.cx.store.read(move |tx: &mut Tx<'_>| instruments::list(tx, wallet, now)).await?;
    Ok(Reply::ok(&WalletBody::of(&surface.cx, &wallet, now)))
}

/// `DELETE /wow/v1/pay/instruments/{paymentInstrumentId}`
pub async fn remove(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let id = InstrumentId::parse(call.param("paymentInstrumentId")).map_err(|_| ServiceError::NotFound("payment instrument"))?;
    instruments::remove(&surface.cx, call.shopper()?, &id, call.key()).await?;
    Ok(Reply::empty())
}

/// `POST /wow/v1/pay/wallet/delete`
pub async fn delete_wallet(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let shopper = call.json::<Whose>()?.shopper()?;
    instruments::delete_wallet(&surface.cx, &call.merchant, &shopper, call.wallet).await?;
    Ok(Reply::empty())
}
