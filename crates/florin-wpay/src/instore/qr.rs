//! QR codes: made, shown and taken back by merchants.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use florin_domain::qr::{Qr, QrReference};
use florin_domain::{QrId, Timestamp};
use florin_service::ServiceError;
use florin_service::qr_codes::{self, NewQr};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use super::any_case::AnyCase;
use super::envelope::{Sent, tell};
use super::picture;
use super::refusal::{Outcome, Unfit};
use super::requests::{self, lives};
use super::sessions;
use crate::call::Call;
use crate::fields::Text;
use crate::reply::Reply;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewSent {
    reference_id: Text,
    reference_type: AnyCase<ReferenceType>,
    time_to_live: Option<u32>,
}

/// What a code leads to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ReferenceType {
    PaymentRequest,
    PaymentSession,
}

/// A code on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QrBody<'t> {
    qr_id: String,
    reference_id: String,
    reference_type: ReferenceType,
    content: &'t str,
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_time: Option<String>,
}

impl<'t> QrBody<'t> {
    /// Tells a code, picture and all.
    ///
    /// # Errors
    /// Only if its text fits into no picture.
    pub fn of(qr: &'t Qr) -> Result<Self, ServiceError> {
        let (reference_id, reference_type) = match qr.reference {
            QrReference::Request(request) => (request.to_string(), ReferenceType::PaymentRequest),
            QrReference::Session(session) => (session.to_string(), ReferenceType::PaymentSession),
        };
        Ok(Self {
            qr_id: qr.id.to_string(),
            reference_id,
            reference_type,
            content: &qr.content,
            image: STANDARD.encode(picture::png(&qr.content)?),
            expiry_time: qr.expires_at.map(Timestamp::to_millis_text),
        })
    }
}

/// The code that is wanted beside something else, if one is.
pub fn wanted(generate: Option<bool>, seconds: Option<u32>) -> Option<NewQr> {
    generate.unwrap_or(false).then(|| NewQr { lives: lives(seconds) })
}

/// `POST …/merchant/qr`
pub async fn create(surface: Surface, call: Call) -> Outcome {
    let sent = call.json::<Sent<NewSent>>()?.data;
    let id = sent.reference_id.as_str();
    let reference = match sent.reference_type.0 {
        ReferenceType::PaymentRequest => QrReference::Request(requests::named(id)?),
        ReferenceType::PaymentSession => QrReference::Session(sessions::named(id)?),
    };
    let new = NewQr { lives: lives(sent.time_to_live) };
    let qr = qr_codes::create(&surface.cx, &call.merchant, reference, new, call.key()).await?;
    Ok(tell(&QrBody::of(&qr)?))
}

/// `GET …/merchant/qr/{qrId}`: the code, or its picture for those who would rather have that.
pub async fn show(surface: Surface, call: Call) -> Outcome {
    let qr = qr_codes::find(&surface.cx, &call.merchant, id(&call)?).await?;
    if prefers_picture(call.header("accept").unwrap_or_default()) {
        return Ok(Reply::png(picture::png(&qr.content)?));
    }
    Ok(tell(&QrBody::of(&qr)?))
}

/// `DELETE …/merchant/qr/{qrId}`
pub async fn cancel(surface: Surface, call: Call) -> Outcome {
    qr_codes::cancel(&surface.cx, &call.merchant, id(&call)?, call.key()).await?;
    Ok(Reply::nothing())
}

/// The code that a call names.
///
/// # Errors
/// A 422 for what is no id.
pub fn id(call: &Call) -> Result<QrId, Unfit> {
    QrId::parse(call.param("qrId")).map_err(|_| Unfit::unknown("QR code"))
}

/// Whether an `Accept` header asks for a picture more than for JSON.
fn prefers_picture(accept: &str) -> bool {
    let wish = |kind: &str| {
        let weights = accept.split(',').filter_map(|range| Range::of(range, kind));
        weights.max_by_key(|range| range.closeness).map_or(0, |range| range.weight)
    };
    wish("image/png") > wish("application/json")
}

/// A range of media types that a caller accepts.
struct Range {
    /// How closely it names the type that is looked for.
    closeness: u8,
    /// How much it is wanted, in thousandths.
    weight: u16,
}

impl Range {
    /// Reads one range, if `kind` lies in it.
    fn of(text: &str, kind: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let range = parts.next()?.to_ascii_lowercase();
        let family = kind.split('/').next().unwrap_or_default();
        let closeness = match range.as_str() {
            "*/*" => 0,
            _ if range.strip_suffix("/*") == Some(family) => 1,
            _ if range == kind => 2,
            _ => return None,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(Self { closeness, weight: quality.map_or(1_000, thousandths) })
    }
}

/// A weight from `0` to `1` with up to three decimals; what is none weighs nothing.
fn thousandths(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    match (whole, decimals) {
        ("1", _) => 1_000,
        ("0", decimals) => format!("{decimals:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use florin_domain::PaymentRequestId;
    use florin_domain::merchant::MerchantId;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_told_with_its_picture() {
        let now = Timestamp::from_micros(1_795_255_800_000_000);
        let qr = Qr {
            id: QrId::from_random([1; 16]),
            merchant: MerchantId::parse("10006").unwrap(),
            reference: QrReference::Request(PaymentRequestId::from_random([2; 16])),
            content: "https://florin.example/qr/1".to_owned(),
            created_at: now,
            expires_at: None,
            cancelled_at: None,
        };
        let mut told = serde_json::to_value(QrBody::of(&qr).unwrap()).unwrap();
        let picture = STANDARD.decode(told["image"].take().as_str().unwrap()).unwrap();
        assert_eq!(picture, picture::png(&qr.content).unwrap());
        let expected = json!({
            "qrId": "01010101-0101-4101-8101-010101010101",
            "referenceId": "02020202-0202-4202-8202-020202020202",
            "referenceType": "PAYMENT_REQUEST",
            "content": "https://florin.example/qr/1",
            "image": null,
        });
        assert_eq!(told, expected);
        let ending = Qr { expires_at: Some(now), ..qr };
        assert_eq!(serde_json::to_value(QrBody::of(&ending).unwrap()).unwrap()["expiryTime"], "2026-11-21T10:10:00.000Z");
    }

    #[test]
    fn a_picture_is_for_those_who_ask_for_one() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("application/json, text/plain, */*", false),
            ("image/png", true),
            ("IMAGE/PNG", true),
            ("image/*", true),
            ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", true),
            ("application/json, image/png;q=0.9", false),
            ("application/json;q=0.1, image/png;q=0.2", true),
            ("image/png;q=0", false),
            ("image/png;q=high", false),
            ("text/html", false),
        ] {
            assert_eq!(prefers_picture(accept), expected, "{accept}");
        }
    }
}
