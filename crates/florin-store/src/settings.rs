//! SQL for what a database knows of itself: its settings, its wrapped data keys, and the simulated world's notes.

use crate::{StoreError, Tx};

const GET: &str = "SELECT value FROM settings WHERE name = $1";
const SET: &str = "
    INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const KEEP: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const DATA_KEY: &str = "SELECT wrapped FROM data_keys WHERE owner = $1";
const INSERT_DATA_KEY: &str = "INSERT INTO data_keys (owner, wrapped) VALUES ($1, $2) ON CONFLICT (owner) DO NOTHING";
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
