//! Tokens: the credentials of merchants' servers, as an operator handles them.
//!
//! Invariant: a token is shown once, when it is issued; the books keep its hash and its sealed text.

use std::time::Duration;

use florin_domain::time::days;
use florin_domain::{SellerId, TokenId};
pub use florin_store::TokenRecord;
use florin_store::Tx;
use florin_vault::AccessToken;
use url::Url;

use crate::keeper::token_place;
use crate::{Cx, ServiceError, sellers};

/// The longest address that is kept, in bytes.
const ADDRESS_MAX: usize = 2_048;

/// The longest that an old token may live beside the new one.
const OVERLAP_MAX: Duration = days(90);

/// Issues a token to a seller. The text that comes back is nowhere else to be had.
///
/// # Errors
/// [`ServiceError::NotFound`] without such a seller; [`ServiceError::Invalid`] naming `redirect_url`.
pub async fn issue(cx: &Cx, seller: SellerId, redirect_url: Option<String>) -> Result<(TokenRecord, AccessToken), ServiceError> {
    if redirect_url.as_deref().is_some_and(|url| !is_web_address(url)) {
        return Err(ServiceError::invalid("redirect_url", "must be an absolute http or https address"));
    }
    let token = AccessToken::mint(cx.policy.environment, &cx.random);
    let record = keep(cx, token.clone(), seller, redirect_url, None).await?;
    Ok((record, token))
}

/// Issues a new token in place of an old one, which stays good for `overlap`.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] if the old one opens nothing any more.
pub async fn rotate(cx: &Cx, old: TokenId, overlap: Duration) -> Result<(TokenRecord, AccessToken), ServiceError> {
    if overlap > OVERLAP_MAX {
        return Err(ServiceError::invalid("overlap", "must be 90 days or less"));
    }
    let now = cx.clock.now();
    let found = cx.store.read(move |tx: &mut Tx<'_>| tx.find_token(old).map_err(ServiceError::from)).await?;
    let found = found.ok_or(ServiceError::NotFound("token"))?;
    if !found.is_good(now) {
        return Err(ServiceError::Refused { code: "token_ended", message: "This token has ended; issue a new one.".to_owned() });
    }
    let token = AccessToken::mint(cx.policy.environment, &cx.random);
    let record = keep(cx, token.clone(), found.seller, found.redirect_url, Some((old, overlap))).await?;
    cx.callers.forget();
    Ok((record, token))
}

/// Ends a token now.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] if it is revoked already.
pub async fn revoke(cx: &Cx, token: TokenId) -> Result<(), ServiceError> {
    let now = cx.clock.now();
    let revoked = cx
        .store
        .write(move |tx: &mut Tx<'_>| {
            let found = tx.find_token(token)?.ok_or(ServiceError::NotFound("token"))?;
            if found.revoked_at.is_some() {
                return Err(ServiceError::Refused { code: "token_ended", message: "This token is revoked already.".to_owned() });
            }
            Ok(tx.revoke_token(token, now)?)
        })
        .await;
    cx.callers.forget();
    revoked
}

/// The tokens of one seller, or of all, oldest first.
///
/// # Errors
/// Only if the store fails.
pub async fn list(cx: &Cx, seller: Option<SellerId>) -> Result<Vec<TokenRecord>, ServiceError> {
    cx.store.read(move |tx: &mut Tx<'_>| Ok(tx.list_tokens(seller)?)).await
}

/// Whether `text` is an absolute http or https address of at most 2,048 bytes, without spaces or control characters,
/// which a parser would silently drop.
pub fn is_web_address(text: &str) -> bool {
    let clean = text.len() <= ADDRESS_MAX && !text.chars().any(|sign| sign.is_whitespace() || sign.is_control());
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let absolute = (lower.starts_with("http://") || lower == "https://") && !text.contains('\\');
    // A password in an address would stand in clear in the books.
    clean && absolute && Url::parse(text).is_ok_and(|url| url.has_host() && url.username().is_empty() && url.password().is_none())
}

async fn keep(
    cx: &Cx,
    token: AccessToken,
    seller: SellerId,
    redirect_url: Option<String>,
    replaces: Option<(TokenId, Duration)>,
) -> Result<TokenRecord, ServiceError> {
    let (id, now, cx2) = (TokenId::from_random(cx.random.bytes()), cx.clock.now(), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            sellers::find(tx, seller)?;
            let place = (id.to_string(), seller.to_string());
            let sealed = cx2.keeper.seal(tx, token_place(&place.0, &place.1), token.expose().as_bytes())?;
            let redirect_url = redirect_url.clone();
            let record = TokenRecord { id, seller, redirect_url, created_at: now, expires_at: None, revoked_at: None, sealed };
            tx.insert_token(&record, &token.hash())?;
            if let Some((old, overlap)) = replaces {
                tx.expire_token(old, now.plus(overlap))?;
            }
            Ok(record)
        })
        .await
}
