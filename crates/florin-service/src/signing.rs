//! The keys that sign shoppers' tokens: one that mints, and those that minted until lately.
//!
//! Private parts are sealed in the books; a process keeps what it has opened for a minute. Invariant: a key is published, and
//! its tokens are accepted, for as long as a token of it can be good, even one minted by a process that has not heard of the
//! newer key yet.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use florin_domain::Timestamp;
use florin_domain::time::minutes;
pub use florin_store::SigningKeyRecord;
use florin_store::Tx;
use florin_vault::{Algorithm, Claims, Expected, KeySet, PublicKey, SigningKey, TokenError};

use crate::caller::unauthorised;
use crate::keeper::{seconds, signing_key_place};
use crate::shoppers::ACCESS_MAX_S;
use crate::{Context, Cx, ServiceError};

/// How long the opened keys are used without a look into the books.
const KEPT_FOR: Duration = minutes(1);
/// How long a replaced key goes on verifying: as long as the longest token, and as another process may go on minting with it.
const OVERLAP: Duration = Duration::from_secs(ACCESS_MAX_S.unsigned_abs() + 5 * KEPT_FOR.as_secs());
/// How often a token with an unknown key may send us to the books.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// The signing keys of this installation, as this process knows them.
#[derive(Default)]
pub struct Signing {
    ring: RwLock<Option<Arc<Ring>>>,
    asked_at: Mutex<Option<Instant>>,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing(..)")
    }
}

/// The keys, opened.
struct Ring {
    current: SigningKey,
    published: KeySet,
    read_at: Timestamp,
}

impl Signing {
    fn kept(&self) -> Option<Arc<Ring>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, ring: &Arc<Ring>) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(ring));
    }

    /// Whether it is long enough ago that a token sent us to the books. Else anybody could keep us reading.
    fn may_ask(&self) -> bool {
        let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let may = asked_at.is_none_or(|at| at.elapsed() >= ASK_EVERY);
        if may {
            *asked_at = Some(Instant::now());
        }
        may
    }
}

/// Makes a new key that mints from now on; the old ones go on verifying for as long as their tokens live. Answers its id.
///
/// # Errors
/// Only if the store fails.
pub async fn rotate(cx: &Cx, algorithm: Option<Algorithm>) -> Result<String, ServiceError> {
    let key = SigningKey::generate(algorithm.unwrap_or(cx.policy.token_algorithm), &cx.random);
    let (kid, now, cx2) = (key.kid().to_owned(), cx.clock.now(), cx.clone());
    cx.store.write(move |tx: &mut Tx<'_>| install(&cx2, tx, &key, now)).await?;
    cx.signing.keep(&Arc::new(read(cx).await?));
    Ok(kid)
}

/// Every key that the books hold, newest first.
///
/// # Errors
/// Only if the store fails.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<SigningKeyRecord>, ServiceError> {
    Ok(tx.list_signing_keys()?)
}

/// The public keys as RFC 7517 has them published.
///
/// # Errors
/// Only if the store fails.
pub async fn jwks(cx: &Cx) -> Result<String, ServiceError> {
    Ok(ring(cx).await?.published.jwks_json())
}

/// Opens the keys, and makes the first one if there is none; else the first call that needs one does.
///
/// # Errors
/// Only if the store fails.
pub async fn prepare(cx: &Cx) -> Result<(), ServiceError> {
    ring(cx).await.map(drop)
}

/// A token that says `claims`.
pub(crate) async fn mint(cx: &Cx, claims: &Claims) -> Result<String, ServiceError> {
    Ok(ring(cx).await?.current.mint(claims))
}

/// What a token says, if it is one of ours and in time.
///
/// # Errors
/// [`ServiceError::Unauthorised`] with what is wrong with it.
pub(crate) async fn verify(cx: &Cx, token: &str) -> Result<Claims, ServiceError> {
    let audience = audience(cx);
    let expected = Expected { issuer: &cx.policy.base_url, audience: &audience, now_s: seconds(cx.clock.now()) };
    let mut claims = ring(cx).await?.published.verify(token, &expected);
    // Another process may have made a new key since we looked.
    if claims == Err(TokenError::UnknownKey) && cx.signing.may_ask() {
        let ring = Arc::new(read(cx).await?);
        cx.signing.keep(&ring);
        claims = ring.published.verify(token, &expected);
    }
    claims.map_err(|error| unauthorised(&error.to_string()))
}

