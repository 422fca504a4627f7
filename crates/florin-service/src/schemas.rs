//! Schemas: the forms that merchants register for the data they send along, and the data held to them.
//!
//! Invariants: a form is registered only if data can be held to it in a short time, whatever the data; that time is spent outside
//! of every transaction and off the threads that serve; a schema neither changes nor goes once it is registered.

mod form;

use std::sync::Arc;

use florin_domain::merchant::MerchantId;
use florin_domain::schema::{Payload, Schema};
use florin_domain::{SchemaId, Timestamp};
use florin_store::Tx;
use tokio::sync::Semaphore;

use crate::caller::MerchantCaller;
use crate::idempotency::{self, IdempotencyKey};
use crate::{Cx, ServiceError};

/// The largest data of a merchant's own that are taken, in bytes.
pub const PAYLOAD_MAX: usize = 32 * 1024;
/// The largest schema that is taken, in bytes.
pub const SCHEMA_MAX: usize = 32 * 1024;
/// How many schemas a merchant may register.
const REGISTERED_MAX: i64 = 200;
/// The longest word for what a schema is for, in bytes.
const KIND_MAX: usize = 64;
/// The longest description, in bytes.
const DESCRIPTION_MAX: usize = 512;

/// How many forms are followed at once; so many processors at the most are kept busy by whoever sends the worst of them.
const FOLLOWED_AT_ONCE: usize = 2;

/// The schema that every merchant has without registering it: with it a merchant asks that the cardholder be authenticated.
const REQUIRES_3DS: &str = "0a221353-b26c-4848-9a77-4a8bcbacf228";
/// That schema.
const REQUIRES_3DS_FORM: &str = r#"{"type":"object","properties":{"requires3DS":{"type":"boolean"}}}"#;

/// Where forms are followed: apart from everything else, and only a few at a time.
#[derive(Debug, Clone)]
pub struct Forms(Arc<Semaphore>);

impl Default for Forms {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(FOLLOWED_AT_ONCE)))
    }
}

/// Data of a merchant's own, as they were sent.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The id of the schema that they follow.
    pub schema: Option<String>,
    /// The data as JSON.
    pub json: Option<String>,
}

/// A schema as it is to be registered.
#[derive(Debug, Clone)]
pub struct NewSchema {
    /// What it is for.
    pub kind: String,
    /// What it is.
    pub description: Option<String>,
    /// The JSON Schema.
    pub json: String,
}

/// Registers a schema; with a key, once a key.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `schema`, `type` or `description`; [`ServiceError::Refused`] `too_many_schemas`;
/// [`ServiceError::KeyReused`].
pub async fn register(cx: &Cx, caller: &MerchantCaller, new: NewSchema, key: Option<IdempotencyKey>) -> Result<Schema, ServiceError> {
    let json = new.json.clone();
    apart(cx, move || form::must_be_sound(&json)).await?;
    if new.kind.is_empty() || new.kind.len() > KIND_MAX {
        return Err(ServiceError::invalid("type", "must have 1 to 64 characters"));
    }
    if new.description.as_ref().is_some_and(|text| text.len() > DESCRIPTION_MAX) {
        return Err(ServiceError::invalid("description", "must have 512 characters at the most"));
    }
    let schema = Schema {
        id: SchemaId::from_random(cx.random.bytes()),
        merchant: caller.merchant.id.clone(),
        kind: new.kind,
        description: new.description,
        json: new.json,
        created_at: cx.clock.now(),
    };
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(named) = idempotency::made(tx, key.as_ref())? {
                let id = SchemaId::parse(&named).map_err(|_| ServiceError::Internal("a key names no schema".to_owned()))?;
                return of_merchant(tx, &schema.merchant, id);
            }
            if tx.count_schemas(&schema.merchant)? >= REGISTERED_MAX {
                let message = "A merchant can register 200 schemas; there are as many.".to_owned();
                return Err(ServiceError::Refused { code: "too_many_schemas", message });
            }
            tx.insert_schema(&schema)?;
            idempotency::remember(tx, key.as_ref(), &schema.id.to_string(), schema.created_at)?;
            Ok(schema.clone())
        })
        .await
}

