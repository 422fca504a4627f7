//! Orders of gift cards: a quote is found or made, and paid for.
//!
//! Invariants: nothing is paid whose price is not the one that the caller was told; the order is written down in the
//! transaction that writes its payment down.

use std::fmt;
use std::sync::Arc;

use florin_domain::application::Email;
use florin_domain::fault::Fault;
use florin_domain::gift_order::{Gift, GiftItem, GiftOrder, GiftOrderState, GiftQuote, GiftTotals};
use florin_domain::instrument::{InstrumentId, InstrumentStatus};
use florin_domain::merchant::Merchant;
use florin_domain::movement::MovementKind;
use florin_domain::payment::{Atomicity, Transaction};
use florin_domain::{GiftOrderId, GiftQuoteId, Timestamp, WalletId};
use florin_store::Tx;

use super::{expired, is_for_delivery, issue, letter, priced};
use crate::caller::{MerchantCaller, ShopperCaller};
use crate::fraud::FraudPayload;
use crate::idempotency::IdempotencyKey;
use crate::payments::{self, Beside, Kinds, PayAnswer, PayItem, PayOrder, Payer};
use crate::three_ds::ThreeDsResponse;
use crate::{Cx, ServiceError, work};

/// The code of a refusal to buy a quote twice.
const ORDERED: &str = "quote_ordered";
/// What is missing where nothing can be paid with.
const INSTRUMENT: &str = "payment instrument";

/// Who buys.
#[derive(Debug, Clone)]
pub struct GiftBuyer {
    merchant: Arc<Merchant>,
    wallet: WalletId,
    guest: bool,
}

impl GiftBuyer {
    /// A shopper.
    pub fn of(shopper: &ShopperCaller) -> Self {
        Self { merchant: Arc::clone(&shopper.merchant), wallet: shopper.wallet, guest: shopper.guest }
    }

    /// The shopper whose wallet at this merchant holds an instrument, for a merchant's own server, which brings no token of
    /// the shopper's. Never for a caller that only holds an API key, because keys are known to pages.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] unless it was captured at this merchant.
    pub async fn of_instrument(cx: &Cx, caller: &MerchantCaller, instrument: &InstrumentId) -> Result<Self, ServiceError> {
        let (id, now, merchant) = (instrument.clone(), cx.clock.now(), Arc::clone(&caller.merchant));
        let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_instrument(&id)?)).await?;
        let found = found.filter(|found| found.merchant == merchant.id && found.is_there(now));
        let found = found.ok_or(ServiceError::NotFound(INSTRUMENT))?;
        Ok(Self { merchant, wallet: found.wallet, guest: found.status == InstrumentStatus::Transient })
    }
}

/// An order as asked for.
#[derive(Clone)]
pub struct OrderGifts {
    /// The quote that is bought, if one is named.
    pub quote: Option<GiftQuoteId>,
    /// The cards; with a quote they may be left out, or must be the quote's.
    pub items: Vec<GiftItem>,
    /// What the caller takes for the price.
    pub totals: GiftTotals,
    /// The caller's name for it.
    pub reference: String,
    /// What is paid with.
    pub instrument: InstrumentId,
    /// The step-up token of a page that took the code on the card.
    pub step_up: Option<String>,
    /// The answer to our demand for authentication.
    pub three_ds: Option<ThreeDsResponse>,
    /// What the merchant sends for the fraud screen.
    pub fraud: Option<FraudPayload>,
    /// Where the buyer wants to hear of cards that do not come into the wallet. Without it none such are sold.
    pub mail_to: Option<Email>,
}

/// Prints what is ordered, and nothing that pays for it.
impl fmt::Debug for OrderGifts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderGifts").field("quote", &self.quote).field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// An order as it stands.
#[derive(Debug, Clone)]
pub struct GiftOrdered {
    /// The order.
    pub order: GiftOrder,
    /// What was ordered.
    pub quote: GiftQuote,
    /// The payment; if it was refused, its movement says why.
    pub transaction: Transaction,
    /// The cards, once they are issued.
    pub gifts: Vec<Gift>,
}