/// Where our tokens are good.
pub(crate) fn audience(cx: &Context) -> String {
    format!("florin-{}", cx.policy.environment.name())
}

/// The keys, opened within the last minute.
async fn ring(cx: &Cx) -> Result<Arc<Ring>, ServiceError> {
    let (kept, now) = (cx.signing.kept(), cx.clock.now());
    if let Some(ring) = kept.as_ref().filter(|ring| (ring.read_at..ring.read_at.plus(KEPT_FOR)).contains(&now)) {
        return Ok(Arc::clone(ring));
    }
    match (read(cx).await, kept) {
        (Ok(ring), _) => {
            let ring = Arc::new(ring);
            cx.signing.keep(&ring);
            Ok(ring)
        }
        // Whoever holds a good token is let in though the books are away for the moment.
        (Err(ServiceError::Unavailable { .. }), Some(ring)) => Ok(ring),
        (Err(error), _) => Err(error),
    }
}

/// Opens the keys as they stand in the books, and makes the first one if there is none.
async fn read(cx: &Cx) -> Result<Ring, ServiceError> {
    let (now, cx2) = (cx.clock.now(), cx.clone());
    if let Some(ring) = cx.store.read(move |tx: &mut Tx<'_>| open(&cx2, tx, now)).await? {
        return Ok(ring);
    }
    let (first, cx2) = (SigningKey::generate(cx.policy.token_algorithm, &cx.random), cx.clone());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(ring) = open(&cx2, tx, now)? {
                return Ok(ring);
            }
            install(&cx2, tx, &first, now)?;
            open(&cx2, tx, now)?.ok_or_else(|| ServiceError::Internal("a signing key that was written is not there".to_owned()))
        })
        .await
}

/// The keys that count at `now`; nothing if none of them mints.
fn open(cx: &Context, tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<Ring>, ServiceError> {
    let records = tx.list_signing_keys()?;
    let Some(newest) = records.iter().find(|record| record.retires_at.is_none()) else {
        return Ok(None);
    };
    let opened = cx.keeper.open(tx, signing_key_place(&newest.kid), &newest.sealed)?;
    let current =
        SigningKey::from_secret_bytes(&newest.kid, algorithm(newest)?, opened.expose()).map_err(|error| broken(newest, &error))?;
    let mut published = Vec::with_capacity(records.len());
    for record in records.iter().filter(|record| record.retires_at.is_none_or(|end| now < end)) {
        let key = PublicKey::from_bytes(&record.kid, algorithm(record)?, &record.public);
        published.push(key.map_err(|error| broken(record, &error))?);
    }
    Ok(Some(Ring { current, published: KeySet::new(published), read_at: now }))
}

/// Writes a new key that mints from now on.
fn install(cx: &Context, tx: &mut Tx<'_>, key: &SigningKey, now: Timestamp) -> Result<(), ServiceError> {
    let record = SigningKeyRecord {
        kid: key.kid().to_owned(),
        algorithm: key.algorithm().name().to_owned(),
        public: key.public().to_bytes(),
        sealed: cx.keeper.seal(tx, signing_key_place(key.kid()), key.to_secret_bytes().expose())?,
        created_at: now,
        retires_at: None,
    };
    tx.insert_signing_key(&record)?;
    tx.retire_signing_keys(&record.kid, now.plus(OVERLAP))?;
    Ok(())
}

fn algorithm(record: &SigningKeyRecord) -> Result<Algorithm, ServiceError> {
    Algorithm::from_name(&record.algorithm).ok_or_else(|| broken(record, &"its algorithm is unknown"))
}

fn broken(record: &SigningKeyRecord, why: &dyn fmt::Display) -> ServiceError {
    ServiceError::Internal(format!("signing key {}: {why}", record.kid))
}
