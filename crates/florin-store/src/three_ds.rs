//! SQL for authentications of cardholders.
//!
//! Invariant: a row is about a card that is being captured, or about a movement; never about both.

use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::movement::Reference;
use florin_domain::three_ds::{ThreeDsSession, ThreeDsState, ThreeDsSubject};
use florin_domain::{FramesActionId, Money, ThreeDsSessionId, ThreeDsTransactionId, Timestamp, WalletId};

use crate::columns::{count, currency, flag, hash, id, money, opt_id, opt_text, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO three_ds_sessions (session_id, transaction_id, merchant_id, wallet_id, action_id, movement, instrument_id, amount_minor,
                                   currency, fingerprint, state, tries, frictionless, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13)";
/// The columns as `read` wants them.
macro_rules! sessions {
    ($rest:literal) => {
        concat!(
            "SELECT session_id, transaction_id, merchant_id, wallet_id, action_id, movement, instrument_id, amount_minor, currency,
                    fingerprint, state, tries, proof, frictionless, created_at, expires_at
               FROM three_ds_sessions ",
            $rest
        )
    };
}
const BY_ID: &str = sessions!("WHERE session_id = $1");
const BY_TRANSACTION: &str = sessions!("WHERE transaction_id = $1");
const OF_ACTION: &str = sessions!("WHERE action_id = $1 ORDER BY created_at DESC, session_id LIMIT 1");
const SAVE: &str = "
    UPDATE three_ds_sessions SET state = $1, tries = $2, proof = $3, frictionless = $4
     WHERE session_id = $5 AND state <> 'used' AND state <> 'failed'";
const FORGET: &str = "DELETE FROM three_ds_sessions WHERE expires_at < $1";

impl Tx<'_> {
    /// Writes a session that has just begun.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_three_ds_session(&mut self, session: &ThreeDsSession) -> Result<(), StoreError> {
        let (action, movement, instrument, amount) = match &session.subject {
            ThreeDsSubject::Capture(action) => (Some(action.to_string()), None, None, None),
            ThreeDsSubject::Payment { movement, instrument, amount } => {
                (None, Some(movement.number()), Some(instrument.as_str()), Some(*amount))
            }
        };
        self.execute_one(
            INSERT,
            &[
                Value::from(&session.id.to_string()),
                (&session.transaction.to_string()).into(),
                session.merchant.as_str().into(),
                (&session.wallet.to_string()).into(),
                action.as_deref().into(),
                movement.into(),
                instrument.into(),
                amount.map(Money::minor).into(),
                amount.map(|amount| amount.currency().code()).into(),
                session.fingerprint.as_slice().into(),
                session.state.name().into(),
                session.created_at.micros().into(),
                session.expires_at.micros().into(),
            ],
        )
    }

    /// Finds a session.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_three_ds_session(&mut self, session: ThreeDsSessionId) -> Result<Option<ThreeDsSession>, StoreError> {
        self.query_one(BY_ID, &[(&session.to_string()).into()], read)
    }

    /// Finds a session by the directory's name for it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_three_ds_session_of(&mut self, transaction: ThreeDsTransactionId) -> Result<Option<ThreeDsSession>, StoreError> {
        self.query_one(BY_TRANSACTION, &[(&transaction.to_string()).into()], read)
    }

    /// The latest session about a card that is being captured.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn latest_three_ds_session(&mut self, action: FramesActionId) -> Result<Option<ThreeDsSession>, StoreError> {
        self.query_one(OF_ACTION, &[(&action.to_string()).into()], read)
    }

    /// Saves a step of a session. Writes are serial, and the step was decided in this one.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the session has ended, or is not there.
    pub fn save_three_ds_session(&mut self, session: &ThreeDsSession) -> Result<(), StoreError> {
        let (tries, proof, frictionless) = match &session.state {
            ThreeDsState::Challenged { tries } => (*tries, None, false),
            ThreeDsState::Authenticated { frictionless, proof } => (0, Some(proof.as_str()), *frictionless),
            ThreeDsState::Begun | ThreeDsState::Failed | ThreeDsState::Used => (0, None, false),
        };
        self.execute_one(
            SAVE,
            &[
                Value::from(session.state.name()),
                i64::from(tries).into(),
                proof.into(),
                i64::from(frictionless).into(),
                (&session.id.to_string()).into(),
            ],
        )
    }

    /// Forgets sessions that ended before `before`.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_three_ds_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[before.micros().into()])
    }
}

fn read(row: &Row<'_>) -> Result<ThreeDsSession, StoreError> {
    let subject = match (opt_id(row, 4, FramesActionId::parse)?, row.opt_int(5)?) {
        (Some(action), None) => ThreeDsSubject::Capture(action),
        (None, Some(_)) => ThreeDsSubject::Payment {
            movement: Reference::from_number(row.int(5)?),
            instrument: id(row, 6, InstrumentId::parse)?,
            amount: money(row, 7, currency(row, 8)?)?,
        },
        _ => return Err(row.corrupt(4)),
    };
    let state = match (row.text(10)?, opt_text(row, 12)?) {
        ("begun", None) => ThreeDsState::Begun,
        ("challenged", None) => ThreeDsState::Challenged { tries: count(row, 11)? },
        ("authenticated", Some(proof)) => ThreeDsState::Authenticated { frictionless: flag(row, 13)?, proof },
        ("failed", None) => ThreeDsState::Failed,
        ("used", None) => ThreeDsState::Used,
        _ => return Err(row.corrupt(10)),
    };
    Ok(ThreeDsSession {
        id: id(row, 0, ThreeDsSessionId::parse)?,
        transaction: id(row, 1, ThreeDsTransactionId::parse)?,
        merchant: id(row, 2, MerchantId::parse)?,
        wallet: id(row, 3, WalletId::parse)?,
        subject,
        fingerprint: hash(row, 9)?,
        state,
        created_at: time(row, 14)?,
        expires_at: time(row, 15)?,
    })
}