/// Orders gift cards: pays for them and issues them. A quote is bought once: to order it again tells how it went, unless its
/// payment was refused, which can be tried again. With a key, once a key.
///
/// # Errors
/// [`ServiceError::Invalid`] naming a total, or `deliveryEmail` when cards would go to nobody, or as [`quote`](super::quote); [`ServiceError::NotFound`] for the instrument;
/// [`ServiceError::Refused`] `quote_not_found`, `quote_expired`, `quote_mismatch`, `quote_ordered` (by somebody else),
/// `not_supported` for an instrument that cannot pay for them, and as [`payments::pay`].
pub async fn order(cx: &Cx, buyer: GiftBuyer, order: OrderGifts, key: Option<IdempotencyKey>) -> Result<GiftOrdered, ServiceError> {
    let quote = match find(cx, &buyer, &order, key.clone()).await? {
        Found::Ordered(known) => return again(cx, &buyer, known, order.mail_to).await,
        Found::Quote(quote) => quote,
    };
    let (id, mail_to) = (GiftOrderId::from_random(cx.random.bytes()), order.mail_to.clone());
    let payer = Payer {
        // The merchant hands the whole price on to the house, so that it earns nothing that a fee could be taken of.
        merchant: Arc::new(Merchant { fee_bps: 0, ..Merchant::clone(&buyer.merchant) }),
        wallet: buyer.wallet,
        agreement: None,
        conditions: payments::Conditions::default(),
        beside: Some(beside(id, quote.id, (buyer.wallet, buyer.guest), (cx.clock.now(), mail_to.clone()))),
        occasion: None,
    };
    let transaction = match payments::carry(cx, payer, payment(order, &quote, id), key).await {
        Ok(PayAnswer::Concluded(transaction)) => transaction,
        Ok(PayAnswer::Unknown(_)) => return Err(ServiceError::NotFound(INSTRUMENT)),
        // Somebody else was faster by the blink of an eye.
        Err(ServiceError::Refused { code: ORDERED, .. }) => {
            let known = live(cx, quote.id).await?;
            return again(cx, &buyer, known, mail_to).await;
        }
        Err(ServiceError::Invalid { field: "transactionType", .. }) => {
            return Err(refused(Fault::NotSupported.name(), "Gift cards cannot be paid for with this instrument."));
        }
        Err(error) => return Err(error),
    };
    let receipt = transaction.receipt;
    let written = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_gift_order_with(receipt)?)).await?;
    let id = written.ok_or_else(|| ServiceError::Internal("a payment for gift cards without an order".to_owned()))?.id;
    finished(cx, &buyer, id, mail_to.is_some()).await
}

/// What became of an order that is sent again. If the address was missing before, its cards are mailed now.
async fn again(cx: &Cx, buyer: &GiftBuyer, id: GiftOrderId, mail_to: Option<Email>) -> Result<GiftOrdered, ServiceError> {
    // First of all it must be the buyer's.
    told(cx, buyer, id).await?;
    let is_mailed = mail_to.is_some();
    if let Some(address) = mail_to {
        let now = cx.clock.now();
        cx.store.write(move |tx: &mut Tx<'_>| letter::promise(tx, id, &address, now)).await?;
    }
    finished(cx, buyer, id, is_mailed).await
}

/// What became of an order, carried as far as it can be now.
async fn finished(cx: &Cx, buyer: &GiftBuyer, id: GiftOrderId, is_mailed: bool) -> Result<GiftOrdered, ServiceError> {
    issue::finish(cx, id).await?;
    if is_mailed {
        letter::keep(cx, id).await;
    }
    told(cx, buyer, id).await
}

/// What an order names.
enum Found {
    /// What was ordered before.
    Ordered(GiftOrderId),
    /// What is to be ordered.
    Quote(GiftQuote),
}

async fn find(cx: &Cx, buyer: &GiftBuyer, order: &OrderGifts, key: Option<IdempotencyKey>) -> Result<Found, ServiceError> {
    let (now, cx2, merchant) = (cx.clock.now(), cx.clone(), buyer.merchant.id.clone());
    let (named, items, totals) = (order.quote, order.items.clone(), order.totals);
    let (guest, has_address) = (buyer.guest, order.mail_to.is_some());
    cx.store
        .write(move |tx: &mut Tx<'_>| {
            if let Some(transaction) = payments::earlier(tx, key.as_ref())?
                && let Some(before) = tx.find_gift_order_with(transaction.receipt)?
            {
                return Ok(Found::Ordered(before.id));
            }
            let quote = named.map(|named| tx.find_gift_quote(named)).transpose()?.flatten().filter(|quote| quote.merchant == merchant);
            let Some(quote) = quote else {
                if items.is_empty() {
                    return Err(refused("quote_not_found", "There is no such quote; please ask for a new one."));
                }
                let quote = priced(&cx2, merchant.clone(), items.clone(), now)?;
                check(&totals, &quote.totals())?;
                must_reach(&quote, guest, has_address)?;
                tx.insert_gift_quote(&quote)?;
                return Ok(Found::Quote(quote));
            };
            if !items.is_empty() && !quote.items.iter().map(|quoted| &quoted.item).eq(&items) {
                return Err(refused("quote_mismatch", "These are not the gift cards that were quoted."));
            }
            match tx.find_gift_order_of(quote.id)? {
                Some(before) => Ok(Found::Ordered(before.id)),
                None if quote.is_good(now) => {
                    check(&totals, &quote.totals())?;
                    must_reach(&quote, guest, has_address).map(|()| Found::Quote(quote))
                }
                None => Err(expired()),
            }
        })
        .await
}

