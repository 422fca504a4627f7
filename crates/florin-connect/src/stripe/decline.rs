//! What Stripe's errors mean: a no, a fault in the settings, or an outcome that is open.
//!
//! Invariant: the other side's words are passed on only when no number as long as a card's stands in them.
//!
//! Source: Stripe's API reference, "Errors", "Error codes" and "Decline codes"; the network's codes are those of ISO 8583.

use serde_json::Value;

use super::Reply;
use crate::http::Answer;
use crate::{ConnectError, Decline, DeclineReason};

/// The network's code for a wrong code on the card.
pub(super) const WRONG_CODE: &str = "N7";
/// The shortest number that may be a card's.
const CARD_DIGITS: usize = 12;
/// As many characters of the other side's words are passed on.
const WORDS_MAX: usize = 200;

/// The object in an answer, or the no that it is.
pub(super) fn reply_of(answer: Answer) -> Result<Reply, ConnectError> {
    let error = &answer.body["error"];
    match answer.status {
        200..=299 if answer.body.is_object() => Ok(Ok(answer.body)),
        300..=399 => Err(ConnectError::Misconfigured("Stripe's address leads to another one".to_owned())),
        401 | 403 => Err(ConnectError::Misconfigured(format!("Stripe does not accept the secret key ({})", answer.status))),
        402 => Ok(Err(from_error(error))),
        // The call before this one under the same key is still under way, or one like it has to wait its turn.
        409 | 429 => Err(unclear(answer.status)),
        400..=499 => meaning(code_of(error))
            .map_or_else(|| Err(ConnectError::refused(refusal_code(error), words_of(error))), |_| Ok(Err(from_error(error)))),
        status => Err(unclear(status)),
    }
}

fn unclear(status: u16) -> ConnectError {
    ConnectError::Unavailable(format!("Stripe answers with status {status}"))
}

/// The no in an error, or in an intent's last error.
pub(super) fn from_error(error: &Value) -> Decline {
    let (reason, network_code) = meaning(code_of(error)).unwrap_or((DeclineReason::DoNotHonour, "05"));
    let reason = match reason {
        DeclineReason::AuthenticationRequired { .. } => authentication(error["payment_intent"]["id"].as_str().unwrap_or_default()),
        other => other,
    };
    let told = error["network_decline_code"].as_str().filter(|code| (1..=3).contains(&code.len()));
    // Whether the code on the card is wrong is Stripe's own finding, which the network's code would hide.
    let network_code = told.filter(|_| network_code != WRONG_CODE).unwrap_or(network_code);
    Decline { reason, network_code: network_code.to_owned(), message: words_of(error) }
}

/// The issuer wants its cardholder authenticated for the intent `id`.
pub(super) fn authentication(id: &str) -> DeclineReason {
    DeclineReason::AuthenticationRequired { session: id.to_owned() }
}

pub(super) fn not_supported(message: &str) -> Decline {
    Decline { reason: DeclineReason::NotSupported, network_code: "57".to_owned(), message: message.to_owned() }
}

pub(super) fn not_found() -> Decline {
    let message = "There is no such payment, or nothing left of it to move.".to_owned();
    Decline { reason: DeclineReason::NotFound, network_code: "25".to_owned(), message }
}

/// The finest code in an error: the issuer's, else Stripe's.
fn code_of(error: &Value) -> &str {
    error["decline_code"].as_str().or_else(|| error["code"].as_str()).unwrap_or_default()
}

fn refusal_code(error: &Value) -> &str {
    ["code", "type"].into_iter().find_map(|field| error[field].as_str()).unwrap_or("bad_request")
}

