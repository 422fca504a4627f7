//! The world: every connector an installation has, in one bundle.

use std::sync::Arc;

use crate::{
    ApmProviders, BankPayments, CardAcquirer, CardDirectory, CompanyRegister, Connector, FraudScreen, Mailer, OpenpayProvider, Payouts,
    Underwriter, WalletProviders,
};

/// All connectors of one installation; cheap to clone.
#[derive(Clone)]
pub struct World {
    /// Looks companies up.
    pub register: Arc<dyn CompanyRegister>,
    /// Decides about credit.
    pub underwriter: Arc<dyn Underwriter>,
    /// Takes card payments.
    pub acquirer: Arc<dyn CardAcquirer>,
    /// Asks card issuers who a cardholder is.
    pub directory: Arc<dyn CardDirectory>,
    /// Knows the shoppers' wallets at other providers.
    pub wallets: Arc<dyn WalletProviders>,
    /// Opens checkouts at pay-later providers.
    pub apm: Arc<dyn ApmProviders>,
    /// Takes barcodes of Openpay's.
    pub openpay: Arc<dyn OpenpayProvider>,
    /// Judges payments before they are made.
    pub fraud: Arc<dyn FraudScreen>,
    /// Takes bank payments.
    pub bank: Arc<dyn BankPayments>,
    /// Delivers mail.
    pub mailer: Arc<dyn Mailer>,
    /// Pays sellers.
    pub payouts: Arc<dyn Payouts>,
}

impl World {
    /// Every connector, for questions that concern all of them.
    pub fn connectors(&self) -> [&dyn Connector; 11] {
        [
            &*self.register,
            &*self.underwriter,
            &*self.acquirer,
            &*self.directory,
            &*self.wallets,
            &*self.apm,
            &*self.openpay,
            &*self.fraud,
            &*self.bank,
            &*self.mailer,
            &*self.payouts,
        ]
    }

    /// The names of the connectors with nothing real behind them; production asks for none.
    pub fn simulated(&self) -> Vec<&'static str> {
        self.connectors().into_iter().filter(|connector| connector.simulated()).map(Connector::name).collect()
    }
}
