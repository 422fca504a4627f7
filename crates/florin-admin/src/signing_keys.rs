//! `/admin/signing-keys`: the keys that sign shoppers' access tokens. Their public halves are what the world verifies by.

use axum::extract::State;
use axum::response::Response;
use florin_service::{Algorithm, Cx, signing};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::problem::Problem;

/// How the new key signs; as the server is set up unless said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    algorithm: Option<String>,
}

#[derive(Serialize)]
struct RotatedBody {
    kid: String,
    state: &'static str,
}

#[derive(Serialize)]
struct KeyBody {
    kid: String,
    algorithm: String,
    created_at: String,
    retires_at: Option<String>,
}

#[derive(Serialize)]
struct KeysBody {
    signing_keys: Vec<KeyBody>,
}

/// `GET /admin/signing-keys`, newest first.
pub async fn list(State(cx): State<Cx>) -> Result<Response, Problem> {
    let records = cx.store.read(signing::list).await?;
    let signing_keys = records
        .into_iter()
        .map(|record| KeyBody {
            kid: record.kid,
            algorithm: record.algorithm,
            created_at: record.created_at.to_string(),
            retires_at: record.retires_at.map(|at| at.to_string()),
        })
        .collect();
    Ok(json(StatusCode::OK, &KeysBody { signing_keys }))
}

/// `POST /admin/signing-keys/rotate`: new tokens are signed with a new key, old ones stay good for their time.
pub async fn rotate(State(cx): State<Cx>, Sent(rotation): Sent<Rotation>) -> Result<Response, Problem> {
    let known = |name: &str| Algorithm::from_name(name).ok_or_else(|| Problem::invalid("algorithm", "must be EdDSA or ES256"));
    let algorithm = rotation.algorithm.as_deref().map(known).transpose()?;
    let kid = signing::rotate(&cx, algorithm).await?;
    Ok(json(StatusCode::CREATED, &RotatedBody { kid, state: "signing" }))
}
