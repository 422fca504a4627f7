//! Payment requests: made, listed and taken back by merchants, looked at by shoppers.

use std::time::Duration;

use florin_domain::payment_request::PaymentRequest;
use florin_domain::{PaymentRequestId, Timestamp, WalletId};
use florin_service::payment_requests::{self, NewRequest, RequestFilter};
use florin_service::{digest, qr_codes};
use florin_web::Surface;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::envelope::{Sent, tell, tell_page};
use super::kept::{Basket, Detailed, Kept, PayloadSent, raw};
use super::pages::Query;
use super::qr::{self, QrBody, wanted};
use super::refusal::{Outcome, Unfit};
use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Text;
use crate::maybe::Maybe;
use crate::money::Amount;
use crate::reply::Reply;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewSent {
    merchant_reference_id: Text,
    gross_amount: Amount,
    #[serde(rename = "generateQR")]
    generate_qr: Option<bool>,
    max_uses: Option<u32>,
    time_to_live_payment: Option<u32>,
    #[serde(rename = "timeToLiveQR")]
    time_to_live_qr: Option<u32>,
    #[serde(default)]
    specific_wallet_id: Maybe<Text>,
    #[serde(default)]
    idempotency_key: Maybe<Text>,
    basket: Option<Kept<Basket>>,
    pos_payload: Option<PayloadSent>,
    merchant_payload: Option<PayloadSent>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MadeBody<'t> {
    payment_request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<QrBody<'t>>,
}

/// What every view of a request has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CommonBody<'t> {
    payment_request_id: String,
    merchant_reference_id: &'t str,
    gross_amount: Amount,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShopperBody<'t> {
    #[serde(flatten)]
    common: CommonBody<'t>,
    merchant_id: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    basket: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryBody<'t> {
    #[serde(flatten)]
    common: CommonBody<'t>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses_remaining: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    specific_wallet_id: Option<String>,
}

#[derive(Serialize)]
struct ListBody<'t> {
    payments: Vec<SummaryBody<'t>>,
}

/// How long something lives that lives `seconds`; for ever if nothing, or if nothing is said.
pub fn lives(seconds: Option<u32>) -> Option<Duration> {
    seconds.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.into()))
}

impl NewSent {
    fn read(self) -> Result<NewRequest, Unfit> {
        let wallet = self.specific_wallet_id.0.map(|id| WalletId::parse(id.as_str())).transpose();
        Ok(NewRequest {
            merchant_reference: self.merchant_reference_id.into_string(),
            amount: self.gross_amount.money(),
            max_uses: Some(self.max_uses.unwrap_or(1)).filter(|uses| *uses > 0),
            lives: lives(self.time_to_live_payment),
            wallet: wallet.map_err(|_| Unfit::unknown("wallet"))?,
            basket: self.basket.map(Kept::into_json),
            pos_payload: self.pos_payload.map(Into::into),
            merchant_payload: self.merchant_payload.map(Into::into),
            qr: wanted(self.generate_qr, self.time_to_live_qr),
        })
    }
}

impl<'t> CommonBody<'t> {
    fn of(request: &'t PaymentRequest) -> Self {
        Self {
            payment_request_id: request.id.to_string(),
            merchant_reference_id: &request.merchant_reference,
            gross_amount: Amount(request.amount),
        }
    }
}

impl<'t> ShopperBody<'t> {
    fn of(request: &'t PaymentRequest) -> Self {
        let basket = request.basket.as_deref().and_then(raw);
        Self { common: CommonBody::of(request), merchant_id: request.merchant.as_str(), basket }
    }
}

impl<'t> SummaryBody<'t> {
    fn of(request: &'t PaymentRequest, now: Timestamp) -> Self {
        Self {
            common: CommonBody::of(request),
            uses_remaining: request.uses_left(now),
            expiry_time: request.ends_at().map(Timestamp::to_millis_text),
            specific_wallet_id: request.wallet.map(|wallet| wallet.to_string()),
        }
    }
}

/// A request as its merchant sees it.
fn details(request: &PaymentRequest, now: Timestamp) -> Detailed<SummaryBody<'_>> {
    Detailed::of(SummaryBody::of(request, now), request, true)
}

/// The request that a call names. A client that names none by mistake gets the same 422 as for any other that is not there.
///
/// # Errors
/// A 422 for what is no id.
pub fn id(call: &Call) -> Result<PaymentRequestId, Unfit> {
    named(call.param("paymentRequestId"))
}

/// The request of this name.
///
/// # Errors
/// As [`id`].
pub fn named(text: &str) -> Result<PaymentRequestId, Unfit> {
    PaymentRequestId::parse(text).map_err(|_| Unfit::unknown("payment request"))
}

/// `POST …/merchant/payments`
pub async fn create(surface: Surface, call: Call) -> Outcome {
    let mut sent = call.json::<Sent<NewSent>>()?.data;
    let key = sent.idempotency_key.0.take();
    let key = key.map(|key| payment_requests::key(&surface.cx, &call.merchant, key.into_string(), &digest(call.body())));
    let key = key.or_else(|| call.key());
    let made = payment_requests::create(&surface.cx, &call.merchant, sent.read()?, key).await?;
    let qr = made.qr.as_ref().map(QrBody::of).transpose()?;
    Ok(tell(&MadeBody { payment_request_id: made.request.id.to_string(), qr }))
}

/// `GET …/merchant/payments`
pub async fn list(surface: Surface, call: Call) -> Outcome {
    let query = Query::of(call.query());
    let (page, filter) = (query.page()?, filter(query.get("type")?)?);
    let (total, found) = payment_requests::list(&surface.cx, &call.merchant, filter, page).await?;
    let now = surface.cx.clock.now();
    let payments = found.iter().map(|request| SummaryBody::of(request, now)).collect();
    Ok(tell_page(&ListBody { payments }, found.len(), total))
}

