//! Where Florin deviates from the published contract on purpose, and why. `docs/wire/wpay.md` says the same to whoever calls.
//!
//! Invariant: a deviation that the contract knows by now fails the tests, so that the list never outlives its reasons.

use serde_json::{Value, json};

/// What Florin tells beyond the contract: in which schema, under which fields, and what. A kept instrument has its token from the
/// beginning; what may have moved, or stays charged, can be looked up or given back by its number.
const BEYOND: [(&str, &[&str], &[&str]); 12] = [
    ("TokenizePaypalResponse", &["payPal"], &["paymentToken", "createdOn"]),
    ("TokenizeGiftcardResponse", &["giftCard"], &["paymentToken", "createdOn"]),
    ("PaymentsErrorResponse", &["creditCards", "giftCards", "payPal", "googlePay", "applePay"], &["paymentTransactionRef", "sessionId"]),
    ("CompletionsErrorResponse", &["completionResponses"], &["completionTransactionRef"]),
    ("VoidsErrorResponse", &["voidResponses"], &["voidTransactionRef"]),
    ("RefundsErrorResponse", &["refundResponses"], &["refundTransactionRef"]),
    ("OpenpayPaymentsErrorResponse", &["paymentResponses"], &["paymentTransactionRef"]),
    ("OpenpayCompletionsErrorResponse", &["completionResponses"], &["completionTransactionRef"]),
    ("OpenpayVoidsErrorResponse", &["voidResponses"], &["voidTransactionRef"]),
    ("OpenpayRefundsErrorResponse", &["refundResponses"], &["refundTransactionRef"]),
    ("PaymentsSuccessResponse", &["unknown"], &["paymentTransactionRef", "externalServiceCode", "externalServiceMessage"]),
    ("PaymentsErrorResponse", &["unknown"], &["paymentTransactionRef", "externalServiceCode", "externalServiceMessage"]),
];

/// Errors that tell what the fraud screen said, for which the contract has a place in successes alone.
const SCREENED: [&str; 3] = ["PaymentsErrorResponse", "VerifyPaymentInstrumentsErrorResponse", "PaymentAgreementErrorResponse"];

/// How an answer differs from what stands at a place of the contract.
enum Otherwise {
    /// It may have this text.
    Text(&'static str),
    /// It may be one of these words.
    Words(&'static [&'static str]),
    /// It may be without this field.
    Without(&'static str),
    /// It is like this schema.
    Like(&'static str),
}

use Otherwise::{Like, Text, Without, Words};

/// What is told of a kept instrument in store, and what it may ask for.
const INSTRUMENT: &str = "/components/responses/getCustomerPaymentInstrumentResponse/content/application~1json/schema\
    /properties/data/properties/paymentInstrumentDetail";
const STEP_UP: &str = "/components/responses/getCustomerPaymentInstrumentResponse/content/application~1json/schema\
    /properties/data/properties/paymentInstrumentDetail/properties/stepUp";

/// Places of the contract, what Florin does there, and why.
const DIFFERENT: [(&str, Otherwise, &str); 4] = [
    (
        "/components/schemas/instrumentAllocation/properties/transactions/items/properties/type",
        Words(&["PREAUTH", "COMPLETION", "VOID"]),
        "a client looks for PREAUTH there to know what can be completed, and each part says what it did",
    ),
    (STEP_UP, Text("url"), "the code on the card is typed on that page"),
    (INSTRUMENT, Without("stepUp"), "there is nothing to ask of an account, and clients break on a null"),
    (
        "/paths/~1wow~1v1~1pay~1instore~1merchant~1transactions~1{transactionId}~1refund/post/responses/422/content/application~1json/schema",
        Like("RefundsErrorResponse"),
        "each part says why it cannot be given back, as completions and voids tell it",
    ),
];

/// Puts into the contract what Florin does otherwise.
pub fn amend(document: &mut Value) {
    for (schema, parents, fields) in BEYOND {
        for parent in parents {
            let part = &mut document["components"]["schemas"][schema]["properties"][parent];
            let part = if part["type"] == "array" { &mut part["items"] } else { part };
            for field in fields {
                learn(&mut part["properties"], field, json!({ "type": "string" }));
            }
        }
    }
    let said = document["components"]["schemas"]["PaymentsSuccessResponse"]["properties"]["fraudResponse"].clone();
    assert!(said.is_object(), "the fraud screen's words have a place in successes");
    for schema in SCREENED {
        learn(&mut document["components"]["schemas"][schema]["properties"], "fraudResponse", said.clone());
    }
    for (place, otherwise, why) in DIFFERENT {
        let part = document.pointer_mut(place);
        otherwise.amend(part.unwrap_or_else(|| panic!("there is no {place} of which to say that {why}")));
    }
}

/// Adds a field that was not known.
fn learn(known: &mut Value, field: &str, schema: Value) {
    let known = known.as_object_mut().expect("a place in the contract");
    assert!(known.insert(field.to_owned(), schema).is_none(), "the contract knows {field} by now");
}

impl Otherwise {
    fn amend(&self, part: &mut Value) {
        match self {
            Text(field) => learn(&mut part["properties"], field, json!({ "type": "string" })),
            Words(words) => {
                let known = part["enum"].as_array_mut().expect("words");
                for word in *words {
                    assert!(!known.contains(&json!(word)), "the contract knows {word} by now");
                    known.push(json!(word));
                }
            }
            Without(field) => {
                let required = part["required"].as_array_mut().expect("what must be there");
                let place = required.iter().position(|name| name == field);
                required.remove(place.unwrap_or_else(|| panic!("the contract can do without {field} by now")));
            }
            Like(schema) => *part = json!({ "$ref": format!("#/components/schemas/{schema}") }),
        }
    }
}
