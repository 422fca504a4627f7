//! A server under measurement: how to ask it for the same work, whichever server it is.

use florin_bench::{Create, Get, OrderIds, Target};

/// The order that every measurement creates.
const ORDER: &str = r##"{"data":{"amount":4200.5,"reference":"#order1"}}"##;
/// The token that the reference server knows.
const REFERENCE_TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
/// How many of the reference server's orders are got in turns.
const REFERENCE_ORDERS: usize = 1024;

/// A server and its ways.
pub struct Subject {
    /// Where it is.
    pub target: Target,
    /// Its process, if it runs here.
    pub pid: Option<u32>,
    /// Where orders are created.
    pub create_path: String,
    /// On whose behalf.
    pub token: String,
    ids: OrderIds,
    numbered: bool,
}

impl Subject {
    /// Florin, and a seller there.
    pub fn florin(target: Target, seller: &str, token: &str, pid: Option<u32>) -> Self {
        let create_path = format!("/api/lending/edge/ecommerce/seller/{seller}/order/");
        Self { target, pid, create_path, token: token.to_owned(), ids: OrderIds::default(), numbered: false }
    }

    /// The reference server.
    pub fn reference(target: Target, pid: Option<u32>) -> Self {
        Self { target, pid, create_path: "/order".to_owned(), token: REFERENCE_TOKEN.to_owned(), ids: OrderIds::default(), numbered: true }
    }

    /// What a client does to create orders.
    pub fn create(&self) -> Create {
        Create::new(self.target.host(), &self.create_path, &self.token, ORDER, &self.ids)
    }

    /// What clients do to get the orders that were created; `None` if there are none.
    pub fn get(&self) -> Option<impl Fn(usize) -> Get + use<>> {
        let created = self.ids.list();
        let paths: Vec<String> = if self.numbered {
            (1..=created.len().min(REFERENCE_ORDERS)).map(|number| format!("/order/{number}")).collect()
        } else {
            created.iter().map(|id| format!("/api/lending/edge/ecommerce/order/{id}/")).collect()
        };
        (!paths.is_empty()).then(|| Get::all(self.target.host(), &paths, &self.token))
    }
}