fn filter(word: Option<&str>) -> Result<RequestFilter, Refusal> {
    match word.map(str::to_ascii_uppercase).as_deref() {
        None | Some("ACTIVE") => Ok(RequestFilter::Active),
        Some("INACTIVE") => Ok(RequestFilter::Inactive),
        Some("ALL") => Ok(RequestFilter::All),
        Some(_) => Err(Refusal::invalid("type must be ACTIVE, INACTIVE or ALL.")),
    }
}

/// `GET …/merchant/payments/{paymentRequestId}`
pub async fn show_merchants(surface: Surface, call: Call) -> Outcome {
    let request = payment_requests::find(&surface.cx, &call.merchant, id(&call)?).await?;
    Ok(tell(&details(&request, surface.cx.clock.now())))
}

/// `DELETE …/merchant/payments/{paymentRequestId}`
pub async fn close(surface: Surface, call: Call) -> Outcome {
    payment_requests::close(&surface.cx, &call.merchant, id(&call)?, call.key()).await?;
    Ok(Reply::nothing())
}

/// `GET …/customer/payments/{paymentRequestId}`
pub async fn show_shoppers(surface: Surface, call: Call) -> Outcome {
    let request = payment_requests::find_for_shopper(&surface.cx, call.shopper()?, id(&call)?).await?;
    Ok(tell(&ShopperBody::of(&request)))
}

/// `GET …/customer/qr/{qrId}`
pub async fn show_scanned(surface: Surface, call: Call) -> Outcome {
    let request = qr_codes::request_behind(&surface.cx, call.shopper()?, qr::id(&call)?).await?;
    Ok(tell(&ShopperBody::of(&request)))
}

#[cfg(test)]
mod tests {
    use florin_domain::merchant::MerchantId;
    use florin_domain::money::{Currency, Money};
    use florin_domain::schema::Payload;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

    fn request() -> PaymentRequest {
        PaymentRequest {
            id: PaymentRequestId::from_random([1; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            merchant_reference: "till 4".to_owned(),
            amount: Money::new(1_250, Currency::Aud),
            max_uses: None,
            uses: 3,
            expires_at: None,
            wallet: None,
            basket: None,
            pos_payload: None,
            merchant_payload: None,
            created_at: NOW,
            closed_at: None,
        }
    }

    #[test]
    fn what_a_request_does_not_have_is_left_out() {
        let request = request();
        let common = json!({
            "paymentRequestId": "01010101-0101-4101-8101-010101010101", "merchantReferenceId": "till 4", "grossAmount": 12.5,
        });
        assert_eq!(serde_json::to_value(details(&request, NOW)).unwrap(), common);
        let mut expected = common;
        expected["merchantId"] = json!("10006");
        assert_eq!(serde_json::to_value(ShopperBody::of(&request)).unwrap(), expected);
    }

    #[test]
    fn a_request_is_told_whole() {
        let request = PaymentRequest {
            max_uses: Some(2),
            uses: 1,
            expires_at: Some(NOW.plus(Duration::from_mins(1))),
            wallet: Some(WalletId::from_random([2; 16])),
            basket: Some(r#"{"items":[]}"#.to_owned()),
            pos_payload: Some(Payload { schema: None, json: Some("{}".to_owned()) }),
            ..request()
        };
        let told = serde_json::to_value(details(&request, NOW)).unwrap();
        assert_eq!((&told["usesRemaining"], &told["expiryTime"]), (&json!(1), &json!("2026-11-21T10:11:00.000Z")));
        assert_eq!((&told["specificWalletId"], &told["basket"]), (&json!("02020202-0202-4202-8202-020202020202"), &json!({"items": []})));
        assert_eq!(told["posPayload"], json!({"payload": {}}));
        let closed = request.close(false, NOW).unwrap();
        let told = serde_json::to_value(SummaryBody::of(&closed, NOW)).unwrap();
        assert_eq!((&told["usesRemaining"], &told["expiryTime"]), (&json!(0), &json!("2026-11-21T10:10:00.000Z")));
    }

    #[test]
    fn what_is_not_said_of_a_request_is_the_contracts_default() {
        let read = |more: &str| {
            let json = format!(r#"{{"merchantReferenceId":"r","grossAmount":100{more}}}"#);
            serde_json::from_str::<NewSent>(&json).ok().and_then(|sent| sent.read().ok())
        };
        let plain = read("").unwrap();
        assert_eq!((plain.max_uses, plain.lives, plain.wallet, plain.qr.is_some()), (Some(1), None, None, false));
        let more = r#","maxUses":0,"timeToLivePayment":0,"generateQR":true,"timeToLiveQR":60,"specificWalletId":"""#;
        let said = read(more).unwrap();
        assert_eq!((said.max_uses, said.lives, said.wallet), (None, None, None));
        assert_eq!(said.qr.unwrap().lives, Some(Duration::from_mins(1)));
        for bad in [
            r#","maxUses":-1"#,
            r#","maxUses":1.5"#,
            r#","timeToLivePayment":"60""#,
            r#","specificWalletId":"w""#,
            r#","generateQR":"true""#,
            r#","basket":{"items":{}}"#,
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn lists_are_named_in_any_case() {
        assert_eq!(filter(None).ok(), Some(RequestFilter::Active));
        assert_eq!(filter(Some("all")).ok(), Some(RequestFilter::All));
        assert_eq!(filter(Some("Inactive")).ok(), Some(RequestFilter::Inactive));
        assert!(filter(Some("used")).is_err());
    }
}
