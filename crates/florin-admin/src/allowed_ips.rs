//! `/admin/…/allowed-ips`: the networks from which a merchant's servers may complete, void and refund.

use axum::extract::State;
use axum::response::Response;
use florin_service::{Cx, Tx, merchants};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::problem::Problem;
use crate::query::{Asked, Named};
use crate::retail::merchant_id;

/// A network, such as `203.0.113.0/24`, or one address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    network: String,
}

#[derive(Serialize)]
struct NetworkBody {
    network: String,
    state: &'static str,
}

#[derive(Serialize)]
struct NetworksBody {
    networks: Vec<String>,
}

/// `POST /admin/retail/{merchant_id}/allowed-ips`
pub async fn allow(State(cx): State<Cx>, Named(merchant): Named, Sent(sent): Sent<Network>) -> Result<Response, Problem> {
    let merchant = merchant_id(&merchant)?;
    let network = cx.store.write(move |tx: &mut Tx<'_>| merchants::allow(tx, &merchant, &sent.network)).await?;
    cx.callers.forget();
    Ok(json(StatusCode::CREATED, &NetworkBody { network: network.to_string(), state: "allowed" }))
}

/// `GET /admin/retail/{merchant_id}/allowed-ips`
pub async fn list(State(cx): State<Cx>, Named(merchant): Named) -> Result<Response, Problem> {
    let merchant = merchant_id(&merchant)?;
    let merchant = cx.store.read(move |tx: &mut Tx<'_>| merchants::find(tx, &merchant)).await?;
    let networks = merchant.allowed.iter().map(ToString::to_string).collect();
    Ok(json(StatusCode::OK, &NetworksBody { networks }))
}

/// `DELETE /admin/retail/{merchant_id}/allowed-ips?network=`
pub async fn disallow(State(cx): State<Cx>, Named(merchant): Named, Asked(asked): Asked<Network>) -> Result<Response, Problem> {
    let merchant = merchant_id(&merchant)?;
    let network = cx.store.write(move |tx: &mut Tx<'_>| merchants::disallow(tx, &merchant, &asked.network)).await?;
    cx.callers.forget();
    Ok(json(StatusCode::OK, &NetworkBody { network: network.to_string(), state: "removed" }))
}
