//! What Openpay says of something that it did, as named facts.

use florin_domain::openpay::OpenpayPlan;

use crate::payments::item::Extended;

/// The facts of `plan`; of the account only where one is billed.
pub fn told(plan: &OpenpayPlan) -> Vec<Extended<'_>> {
    let mut facts = vec![
        Extended::new("openPayTransactionId", plan.transaction.as_str()),
        Extended::new("openPayOrderId", plan.order.as_str()),
        Extended::new("openPayPaymentMethod", plan.method.as_str()),
        Extended::new("openPayCreatedAt", plan.created_at.to_millis_text()),
    ];
    if let Some(account) = &plan.account {
        facts.push(Extended::new("openPayBillingAccountId", account.id.as_str()));
        facts.push(Extended::new("openPayBillingAccountName", account.name.as_str()));
        facts.push(Extended::new("openPayBillingAccountABN", account.abn.as_str()));
    }
    facts
}
