//! Forms: whether a JSON Schema is one that may be registered, and whether data follow it.
//!
//! Invariants: a form is small however its references are followed, refers to nothing outside and never to itself, and its
//! patterns are matched without going back, so that holding data to it takes a time that is known beforehand.

use std::collections::HashMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::SCHEMA_MAX;
use crate::ServiceError;

/// How many places a schema may have, once each reference stands for what it refers to.
const PLACES_MAX: usize = 2_000;
/// How many places data may have.
const VALUES_MAX: usize = 5_000;
/// How deep data and schemas may be nested.
const DEPTH_MAX: usize = 32;
/// How large a pattern may grow when it is made ready, in bytes.
const PATTERN_MAX: usize = 256 * 1024;

/// Reads JSON of at most `max` bytes and of a bearable shape; `field` is its name.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `field`.
pub(super) fn read(field: &'static str, json: &str, max: usize) -> Result<Value, ServiceError> {
    if json.len() > max {
        return Err(ServiceError::invalid(field, &format!("must have {max} bytes at the most")));
    }
    let value: Value = serde_json::from_str(json).map_err(|_| ServiceError::invalid(field, "must be JSON"))?;
    let mut values = 0;
    if is_bearable(&value, DEPTH_MAX, &mut values) {
        Ok(value)
    } else {
        Err(ServiceError::invalid(field, "holds too much: 5000 values, 32 deep, are the most"))
    }
}

