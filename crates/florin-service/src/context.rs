//! The context: everything an operation may use, as values. Nothing in Florin is global; a process can hold several.

use std::fmt;
use std::sync::Arc;

use florin_connect::{WebhookSender, World};
use florin_domain::LinkToken;
use florin_store::Store;
use florin_vault::{Algorithm, Environment, Random};
use tokio::sync::RwLock;

use crate::caller::KnownCallers;
use crate::frames::Codes;
use crate::in_doubt::Tills;
use crate::schemas::Forms;
use crate::signing::Signing;
use crate::{Clock, Dialect, Keeper};

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
    /// The keys that sign shoppers' tokens.
    pub signing: Signing,
    /// The payments that this process is at work on.
    pub tills: Tills,
    /// The codes of cards that are being typed.
    pub codes: Codes,
    /// Where merchants' forms are followed.
    pub forms: Forms,
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
    /// How shoppers' tokens are signed by the first key, and by each new one unless its maker says otherwise.
    pub token_algorithm: Algorithm,
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
