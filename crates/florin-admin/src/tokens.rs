//! `/admin/tokens`: merchants' access tokens. A token's text is shown once, in the answer to its making.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use florin_domain::{SellerId, Timestamp, TokenId};
use florin_service::tokens::TokenRecord;
use florin_service::{Cx, ServiceError, clock, tokens};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::body::{Sent, json};
use crate::problem::Problem;
use crate::query::{Asked, Named, id};

/// A token to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    seller: String,
    redirect_url: Option<String>,
}

/// How long the old token stays good beside the new one; not at all unless said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    overlap: Option<String>,
}

/// Whose tokens to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    seller: Option<String>,
}

#[derive(Serialize)]
struct TokenBody {
    id: String,
    seller: String,
    redirect_url: Option<String>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
}

#[derive(Serialize)]
struct TokensBody {
    tokens: Vec<TokenBody>,
}

#[derive(Serialize)]
struct RevokedBody {
    id: String,
    state: &'static str,
}

impl TokenBody {
    fn new(record: TokenRecord, access_token: Option<&str>) -> Self {
        let text = |at: Timestamp| at.to_string();
        Self {
            id: record.id.to_string(),
            seller: record.seller.to_string(),
            redirect_url: record.redirect_url,
            created_at: record.created_at.to_string(),
            expires_at: record.expires_at.map(text),
            revoked_at: record.revoked_at.map(text),
            access_token: access_token.map(str::to_owned),
        }
    }
}

/// `POST /admin/tokens`
pub async fn issue(State(cx): State<Cx>, Sent(new): Sent<NewToken>) -> Result<Response, Problem> {
    let seller = id("seller", &new.seller, SellerId::parse)?;
    let (record, token) = tokens::issue(&cx, seller, new.redirect_url).await?;
    Ok(json(StatusCode::CREATED, &TokenBody::new(record, Some(token.expose()))))
}

/// `GET /admin/tokens?seller=`
pub async fn list(State(cx): State<Cx>, Asked(whose): Asked<Whose>) -> Result<Response, Problem> {
    let seller = whose.seller.map(|text| id("seller", &text, SellerId::parse)).transpose()?;
    let tokens = tokens::list(&cx, seller).await?;
    let tokens = tokens.into_iter().map(|record| TokenBody::new(record, None)).collect();
    Ok(json(StatusCode::OK, &TokensBody { tokens }))
}

/// `POST /admin/tokens/{token}/revoke`
pub async fn revoke(State(cx): State<Cx>, Named(token): Named) -> Result<Response, Problem> {
    let token = token_id(&token)?;
    tokens::revoke(&cx, token).await?;
    Ok(json(StatusCode::OK, &RevokedBody { id: token.to_string(), state: "revoked" }))
}

/// `POST /admin/tokens/{token}/rotate`: a new token beside the old one, which ends after the overlap.
pub async fn rotate(State(cx): State<Cx>, Named(token): Named, Sent(rotation): Sent<Rotation>) -> Result<Response, Problem> {
    let overlap = match rotation.overlap.as_deref() {
        Some("0s") | None => Duration::ZERO,
        Some(text) => clock::parse_span(text).ok_or_else(|| Problem::invalid("overlap", "must be a span of time, such as 24h"))?,
    };
    let (record, token) = tokens::rotate(&cx, token_id(&token)?, overlap).await?;
    Ok(json(StatusCode::CREATED, &TokenBody::new(record, Some(token.expose()))))
}

/// A path that names no possible token is a path to nothing.
fn token_id(text: &str) -> Result<TokenId, Problem> {
    TokenId::parse(text).map_err(|_| ServiceError::NotFound("token").into())
}
