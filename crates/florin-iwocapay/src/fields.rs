//! The fields of a body, before they mean anything: JSON and forms give the same, and faults are gathered, not thrown.
//!
//! Values stay the text they arrived as; whoever reads one says what it must be. No value ever passes through a float.

use std::borrow::Cow;
use std::fmt;

use florin_domain::{Currency, Money};
use florin_service::tokens::is_web_address;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::fault::{Fault, Source};
use crate::scan::{HOLDS_NUL, HOLDS_SURROGATE, unspeakable};

/// The longest reference, name or version, in characters.
pub const TEXT_MAX: usize = 255;
/// The longest address, in characters.
pub const URL_MAX: usize = 2048;

/// What is wrong with a value; follows the field's name in a sentence.
pub type Complaint = Cow<'static, str>;

/// A value as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<'a> {
    /// Valid JSON text.
    Json(&'a str),
    /// The values of a form's field, in order; at least one.
    Form(Vec<Cow<'a, str>>),
}

/// The fields of one object.
#[derive(Debug)]
pub struct Fields<'a> {
    at: Cow<'static, str>,
    entries: Vec<(Cow<'a, str>, Given<'a>)>,
}

impl<'a> Fields<'a> {
    /// The fields at pointer `at`, such as `/data`.
    pub fn new(at: impl Into<Cow<'static, str>>, entries: Vec<(Cow<'a, str>, Given<'a>)>) -> Self {
        Self { at: at.into(), entries }
    }

    /// Reads the fields of a JSON object that sits at pointer `at`.
    ///
    /// # Errors
    /// What a parser says of text that is no JSON, or no object.
    pub fn from_json(at: impl Into<Cow<'static, str>>, json: &'a str) -> Result<Self, serde_json::Error> {
        let Entries(entries) = serde_json::from_str(json)?;
        Ok(Self::new(at, entries))
    }

    /// The value under `name`, unless it is missing.
    pub fn find(&self, name: &str) -> Option<&Given<'a>> {
        self.entries.iter().find(|(entry, _)| entry == name).map(|(_, given)| given)
    }

    /// Reads an optional field; missing and null are nothing, and so is a form's field left empty.
    pub fn read<T>(&self, name: &str, faults: &mut Vec<Fault>, read: impl FnOnce(&Given<'a>) -> Result<T, Complaint>) -> Option<T> {
        let given = self.find(name).filter(|given| !given.is_null())?;
        let repeated = self.entries.iter().filter(|(entry, _)| entry == name).count() > 1;
        let outcome = if repeated { Err("is given more than once".into()) } else { read(given) };
        outcome.map_err(|complaint| faults.push(self.fault(name, &complaint))).ok()
    }

    /// Reads a field that must be there.
    pub fn require<T>(&self, name: &str, faults: &mut Vec<Fault>, read: impl FnOnce(&Given<'a>) -> Result<T, Complaint>) -> Option<T> {
        if self.find(name).is_none_or(Given::is_null) {
            faults.push(self.fault(name, "is required"));
            return None;
        }
        self.read(name, faults, read)
    }

    /// The fault that `name` has here.
    pub fn fault(&self, name: &str, complaint: &str) -> Fault {
        Fault { detail: format!("{name} {complaint}").into(), source: Source::Pointer(format!("{}/{name}", self.at)) }
    }
}

impl Given<'_> {
    fn is_null(&self) -> bool {
        match self {
            Self::Json(json) => *json == "null",
            Self::Form(values) => values.iter().all(|value| value.is_empty()),
        }
    }

    /// An amount in pounds, more than nothing, read from its digits.
    ///
    /// # Errors
    /// A complaint about anything else, a JSON string of digits included.
    pub fn amount(&self) -> Result<Money, Complaint> {
        let digits = match self {
            Self::Json(json) if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => json,
            Self::Json(_) => return Err("must be a number".into()),
            Self::Form(_) => self.single()?.trim(),
        };
        let amount = Money::from_decimal(digits, Currency::Gbp).map_err(|error| error.to_string())?;
        if amount.is_positive() { Ok(amount) } else { Err("must be more than 0".into()) }
    }

    /// A string of at most `max` characters that any database can hold.
    ///
    /// # Errors
    /// A complaint about anything else.
    pub fn text(&self, max: usize) -> Result<String, Complaint> {
        let text = match self {
            Self::Json(json) => json_text(json)?,
            Self::Form(_) => self.single()?.to_owned(),
        };
        if text.contains('\0') {
            return Err(HOLDS_NUL.into());
        }
        // Bytes first: counting characters is only worth it near the limit.
        if text.len() > max && text.chars().count() > max {
            return Err(format!("is longer than {max} characters").into());
        }
        Ok(text)
    }

    /// A string that says something.
    ///
    /// # Errors
    /// As [`Given::text`], and for blank text.
    pub fn words(&self, max: usize) -> Result<String, Complaint> {
        let text = self.text(max)?;
        if text.trim().is_empty() { Err("must not be empty".into()) } else { Ok(text) }
    }

    /// Several strings: a JSON array, or a form's field given several times.
    ///
    /// # Errors
    /// A complaint about anything else.
    pub fn texts(&self) -> Result<Vec<Cow<'_, str>>, Complaint> {
        match self {
            Self::Json(json) => json_items(json)?.into_iter().map(|item| json_text(item.get()).map(Cow::Owned)).collect(),
            Self::Form(values) => Ok(values.clone()),
        }
    }

    /// An absolute http or https address, kept as written.
    ///
    /// # Errors
    /// A complaint about anything else, and about plain http where `must_be_https`.
    pub fn url(&self, must_be_https: bool) -> Result<String, Complaint> {
        let text = self.text(URL_MAX)?;
        if !is_web_address(&text) {
            return Err("must be an absolute http or https URL".into());
        }
        let is_https = text.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
        if must_be_https && !is_https { Err("must be an https URL".into()) } else { Ok(text) }
    }

    /// A JSON object, as its text; an empty array stands for an empty object, because some clients write it so.
    ///
    /// # Errors
    /// A complaint about anything else, and about strings that no database can hold.
    pub fn json_object(&self) -> Result<String, Complaint> {
        let text = match self {
            Self::Json(json) => json,
            Self::Form(_) => serde_json::from_str::<&RawValue>(self.single()?).map_err(|_| "must be a JSON object")?.get(),
        };
        if text.starts_with('[') && text[1..].trim_start().starts_with(']') {
            return Ok("{}".to_owned());
        }
        if !text.starts_with('{') {
            return Err("must be an object".into());
        }
        unspeakable(text).map_or_else(|| Ok(text.to_owned()), |complaint| Err(complaint.into()))
    }

    fn single(&self) -> Result<&str, Complaint> {
        match self {
            Self::Json(json) => Ok(json),
            Self::Form(values) if values.len() == 1 => Ok(&values[0]),
            Self::Form(_) => Err("is given more than once".into()),
        }
    }
}

/// The items of a JSON array.
///
/// # Errors
/// A complaint about anything else.
pub fn json_items(json: &str) -> Result<Vec<&RawValue>, Complaint> {
    serde_json::from_str(json).map_err(|_| "must be an array".into())
}

fn json_text(json: &str) -> Result<String, Complaint> {
    if !json.starts_with('"') {
        return Err("must be a string".into());
    }
    serde_json::from_str(json).map_err(|_| HOLDS_SURROGATE.into())
}

/// An object's fields in order, without looking into the values.
struct Entries<'a>(Vec<(Cow<'a, str>, Given<'a>)>);

/// A field's name, borrowed from the body unless it holds an escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    entries.push((name, Given::Json(value.get())));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}
