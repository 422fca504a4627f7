//! The sandbox as a whole: its connectors in one bundle, and the list of outcomes that it publishes.

use std::sync::Arc;

use florin_connect::World;
use florin_domain::company::Company;
use serde::Serialize;

use crate::bank;
use crate::cards::{self, NamedCard};
use crate::company::{self, CompanyOutcome};
use crate::fraud::{self, NamedMarker};
use crate::notebook::Notebook;
use crate::openpay::{self, NamedBarcode};
use crate::{
    SimAcquirer, SimApm, SimBank, SimDirectory, SimFraudScreen, SimMailer, SimOpenpay, SimPayouts, SimRegister, SimUnderwriter, SimWallets,
};

/// The sandbox's world, with the one connector that also has pages.
#[derive(Clone)]
pub struct Sandbox {
    /// Every connector, simulated.
    pub world: World,
    /// The banks, for the pages on which a buyer decides; the same as `world.bank`.
    pub bank: Arc<SimBank>,
}

impl Sandbox {
    /// A world that remembers in `notebook`; its banks' pages lie under `base_url`.
    pub fn new(notebook: Arc<dyn Notebook>, base_url: &str) -> Self {
        let bank = Arc::new(SimBank::new(Arc::clone(&notebook), base_url));
        let world = World {
            register: Arc::new(SimRegister),
            underwriter: Arc::new(SimUnderwriter),
            acquirer: Arc::new(SimAcquirer::new(notebook)),
            directory: Arc::new(SimDirectory),
            wallets: Arc::new(SimWallets),
            apm: Arc::new(SimApm::new(base_url)),
            openpay: Arc::new(SimOpenpay),
            fraud: Arc::new(SimFraudScreen),
            bank: Arc::<SimBank>::clone(&bank),
            mailer: Arc::new(SimMailer),
            payouts: Arc::new(SimPayouts),
        };
        Self { world, bank }
    }
}

/// A company with its published outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedCompany {
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// [`CompanyOutcome::name`].
    pub outcome: String,
}

/// A bank with its published outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedBank {
    /// What the checkout form sends.
    pub id: String,
    /// Its name.
    pub name: String,
    /// [`BankOutcome::name`](crate::BankOutcome::name).
    pub outcome: String,
}

/// What the sandbox publishes: at least two companies, one bank, one card and one barcode of every outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeNames {
    /// Companies to try; any number with the same first digit does the same.
    pub companies: Vec<NamedCompany>,
    /// All banks.
    pub banks: Vec<NamedBank>,
    /// All test cards.
    pub cards: Vec<NamedCard>,
    /// Barcodes of Openpay's.
    pub barcodes: Vec<NamedBarcode>,
    /// The words that a fraud screen obeys.
    pub fraud_markers: Vec<NamedMarker>,
}

/// The published outcomes.
pub fn outcome_names() -> OutcomeNames {
    OutcomeNames {
        companies: company::seeded().filter_map(named).collect(),
        banks: bank::banks()
            .into_iter()
            .map(|bank| NamedBank { id: bank.id, name: bank.name, outcome: bank.outcome.unwrap_or_default() })
            .collect(),
        cards: cards::named_cards(),
        barcodes: openpay::named_barcodes(),
        fraud_markers: fraud::named_markers(),
    }
}

fn named(company: Company) -> Option<NamedCompany> {
    let outcome = CompanyOutcome::of(&company.number)?.name().to_owned();
    Some(NamedCompany { number: company.number.to_string(), name: company.name, outcome })
}