fn refused(code: &'static str, message: &str) -> ServiceError {
    ServiceError::Refused { code, message: message.to_owned() }
}

/// The price must be the one that the caller was told.
fn check(said: &GiftTotals, is: &GiftTotals) -> Result<(), ServiceError> {
    let fields = [
        ("subTotalAmount", said.sub_total, is.sub_total),
        ("discountAmount", said.discount, is.discount),
        ("totalOrderAmount", said.total, is.total),
    ];
    let wrong = fields.into_iter().find(|(_, said, is)| said != is);
    wrong.map_or(Ok(()), |(field, _, is)| Err(ServiceError::invalid(field, &format!("must be {}", is.to_decimal()))))
}

/// Whatever comes into no wallet is found by its mail alone, so that there must be somebody to write to.
fn must_reach(quote: &GiftQuote, guest: bool, has_address: bool) -> Result<(), ServiceError> {
    if has_address || !quote.items.iter().any(|item| is_for_delivery(item, guest)) {
        return Ok(());
    }
    Err(ServiceError::invalid("deliveryEmail", "is required for gift cards that are given away or bought by a guest"))
}

fn payment(order: OrderGifts, quote: &GiftQuote, id: GiftOrderId) -> PayOrder {
    let purchase = Some(MovementKind::Purchase);
    let item = PayItem {
        instrument: Some(order.instrument),
        token: None,
        amount: quote.totals().total,
        step_up: order.step_up,
        passcode: None,
        authentication: None,
        three_ds: order.three_ds,
    };
    PayOrder {
        // Whoever names the quote has no name of their own for this attempt, and it may take several to buy it.
        client_reference: if order.quote == Some(quote.id) { id.to_string() } else { order.reference.clone() },
        order_number: order.reference,
        // No gift card buys gift cards: the money on it would only change its expiry.
        kinds: Kinds { card: purchase, gift_card: None, paypal: purchase, google_pay: purchase, apple_pay: purchase, openpay: None },
        items: vec![item],
        atomicity: Atomicity::AllOrNothing,
        fraud: order.fraud,
    }
}

/// Writes the order down with its payment, and the jobs that carry it to its end.
fn beside(id: GiftOrderId, quote: GiftQuoteId, (wallet, guest): (WalletId, bool), (now, mail_to): (Timestamp, Option<Email>)) -> Beside {
    Arc::new(move |tx, transaction| {
        if tx.find_gift_order_of(quote)?.is_some() {
            return Err(refused(ORDERED, "This quote was ordered already."));
        }
        tx.insert_gift_order(&GiftOrder {
            id,
            quote,
            merchant: transaction.merchant.clone(),
            seller: transaction.seller,
            wallet,
            guest,
            receipt: transaction.receipt,
            state: GiftOrderState::Processing,
            created_at: now,
        })?;
        if let Some(address) = &mail_to {
            letter::promise(tx, id, address, now)?;
        }
        Ok(tx.put_job(work::ISSUE_GIFTS, &id.to_string(), now.plus(work::CLAIM), None)?)
    })
}

async fn live(cx: &Cx, quote: GiftQuoteId) -> Result<GiftOrderId, ServiceError> {
    let found = cx.store.read(move |tx: &mut Tx<'_>| Ok::<_, ServiceError>(tx.find_gift_order_of(quote)?)).await?;
    found.map(|order| order.id).ok_or_else(|| refused("changed_meanwhile", "Something else changed this; please try again."))
}

/// An order of the buyer's wallet as it stands.
async fn told(cx: &Cx, buyer: &GiftBuyer, id: GiftOrderId) -> Result<GiftOrdered, ServiceError> {
    let (wallet, merchant) = (buyer.wallet, buyer.merchant.id.clone());
    cx.store
        .read(move |tx: &mut Tx<'_>| {
            let order = tx.find_gift_order(id)?.filter(|order| order.merchant == merchant);
            let order = order.ok_or(ServiceError::NotFound("gift card order"))?;
            if order.wallet != wallet {
                return Err(refused(ORDERED, "This quote was ordered already."));
            }
            let quote = tx.find_gift_quote(order.quote)?.ok_or(ServiceError::NotFound("gift card order"))?;
            let transaction = tx.find_transaction(order.receipt)?.ok_or(ServiceError::NotFound("transaction"))?;
            let gifts = tx.list_gifts(order.id)?;
            Ok(GiftOrdered { order, quote, transaction, gifts })
        })
        .await
}
