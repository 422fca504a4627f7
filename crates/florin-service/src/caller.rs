//! Callers: whom a credential belongs to.
//!
//! Invariant: nothing but the hash of what was presented is looked up, and no error repeats what was presented.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use florin_domain::TokenId;
use florin_domain::seller::Seller;
use florin_store::{TokenRecord, Tx};
use florin_vault::{AccessToken, constant_time_equal, digest};

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

/// How long a token that was found good is taken for good without looking again. A token revoked by another process works for
/// this long at most; one revoked here ends at once.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How many tokens are remembered; more are in use at once only in a very large house.
const REMEMBERED_MAX: usize = 4_096;

/// The callers of the last second, so that each request need not ask the books again.
#[derive(Default)]
pub struct KnownCallers(Mutex<HashMap<[u8; 32], Known>>);

struct Known {
    seller: Seller,
    record: TokenRecord,
    asked_at: Instant,
}

impl KnownCallers {
    fn find(&self, hash: &[u8; 32]) -> Option<(Seller, TokenRecord)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(hash).filter(|known| known.asked_at.elapsed() < TRUSTED_FOR)?;
        Some((found.seller.clone(), found.record.clone()))
    }

    /// Only tokens that exist are remembered, so nobody can fill the memory with guesses.
    fn remember(&self, hash: [u8; 32], seller: &Seller, record: &TokenRecord) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(hash, Known { seller: seller.clone(), record: record.clone(), asked_at: Instant::now() });
    }

    /// Forgets everybody: some token has changed.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
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
    let (seller, record) = match cx.callers.find(&hash) {
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
    cx.callers.remember(hash, &seller, &record);
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

fn unauthorised(why: &str) -> ServiceError {
    let mut text = why.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ServiceError::Unauthorised(format!("{text}."))
}
