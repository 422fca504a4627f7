//! Shoppers' tokens: issued to the merchant's server, carried by the shopper's browser, renewed by a refresh token.
//!
//! Invariants: a refresh token is good once, and only its hash is kept; a second use ends all that came from the same sign-in.

use std::fmt;
use std::time::Duration;

use florin_domain::merchant::Merchant;
use florin_domain::shopper::{ShopperId, WalletKind};
use florin_domain::{ApiKeyId, FamilyId, Timestamp};
use florin_store::{RefreshRecord, Tx};
use florin_vault::{Claims, RefreshToken, hex};

use crate::caller::{MerchantCaller, guest_wallet, unauthorised, wallet_of};
use crate::keeper::seconds;
use crate::{Cx, ServiceError, signing};

/// The shortest life of a token, in seconds.
pub const TOKEN_MIN_S: i64 = 60;
/// The longest life of an access token: a day.
pub const ACCESS_MAX_S: i64 = 86_400;
/// The longest life of a refresh token: a year.
pub const REFRESH_MAX_S: i64 = 31_536_000;
/// The life of an access token unless its merchant says otherwise: an hour.
const ACCESS_S: i64 = 3_600;
/// The life of a refresh token unless its merchant says otherwise: thirty days.
const REFRESH_S: i64 = 2_592_000;
/// By how much the clocks of servers that share a database may differ.
const CLOCK_SKEW_S: i64 = 60;

/// A shopper to be signed in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The shopper's stable name in the merchant's system.
    pub shopper: String,
    /// Whether nothing is to be kept for them.
    pub guest: bool,
    /// For how many seconds the access token is to be good; an hour if nothing is said.
    pub access_s: Option<i64>,
    /// For how many seconds the refresh token is to be good; thirty days if nothing is said.
    pub refresh_s: Option<i64>,
}

/// A pair of tokens.
pub struct Tokens {
    /// The access token: a signed JWT.
    pub access: String,
    /// For how many seconds it is good at least; one less than was asked for.
    pub access_expires_in_s: i64,
    /// Renews the pair, once.
    pub refresh: RefreshToken,
    /// For how many seconds that is possible at least.
    pub refresh_expires_in_s: i64,
    /// When they were issued.
    pub issued_at: Timestamp,
    /// Whether they are a guest's.
    pub guest: bool,
}

/// Prints nothing of the tokens.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(..)")
    }
}

