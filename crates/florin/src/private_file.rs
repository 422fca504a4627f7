//! Files that only their owner may read: keys, and what holds them.
//!
//! Invariants: such a file is never readable by others, not even for the moment of its making, and is either whole or absent.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use florin_vault::Secret;

use crate::failure::Failure;

/// Permission bits that let others than the owner in.
const OTHERS: u32 = 0o077;

/// Reads a secret from its file, without white space around it.
///
/// # Errors
/// A [`Failure`] when the file cannot be read or others may read it.
pub fn read(path: &Path) -> Result<Secret<String>, Failure> {
    refuse_shared(path)?;
    let text = fs::read_to_string(path).map_err(|error| Failure::because(path.display(), error))?;
    Ok(Secret::new(text.trim().to_owned()))
}

/// Reads the secret at `path`, or keeps there what `make` makes if there is none.
///
/// # Errors
/// As [`read`], and when the file cannot be written.
pub fn read_or_make(path: &Path, make: impl FnOnce() -> Result<Secret<String>, Failure>) -> Result<Secret<String>, Failure> {
    if !path.try_exists().map_err(|error| Failure::because(path.display(), error))? {
        write(path, make()?.expose().as_bytes())?;
    }
    read(path)
}

/// Writes a file that only its owner may read, all at once: whoever finds it finds it whole.
///
/// # Errors
/// A [`Failure`] when it cannot be written.
pub fn write(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    replace(path, contents).map_err(|error| Failure::because(format_args!("{} cannot be written", path.display()), error))
}

/// Refuses a file that others than its owner may read or change.
///
/// # Errors
/// A [`Failure`] that says how to close it.
pub fn refuse_shared(path: &Path) -> Result<(), Failure> {
    let found = fs::metadata(path).map_err(|error| Failure::because(path.display(), error))?;
    if found.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::new(format!("{path} holds a secret but is open to others; close it with: chmod 600 {path}")))
}

fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    // What a crash left of an earlier draft may have other permissions.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    // The name must survive a power cut as well as the contents.
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}
