//! Where the cases happen: a merchant's shop over an empty database, and people who come to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use florin_connect::{AddressPolicy, WebhookSender, World};
use florin_domain::card::CardExpiry;
use florin_domain::event::Event;
use florin_domain::instrument::Instrument;
use florin_domain::merchant::{DuplicateReferences, Merchant, MerchantId};
use florin_domain::movement::MovementKind;
use florin_domain::payment::{Atomicity, Transaction};
use florin_domain::seller::{Pricing, Seller};
use florin_domain::shopper::WalletKind;
use florin_domain::{Currency, Money, SellerId, WebhookId};
use florin_service::caller::{self, KnownCallers, MerchantCaller, ShopperCaller};
use florin_service::captures::{self, GiveCard};
use florin_service::fraud::FraudPayload;
use florin_service::payments::{self, Kinds, PayAnswer, PayItem, PayOrder};
use florin_service::shoppers::{self, SignIn, Tokens};
use florin_service::{
    Algorithm, Clock, Context, Cx, Dialect, Environment, Keeper, MasterKey, Policy, Random, ServiceError, Signing, Store, Tills, Tx, Wake,
    clock, digest, frames, instruments, merchants, schemas, sellers, work,
};
use florin_sim::{MemoryNotebook, Sandbox};
use florin_store::Database;
use florin_vault::Secret;

/// A card that the simulated network approves.
pub const GOOD_CARD: &str = "4242424242424242";
/// Another one.
pub const OTHER_CARD: &str = "5555555555554444";

/// A server's inside over an empty database, gone with the value.
pub struct Shop {
    pub cx: Cx,
    pub database: Database,
    directory: PathBuf,
}

impl Drop for Shop {
    fn drop(&mut self) {
        // What is left in a directory for temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Announces nothing that anybody reads.
struct Silence;

impl Dialect for Silence {
    fn announcement(&self, _webhook: WebhookId, _event: &Event) -> Vec<u8> {
        Vec::new()
    }

    fn signature_header(&self) -> &'static str {
        "Signature"
    }
}

/// The master key of every shop.
pub fn master() -> MasterKey {
    MasterKey::new([7; 32])
}

/// The inside of one server process.
pub async fn process(database: &Database, master: &MasterKey, previous: Option<&MasterKey>) -> Result<Cx, ServiceError> {
    process_in(database, master, previous, |_| {}).await
}

/// As [`process`], in another world.
pub async fn process_in(
    database: &Database,
    master: &MasterKey,
    previous: Option<&MasterKey>,
    change: impl FnOnce(&mut World),
) -> Result<Cx, ServiceError> {
    let (random, base_url) = (Random::system(), "https://florin.test".to_owned());
    let mut world = Sandbox::new(Arc::new(MemoryNotebook::default()), &base_url).world;
    change(&mut world);
    let store = Store::open(database.clone(), digest).await?;
    let cx = Arc::new(Context {
        store,
        clock: Clock::system(),
        keeper: Keeper::new(master, previous, random.clone()),
        random,
        world,
        sender: WebhookSender::new(AddressPolicy::AllowPrivate, None).unwrap(),
        dialect: Arc::new(Silence),
        policy: Policy {
            environment: Environment::Sandbox,
            base_url,
            announce_creation: false,
            minimum_integration_version: None,
            operator_key_hash: [0; 32],
            token_algorithm: Algorithm::EdDsa,
        },
        wake: Wake::default(),
        callers: KnownCallers::default(),
        signing: Signing::default(),
        tills: Tills::default(),
        codes: frames::Codes::default(),
        forms: schemas::Forms::default(),
    });
    work::prepare(&cx, false).await?;
    Ok(cx)
}

impl Shop {
    /// An empty one.
    pub async fn open() -> Self {
        Self::open_in(|_| {}).await
    }

    /// An empty one in another world.
    pub async fn open_in(change: impl FnOnce(&mut World)) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("florin-service-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let database = Database::Sqlite { path: directory.join("florin.db") };
        let cx = process_in(&database, &master(), None, change).await.unwrap();
        Self { cx, database, directory }
    }

    /// A merchant with an API key.
    pub async fn merchant(&self, id: &str) -> MerchantCaller {
        let (cx, now) = (&self.cx, self.cx.clock.now());
        let seller = SellerId::from_random(cx.random.bytes());
        let pricing = Pricing::BuyerPays;
        let owner = Seller { id: seller, name: id.to_owned(), pricing, payout_hold_days: 0, created_at: now };
        let merchant = Merchant {
            id: MerchantId::parse(id).unwrap(),
            seller,
            name: id.to_owned(),
            origins: vec!["https://shop.example".to_owned()],
            allowed: Vec::new(),
            fee_bps: 150,
            duplicate_references: DuplicateReferences::Accept,
            created_at: now,
        };
        let id = merchant.id.clone();
        cx.store
            .write(move |tx: &mut Tx<'_>| {
                sellers::create(tx, &owner)?;
                merchants::open(tx, &merchant)
            })
            .await
            .unwrap();
        let (_, key) = merchants::issue_key(cx, &id).await.unwrap();
        caller::merchant(cx, Some(key.expose())).await.unwrap()
    }

