//! Bodies: JSON objects, read into what an operation wants, or refused by the name of the field.
//!
//! Unknown fields are ignored, because the contract grows. Invariant: a refusal never repeats a value that was sent, since that
//! may be a card's number or a PIN.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::error::Refusal;

/// Reads `bytes` into a `T`.
///
/// # Errors
/// 415 for another content type, 400 for anything but a `T`.
pub fn read<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Refusal> {
    if !is_json(headers) {
        return Err(Refusal::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json."));
    }
    parse(WHOLE, bytes)
}

/// Reads what stands at `place` of a body into a `T`.
///
/// # Errors
/// 400 for anything but a `T`.
pub fn read_part<T: DeserializeOwned>(place: &str, json: &RawValue) -> Result<T, Refusal> {
    parse(place, json.get().as_bytes())
}

/// How the parser calls the whole of what it reads.
const WHOLE: &str = ".";

fn parse<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let told = serde_path_to_error::deserialize(&mut deserializer);
    let told = told.map_err(|error| {
        let path = error.path().to_string();
        let path = if path == WHOLE { place.to_owned() } else { joined(place, &path) };
        Refusal::invalid(complaint(&path, error.inner()))
    })?;
    deserializer.end().map_err(|error| Refusal::invalid(complaint(place, &error)))?;
    Ok(told)
}

/// What says nothing sends JSON, as every published client does.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// What is wrong, without the words of the parser that repeat what was sent.
fn complaint(path: &str, error: &serde_json::Error) -> String {
    if error.classify() != Category::Data {
        return format!("The body is not valid JSON: line {}, column {}.", error.line(), error.column());
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let quoted = |beginning: &str| text.strip_prefix(beginning)?.strip_suffix('`');
    if let Some(field) = quoted("missing field `") {
        return format!("{} is required.", joined(path, field));
    }
    if let Some(field) = quoted("duplicate field `") {
        return format!("{} is given more than once.", joined(path, field));
    }
    let name = if path == WHOLE { "The body" } else { path };
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{name} must be {}.", kind(expected)),
        // Everything else is our own types' word on a value, which says what it must be.
        None => format!("{name} {text}."),
    }
}

fn joined(path: &str, field: &str) -> String {
    if path == WHOLE { field.to_owned() } else { format!("{path}.{field}") }
}

/// The parser's word for a kind of value, in ours.
fn kind(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "string or map" => "a string",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with(['i', 'u']) && expected[1..].parse::<u8>().is_ok() => "a whole number",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[expect(dead_code, reason = "only the parser looks at it")]
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Slip {
        pin_code: String,
        #[serde(default)]
        items: Vec<Item>,
        count: Option<u32>,
    }

    #[expect(dead_code, reason = "only the parser looks at it")]
    #[derive(Debug, Deserialize)]
    struct Item {
        save: bool,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    enum Kind {
        Zip,
        Xml,
    }

    fn refused(body: &str) -> String {
        let refusal = read::<Slip>(&HeaderMap::new(), body.as_bytes()).unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code().text()), (400, "AP99"), "{body}");
        let told: serde_json::Value = serde_json::from_str(&serde_json::to_string(&refusal).unwrap()).unwrap();
        told["errorDetail"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_field_is_named_and_its_value_is_not() {
        let table = [
            ("{}", "pinCode is required."),
            (r#"{"pinCode":1945}"#, "pinCode must be a string."),
            (r#"{"pinCode":null}"#, "pinCode must be a string."),
            (r#"{"pinCode":"1","pinCode":"2"}"#, "pinCode is given more than once."),
            (r#"{"pinCode":"1","count":"1945, expected 1945"}"#, "count must be a whole number."),
            (r#"{"pinCode":"1","items":{}}"#, "items must be an array."),
            (r#"{"pinCode":"1","items":[{}]}"#, "items[0].save is required."),
            (r#"{"pinCode":"1","items":[{"save":"true"}]}"#, "items[0].save must be a boolean."),
            (r#"{"pinCode":"1","items":[{"save":true,"kind":"1945"}]}"#, "items[0].kind must be `ZIP` or `XML`."),
            (r#""1945""#, "The body must be an object."),
        ];
        for (body, detail) in table {
            assert_eq!(refused(body), detail, "{body}");
        }
        for broken in ["", "{", "nul", r#"{"pinCode":"1"} 1945"#, r#"{"pinCode":"\ud800"}"#] {
            let detail = refused(broken);
            assert!(detail.starts_with("The body is not valid JSON") && !detail.contains("1945"), "{broken}: {detail}");
        }
    }

    #[test]
    fn a_part_is_named_by_its_place() {
        for (json, detail) in [
            ("{}", "data.payload.pinCode is required."),
            ("\"1945\"", "data.payload must be an object."),
            (r#"{"pinCode":"1","items":[{}]}"#, "data.payload.items[0].save is required."),
        ] {
            let part = RawValue::from_string(json.to_owned()).unwrap();
            let told = serde_json::to_value(read_part::<Slip>("data.payload", &part).unwrap_err()).unwrap();
            assert_eq!(told["errorDetail"], detail, "{json}");
        }
    }

    #[test]
    fn only_json_is_read() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_json(&headers), expected, "{kind}");
        }
        assert!(is_json(&HeaderMap::new()));
    }
}