/// A reason and the network's code for it; `None` for a code that says nothing about card or payment.
fn meaning(code: &str) -> Option<(DeclineReason, &'static str)> {
    Some(match code {
        "insufficient_funds" | "withdrawal_count_limit_exceeded" => (DeclineReason::InsufficientFunds, "51"),
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => (DeclineReason::ExpiredCard, "54"),
        "issuer_not_available" | "try_again_later" | "reenter_transaction" => (DeclineReason::IssuerUnavailable, "91"),
        "invalid_account" | "new_account_information_available" | "bank_account_restricted" => (DeclineReason::Closed, "46"),
        "duplicate_transaction" => (DeclineReason::Duplicate, "94"),
        "incorrect_cvc" | "invalid_cvc" => (DeclineReason::DoNotHonour, WRONG_CODE),
        "incorrect_number" | "invalid_number" => (DeclineReason::Invalid, "14"),
        "invalid_amount" | "amount_too_large" | "amount_too_small" => (DeclineReason::Invalid, "13"),
        "lost_card" => (DeclineReason::DoNotHonour, "41"),
        "stolen_card" => (DeclineReason::DoNotHonour, "43"),
        "fraudulent" | "merchant_blacklist" => (DeclineReason::DoNotHonour, "59"),
        "card_declined" | "generic_decline" | "do_not_honor" | "call_issuer" | "no_action_taken" => (DeclineReason::DoNotHonour, "05"),
        "card_not_supported" | "currency_not_supported" | "not_permitted" | "service_not_allowed" | "transaction_not_allowed" => {
            (DeclineReason::NotSupported, "57")
        }
        "authentication_required" => (authentication(""), "1A"),
        "authentication_not_handled" | "payment_intent_authentication_failure" | "setup_intent_authentication_failure" => {
            (DeclineReason::AuthenticationFailed, "1A")
        }
        "charge_already_captured"
        | "charge_already_refunded"
        | "charge_disputed"
        | "charge_expired_for_capture"
        | "payment_intent_unexpected_state"
        | "resource_missing" => (DeclineReason::NotFound, "25"),
        "processing_error" => (DeclineReason::Technical, "96"),
        _ => return None,
    })
}

/// The other side's words, as far as they may be shown.
fn words_of(error: &Value) -> String {
    let words: String = error["message"].as_str().unwrap_or_default().chars().take(WORDS_MAX).collect();
    if words.is_empty() || holds_long_number(&words) { "The payment was declined.".to_owned() } else { words }
}

fn holds_long_number(words: &str) -> bool {
    let compact: String = words.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    compact.split(|character: char| !character.is_ascii_digit()).any(|digits| digits.len() >= CARD_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: u16, error: &Value) -> Result<Reply, ConnectError> {
        reply_of(Answer { status, body: json!({ "error": error }) })
    }

    #[test]
    fn the_issuers_code_counts_for_more_than_stripes() {
        for (decline_code, reason, network_code) in [
            ("insufficient_funds", "insufficient_funds", "51"),
            ("expired_card", "expired_card", "54"),
            ("do_not_honor", "do_not_honour", "05"),
            ("issuer_not_available", "issuer_unavailable", "91"),
            ("duplicate_transaction", "duplicate", "94"),
            ("incorrect_cvc", "do_not_honour", "N7"),
            ("transaction_not_allowed", "not_supported", "57"),
            ("processing_error", "technical", "96"),
            ("a_code_of_tomorrow", "do_not_honour", "05"),
        ] {
            let error = json!({ "type": "card_error", "code": "card_declined", "decline_code": decline_code, "message": "No." });
            let declined = answer(402, &error).unwrap().unwrap_err();
            assert_eq!((declined.reason.name(), &*declined.network_code, &*declined.message), (reason, network_code, "No."));
        }
    }

    #[test]
    fn what_is_not_about_the_payment_is_no_decline() {
        let error = json!({ "type": "invalid_request_error", "code": "parameter_unknown", "message": "Unknown: foo" });
        assert!(matches!(answer(400, &error), Err(ConnectError::Refused { code, .. }) if code == "parameter_unknown"));
        for status in [401, 403] {
            assert!(matches!(answer(status, &error), Err(ConnectError::Misconfigured(_))), "{status}");
        }
        for status in [409, 429, 500, 502, 503] {
            assert!(matches!(answer(status, &error), Err(ConnectError::Unavailable(_))), "{status}");
        }
        let gone = answer(404, &json!({ "code": "resource_missing", "message": "No such payment" })).unwrap().unwrap_err();
        assert_eq!(gone.reason, DeclineReason::NotFound);
        // Whoever hears this after a lost answer is to ask whose doing it was.
        let given_back = answer(400, &json!({ "code": "charge_already_refunded", "message": "Refunded" })).unwrap().unwrap_err();
        assert_eq!(given_back.reason, DeclineReason::NotFound);
        assert!(matches!(reply_of(Answer { status: 200, body: json!("a page") }), Err(ConnectError::Unavailable(_))));
    }

    #[test]
    fn an_authentication_that_is_wanted_names_its_intent() {
        let error = json!({ "code": "authentication_required", "payment_intent": { "id": "pi_1" }, "message": "Ask." });
        assert_eq!(from_error(&error).reason, authentication("pi_1"));
    }

    #[test]
    fn a_number_in_the_other_sides_words_is_kept_back() {
        for words in ["4242424242424242 was declined", "card 4242 4242-4242 4242", ""] {
            assert_eq!(from_error(&json!({ "message": words })).message, "The payment was declined.");
        }
    }
}
