//! Payments: what a shopper pays with one or several instruments.
//!
//! A payment stands in the books before anybody outside is asked, and is concluded with the answers in a second transaction.
//! Invariants: an instrument is asked once a payment; gift cards, whose money is ours, move in the first transaction;
//! whatever happens to the caller, a payment that was begun is carried to its end.

mod parts;

use std::sync::Arc;

use florin_connect::Authentication;
use florin_domain::fault::Fault;
use florin_domain::fraud::{FraudDecision, FraudVerdict};
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind};
use florin_domain::merchant::{DuplicateReferences, Merchant};
use florin_domain::money::{Currency, Money};
use florin_domain::movement::{MovementKind, MovementState, Reference};
use florin_domain::payment::{Atomicity, Outcome, Rollback, Transaction, TransactionKind, TransactionState};
use florin_domain::{AgreementId, InstrumentToken, Timestamp, TransactionId, WalletId};
use florin_store::Tx;
use florin_vault::Secret;

use crate::acquiring::{self, Ask, Attempt};
use crate::caller::ShopperCaller;
use crate::fraud::{FraudCase, FraudPayload};
use crate::idempotency::{self, IdempotencyKey};
use crate::instruments::{self, Unsealed};
use crate::three_ds::{self, ThreeDsResponse};
use crate::{Cx, ServiceError, agreements, fraud, in_doubt};
use parts::{Decided, decide, part};

/// What is to happen with each kind of instrument; a kind without a word is not accepted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kinds {
    /// Cards.
    pub card: Option<MovementKind>,
    /// Gift cards.
    pub gift_card: Option<MovementKind>,
    /// `PayPal`.
    pub paypal: Option<MovementKind>,
    /// Google Pay and Android Pay.
    pub google_pay: Option<MovementKind>,
    /// Apple Pay.
    pub apple_pay: Option<MovementKind>,
    /// Openpay, which has calls of its own.
    pub openpay: Option<MovementKind>,
}

impl Kinds {
    /// Everything in a wallet is taken at once.
    pub const PURCHASES: Self = Self {
        card: Some(MovementKind::Purchase),
        gift_card: Some(MovementKind::Purchase),
        paypal: Some(MovementKind::Purchase),
        google_pay: Some(MovementKind::Purchase),
        apple_pay: Some(MovementKind::Purchase),
        openpay: None,
    };

    /// What is to happen with an instrument of this kind.
    pub const fn of(self, kind: InstrumentKind) -> Option<MovementKind> {
        match kind {
            InstrumentKind::Card => self.card,
            InstrumentKind::GiftCard => self.gift_card,
            InstrumentKind::PayPal => self.paypal,
            InstrumentKind::GooglePay | InstrumentKind::AndroidPay => self.google_pay,
            InstrumentKind::ApplePay => self.apple_pay,
            // The contract has no word for these: their checkout was made for one purchase.
            InstrumentKind::ZipPay | InstrumentKind::Afterpay => Some(MovementKind::Purchase),
            InstrumentKind::Openpay => self.openpay,
        }
    }
}

/// One instrument's part of a payment, as asked for.
#[derive(Clone)]
pub struct PayItem {
    /// The instrument, by its id.
    pub instrument: Option<InstrumentId>,
    /// The instrument, by its token.
    pub token: Option<InstrumentToken>,
    /// How much.
    pub amount: Money,
    /// The step-up token of a page that took the code on the card.
    pub step_up: Option<String>,
    /// The gift card's PIN.
    pub passcode: Option<Secret<String>>,
    /// The merchant's own authentication of the cardholder.
    pub authentication: Option<Authentication>,
    /// The answer to our demand for one.
    pub three_ds: Option<ThreeDsResponse>,
}

/// Prints what is paid with, and nothing that opens it.
impl std::fmt::Debug for PayItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayItem").field("instrument", &self.instrument).field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// A payment as asked for.
#[derive(Debug, Clone)]
pub struct PayOrder {
    /// The caller's own name for it.
    pub client_reference: String,
    /// The order it is for.
    pub order_number: String,
    /// What is to happen with each kind of instrument.
    pub kinds: Kinds,
    /// Its parts.
    pub items: Vec<PayItem>,
    /// What happens if a part is refused.
    pub atomicity: Atomicity,
    /// What the merchant sends for the fraud screen; without it none is asked.
    pub fraud: Option<FraudPayload>,
}

