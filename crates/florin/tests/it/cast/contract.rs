//! The published contract as a judge: names, types and constraints of every answer, read from a file beside the project.
//!
//! The file is the vendor's and never part of the project; whoever has it puts it there. Without it nothing can be judged, and
//! the tests say so.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::Answer;

/// Where else the file may be.
const VARIABLE: &str = "FLORIN_WPAY_CONTRACT";
/// Statuses that come from in front of the operations, so that no operation lists them.
const OF_THE_GATEWAY: [u16; 6] = [403, 409, 413, 415, 422, 429];

/// What Florin tells beyond the contract: in which schema, under which fields, and what. A kept instrument has its token from the
/// beginning; what may have moved, or stays charged, can be looked up or given back by its number.
const BEYOND: [(&str, &[&str], &[&str]); 6] = [
    ("TokenizePaypalResponse", &["payPal"], &["paymentToken", "createdOn"]),
    ("TokenizeGiftcardResponse", &["giftCard"], &["paymentToken", "createdOn"]),
    ("PaymentsErrorResponse", &["creditCards", "giftCards", "payPal", "googlePay", "applePay"], &["paymentTransactionRef", "sessionId"]),
    ("CompletionsErrorResponse", &["completionResponses"], &["completionTransactionRef"]),
    ("VoidsErrorResponse", &["voidResponses"], &["voidTransactionRef"]),
    ("RefundsErrorResponse", &["refundResponses"], &["refundTransactionRef"]),
];

/// The contract.
pub struct Contract {
    document: Value,
    judges: Mutex<HashMap<String, Validator>>,
}

impl Contract {
    /// Reads the contract, if it is there.
    pub fn read() -> Option<Self> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/wpay-contract.json");
        let path = std::env::var_os(VARIABLE).map_or(beside, PathBuf::from);
        let Ok(text) = std::fs::read(&path) else {
            eprintln!("SKIPPED: there is no contract at {}; name one with {VARIABLE}.", path.display());
            return None;
        };
        let mut document: Value = serde_json::from_slice(&text).expect("the contract is JSON");
        let parts = document["components"]["schemas"].as_object_mut().expect("schemas");
        parts.values_mut().for_each(translate);
        document["paths"].as_object_mut().expect("paths").values_mut().for_each(translate);
        for (schema, parents, fields) in BEYOND {
            for parent in parents {
                let part = &mut document["components"]["schemas"][schema]["properties"][parent];
                let part = if part["type"] == "array" { &mut part["items"] } else { part };
                let known = part["properties"].as_object_mut().expect("a place in the contract");
                for field in fields {
                    assert!(known.insert((*field).to_owned(), json!({ "type": "string" })).is_none(), "the contract knows {field} by now");
                }
            }
        }
        Some(Self { document, judges: Mutex::default() })
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        let operation = &self.document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "the contract has no {method} {path}");
        operation
    }

    /// The schema of an answer; nothing where the contract leaves it free.
    fn schema(&self, method: &str, path: &str, status: u16) -> Option<Value> {
        let base = json!({ "$ref": "#/components/schemas/BaseErrorResponse" });
        let answer = &self.operation(method, path)["responses"][status.to_string()];
        if answer.is_null() {
            assert!(OF_THE_GATEWAY.contains(&status), "{method} {path} never answers {status}");
            return Some(base);
        }
        let schema = &answer["content"]["application/json"]["schema"];
        schema.is_object().then(|| schema.clone())
    }

    /// What the contract has against this answer to an operation; nothing if it knows it.
    pub fn faults(&self, method: &str, path: &str, answer: &Answer) -> Option<String> {
        let schema = self.schema(method, path, answer.status)?;
        let mut judges = self.judges.lock().unwrap_or_else(PoisonError::into_inner);
        let judge = judges.entry(schema.to_string()).or_insert_with(|| self.judge(&schema));
        let body = answer.json();
        let faults: Vec<_> = judge.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        (!faults.is_empty()).then(|| format!("{method} {path} answered {}: {}\n    {body}", answer.status, faults.join("; ")))
    }

    fn judge(&self, schema: &Value) -> Validator {
        // OpenAPI 3.0 speaks the draft in which `exclusiveMinimum` is a word beside `minimum`.
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        jsonschema::options().with_draft(Draft::Draft4).build(&whole).expect("the contract's schemas are sound")
    }

    /// The fields that the body of a call must have, each as a pointer into `sound`, which has them all.
    pub fn required(&self, method: &str, path: &str, sound: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let schema = &self.operation(method, path)["requestBody"]["content"]["application/json"]["schema"];
        self.gather(schema, sound, "", &mut found);
        found
    }

    fn gather(&self, schema: &Value, sound: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !sound[name].is_null() {
                found.push(format!("{at}/{name}"));
            }
        }
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            self.gather(part, &sound[name], &format!("{at}/{name}"), found);
        }
        if schema["items"].is_object() && sound[0].is_object() {
            self.gather(&schema["items"], &sound[0], &format!("{at}/0"), found);
        }
    }

    /// The schema that a reference or a choice with nothing leads to.
    fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.resolved(self.document.pointer(name.trim_start_matches('#')).expect("a reference leads somewhere"));
        }
        if schema["anyOf"][0] == json!({ "type": "null" }) { self.resolved(&schema["anyOf"][1]) } else { schema }
    }
}

/// Turns the words that only `OpenAPI` has into those of JSON Schema, and closes objects, so that a misspelt field is seen.
fn translate(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(translate),
        Value::Object(words) => {
            words.values_mut().for_each(translate);
            let is_object = words.get("type").is_some_and(|kind| kind == "object");
            let knows_its_fields =
                words.get("properties").is_some_and(|fields| fields.as_object().is_some_and(|fields| !fields.is_empty()));
            if is_object && knows_its_fields && !words.contains_key("allOf") {
                words.entry("additionalProperties").or_insert(json!(false));
            }
            if words.remove("nullable") == Some(json!(true)) {
                let kept: Map<String, Value> = std::mem::take(words);
                *schema = json!({ "anyOf": [{ "type": "null" }, kept] });
            }
        }
        _ => {}
    }
}
