//! Beginning a card capture, for a registered shopper and for a guest.

use florin_service::caller::ShopperCaller;
use florin_service::{Cx, ServiceError, captures};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Text;
use crate::reply::Reply;

/// What a capture is begun with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    client_reference: Text,
}

/// Where the card is typed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StartBody {
    #[serde(rename = "cardCaptureURL")]
    card_capture_url: String,
    transaction_ref: String,
}

/// `POST /wow/v1/pay/cards/initcapture` and `POST /wow/v1/pay/guest/cards/initcapture`
pub async fn begin(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask: Ask = call.json()?;
    Ok(Reply::ok(&start(&surface.cx, call.shopper()?, &ask).await?))
}

/// Begins a capture.
///
/// # Errors
/// As [`captures::begin`].
pub async fn start(cx: &Cx, shopper: &ShopperCaller, ask: &Ask) -> Result<StartBody, ServiceError> {
    let start = captures::begin(cx, shopper, ask.client_reference.as_str()).await?;
    Ok(StartBody { card_capture_url: start.url, transaction_ref: start.id.to_string() })
}
