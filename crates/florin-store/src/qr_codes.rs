//! SQL for QR codes: what leads to payment requests and sessions.

use florin_domain::merchant::MerchantId;
use florin_domain::qr::{Qr, QrReference};
use florin_domain::{PaymentRequestId, PaymentSessionId, QrId, Timestamp};

use crate::columns::{id, opt_id, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO qr_codes (qr_id, merchant_id, request_id, session_id, content, created_at, expires_at, cancelled_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const BY_ID: &str = "
    SELECT qr_id, merchant_id, request_id, session_id, content, created_at, expires_at, cancelled_at
      FROM qr_codes WHERE qr_id = $1";
const SAVE: &str = "UPDATE qr_codes SET cancelled_at = $1 WHERE qr_id = $2";

impl Tx<'_> {
    /// Writes a new code.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_qr(&mut self, qr: &Qr) -> Result<(), StoreError> {
        let (request, session) = match qr.reference {
            QrReference::Request(request) => (Some(request.to_string()), None),
            QrReference::Session(session) => (None, Some(session.to_string())),
        };
        self.execute_one(
            INSERT,
            &[
                Value::from(&qr.id.to_string()),
                qr.merchant.as_str().into(),
                (&request).into(),
                (&session).into(),
                (&qr.content).into(),
                qr.created_at.micros().into(),
                qr.expires_at.map(Timestamp::micros).into(),
                qr.cancelled_at.map(Timestamp::micros).into(),
            ],
        )
    }

    /// Finds a code.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_qr(&mut self, qr: QrId) -> Result<Option<Qr>, StoreError> {
        self.query_one(BY_ID, &[(&qr.to_string()).into()], qr_of)
    }

    /// Saves what can change of a code: that it was taken back.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none.
    pub fn save_qr(&mut self, qr: &Qr) -> Result<(), StoreError> {
        self.execute_one(SAVE, &[qr.cancelled_at.map(Timestamp::micros).into(), (&qr.id.to_string()).into()])
    }
}

fn qr_of(row: &Row<'_>) -> Result<Qr, StoreError> {
    let reference = match (opt_id(row, 2, PaymentRequestId::parse)?, opt_id(row, 3, PaymentSessionId::parse)?) {
        (Some(request), None) => QrReference::Request(request),
        (None, Some(session)) => QrReference::Session(session),
        (Some(_), Some(_)) | (None, None) => return Err(row.corrupt(2)),
    };
    Ok(Qr {
        id: id(row, 0, QrId::parse)?,
        merchant: id(row, 1, MerchantId::parse)?,
        reference,
        content: row.text(4)?.to_owned(),
        created_at: time(row, 5)?,
        expires_at: opt_time(row, 6)?,
        cancelled_at: opt_time(row, 7)?,
    })
}
