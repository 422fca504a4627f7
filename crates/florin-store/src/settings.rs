//! SQL for what a database knows of itself: its settings, its wrapped keys and secrets, and the simulated world's notes.

use crate::{StoreError, Tx};

const GET: &str = "SELECT value FROM settings WHERE name = $1";
const SET: &str = "
    INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const KEEP: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const DATA_KEY: &str = "SELECT wrapped FROM data_keys WHERE owner = $1";
const INSERT_DATA_KEY: &str = "INSERT INTO data_keys (owner, wrapped) VALUES ($1, $2) ON CONFLICT (owner) DO NOTHING";
const DATA_KEYS: &str = "SELECT owner, wrapped FROM data_keys ORDER BY owner";
const REPLACE_DATA_KEY: &str = "UPDATE data_keys SET wrapped = $1 WHERE owner = $2 AND wrapped = $3";
const SECRET: &str = "SELECT sealed FROM secrets WHERE name = $1";
const KEEP_SECRET: &str = "INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const NOTE: &str = "SELECT value FROM sim_notes WHERE name = $1";
const SET_NOTE: &str = "
    INSERT INTO sim_notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

impl Tx<'_> {
    /// A setting by its name.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.query_one(GET, &[name.into()], |row| row.text(0).map(str::to_owned))
    }

    /// Writes a setting over the old one.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn set_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.execute_one(SET, &[name.into(), value.into()])
    }

    /// Writes a setting unless there is one, and gives the one that stands.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn keep_setting(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        self.execute(KEEP, &[name.into(), value.into()])?;
        self.setting(name)?.ok_or(StoreError::Stale)
    }

    /// An owner's data key, wrapped by the master key.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn data_key(&mut self, owner: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.query_one(DATA_KEY, &[owner.into()], |row| row.blob(0).map(<[u8]>::to_vec))
    }

    /// Writes an owner's data key unless there is one, and gives the one that stands.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn keep_data_key(&mut self, owner: &str, wrapped: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.execute(INSERT_DATA_KEY, &[owner.into(), wrapped.into()])?;
        self.data_key(owner)?.ok_or(StoreError::Stale)
    }

    /// Every owner's wrapped data key.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn list_data_keys(&mut self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.query(DATA_KEYS, &[], |row| Ok((row.text(0)?.to_owned(), row.blob(1)?.to_vec())))
    }

    /// Writes an owner's data key wrapped anew; `false` if another stands there than the `old` one.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn replace_data_key(&mut self, owner: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        Ok(self.execute(REPLACE_DATA_KEY, &[new.into(), owner.into(), old.into()])? == 1)
    }

    /// A secret of the whole house, sealed.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn secret(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.query_one(SECRET, &[name.into()], |row| row.blob(0).map(<[u8]>::to_vec))
    }

    /// Writes a secret unless there is one, and gives the one that stands.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn keep_secret(&mut self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.execute(KEEP_SECRET, &[name.into(), sealed.into()])?;
        self.secret(name)?.ok_or(StoreError::Stale)
    }

    /// A note of the simulated world.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn sim_note(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.query_one(NOTE, &[name.into()], |row| row.text(0).map(str::to_owned))
    }

    /// Writes a note of the simulated world over the old one.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn set_sim_note(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.execute_one(SET_NOTE, &[name.into(), value.into()])
    }
}