/// Issues tokens for a shopper of the merchant.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `shopperId`, `access_token_exp` or `refresh_token_exp`.
pub async fn sign_in(cx: &Cx, caller: &MerchantCaller, ask: SignIn) -> Result<Tokens, ServiceError> {
    let shopper = ShopperId::parse(&ask.shopper).map_err(|error| ServiceError::invalid("shopperId", &error))?;
    let lives = lives(ask.access_s, ask.refresh_s)?;
    let issue = Issue::new(cx, shopper, ask.guest, lives);
    let record = issue.record(&caller.merchant, caller.key, FamilyId::from_random(cx.random.bytes()));
    cx.store.write(move |tx: &mut Tx<'_>| tx.insert_refresh_token(&record).map_err(ServiceError::from)).await?;
    issue.tokens(cx, &caller.merchant).await
}

/// What a refresh token opened.
enum Presented {
    Good(Box<Issue>),
    /// It is not good; what was written about it is kept.
    Bad(&'static str),
}

/// Issues the next pair of tokens for a refresh token, which is spent by it. The new pair lives as long as the old one did.
///
/// # Errors
/// [`ServiceError::Unauthorised`] unless it is unspent, in time, and was issued under the caller's API key.
pub async fn refresh(cx: &Cx, caller: &MerchantCaller, text: &str) -> Result<Tokens, ServiceError> {
    let token = RefreshToken::parse(text).map_err(|error| unauthorised(&error.to_string()))?;
    let (hash, merchant, key, cx2) = (token.hash(), caller.merchant.clone(), caller.key, cx.clone());
    let presented = cx.store.write(move |tx: &mut Tx<'_>| exchange(&cx2, tx, &hash, (&merchant, key))).await?;
    match presented {
        Presented::Good(issue) => issue.tokens(cx, &caller.merchant).await,
        Presented::Bad(why) => Err(unauthorised(why)),
    }
}

fn exchange(cx: &Cx, tx: &mut Tx<'_>, hash: &[u8; 32], (merchant, key): (&Merchant, ApiKeyId)) -> Result<Presented, ServiceError> {
    let now = cx.clock.now();
    let Some((old, spent, revoked)) = tx.find_refresh_token(hash)?.filter(|(old, ..)| old.merchant == merchant.id && old.key == key) else {
        return Ok(Presented::Bad("this refresh token is not known here, or was issued under another API key"));
    };
    if revoked {
        return Ok(Presented::Bad("this refresh token was revoked"));
    }
    if old.expires_at <= now {
        return Ok(Presented::Bad("this refresh token has expired"));
    }
    if spent || !tx.spend_refresh_token(hash, now)? {
        // Two hold it, and one of them stole it: nobody can tell which, so both start again.
        tx.revoke_family(old.family, now)?;
        return Ok(Presented::Bad("this refresh token was used before; everything that came from its sign-in is revoked"));
    }
    let shopper = ShopperId::parse(&old.shopper).map_err(|_| ServiceError::Internal("a refresh token names no shopper".to_owned()))?;
    let issue = Issue::new(cx, shopper, old.guest, (old.access_s, old.refresh_s));
    tx.insert_refresh_token(&issue.record(merchant, key, old.family))?;
    Ok(Presented::Good(Box::new(issue)))
}

/// Tokens about to be issued.
struct Issue {
    shopper: ShopperId,
    guest: bool,
    access_s: i64,
    refresh_s: i64,
    refresh: RefreshToken,
    at: Timestamp,
}

impl Issue {
    fn new(cx: &Cx, shopper: ShopperId, guest: bool, (access_s, refresh_s): (i64, i64)) -> Self {
        Self { shopper, guest, access_s, refresh_s, refresh: RefreshToken::mint(&cx.random), at: cx.clock.now() }
    }

    fn record(&self, merchant: &Merchant, key: ApiKeyId, family: FamilyId) -> RefreshRecord {
        RefreshRecord {
            hash: self.refresh.hash(),
            family,
            merchant: merchant.id.clone(),
            key,
            shopper: self.shopper.as_str().to_owned(),
            guest: self.guest,
            expires_at: self.at.plus(Duration::from_secs(self.refresh_s.unsigned_abs())),
            access_s: self.access_s,
            refresh_s: self.refresh_s,
        }
    }

    async fn tokens(self, cx: &Cx, merchant: &Merchant) -> Result<Tokens, ServiceError> {
        let (id, issued_at_s) = (hex::encode(&cx.random.bytes::<16>()), seconds(self.at));
        let wallet = if self.guest {
            guest_wallet(&merchant.id, &id, WalletKind::Merchant)
        } else {
            wallet_of(&merchant.id, &self.shopper, WalletKind::Merchant)
        };
        let claims = Claims {
            issuer: cx.policy.base_url.clone(),
            audience: signing::audience(cx),
            subject: self.shopper.as_str().to_owned(),
            merchant: merchant.id.as_str().to_owned(),
            wallet: wallet.to_string(),
            id,
            guest: self.guest,
            issued_at_s,
            // Another server's clock may be a little behind ours.
            not_before_s: issued_at_s - CLOCK_SKEW_S,
            expires_at_s: issued_at_s + self.access_s,
        };
        Ok(Tokens {
            access: signing::mint(cx, &claims).await?,
            access_expires_in_s: self.access_s - 1,
            refresh: self.refresh,
            refresh_expires_in_s: self.refresh_s - 1,
            issued_at: self.at,
            guest: self.guest,
        })
    }
}

/// The lives that are asked for, in seconds.
fn lives(access_s: Option<i64>, refresh_s: Option<i64>) -> Result<(i64, i64), ServiceError> {
    let (access_s, refresh_s) = (access_s.unwrap_or(ACCESS_S), refresh_s.unwrap_or(REFRESH_S));
    if !(TOKEN_MIN_S..=ACCESS_MAX_S).contains(&access_s) {
        return Err(ServiceError::Invalid {
            field: "access_token_exp",
            message: format!("must be {TOKEN_MIN_S} to {ACCESS_MAX_S} seconds"),
        });
    }
    if !(TOKEN_MIN_S..=REFRESH_MAX_S).contains(&refresh_s) {
        return Err(ServiceError::Invalid {
            field: "refresh_token_exp",
            message: format!("must be {TOKEN_MIN_S} to {REFRESH_MAX_S} seconds"),
        });
    }
    if refresh_s < access_s {
        return Err(ServiceError::invalid("refresh_token_exp", "must not be shorter than the life of the access token"));
    }
    Ok((access_s, refresh_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_have_defaults_and_bounds() {
        assert_eq!(lives(None, None).unwrap(), (3_600, 2_592_000));
        assert_eq!(lives(Some(60), Some(60)).unwrap(), (60, 60));
        assert_eq!(lives(Some(86_400), Some(31_536_000)).unwrap(), (86_400, 31_536_000));
        let table = [
            (Some(59), None, "access_token_exp"),
            (Some(86_401), None, "access_token_exp"),
            (Some(-1), None, "access_token_exp"),
            (None, Some(59), "refresh_token_exp"),
            (None, Some(31_536_001), "refresh_token_exp"),
            (None, Some(3_599), "refresh_token_exp"),
            (Some(i64::MIN), Some(i64::MAX), "access_token_exp"),
        ];
        for (access_s, refresh_s, expected) in table {
            let refused = lives(access_s, refresh_s);
            assert!(
                matches!(&refused, Err(ServiceError::Invalid { field, .. }) if *field == expected),
                "{access_s:?} {refresh_s:?}: {refused:?}"
            );
        }
    }
}
