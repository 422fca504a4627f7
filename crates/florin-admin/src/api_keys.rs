//! `/admin/…/keys`: the API keys of merchants' servers. A key's text is shown once, in the answer to its making.

use axum::extract::State;
use axum::response::Response;
use florin_domain::ApiKeyId;
use florin_service::merchants::{self, ApiKeyRecord};
use florin_service::{Cx, ServiceError, Tx};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::problem::Problem;
use crate::query::Named;
use crate::retail::merchant_id;

/// A key that the merchant's servers hold already; without one, a key is made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    key: Option<String>,
}

#[derive(Serialize)]
struct KeyBody {
    id: String,
    merchant_id: String,
    created_at: String,
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

#[derive(Serialize)]
struct KeysBody {
    keys: Vec<KeyBody>,
}

#[derive(Serialize)]
struct RevokedBody {
    id: String,
    state: &'static str,
}

impl KeyBody {
    fn new(record: &ApiKeyRecord, api_key: Option<&str>) -> Self {
        Self {
            id: record.id.to_string(),
            merchant_id: record.merchant.to_string(),
            created_at: record.created_at.to_string(),
            revoked_at: record.revoked_at.map(|at| at.to_string()),
            api_key: api_key.map(str::to_owned),
        }
    }
}

/// `POST /admin/retail/{merchant_id}/keys`
pub async fn issue(State(cx): State<Cx>, Named(merchant): Named, Sent(new): Sent<NewKey>) -> Result<Response, Problem> {
    let merchant = merchant_id(&merchant)?;
    let body = if let Some(text) = new.key {
        let imported = merchants::import_key(&cx, &merchant, &text).await;
        let record = imported.map_err(|error| Problem::from(error).renamed("api_key", "key"))?;
        // Whoever imports a key has it: it is not shown again.
        KeyBody::new(&record, None)
    } else {
        let (record, key) = merchants::issue_key(&cx, &merchant).await?;
        KeyBody::new(&record, Some(key.expose()))
    };
    Ok(json(StatusCode::CREATED, &body))
}

/// `GET /admin/retail/{merchant_id}/keys`
pub async fn list(State(cx): State<Cx>, Named(merchant): Named) -> Result<Response, Problem> {
    let merchant = merchant_id(&merchant)?;
    let records = cx.store.read(move |tx: &mut Tx<'_>| merchants::list_keys(tx, &merchant)).await?;
    let keys = records.iter().map(|record| KeyBody::new(record, None)).collect();
    Ok(json(StatusCode::OK, &KeysBody { keys }))
}

/// `DELETE /admin/keys/{id}`: the key opens nothing any more.
pub async fn revoke(State(cx): State<Cx>, Named(key): Named) -> Result<Response, Problem> {
    let key = ApiKeyId::parse(&key).map_err(|_| ServiceError::NotFound("API key"))?;
    merchants::revoke_key(&cx, key).await?;
    Ok(json(StatusCode::OK, &RevokedBody { id: key.to_string(), state: "revoked" }))
}
