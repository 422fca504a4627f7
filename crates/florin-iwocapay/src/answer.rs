//! Turns an outcome into the bytes that are sent, and signs exactly those.

use axum::body::Body;
use axum::response::Response;
use florin_service::caller::SellerCaller;
use florin_service::idempotency::Answer;
use florin_web::idempotency::IDEMPOTENT_REPLAYED;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::SIGNATURE_HEADER;
use crate::fault::Refusal;

/// The answer to a caller nobody in particular.
pub fn plain(outcome: Result<Answer, Refusal>) -> Response {
    let retry_after_s = outcome.as_ref().err().and_then(Refusal::retry_after_s);
    let answer = outcome.unwrap_or_else(|refusal| refusal.answer());
    response(answer, retry_after_s)
}

/// The answer to a known seller, signed with the token that asked. Success and error alike.
pub fn signed(caller: &SellerCaller, outcome: Result<Answer, Refusal>) -> Response {
    let retry_after_s = outcome.as_ref().err().and_then(Refusal::retry_after_s);
    let answer = outcome.unwrap_or_else(|refusal| refusal.answer());
    let signature = HeaderValue::try_from(florin_service::sign(&caller.secret, &answer.body));
    let mut response = response(answer, retry_after_s);
    if let Ok(signature) = signature {
        response.headers_mut().insert(HeaderName::from_static(SIGNATURE_HEADER), signature);
    }
    response
}

fn response(answer: Answer, retry_after_s: Option<u32>) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_empty = answer.body.is_empty();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !is_empty {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if answer.replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

#[cfg(test)]
mod tests {
    use florin_domain::seller::{Pricing, Seller};
    use florin_domain::{SellerId, Timestamp, TokenId};
    use florin_service::{AccessToken, ServiceError};

    use super::*;

    fn caller() -> SellerCaller {
        let (secret, _) = AccessToken::parse("0123456789abcdef0123456789abcdef01234567").unwrap();
        let id = SellerId::from_random([1; 16]);
        let created_at = Timestamp::from_micros(0);
        let seller = Seller { id, name: "Acme".to_owned(), pricing: Pricing::BuyerPays, payout_hold_days: 0, created_at };
        SellerCaller { seller, token: TokenId::from_random([2; 16]), redirect_url: None, secret }
    }

    #[test]
    fn the_signature_is_that_of_the_published_vector() {
        let answer = Answer { status: 200, body: br#"{"data":{"status":"SUCCESSFUL"}}"#.to_vec(), replayed: true };
        let response = signed(&caller(), Ok(answer));
        assert_eq!(response.headers()[SIGNATURE_HEADER], "RbuQj4uKJvY1ruDAMzdI2HurLo1c0cphK3slr8SKvp8=");
        assert_eq!(response.headers()["idempotent-replayed"], "true");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn refusals_are_signed_too_once_the_caller_is_known() {
        let response = signed(&caller(), Err(ServiceError::NotFound("order").into()));
        assert_eq!(response.status(), 404);
        assert!(response.headers().contains_key(SIGNATURE_HEADER));
    }

    #[test]
    fn strangers_are_told_how_to_prove_themselves_and_nothing_is_signed() {
        let response = plain(Err(ServiceError::Unauthorised("Who are you?".to_owned()).into()));
        assert_eq!(
            (response.status(), &response.headers()[WWW_AUTHENTICATE]),
            (StatusCode::UNAUTHORIZED, &HeaderValue::from_static("Bearer"))
        );
        assert!(!response.headers().contains_key(SIGNATURE_HEADER));
    }
}
