//! Callers: whom a credential belongs to.
//!
//! Invariant: nothing but the hash of what was presented is looked up, and no error repeats what was presented.

mod known;
mod merchant;
mod shopper;
mod signed;
mod source;

use florin_domain::TokenId;
use florin_domain::seller::Seller;
use florin_store::{TokenRecord, Tx};
use florin_vault::{AccessToken, constant_time_equal, digest};

pub use self::known::KnownCallers;
pub use self::merchant::{MerchantCaller, merchant};
pub(crate) use self::shopper::guest_wallet;
pub use self::shopper::{ShopperCaller, on_behalf, shopper, wallet_of};
pub use self::signed::{Signed, SignedCall, signed};
pub use self::source::Source;
use crate::{Context, ServiceError};

/// A merchant's server that proved itself.
#[derive(Debug)]
pub struct SellerCaller {
    /// The merchant.
    pub seller: Seller,
    /// The credential used.
    pub token: TokenId,
    /// Where buyers go if an order does not say.
    pub redirect_url: Option<String>,
    /// The credential in clear: answers are signed with it.
    pub secret: AccessToken,
}

/// Finds the merchant behind a bearer token.
///
/// # Errors
/// [`ServiceError::Unauthorised`] with a sentence that says what is wrong with the credential.
pub async fn seller(cx: &Context, bearer: Option<&str>) -> Result<SellerCaller, ServiceError> {
    let (secret, environment) = AccessToken::parse(present(bearer)?).map_err(|error| unauthorised(&error.to_string()))?;
    if let Some(environment) = environment.filter(|environment| *environment != cx.policy.environment) {
        let (theirs, ours) = (environment.name(), cx.policy.environment.name());
        return Err(unauthorised(&format!("this is a {theirs} token, but this is a {ours} server: use a {ours} token")));
    }
    let (hash, now) = (secret.hash(), cx.clock.now());
    let (seller, record) = match cx.callers.sellers.find(&hash) {
        Some(known) => known,
        None => ask(cx, hash).await?,
    };
    if !record.is_good(now) {
        let why = if record.revoked_at.is_some() { "this token was revoked" } else { "this token has expired" };
        return Err(unauthorised(why));
    }
    Ok(SellerCaller { seller, token: record.id, redirect_url: record.redirect_url, secret })
}

async fn ask(cx: &Context, hash: [u8; 32]) -> Result<(Seller, TokenRecord), ServiceError> {
    let found = cx.store.read(move |tx: &mut Tx<'_>| tx.find_token_by_hash(&hash).map_err(ServiceError::from)).await?;
    let (seller, record) = found.ok_or_else(|| unauthorised("this token is not known here"))?;
    cx.callers.sellers.remember(hash, (seller.clone(), record.clone()));
    Ok((seller, record))
}

/// Checks the operator's key.
///
/// # Errors
/// [`ServiceError::Unauthorised`] unless it is the right one.
pub fn operator(cx: &Context, bearer: Option<&str>) -> Result<(), ServiceError> {
    let presented = digest(present(bearer)?.as_bytes());
    if constant_time_equal(&presented, &cx.policy.operator_key_hash) { Ok(()) } else { Err(unauthorised("this is not the operator's key")) }
}

fn present(bearer: Option<&str>) -> Result<&str, ServiceError> {
    bearer.ok_or_else(|| unauthorised("one Authorization header that reads \"Bearer TOKEN\" is needed"))
}

pub(crate) fn unauthorised(why: &str) -> ServiceError {
    let mut text = why.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ServiceError::Unauthorised(format!("{text}."))
}
