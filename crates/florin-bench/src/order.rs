//! What a seller's server does all day: create an order, get an order.

use std::sync::{Arc, Mutex, PoisonError};

use crate::ask::Questions;
use crate::request::Request;
use crate::{BenchError, Connection, Operation};

/// How many order ids are remembered to be got later.
const IDS_KEPT: usize = 1024;

/// Ids of created orders, shared by those who create and those who get.
#[derive(Clone, Default)]
pub struct OrderIds(Arc<Mutex<Vec<String>>>);

impl OrderIds {
    /// The ids so far.
    pub fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers an id; whether more are wanted.
    fn keep(&self, id: &str) -> bool {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < IDS_KEPT {
            ids.push(id.to_owned());
        }
        ids.len() < IDS_KEPT
    }
}

/// Creates orders.
pub struct Create {
    request: Vec<u8>,
    ids: OrderIds,
    wants_ids: bool,
}

impl Create {
    /// Posts `body` to `path` on behalf of the holder of `token`, and adds what it creates to `ids`.
    pub fn new(host: &str, path: &str, token: &str, body: &str, ids: &OrderIds) -> Self {
        Self { request: Request::post(host, path).bearer(token).json(body), ids: ids.clone(), wants_ids: true }
    }
}

impl Operation for Create {
    async fn perform(&mut self, connection: &mut Connection) -> Result<(), BenchError> {
        let reply = connection.exchange(&self.request).await?.expect(201, "creating an order")?;
        if self.wants_ids {
            let id = reply.quoted_after("\"id\":\"").ok_or_else(|| reply.wrong("creating an order"))?;
            self.wants_ids = self.ids.keep(id);
        }
        Ok(())
    }
}

/// Questions for the orders at `paths`, on behalf of the holder of `token`.
pub fn get_orders(host: &str, paths: &[String], token: &str) -> Questions {
    let requests = paths.iter().map(|path| Request::get(host, path).bearer(token).bare()).collect();
    Questions { requests, what: "getting an order", proof: "\"status\":\"" }
}
