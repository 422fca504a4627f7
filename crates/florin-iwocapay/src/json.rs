//! Writes JSON objects straight into bytes, fields in the order they are given.
//!
//! Written by hand because amounts must keep their exact digits and answers are signed as bytes: nothing here is a float.

use std::fmt::Display;
use std::io::Write;

/// An object under construction.
pub struct Object<'b> {
    bytes: &'b mut Vec<u8>,
    is_empty: bool,
}

/// The bytes of one whole object, whose fields `fill` gives.
pub fn object(fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    write_object(&mut bytes, fill);
    bytes
}

/// Appends one object to `bytes`.
pub fn write_object(bytes: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    bytes.push(b'{');
    fill(&mut Object { bytes, is_empty: true });
    bytes.push(b'}');
}

/// Appends one string to `bytes`, quoted and escaped.
pub fn write_string(bytes: &mut Vec<u8>, value: &str) {
    // Only a failing writer could make this fail, and a vector does not.
    let _ = serde_json::to_writer(bytes, value);
}

/// Appends an array to `bytes`, one item a turn of `write`.
pub fn write_array<T>(bytes: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    bytes.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        write(bytes, item);
    }
    bytes.push(b']');
}

impl Object<'_> {
    /// A field whose value `write` appends.
    pub fn field(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        if !self.is_empty {
            self.bytes.push(b',');
        }
        self.is_empty = false;
        write_string(self.bytes, name);
        self.bytes.push(b':');
        write(self.bytes);
        self
    }

    /// A string.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.field(name, |bytes| write_string(bytes, value))
    }

    /// A string that needs no escaping, such as an identifier or a date.
    pub fn plain(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.field(name, |bytes| {
            let _ = write!(bytes, "\"{value}\"");
        })
    }

    /// A value that is JSON already, such as the digits of an amount.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.field(name, |bytes| bytes.extend_from_slice(json.as_bytes()))
    }

    /// An object inside this one.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.field(name, |bytes| write_object(bytes, fill))
    }

    /// An array of strings.
    pub fn texts<'t>(&mut self, name: &str, values: impl IntoIterator<Item = &'t str>) -> &mut Self {
        self.field(name, |bytes| write_array(bytes, values, write_string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_strings_are_escaped() {
        let bytes = object(|object| {
            object.text("a", "\"\u{1}é\n").raw("b", "4200.0").plain("c", 7).texts("d", ["x", "y"]).object("e", |_| {});
        });
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"a\":\"\\\"\\u0001é\\n\",\"b\":4200.0,\"c\":\"7\",\"d\":[\"x\",\"y\"],\"e\":{}}");
    }
}
