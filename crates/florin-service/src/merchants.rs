//! Merchants' retail accounts, as an operator handles them: names, keys, allowed addresses, origins.
//!
//! Invariant: an API key is shown once, when it is issued; the books keep its hash alone.

use std::net::IpAddr;

use florin_domain::merchant::{FEE_BPS_MAX, Merchant, MerchantId};
use florin_domain::{ApiKeyId, Timestamp};
pub use florin_store::ApiKeyRecord;
use florin_store::Tx;
use florin_vault::{ApiKey, MerchantKey};
use ipnet::IpNet;
use url::Url;

use crate::{Cx, ServiceError, sellers};

/// The longest name, in characters.
const NAME_MAX: usize = 100;
/// How many origins a merchant may have, and how many networks and public keys.
const LISTED_MAX: usize = 50;
/// The longest id of a public key, in bytes.
const KID_MAX: usize = 64;

/// Opens a merchant's account.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `name`, `origins` or `fee_percent`; [`ServiceError::NotFound`] without such a seller;
/// [`ServiceError::Refused`] `merchant_exists` if the id is taken.
pub fn open(tx: &mut Tx<'_>, merchant: &Merchant) -> Result<(), ServiceError> {
    let merchant = acceptable(merchant)?;
    sellers::find(tx, merchant.seller)?;
    if tx.find_merchant(&merchant.id)?.is_some() {
        return Err(ServiceError::Refused { code: "merchant_exists", message: "There is a merchant of this id already.".to_owned() });
    }
    Ok(tx.insert_merchant(&merchant)?)
}

/// Finds a merchant.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn find(tx: &mut Tx<'_>, merchant: &MerchantId) -> Result<Merchant, ServiceError> {
    tx.find_merchant(merchant)?.ok_or(ServiceError::NotFound("merchant"))
}

/// Every merchant, oldest first.
///
/// # Errors
/// Only if the store fails.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Merchant>, ServiceError> {
    Ok(tx.list_merchants()?)
}

/// Changes name, origins, fee and what is done with repeated references. Calls see it within a second.
///
/// # Errors
/// As [`open`], and [`ServiceError::NotFound`].
pub fn change(tx: &mut Tx<'_>, merchant: &Merchant) -> Result<(), ServiceError> {
    find(tx, &merchant.id)?;
    Ok(tx.save_merchant(&acceptable(merchant)?)?)
}

/// The account as it is kept: origins in the form that browsers send.
fn acceptable(merchant: &Merchant) -> Result<Merchant, ServiceError> {
    let name = merchant.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(ServiceError::invalid("name", "must be 1 to 100 characters"));
    }
    if merchant.fee_bps > FEE_BPS_MAX {
        return Err(ServiceError::invalid("fee_percent", "must be 0 to 10"));
    }
    if merchant.origins.len() > LISTED_MAX {
        return Err(ServiceError::invalid("origins", "must be 50 or fewer"));
    }
    let origins = merchant.origins.iter().map(|text| origin(text)).collect::<Option<Vec<_>>>();
    let origins = origins.ok_or_else(|| ServiceError::invalid("origins", "must be of the form https://shop.example"))?;
    Ok(Merchant { name: name.to_owned(), origins, ..merchant.clone() })
}

/// The origin that `text` is, as browsers write it; nothing for an address with a path, and for one without TLS unless it is
/// this machine's own.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_bare =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let is_own = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_own);
    // A literal of IPv6 cannot stand in the policy that lets a page be framed.
    let is_nameable = url.host_str().is_some_and(|host| !host.starts_with('['));
    (is_bare && is_safe && is_nameable).then(|| url.origin().ascii_serialization())
}

/// Issues an API key. The text that comes back is nowhere else to be had.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub async fn issue_key(cx: &Cx, merchant: &MerchantId) -> Result<(ApiKeyRecord, ApiKey), ServiceError> {
    let key = ApiKey::mint(cx.policy.environment, &cx.random);
    Ok((keep_key(cx, merchant, &key).await?, key))
}

/// Takes over an API key that the merchant holds already.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `api_key`, also for a key of another environment; [`ServiceError::NotFound`];
/// [`ServiceError::Refused`] `key_exists` if it is somebody's already.
pub async fn import_key(cx: &Cx, merchant: &MerchantId, text: &str) -> Result<ApiKeyRecord, ServiceError> {
    let (key, environment) =
        ApiKey::parse(text).map_err(|error| ServiceError::Invalid { field: "api_key", message: format!("is not one: {error}") })?;
    if environment.is_some_and(|environment| environment != cx.policy.environment) {
        return Err(ServiceError::invalid("api_key", "belongs to another environment"));
    }
    keep_key(cx, merchant, &key).await
}

async fn keep_key(cx: &Cx, merchant: &MerchantId, key: &ApiKey) -> Result<ApiKeyRecord, ServiceError> {
    let id = ApiKeyId::from_random(cx.random.bytes());
    let record = ApiKeyRecord { id, merchant: merchant.clone(), created_at: cx.clock.now(), revoked_at: None };
    let hash = key.hash();
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            find(tx, &record.merchant)?;
            if tx.find_api_key(&hash)?.is_some() {
                return Err(ServiceError::Refused { code: "key_exists", message: "This API key is in use already.".to_owned() });
            }
            tx.insert_api_key(&record, &hash)?;
            Ok(record.clone())
        })
        .await
}

