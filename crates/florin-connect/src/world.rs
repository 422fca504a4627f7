//! The world: every connector an installation has, in one bundle.

use std::sync::Arc;

use crate::{BankPayments, CardAcquirer, CompanyRegister, Connector, Mailer, Payouts, Underwriter};

/// All connectors of one installation; cheap to clone.
#[derive(Clone)]
pub struct World {
    /// Looks companies up.
    pub register: Arc<dyn CompanyRegister>,
    /// Decides about credit.
    pub underwriter: Arc<dyn Underwriter>,
    /// Takes card payments.
    pub acquirer: Arc<dyn CardAcquirer>,
    /// Takes bank payments.
    pub bank: Arc<dyn BankPayments>,
    /// Delivers mail.
    pub mailer: Arc<dyn Mailer>,
    /// Pays sellers.
    pub payouts: Arc<dyn Payouts>,
}

impl World {
    /// Every connector, for questions that concern all of them.
    pub fn connectors(&self) -> [&dyn Connector; 6] {
        [&*self.register, &*self.underwriter, &*self.acquirer, &*self.bank, &*self.mailer, &*self.payouts]
    }

    /// The names of the connectors with nothing real behind them; production asks for none.
    pub fn simulated(&self) -> Vec<&'static str> {
        self.connectors().into_iter().filter(|connector| connector.simulated()).map(Connector::name).collect()
    }
}
