//! Merchants' servers and pages, known by their API key.

use std::sync::Arc;

use florin_domain::ApiKeyId;
use florin_domain::merchant::Merchant;
use florin_store::{ApiKeyRecord, Tx};
use florin_vault::ApiKey;

use super::unauthorised;
use crate::{Context, ServiceError};

/// Whose API key came with a call. It says at which merchant the call is made, and by itself opens little.
#[derive(Debug, Clone)]
pub struct MerchantCaller {
    /// The merchant.
    pub merchant: Arc<Merchant>,
    /// The key used.
    pub key: ApiKeyId,
}

/// Finds the merchant behind an API key.
///
/// # Errors
/// [`ServiceError::Unauthorised`] with a sentence that says what is wrong with the key.
pub async fn merchant(cx: &Context, api_key: Option<&str>) -> Result<MerchantCaller, ServiceError> {
    let text = api_key.ok_or_else(|| unauthorised("an API key is needed in the X-Api-Key header"))?;
    let (key, environment) = ApiKey::parse(text).map_err(|error| unauthorised(&error.to_string()))?;
    if let Some(environment) = environment.filter(|environment| *environment != cx.policy.environment) {
        let (theirs, ours) = (environment.name(), cx.policy.environment.name());
        return Err(unauthorised(&format!("this is a {theirs} API key, but this is a {ours} server: use a {ours} key")));
    }
    let hash = key.hash();
    let (merchant, record) = match cx.callers.merchants.find(&hash) {
        Some(known) => known,
        None => ask(cx, hash).await?,
    };
    if record.revoked_at.is_some() {
        return Err(unauthorised("this API key was revoked"));
    }
    Ok(MerchantCaller { merchant, key: record.id })
}

async fn ask(cx: &Context, hash: [u8; 32]) -> Result<(Arc<Merchant>, ApiKeyRecord), ServiceError> {
    let found = cx.store.read(move |tx: &mut Tx<'_>| tx.find_api_key(&hash).map_err(ServiceError::from)).await?;
    let (merchant, record) = found.ok_or_else(|| unauthorised("this API key is not known here"))?;
    let known = (Arc::new(merchant), record);
    cx.callers.merchants.remember(hash, known.clone());
    Ok(known)
}