/// What came of a payment.
#[derive(Debug, Clone)]
pub enum PayAnswer {
    /// It was taken up. One that is still open has an outcome that is not known yet.
    Concluded(Transaction),
    /// These items, by their place, name nothing in this wallet; nothing was moved.
    Unknown(Vec<usize>),
}

/// What is written down in the transaction that writes a payment or a follow-up down. It may run more than once.
pub(crate) type Beside = Arc<dyn Fn(&mut Tx<'_>, &Transaction) -> Result<(), ServiceError> + Send + Sync>;

/// What a merchant lays down for a payment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    /// Whether every cardholder is to be authenticated, whatever the issuer wants.
    pub authenticate: bool,
    /// The programmes whose gift cards do not pay for what is bought.
    pub excluded: Vec<String>,
}

/// Whose payment it is.
#[derive(Clone)]
pub(crate) struct Payer {
    pub merchant: Arc<Merchant>,
    pub wallet: WalletId,
    /// The agreement it is charged by; the shopper is not there then.
    pub agreement: Option<AgreementId>,
    /// What the merchant lays down for it.
    pub conditions: Conditions,
    /// What is written down beside it.
    pub beside: Option<Beside>,
    /// The in-store occasion that is written down beside it.
    pub occasion: Option<TransactionId>,
}

impl Payer {
    /// The shopper, with the wallet that the call is about.
    pub(crate) fn of(shopper: &ShopperCaller) -> Self {
        let (merchant, wallet) = (Arc::clone(&shopper.merchant), shopper.wallet);
        Self { merchant, wallet, agreement: None, conditions: Conditions::default(), beside: None, occasion: None }
    }
}

/// Pays. With a key, once a key.
///
/// # Errors
/// [`ServiceError::Refused`] `duplicate_client_reference` where the merchant takes each only once; [`ServiceError::KeyReused`].
pub async fn pay(cx: &Cx, shopper: &ShopperCaller, order: PayOrder, key: Option<IdempotencyKey>) -> Result<PayAnswer, ServiceError> {
    carry(cx, Payer::of(shopper), order, key).await
}

/// Pays on behalf of `payer`, in a task of its own, so that a caller who hangs up changes nothing.
pub(crate) async fn carry(cx: &Cx, payer: Payer, order: PayOrder, key: Option<IdempotencyKey>) -> Result<PayAnswer, ServiceError> {
    if let Some(key) = key.clone() {
        let known = cx.store.read(move |tx: &mut Tx<'_>| earlier(tx, Some(&key))).await?;
        if let Some(transaction) = known {
            return again(cx, transaction).await;
        }
    }
    let found = match find(cx, &payer, &order).await? {
        Ok(found) => found,
        Err(unknown) => return Ok(PayAnswer::Unknown(unknown)),
    };
    let screened = screen(cx, &payer, &order, &found).await?;
    let (cx, intent) = (cx.clone(), Intent { payer, order, found, screened, key });
    let carried = tokio::spawn(async move {
        match begin(&cx, intent).await? {
            Begun::Again(transaction) => again(&cx, transaction).await,
            Begun::Gone(unknown) => Ok(PayAnswer::Unknown(unknown)),
            Begun::New(transaction, asks) => conclude(&cx, transaction, asks).await.map(PayAnswer::Concluded),
        }
    });
    carried.await.map_err(|error| ServiceError::Internal(format!("a payment broke: {error}")))?
}

/// An instrument that is paid with, and what only this call may know of it.
#[derive(Clone)]
struct Found {
    instrument: Instrument,
    /// Nothing for a gift card, whose money is ours.
    means: Option<Unsealed>,
}

/// A payment that is about to be written down.
struct Intent {
    payer: Payer,
    order: PayOrder,
    found: Vec<Found>,
    screened: Option<FraudDecision>,
    key: Option<IdempotencyKey>,
}

/// What the fraud screen says of a payment that comes with something for it.
async fn screen(cx: &Cx, payer: &Payer, order: &PayOrder, found: &[Found]) -> Result<Option<FraudDecision>, ServiceError> {
    let Some(payload) = &order.fraud else { return Ok(None) };
    let minor = order.items.iter().map(|item| item.amount.minor()).fold(0, i64::saturating_add);
    let case = FraudCase {
        merchant: payer.merchant.id.clone(),
        wallet: payer.wallet,
        reference: order.order_number.clone(),
        amount: Money::new(minor, Currency::Aud),
        bins: found.iter().filter_map(|found| found.instrument.bin.clone()).collect(),
    };
    fraud::screen(cx, case, payload).await.map(Some)
}

/// The instruments of a payment, or the places of the items that name none.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `transactionType` for an instrument whose kind has no word there, or `payments` for one
/// that is named twice.
async fn find(cx: &Cx, payer: &Payer, order: &PayOrder) -> Result<Result<Vec<Found>, Vec<usize>>, ServiceError> {
    let kinds = order.kinds;
    let names: Vec<_> = order.items.iter().map(|item| (item.instrument.clone(), item.token)).collect();
    let (wallet, now, cx2) = (payer.wallet, cx.clock.now(), cx.clone());
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let (mut found, mut unknown) = (Vec::<Found>::with_capacity(names.len()), Vec::new());
            for (place, (id, token)) in names.iter().enumerate() {
                let Some(instrument) = instruments::find_for(tx, wallet, id.as_ref(), *token, now)? else {
                    unknown.push(place);
                    continue;
                };
                if kinds.of(instrument.kind).is_none() {
                    let message = format!("does not say what is to happen with instrument {}", instrument.id);
                    return Err(ServiceError::Invalid { field: "transactionType", message });
                }
                if found.iter().any(|other| other.instrument.id == instrument.id) {
                    return Err(ServiceError::Invalid { field: "payments", message: format!("name instrument {} twice", instrument.id) });
                }
                let is_ours = instrument.kind == InstrumentKind::GiftCard;
                let means = if is_ours { None } else { Some(instruments::unseal(&cx2, tx, &instrument)?) };
                found.push(Found { instrument, means });
            }
            Ok(if unknown.is_empty() { Ok(found) } else { Err(unknown) })
        })
        .await
}

