//! The picture of a QR code: black squares on white, with the margin that scanners need.

use fast_qr::ECL;
use fast_qr::qr::{QRBuilder, QRCode};
use florin_service::ServiceError;

/// How many pixels a square of the code is wide.
const SCALE: usize = 8;
/// How many squares of white stand around the code.
const MARGIN: usize = 4;

/// The code that holds `text`, as PNG.
///
/// # Errors
/// [`ServiceError::Internal`] if the text is longer than any code can hold.
pub fn png(text: &str) -> Result<Vec<u8>, ServiceError> {
    let code = QRBuilder::new(text).ecl(ECL::M).build();
    let code = code.map_err(|_| ServiceError::Internal("a text does not fit into a QR code".to_owned()))?;
    let width = (code.size + 2 * MARGIN) * SCALE;
    let painted = || -> Result<Vec<u8>, png::EncodingError> {
        let mut picture = Vec::new();
        let side = u32::try_from(width).map_err(|_| png::EncodingError::LimitsExceeded)?;
        let mut encoder = png::Encoder::new(&mut picture, side, side);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels(&code, width))?;
        writer.finish()?;
        Ok(picture)
    };
    painted().map_err(|error| ServiceError::Internal(error.to_string()))
}

/// The pixels, a bit each, white being one; each line begins with a byte of its own.
fn pixels(code: &QRCode, width: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width * width.div_ceil(8));
    for line in 0..width {
        let mut bytes = vec![0_u8; width.div_ceil(8)];
        for place in 0..width {
            if !is_black(code, line / SCALE, place / SCALE) {
                bytes[place / 8] |= 0x80 >> (place % 8);
            }
        }
        pixels.extend(bytes);
    }
    pixels
}

/// Whether the square in this line and at this place is black, counted with the margin.
fn is_black(code: &QRCode, line: usize, place: usize) -> bool {
    let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < code.size);
    match (inside(line), inside(place)) {
        (Some(line), Some(place)) => code[line][place].value(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scans a picture as a camera would.
    fn scanned(picture: &[u8]) -> String {
        let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        let (width, stride) = (frame.width as usize, frame.line_size);
        let grey = |x: usize, y: usize| if bytes[y * stride + x / 8] & (0x80 >> (x % 8)) == 0 { 0 } else { 255 };
        let mut seen = rqrr::PreparedImage::prepare_from_greyscale(width, width, grey);
        let grids = seen.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_scanner_reads_what_was_written() {
        for text in ["https://florin.example/qr/4b9f8c1e-0000-4000-8000-000000000001", "7", &"https://shop.example/pay/".repeat(12)] {
            let picture = png(text).unwrap();
            assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
            assert_eq!(scanned(&picture), text);
        }
    }

    #[test]
    fn a_text_without_end_is_refused() {
        assert!(png(&"x".repeat(5_000)).is_err());
    }
}
