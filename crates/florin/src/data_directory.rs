//! The data directory: what a sandbox keeps, one name each, and the lock that keeps a second one out.
//!
//! Invariant: nothing in it is removed that this file does not name.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where a sandbox keeps its files unless told otherwise.
pub const DEFAULT: &str = "./florin-data";

const DATABASE: &str = "florin.db";
const ANNOUNCEMENT: &str = "sandbox.json";
const LOCK: &str = "lock";
/// What `--fresh` takes away: all that belongs to the money. The local authority stays, because browsers were told to trust it.
const BELONGS_TO_THE_MONEY: [&str; 8] =
    ["florin.db", "florin.db-wal", "florin.db-shm", "sandbox.json", "sellers.json", "master.key", "next-master.key", "operator.key"];

/// A data directory by its absolute path.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
}

/// Holds the directory for one process; let go when dropped, and by the system when the process dies.
#[derive(Debug)]
pub struct Hold {
    _file: File,
}

impl DataDirectory {
    /// The directory at `path`, which need not exist.
    ///
    /// # Errors
    /// A [`Failure`] when the path cannot be made absolute.
    pub fn at(path: &Path) -> Result<Self, Failure> {
        let absolute = std::path::absolute(path).map_err(|error| Failure::because(path.display(), error))?;
        // A dot in the middle is harmless to us but ugly in what people paste.
        Ok(Self { path: absolute.components().collect() })
    }

    /// Makes the directory if it is missing, closed to others, and holds it for this process.
    ///
    /// # Errors
    /// A [`Failure`] when another process holds it, or it cannot be made.
    pub fn hold(&self) -> Result<Hold, Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(|error| self.failed(&error))?;
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(self.file(LOCK)).map_err(|error| self.failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Hold { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
                "another Florin is running on {}; stop it first, or give this one its own --data-dir",
                self.path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(self.failed(&error)),
        }
    }

    /// Takes away everything that belongs to the sandbox's money, keys and sellers.
    ///
    /// # Errors
    /// A [`Failure`] when a file cannot be removed.
    pub fn empty(&self, _hold: &Hold) -> Result<(), Failure> {
        BELONGS_TO_THE_MONEY.into_iter().try_for_each(|name| self.remove(name))
    }

    /// Takes the announcement away: from now on there is no sandbox to find here.
    ///
    /// # Errors
    /// A [`Failure`] when it cannot be removed.
    pub fn withdraw(&self) -> Result<(), Failure> {
        self.remove(ANNOUNCEMENT)
    }

    /// The file that tells scripts about a running sandbox.
    pub fn announcement(&self) -> PathBuf {
        self.file(ANNOUNCEMENT)
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.file(DATABASE)
    }

    /// A file of the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn remove(&self, name: &str) -> Result<(), Failure> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::because(format_args!("the data directory {}", self.path.display()), error)
    }
}
