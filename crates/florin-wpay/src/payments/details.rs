//! What an answer tells of an instrument that the books of the payment do not hold: where a code is typed, whose account it is.

use std::collections::HashMap;

use florin_domain::WalletId;
use florin_domain::fault::Fault;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::movement::Movement;
use florin_domain::payment::Transaction;
use florin_service::step_up::{self, StepUpKind};
use florin_service::{Context, Cx, ServiceError, Tx, instruments, three_ds};
use serde::Serialize;

/// What the shopper has to do before the instrument can be used.
#[derive(Debug, Clone, Serialize)]
pub struct StepUp {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) mandatory: bool,
    pub(super) url: String,
}

/// The page on which the code of a card is typed, where `fault` asks for that.
pub fn step_up(cx: &Context, fault: Fault, instrument: &Instrument) -> Option<StepUp> {
    let is_asked = asks_for_code(fault) && instrument.kind == InstrumentKind::Card;
    is_asked.then(|| StepUp { kind: "CAPTURE_CVV", mandatory: true, url: step_up::url(cx, StepUpKind::Code, instrument) })
}

/// Whether a fresh step-up token would help.
const fn asks_for_code(fault: Fault) -> bool {
    matches!(fault, Fault::StepUpRequired | Fault::StepUpIllegal | Fault::StepUpExpired)
}

/// An account at a provider.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account's name there.
    pub id: String,
    /// Its customer's.
    pub customer: String,
}

/// What is told of the instruments of one payment.
#[derive(Debug, Default)]
pub struct Details {
    /// Where codes are typed.
    pub step_ups: HashMap<InstrumentId, StepUp>,
    /// Whose accounts were paid with.
    pub accounts: HashMap<InstrumentId, Account>,
    /// In which sessions cardholders are to be authenticated.
    pub three_ds: HashMap<InstrumentId, String>,
}

impl Details {
    /// Looks at those instruments of a payment that there is more to tell of. One that is gone has nothing to tell.
    ///
    /// # Errors
    /// Only if the store fails.
    pub async fn of(cx: &Cx, wallet: WalletId, transaction: &Transaction) -> Result<Self, ServiceError> {
        let wanted: Vec<_> = transaction.movements.iter().filter(|movement| has_more(movement)).cloned().collect();
        let three_ds = three_ds::demands(cx, transaction).await?.into_iter().collect();
        if wanted.is_empty() {
            return Ok(Self { three_ds, ..Self::default() });
        }
        let (ids, now): (Vec<_>, _) = (wanted.iter().map(|movement| movement.paid_with.instrument.clone()).collect(), cx.clock.now());
        let find = move |tx: &mut Tx<'_>| {
            let found = ids.iter().map(|id| instruments::find_for(tx, wallet, Some(id), None, now));
            found.collect::<Result<Vec<_>, _>>()
        };
        let found = cx.store.read(find).await?;
        let mut details = Self { three_ds, ..Self::default() };
        for (movement, instrument) in wanted.iter().zip(found) {
            let Some(instrument) = instrument else { continue };
            if let Some(step_up) = movement.fault().and_then(|fault| step_up(cx, fault, &instrument)) {
                details.step_ups.insert(instrument.id.clone(), step_up);
            }
            if let (Some(id), Some(customer)) = (instrument.account, instrument.customer) {
                details.accounts.insert(instrument.id, Account { id, customer });
            }
        }
        Ok(details)
    }
}

fn has_more(movement: &Movement) -> bool {
    movement.paid_with.kind == InstrumentKind::PayPal || movement.fault().is_some_and(asks_for_code)
}
