//! Forms: whether a JSON Schema is one that may be registered, and whether data follow it.
//!
//! Nothing here waits or reads rows; it may take long enough to be kept off the threads that serve, and out of transactions.
//! Invariants: a form is small however its references are followed, refers to nothing outside and never to itself, and its
//! patterns are matched without going back, so that holding data to it takes a time that is known beforehand.

mod measure;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::SCHEMA_MAX;
use crate::ServiceError;

/// How many places data may have.
const VALUES_MAX: usize = 5_000;
/// How many places data may have that are held to a form: what there is to do is at most so many times what the form's size is.
const HELD_MAX: usize = 1_000;
/// How deep data and schemas may be nested.
const DEPTH_MAX: usize = 32;
/// Reads JSON of at most `max` bytes and of a bearable shape; `field` is its name.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `field`.
pub(super) fn read(field: &'static str, json: &str, max: usize) -> Result<Value, ServiceError> {
    if json.len() > max {
        return Err(ServiceError::invalid(field, &format!("must have {max} bytes at the most")));
    }
    let value: Value = serde_json::from_str(json).map_err(|_| ServiceError::invalid(field, "must be JSON"))?;
    let mut left = VALUES_MAX;
    if is_bearable(&value, DEPTH_MAX, &mut left) {
        Ok(value)
    } else {
        Err(ServiceError::invalid(field, "holds too much: 5000 values, 32 deep, are the most"))
    }
}

