//! Schemas: forms that merchants register for the data they send along, and such data.

use crate::merchant::MerchantId;
use crate::{SchemaId, Timestamp};

/// Data of a merchant's own, in a form that may be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The form that the data follow.
    pub schema: Option<SchemaId>,
    /// The data as JSON, as they were sent.
    pub json: Option<String>,
}

/// A registered form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its id.
    pub id: SchemaId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What it is for, in the merchant's own word.
    pub kind: String,
    /// What it is, in the merchant's own words.
    pub description: Option<String>,
    /// The JSON Schema, as it was sent.
    pub json: String,
    /// When it was registered.
    pub created_at: Timestamp,
}
