//! SQL for payment requests: what merchants ask to be paid.

use florin_domain::merchant::MerchantId;
use florin_domain::payment_request::PaymentRequest;
use florin_domain::{PaymentRequestId, Timestamp, WalletId};

use crate::columns::{count, currency, id, money, opt_id, opt_payload, opt_text, opt_time, payload_columns, time};
use crate::page::total;
use crate::{Page, Row, StoreError, Tx, Value};

/// The columns in the order in which they are read.
macro_rules! columns {
    () => {
        "request_id, merchant_id, merchant_reference, amount_minor, currency, max_uses, uses, expires_at, wallet_id, basket,
         pos_schema_id, pos_payload, merchant_schema_id, merchant_payload, created_at, closed_at"
    };
}

/// The requests of a merchant that can be paid at `$2`, that cannot, or all of them.
macro_rules! of_merchant {
    (active) => {
        "FROM payment_requests WHERE merchant_id = $1 AND created_at <= $2 AND closed_at IS NULL
            AND (max_uses IS NULL OR uses < max_uses) AND (expires_at IS NULL OR expires_at > $2)"
    };
    (inactive) => {
        "FROM payment_requests WHERE merchant_id = $1 AND created_at <= $2
            AND (closed_at IS NOT NULL OR (max_uses IS NOT NULL AND uses >= max_uses) OR (expires_at IS NOT NULL AND expires_at <= $2))"
    };
    (all) => {
        "FROM payment_requests WHERE merchant_id = $1 AND created_at <= $2"
    };
}

/// A page of such a list, newest first, and how long it is.
macro_rules! listed {
    ($which:ident) => {
        (
            concat!("SELECT ", columns!(), " ", of_merchant!($which), " ORDER BY created_at DESC, request_id LIMIT $3 OFFSET $4"),
            concat!("SELECT COUNT(*) ", of_merchant!($which)),
        )
    };
}

const INSERT: &str = concat!(
    "INSERT INTO payment_requests (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
);
const SAVE: &str = "UPDATE payment_requests SET uses = $1, closed_at = $2 WHERE request_id = $3";
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM payment_requests WHERE request_id = $1");

/// Which requests of a merchant to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFilter {
    /// Those that can be paid.
    Active,
    /// Those that cannot be paid any more.
    Inactive,
    /// All of them.
    All,
}

impl RequestFilter {
    const fn statements(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => listed!(active),
            Self::Inactive => listed!(inactive),
            Self::All => listed!(all),
        }
    }
}

impl Tx<'_> {
    /// Writes a new request.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id is taken.
    pub fn insert_payment_request(&mut self, request: &PaymentRequest) -> Result<(), StoreError> {
        let (pos_schema, pos_payload) = payload_columns(request.pos_payload.as_ref());
        let (merchant_schema, merchant_payload) = payload_columns(request.merchant_payload.as_ref());
        self.execute_one(
            INSERT,
            &[
                Value::from(&request.id.to_string()),
                request.merchant.as_str().into(),
                (&request.merchant_reference).into(),
                request.amount.minor().into(),
                request.amount.currency().code().into(),
                request.max_uses.into(),
                request.uses.into(),
                request.expires_at.map(Timestamp::micros).into(),
                request.wallet.map(|wallet| wallet.to_string()).as_deref().into(),
                (&request.basket).into(),
                (&pos_schema).into(),
                pos_payload.into(),
                (&merchant_schema).into(),
                merchant_payload.into(),
                request.created_at.micros().into(),
                request.closed_at.map(Timestamp::micros).into(),
            ],
        )
    }

    /// Finds a request.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_payment_request(&mut self, request: PaymentRequestId) -> Result<Option<PaymentRequest>, StoreError> {
        self.query_one(BY_ID, &[(&request.to_string()).into()], request_of)
    }

    /// Saves what can change of a request. Whoever saves one has read it in the same write, and no other write runs meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none.
    pub fn save_payment_request(&mut self, request: &PaymentRequest) -> Result<(), StoreError> {
        self.execute_one(SAVE, &[request.uses.into(), request.closed_at.map(Timestamp::micros).into(), (&request.id.to_string()).into()])
    }

    /// How many requests of a merchant there are, and a page of them, newest first, as they stand at `now`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_payment_requests(
        &mut self,
        merchant: &MerchantId,
        filter: RequestFilter,
        page: Page,
        now: Timestamp,
    ) -> Result<(u64, Vec<PaymentRequest>), StoreError> {
        let (list, counted) = filter.statements();
        let of = [Value::from(merchant.as_str()), now.micros().into()];
        let count = total(self.query_one(counted, &of, |row| row.int(0))?)?;
        let [merchant, now] = of;
        Ok((count, self.query(list, &[merchant, now, page.limit().into(), page.offset().into()], request_of)?))
    }
}

fn request_of(row: &Row<'_>) -> Result<PaymentRequest, StoreError> {
    Ok(PaymentRequest {
        id: id(row, 0, PaymentRequestId::parse)?,
        merchant: id(row, 1, MerchantId::parse)?,
        merchant_reference: row.text(2)?.to_owned(),
        amount: money(row, 3, currency(row, 4)?)?,
        max_uses: row.opt_int(5)?.map(|_| count(row, 5)).transpose()?,
        uses: count(row, 6)?,
        expires_at: opt_time(row, 7)?,
        wallet: opt_id(row, 8, WalletId::parse)?,
        basket: opt_text(row, 9)?,
        pos_payload: opt_payload(row, 10)?,
        merchant_payload: opt_payload(row, 12)?,
        created_at: time(row, 14)?,
        closed_at: opt_time(row, 15)?,
    })
}