fn is_bearable(value: &Value, depth: usize, values: &mut usize) -> bool {
    *values += 1;
    if depth == 0 || *values > VALUES_MAX {
        return false;
    }
    match value {
        Value::Array(items) => items.iter().all(|item| is_bearable(item, depth - 1, values)),
        Value::Object(members) => members.values().all(|member| is_bearable(member, depth - 1, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Checks that a text is a JSON Schema that may be registered.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `schema`.
pub(super) fn must_be_sound(json: &str) -> Result<(), ServiceError> {
    let schema = read("schema", json, SCHEMA_MAX)?;
    if !schema.is_object() {
        return Err(ServiceError::invalid("schema", "must be an object"));
    }
    let mut sizes = HashMap::new();
    let places = Measure { root: &schema, sizes: &mut sizes }.places(&schema, 0)?;
    if places > PLACES_MAX {
        return Err(ServiceError::invalid("schema", "is too large: 2000 places are the most, counted through its references"));
    }
    made_ready(&schema).map(drop)
}

/// Counts the places of a schema through its references.
struct Measure<'a> {
    root: &'a Value,
    /// How many places the definitions have; none yet for one that is being measured.
    sizes: &'a mut HashMap<&'a str, Option<usize>>,
}

impl<'a> Measure<'a> {
    fn places(&mut self, schema: &'a Value, depth: usize) -> Result<usize, ServiceError> {
        let mut places = 1_usize;
        let members: Vec<(&str, &'a Value)> = match schema {
            Value::Object(members) => members.iter().map(|(name, member)| (name.as_str(), member)).collect(),
            Value::Array(items) => items.iter().map(|item| ("", item)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (name, member) in members {
            let more = match (name, member) {
                ("$ref", Value::String(reference)) => self.target(reference, depth + 1)?,
                ("$dynamicRef" | "$recursiveRef" | "$id" | "id" | "$anchor" | "$dynamicAnchor", Value::String(_)) => {
                    return Err(ServiceError::invalid("schema", &format!("must do without {name}")));
                }
                _ => self.places(member, depth + 1)?,
            };
            places = places.saturating_add(more);
        }
        Ok(places)
    }

    /// How many places what a reference refers to has.
    fn target(&mut self, reference: &'a str, depth: usize) -> Result<usize, ServiceError> {
        match self.sizes.get(reference) {
            Some(Some(places)) => return Ok(*places),
            Some(None) => return Err(ServiceError::invalid("schema", "must not refer to itself")),
            None => {}
        }
        let path = reference.strip_prefix('#').filter(|path| path.starts_with("/$defs/") || path.starts_with("/definitions/"));
        let target = path.and_then(|path| self.root.pointer(path));
        let target = target.ok_or_else(|| ServiceError::invalid("schema", "may refer to its own $defs or definitions only"))?;
        if depth > DEPTH_MAX * 4 {
            return Err(ServiceError::invalid("schema", "has references that lead too deep"));
        }
        self.sizes.insert(reference, None);
        let places = self.places(target, depth)?;
        self.sizes.insert(reference, Some(places));
        Ok(places)
    }
}

fn made_ready(schema: &Value) -> Result<Validator, ServiceError> {
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex().size_limit(PATTERN_MAX));
    options.build(schema).map_err(|error| ServiceError::invalid("schema", &format!("is no JSON Schema: {error}")))
}

/// Holds data to a registered schema; `field` is their name.
///
/// # Errors
/// [`ServiceError::Refused`] `payload_unfit` naming `field`, with the place of the first thing that is wrong, and none of what
/// stands there.
pub(super) fn must_follow(field: &'static str, schema: &str, data: &Value) -> Result<(), ServiceError> {
    let schema = read("schema", schema, SCHEMA_MAX)?;
    let validator = made_ready(&schema)?;
    validator.validate(data).map_err(|error| {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "the whole".to_owned() } else { place };
        let message = format!("{field} does not follow its schema: {place}: {}.", error.masked());
        ServiceError::Refused { code: "payload_unfit", message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        must_be_sound(json).unwrap_err().to_string()
    }

    #[test]
    fn data_are_held_to_their_form() {
        let form = r##"{"type":"object","required":["lane"],"properties":{"lane":{"$ref":"#/$defs/lane"}},
                        "$defs":{"lane":{"type":"integer","minimum":1}}}"##;
        must_be_sound(form).unwrap();
        let follows = |data: &str| must_follow("posPayload", form, &serde_json::from_str(data).unwrap());
        assert!(follows(r#"{"lane":4}"#).is_ok());
        for wrong in [r"{}", r#"{"lane":0}"#, r#"{"lane":"secret"}"#, r"[]"] {
            let refused = follows(wrong).unwrap_err().to_string();
            assert!(refused.starts_with("posPayload does not follow its schema: ") && !refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn a_form_that_could_take_long_is_not_registered() {
        let doubling: Vec<_> = (0..40)
            .map(|level| format!(r##""n{level}":{{"allOf":[{{"$ref":"#/$defs/n{0}"}},{{"$ref":"#/$defs/n{0}"}}]}}"##, level + 1))
            .collect();
        let bomb = format!(r##"{{"$ref":"#/$defs/n0","$defs":{{{},"n40":{{}}}}}}"##, doubling.join(","));
        assert!(refusal(&bomb).contains("too large"), "{}", refusal(&bomb));
        let cases = [
            (r##"{"properties":{"a":{"$ref":"#"}}}"##, "its own $defs"),
            (r##"{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}"##, "refer to itself"),
            (r#"{"$ref":"https://elsewhere.example/schema.json"}"#, "its own $defs"),
            (r##"{"$dynamicRef":"#a"}"##, "without $dynamicRef"),
            (r#"{"$id":"https://a.example/"}"#, "without $id"),
            (r#"{"type":"nothing"}"#, "is no JSON Schema"),
            (r#"{"pattern":"(a{1000}){1000}"}"#, "is no JSON Schema"),
            (r#"{"pattern":"(?=a)b"}"#, "is no JSON Schema"),
            ("[]", "must be an object"),
            ("{", "must be JSON"),
        ];
        for (form, expected) in cases {
            let refused = refusal(form);
            assert!(refused.contains(expected), "{form}: {refused}");
        }
        let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
        assert!(read("basket", &deep, SCHEMA_MAX).unwrap_err().to_string().contains("holds too much"));
        assert!(read("basket", "\"too long\"", 5).unwrap_err().to_string().contains("5 bytes"));
    }
}
