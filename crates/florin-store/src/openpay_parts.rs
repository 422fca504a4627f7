//! SQL for what is particular to movements of Openpay's.
//!
//! Invariant: a movement's part is written with it; what Openpay says is added with the outcome of the movement.

use florin_domain::Timestamp;
use florin_domain::money::Currency;
use florin_domain::movement::Reference;
use florin_domain::openpay::{OpenpayAccount, OpenpayPart, OpenpayPlan};

use crate::columns::{currency, money, opt_text, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO openpay_parts (reference, store, channel, gst_minor, currency, reason) VALUES ($1, $2, $3, $4, $5, $6)";
const NOTE: &str = "
    UPDATE openpay_parts
       SET plan_transaction = $1, plan_order = $2, plan_method = $3, plan_created_at = $4, account_id = $5, account_name = $6,
           account_abn = $7
     WHERE reference = $8";
const BETWEEN: &str = "
    SELECT reference, store, channel, gst_minor, currency, reason, plan_transaction, plan_order, plan_method, plan_created_at,
           account_id, account_name, account_abn
      FROM openpay_parts WHERE reference >= $1 AND reference <= $2 ORDER BY reference";

impl Tx<'_> {
    /// Writes what is particular to a new movement.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is written already.
    pub fn insert_openpay_part(&mut self, part: &OpenpayPart) -> Result<(), StoreError> {
        let money = part.gst.map_or(Currency::Aud, florin_domain::Money::currency);
        self.execute_one(
            INSERT,
            &[
                Value::from(part.reference.number()),
                (&part.store).into(),
                (&part.channel).into(),
                part.gst.map(florin_domain::Money::minor).into(),
                money.code().into(),
                (&part.reason).into(),
            ],
        )?;
        part.plan.as_ref().map_or(Ok(()), |plan| self.note_openpay_plan(part.reference, plan))
    }

    /// Adds what Openpay said of a movement.
    pub(crate) fn note_openpay_plan(&mut self, reference: Reference, plan: &OpenpayPlan) -> Result<(), StoreError> {
        let of_account = |of: fn(&OpenpayAccount) -> &String| plan.account.as_ref().map(of);
        self.execute_one(
            NOTE,
            &[
                Value::from(&plan.transaction),
                (&plan.order).into(),
                (&plan.method).into(),
                plan.created_at.micros().into(),
                of_account(|account| &account.id).into(),
                of_account(|account| &account.name).into(),
                of_account(|account| &account.abn).into(),
                reference.number().into(),
            ],
        )
    }

    /// What is particular to the movements from `first` to `last`, by number.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_openpay_parts(&mut self, first: Reference, last: Reference) -> Result<Vec<OpenpayPart>, StoreError> {
        self.query(BETWEEN, &[first.number().into(), last.number().into()], part_of)
    }

    /// What is particular to one movement.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_openpay_part(&mut self, reference: Reference) -> Result<Option<OpenpayPart>, StoreError> {
        let number = reference.number();
        self.query_one(BETWEEN, &[number.into(), number.into()], part_of)
    }
}

fn part_of(row: &Row<'_>) -> Result<OpenpayPart, StoreError> {
    let currency = currency(row, 4)?;
    Ok(OpenpayPart {
        reference: Reference::from_number(row.int(0)?),
        store: opt_text(row, 1)?,
        channel: opt_text(row, 2)?,
        gst: row.opt_int(3)?.map(|_| money(row, 3, currency)).transpose()?,
        reason: opt_text(row, 5)?,
        plan: opt_text(row, 6)?.map(|transaction| plan_of(row, transaction)).transpose()?,
    })
}

fn plan_of(row: &Row<'_>, transaction: String) -> Result<OpenpayPlan, StoreError> {
    let account = opt_text(row, 10)?;
    let account =
        account.map(|id| Ok::<_, StoreError>(OpenpayAccount { id, name: row.text(11)?.to_owned(), abn: row.text(12)?.to_owned() }));
    let created_at: Timestamp = time(row, 9)?;
    Ok(OpenpayPlan {
        transaction,
        order: row.text(7)?.to_owned(),
        method: row.text(8)?.to_owned(),
        created_at,
        account: account.transpose()?,
    })
}
