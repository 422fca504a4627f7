//! SQL for orders: the only file that writes the `orders` table; one text serves both engines.
//!
//! Invariant: an order is written only by [`Tx::save`], with its event, its ledger entry and its company's limit.

use florin_domain::company::CompanyNumber;
use florin_domain::order::{Change, ChangeParts, EndReason, NewOrder, Order, OrderState, PayMethod, PayMethods, Settlement, Status};
use florin_domain::{BankPaymentId, LinkToken, LoanId, OrderId, SellerId, Timestamp, TokenId};

use crate::columns::{currency, id, money, time};
use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "
    INSERT INTO orders (order_id, link, pay_link_id, seller_id, token_id, amount_minor, currency, reference, methods, source,
                        redirect_url, webhook_url, meta_data, created_at, state, state_at, state_detail, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
const MOVE: &str = "
    UPDATE orders SET state = $1, state_at = $2, state_detail = $3, version = $4 WHERE order_id = $5 AND version = $6";
const BY_ID: &str = "
    SELECT order_id, link, pay_link_id, seller_id, token_id, amount_minor, currency, reference, methods, source,
           redirect_url, webhook_url, meta_data, created_at, state, state_at, state_detail, version
      FROM orders WHERE order_id = $1";
const OPEN_SINCE: &str = "
    SELECT order_id FROM orders
     WHERE state <> 'successful' AND state <> 'unsuccessful' AND created_at <= $1 ORDER BY created_at LIMIT $2";
const OLDEST_OPEN: &str = "
    SELECT created_at FROM orders WHERE state <> 'successful' AND state <> 'unsuccessful' ORDER BY created_at LIMIT 1";

impl Tx<'_> {
    /// Saves a change with its ledger entry, event and limit: all of it, or none.
    ///
    /// `announce` says whether the seller's server is to hear of it; the event is kept in either case.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the order moved since it was read, or the limit is used up; running the operation again is safe.
    pub fn save(&mut self, change: Change, announce: bool) -> Result<Order, StoreError> {
        let ChangeParts { order, event, entry, credit } = change.into_parts();
        if order.version == 1 {
            self.insert_order(&order)?;
        } else {
            self.move_order(&order)?;
        }
        self.post(&entry)?;
        if let Some(credit) = credit {
            self.move_credit(&credit)?;
        }
        self.announce(&event, announce)?;
        Ok(order)
    }

    fn insert_order(&mut self, order: &Order) -> Result<(), StoreError> {
        let (terms, state) = (&order.terms, StateColumns::of(&order.state, order.created_at));
        self.execute_one(
            INSERT,
            &[
                Value::from(&terms.id.to_string()),
                terms.link.expose().into(),
                (&terms.pay_link_id.to_string()).into(),
                (&terms.seller.to_string()).into(),
                (&terms.token.to_string()).into(),
                terms.amount.minor().into(),
                terms.amount.currency().code().into(),
                (&terms.reference).into(),
                methods_text(&terms.methods).into(),
                (&terms.source).into(),
                (&terms.redirect_url).into(),
                (&terms.webhook_url).into(),
                (&terms.meta_data).into(),
                order.created_at.micros().into(),
                state.name.into(),
                state.at.into(),
                (&state.detail).into(),
                order.version.into(),
            ],
        )
    }

    fn move_order(&mut self, order: &Order) -> Result<(), StoreError> {
        let state = StateColumns::of(&order.state, order.created_at);
        self.execute_one(
            MOVE,
            &[
                state.name.into(),
                state.at.into(),
                (&state.detail).into(),
                order.version.into(),
                (&order.id().to_string()).into(),
                (order.version - 1).into(),
            ],
        )
    }

    /// Finds an order by its id.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn find_order(&mut self, order: OrderId) -> Result<Option<Order>, StoreError> {
        self.query_one(BY_ID, &[(&order.to_string()).into()], order_of)
    }

    /// The oldest orders that are still open and were created at `limit` or before, `count` at the most.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row breaks an invariant.
    pub fn list_open_orders(&mut self, limit: Timestamp, count: i64) -> Result<Vec<OrderId>, StoreError> {
        self.query(OPEN_SINCE, &[limit.micros().into(), count.into()], |row| id(row, 0, OrderId::parse))
    }

    /// When the oldest order that is still open was created.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the row breaks an invariant.
    pub fn oldest_open_order(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.query_one(OLDEST_OPEN, &[], |row| time(row, 0))
    }
}

