//! Beginning a card capture, for a registered shopper and for a guest.

use florin_service::captures;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Text;
use crate::reply::Reply;
use crate::surface::Surface;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    client_reference: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartBody {
    #[serde(rename = "cardCaptureURL")]
    card_capture_url: String,
    transaction_ref: String,
}

/// `POST /wow/v1/pay/cards/initcapture` and `POST /wow/v1/pay/guest/cards/initcapture`
pub async fn begin(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask: Ask = call.json()?;
    let start = captures::begin(&surface.cx, call.shopper()?, ask.client_reference.as_str()).await?;
    Ok(Reply::ok(&StartBody { card_capture_url: start.url, transaction_ref: start.id.to_string() }))
}
