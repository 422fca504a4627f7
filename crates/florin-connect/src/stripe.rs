//! A card acquirer that speaks the Stripe `PaymentIntents` API: one payment, one intent.
//!
//! A card becomes a payment method of Stripe's, which an intent then pays with; the account must be allowed to send card
//! numbers. Every POST carries an `Idempotency-Key`, and every intent and refund the order's key in its metadata: the first
//! makes a repetition harmless, the second tells after a crash what became of a key.
//! Invariants: a card number is in the body of one request and nowhere else; whatever leaves the outcome open is `Unavailable`.
//!
//! Source: Stripe's API reference, "Payment Intents", "Setup Intents", "Refunds", "Errors" and "Idempotent requests".

mod decline;
mod form;
mod intent;
mod movement;

use std::time::Duration;

use florin_vault::Secret;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use self::form::Form;
use crate::http::{self, Client};
use crate::{
    Authorise, Authorised, Call, CardAcquirer, CardCheck, CardVerdict, Charge, ChargeOutcome, ConnectError, Connector, Decline,
    DeclineReason, Means, Move, MoveKind, Moved,
};

/// How long a call may take, unless the settings say otherwise: issuers are given up to fifteen seconds.
pub const STRIPE_TIMEOUT: Duration = Duration::from_secs(20);
/// The version of the API that this adapter was written to; without it the account's own would decide.
const API_VERSION: &str = "2024-06-20";
/// Where an order's key stands in the metadata of what it brought about.
const KEY: &str = "florin_key";

/// Which account takes the payments, and where.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// The API's address: `https://api.stripe.com`.
    pub base_url: String,
    /// The account's secret or restricted key.
    pub secret_key: Secret<String>,
    /// Authorities to trust beside the public ones, in PEM.
    pub extra_root_pem: Option<Vec<u8>>,
    /// How long one call may take; [`STRIPE_TIMEOUT`] suits most.
    pub timeout: Duration,
}

/// Takes card payments over one Stripe account.
#[derive(Debug, Clone)]
pub struct StripeAcquirer {
    client: Client,
}

/// What a call brought: the object asked for, or a no.
type Reply = Result<Value, Decline>;

impl StripeAcquirer {
    /// An acquirer with these settings; nothing is called yet.
    ///
    /// # Errors
    /// [`ConnectError::Misconfigured`] for a bad address, a key that is none, unreadable roots, or another machine without TLS.
    pub fn new(settings: StripeSettings) -> Result<Self, ConnectError> {
        let key = settings.secret_key.expose();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConnectError::Misconfigured("Stripe's secret key is empty or not of letters and digits".to_owned()));
        }
        let roots = settings.extra_root_pem.as_deref();
        let client = Client::patient_for(settings.timeout, &settings.base_url, roots, Some(settings.secret_key))?;
        Ok(Self { client })
    }

    async fn get(&self, path: &str) -> Result<Reply, ConnectError> {
        decline::reply_of(http::answer_to(self.versioned(Method::GET, path)).await?)
    }

    /// Posts `form`; `key` makes a repetition of it the same call.
    async fn post(&self, path: &str, form: Form, key: &str) -> Result<Reply, ConnectError> {
        let request = self.versioned(Method::POST, path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        decline::reply_of(http::answer_to(request.header("Idempotency-Key", key).body(form.encoded())).await?)
    }

    fn versioned(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, path).header("Stripe-Version", API_VERSION)
    }

    /// The payment method that stands for `means`.
    async fn payment_method(&self, key: &str, means: Means<'_>) -> Result<Result<String, Decline>, ConnectError> {
        let (form, sort) = match means {
            // Without the code it is another request, which Stripe would not accept under the same key.
            Means::Card(card) => (Form::of_card(card), if card.cvc.is_some() { "card-and-code" } else { "card" }),
            Means::Wallet { token, .. } if token.starts_with("pm_") => return Ok(Ok(token.to_owned())),
            Means::Wallet { token, .. } if token.starts_with("tok_") => {
                (Form::default().with("type", "card").with("card[token]", token), "token")
            }
            Means::Wallet { .. } => return Ok(Err(decline::not_supported("This wallet cannot be paid with here."))),
            Means::Apm { .. } => return Ok(Err(decline::not_supported("This provider cannot be paid with here."))),
        };
        let made = self.post("/v1/payment_methods", form, &format!("{key}-{sort}")).await?;
        made.map(|method| id_of(&method)).map_or_else(|declined| Ok(Err(declined)), |id| id.map(Ok))
    }

    /// Makes an intent and confirms it in one call, so that no instant lies between the two.
    async fn pay(&self, order: &Authorise<'_>, shopper_is_present: bool) -> Result<Authorised, ConnectError> {
        let method = match self.payment_method(&order.key, order.means).await? {
            Ok(method) => method,
            Err(declined) => return Ok(Authorised::Declined(code_is_wanted(declined, order.means))),
        };
        let mut form = Form::of_payment(order, &method);
        if !shopper_is_present {
            form = form.with("off_session", "true");
        }
        match self.post("/v1/payment_intents", form, &order.key).await? {
            Ok(intent) => intent::outcome(&intent)?.ok_or_else(|| ConnectError::Unavailable("the payment was not begun".to_owned())),
            Err(declined) => Ok(Authorised::Declined(code_is_wanted(declined, order.means))),
        }
    }

    async fn check(&self, check: CardCheck<'_>) -> Result<CardVerdict, ConnectError> {
        let method = match self.payment_method(&check.key, Means::Card(check.card)).await? {
            Ok(method) => method,
            Err(declined) => return Ok(verdict(declined)),
        };
        let form = Form::default().with("usage", "off_session").with("payment_method_types[]", "card").about(KEY, &check.key);
        let setup = match self.post("/v1/setup_intents", form, &check.key).await? {
            Ok(setup) => id_of(&setup)?,
            Err(declined) => return Ok(verdict(declined)),
        };
        let form = Form::default().with("payment_method", &method);
        let confirmed = self.post(&format!("/v1/setup_intents/{setup}/confirm"), form, &format!("{}-confirm", check.key)).await?;
        confirmed.map_or_else(|declined| Ok(verdict(declined)), |setup| intent::verdict(&setup))
    }
}

