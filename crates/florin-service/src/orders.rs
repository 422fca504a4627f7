//! Orders, as a merchant's server handles them: create, look up, cancel; and their end when nobody comes.

use std::time::Duration;

use florin_domain::credit::Verdict;
use florin_domain::order::{EndReason, NewOrder, Order, PayMethods};
use florin_domain::time::{days, minutes};
use florin_domain::{LinkToken, Money, OrderId, SellerId, Timestamp};
use florin_store::{Announcement, Tx};
use florin_vault::digest;
use url::Url;

use crate::caller::SellerCaller;
use crate::{Context, Policy, ServiceError, work};

/// Bytes of chance in the secret part of a checkout address.
const LINK_BYTES: usize = 32;

/// What a merchant asks for.
#[derive(Debug, Clone)]
pub struct CreateOrder {
    /// What the buyer is to pay.
    pub amount: Money,
    /// The merchant's own name for the order.
    pub reference: String,
    /// The ways to pay.
    pub methods: PayMethods,
    /// The software that asks.
    pub source: Option<String>,
    /// Where the buyer goes afterwards; else where the credential says.
    pub redirect_url: Option<String>,
    /// Where the merchant wants to hear of changes.
    pub webhook_url: Option<String>,
    /// The merchant's own data, as JSON text.
    pub meta_data: Option<String>,
}

/// Gives fresh ids to what a merchant asks for. Outside the transaction, so that running it again makes the same order.
pub fn prepare(cx: &Context, caller: &SellerCaller, wanted: CreateOrder) -> NewOrder {
    let link = fresh_link(&cx.random.bytes());
    NewOrder {
        id: order_of_link(&link),
        link,
        pay_link_id: OrderId::from_random(cx.random.bytes()),
        seller: caller.seller.id,
        token: caller.token,
        amount: wanted.amount,
        reference: wanted.reference,
        methods: wanted.methods,
        source: wanted.source,
        redirect_url: wanted.redirect_url.or_else(|| caller.redirect_url.clone()),
        webhook_url: wanted.webhook_url,
        meta_data: wanted.meta_data,
    }
}

/// Opens an order.
///
/// # Errors
/// [`ServiceError::Invalid`] naming `amount` unless it is more than nothing.
pub fn create(tx: &mut Tx<'_>, order: &NewOrder, announce: bool, now: Timestamp) -> Result<Order, ServiceError> {
    Ok(tx.save(Order::create(order.clone(), now)?, announce)?)
}

/// Finds a merchant's order.
///
/// # Errors
/// [`ServiceError::NotFound`] if there is none, or it is another merchant's.
pub fn find(tx: &mut Tx<'_>, seller: SellerId, order: OrderId) -> Result<Order, ServiceError> {
    let found = tx.find_order(order)?.filter(|order| order.terms.seller == seller);
    found.ok_or(ServiceError::NotFound("order"))
}

/// Ends a merchant's order because the merchant says so.
///
/// # Errors
/// [`ServiceError::NotFound`]; [`ServiceError::Refused`] with `terminal_state` if it has ended already.
pub fn cancel(tx: &mut Tx<'_>, seller: SellerId, order: OrderId, now: Timestamp) -> Result<Order, ServiceError> {
    let order = find(tx, seller, order)?;
    Ok(tx.save(order.end(EndReason::Cancelled, now)?, true)?)
}

/// How many forgotten orders one transaction ends.
const EXPIRY_BATCH: i64 = 200;

/// How long an order may outlive its time, so that many are ended at once.
const EXPIRY_SLACK: Duration = minutes(1);

/// Ends orders whose time is over, and says when to look again.
pub(crate) fn expire(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), ServiceError> {
    let life = days(florin_domain::order::ORDER_LIFE_DAYS);
    for order in tx.list_open_orders(now.minus(life), EXPIRY_BATCH)? {
        if let Some(order) = tx.find_order(order)? {
            tx.save(order.end(EndReason::Expired, now)?, true)?;
        }
    }
    // An order created from now on cannot expire before a whole life has passed.
    let next = tx.oldest_open_order()?.map_or(now.plus(life), |oldest| oldest.plus(life).plus(EXPIRY_SLACK));
    tx.delay_job(work::EXPIRE_ORDERS, work::ALL, next.max(now), 0)?;
    Ok(())
}

