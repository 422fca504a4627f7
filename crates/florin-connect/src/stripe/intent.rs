//! Reading intents: how a payment stands, and which intent a key brought about.

use serde_json::Value;

use super::{KEY, StripeAcquirer, decline, id_of, verdict as declined_verdict};
use crate::{Authorised, CardVerdict, ConnectError, Decline};

/// The most that a list gives at once.
const PAGE: usize = 100;
/// As many pages of payments are read before the search is asked: with a hundred payments a minute, the last twenty minutes.
const PAGES_MAX: usize = 20;

/// How a payment stands; `None` if it was never confirmed, so that nothing was asked of the issuer.
pub(super) fn outcome(intent: &Value) -> Result<Option<Authorised>, ConnectError> {
    Ok(Some(match status(intent) {
        // Only what was authorised is ever cancelled here, or runs out.
        "requires_capture" | "succeeded" | "canceled" => Authorised::Approved { reference: id_of(intent)?, network_code: "00".to_owned() },
        "requires_action" => Authorised::Declined(authentication_wanted(&id_of(intent)?)),
        "requires_payment_method" if intent["last_payment_error"].is_object() => {
            Authorised::Declined(decline::from_error(&intent["last_payment_error"]))
        }
        "requires_confirmation" | "requires_payment_method" => return Ok(None),
        other => return Err(under_way(other)),
    }))
}

/// What the check of a card found.
pub(super) fn verdict(setup: &Value) -> Result<CardVerdict, ConnectError> {
    match status(setup) {
        "succeeded" => Ok(CardVerdict::Verified),
        "requires_action" => Ok(declined_verdict(authentication_wanted(&id_of(setup)?))),
        "requires_payment_method" | "canceled" => Ok(declined_verdict(decline::from_error(&setup["last_setup_error"]))),
        other => Err(under_way(other)),
    }
}

pub(super) fn status(object: &Value) -> &str {
    object["status"].as_str().unwrap_or("an unknown status")
}

pub(super) fn under_way(status: &str) -> ConnectError {
    ConnectError::Unavailable(format!("it stands at {}", status.chars().take(40).collect::<String>()))
}

/// Whether `text` may stand in a path: what Stripe names has letters, digits and underscores.
pub(super) fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(super) fn carries(object: &Value, key: &str) -> bool {
    object["metadata"][KEY].as_str() == Some(key)
}

fn authentication_wanted(id: &str) -> Decline {
    let message = "The issuer wants the cardholder authenticated.".to_owned();
    Decline { reason: decline::authentication(id), network_code: "1A".to_owned(), message }
}

impl StripeAcquirer {
    /// How the payment of `key` stands; `None` if it never arrived.
    ///
    /// The list is exact and long, the search is quick and some minutes late; the one is asked about what is recent, the
    /// other about all that is older, so that together they miss nothing.
    pub(super) async fn outcome_of(&self, key: &str) -> Result<Option<Authorised>, ConnectError> {
        let found = match self.listed("/v1/payment_intents?", |intent| carries(intent, key)).await? {
            Listed::Found(intent) => Some(intent),
            Listed::Nowhere => None,
            Listed::BeyondReach => self.searched(key).await?,
        };
        found.map_or(Ok(None), |intent| outcome(&intent))
    }

    /// The first object of a list, newest first, that is `wanted`. `list` ends with a question mark or an ampersand.
    pub(super) async fn listed(&self, list: &str, wanted: impl Fn(&Value) -> bool) -> Result<Listed, ConnectError> {
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let mut page = self.get(&format!("{list}limit={PAGE}{after}")).await?;
            // Whatever is no list leaves open what is in it.
            let Ok(Value::Array(objects)) = page.as_mut().map(|page| page["data"].take()) else {
                return Err(ConnectError::Unavailable("a list without its contents".to_owned()));
            };
            let oldest = objects.last().map(id_of).transpose()?;
            if let Some(found) = objects.into_iter().find(&wanted) {
                return Ok(Listed::Found(found));
            }
            match oldest.filter(|_| page.is_ok_and(|page| page["has_more"] == true)) {
                Some(oldest) => after = format!("&starting_after={oldest}"),
                None => return Ok(Listed::Nowhere),
            }
        }
        Ok(Listed::BeyondReach)
    }

    async fn searched(&self, key: &str) -> Result<Option<Value>, ConnectError> {
        let quoted = key.replace('\\', "\\\\").replace('\'', "\\'");
        let query: String = url::form_urlencoded::byte_serialize(format!("metadata['{KEY}']:'{quoted}'").as_bytes()).collect();
        match self.get(&format!("/v1/payment_intents/search?limit={PAGE}&query={query}")).await? {
            Ok(mut page) => {
                Ok(page["data"].as_array_mut().and_then(|found| found.iter_mut().find(|intent| carries(intent, key))).map(Value::take))
            }
            // An account without a search cannot tell, and a payment must not be made twice for that.
            Err(_) => Err(ConnectError::Unavailable("this account's payments cannot be searched".to_owned())),
        }
    }
}

/// What came of looking through a list.
pub(super) enum Listed {
    /// There it is.
    Found(Value),
    /// It is not in the list.
    Nowhere,
    /// It is not among what was read, and there is more.
    BeyondReach,
}