struct StateColumns {
    name: &'static str,
    at: i64,
    detail: Option<String>,
}

impl StateColumns {
    fn of(state: &OrderState, created_at: Timestamp) -> Self {
        let (at, detail) = match state {
            OrderState::Created => (created_at, None),
            OrderState::Pending { since } => (*since, None),
            OrderState::Approved { since, company } => (*since, Some(company.to_string())),
            OrderState::Successful { at, settlement: Settlement::Credit(loan) } => (*at, Some(format!("loan:{loan}"))),
            OrderState::Successful { at, settlement: Settlement::Bank(payment) } => (*at, Some(format!("bank:{payment}"))),
            OrderState::Unsuccessful { at, reason } => (*at, Some(reason.name().to_owned())),
        };
        Self { name: state.status().name(), at: at.micros(), detail }
    }
}

fn order_of(row: &Row<'_>) -> Result<Order, StoreError> {
    let terms = NewOrder {
        id: id(row, 0, OrderId::parse)?,
        link: id(row, 1, LinkToken::parse)?,
        pay_link_id: id(row, 2, OrderId::parse)?,
        seller: id(row, 3, SellerId::parse)?,
        token: id(row, 4, TokenId::parse)?,
        amount: money(row, 5, currency(row, 6)?)?,
        reference: row.text(7)?.to_owned(),
        methods: methods_of(row.text(8)?).ok_or_else(|| row.corrupt(8))?,
        source: row.opt_text(9)?.map(str::to_owned),
        redirect_url: row.opt_text(10)?.map(str::to_owned),
        webhook_url: row.opt_text(11)?.map(str::to_owned),
        meta_data: row.opt_text(12)?.map(str::to_owned),
    };
    Ok(Order { terms, created_at: time(row, 13)?, state: state_of(row)?, version: row.int(17)? })
}

fn state_of(row: &Row<'_>) -> Result<OrderState, StoreError> {
    let (at, detail) = (time(row, 15)?, row.opt_text(16)?.unwrap_or(""));
    let status = Status::ALL.into_iter().find(|status| row.text(14).is_ok_and(|name| name == status.name()));
    let state = match status {
        Some(Status::Created) => Some(OrderState::Created),
        Some(Status::Pending) => Some(OrderState::Pending { since: at }),
        Some(Status::Approved) => CompanyNumber::parse(detail).ok().map(|company| OrderState::Approved { since: at, company }),
        Some(Status::Successful) => settlement_of(detail).map(|settlement| OrderState::Successful { at, settlement }),
        Some(Status::Unsuccessful) => {
            EndReason::ALL.into_iter().find(|reason| reason.name() == detail).map(|reason| OrderState::Unsuccessful { at, reason })
        }
        None => return Err(row.corrupt(14)),
    };
    state.ok_or_else(|| row.corrupt(16))
}

fn settlement_of(detail: &str) -> Option<Settlement> {
    match detail.split_once(':')? {
        ("loan", loan) => LoanId::parse(loan).ok().map(Settlement::Credit),
        ("bank", payment) => BankPaymentId::parse(payment).ok().map(Settlement::Bank),
        _ => None,
    }
}

const METHODS: [(&str, &[PayMethod]); 4] = [
    ("now,later", &[PayMethod::Now, PayMethod::Later]),
    ("later,now", &[PayMethod::Later, PayMethod::Now]),
    ("now", &[PayMethod::Now]),
    ("later", &[PayMethod::Later]),
];

fn methods_text(methods: &PayMethods) -> &'static str {
    METHODS.iter().find(|(_, listed)| *listed == methods.as_slice()).map_or("", |(text, _)| text)
}

fn methods_of(text: &str) -> Option<PayMethods> {
    METHODS.iter().find(|(known, _)| *known == text).and_then(|(_, methods)| PayMethods::new(methods))
}