/// Whether there are no more than `left` values, and none deeper than `depth`.
fn is_bearable(value: &Value, depth: usize, left: &mut usize) -> bool {
    if depth == 0 || *left == 0 {
        return false;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter().all(|item| is_bearable(item, depth - 1, left)),
        Value::Object(members) => members.values().all(|member| is_bearable(member, depth - 1, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Checks that a text is a JSON Schema that may be registered.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `schema`.
pub(super) fn must_be_sound(json: &str) -> Result<(), ServiceError> {
    made_ready(json).map(drop)
}

/// A schema is measured each time: one that was registered when more was taken is not followed either.
fn made_ready(json: &str) -> Result<Validator, ServiceError> {
    let schema = read("schema", json, SCHEMA_MAX)?;
    measure::must_be_small(schema.as_object().ok_or_else(|| ServiceError::invalid("schema", "must be an object"))?)?;
    let patterns = PatternOptions::regex().size_limit(measure::PATTERN_MAX).dfa_size_limit(measure::PATTERN_MAX * 8);
    // Nothing leads outside any more; should anything, it is not fetched.
    let options = jsonschema::options().offline().with_pattern_options(patterns);
    options.build(&schema).map_err(|error| ServiceError::invalid("schema", &format!("is no JSON Schema: {error}")))
}

/// Holds data to a registered schema; `field` are their name.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `field` for more data than are held to a schema; [`ServiceError::Refused`] `payload_unfit`
/// naming `field`, with the place of the first thing that is wrong, and none of what stands there.
pub(super) fn must_follow(field: &'static str, schema: &str, data: &Value) -> Result<(), ServiceError> {
    let mut left = HELD_MAX;
    if !is_bearable(data, DEPTH_MAX, &mut left) {
        return Err(ServiceError::invalid(field, "holds too much: 1000 values are the most that are held to a schema"));
    }
    let validator = made_ready(schema)?;
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

    /// `levels` definitions of which each holds the next one twice, as `spelled`.
    fn doubling(levels: usize, spelled: fn(usize) -> String) -> String {
        let definition = |level: usize| {
            let next = spelled(level + 1);
            format!(r##""a{level}":{{"allOf":[{{"$ref":"#/$defs/{next}"}},{{"$ref":"#/$defs/{next}"}}]}}"##)
        };
        let definitions: Vec<_> = (0..levels).map(definition).collect();
        format!(r##"{{"$ref":"#/$defs/a0","$defs":{{{},"a{levels}":{{}}}}}}"##, definitions.join(","))
    }

    #[test]
    fn a_form_that_could_take_long_is_not_registered() {
        let plain = doubling(12, |level| format!("a{level}"));
        assert!(refusal(&plain).contains("too large"), "{}", refusal(&plain));
        let cases = [
            (r##"{"properties":{"a":{"$ref":"#"}}}"##, "its own $defs"),
            (r##"{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}"##, "refer to itself"),
            (r##"{"$defs":{"a":{"not":{"$ref":"#/$defs/b"}},"b":{"not":{"$ref":"#/$defs/a"}}}}"##, "refer to itself"),
            (r##"{"$ref":"#/$defs/b","$defs":{"a":{}}}"##, "does not have"),
            (r##"{"$ref":"#/$defs/a","$defs":{"a":[]}}"##, "does not have"),
            (r#"{"type":"nothing"}"#, "is no JSON Schema"),
            (r#"{"pattern":"(a{1000}){1000}"}"#, "too large a pattern"),
            (r#"{"pattern":"(?=a)b"}"#, "is no JSON Schema"),
            (r#"{"pattern":"(a)\\1"}"#, "is no JSON Schema"),
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

    #[test]
    fn what_there_is_to_do_is_bounded_by_the_size_of_the_form_and_of_the_data() {
        let all = |part: &str, count: usize| format!(r#"{{"allOf":[{}]}}"#, vec![part; count].join(","));
        let nested = |count: usize, before: &str, within: &str, after: &str| [&before.repeat(count), within, &after.repeat(count)].concat();
        // Each asks anew what its parts evaluated, so that each level would more than double the time.
        let evaluated = |count: usize| nested(count, r#"{"unevaluatedProperties":false,"anyOf":["#, r#"{"properties":{"a":true}}"#, "]}");
        let pattern = r#"{"pattern":"^([ab]*a[ab]{90}|[ab]*)$"}"#;
        let reaching = |count: usize| {
            let definitions: Vec<_> =
                (0..count).map(|level| format!(r##""a{level}":{{"not":{{"$ref":"#/$defs/a{}"}}}}"##, level + 1)).collect();
            format!(r##"{{"$ref":"#/$defs/a0","$defs":{{{},"a{count}":{{"type":"null"}}}}}}"##, definitions.join(","))
        };
        for (form, expected) in [
            (all("true", 1_000), "too large"),
            (all(pattern, 25), "too large"),
            (all(r#"{"pattern":"^.{1,30}$"}"#, 7), "is too large"),
            (r#"{"pattern":"^.{1,640}$"}"#.to_owned(), "too large a pattern"),
            (
                format!(r#"{{"patternProperties":{{{}}}}}"#, (0..25).map(|n| format!(r#""a{n}":{{}}"#)).collect::<Vec<_>>().join(",")),
                "too large",
            ),
            (evaluated(8), "too large"),
            (reaching(40), "too deep"),
        ] {
            let refused = refusal(&form);
            assert!(refused.contains(expected), "{form}: {refused}");
        }
        let texts = Value::String("abbab".repeat(6_000));
        let many = Value::from(vec![1; 999]);
        for (form, data) in [
            (format!(r#"{{"items":{}}}"#, all(r#"{"type":"number"}"#, 480)), &many),
            (all(pattern, 23), &texts),
            (all(r#"{"pattern":"^[A-Za-z0-9_-]{1,64}|[ab]*$"}"#, 12), &texts),
            (all(r#"{"pattern":"^(.{1,30}|[ab]*)$"}"#, 3), &texts),
            (evaluated(3), &texts),
            (nested(10, r#"{"oneOf":[false,"#, "true", "]}"), &texts),
            (reaching(21), &texts),
        ] {
            assert_eq!(must_follow("data", &form, data).map_err(|error| error.to_string()), Ok(()), "{form}");
        }
        let refused = must_follow("data", "{}", &Value::from(vec![1; 1_000])).unwrap_err().to_string();
        assert!(refused.contains("holds too much"), "{refused}");
    }

    #[test]
    fn a_reference_has_one_spelling_that_everybody_reads_alike() {
        let doubled = doubling(12, |level| format!("%61{level}"));
        assert!(refusal(&doubled).contains("its own $defs"), "{}", refusal(&doubled));
        let itself = r##"{"$ref":"#/$defs/a%62","$defs":{"ab":{"items":{"$ref":"#/$defs/a%62"}},"a%62":{}}}"##;
        assert!(refusal(itself).contains("its own $defs"), "{}", refusal(itself));
        for reference in [
            "#a",
            "",
            "#/%24defs/a",
            "#/$defs/a%2Fb",
            "#/$defs/a~0",
            "#/$defs/a~1b",
            "#/$defs/a/enum/0",
            "#/$defs/a/allOf/00",
            "#/$defs/",
            "#/$defs",
            "#/properties/a",
            "#//$defs/a",
            "a#/$defs/a",
            "?#/$defs/a",
            "https://elsewhere.example/schema.json",
            "file:///etc/passwd",
            "https://json-schema.org/draft/2020-12/schema",
        ] {
            let form = format!(r#"{{"$ref":"{reference}","$defs":{{"a":{{"enum":[{{}}]}},"a~":{{}},"a/b":{{}},"":{{}}}}}}"#);
            assert!(refusal(&form).contains("its own $defs"), "{reference}: {}", refusal(&form));
        }
        must_be_sound(r##"{"$ref":"#/definitions/a-B_1.c","definitions":{"a-B_1.c":true}}"##).unwrap();
        must_be_sound(r##"{"properties":{"$ref":{"$ref":"#/$defs/id"},"id":{"type":"string"}},"$defs":{"id":{}}}"##).unwrap();
    }

    #[test]
    fn nothing_gives_a_place_another_name_or_another_meaning() {
        for name in ["$dynamicRef", "$recursiveRef", "$id", "id", "$anchor", "$dynamicAnchor"] {
            for form in [format!(r##"{{"{name}":"#a"}}"##), format!(r#"{{"$defs":{{"a":{{"items":{{"{name}":"a"}}}}}}}}"#)] {
                assert!(refusal(&form).contains(&format!("without {name}")), "{form}: {}", refusal(&form));
            }
        }
        assert!(refusal(r#"{"items":{"$schema":"http://json-schema.org/draft-07/schema#"}}"#).contains("without $schema"));
        for draft in ["\"https://elsewhere.example/schema\"", "\"http://json-schema.org/draft-03/schema#\"", "\"#\"", "7"] {
            let refused = refusal(&format!(r#"{{"$schema":{draft}}}"#));
            assert!(refused.contains("must be of draft"), "{draft}: {refused}");
        }
        must_be_sound(r#"{"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMinimum":true,"minimum":1}"#).unwrap();
        must_be_sound(r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object"}"#).unwrap();
    }
}
