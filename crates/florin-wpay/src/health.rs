//! What anybody may ask: whether the surface answers, and which keys sign shoppers' tokens.

use florin_service::signing;
use florin_web::Surface;
use http::StatusCode;

use crate::error::Refusal;
use crate::reply::{Media, Reply};

/// For how many seconds the keys may be kept; whoever meets an unknown key asks again.
const KEYS_KEPT_S: u32 = 300;

/// `GET /wow/v1/pay/`
pub async fn check(_: Surface) -> Result<Reply, Refusal> {
    Ok(Reply {
        status: StatusCode::OK,
        body: br#"{"data":{"healthCheck":"success"},"meta":{}}"#.to_vec(),
        media: Media::Json,
        keep_s: None,
    })
}

/// `GET /.well-known/jwks.json`
pub async fn jwks(surface: Surface) -> Result<Reply, Refusal> {
    let keys = signing::jwks(&surface.cx).await?;
    Ok(Reply { status: StatusCode::OK, body: keys.into_bytes(), media: Media::Json, keep_s: Some(KEYS_KEPT_S) })
}