/// Where the buyer goes afterwards: the redirect address with `orderId`, its query and fragment kept.
///
/// Source: `docs/wire/iwocapay.md`, "Redirect".
pub fn return_url(order: &Order) -> Option<String> {
    let mut url = Url::parse(order.terms.redirect_url.as_deref()?).ok()?;
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&orderId={}", order.id()),
        _ => format!("orderId={}", order.id()),
    };
    url.set_query(Some(&query));
    Some(url.into())
}

/// The address of an order's checkout.
pub fn order_url(policy: &Policy, order: &Order) -> String {
    policy.checkout_url(&order.terms.link, "landing")
}

/// What an operator can know of an order: how it went, and why credit was granted or not.
#[derive(Debug, Clone)]
pub struct History {
    /// The order.
    pub order: Order,
    /// Every change, oldest first.
    pub events: Vec<Announcement>,
    /// What the underwriter said, if it was asked.
    pub verdict: Option<Verdict>,
}

/// Everything that happened to an order, whoever's it is.
///
/// # Errors
/// [`ServiceError::NotFound`].
pub fn history(tx: &mut Tx<'_>, order: OrderId) -> Result<History, ServiceError> {
    let found = tx.find_order(order)?.ok_or(ServiceError::NotFound("order"))?;
    let verdict = tx.find_application(order)?.and_then(|application| application.verdict().cloned());
    Ok(History { order: found, events: tx.list_events_of_order(order)?, verdict })
}

/// The order that a checkout address leads to. The id follows from the link, so one index finds both; the link does not follow
/// from the id, so whoever knows an order cannot pay it.
pub(crate) fn order_of_link(link: &LinkToken) -> OrderId {
    let [bytes @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = digest(format!("florin order {}", link.expose()).as_bytes());
    OrderId::from_random(bytes)
}

/// 32 letters of a 64-letter alphabet, one for each byte of chance.
fn fresh_link(bytes: &[u8; LINK_BYTES]) -> LinkToken {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let text: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 63)])).collect();
    LinkToken::parse(&text).expect("32 letters of the link alphabet are a link token")
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_domain::TokenId;

    fn order(redirect_url: &str) -> Order {
        let terms = NewOrder {
            id: OrderId::from_random([1; 16]),
            link: fresh_link(&[7; LINK_BYTES]),
            pay_link_id: OrderId::from_random([2; 16]),
            seller: SellerId::from_random([3; 16]),
            token: TokenId::from_random([4; 16]),
            amount: Money::pounds(1),
            reference: "r".to_owned(),
            methods: PayMethods::both(),
            source: None,
            redirect_url: Some(redirect_url.to_owned()),
            webhook_url: None,
            meta_data: None,
        };
        Order::create(terms, Timestamp::from_micros(0)).unwrap().order().clone()
    }

    #[test]
    fn an_order_follows_from_its_link_and_from_no_other() {
        let (one, other) = (fresh_link(&[7; LINK_BYTES]), fresh_link(&[8; LINK_BYTES]));
        assert_eq!(order_of_link(&one), order_of_link(&one));
        assert_ne!(order_of_link(&one), order_of_link(&other));
    }

    #[test]
    fn the_buyer_returns_with_the_orders_id_and_everything_the_shop_put_into_its_address() {
        let id = "01010101-0101-4101-8101-010101010101";
        let table = [
            ("https://shop.example", format!("https://shop.example/?orderId={id}")),
            ("https://shop.example/done?a=1&b=2", format!("https://shop.example/done?a=1&b=2&orderId={id}")),
            ("https://shop.example/done?#top", format!("https://shop.example/done?orderId={id}#top")),
            ("https://shop.example/done?a=%20#/x?y", format!("https://shop.example/done?a=%20&orderId={id}#/x?y")),
        ];
        for (redirect_url, expected) in table {
            assert_eq!(return_url(&order(redirect_url)), Some(expected));
        }
    }
}
