//! A purchase by card, and its refund in full.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{BenchError, Connection, Operation, Shop, Shopper};

/// What every purchase takes, in dollars, as it stands in JSON; no amount that decides an outcome in the sandbox.
const AMOUNT: &str = "42.5";
/// How many purchases are remembered to be refunded later.
const PURCHASES_KEPT: usize = 1 << 20;

/// Purchases that are not refunded yet, by what they are called in a refund; shared by those who make and those who refund them.
#[derive(Clone, Default)]
pub struct Purchases(Arc<Mutex<Vec<String>>>);

impl Purchases {
    fn keep(&self, reference: &str) {
        let mut purchases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if purchases.len() < PURCHASES_KEPT {
            purchases.push(reference.to_owned());
        }
    }

    /// One of them, which nobody else is given.
    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// Pays by one shopper's card, again and again.
pub struct Purchase {
    request: Vec<u8>,
    made: Purchases,
}

impl Purchase {
    /// `shopper` pays at `shop`; what is approved is added to `made`.
    pub fn new(shop: &Shop, shopper: &Shopper, made: &Purchases) -> Self {
        let Shopper { id, instrument, payment_token, .. } = shopper;
        let body = format!(
            r#"{{"transactionType":{{"creditCard":"PURCHASE"}},"clientReference":"{id}","orderNumber":"{id}","payments":[{{"paymentInstrumentId":"{instrument}","paymentToken":"{payment_token}","amount":{AMOUNT}}}]}}"#
        );
        Self { request: shop.post("/wow/v1/pay/payments").bearer(&shopper.bearer).json(&body), made: made.clone() }
    }
}

impl Operation for Purchase {
    async fn perform(&mut self, connection: &mut Connection) -> Result<(), BenchError> {
        const WHAT: &str = "paying by card";
        let reply = connection.exchange(&self.request).await?.expect(200, WHAT)?;
        self.made.keep(reply.quoted_after("\"paymentTransactionRef\":\"").ok_or_else(|| reply.wrong(WHAT))?);
        Ok(())
    }
}

/// Refunds purchases in full, each one once, as long as there are any.
pub struct Refund {
    shop: Shop,
    made: Purchases,
    request: Vec<u8>,
}

impl Refund {
    /// `shop` gives back what was paid in `made`.
    pub fn new(shop: &Shop, made: &Purchases) -> Self {
        Self { shop: shop.clone(), made: made.clone(), request: Vec::new() }
    }
}

impl Operation for Refund {
    fn prepare(&mut self) -> bool {
        let Some(reference) = self.made.take() else { return false };
        let body = format!(
            r#"{{"clientReference":"{reference}","orderNumber":"{reference}","refunds":[{{"paymentTransactionRef":"{reference}","amount":{AMOUNT}}}]}}"#
        );
        self.request = self.shop.post("/wow/v1/pay/refunds").json(&body);
        true
    }

    async fn perform(&mut self, connection: &mut Connection) -> Result<(), BenchError> {
        const WHAT: &str = "refunding a payment";
        let reply = connection.exchange(&self.request).await?.expect(200, WHAT)?;
        if reply.quoted_after("\"refundTransactionRef\":\"").is_some() { Ok(()) } else { Err(reply.wrong(WHAT)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purchase_is_refunded_once_and_then_nothing_is_left() {
        let (shop, made) = (Shop::new("h", "key"), Purchases::default());
        made.keep("5000000000000001");
        let (mut one, mut other) = (Refund::new(&shop, &made), Refund::new(&shop, &made));
        assert!(one.prepare() && !other.prepare() && !one.prepare());
        let request = String::from_utf8(one.request).unwrap();
        assert!(request.starts_with("POST /wow/v1/pay/refunds ") && request.contains("X-Api-Key: key\r\n"), "{request}");
        assert!(request.ends_with(r#""refunds":[{"paymentTransactionRef":"5000000000000001","amount":42.5}]}"#), "{request}");
    }
}
