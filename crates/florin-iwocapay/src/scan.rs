//! Scans of JSON text for what a parser lets pass: bottomless nesting, and text that no database can hold.
//!
//! Reads bytes, never recursion, so the deepest body costs no more stack than the flattest.

/// The deepest nesting that is read; deeper bodies are mistakes or attacks.
const DEPTH_MAX: usize = 100;

/// The complaint about a string with U+0000.
pub const HOLDS_NUL: &str = "holds the character U+0000, which cannot be stored";
/// The complaint about a string with half a surrogate pair.
pub const HOLDS_SURROGATE: &str = "holds half of a surrogate pair, which is no character";

/// Whether brackets nest deeper than [`DEPTH_MAX`]. Says nothing about whether the text is JSON.
pub fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What is wrong with the strings of valid JSON text, if anything.
pub fn unspeakable(json: &str) -> Option<&'static str> {
    let mut rest = json;
    while let Some(start) = rest.find('\\') {
        let escape = &rest[start..];
        let Some(unit) = unicode_escape(escape) else {
            rest = escape.get(2..)?; // A short escape, such as \n or \\.
            continue;
        };
        rest = escape.get(6..)?;
        match unit {
            0 => return Some(HOLDS_NUL),
            0xD800..=0xDBFF if unicode_escape(rest).is_some_and(|low| (0xDC00..=0xDFFF).contains(&low)) => rest = rest.get(6..)?,
            0xD800..=0xDFFF => return Some(HOLDS_SURROGATE),
            _ => {}
        }
    }
    None
}

/// The code unit of a `\uXXXX` at the start of `text`.
fn unicode_escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_outside_strings_nest() {
        assert!(!is_too_deep(&"[".repeat(DEPTH_MAX)));
        assert!(is_too_deep(&"[".repeat(DEPTH_MAX + 1)));
        assert!(is_too_deep(&"{\"a\":".repeat(100_000)));
        assert!(!is_too_deep(&format!("\"{}\"", "[".repeat(1_000))));
        assert!(!is_too_deep(&format!("\"\\\"{}\"", "[".repeat(1_000))), "an escaped quote ends no string");
        assert!(!is_too_deep(&"[]".repeat(1_000)));
    }

    #[test]
    fn escapes_that_no_database_can_hold_are_found() {
        let table = [
            (r#""plain""#, None),
            (r#""\u00e9 \n \\u0000 \ud83d\ude00""#, None),
            (r#""\u0000""#, Some(HOLDS_NUL)),
            (r#""\\\u0000""#, Some(HOLDS_NUL)),
            (r#""\ud83d""#, Some(HOLDS_SURROGATE)),
            (r#""\ud83dx\ude00""#, Some(HOLDS_SURROGATE)),
            (r#""\ude00\ud83d""#, Some(HOLDS_SURROGATE)),
        ];
        for (json, expected) in table {
            assert_eq!(unspeakable(json), expected, "{json}");
        }
    }
}
