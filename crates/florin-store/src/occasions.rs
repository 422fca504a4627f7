//! SQL for occasions: what makes a transaction one of the in-store family, and how such transactions are looked for.

use florin_domain::merchant::MerchantId;
use florin_domain::movement::Reference;
use florin_domain::occasion::Occasion;
use florin_domain::payment::Transaction;
use florin_domain::{PaymentRequestId, PaymentSessionId, Timestamp, TransactionId, WalletId};

use crate::columns::{currency, flag, id, money, opt_id, opt_text, time};
use crate::page::total;
use crate::{Page, Row, StoreError, Tx, Value};

/// The columns in the order in which they are read.
macro_rules! columns {
    () => {
        "o.occasion_id, o.receipt, o.merchant_id, o.wallet_id, o.request_id, o.merchant_reference, o.session_id, o.original_id,
         o.reason, o.gross_minor, o.currency, o.holds_use, o.created_at"
    };
}

/// Whose occasions are looked for, and what else may be asked of them: no text asks for nothing. The empty text beside the
/// session keeps the engines from walking all of an owner's to find the few of a session's.
macro_rules! sought {
    (merchant) => {
        "FROM occasions o WHERE o.merchant_id = $1 AND o.created_at >= $2 AND o.created_at <= $3
            AND ($4 = '' OR o.request_id = $4) AND $5 = ''"
    };
    (wallet) => {
        "FROM occasions o WHERE o.wallet_id = $1 AND o.created_at >= $2 AND o.created_at <= $3
            AND ($4 = '' OR o.request_id = $4) AND $5 = ''"
    };
    (session_of_merchant) => {
        "FROM occasions o WHERE o.merchant_id || '' = $1 AND o.created_at >= $2 AND o.created_at <= $3
            AND ($4 = '' OR o.request_id = $4) AND o.session_id = $5"
    };
    (session_of_wallet) => {
        "FROM occasions o WHERE o.wallet_id || '' = $1 AND o.created_at >= $2 AND o.created_at <= $3
            AND ($4 = '' OR o.request_id = $4) AND o.session_id = $5"
    };
}

/// The statements of a search: how many there are, and a page of them.
macro_rules! search {
    ($which:ident) => {
        Search {
            count: concat!("SELECT COUNT(*) ", sought!($which)),
            page: concat!("SELECT ", columns!(), " ", sought!($which), " ORDER BY o.created_at DESC, o.receipt DESC LIMIT $6 OFFSET $7"),
        }
    };
}

const INSERT: &str = "
    INSERT INTO occasions (occasion_id, receipt, merchant_id, wallet_id, request_id, merchant_reference, session_id, original_id,
                           reason, gross_minor, currency, holds_use, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM occasions o WHERE o.occasion_id = $1");
const HOLD: &str = "UPDATE occasions SET holds_use = $1 WHERE occasion_id = $2";

/// Whose occasions are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OccasionOwner {
    /// A merchant's.
    Merchant(MerchantId),
    /// A shopper's.
    Wallet(WalletId),
}

/// Which occasions to list; what is `None` is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccasionFilter {
    /// Whose.
    pub owner: OccasionOwner,
    /// Of this request.
    pub request: Option<PaymentRequestId>,
    /// At this till session.
    pub session: Option<PaymentSessionId>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// At this time or earlier.
    pub to: Option<Timestamp>,
}

struct Search {
    count: &'static str,
    page: &'static str,
}

impl OccasionFilter {
    fn search(&self) -> Search {
        match (&self.owner, self.session) {
            (OccasionOwner::Merchant(_), None) => search!(merchant),
            (OccasionOwner::Wallet(_), None) => search!(wallet),
            (OccasionOwner::Merchant(_), Some(_)) => search!(session_of_merchant),
            (OccasionOwner::Wallet(_), Some(_)) => search!(session_of_wallet),
        }
    }
}

impl Tx<'_> {
    /// Writes a new occasion.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the id or the receipt is taken.
    pub fn insert_occasion(&mut self, occasion: &Occasion) -> Result<(), StoreError> {
        self.execute_one(
            INSERT,
            &[
                Value::from(&occasion.id.to_string()),
                occasion.receipt.number().into(),
                occasion.merchant.as_str().into(),
                (&occasion.wallet.to_string()).into(),
                (&occasion.request.to_string()).into(),
                (&occasion.merchant_reference).into(),
                occasion.session.map(|session| session.to_string()).as_deref().into(),
                occasion.original.map(|original| original.to_string()).as_deref().into(),
                (&occasion.reason).into(),
                occasion.gross.minor().into(),
                occasion.gross.currency().code().into(),
                i64::from(occasion.holds_use).into(),
                occasion.created_at.micros().into(),
            ],
        )
    }

    /// Finds an occasion.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_occasion(&mut self, occasion: TransactionId) -> Result<Option<Occasion>, StoreError> {
        self.query_one(BY_ID, &[(&occasion.to_string()).into()], occasion_of)
    }

    /// Notes whether an occasion holds a use of its request.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if there is none.
    pub fn hold_use(&mut self, occasion: TransactionId, holds: bool) -> Result<(), StoreError> {
        self.execute_one(HOLD, &[i64::from(holds).into(), (&occasion.to_string()).into()])
    }

    /// How many occasions fit the filter, and a page of them with their transactions, newest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_occasions(&mut self, filter: &OccasionFilter, page: Page) -> Result<(u64, Vec<(Occasion, Transaction)>), StoreError> {
        let search = filter.search();
        let owner = match &filter.owner {
            OccasionOwner::Merchant(merchant) => merchant.to_string(),
            OccasionOwner::Wallet(wallet) => wallet.to_string(),
        };
        let (request, session) = (filter.request.map(|id| id.to_string()), filter.session.map(|id| id.to_string()));
        let mut values = vec![
            Value::from(&owner),
            filter.from.map_or(i64::MIN, Timestamp::micros).into(),
            filter.to.map_or(i64::MAX, Timestamp::micros).into(),
            request.as_deref().unwrap_or("").into(),
            session.as_deref().unwrap_or("").into(),
        ];
        let count = total(self.query_one(search.count, &values, |row| row.int(0))?)?;
        values.extend([Value::from(page.limit()), page.offset().into()]);
        let occasions = self.query(search.page, &values, occasion_of)?;
        let mut listed = Vec::with_capacity(occasions.len());
        for occasion in occasions {
            let transaction = self.find_transaction(occasion.receipt)?.ok_or_else(|| StoreError::corrupt("occasions", "receipt"))?;
            listed.push((occasion, transaction));
        }
        Ok((count, listed))
    }
}

fn occasion_of(row: &Row<'_>) -> Result<Occasion, StoreError> {
    Ok(Occasion {
        id: id(row, 0, TransactionId::parse)?,
        receipt: Reference::from_number(row.int(1)?),
        merchant: id(row, 2, MerchantId::parse)?,
        wallet: id(row, 3, WalletId::parse)?,
        request: id(row, 4, PaymentRequestId::parse)?,
        merchant_reference: row.text(5)?.to_owned(),
        session: opt_id(row, 6, PaymentSessionId::parse)?,
        original: opt_id(row, 7, TransactionId::parse)?,
        reason: opt_text(row, 8)?,
        gross: money(row, 9, currency(row, 10)?)?,
        holds_use: flag(row, 11)?,
        created_at: time(row, 12)?,
    })
}
