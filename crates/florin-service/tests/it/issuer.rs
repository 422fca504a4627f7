//! An issuer between the shop and the simulated network, for cases in which it behaves in its own way.

use std::sync::Arc;

use florin_connect::{
    Authorise, Authorised, Call, CardAcquirer, CardCheck, CardVerdict, Charge, ChargeOutcome, Connector, Move, MoveKind, Moved,
};
use tokio::sync::Semaphore;

/// An issuer; all that is not said here is as in the sandbox.
pub struct Issuer {
    /// The simulated network.
    pub network: Arc<dyn CardAcquirer>,
    /// Whether it knows a card.
    pub knows: fn(&CardCheck<'_>) -> bool,
    /// Whether it has heard of what it is asked about later.
    pub remembers: bool,
    /// Lets one payment through a permit; none waits where there are plenty.
    pub door: Arc<Semaphore>,
}

impl Issuer {
    /// One in front of `network` that does nothing of its own.
    pub fn of(network: &Arc<dyn CardAcquirer>) -> Self {
        Self { network: Arc::clone(network), knows: |_| true, remembers: true, door: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }
}

impl Connector for Issuer {
    fn name(&self) -> &'static str {
        "issuer"
    }

    fn simulated(&self) -> bool {
        true
    }
}

impl CardAcquirer for Issuer {
    fn verify<'a>(&'a self, check: CardCheck<'a>) -> Call<'a, CardVerdict> {
        if (self.knows)(&check) {
            return self.network.verify(check);
        }
        let (code, message) = ("54".to_owned(), "the card is not known by this date".to_owned());
        Box::pin(async { Ok(CardVerdict::Declined { code, message }) })
    }

    fn charge<'a>(&'a self, charge: Charge<'a>) -> Call<'a, ChargeOutcome> {
        self.network.charge(charge)
    }

    fn charge_status<'a>(&'a self, key: &'a str) -> Call<'a, Option<ChargeOutcome>> {
        self.network.charge_status(key)
    }

    fn authorise<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Authorised> {
        Box::pin(async {
            self.door.acquire().await.unwrap().forget();
            self.network.authorise(order).await
        })
    }

    fn capture<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        self.network.capture(order)
    }

    fn void<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        self.network.void(order)
    }

    fn refund<'a>(&'a self, order: Move<'a>) -> Call<'a, Moved> {
        self.network.refund(order)
    }

    fn authorised<'a>(&'a self, order: Authorise<'a>) -> Call<'a, Option<Authorised>> {
        if self.remembers { self.network.authorised(order) } else { Box::pin(async { Ok(None) }) }
    }

    fn moved<'a>(&'a self, kind: MoveKind, order: Move<'a>) -> Call<'a, Option<Moved>> {
        self.network.moved(kind, order)
    }
}