/// What the first transaction left.
enum Begun {
    /// The key was used before: this is what it did.
    Again(Transaction),
    /// These items' instruments were taken out of the wallet meanwhile.
    Gone(Vec<usize>),
    /// A new payment, and what is to be asked for it.
    New(Transaction, Vec<Ask>),
}

/// Writes the payment down, moves what is on gift cards, and takes the refusals that need no call.
async fn begin(cx: &Cx, intent: Intent) -> Result<Begun, ServiceError> {
    let (now, cx2) = (cx.clock.now(), cx.clone());
    let Intent { payer, order, found, screened, key } = intent;
    let is_rejected = screened.as_ref().is_some_and(|decision| decision.verdict == FraudVerdict::Reject);
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(transaction) = earlier(tx, key.as_ref())? {
                return Ok(Begun::Again(transaction));
            }
            if let Some(agreement) = payer.agreement {
                agreements::must_be_open(tx, agreement, now)?;
            }
            let mut gone = Vec::new();
            for (place, found) in found.iter().enumerate() {
                if !tx.use_instrument(&found.instrument.id, now, false)? {
                    gone.push(place);
                }
            }
            if !gone.is_empty() {
                return Ok(Begun::Gone(gone));
            }
            must_be_new(tx, &payer.merchant, &order.client_reference)?;
            let receipt = tx.next_reference()?;
            let mut transaction = write_down(&payer, &order, now);
            transaction.receipt = receipt;
            let (mut asks, mut outcomes) = (Vec::new(), Vec::new());
            for ((number, item), found) in (1..).zip(&order.items).zip(&found) {
                let movement = part((receipt, number), item, found, order.kinds);
                let decided = if is_rejected {
                    Decided::refused(&movement, Fault::FraudRejected)
                } else {
                    decide(&cx2, tx, &payer, (item, found), &movement)?
                };
                match decided {
                    Decided::Known(outcome) => outcomes.push(outcome),
                    Decided::Ask(means) => match three_ds::redeem_for(&cx2, tx, &transaction, &movement, item.three_ds.as_ref())? {
                        Ok(proof) => {
                            let authentication = proof.or_else(|| item.authentication.clone());
                            asks.push(Ask { movement: movement.clone(), means, authentication });
                        }
                        Err(fault) => {
                            outcomes.push(Outcome { movement: movement.reference, service: None, result: Err(fault), plan: None });
                        }
                    },
                }
                transaction.movements.push(movement);
            }
            idempotency::remember(tx, key.as_ref(), &receipt.to_string(), now)?;
            tx.insert_transaction(&transaction)?;
            if let Some(decision) = &screened {
                tx.insert_fraud_decision(receipt, decision)?;
            }
            if let Some(beside) = &payer.beside {
                beside(tx, &transaction)?;
            }
            let transaction =
                if outcomes.is_empty() { transaction } else { in_doubt::save(tx, transaction.conclude(outcomes, Vec::new(), now))? };
            Ok(Begun::New(transaction, asks))
        })
        .await
}

