//! `/admin/…/server-keys`: the public keys with which a merchant's servers may sign their calls.

use axum::extract::State;
use axum::response::Response;
use florin_domain::Timestamp;
use florin_service::{Cx, Tx, merchants};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::problem::Problem;
use crate::query::{Asked, Named};
use crate::retail::merchant_id;

/// A public key in PEM, under the name that signatures give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewServerKey {
    kid: String,
    public_key: String,
}

/// Which key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    kid: String,
}

#[derive(Serialize)]
struct ServerKeyBody {
    kid: String,
    public_key: String,
    created_at: String,
}

#[derive(Serialize)]
struct ServerKeysBody {
    server_keys: Vec<ServerKeyBody>,
}

#[derive(Serialize)]
struct StateBody {
    kid: String,
    state: &'static str,
}

impl From<(String, String, Timestamp)> for ServerKeyBody {
    fn from((kid, public_key, created_at): (String, String, Timestamp)) -> Self {
        Self { kid, public_key, created_at: created_at.to_string() }
    }
}

/// `POST /admin/retail/{merchant_id}/server-keys`
pub async fn add(State(cx): State<Cx>, Named(merchant): Named, Sent(new): Sent<NewServerKey>) -> Result<Response, Problem> {
    let (merchant, kid, now) = (merchant_id(&merchant)?, new.kid.clone(), cx.clock.now());
    cx.store.write(move |tx: &mut Tx<'_>| merchants::add_server_key(tx, &merchant, &new.kid, &new.public_key, now)).await?;
    Ok(json(StatusCode::CREATED, &StateBody { kid, state: "added" }))
}

/// `GET /admin/retail/{merchant_id}/server-keys`
pub async fn list(State(cx): State<Cx>, Named(merchant): Named) -> Result<Response, Problem> {
    let merchant = merchant_id(&merchant)?;
    let keys = cx.store.read(move |tx: &mut Tx<'_>| {
        merchants::find(tx, &merchant)?;
        merchants::list_server_keys(tx, &merchant)
    });
    let keys = keys.await?;
    let server_keys = keys.into_iter().map(ServerKeyBody::from).collect();
    Ok(json(StatusCode::OK, &ServerKeysBody { server_keys }))
}

/// `DELETE /admin/retail/{merchant_id}/server-keys?kid=`
pub async fn remove(State(cx): State<Cx>, Named(merchant): Named, Asked(which): Asked<Which>) -> Result<Response, Problem> {
    let (merchant, kid) = (merchant_id(&merchant)?, which.kid.clone());
    cx.store.write(move |tx: &mut Tx<'_>| merchants::remove_server_key(tx, &merchant, &which.kid)).await?;
    Ok(json(StatusCode::OK, &StateBody { kid, state: "removed" }))
}
