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
use super::beyond::amend;

/// Where else the file may be.
const VARIABLE: &str = "FLORIN_WPAY_CONTRACT";
/// Statuses that come from in front of the operations, so that no operation lists them.
const OF_THE_GATEWAY: [u16; 6] = [403, 409, 413, 415, 422, 429];
/// Statuses that the operations in store give besides, and do not list either.
const IN_STORE: [u16; 8] = [400, 401, 404, 500, 501, 502, 503, 504];

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
        let named = document["components"]["schemas"].clone();
        for part in [&["components", "schemas"][..], &["components", "responses"], &["paths"]] {
            let part = part.iter().fold(&mut document, |inside, name| &mut inside[name]);
            part.as_object_mut().expect("parts").values_mut().for_each(|part| translate(part, &named));
        }
        amend(&mut document);
        Some(Self { document, judges: Mutex::default() })
    }

    /// Method and path of every operation.
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.document["paths"].as_object().expect("paths");
        let each = paths.iter().flat_map(|(path, methods)| methods.as_object().expect("methods").keys().map(move |method| (method, path)));
        each.map(|(method, path)| (method.to_uppercase(), path.clone())).collect()
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
            let is_known = OF_THE_GATEWAY.contains(&status) || (path.contains("/instore/") && IN_STORE.contains(&status));
            assert!(is_known, "{method} {path} never answers {status}");
            return Some(base);
        }
        let schema = &self.resolved(answer)["content"]["application/json"]["schema"];
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
fn translate(schema: &mut Value, named: &Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(|part| translate(part, named)),
        Value::Object(_) => {
            gather_up(schema, named);
            let Value::Object(words) = schema else { unreachable!("an object was gathered up into one") };
            words.values_mut().for_each(|word| translate(word, named));
            let is_object = words.get("type").is_some_and(|kind| kind == "object");
            let knows_its_fields =
                words.get("properties").is_some_and(|fields| fields.as_object().is_some_and(|fields| !fields.is_empty()));
            if is_object && knows_its_fields {
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

/// Makes one object of all that an object must be at once: closed one by one, none of them would know the others' fields.
fn gather_up(schema: &mut Value, named: &Value) {
    if let Some(parts) = schema.as_object_mut().and_then(|words| words.remove("allOf")) {
        for part in parts.as_array().expect("parts") {
            let mut part = part["$ref"].as_str().map_or(part, |name| &named[name.rsplit('/').next().expect("a name")]).clone();
            gather_up(&mut part, named);
            let (whole, part) = (schema.as_object_mut().expect("an object"), part.as_object_mut().expect("an object"));
            let (fields, required) = (part.remove("properties"), part.remove("required"));
            whole.append(part);
            for (name, field) in fields.iter().filter_map(Value::as_object).flatten() {
                let known = whole.entry("properties").or_insert(json!({}));
                assert!(known.get(name).is_none_or(|known| known == field), "{name} is two things at once");
                known[name] = field.clone();
            }
            for name in required.iter().filter_map(Value::as_array).flatten() {
                let all = whole.entry("required").or_insert(json!([])).as_array_mut().expect("names");
                if !all.contains(name) {
                    all.push(name.clone());
                }
            }
        }
    }
}
