//! Percentages: text with two decimals at the most, such as `"3.5"`; whole hundredths of a percent inside.

use crate::problem::Problem;

/// Hundredths of a percent, read from the digits of the percentage in `field`: `3.5` is 350.
///
/// # Errors
/// A 422 that names `field`.
pub fn basis_points(field: &'static str, text: &str) -> Result<u32, Problem> {
    let message = "must be a percentage such as \"3.5\", with two decimals at the most";
    digits(text).ok_or_else(|| Problem::invalid(field, message))
}

fn digits(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_clean = (1..=3).contains(&whole.len())
        && (1..=2).contains(&fraction.len())
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    format!("{whole}{fraction:0<2}").parse().ok().filter(|_| is_clean)
}

/// A percentage without needless zeros: 350 is `3.5`.
pub fn percentage(basis_points: u32) -> String {
    let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_from_their_digits_and_written_back() {
        for (text, points, written) in
            [("3.5", 350, "3.5"), ("0", 0, "0"), ("12", 1_200, "12"), ("2.05", 205, "2.05"), ("999.99", 99_999, "999.99")]
        {
            assert_eq!(digits(text), Some(points), "{text}");
            assert_eq!(percentage(points), written);
        }
        for text in ["", "-1", "3.555", "1000", "3.", ".5", "x", "1e2", "٣"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }
}
