//! The gateway: a server put together from its parts, and run until it is told to stop.
//!
//! The only place where the crates meet. Invariant: when [`Gateway::serve`] returns, every acknowledged write is durable and
//! nothing is under way.

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use florin_connect::{Absent, AddressPolicy, HouseScreen, SmtpMailer, SmtpSettings, StripeAcquirer, StripeSettings, WebhookSender, World};
use florin_iwocapay::Announcements;
use florin_service::caller::KnownCallers;
use florin_service::frames::Codes;
use florin_service::schemas::Forms;
use florin_service::{Clock, Context, Cx, Keeper, Policy, Random, Secret, ServiceError, Signing, Tills, Wake, digest, work};
use florin_sim::Sandbox;
use florin_store::{Database, Store};
use florin_vault::MasterKey;
use florin_web::{Class, Listener, health};
use tokio::sync::watch;

use crate::counter::{BooksNotebook, Counter};
use crate::failure::Failure;

/// What a gateway is made of.
pub struct Parts {
    /// How it is set up, apart from the operator's key.
    pub policy: Policy,
    /// Its books.
    pub books: Books,
    /// The key above all other keys.
    pub master_key: MasterKey,
    /// The one of before, while the other takes its place.
    pub previous_master_key: Option<MasterKey>,
    /// The mail relay; none to keep mails and not send them.
    pub relay: Option<SmtpSettings>,
    /// Who takes card payments; none to simulate them.
    pub cards: Option<StripeSettings>,
    /// An authority that merchants' servers may be signed by, beside the public ones.
    pub webhook_root_pem: Option<Vec<u8>>,
}

/// An open database.
pub struct Books {
    store: Store,
    /// Whether no other process can be at work in it: a file has one, a database server may have many.
    has_one_process: bool,
}

impl Books {
    /// Opens the books, and brings them up to date.
    ///
    /// # Errors
    /// A [`Failure`] when they cannot be opened.
    pub async fn open(database: Database) -> Result<Self, Failure> {
        let has_one_process = matches!(database, Database::Sqlite { .. });
        let store = Store::open(database, digest).await.map_err(|error| Failure::because("the database", error))?;
        Ok(Self { store, has_one_process })
    }
}

/// A server, put together but not yet heard.
pub struct Gateway {
    cx: Cx,
    counter: Arc<Counter>,
}

impl Gateway {
    /// Puts everything together.
    ///
    /// # Errors
    /// A [`Failure`] when a part does not fit, or the books cannot be written.
    pub async fn open(parts: Parts) -> Result<Self, Failure> {
        let Books { store, has_one_process } = parts.books;
        let sandbox = Sandbox::new(Arc::new(BooksNotebook::new(store.clone())), &parts.policy.base_url);
        let mut world = world(sandbox.world, parts.relay.as_ref(), parts.cards)?;
        if !parts.policy.is_sandbox() {
            // There is no adapter for these, and nobody is to take a simulated one for real.
            (world.apm, world.openpay, world.fraud) = (Arc::new(Absent), Arc::new(Absent), Arc::new(HouseScreen));
        }
        let addresses = if parts.policy.is_sandbox() { AddressPolicy::AllowPrivate } else { AddressPolicy::PublicOnly };
        let sender = WebhookSender::new(addresses, parts.webhook_root_pem.as_deref());
        let random = Random::system();
        let cx = Arc::new(Context {
            store,
            clock: Clock::system(),
            keeper: Keeper::new(&parts.master_key, parts.previous_master_key.as_ref(), random.clone()),
            random,
            world,
            sender: sender.map_err(|error| Failure::because("the webhook sender", error))?,
            dialect: Arc::new(Announcements),
            policy: parts.policy,
            wake: Wake::default(),
            callers: KnownCallers::default(),
            signing: Signing::default(),
            tills: Tills::default(),
            codes: Codes::default(),
            forms: Forms::default(),
        });
        work::prepare(&cx, has_one_process).await.map_err(|error| Failure::because("the database", error))?;
        Ok(Self { cx, counter: Arc::new(Counter::new(sandbox.bank)) })
    }

    /// What operations need.
    pub const fn cx(&self) -> &Cx {
        &self.cx
    }

    /// Answers requests and does the background work until `stop` turns true, then finishes what is under way.
    pub async fn serve(self, listener: Listener, stop: watch::Receiver<bool>) {
        let mut told = stop.clone();
        let background = tokio::spawn(work::run(Arc::clone(&self.cx), stop));
        let drained = listener
            .serve(self.router(), async move {
                // The sender lives in the task that waits for signals; if that is gone, it is time to go as well.
                let _ = told.wait_for(|stop| *stop).await;
            })
            .await;
        if drained.cut > 0 {
            tracing::warn!(connections = drained.cut, "cut what did not finish in time");
        }
        if let Err(error) = background.await {
            tracing::error!(%error, "the background work broke");
        }
        self.cx.store.close().await;
    }

    fn router(&self) -> Router {
        let cx = &self.cx;
        let store = cx.store.clone();
        let ready = move || {
            let store = store.clone();
            async move { store.read(|tx| florin_service::sellers::list(tx).map(drop)).await.map_err(|error: ServiceError| error.to_string()) }
        };
        let router = florin_iwocapay::router(Arc::clone(cx))
            .merge(florin_wpay::router(Arc::clone(cx)))
            .merge(florin_admin::router(Arc::clone(cx)))
            .merge(florin_pages::checkout(Arc::clone(cx)))
            .merge(florin_pages::capture(Arc::clone(cx)))
            .merge(florin_pages::gifts(Arc::clone(cx)))
            .merge(florin_pages::qr_codes(Arc::clone(cx)))
            .merge(health::routes(ready))
            .fallback(async |address: Uri| fallback(address.path(), Class::NotFound));
        let router = if cx.world.bank.simulated() {
            router.merge(florin_pages::simulated_bank(Arc::clone(cx), Arc::clone(&self.counter) as _))
        } else {
            router
        };
        let router = if cx.world.directory.simulated() { router.merge(florin_pages::simulated_issuer(Arc::clone(cx))) } else { router };
        let router = if cx.policy.is_sandbox() { router.merge(florin_pages::sandbox(Arc::clone(cx))) } else { router };
        router.method_not_allowed_fallback(async |address: Uri| fallback(address.path(), Class::MethodNotAllowed))
    }
}

/// The simulated world, with what is real in its places.
fn world(simulated: World, relay: Option<&SmtpSettings>, cards: Option<StripeSettings>) -> Result<World, Failure> {
    let mut world = simulated;
    if let Some(relay) = relay {
        world.mailer = Arc::new(SmtpMailer::new(relay).map_err(|error| Failure::because("the mail relay", error))?);
    }
    if let Some(cards) = cards {
        // A simulated issuer's word is worth nothing where money is real.
        world.directory = Arc::new(Absent);
        world.acquirer = Arc::new(StripeAcquirer::new(cards).map_err(|error| Failure::because("card payments over Stripe", error))?);
    }
    Ok(world)
}

/// Tells a failure that no handler told, in the dialect of whoever owns the path.
pub fn fallback(path: &str, class: Class) -> Response {
    if florin_iwocapay::claims(path) {
        florin_iwocapay::fallback(path, class)
    } else if florin_wpay::claims(path) {
        florin_wpay::fallback(path, class)
    } else if florin_admin::claims(path) {
        florin_admin::fallback(path, class)
    } else {
        florin_pages::fallback(path, class)
    }
}

/// What the operator's key is known by.
pub fn key_hash(operator_key: &Secret<String>) -> [u8; 32] {
    digest(operator_key.expose().as_bytes())
}
