//! Form-encoded bodies: flat fields, `data[amount]` brackets, and repeated fields for lists.
//!
//! Gives the same [`Fields`] as a JSON body, so that no rule is written twice.

use std::borrow::Cow;

use http::StatusCode;

use crate::fault::{Refusal, Source};
use crate::fields::{Fields, Given};

/// The most different fields a form may have: each name is sought among those before it.
const FIELDS_MAX: usize = 100;

/// Reads the fields of a form; names beyond one level of brackets are kept and match nothing.
///
/// # Errors
/// A 400 for more than [`FIELDS_MAX`] different fields, or for JSON that was sent as a form.
pub fn read(body: &str) -> Result<Fields<'_>, Refusal> {
    if body.trim_start().starts_with('{') {
        let detail = "The body looks like JSON, but Content-Type says that it is a form: send Content-Type: application/json.";
        return Err(Refusal::of(StatusCode::BAD_REQUEST, detail));
    }
    let mut entries: Vec<(Cow<'_, str>, Given<'_>)> = Vec::new();
    for (name, value) in form_urlencoded::parse(body.as_bytes()) {
        let name = bare_name(name);
        if name.starts_with("meta_data[") {
            let place = Source::Pointer("/data/meta_data".to_owned());
            return Err(Refusal::at(StatusCode::BAD_REQUEST, place, "meta_data must be sent as JSON text in a form."));
        }
        if entries.len() == FIELDS_MAX {
            return Err(Refusal::of(StatusCode::BAD_REQUEST, "The form has too many fields."));
        }
        match entries.iter_mut().find(|(entry, _)| *entry == name) {
            Some((_, Given::Form(values))) => values.push(value),
            Some((_, Given::Json(_))) | None => entries.push((name, Given::Form(vec![value]))),
        }
    }
    Ok(Fields::new("/data", entries))
}

/// `data[amount]` is `amount`; `terms[]` and `terms[0]` are `terms`.
fn bare_name(name: Cow<'_, str>) -> Cow<'_, str> {
    let inner = name.strip_prefix("data[").map(|rest| rest.replacen(']', "", 1));
    let name = inner.map_or(name, Cow::Owned);
    let item = name.strip_suffix(']').and_then(|rest| rest.split_once('['));
    match item {
        Some((list, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => Cow::Owned(list.to_owned()),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_repeats_name_the_same_field() {
        let bodies = [
            "amount=42&terms=A&terms=B",
            "data[amount]=42&data[terms][]=A&data[terms][]=B",
            "data%5Bamount%5D=42&terms[0]=A&terms[1]=B",
            "terms[]=A&amount=42&terms%5B%5D=B",
        ];
        for body in bodies {
            let fields = read(body).unwrap();
            assert_eq!(fields.find("amount"), Some(&Given::Form(vec!["42".into()])), "{body}");
            assert_eq!(fields.find("terms"), Some(&Given::Form(vec!["A".into(), "B".into()])), "{body}");
        }
    }

    #[test]
    fn deeper_names_match_no_field() {
        for body in ["data[meta][key]=1", "meta[key]=1", "data[]=1", "data[=1", "=1", "]=1"] {
            let fields = read(body).unwrap();
            assert_eq!((fields.find("meta"), fields.find("amount")), (None, None), "{body}");
        }
    }

    #[test]
    fn json_sent_as_a_form_and_endless_forms_are_refused() {
        assert!(read("{\"data\":{\"amount\":42}}").is_err());
        let endless = (0..1_000).map(|number| format!("a{number}=")).collect::<Vec<_>>().join("&");
        assert!(read(&endless).is_err());
    }
}
