//! Bodies of requests to Stripe: form-encoded, with brackets for what is nested.
//!
//! Invariant: a form prints nothing of itself, because it may hold a card.

use std::fmt;

use url::form_urlencoded::Serializer;

use super::KEY;
use crate::{Authorise, CardSecret};

/// The longest value that metadata takes, in characters.
const METADATA_MAX: usize = 500;

/// Fields in the order in which they were given.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(..)")
    }
}

impl Form {
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A note to be found again.
    pub(super) fn about(self, name: &str, value: &str) -> Self {
        let kept: String = value.chars().take(METADATA_MAX).collect();
        self.with(&format!("metadata[{name}]"), &kept)
    }

    /// A payment method out of a card.
    pub(super) fn of_card(card: &CardSecret) -> Self {
        let form = Self::default()
            .with("type", "card")
            .with("card[number]", card.number.expose())
            .with("card[exp_month]", &card.expiry.month.to_string())
            .with("card[exp_year]", &card.expiry.year.to_string());
        match &card.cvc {
            Some(code) => form.with("card[cvc]", code),
            None => form,
        }
    }

    /// An intent that is confirmed as it is made.
    pub(super) fn of_payment(order: &Authorise<'_>, payment_method: &str) -> Self {
        let form = Self::default()
            .with("amount", &order.amount.minor().to_string())
            .with("currency", &order.amount.currency().code().to_ascii_lowercase())
            .with("payment_method", payment_method)
            .with("payment_method_types[]", "card")
            .with("capture_method", if order.capture { "automatic" } else { "manual" })
            .with("confirm", "true")
            .about(KEY, &order.key)
            .about("florin_merchant", order.merchant)
            .about("florin_order", order.reference);
        let Some(proof) = &order.authentication else { return form };
        let named = |field: &str| format!("payment_method_options[card][three_d_secure][{field}]");
        form.with(&named("version"), &proof.version)
            .with(&named("cryptogram"), &proof.value)
            .with(&named("electronic_commerce_indicator"), &proof.eci)
            .with(&named("transaction_id"), &proof.transaction)
            .with(&named("ares_trans_status"), &proof.status.to_string())
    }

    pub(super) fn encoded(self) -> String {
        Serializer::new(String::new()).extend_pairs(self.0).finish()
    }
}