/// What a key did before, if it was used.
pub(crate) fn earlier(tx: &mut Tx<'_>, key: Option<&IdempotencyKey>) -> Result<Option<Transaction>, ServiceError> {
    let Some(receipt) = idempotency::made(tx, key)? else { return Ok(None) };
    let found = Reference::parse(&receipt).ok().map(|receipt| tx.find_transaction(receipt)).transpose()?.flatten();
    found.map(Some).ok_or_else(|| ServiceError::Internal("a key names no transaction".to_owned()))
}

/// Refuses a client reference that was used before, where the merchant wants that.
pub(crate) fn must_be_new(tx: &mut Tx<'_>, merchant: &Merchant, client_reference: &str) -> Result<(), ServiceError> {
    if merchant.duplicate_references == DuplicateReferences::Accept || tx.note_client_reference(&merchant.id, client_reference)? {
        return Ok(());
    }
    let message = "This client reference was used for an earlier transaction.".to_owned();
    Err(ServiceError::Refused { code: "duplicate_client_reference", message })
}

fn write_down(payer: &Payer, order: &PayOrder, now: Timestamp) -> Transaction {
    Transaction {
        receipt: Reference::FIRST,
        merchant: payer.merchant.id.clone(),
        seller: payer.merchant.seller,
        wallet: payer.wallet,
        kind: TransactionKind::Payment,
        client_reference: order.client_reference.clone(),
        order_number: order.order_number.clone(),
        atomicity: order.atomicity,
        agreement: payer.agreement,
        occasion: payer.occasion,
        fee_bps: payer.merchant.fee_bps,
        state: TransactionState::Processing,
        rollback: Rollback::NotRequired,
        created_at: now,
        version: 1,
        movements: Vec::with_capacity(order.items.len()),
    }
}

/// Asks for what is to be asked, and takes the answers into the books.
async fn conclude(cx: &Cx, transaction: Transaction, asks: Vec<Ask>) -> Result<Transaction, ServiceError> {
    let Some(_at_work) = cx.tills.open(transaction.receipt) else {
        return Ok(transaction);
    };
    let transaction = in_doubt::still(cx, transaction).await?;
    let asks: Vec<_> = asks.into_iter().filter(|ask| is_asked(&transaction, ask.movement.reference)).collect();
    let shown: Vec<_> = asks.iter().filter(|ask| ask.means.has_code()).map(|ask| ask.movement.reference).collect();
    let outcomes = acquiring::authorise(cx, &transaction, asks).await;
    let transaction = if outcomes.is_empty() { transaction } else { in_doubt::record(cx, transaction, outcomes).await? };
    if !shown.is_empty() {
        confirm(cx, &transaction, &shown).await?;
    }
    in_doubt::put_back(cx, transaction, Attempt::First).await
}

fn is_asked(transaction: &Transaction, reference: Reference) -> bool {
    transaction.movements.iter().any(|movement| movement.reference == reference && movement.state == MovementState::Asked)
}

/// A card whose issuer took a payment with its code is confirmed.
async fn confirm(cx: &Cx, transaction: &Transaction, shown: &[Reference]) -> Result<(), ServiceError> {
    let done = transaction.movements.iter().filter(|movement| shown.contains(&movement.reference) && movement.done_reference().is_some());
    let (confirmed, now): (Vec<_>, _) = (done.map(|movement| movement.paid_with.instrument.clone()).collect(), cx.clock.now());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            for instrument in &confirmed {
                tx.use_instrument(instrument, now, true)?;
            }
            Ok(())
        })
        .await
}

/// The answer to a key that came again.
async fn again(cx: &Cx, transaction: Transaction) -> Result<PayAnswer, ServiceError> {
    finished(cx, transaction).await.map(PayAnswer::Concluded)
}

/// What an earlier call's transaction came to; if that call was cut off, it is carried to its end first.
pub(crate) async fn finished(cx: &Cx, transaction: Transaction) -> Result<Transaction, ServiceError> {
    if !transaction.is_open() {
        return Ok(transaction);
    }
    let receipt = transaction.receipt;
    if in_doubt::is_left_behind(cx, &transaction) {
        in_doubt::settle(cx, receipt).await?;
    }
    let standing = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_transaction(receipt)?)).await?;
    match standing.filter(|standing| !standing.is_open()) {
        Some(standing) => Ok(standing),
        None => {
            Err(ServiceError::Unavailable { what: "The first call with this key is still being worked on.".to_owned(), retry_after_s: 2 })
        }
    }
}
