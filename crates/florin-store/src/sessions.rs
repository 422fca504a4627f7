//! SQL for payment sessions: meetings of shoppers and merchants at a till.

use florin_domain::merchant::MerchantId;
use florin_domain::schema::Payload;
use florin_domain::session::PaymentSession;
use florin_domain::{PaymentRequestId, PaymentSessionId, Timestamp, TransactionId, WalletId};

use crate::columns::{id, opt_id, opt_payload, opt_text, opt_time, payload_columns, time};
use crate::{Row, StoreError, Tx, Value};

/// The columns in the order in which they are read; the state follows from them and is written for whoever looks.
macro_rules! columns {
    () => {
        "session_id, merchant_id, location, merchant_schema_id, merchant_info, customer_schema_id, customer_info, wallet_id,
         request_id, preapproval, payment_id, paid_at, created_at, expires_at, closed_at, closed_reason"
    };
}

const INSERT: &str = concat!(
    "INSERT INTO payment_sessions (",
    columns!(),
    ", state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
);
const SAVE: &str = "
    UPDATE payment_sessions SET merchant_schema_id = $1, merchant_info = $2, customer_schema_id = $3, customer_info = $4,
                                wallet_id = $5, request_id = $6, preapproval = $7, payment_id = $8, paid_at = $9,
                                closed_at = $10, closed_reason = $11, state = $12
     WHERE session_id = $13";
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM payment_sessions WHERE session_id = $1");
const OF_REQUEST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM payment_sessions WHERE request_id = $1 AND payment_id IS NULL AND closed_at IS NULL ORDER BY created_at DESC, session_id"
);

impl Tx<'_> {
    /// Writes a new session.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_session(&mut self, session: &PaymentSession) -> Result<(), StoreError> {
        let (merchant_schema, merchant_info) = payload_columns(Some(&session.merchant_info));
        let (customer_schema, customer_info) = payload_columns(session.customer_info.as_ref());
        self.execute_one(
            INSERT,
            &[
                Value::from(&session.id.to_string()),
                session.merchant.as_str().into(),
                (&session.location).into(),
                (&merchant_schema).into(),
                merchant_info.into(),
                (&customer_schema).into(),
                customer_info.into(),
                session.wallet.map(|wallet| wallet.to_string()).as_deref().into(),
                session.request.map(|request| request.to_string()).as_deref().into(),
                (&session.preapproval).into(),
                session.payment.map(|payment| payment.to_string()).as_deref().into(),
                session.paid_at.map(Timestamp::micros).into(),
                session.created_at.micros().into(),
                session.expires_at.map(Timestamp::micros).into(),
                session.closed_at.map(Timestamp::micros).into(),
                (&session.closed_reason).into(),
                session.state().name().into(),
            ],
        )
    }

    /// Finds a session.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_session(&mut self, session: PaymentSessionId) -> Result<Option<PaymentSession>, StoreError> {
        self.query_one(BY_ID, &[(&session.to_string()).into()], session_of)
    }

    /// The sessions at which a request is to be paid and that nobody has begun to pay, newest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_sessions_of(&mut self, request: PaymentRequestId) -> Result<Vec<PaymentSession>, StoreError> {
        self.query(OF_REQUEST, &[(&request.to_string()).into()], session_of)
    }

    /// Saves what can change of a session. Whoever saves one has read it in the same write, and no other write runs meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none.
    pub fn save_session(&mut self, session: &PaymentSession) -> Result<(), StoreError> {
        let (merchant_schema, merchant_info) = payload_columns(Some(&session.merchant_info));
        let (customer_schema, customer_info) = payload_columns(session.customer_info.as_ref());
        self.execute_one(
            SAVE,
            &[
                (&merchant_schema).into(),
                merchant_info.into(),
                (&customer_schema).into(),
                customer_info.into(),
                session.wallet.map(|wallet| wallet.to_string()).as_deref().into(),
                session.request.map(|request| request.to_string()).as_deref().into(),
                (&session.preapproval).into(),
                session.payment.map(|payment| payment.to_string()).as_deref().into(),
                session.paid_at.map(Timestamp::micros).into(),
                session.closed_at.map(Timestamp::micros).into(),
                (&session.closed_reason).into(),
                session.state().name().into(),
                (&session.id.to_string()).into(),
            ],
        )
    }
}

fn session_of(row: &Row<'_>) -> Result<PaymentSession, StoreError> {
    Ok(PaymentSession {
        id: id(row, 0, PaymentSessionId::parse)?,
        merchant: id(row, 1, MerchantId::parse)?,
        location: row.text(2)?.to_owned(),
        merchant_info: opt_payload(row, 3)?.unwrap_or(Payload { schema: None, json: None }),
        customer_info: opt_payload(row, 5)?,
        wallet: opt_id(row, 7, WalletId::parse)?,
        request: opt_id(row, 8, PaymentRequestId::parse)?,
        preapproval: row.opt_blob(9)?.map(<[u8]>::to_vec),
        payment: opt_id(row, 10, TransactionId::parse)?,
        paid_at: opt_time(row, 11)?,
        created_at: time(row, 12)?,
        expires_at: opt_time(row, 13)?,
        closed_at: opt_time(row, 14)?,
        closed_reason: opt_text(row, 15)?,
    })
}
