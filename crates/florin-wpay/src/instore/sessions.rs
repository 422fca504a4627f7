//! Payment sessions: opened by merchants, taken up by shoppers, ended by either.

use florin_domain::PaymentSessionId;
use florin_domain::session::PaymentSession;
use florin_service::ServiceError;
use florin_service::sessions::{self, NewSession, News};
use florin_web::Surface;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::envelope::{Sent, tell};
use super::how::{self, HowSent};
use super::kept::{PayloadBody, PayloadSent};
use super::pages::Query;
use super::qr::{self, QrBody, wanted};
use super::refusal::{Outcome, Unfit};
use super::requests::{self, lives};
use crate::call::Call;
use crate::error::Refusal;
use crate::fields::Text;
use crate::maybe::Maybe;
use crate::reply::Reply;
use crate::words;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewSent {
    location: Text,
    merchant_info: PayloadSent,
    #[serde(rename = "generateQR")]
    generate_qr: Option<bool>,
    time_to_live_payment_session: Option<u32>,
    #[serde(rename = "timeToLiveQR")]
    time_to_live_qr: Option<u32>,
    #[serde(default)]
    payment_request_id: Maybe<Text>,
}

/// What a merchant says anew.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewsSent {
    merchant_info: PayloadSent,
    #[serde(default)]
    payment_request_id: Maybe<Text>,
}

/// What a shopper says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomerSent {
    customer_info: PayloadSent,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenedBody<'t> {
    payment_session_id: String,
    payment_session: SessionBody<'t>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<QrBody<'t>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionBody<'t> {
    payment_session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_request_id: Option<String>,
    merchant_id: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_id: Option<String>,
    expiry_time: String,
    location: &'t str,
    merchant_info: PayloadBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_info: Option<PayloadBody>,
}

impl<'t> SessionBody<'t> {
    fn of(session: &'t PaymentSession) -> Self {
        Self {
            payment_session_id: session.id.to_string(),
            payment_request_id: session.request.map(|request| request.to_string()),
            merchant_id: session.merchant.as_str(),
            wallet_id: session.wallet.map(|wallet| wallet.to_string()),
            // The field must be there, so that a session without an end ends with the calendar.
            expiry_time: words::end_date(session.expires_at),
            location: &session.location,
            merchant_info: PayloadBody::of(&session.merchant_info),
            customer_info: session.customer_info.as_ref().map(PayloadBody::of),
        }
    }
}

fn id(call: &Call) -> Result<PaymentSessionId, Unfit> {
    named(call.param("paymentSessionId"))
}

/// The session of this name.
///
/// # Errors
/// A 422 for what is no id.
pub fn named(text: &str) -> Result<PaymentSessionId, Unfit> {
    PaymentSessionId::parse(text).map_err(|_| Unfit::unknown("payment session"))
}

/// `POST …/merchant/payment/session`
pub async fn create(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<NewSent>>()?.data;
    let request = sent.payment_request_id.0.map(|id| requests::named(id.as_str())).transpose()?;
    let new = NewSession {
        location: sent.location.into_string(),
        merchant_info: sent.merchant_info.into(),
        lives: lives(sent.time_to_live_payment_session),
        request,
        qr: wanted(sent.generate_qr, sent.time_to_live_qr),
    };
    let opened = sessions::create(&surface.cx, &call.merchant, new, call.key()).await?;
    let qr = opened.qr.as_ref().map(QrBody::of).transpose()?;
    let payment_session = SessionBody::of(&opened.session);
    Ok(tell(&OpenedBody { payment_session_id: opened.session.id.to_string(), payment_session, qr }))
}

/// `GET …/merchant/payment/session/{paymentSessionId}`
pub async fn show_merchants(surface: Surface, call: Call) -> Outcome {
    let session = sessions::find(&surface.cx, &call.merchant, id(&call)?).await?;
    Ok(tell(&SessionBody::of(&session)))
}

/// `POST …/merchant/payment/session/{paymentSessionId}`
pub async fn update(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<NewsSent>>()?.data;
    let request = sent.payment_request_id.0.map(|id| requests::named(id.as_str())).transpose()?;
    let news = News { merchant_info: sent.merchant_info.into(), request };
    let updated = sessions::update(&surface.cx, &call.merchant, id(&call)?, news, call.key()).await;
    Ok(tell(&SessionBody::of(&updated.map_err(refused_update)?)))
}

/// The contract tells this one operation that a session has expired as a 400.
fn refused_update(error: ServiceError) -> Unfit {
    match error {
        ServiceError::Refused { code: "session_expired", .. } => Unfit::from(Refusal::from(error).at(StatusCode::BAD_REQUEST)),
        other => other.into(),
    }
}