/// A merchant's API keys, oldest first.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn list_keys(tx: &mut Tx<'_>, merchant: &MerchantId) -> Result<Vec<ApiKeyRecord>, ServiceError> {
    find(tx, merchant)?;
    Ok(tx.list_api_keys(merchant)?)
}

/// Ends an API key now.
///
/// # Errors
/// [`ServiceError::NotFound`], also if it is revoked already.
pub async fn revoke_key(cx: &Cx, key: ApiKeyId) -> Result<(), ServiceError> {
    let now = cx.clock.now();
    let revoked = cx.store.write(move |tx: &mut Tx<'_>| tx.revoke_api_key(key, now).map_err(ServiceError::from)).await;
    cx.callers.forget();
    if revoked? { Ok(()) } else { Err(ServiceError::NotFound("API key")) }
}

/// Lets servers at these addresses call: `203.0.113.0/24`, `2001:db8::1`. Calls see it within a second.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `network`; [`ServiceError::NotFound`].
pub fn allow(tx: &mut Tx<'_>, merchant: &MerchantId, network: &str) -> Result<IpNet, ServiceError> {
    let network = parse_network(network)?;
    if find(tx, merchant)?.allowed.len() >= LISTED_MAX {
        return Err(ServiceError::invalid("network", "is one too many: a merchant has 50 at the most"));
    }
    tx.allow_network(merchant, &network)?;
    Ok(network)
}

/// Takes these addresses off the list. Calls see it within a second.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `network`; [`ServiceError::NotFound`].
pub fn disallow(tx: &mut Tx<'_>, merchant: &MerchantId, network: &str) -> Result<IpNet, ServiceError> {
    let network = parse_network(network)?;
    find(tx, merchant)?;
    if tx.disallow_network(merchant, &network)? { Ok(network) } else { Err(ServiceError::NotFound("network")) }
}

/// A network, or a single address, which is the smallest one. Bits beyond the prefix are cleared, so that one network has one text.
fn parse_network(text: &str) -> Result<IpNet, ServiceError> {
    let text = text.trim();
    let network = text.parse::<IpNet>().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical())));
    let network = network.ok_or_else(|| ServiceError::invalid("network", "must be an address or a network such as 203.0.113.0/24"))?;
    Ok(plain(network.trunc()))
}

/// An IPv4 network in IPv6 clothes is the IPv4 network: callers are known by their plain addresses.
fn plain(network: IpNet) -> IpNet {
    let address = network.addr().to_canonical();
    let prefix = network.prefix_len().checked_sub(96).filter(|_| network.addr().is_ipv6() && address.is_ipv4());
    prefix.and_then(|prefix| IpNet::new(address, prefix).ok()).unwrap_or(network)
}

/// Registers a public key that the merchant's server signs its calls with.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `kid` or `public_key`; [`ServiceError::NotFound`]; [`ServiceError::Refused`] `key_exists` if
/// the id is taken.
pub fn add_server_key(tx: &mut Tx<'_>, merchant: &MerchantId, kid: &str, pem: &str, now: Timestamp) -> Result<(), ServiceError> {
    if kid.is_empty() || kid.len() > KID_MAX || !kid.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ServiceError::invalid("kid", "must be 1 to 64 visible ASCII characters"));
    }
    let key = MerchantKey::parse_pem(pem)
        .map_err(|error| ServiceError::Invalid { field: "public_key", message: format!("is not accepted: {error}") })?;
    find(tx, merchant)?;
    if tx.list_server_keys(merchant)?.len() >= LISTED_MAX {
        return Err(ServiceError::invalid("kid", "is one too many: a merchant has 50 keys at the most"));
    }
    // Looked for first: a row that exists would end the whole transaction.
    if tx.find_server_key(merchant, kid)?.is_some() {
        return Err(ServiceError::Refused { code: "key_exists", message: "There is a key of this id already.".to_owned() });
    }
    Ok(tx.insert_server_key(merchant, kid, &key.to_pem(), now)?)
}

/// The public keys of a merchant's servers: id, PEM, and since when.
///
/// # Errors
/// Only if the store fails.
pub fn list_server_keys(tx: &mut Tx<'_>, merchant: &MerchantId) -> Result<Vec<(String, String, Timestamp)>, ServiceError> {
    Ok(tx.list_server_keys(merchant)?)
}

/// Forgets a public key: what it signs is refused from now on.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn remove_server_key(tx: &mut Tx<'_>, merchant: &MerchantId, kid: &str) -> Result<(), ServiceError> {
    if tx.remove_server_key(merchant, kid)? { Ok(()) } else { Err(ServiceError::NotFound("key")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        let table = [
            ("https://shop.example", Some("https://shop.example")),
            ("https://Shop.Example:443/", Some("https://shop.example")),
            ("https://shop.example:8443", Some("https://shop.example:8443")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("http://shop.example", None),
            ("https://shop.example/cart", None),
            ("https://me@shop.example", None),
            ("data:text/html,x", None),
            ("*", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(origin(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_network_has_one_text() {
        let table =
            [("203.0.113.9/24", "203.0.113.0/24"), (" 127.0.0.1 ", "127.0.0.1/32"), ("::1", "::1/128"), ("2001:DB8::/32", "2001:db8::/32")];
        for (text, expected) in table {
            assert_eq!(parse_network(text).ok().map(|network| network.to_string()).as_deref(), Some(expected), "{text}");
        }
        for bad in ["", "localhost", "203.0.113.0/33", "203.0.113", "*"] {
            assert!(parse_network(bad).is_err(), "{bad}");
        }
    }
}
