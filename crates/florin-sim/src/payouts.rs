//! The sandbox's payouts: every one is sent, and its reference follows from its id.

use florin_connect::{Call, Connector, PayoutOrder, Payouts};

/// A bank that always pays out.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimPayouts;

impl Connector for SimPayouts {
    fn name(&self) -> &'static str {
        "sandbox-payouts"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl Payouts for SimPayouts {
    fn send(&self, payout: PayoutOrder) -> Call<'_, String> {
        Box::pin(async move { Ok(format!("PO-{}", payout.id)) })
    }
}
