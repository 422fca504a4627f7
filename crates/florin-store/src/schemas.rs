//! SQL for schemas: the forms that merchants register for their own data.

use florin_domain::SchemaId;
use florin_domain::merchant::MerchantId;
use florin_domain::schema::Schema;

use crate::columns::{id, opt_text, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO schemas (schema_id, merchant_id, kind, description, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
const BY_ID: &str = "SELECT schema_id, merchant_id, kind, description, body, created_at FROM schemas WHERE schema_id = $1";
const OF_MERCHANT: &str = "
    SELECT schema_id, merchant_id, kind, description, body, created_at
      FROM schemas WHERE merchant_id = $1 ORDER BY created_at, schema_id";
const COUNT: &str = "SELECT COUNT(*) FROM schemas WHERE merchant_id = $1";

impl Tx<'_> {
    /// Writes a new schema.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_schema(&mut self, schema: &Schema) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&schema.id.to_string()),
                schema.merchant.as_str().into(),
                (&schema.kind).into(),
                (&schema.description).into(),
                (&schema.json).into(),
                schema.created_at.micros().into(),
            ],
        )
    }

    /// Finds a schema.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_schema(&mut self, schema: SchemaId) -> Result<Option<Schema>, StoreError> {
        self.query_one(BY_ID, &[(&schema.to_string()).into()], schema_of)
    }

    /// The schemas of a merchant, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_schemas(&mut self, merchant: &MerchantId) -> Result<Vec<Schema>, StoreError> {
        self.query(OF_MERCHANT, &[merchant.as_str().into()], schema_of)
    }

    /// How many schemas a merchant has.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn count_schemas(&mut self, merchant: &MerchantId) -> Result<i64, StoreError> {
        Ok(self.query_one(COUNT, &[merchant.as_str().into()], |row| row.int(0))?.unwrap_or(0))
    }
}

fn schema_of(row: &Row<'_>) -> Result<Schema, StoreError> {
    Ok(Schema {
        id: id(row, 0, SchemaId::parse)?,
        merchant: id(row, 1, MerchantId::parse)?,
        kind: row.text(2)?.to_owned(),
        description: opt_text(row, 3)?,
        json: row.text(4)?.to_owned(),
        created_at: time(row, 5)?,
    })
}
