//! SQL for loans and their instalments.
//!
//! Invariant: an instalment moves only by saving a change of the domain, with its ledger entry and the limit it restores.

use florin_domain::company::CompanyNumber;
use florin_domain::loan::{Instalment, InstalmentChange, InstalmentState, Loan, Term};
use florin_domain::schedule::Rate;
use florin_domain::{CardId, LoanId, OrderId, SellerId, Timestamp};

use crate::columns::{count, currency, id, money, opt_time, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO loans (loan_id, order_id, seller_id, company, principal_minor, currency, term, rate, funded_at, card_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const INSERT_INSTALMENT: &str = "
    INSERT INTO instalments (loan_id, number, due_on, principal_minor, interest_minor, refusals, state)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const MOVE_INSTALMENT: &str = "
    UPDATE instalments SET refusals = $1, state = $2, state_at = $3, state_detail = $4
     WHERE loan_id = $5 AND number = $6 AND state <> 'paid'";
const BY_ID: &str = "
    SELECT loan_id, order_id, seller_id, company, principal_minor, currency, term, rate, funded_at, card_id
      FROM loans WHERE loan_id = $1";
const BY_ORDER: &str = "
    SELECT loan_id, order_id, seller_id, company, principal_minor, currency, term, rate, funded_at, card_id
      FROM loans WHERE order_id = $1";
const INSTALMENTS: &str = "
    SELECT number, due_on, principal_minor, interest_minor, refusals, state, state_at, state_detail
      FROM instalments WHERE loan_id = $1 ORDER BY number";

const LATE: &str = "
    SELECT 1 FROM loans l JOIN instalments i ON i.loan_id = l.loan_id WHERE l.company = $1 AND i.state = 'late' LIMIT 1";

impl Tx<'_> {
    /// Whether a company is late with any repayment.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn has_late_instalment(&mut self, company: &CompanyNumber) -> Result<bool, StoreError> {
        Ok(self.query_one(LATE, &[company.as_str().into()], |_| Ok(()))?.is_some())
    }

    /// Writes a new loan with its schedule.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the order has a loan.
    pub fn insert_loan(&mut self, loan: &Loan) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&loan.id.to_string()),
                (&loan.order.to_string()).into(),
                (&loan.seller.to_string()).into(),
                loan.company.as_str().into(),
                loan.principal.minor().into(),
                loan.principal.currency().code().into(),
                loan.term.name().into(),
                (&loan.rate.to_decimal()).into(),
                loan.funded_at.micros().into(),
                (&loan.card.to_string()).into(),
            ],
        )?;
        for instalment in &loan.instalments {
            self.execute_one(
                INSERT_INSTALMENT,
                &[
                    Value::from(&loan.id.to_string()),
                    instalment.number.into(),
                    (&instalment.due_on.to_string()).into(),
                    instalment.principal.minor().into(),
                    instalment.interest.minor().into(),
                    instalment.refusals.into(),
                    instalment.state.name().into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Saves a step of an instalment with its ledger entry and the limit it restores.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the instalment is paid already.
    pub fn save_instalment(&mut self, change: &InstalmentChange) -> Result<(), StoreError> {
        let instalment = &change.instalment;
        let (at, reference) = match &instalment.state {
            InstalmentState::Scheduled => (None, None),
            InstalmentState::Late { since } => (Some(*since), None),
            InstalmentState::Paid { at, reference } => (Some(*at), Some(reference)),
        };
        self.execute_one(
            MOVE_INSTALMENT,
            &[
                Value::from(instalment.refusals),
                instalment.state.name().into(),
                at.map(Timestamp::micros).into(),
                reference.into(),
                (&change.loan.to_string()).into(),
                instalment.number.into(),
            ],
        )?;
        self.post(&change.entry)?;
        self.restore_credit(&change.company, change.restored)
    }

    /// Finds a loan by its id.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn find_loan(&mut self, loan: LoanId) -> Result<Option<Loan>, StoreError> {
        let found = self.query_one(BY_ID, &[(&loan.to_string()).into()], loan_of)?;
        self.with_instalments(found)
    }

    /// Finds the loan that paid an order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn find_loan_by_order(&mut self, order: OrderId) -> Result<Option<Loan>, StoreError> {
        let found = self.query_one(BY_ORDER, &[(&order.to_string()).into()], loan_of)?;
        self.with_instalments(found)
    }

    fn with_instalments(&mut self, loan: Option<Loan>) -> Result<Option<Loan>, StoreError> {
        let Some(loan) = loan else {
            return Ok(None);
        };
        let currency = loan.principal.currency();
        let instalments = self.query(INSTALMENTS, &[(&loan.id.to_string()).into()], |row| {
            Ok(Instalment {
                number: count(row, 0)?,
                due_on: row.text(1)?.parse().map_err(|_| row.corrupt(1))?,
                principal: money(row, 2, currency)?,
                interest: money(row, 3, currency)?,
                refusals: count(row, 4)?,
                state: state_of(row)?,
            })
        })?;
        Ok(Some(Loan { instalments, ..loan }))
    }
}

fn state_of(row: &Row<'_>) -> Result<InstalmentState, StoreError> {
    let at = opt_time(row, 6)?.ok_or_else(|| row.corrupt(6));
    Ok(match row.text(5)? {
        "scheduled" => InstalmentState::Scheduled,
        "late" => InstalmentState::Late { since: at? },
        "paid" => InstalmentState::Paid { at: at?, reference: row.text(7)?.to_owned() },
        _ => return Err(row.corrupt(5)),
    })
}

fn loan_of(row: &Row<'_>) -> Result<Loan, StoreError> {
    Ok(Loan {
        id: id(row, 0, LoanId::parse)?,
        order: id(row, 1, OrderId::parse)?,
        seller: id(row, 2, SellerId::parse)?,
        company: id(row, 3, CompanyNumber::parse)?,
        principal: money(row, 4, currency(row, 5)?)?,
        term: Term::from_name(row.text(6)?).ok_or_else(|| row.corrupt(6))?,
        rate: Rate::from_decimal(row.text(7)?).ok_or_else(|| row.corrupt(7))?,
        funded_at: time(row, 8)?,
        card: id(row, 9, CardId::parse)?,
        instalments: Vec::new(),
    })
}
