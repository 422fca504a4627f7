//! `POST /v1/apm/orders` and `…/tokenize`: checkouts at pay-later providers, and every tokenise operation behind one path.
//!
//! Bodies are `{data, meta}` both ways. What is taken here is taken as the operation of its own kind takes it. Source:
//! `docs/wire/wpay.md`, "Other payment methods".

mod order;
mod tokenize;

use florin_service::apm;
use florin_web::Surface;
use serde::Serialize;

use self::order::OrderRequest;
use self::tokenize::TokenizeRequest;
use crate::call::Call;
use crate::error::Refusal;
use crate::instore::envelope::{tell, tell_with};
use crate::reply::Reply;
use crate::wallet_list::is_allowed;
use crate::words;

/// A checkout that waits for its shopper.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderBody<'o> {
    payment_instrument_type: &'static str,
    payment_instrument_id: &'o str,
    payment_token: String,
    status: &'static str,
    order_number: &'o str,
    allowed: bool,
}

#[derive(Debug, Serialize)]
struct OrderMeta<'o> {
    #[serde(rename = "serviceProviderURL")]
    service_provider_url: &'o str,
}

/// Opens a checkout.
pub async fn order(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let order = call.json::<OrderRequest>()?.read();
    let opened = apm::open(&surface.cx, call.shopper()?, order, call.key()).await?;
    let instrument = &opened.instrument;
    let body = OrderBody {
        payment_instrument_type: words::instrument(instrument.kind),
        payment_instrument_id: instrument.id.as_str(),
        payment_token: instrument.token.to_string(),
        status: words::status(instrument.status),
        order_number: &opened.order.order_number,
        allowed: is_allowed(instrument),
    };
    Ok(tell_with(&body, OrderMeta { service_provider_url: &opened.page }))
}

/// Takes something to pay with.
pub async fn tokenize(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let taken = call.json::<TokenizeRequest>()?.take(&surface, &call).await?;
    Ok(tell(&taken))
}