fn id_of(object: &Value) -> Result<String, ConnectError> {
    let id = object["id"].as_str().filter(|id| intent::is_id(id));
    id.map(str::to_owned).ok_or_else(|| ConnectError::Unavailable("an answer without an id".to_owned()))
}

/// An issuer that dislikes a code that was not given wants one.
fn code_is_wanted(declined: Decline, means: Means<'_>) -> Decline {
    let without_code = matches!(means, Means::Card(card) if card.cvc.is_none());
    if without_code && declined.network_code == decline::WRONG_CODE {
        Decline { reason: DeclineReason::CodeRequired, ..declined }
    } else {
        declined
    }
}

fn verdict(declined: Decline) -> CardVerdict {
    CardVerdict::Declined { code: declined.reason.name().to_owned(), message: declined.message }
}

fn charged(outcome: Authorised) -> ChargeOutcome {
    match outcome {
        Authorised::Approved { reference, .. } => ChargeOutcome::Captured { reference },
        Authorised::Declined(declined) => ChargeOutcome::Declined { code: declined.reason.name().to_owned(), message: declined.message },
    }
}

impl Connector for StripeAcquirer {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn simulated(&self) -> bool {
        false
    }
}

impl CardAcquirer for StripeAcquirer {
    fn verify<'a>(&'a self, check: CardCheck<'a>) -> Call<'a, CardVerdict> {
        Box::pin(self.check(check))
    }

    fn charge<'a>(&'a self, charge: Charge<'a>) -> Call<'a, ChargeOutcome> {
        Box::pin(async move {
            let order = Authorise {
                key: charge.key,
                means: Means::Card(charge.card),
                amount: charge.amount,
                capture: true,
                merchant: &charge.customer,
                reference: &charge.description,
                authentication: None,
            };
            self.pay(&order, false).await.map(charged)
        })
    }

    fn charge_status<'a>(&'a self, key: &'a str) -> Call<'a, Option<ChargeOutcome>> {
        Box::pin(async move { Ok(self.outcome_of(key).await?.map(charged)) })
    }

    fn authorise<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Authorised> {
        Box::pin(async move { self.pay(&order, true).await })
    }

    fn capture<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        Box::pin(self.take(order))
    }

    fn void<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        Box::pin(self.release(order))
    }

    fn refund<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        Box::pin(self.give_back(order, MoveKind::Refund))
    }

    fn authorised<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Option<Authorised>> {
        Box::pin(async move { self.outcome_of(&order.key).await })
    }

    fn moved<'a>(&'a self, kind: MoveKind, order: Move<'a>) -> Call<'a, Option<Moved>> {
        Box::pin(self.look_up(kind, order))
    }
}
