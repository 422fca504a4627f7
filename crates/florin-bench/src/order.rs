//! What a merchant's server does all day: create an order, get an order.
//!
//! Requests are written once and sent again and again, as a busy server's would differ in little.

use std::sync::{Arc, Mutex, PoisonError};

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
        Self { request: post_json(host, path, token, body), ids: ids.clone(), wants_ids: true }
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

/// Gets orders, one after the other and round again.
pub struct Get {
    requests: Arc<[Vec<u8>]>,
    next: usize,
}

impl Get {
    /// Gets `paths` on behalf of the holder of `token`, each client beginning elsewhere. There must be at least one path.
    pub fn all(host: &str, paths: &[String], token: &str) -> impl Fn(usize) -> Self + use<> {
        let requests: Arc<[Vec<u8>]> = paths.iter().map(|path| get(host, path, token)).collect();
        move |number| Self { requests: Arc::clone(&requests), next: number * 17 }
    }
}

impl Operation for Get {
    async fn perform(&mut self, connection: &mut Connection) -> Result<(), BenchError> {
        self.next = (self.next + 1) % self.requests.len();
        connection.exchange(&self.requests[self.next]).await?.expect(200, "getting an order")?;
        Ok(())
    }
}

pub(crate) fn post_json(host: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn get(host: &str, path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}
