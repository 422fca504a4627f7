//! Archives: the zipped payloads that merchants send for the fraud screen.
//!
//! Reads the first file of a ZIP archive and nothing else of it. Invariant: no payload can make this use more memory than the
//! limit, however it was packed; what cannot be read is nothing.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// The most that is unpacked, in bytes.
const UNPACKED_MAX: usize = 262_144;
/// How the entry of a file begins.
const ENTRY: [u8; 4] = *b"PK\x03\x04";
/// The length of an entry without its two names.
const ENTRY_LENGTH: usize = 30;
/// As senders pad it, or not.
const READER: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// What the first file of a zipped text in base64 says. A text that was not zipped is taken as it is.
pub(super) fn unpacked(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let bytes = READER.decode(text).ok()?;
    let plain = if bytes.starts_with(&ENTRY) { first_file(&bytes)? } else { bytes };
    // An old alphabet garbles the letters that nobody looks for, and is no reason to refuse a payment.
    Some(String::from_utf8_lossy(&plain).into_owned())
}

/// The first file of an archive: how it is packed stands in its entry, at places that are the same in all archives.
fn first_file(archive: &[u8]) -> Option<Vec<u8>> {
    let number = |place: usize| Some(usize::from(u16::from_le_bytes([*archive.get(place)?, *archive.get(place + 1)?])));
    let (method, names) = (number(8)?, number(26)? + number(28)?);
    let packed = archive.get(ENTRY_LENGTH + names..)?;
    match method {
        0 => {
            let length = number(18)? + number(20)? * 65_536;
            packed.get(..length).filter(|plain| plain.len() <= UNPACKED_MAX).map(<[u8]>::to_vec)
        }
        8 => decompress_to_vec_with_limit(packed, UNPACKED_MAX).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    fn archive(method: u8, packed: &[u8], length: usize) -> String {
        let mut bytes = ENTRY.to_vec();
        bytes.extend([20, 0, 0, 0, method, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(u32::try_from(length).unwrap().to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend([5, 0, 2, 0]);
        bytes.extend(b"a.xml??");
        bytes.extend(packed);
        bytes.extend(b"PK\x01\x02 and what follows");
        READER.encode(bytes)
    }

    #[test]
    fn the_first_file_is_read_packed_or_not() {
        let text = "<shipTo><country>AU</country></shipTo>".repeat(9);
        assert_eq!(unpacked(&archive(8, &compress_to_vec(text.as_bytes(), 6), 0)).as_ref(), Some(&text));
        assert_eq!(unpacked(&archive(0, text.as_bytes(), text.len())).as_ref(), Some(&text));
        assert_eq!(unpacked(&READER.encode(&text)).as_ref(), Some(&text));
        let broken =
            READER.encode(&text).as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\r\n");
        assert_eq!(unpacked(&broken).as_ref(), Some(&text), "in lines, as mail programs write it");
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        let bomb = compress_to_vec(&vec![b'x'; UNPACKED_MAX + 1], 9);
        for bad in
            ["", "!", &archive(8, &bomb, 0), &archive(8, b"garbage", 0), &archive(0, b"short", 99), &archive(12, b"x", 1), "UEsDBA=="]
        {
            assert!(unpacked(bad).is_none_or(|text| text.is_empty()), "{bad}");
        }
    }
}
