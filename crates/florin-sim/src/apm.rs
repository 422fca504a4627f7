//! The sandbox's pay-later providers: their checkouts are decided on a page of this server.
//!
//! They remember nothing: what becomes of a checkout follows from the merchant's order number. One that says "refuse" is not
//! opened; one that says "decline" is opened, and declined when it is paid with.

use florin_connect::{ApmProviders, Call, ConnectError, Connector, OpenCheckout, OpenedCheckout};

use crate::name;

/// Pay-later providers whose pages lie under one address.
#[derive(Debug, Clone)]
pub struct SimApm {
    base_url: String,
}

impl SimApm {
    /// Providers whose pages lie under `base_url`.
    pub fn new(base_url: &str) -> Self {
        Self { base_url: base_url.to_owned() }
    }
}

impl Connector for SimApm {
    fn name(&self) -> &'static str {
        "sandbox-pay-later"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl ApmProviders for SimApm {
    fn open<'a>(&'a self, order: OpenCheckout<'a>) -> Call<'a, OpenedCheckout> {
        let opened = opened(&self.base_url, &order);
        Box::pin(async move { opened })
    }

    fn decided_here(&self) -> bool {
        true
    }
}

fn opened(base_url: &str, order: &OpenCheckout<'_>) -> Result<OpenedCheckout, ConnectError> {
    if !order.amount.is_positive() {
        return Err(ConnectError::refused("bad_amount", "a checkout is for more than nothing"));
    }
    if order.reference.contains("refuse") {
        return Err(ConnectError::refused("not_eligible", format!("{} does not take this order", order.provider.title())));
    }
    let word = if order.reference.contains("decline") { "decline-" } else { "" };
    let token = format!("{}-{word}{}", order.provider.name(), name::uuid(&order.key));
    Ok(OpenedCheckout { token, page: format!("{base_url}/sandbox/apm/{}/", order.key) })
}