/// `DELETE …/merchant/payment/session/{paymentSessionId}`
pub async fn close_merchants(surface: Surface, call: Call) -> Outcome {
    let query = Query::of(call.query());
    let reason = query.get("reason")?.map(str::to_owned);
    if reason.as_ref().is_some_and(|reason| reason.contains('\0')) {
        return Err(Refusal::invalid("reason holds the character U+0000.").into());
    }
    sessions::close(&surface.cx, &call.merchant, id(&call)?, reason, call.key()).await?;
    Ok(Reply::nothing())
}

/// `GET …/customer/payment/session/{paymentSessionId}`
pub async fn show_shoppers(surface: Surface, call: Call) -> Outcome {
    let session = sessions::find_for_shopper(&surface.cx, call.shopper()?, id(&call)?).await?;
    Ok(tell(&SessionBody::of(&session)))
}

/// `GET …/customer/payment/session/qr/{qrId}`
pub async fn show_scanned(surface: Surface, call: Call) -> Outcome {
    let session = sessions::find_by_qr(&surface.cx, call.shopper()?, qr::id(&call)?).await?;
    Ok(tell(&SessionBody::of(&session)))
}

/// `POST …/customer/payment/session/{paymentSessionId}`
pub async fn associate(surface: Surface, call: Call) -> Outcome {
    let info = call.json::<Sent<CustomerSent>>()?.data.customer_info;
    sessions::associate(&surface.cx, call.shopper()?, id(&call)?, info.into(), call.key()).await?;
    Ok(Reply::nothing())
}

/// `PUT …/customer/payment/session/{paymentSessionId}`
pub async fn preapprove(surface: Surface, call: Call) -> Outcome {
    let how = how::read(call.json::<Sent<HowSent>>()?)?;
    sessions::preapprove(&surface.cx, call.shopper()?, id(&call)?, how, call.key()).await?;
    Ok(Reply::nothing())
}

/// `DELETE …/customer/payment/session/{paymentSessionId}`
pub async fn close_shoppers(surface: Surface, call: Call) -> Outcome {
    sessions::close_for_shopper(&surface.cx, call.shopper()?, id(&call)?, call.key()).await?;
    Ok(Reply::nothing())
}

#[cfg(test)]
mod tests {
    use florin_domain::merchant::MerchantId;
    use florin_domain::schema::Payload;
    use florin_domain::{PaymentRequestId, Timestamp, WalletId};
    use serde_json::json;

    use super::*;

    fn session() -> PaymentSession {
        PaymentSession {
            id: PaymentSessionId::from_random([1; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            location: "lane 4".to_owned(),
            merchant_info: Payload { schema: None, json: Some(r#"{"till":4}"#.to_owned()) },
            customer_info: None,
            wallet: None,
            request: None,
            preapproval: Some(vec![1]),
            payment: None,
            paid_at: None,
            created_at: Timestamp::from_micros(0),
            expires_at: None,
            closed_at: None,
            closed_reason: None,
        }
    }

    #[test]
    fn a_session_tells_who_and_what_once_it_is_known() {
        let fresh = json!({
            "paymentSessionId": "01010101-0101-4101-8101-010101010101",
            "merchantId": "10006",
            "expiryTime": "9999-12-31T23:59:59.000Z",
            "location": "lane 4",
            "merchantInfo": { "payload": { "till": 4 } },
        });
        assert_eq!(serde_json::to_value(SessionBody::of(&session())).unwrap(), fresh);
        let known = PaymentSession {
            wallet: Some(WalletId::from_random([2; 16])),
            request: Some(PaymentRequestId::from_random([3; 16])),
            customer_info: Some(Payload { schema: None, json: None }),
            expires_at: Timestamp::parse("2026-11-21T10:10:00Z"),
            ..session()
        };
        let told = serde_json::to_value(SessionBody::of(&known)).unwrap();
        assert_eq!((&told["walletId"], &told["customerInfo"]), (&json!("02020202-0202-4202-8202-020202020202"), &json!({})));
        assert_eq!(told["paymentRequestId"], json!("03030303-0303-4303-8303-030303030303"));
        assert_eq!(told["expiryTime"], json!("2026-11-21T10:10:00.000Z"));
    }

    #[test]
    fn an_expired_session_is_a_400_where_the_contract_says_so() {
        let refused = |code| Refusal::from(refused_update(ServiceError::Refused { code, message: String::new() })).status().as_u16();
        assert_eq!((refused("session_expired"), refused("session_linked"), refused("request_used")), (400, 422, 422));
    }
}
