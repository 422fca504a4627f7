//! The sandbox's own keys, made once and kept, and the change from one master key to the next.
//!
//! Invariant: while data keys may be sealed with either, both master keys are in their files.

use std::fs;

use florin_service::{Random, Secret, digest};
use florin_vault::{MasterKey, hex};

use crate::data_directory::DataDirectory;
use crate::failure::Failure;
use crate::private_file;
use crate::serve::weakness::SANDBOX_PREFIX;

const MASTER: &str = "master.key";
/// The key that takes the place of [`MASTER`]; there only while it does.
const NEXT: &str = "next-master.key";

/// Keys of one data directory.
pub struct Keys {
    /// Seals what is secret in the books.
    pub master: MasterKey,
    /// Opens what is not sealed with `master` yet, while the one takes the other's place.
    pub previous: Option<MasterKey>,
    /// The operator's.
    pub operator: Secret<String>,
}

impl Keys {
    /// The keys of `directory`; new ones if it has none.
    ///
    /// # Errors
    /// A [`Failure`] when they cannot be kept, or are open to others.
    pub fn of(directory: &DataDirectory, random: &Random) -> Result<Self, Failure> {
        let master = private_file::read_or_make(&directory.file(MASTER), || Ok(MasterKey::generate(random).to_text()))?;
        let operator = private_file::read_or_make(&directory.file("operator.key"), || {
            Ok(Secret::new(format!("{SANDBOX_PREFIX}{}", hex::encode(&random.bytes::<32>()))))
        })?;
        let master = parse(MASTER, &master)?;
        let (master, previous) = match next(directory)? {
            None => (master, None),
            Some(next) => (next, Some(master)),
        };
        Ok(Self { master, previous, operator })
    }

    /// By what others can tell that a process knows the next key as well; `None` while there is no next key.
    pub fn next_key_id(&self) -> Option<String> {
        self.previous.as_ref().map(|_| key_id(&self.master))
    }
}

/// A change of the master key, begun and not yet ended.
pub struct Change {
    /// Sealed everything until now.
    pub old: MasterKey,
    /// Seals everything from now on.
    pub new: MasterKey,
}

impl Change {
    /// Begins a change to `wanted`, or to a new key, or takes up the one that was begun before.
    ///
    /// # Errors
    /// A [`Failure`] when there is no master key to change, when another change was begun, or when a file cannot be written.
    pub fn begin(directory: &DataDirectory, wanted: Option<MasterKey>, random: &Random) -> Result<Self, Failure> {
        let old = parse(MASTER, &private_file::read(&directory.file(MASTER))?)?;
        let is_other = |key: &MasterKey, other: &MasterKey| key_id(key) != key_id(other);
        if wanted.as_ref().is_some_and(|wanted| !is_other(wanted, &old)) {
            return Err(Failure::new("this is the master key already; there is nothing to change"));
        }
        let new = match (next(directory)?, wanted) {
            (Some(begun), Some(wanted)) if is_other(&begun, &wanted) => {
                let path = directory.file(NEXT);
                return Err(Failure::new(format!(
                    "a change to the key in {} was begun; end it first, without another key",
                    path.display()
                )));
            }
            (Some(begun), _) => begun,
            (None, wanted) => {
                let new = wanted.unwrap_or_else(|| MasterKey::generate(random));
                private_file::write(&directory.file(NEXT), new.to_text().expose().as_bytes())?;
                new
            }
        };
        Ok(Self { old, new })
    }

    /// By what a process that knows the new key can be told.
    pub fn id(&self) -> String {
        key_id(&self.new)
    }

    /// Ends the change of `directory`: nothing is sealed with the old key any more, so it goes.
    ///
    /// # Errors
    /// A [`Failure`] when the new key's file cannot take the old one's place.
    pub fn end(directory: &DataDirectory) -> Result<(), Failure> {
        fs::rename(directory.file(NEXT), directory.file(MASTER)).map_err(|error| Failure::because(MASTER, error))
    }
}

fn next(directory: &DataDirectory) -> Result<Option<MasterKey>, Failure> {
    let path = directory.file(NEXT);
    if !path.try_exists().map_err(|error| Failure::because(path.display(), error))? {
        return Ok(None);
    }
    parse(NEXT, &private_file::read(&path)?).map(Some)
}

fn parse(name: &str, text: &Secret<String>) -> Result<MasterKey, Failure> {
    MasterKey::parse(text.expose()).map_err(|error| Failure::because(name, error))
}

/// A name for a key that does not tell it.
fn key_id(key: &MasterKey) -> String {
    hex::encode(&digest(key.to_text().expose().as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_master_key_may_be_broken_off_at_any_point() {
        let files = tempfile::tempdir().unwrap();
        let (directory, random) = (DataDirectory::at(files.path()).unwrap(), Random::seeded(1));
        let first = Keys::of(&directory, &random).unwrap();
        assert!(first.previous.is_none() && first.next_key_id().is_none());

        let begun = Change::begin(&directory, None, &random).unwrap();
        let between = Keys::of(&directory, &random).unwrap();
        assert_eq!(between.next_key_id(), Some(begun.id()), "whoever starts now knows both");
        assert_eq!(between.previous.as_ref().map(key_id), Some(key_id(&first.master)));

        let again = Change::begin(&directory, None, &random).unwrap();
        assert_eq!(again.id(), begun.id(), "it is taken up, not begun anew");
        let another = MasterKey::generate(&random);
        assert!(Change::begin(&directory, Some(another), &random).is_err());

        Change::end(&directory).unwrap();
        let last = Keys::of(&directory, &random).unwrap();
        assert_eq!((key_id(&last.master), last.previous.is_none()), (begun.id(), true));
        let same = MasterKey::parse(last.master.to_text().expose()).unwrap();
        assert!(Change::begin(&directory, Some(same), &random).is_err(), "there is nothing to change");
    }
}
