//! The measure of a schema: how much there is to do and how deep it goes once each reference stands for what it refers to.
//!
//! May not follow a reference otherwise than the validator does. Invariant: a reference has one spelling, the plain name of a whole
//! definition of the same schema; whatever else could lead somewhere, or could give a place a second name, is refused.

use std::collections::HashMap;

use regex::RegexBuilder;
use serde_json::{Map, Value};

use crate::ServiceError;

/// How many places a schema may have, once each reference stands for what it refers to.
const PLACES_MAX: usize = 1_000;
/// How deep it may go then, so that no thread's stack is too small for it.
const REACH_MAX: usize = 64;
/// How large a pattern may grow when it is made ready, in bytes: what there is to do for each character of a text.
pub(super) const PATTERN_MAX: usize = 64 * 1024;
/// How many places a pattern counts for that grows to so many bytes at the most: it looks at each character, not once at each value.
const PATTERN_PLACES: [(usize, usize); 4] = [(8 * 1024, 40), (16 * 1024, 80), (32 * 1024, 160), (PATTERN_MAX, 320)];
/// How many times over a schema counts that asks what was evaluated: each time it holds the data to its parts again.
const EVALUATED_ANEW: usize = 4;

/// Where definitions are kept.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];
/// The drafts that are known, without the `#` that some of them end with.
const DRAFTS: [&str; 5] = [
    "http://json-schema.org/draft-04/schema",
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
];

/// The keyword and the name of a definition.
type Name<'a> = (&'a str, &'a str);

#[derive(Debug, Clone, Copy)]
struct Size {
    places: usize,
    depth: usize,
}

/// Checks that a schema is small however its references are followed, and refers to nothing outside and never to itself.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `schema`.
pub(super) fn must_be_small(root: &Map<String, Value>) -> Result<(), ServiceError> {
    if root.get("$schema").is_some_and(|draft| !draft.as_str().is_some_and(is_known)) {
        return Err(refused("must be of draft 4, 6, 7, 2019-09 or 2020-12"));
    }
    let mut measure = Measure { root, sizes: HashMap::new() };
    for keyword in DEFINITIONS {
        for (name, _) in root.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            measure.definition((keyword, name), 0)?;
        }
    }
    // What is defined counts where it is referred to.
    let rest = root.iter().filter(|(name, member)| !(DEFINITIONS.contains(&name.as_str()) && member.is_object()) && *name != "$schema");
    measure.members(rest, 0).map(drop)
}

fn is_known(draft: &str) -> bool {
    DRAFTS.contains(&draft.strip_suffix('#').unwrap_or(draft))
}

fn refused(message: &str) -> ServiceError {
    ServiceError::invalid("schema", message)
}

struct Measure<'a> {
    root: &'a Map<String, Value>,
    /// How large the definitions are; nothing yet for one that is being measured.
    sizes: HashMap<Name<'a>, Option<Size>>,
}

impl<'a> Measure<'a> {
    /// The size of what stands `depth` deep.
    fn size(&mut self, schema: &'a Value, depth: usize) -> Result<Size, ServiceError> {
        if depth > REACH_MAX {
            return Err(refused("is too deep: 64 levels are the most, counted through its references"));
        }
        match schema {
            Value::Object(members) => self.members(members.iter(), depth),
            Value::Array(items) => items.iter().try_fold(Size::NOTHING, |size, item| Ok(size.holding(self.size(item, depth + 1)?))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Size::NOTHING),
        }
        .and_then(Size::bearable)
    }

    fn members(&mut self, members: impl Iterator<Item = (&'a String, &'a Value)>, depth: usize) -> Result<Size, ServiceError> {
        let (mut size, mut times) = (Size::NOTHING, 1);
        for (name, member) in members {
            let part = match (name.as_str(), member) {
                ("$ref", Value::String(reference)) => self.definition(referred(reference)?, depth + 1)?,
                ("$dynamicRef" | "$recursiveRef" | "$schema" | "$id" | "id" | "$anchor" | "$dynamicAnchor", Value::String(_)) => {
                    return Err(refused(&format!("must do without {name}")));
                }
                ("pattern", Value::String(pattern)) => Size { places: places_of(pattern)?, depth: 0 },
                ("patternProperties", Value::Object(patterns)) => {
                    let size = self.size(member, depth + 1)?;
                    patterns.keys().try_fold(size, |size, pattern| {
                        Ok::<_, ServiceError>(Size { places: size.places.saturating_add(places_of(pattern)?), ..size })
                    })?
                }
                _ => self.size(member, depth + 1)?,
            };
            if name.starts_with("unevaluated") {
                times = EVALUATED_ANEW;
            }
            size = size.holding(part);
        }
        Size { places: size.places.saturating_mul(times), ..size }.bearable()
    }

    /// The size of a definition that is referred to `depth` deep.
    fn definition(&mut self, name: Name<'a>, depth: usize) -> Result<Size, ServiceError> {
        let size = match self.sizes.get(&name) {
            Some(Some(size)) => *size,
            Some(None) => return Err(refused("must not refer to itself")),
            None => {
                let found = self.root.get(name.0).and_then(|definitions| definitions.get(name.1));
                let found = found.filter(|found| found.is_object() || found.is_boolean());
                let found = found.ok_or_else(|| refused("refers to a definition that it does not have"))?;
                self.sizes.insert(name, None);
                let size = self.size(found, depth)?;
                self.sizes.insert(name, Some(size));
                size
            }
        };
        if depth + size.depth > REACH_MAX {
            return Err(refused("is too deep: 64 levels are the most, counted through its references"));
        }
        Ok(size)
    }
}

impl Size {
    /// The size of what holds nothing.
    const NOTHING: Self = Self { places: 1, depth: 0 };

    /// The size of this with a part more.
    fn holding(self, part: Self) -> Self {
        Self { places: self.places.saturating_add(part.places), depth: self.depth.max(part.depth + 1) }
    }

    fn bearable(self) -> Result<Self, ServiceError> {
        if self.places > PLACES_MAX {
            return Err(refused("is too large: 1000 places are the most, counted through its references"));
        }
        Ok(self)
    }
}

/// How many places a pattern counts for. One that is no pattern counts as the largest; the validator tells what is wrong with it.
fn places_of(pattern: &str) -> Result<usize, ServiceError> {
    let grown = |limit| RegexBuilder::new(pattern).size_limit(limit).build();
    if let Some((_, places)) = PATTERN_PLACES.into_iter().find(|(limit, _)| grown(*limit).is_ok()) {
        return Ok(places);
    }
    match grown(PATTERN_MAX) {
        Err(regex::Error::CompiledTooBig(_)) => Err(refused("has too large a pattern: let maxLength say how long a text may be")),
        _ => Ok(PATTERN_PLACES[PATTERN_PLACES.len() - 1].1),
    }
}

/// The definition that a reference names. A validator reads a reference as an address: it undoes `%61`, looks for anchors and goes
/// into whatever it finds. Only names that need none of that are taken, so that what is measured is what is followed.
fn referred(reference: &str) -> Result<Name<'_>, ServiceError> {
    let name = reference.strip_prefix("#/").and_then(|path| path.split_once('/'));
    let is_plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    name.filter(|(keyword, name)| DEFINITIONS.contains(keyword) && is_plain(name)).ok_or_else(|| {
        refused(
            "may refer to its own $defs or definitions only, as #/$defs/name, by names of letters, digits, dots, dashes and underscores",
        )
    })
}
