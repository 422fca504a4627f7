//! The sandbox's banks: each keeps to its published outcome, and its page waits for the developer's yes or no.
//!
//! Invariant: the first decision on a payment stands, and survives a restart.

use std::sync::Arc;

use florin_connect::{Bank, BankPayments, BankStatus, Call, ConnectError, Connector, StartPayment, Started};
use florin_domain::{BankPaymentId, Money, Timestamp};
use tokio::sync::Mutex;

use crate::notebook::{self, Notebook};
use crate::payment::{DecisionNote, PaymentNote, reference};

/// What becomes of payments from a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankOutcome {
    /// Executed as soon as they are authorised.
    Pays,
    /// Rejected though they are authorised.
    Refuses,
    /// Executed an hour after they are authorised.
    Pending,
    /// They cannot even be started.
    Unavailable,
}

impl BankOutcome {
    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pays => "pays",
            Self::Refuses => "refuses",
            Self::Pending => "pending",
            Self::Unavailable => "unavailable",
        }
    }
}

/// The banks: id, name, outcome.
const BANKS: [(&str, &str, BankOutcome); 5] = [
    ("avon", "Bank of Avon", BankOutcome::Pays),
    ("severn", "Severn Building Society", BankOutcome::Pays),
    ("mersey", "Mersey Mutual", BankOutcome::Refuses),
    ("tamar", "Tamar Savings Bank", BankOutcome::Pending),
    ("wye", "Wye Direct", BankOutcome::Unavailable),
];

/// What a bank's page shows the buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankPage {
    /// The bank's name.
    pub bank: String,
    /// Who is paid.
    pub payee: String,
    /// How much.
    pub amount: Money,
    /// What stands on the payee's statement.
    pub reference: String,
    /// Whether it was authorised, once the buyer has decided.
    pub decided: Option<bool>,
    /// Where the buyer goes afterwards.
    pub return_url: String,
}

/// All banks of the sandbox.
pub struct SimBank {
    notebook: Arc<dyn Notebook>,
    base_url: String,
    /// Held from reading a note to writing it, so that of two decisions at once one is the first.
    turn: Mutex<()>,
}

impl SimBank {
    /// Banks that remember in `notebook` and whose pages lie under `base_url`; an empty one gives addresses relative to the server.
    pub fn new(notebook: Arc<dyn Notebook>, base_url: &str) -> Self {
        Self { notebook, base_url: base_url.trim_end_matches('/').to_owned(), turn: Mutex::new(()) }
    }

    /// What the bank's page of a payment shows; `None` if no such payment was started.
    ///
    /// # Errors
    /// [`ConnectError`] if the notebook cannot be read.
    pub async fn page(&self, id: &BankPaymentId) -> Result<Option<BankPage>, ConnectError> {
        self.note(id).await?.map(PaymentNote::page).transpose()
    }

    /// The buyer's decision at `now`. Returns where to send the buyer; `None` if no such payment was started.
    /// Safe to repeat: the first decision stands, whatever comes after.
    ///
    /// # Errors
    /// [`ConnectError`] if the notebook cannot be read or written.
    pub async fn decide(&self, id: &BankPaymentId, authorised: bool, now: Timestamp) -> Result<Option<String>, ConnectError> {
        let _turn = self.turn.lock().await;
        let Some(mut note) = self.note(id).await? else { return Ok(None) };
        if note.decision.is_none() {
            note.decision = Some(DecisionNote { authorised, at_micros: now.micros() });
            self.keep(id, &note).await?;
        }
        Ok(Some(note.return_url))
    }

    async fn begin(&self, payment: StartPayment) -> Result<Started, ConnectError> {
        let (_, name, outcome) = bank(&payment.bank).ok_or_else(|| ConnectError::refused("unknown_bank", "there is no such bank"))?;
        if outcome == BankOutcome::Unavailable {
            return Err(ConnectError::Unavailable(format!("{name} does not answer")));
        }
        if !payment.amount.is_positive() {
            return Err(ConnectError::refused("bad_amount", "a payment moves more than nothing"));
        }
        let _turn = self.turn.lock().await;
        let id = payment.id;
        let note = PaymentNote::from(payment);
        match self.note(&id).await? {
            None => self.keep(&id, &note).await?,
            Some(earlier) if earlier.asks_the_same_as(&note) => {}
            Some(_) => return Err(ConnectError::refused("id_reused", "this payment was started on other terms")),
        }
        Ok(Started { authorise_url: format!("{}/sandbox/bank/{id}/", self.base_url) })
    }

    async fn return_money(&self, id: &BankPaymentId, amount: Money) -> Result<String, ConnectError> {
        let _turn = self.turn.lock().await;
        let mut note = self.known(id).await?;
        // Whoever asks for a refund has seen the payment executed, so its hour has passed.
        if !matches!(note.status(id, Timestamp::from_micros(i64::MAX))?, BankStatus::Executed { .. }) {
            return Err(ConnectError::refused("not_executed", "only an executed payment can be refunded"));
        }
        if amount != note.amount()? {
            return Err(ConnectError::refused("wrong_amount", "a payment is refunded whole"));
        }
        if !note.refunded {
            note.refunded = true;
            self.keep(id, &note).await?;
        }
        Ok(reference("RF", id))
    }

    async fn note(&self, id: &BankPaymentId) -> Result<Option<PaymentNote>, ConnectError> {
        notebook::read(&*self.notebook, page_of(id)).await
    }

    async fn known(&self, id: &BankPaymentId) -> Result<PaymentNote, ConnectError> {
        self.note(id).await?.ok_or_else(|| ConnectError::refused("unknown_payment", "no such payment was started"))
    }

    async fn keep(&self, id: &BankPaymentId, note: &PaymentNote) -> Result<(), ConnectError> {
        notebook::write(&*self.notebook, page_of(id), note).await
    }
}

impl Connector for SimBank {
    fn name(&self) -> &'static str {
        "sandbox-bank"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl BankPayments for SimBank {
    fn banks(&self) -> Vec<Bank> {
        banks()
    }

    fn start(&self, payment: StartPayment) -> Call<'_, Started> {
        Box::pin(self.begin(payment))
    }

    fn status<'a>(&'a self, id: &'a BankPaymentId, now: Timestamp) -> Call<'a, BankStatus> {
        Box::pin(async move { self.known(id).await?.status(id, now) })
    }

    fn withdraw<'a>(&'a self, id: &'a BankPaymentId, now: Timestamp) -> Call<'a, BankStatus> {
        Box::pin(async move {
            // The first decision stands: if the buyer has authorised, this changes nothing.
            self.decide(id, false, now).await?;
            self.known(id).await?.status(id, now)
        })
    }

    fn refund<'a>(&'a self, id: &'a BankPaymentId, amount: Money) -> Call<'a, String> {
        Box::pin(self.return_money(id, amount))
    }
}

/// Every bank, with its published outcome.
pub(crate) fn banks() -> Vec<Bank> {
    let to_bank = |(id, name, outcome): (&str, &str, BankOutcome)| Bank {
        id: id.to_owned(),
        name: name.to_owned(),
        outcome: Some(outcome.name().to_owned()),
    };
    BANKS.into_iter().map(to_bank).collect()
}

/// The bank of `id`.
pub(crate) fn bank(id: &str) -> Option<(&'static str, &'static str, BankOutcome)> {
    BANKS.into_iter().find(|(known, _, _)| *known == id)
}

fn page_of(id: &BankPaymentId) -> String {
    format!("bank/{id}")
}
