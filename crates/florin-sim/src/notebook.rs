//! The notebook: where the made-up world keeps what it must remember over a restart.
//!
//! A key has one page of text. The sandbox keeps its notebook in the database; tests keep one in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use florin_connect::{Call, ConnectError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Somewhere durable to write things down.
pub trait Notebook: Send + Sync {
    /// What was last written under `key`.
    fn get(&self, key: String) -> Call<'_, Option<String>>;

    /// Writes `value` under `key` in place of what was there; durable once it returns.
    fn put(&self, key: String, value: String) -> Call<'_, ()>;
}

/// A notebook that lasts as long as its clones; they share the pages.
#[derive(Debug, Clone, Default)]
pub struct MemoryNotebook(Arc<Mutex<BTreeMap<String, String>>>);

impl Notebook for MemoryNotebook {
    fn get(&self, key: String) -> Call<'_, Option<String>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn put(&self, key: String, value: String) -> Call<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
        Box::pin(async { Ok(()) })
    }
}

/// Reads a note that was written by [`write`].
pub(crate) async fn read<N: DeserializeOwned>(notebook: &dyn Notebook, key: String) -> Result<Option<N>, ConnectError> {
    let Some(text) = notebook.get(key.clone()).await? else {
        return Ok(None);
    };
    serde_json::from_str(&text).map(Some).map_err(|error| unreadable(&key, &error))
}

/// Writes a note.
pub(crate) async fn write<N: Serialize + Sync>(notebook: &dyn Notebook, key: String, note: &N) -> Result<(), ConnectError> {
    let text = serde_json::to_string(note).map_err(|error| unreadable(&key, &error))?;
    notebook.put(key, text).await
}

fn unreadable(key: &str, error: &serde_json::Error) -> ConnectError {
    ConnectError::Misconfigured(format!("the sandbox's note {key}: {error}"))
}
