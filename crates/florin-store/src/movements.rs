//! SQL for movements: one instrument's part of a transaction each.
//!
//! Invariant: the parts of a transaction are the numbers that follow its receipt, without a gap.

use florin_domain::instrument::{InstrumentId, InstrumentKind};
use florin_domain::movement::{Hold, Movement, MovementKind, MovementState, PaidWith, Reference, Service};
use florin_domain::{InstrumentToken, Timestamp, WalletId, fault::Fault};

use crate::columns::{currency, expiry_columns, hash, id, money, named, opt_expiry, opt_named, opt_text, opt_time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO movements (reference, receipt, wallet_id, kind, original, instrument_id, token, instrument_kind, network, bin,
                           suffix, expiry_year, expiry_month, fingerprint, amount_minor, currency, state, state_detail,
                           service_code, service_message, hold, captured_minor, refunded_minor, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";
const SAVE: &str = "
    UPDATE movements SET state = $1, state_detail = $2, service_code = $3, service_message = $4, hold = $5,
                         captured_minor = $6, refunded_minor = $7, expires_at = $8
     WHERE reference = $9";
const BETWEEN: &str = "
    SELECT reference, receipt, kind, original, instrument_id, token, instrument_kind, network, bin, suffix, expiry_year,
           expiry_month, fingerprint, amount_minor, currency, state, state_detail, service_code, service_message, hold,
           captured_minor, refunded_minor, expires_at
      FROM movements WHERE reference > $1 AND reference <= $2 ORDER BY reference";
const LAST: &str = "SELECT MAX(reference) FROM movements";

impl Tx<'_> {
    /// The number of the next receipt; its movements take the numbers after it. Two writes never see the same one, because
    /// no two run at once.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn next_reference(&mut self) -> Result<Reference, StoreError> {
        let last = self.query_one(LAST, &[], |row| row.opt_int(0))?.flatten();
        Ok(last.map_or(Reference::FIRST, |last| Reference::from_number(last).plus(1)))
    }

    /// Finds a movement; a receipt is the number of none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_movement(&mut self, movement: Reference) -> Result<Option<Movement>, StoreError> {
        let number = movement.number();
        self.query_one(BETWEEN, &[number.saturating_sub(1).into(), number.into()], movement_of)
    }

    /// Saves what can change of a movement. Not guarded by a version: whoever saves one has read it in the same write, and
    /// no other write runs meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none.
    pub fn save_movement(&mut self, movement: &Movement) -> Result<(), StoreError> {
        let (state, detail) = state_columns(&movement.state);
        let (code, message) = service_columns(movement.service.as_ref());
        self.execute_one(
            SAVE,
            &[
                Value::from(state),
                detail.into(),
                code.into(),
                message.into(),
                movement.hold.map(Hold::name).into(),
                movement.captured.minor().into(),
                movement.refunded.minor().into(),
                movement.expires_at.map(Timestamp::micros).into(),
                movement.reference.number().into(),
            ],
        )
    }

    /// Writes a new movement.
    pub(crate) fn insert_movement(&mut self, movement: &Movement, wallet: WalletId) -> Result<(), StoreError> {
        let (state, detail) = state_columns(&movement.state);
        let (code, message) = service_columns(movement.service.as_ref());
        let paid_with = &movement.paid_with;
        let (year, month) = expiry_columns(paid_with.expiry);
        self.execute_one(
            INSERT,
            &[
                Value::from(movement.reference.number()),
                movement.receipt.number().into(),
                (&wallet.to_string()).into(),
                movement.kind.name().into(),
                movement.original.map(Reference::number).into(),
                paid_with.instrument.as_str().into(),
                (&paid_with.token.to_string()).into(),
                paid_with.kind.name().into(),
                (&paid_with.network).into(),
                (&paid_with.bin).into(),
                (&paid_with.suffix).into(),
                year.into(),
                month.into(),
                (&paid_with.fingerprint).into(),
                movement.amount.minor().into(),
                movement.amount.currency().code().into(),
                state.into(),
                detail.into(),
                code.into(),
                message.into(),
                movement.hold.map(Hold::name).into(),
                movement.captured.minor().into(),
                movement.refunded.minor().into(),
                movement.expires_at.map(Timestamp::micros).into(),
            ],
        )
    }

    /// The `parts` movements that follow a receipt.
    pub(crate) fn list_parts(&mut self, receipt: Reference, parts: i64) -> Result<Vec<Movement>, StoreError> {
        let last = receipt.plus(parts);
        self.query(BETWEEN, &[receipt.number().into(), last.number().into()], movement_of)
    }
}

/// Reads a movement from the first columns of a row.
pub(crate) fn movement_of(row: &Row<'_>) -> Result<Movement, StoreError> {
    let currency = currency(row, 14)?;
    let message = opt_text(row, 18)?.unwrap_or_default();
    Ok(Movement {
        reference: Reference::from_number(row.int(0)?),
        receipt: Reference::from_number(row.int(1)?),
        kind: named(row, 2, MovementKind::from_name)?,
        original: row.opt_int(3)?.map(Reference::from_number),
        paid_with: PaidWith {
            instrument: id(row, 4, InstrumentId::parse)?,
            token: id(row, 5, InstrumentToken::parse)?,
            kind: named(row, 6, InstrumentKind::from_name)?,
            network: opt_text(row, 7)?,
            bin: opt_text(row, 8)?,
            suffix: opt_text(row, 9)?,
            expiry: opt_expiry(row, 10)?,
            fingerprint: hash(row, 12)?,
        },
        amount: money(row, 13, currency)?,
        state: state_of(row, 15)?,
        service: opt_text(row, 17)?.map(|code| Service { code, message }),
        hold: opt_named(row, 19, Hold::from_name)?,
        captured: money(row, 20, currency)?,
        refunded: money(row, 21, currency)?,
        expires_at: opt_time(row, 22)?,
    })
}

/// A state's name, and the acquirer's reference or the fault.
fn state_columns(state: &MovementState) -> (&'static str, Option<&str>) {
    let detail = match state {
        MovementState::Asked => None,
        MovementState::Refused { fault } => Some(fault.name()),
        MovementState::Done { reference } | MovementState::Reversing { reference } | MovementState::Reversed { reference } => {
            Some(reference.as_str())
        }
    };
    (state.name(), detail)
}

fn state_of(row: &Row<'_>, index: usize) -> Result<MovementState, StoreError> {
    let reference = || row.text(index + 1).map(str::to_owned);
    match row.text(index)? {
        "asked" => Ok(MovementState::Asked),
        "done" => Ok(MovementState::Done { reference: reference()? }),
        "refused" => Ok(MovementState::Refused { fault: named(row, index + 1, Fault::from_name)? }),
        "reversing" => Ok(MovementState::Reversing { reference: reference()? }),
        "reversed" => Ok(MovementState::Reversed { reference: reference()? }),
        _ => Err(row.corrupt(index)),
    }
}

fn service_columns(service: Option<&Service>) -> (Option<&str>, Option<&str>) {
    (service.map(|service| service.code.as_str()), service.map(|service| service.message.as_str()))
}