    /// A pair of tokens.
    pub async fn sign_in(&self, merchant: &MerchantCaller, shopper: &str, guest: bool) -> Tokens {
        let ask = SignIn { shopper: shopper.to_owned(), guest, access_s: None, refresh_s: None };
        shoppers::sign_in(&self.cx, merchant, ask).await.unwrap()
    }

    /// A registered shopper with the wallet of the merchant.
    pub async fn shopper(&self, merchant: &MerchantCaller, name: &str) -> ShopperCaller {
        let tokens = self.sign_in(merchant, name, false).await;
        caller::shopper(&self.cx, merchant, &tokens.access, WalletKind::Merchant).await.unwrap()
    }

    /// A guest.
    pub async fn guest(&self, merchant: &MerchantCaller) -> ShopperCaller {
        let tokens = self.sign_in(merchant, "someone", true).await;
        caller::shopper(&self.cx, merchant, &tokens.access, WalletKind::Merchant).await.unwrap()
    }

    /// The shopper gives a card on the page.
    pub async fn card(&self, shopper: &ShopperCaller, number: &str) -> Result<Instrument, ServiceError> {
        let capture = captures::begin(&self.cx, shopper, "a card").await?;
        captures::finish(&self.cx, capture.id, typed(number)).await
    }

    /// What a list of the wallet shows.
    pub async fn wallet(&self, shopper: &ShopperCaller) -> Vec<Instrument> {
        let (wallet, now) = (shopper.wallet, self.cx.clock.now());
        self.cx.store.read(move |tx: &mut Tx<'_>| instruments::list(tx, wallet, now)).await.unwrap().instruments
    }

    /// Pays `minor` cents with an instrument.
    pub async fn pay(&self, shopper: &ShopperCaller, instrument: &Instrument, minor: i64, fraud: Option<FraudPayload>) -> Transaction {
        self.pay_with(shopper, (instrument, None), minor, fraud).await
    }

    /// Pays `minor` cents with an instrument, and with its passcode if there is one.
    pub async fn pay_with(
        &self,
        shopper: &ShopperCaller,
        (instrument, passcode): (&Instrument, Option<&str>),
        minor: i64,
        fraud: Option<FraudPayload>,
    ) -> Transaction {
        let purchase = Some(MovementKind::Purchase);
        let item = PayItem {
            instrument: Some(instrument.id.clone()),
            token: None,
            amount: Money::new(minor, Currency::Aud),
            step_up: None,
            passcode: passcode.map(|code| Secret::new(code.to_owned())),
            authentication: None,
            three_ds: None,
        };
        let order = PayOrder {
            client_reference: "a sale".to_owned(),
            order_number: "A-1".to_owned(),
            kinds: Kinds { card: purchase, gift_card: purchase, ..Kinds::default() },
            items: vec![item],
            atomicity: Atomicity::AllOrNothing,
            fraud,
        };
        match payments::pay(&self.cx, shopper, order, None).await.unwrap() {
            PayAnswer::Concluded(transaction) => transaction,
            PayAnswer::Unknown(places) => panic!("{places:?}"),
        }
    }

    /// What the merchant is owed for sales, in cents.
    pub async fn owed(&self, merchant: &MerchantCaller) -> i64 {
        let seller = merchant.merchant.seller;
        let found = self.cx.store.read(|tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_unsettled()?)).await.unwrap();
        found.into_iter().find(|(owner, _)| *owner == seller).map_or(0, |(_, amount)| amount.minor())
    }

    /// The books break no rule.
    pub async fn books_balance(&self) {
        let found = self.cx.store.read(|tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.list_violations()?)).await.unwrap();
        assert_eq!(found, []);
    }

    /// Time passes until the next span of this length begins.
    pub async fn wait_for_next(&self, span: Duration) {
        let (now, length) = (self.cx.clock.now().micros().unsigned_abs(), u64::try_from(span.as_micros()).unwrap());
        self.wait(Duration::from_micros(length - now % length)).await;
    }

    /// Time passes.
    pub async fn wait(&self, span: Duration) {
        clock::advance(&self.cx, span).await.unwrap();
    }
}

/// A card as typed, good for years.
pub fn typed(number: &str) -> GiveCard {
    let expiry = CardExpiry { year: 2039, month: 12 };
    GiveCard { card_number: number.to_owned(), card_expiry: format!("{:02}/{}", expiry.month, expiry.year), card_cvc: "123".to_owned() }
}

/// The stable name of a refusal, for comparing.
pub fn code<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> &'static str {
    match result.unwrap_err() {
        ServiceError::Refused { code, .. } => code,
        ServiceError::Invalid { field, .. } => field,
        ServiceError::NotFound(noun) => noun,
        ServiceError::Unauthorised(_) => "unauthorised",
        ServiceError::TooMany { .. } => "too many",
        other => panic!("{other:?}"),
    }
}
