//! The context: everything an operation may use, as values. Nothing in Florin is global; a process can hold several.

use std::fmt;
use std::sync::Arc;

use florin_connect::{WebhookSender, World};
use florin_domain::{LinkToken, OrderId};
use florin_store::{Store, Tx};
use florin_vault::{Aad, AccessToken, DataKey, Environment, MasterKey, Random, Secret, Vault, digest, hmac_sha256_base64};
use tokio::sync::RwLock;

use crate::caller::KnownCallers;
use crate::{Clock, Dialect, ServiceError};

/// A shared context.
pub type Cx = Arc<Context>;

/// Everything an operation may use.
pub struct Context {
    /// The books.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Fresh ids and secrets.
    pub random: Random,
    /// What is sealed at rest.
    pub keeper: Keeper,
    /// The outside world.
    pub world: World,
    /// Delivers webhooks.
    pub sender: WebhookSender,
    /// How announcements read on the wire.
    pub dialect: Arc<dyn Dialect>,
    /// How this server is set up.
    pub policy: Policy,
    /// The work that goes on beside requests.
    pub wake: Wake,
    /// Who called lately.
    pub callers: KnownCallers,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whether money is real here.
    pub environment: Environment,
    /// The address that buyers and merchants know, without a trailing slash: `https://localhost:8443`.
    pub base_url: String,
    /// Whether merchants hear of an order's creation too, which is not a change.
    pub announce_creation: bool,
    /// The oldest plugin version that is served, if any is too old.
    pub minimum_integration_version: Option<String>,
    /// SHA-256 of the operator's key.
    pub operator_key_hash: [u8; 32],
}

impl Policy {
    /// Whether money is simulated here.
    pub fn is_sandbox(&self) -> bool {
        self.environment == Environment::Sandbox
    }

    /// The address of an order's checkout.
    pub fn checkout_url(&self, link: &LinkToken, step: &str) -> String {
        format!("{}/pay/order/{}/{step}/", self.base_url, link.expose())
    }
}

/// Lets the clock be moved only while no background work is under way.
#[derive(Debug, Default)]
pub struct Wake {
    /// Held for reading by each piece of background work, for writing by whoever moves the clock.
    pub(crate) work: Arc<RwLock<()>>,
}

/// What is sealed at rest, and the secrets derived from the master key.
pub struct Keeper {
    vault: Vault,
    code_key: Secret<String>,
}

/// Whose data key seals what belongs to no seller, such as buyers' cards.
pub(crate) const PLATFORM: &str = "platform";

impl Keeper {
    /// A keeper under the operator's master key.
    pub fn new(master: &MasterKey, random: Random) -> Self {
        let text = master.to_text();
        let code_key = Secret::new(hmac_sha256_base64(text.expose().as_bytes(), b"florin one-time codes"));
        Self { vault: Vault::new(master, random), code_key }
    }

    /// Seals a value for its place in the books.
    pub(crate) fn seal(&self, tx: &mut Tx<'_>, aad: Aad<'_>, plain: &[u8]) -> Result<Vec<u8>, ServiceError> {
        let key = self.data_key(tx, aad.owner)?;
        Ok(self.vault.seal(&key, aad, plain))
    }

    /// Opens a value that was sealed for this place.
    pub(crate) fn open(&self, tx: &mut Tx<'_>, aad: Aad<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, ServiceError> {
        let key = self.data_key(tx, aad.owner)?;
        Ok(self.vault.open(&key, aad, sealed)?)
    }

    /// Shows that the master key is the one that these books were sealed with; new books are sealed with it from now on.
    pub(crate) fn prove(&self, tx: &mut Tx<'_>) -> Result<(), ServiceError> {
        self.data_key(tx, PLATFORM).map(drop)
    }

    /// The digits of a one-time code: derived, so that they are stored nowhere.
    pub(crate) fn code(&self, order: OrderId, number: u32) -> String {
        let tag = hmac_sha256_base64(self.code_key.expose().as_bytes(), format!("{order}/{number}").as_bytes());
        let [a, b, c, d, ..] = digest(tag.as_bytes());
        format!("{:06}", u32::from_be_bytes([a, b, c, d]) % 1_000_000)
    }

    /// An owner's data key; the first use inside a write makes it. Not kept in memory: a transaction that made one may
    /// still fail, and what a lost key sealed is lost.
    fn data_key(&self, tx: &mut Tx<'_>, owner: &str) -> Result<DataKey, ServiceError> {
        let wrapped = match tx.data_key(owner)? {
            Some(wrapped) => wrapped,
            None => tx.keep_data_key(owner, &self.vault.new_data_key(owner))?,
        };
        Ok(self.vault.unwrap_data_key(owner, &wrapped)?)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper(..)")
    }
}

/// Where a seller's token is sealed.
pub(crate) fn token_place<'a>(token: &'a str, seller: &'a str) -> Aad<'a> {
    Aad { table: "tokens", row: token, column: "sealed", owner: seller }
}

/// Where a card's number is sealed.
pub(crate) fn card_place(card: &str) -> Aad<'_> {
    Aad { table: "cards", row: card, column: "sealed", owner: PLATFORM }
}

/// Reads a token back from what the vault opened.
pub(crate) fn token_text(opened: &Secret<Vec<u8>>) -> Result<AccessToken, ServiceError> {
    let text = std::str::from_utf8(opened.expose()).ok();
    let token = text.and_then(|text| AccessToken::parse(text).ok());
    token.map(|(token, _)| token).ok_or_else(|| ServiceError::Internal("a sealed token is not a token".to_owned()))
}