/// The schemas that a merchant has registered, oldest first.
///
/// # Errors
/// Only if the store fails.
pub async fn list(cx: &Cx, caller: &MerchantCaller) -> Result<Vec<Schema>, ServiceError> {
    let merchant = caller.merchant.id.clone();
    cx.store.read(move |tx: &mut Tx<'_>| Ok(tx.list_schemas(&merchant)?)).await
}

/// A schema of a merchant, or the one that every merchant has.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn find(cx: &Cx, caller: &MerchantCaller, id: SchemaId) -> Result<Schema, ServiceError> {
    let merchant = caller.merchant.id.clone();
    cx.store.read(move |tx: &mut Tx<'_>| of_merchant(tx, &merchant, id)).await
}

fn of_merchant(tx: &mut Tx<'_>, merchant: &MerchantId, id: SchemaId) -> Result<Schema, ServiceError> {
    if id.to_string() == REQUIRES_3DS {
        return Ok(Schema {
            id,
            merchant: merchant.clone(),
            kind: "3DS".to_owned(),
            description: Some("Asks that the cardholder be authenticated.".to_owned()),
            json: REQUIRES_3DS_FORM.to_owned(),
            created_at: Timestamp::from_micros(0),
        });
    }
    tx.find_schema(id)?.filter(|schema| schema.merchant == *merchant).ok_or(ServiceError::NotFound("schema"))
}

/// Data of a merchant's own, held to the schema that they say they follow; `field` is their name. That is done before the
/// transaction that writes them, and not again in it: a schema stays as it was registered.
///
/// # Errors
/// [`ServiceError::NotFound`] for a schema that the merchant has not registered; [`ServiceError::Invalid`] naming `field` for
/// data that are too large or no JSON; [`ServiceError::Refused`] `payload_unfit` for data that do not follow it.
pub(crate) async fn held_to(cx: &Cx, merchant: &MerchantId, field: &'static str, given: &Given) -> Result<Payload, ServiceError> {
    let Some(schema) = &given.schema else {
        must_be_json(field, given.json.as_deref())?;
        return Ok(Payload { schema: None, json: given.json.clone() });
    };
    let id = SchemaId::parse(schema).map_err(|_| ServiceError::NotFound("schema"))?;
    let merchant = merchant.clone();
    let schema = cx.store.read(move |tx: &mut Tx<'_>| of_merchant(tx, &merchant, id)).await?;
    if let Some(json) = given.json.clone() {
        apart(cx, move || form::must_follow(field, &schema.json, &form::read(field, &json, PAYLOAD_MAX)?)).await?;
    }
    Ok(Payload { schema: Some(id), json: given.json.clone() })
}

/// As [`held_to`], of data that need not be there.
pub(crate) async fn held_to_if_any(
    cx: &Cx,
    merchant: &MerchantId,
    field: &'static str,
    given: Option<&Given>,
) -> Result<Option<Payload>, ServiceError> {
    let Some(given) = given.filter(|given| given.schema.is_some() || given.json.is_some()) else { return Ok(None) };
    held_to(cx, merchant, field, given).await.map(Some)
}

/// Does what may take milliseconds of computing where nothing else waits for it.
async fn apart(cx: &Cx, work: impl FnOnce() -> Result<(), ServiceError> + Send + 'static) -> Result<(), ServiceError> {
    let room = Arc::clone(&cx.forms.0).acquire_owned().await;
    let room = room.map_err(|_| ServiceError::Internal("forms are never closed".to_owned()))?;
    let done = tokio::task::spawn_blocking(move || {
        // Kept until the work is done, also if the caller has hung up by then.
        let _room = room;
        work()
    })
    .await;
    done.map_err(|error| ServiceError::Internal(format!("a form could not be followed: {error}")))?
}

/// Checks that a text is JSON of a bearable size; `field` is its name.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `field`.
pub(crate) fn must_be_json(field: &'static str, json: Option<&str>) -> Result<(), ServiceError> {
    json.map_or(Ok(()), |json| form::read(field, json, PAYLOAD_MAX).map(drop))
}

/// Whether a merchant asks with its payload that the cardholder be authenticated.
pub fn requires_authentication(payload: Option<&Payload>) -> bool {
    let Some(payload) = payload.filter(|payload| payload.schema.is_some_and(|schema| schema.to_string() == REQUIRES_3DS)) else {
        return false;
    };
    let data = payload.json.as_deref().and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
    data.is_some_and(|data| data["requires3DS"] == true)
}
