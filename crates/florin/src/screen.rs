//! Standard output: what a command has to say.

use std::fmt::Display;
use std::io::Write as _;

/// Shows a line, or several.
pub fn show(text: impl Display) {
    // Whoever closed the other end, such as `head`, wants no more; that is no error.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
