//! Terms and conditions: what shoppers agree to.

use florin_domain::terms::Acceptance;
use florin_service::terms;
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use super::envelope::{Meta, tell};
use super::pages::Query;
use super::refusal::Outcome;
use crate::call::Call;
use crate::fields::Text;
use crate::reply::Reply;

/// What is agreed to. Of all the bodies here this one may come without a `meta`.
#[derive(Debug, Deserialize)]
struct AcceptedSent {
    data: NamedSent,
    #[serde(rename = "meta")]
    _meta: Option<Meta>,
}

#[derive(Debug, Deserialize)]
struct NamedSent {
    #[serde(rename = "type")]
    kind: Text,
    version: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListBody<'t> {
    terms_and_conditions_acceptances: Vec<AcceptanceBody<'t>>,
}

#[derive(Debug, Serialize)]
struct AcceptanceBody<'t> {
    #[serde(rename = "type")]
    kind: &'t str,
    version: &'t str,
    /// In milliseconds since 1970.
    timestamp: i64,
}

impl<'t> AcceptanceBody<'t> {
    fn of(acceptance: &'t Acceptance) -> Self {
        Self { kind: &acceptance.kind, version: &acceptance.version, timestamp: acceptance.accepted_at.micros() / 1_000 }
    }
}

/// `GET …/customer/termsandconditions/acceptance`
pub async fn list(surface: Surface, call: Call) -> Outcome {
    let query = Query::of(call.query());
    let (kind, version) = (query.get("type")?.map(str::to_owned), query.get("version")?.map(str::to_owned));
    let found = terms::list(&surface.cx, call.shopper()?, kind, version).await?;
    Ok(tell(&ListBody { terms_and_conditions_acceptances: found.iter().map(AcceptanceBody::of).collect() }))
}

/// `POST …/customer/termsandconditions/acceptance`
pub async fn accept(surface: Surface, call: Call) -> Outcome {
    let terms = call.json::<AcceptedSent>()?.data;
    terms::accept(&surface.cx, call.shopper()?, terms.kind.as_str(), terms.version.as_str()).await?;
    Ok(Reply::nothing())
}

#[cfg(test)]
mod tests {
    use florin_domain::{Timestamp, WalletId};

    use super::*;

    #[test]
    fn an_acceptance_is_told_with_its_milliseconds() {
        let acceptance = Acceptance {
            wallet: WalletId::from_random([1; 16]),
            kind: "EVERYDAY_PAY".to_owned(),
            version: "1.0.0".to_owned(),
            accepted_at: Timestamp::from_micros(1_795_255_800_000_999),
        };
        let told = serde_json::to_string(&AcceptanceBody::of(&acceptance)).unwrap();
        assert_eq!(told, r#"{"type":"EVERYDAY_PAY","version":"1.0.0","timestamp":1795255800000}"#);
    }

    #[test]
    fn an_acceptance_may_come_without_a_meta() {
        let read = |json: &str| serde_json::from_str::<AcceptedSent>(json).is_ok();
        assert!(read(r#"{"data":{"type":"EVERYDAY_PAY","version":"1.0.0"}}"#));
        assert!(read(r#"{"data":{"type":"EVERYDAY_PAY","version":"1.0.0"},"meta":{}}"#));
        assert!(!read(r#"{"data":{"type":"EVERYDAY_PAY"}}"#) && !read(r#"{"data":{"type":"","version":"1"}}"#));
    }
}
