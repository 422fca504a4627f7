//! SQL for what shops' plugins report of themselves. Written and kept; nothing depends on it.

use florin_domain::{SellerId, Timestamp};

use crate::{StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO integration_events (seller_id, received_at, event_type, integration_name, integration_version, meta_data)
    VALUES ($1, $2, $3, $4, $5, $6)";
const COUNT: &str = "SELECT COUNT(*) FROM integration_events WHERE seller_id = $1";

/// One report of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationEvent {
    /// What happened, in the plugin's words.
    pub event_type: String,
    /// The plugin.
    pub integration_name: Option<String>,
    /// Its version.
    pub integration_version: Option<String>,
    /// Details as JSON text, not read.
    pub meta_data: String,
}

impl Tx<'_> {
    /// Keeps a plugin's report.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn insert_integration_event(&mut self, seller: SellerId, event: &IntegrationEvent, now: Timestamp) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&seller.to_string()),
                now.micros().into(),
                (&event.event_type).into(),
                (&event.integration_name).into(),
                (&event.integration_version).into(),
                (&event.meta_data).into(),
            ],
        )
    }

    /// How many reports a seller's plugins sent.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn count_integration_events(&mut self, seller: SellerId) -> Result<i64, StoreError> {
        Ok(self.query_one(COUNT, &[(&seller.to_string()).into()], |row| row.int(0))?.unwrap_or(0))
    }
}
