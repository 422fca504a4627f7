//! SQL for frames actions: cards being typed into elements of a merchant's page.
//!
//! Invariant: the number stands here sealed, and only until the action is complete; the code on the card never does.

use florin_domain::frames::{FramesAction, FramesKind, FramesState, FramesWish};
use florin_domain::instrument::InstrumentId;
use florin_domain::merchant::MerchantId;
use florin_domain::{FramesActionId, FramesSessionId, Timestamp, WalletId};

use crate::columns::{expiry_columns, flag, id, named, opt_expiry, opt_id, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO frames_actions (action_id, session_id, kind, merchant_id, wallet_id, guest, gone_at, instrument_id, wants_save, wants_verify,
                                wants_authentication, state, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const BY_ID: &str = "
    SELECT action_id, session_id, kind, merchant_id, wallet_id, guest, gone_at, instrument_id, wants_save, wants_verify,
           wants_authentication, sealed, expiry_year, expiry_month, state, result_id, created_at, expires_at
      FROM frames_actions WHERE action_id = $1";
const SAVE: &str = "
    UPDATE frames_actions SET sealed = $1, expiry_year = $2, expiry_month = $3, state = $4, result_id = $5, wants_save = $6
     WHERE action_id = $7 AND state <> 'complete'";
const FORGET: &str = "DELETE FROM frames_actions WHERE expires_at < $1";

impl Tx<'_> {
    /// Writes a new action, to which nothing was typed.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_frames_action(&mut self, action: &FramesAction) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&action.id.to_string()),
                (&action.session.to_string()).into(),
                action.kind.name().into(),
                action.merchant.as_str().into(),
                (&action.wallet.to_string()).into(),
                i64::from(action.guest).into(),
                action.gone_at.micros().into(),
                action.instrument.as_ref().map(InstrumentId::as_str).into(),
                i64::from(action.wish.save).into(),
                i64::from(action.wish.verify).into(),
                i64::from(action.wish.authenticate).into(),
                action.state.name().into(),
                action.created_at.micros().into(),
                action.expires_at.micros().into(),
            ],
        )
    }

    /// Finds an action.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_frames_action(&mut self, action: FramesActionId) -> Result<Option<FramesAction>, StoreError> {
        self.query_one(BY_ID, &[(&action.to_string()).into()], read)
    }

    /// Saves a step of an action. Writes are serial, and the step was decided in this one.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the action is complete, or is not there.
    pub fn save_frames_action(&mut self, action: &FramesAction) -> Result<(), StoreError> {
        let (year, month) = expiry_columns(action.expiry);
        let result = match &action.state {
            FramesState::Complete { instrument } => Some(instrument.as_str()),
            FramesState::Init | FramesState::Submitted | FramesState::AuthenticationRequired => None,
        };
        self.execute_one(
            SAVE,
            &[
                action.sealed.as_deref().into(),
                year.into(),
                month.into(),
                action.state.name().into(),
                result.into(),
                i64::from(action.wish.save).into(),
                (&action.id.to_string()).into(),
            ],
        )
    }

    /// Forgets actions that ended before `before`.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn forget_frames_actions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, &[before.micros().into()])
    }
}

fn read(row: &Row<'_>) -> Result<FramesAction, StoreError> {
    let state = match (row.text(14)?, opt_id(row, 15, InstrumentId::parse)?) {
        ("init", None) => FramesState::Init,
        ("submitted", None) => FramesState::Submitted,
        ("authentication_required", None) => FramesState::AuthenticationRequired,
        ("complete", Some(instrument)) => FramesState::Complete { instrument },
        _ => return Err(row.corrupt(14)),
    };
    Ok(FramesAction {
        id: id(row, 0, FramesActionId::parse)?,
        session: id(row, 1, FramesSessionId::parse)?,
        kind: named(row, 2, FramesKind::from_name)?,
        merchant: id(row, 3, MerchantId::parse)?,
        wallet: id(row, 4, WalletId::parse)?,
        guest: flag(row, 5)?,
        gone_at: time(row, 6)?,
        instrument: opt_id(row, 7, InstrumentId::parse)?,
        wish: FramesWish { save: flag(row, 8)?, verify: flag(row, 9)?, authenticate: flag(row, 10)? },
        sealed: row.opt_blob(11)?.map(<[u8]>::to_vec),
        expiry: opt_expiry(row, 12)?,
        state,
        created_at: time(row, 16)?,
        expires_at: time(row, 17)?,
    })
}
