//! SQL for spending limits: hot balances, moved by one guarded update each.
//!
//! Invariant: what is held and drawn never exceeds the limit at the moment of a hold, and neither falls below nothing.

use florin_domain::Money;
use florin_domain::company::CompanyNumber;
use florin_domain::credit::CreditLine;
use florin_domain::order::{CreditMove, CreditMoveKind};

use crate::columns::{currency, id, money};
use crate::{Row, StoreError, Tx, Value};

const OPEN: &str = "
    INSERT INTO credit_lines (company, currency, limit_minor, held_minor, drawn_minor) VALUES ($1, $2, $3, 0, 0)
        ON CONFLICT (company) DO UPDATE SET limit_minor = excluded.limit_minor";
const HOLD: &str = "
    UPDATE credit_lines SET held_minor = held_minor + $1
     WHERE company = $2 AND held_minor + drawn_minor + $1 <= limit_minor";
const RELEASE: &str = "UPDATE credit_lines SET held_minor = held_minor - $1 WHERE company = $2 AND held_minor >= $1";
const DRAW: &str = "
    UPDATE credit_lines SET held_minor = held_minor - $1, drawn_minor = drawn_minor + $1
     WHERE company = $2 AND held_minor >= $1";
const RESTORE: &str = "UPDATE credit_lines SET drawn_minor = drawn_minor - $1 WHERE company = $2 AND drawn_minor >= $1";
const FIND: &str = "SELECT company, currency, limit_minor, held_minor, drawn_minor FROM credit_lines WHERE company = $1";
const LIST: &str = "SELECT company, currency, limit_minor, held_minor, drawn_minor FROM credit_lines ORDER BY company";

impl Tx<'_> {
    /// Sets what a company may owe; what is held and drawn stays.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn set_credit_limit(&mut self, company: &CompanyNumber, limit: Money) -> Result<(), StoreError> {
        self.execute_one(OPEN, &[company.as_str().into(), limit.currency().code().into(), limit.minor().into()])
    }

    /// Moves a company's limit as a change of an order says.
    pub(crate) fn move_credit(&mut self, credit: &CreditMove) -> Result<(), StoreError> {
        let sql = match credit.kind {
            CreditMoveKind::Hold => HOLD,
            CreditMoveKind::Release => RELEASE,
            CreditMoveKind::Draw => DRAW,
        };
        self.execute_one(sql, &[Value::from(credit.amount.minor()), credit.company.as_str().into()])
    }

    /// Gives back a part of a limit that was repaid; nothing happens for nothing.
    pub(crate) fn restore_credit(&mut self, company: &CompanyNumber, amount: Money) -> Result<(), StoreError> {
        if amount.is_positive() {
            self.execute_one(RESTORE, &[Value::from(amount.minor()), company.as_str().into()])?;
        }
        Ok(())
    }

    /// Finds a company's limit.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_credit_line(&mut self, company: &CompanyNumber) -> Result<Option<CreditLine>, StoreError> {
        self.query_one(FIND, &[company.as_str().into()], line_of)
    }

    /// Every company's limit.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_credit_lines(&mut self) -> Result<Vec<CreditLine>, StoreError> {
        self.query(LIST, &[], line_of)
    }
}

fn line_of(row: &Row<'_>) -> Result<CreditLine, StoreError> {
    let currency = currency(row, 1)?;
    Ok(CreditLine {
        company: id(row, 0, CompanyNumber::parse)?,
        limit: money(row, 2, currency)?,
        held: money(row, 3, currency)?,
        drawn: money(row, 4, currency)?,
    })
}
