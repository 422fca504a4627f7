//! Checkouts at pay-later providers, from the order to the money.

use florin_domain::apm::{ApmProvider, ApmState};
use florin_domain::fault::Fault;
use florin_domain::instrument::{InstrumentKind, InstrumentStatus};
use florin_domain::payment::TransactionState;
use florin_domain::time::{days, minutes};
use florin_domain::{Currency, Money};
use florin_service::ServiceError;
use florin_service::apm::{self, ApmOpened, NewApmOrder};
use florin_service::caller::ShopperCaller;
use florin_service::follow_ups::{self, FollowItem, FollowUp};
use florin_service::idempotency::IdempotencyKey;

use crate::shop::{Shop, code};

fn order(number: &str) -> NewApmOrder {
    NewApmOrder {
        provider: ApmProvider::ZipPay,
        order_number: number.to_owned(),
        amount: Money::new(5_000, Currency::Aud),
        return_url: Some("https://shop.example/back?cart=7".to_owned()),
    }
}

async fn open(shop: &Shop, shopper: &ShopperCaller, number: &str) -> ApmOpened {
    apm::open(&shop.cx, shopper, order(number), None).await.unwrap()
}

#[tokio::test]
async fn a_checkout_is_approved_and_pays_once() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let opened = open(&shop, &jo, "A-1").await;
    let (id, instrument) = (opened.order.id, &opened.instrument);
    assert_eq!((instrument.id.to_string(), opened.page), (format!("ZIP-{id}"), format!("https://florin.test/sandbox/apm/{id}/")));
    assert_eq!((instrument.kind, instrument.status), (InstrumentKind::ZipPay, InstrumentStatus::Unverified));
    assert!(shop.wallet(&jo).await.is_empty(), "what is for one payment is in no list");

    let early = shop.pay(&jo, instrument, 5_000, None).await;
    assert_eq!((early.state, early.movements[0].fault()), (TransactionState::Rejected, Some(Fault::NotApproved)));

    let view = apm::view(&shop.cx, id).await.unwrap();
    assert_eq!((view.open, view.merchant_name.as_str(), view.order.amount.minor()), (true, "10006", 5_000));
    let back = apm::decide(&shop.cx, id, true).await.unwrap().unwrap();
    assert_eq!(back, format!("https://shop.example/back?cart=7&status=APPROVED&paymentInstrumentId=ZIP-{id}&orderNumber=A-1"));
    assert_eq!(apm::decide(&shop.cx, id, true).await.unwrap().as_ref(), Some(&back));
    assert_eq!((view.way_back, apm::view(&shop.cx, id).await.unwrap().way_back), (None, Some(back)));
    assert_eq!(code(apm::decide(&shop.cx, id, false).await), "checkout_over");

    let dear = shop.pay(&jo, instrument, 5_001, None).await;
    assert_eq!(dear.movements[0].fault(), Some(Fault::AboveAuthorisation));
    let paid = shop.pay(&jo, instrument, 4_990, None).await;
    assert_eq!((paid.state, shop.owed(&merchant).await), (TransactionState::Approved, 4_990 - 75));
    let again = shop.pay(&jo, instrument, 4_990, None).await;
    assert_eq!(again.movements[0].fault(), Some(Fault::Duplicate));
    assert!(matches!(apm::view(&shop.cx, id).await.unwrap().order.state, ApmState::Used { receipt, .. } if receipt == paid.receipt));

    let item = FollowItem { reference: paid.movements[0].reference.to_string(), amount: None };
    let refund = FollowUp { client_reference: "r".to_owned(), order_number: "A-1".to_owned(), items: vec![item] };
    let refunded = follow_ups::refund(&shop.cx, &merchant, refund, None).await.unwrap();
    assert_eq!(refunded.items[0].fault, None);
    shop.books_balance().await;
}

#[tokio::test]
async fn two_payments_at_once_spend_a_checkout_once() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let opened = open(&shop, &jo, "A-1").await;
    apm::decide(&shop.cx, opened.order.id, true).await.unwrap();
    let (one, two) = tokio::join!(shop.pay(&jo, &opened.instrument, 5_000, None), shop.pay(&jo, &opened.instrument, 5_000, None));
    let approved = [one, two].iter().filter(|paid| paid.state == TransactionState::Approved).count();
    assert_eq!(approved, 1);
    shop.books_balance().await;
}

#[tokio::test]
async fn a_refused_checkout_pays_nothing_and_a_late_one_is_gone() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let refused = open(&shop, &jo, "A-1").await;
    let back = apm::decide(&shop.cx, refused.order.id, false).await.unwrap().unwrap();
    assert!(back.contains("status=REFUSED"), "{back}");
    assert_eq!(shop.pay(&jo, &refused.instrument, 5_000, None).await.movements[0].fault(), Some(Fault::Declined));

    let declined = open(&shop, &jo, "A-decline-1").await;
    apm::decide(&shop.cx, declined.order.id, true).await.unwrap();
    assert_eq!(shop.pay(&jo, &declined.instrument, 5_000, None).await.movements[0].fault(), Some(Fault::Declined));

    let late = open(&shop, &jo, "A-2").await;
    shop.wait(minutes(61)).await;
    assert_eq!(code(apm::decide(&shop.cx, late.order.id, true).await), "checkout_over");
    shop.books_balance().await;
}

#[tokio::test]
async fn an_order_is_checked_and_opened_once_a_key() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (jo, guest) = (shop.shopper(&merchant, "jo").await, shop.guest(&merchant).await);
    let table = [
        (order(""), "orderNumber"),
        (order("a\nb"), "orderNumber"),
        (NewApmOrder { amount: Money::new(0, Currency::Aud), ..order("A-1") }, "amount"),
        (NewApmOrder { return_url: Some("javascript:alert(1)".to_owned()), ..order("A-1") }, "serviceProviderURL"),
        (NewApmOrder { return_url: Some("https://jo:pw@shop.example/".to_owned()), ..order("A-1") }, "serviceProviderURL"),
        (order("A-refuse"), "refused_outside"),
    ];
    for (order, expected) in table {
        assert_eq!(code(apm::open(&shop.cx, &guest, order, None).await), expected);
    }
    let key = |fingerprint| Some(IdempotencyKey { scope: "wpay:10006".to_owned(), key: "k".to_owned(), fingerprint: [fingerprint; 32] });
    let first = apm::open(&shop.cx, &jo, order("A-1"), key(1)).await.unwrap();
    let again = apm::open(&shop.cx, &jo, order("A-1"), key(1)).await.unwrap();
    assert_eq!((&again.order, &again.page), (&first.order, &first.page));
    assert!(matches!(apm::open(&shop.cx, &jo, order("A-1"), key(2)).await, Err(ServiceError::KeyReused)));
    let bare =
        apm::open(&shop.cx, &guest, NewApmOrder { return_url: None, provider: ApmProvider::Afterpay, ..order("A-1") }, None).await.unwrap();
    assert_eq!((bare.instrument.kind, bare.instrument.status), (InstrumentKind::Afterpay, InstrumentStatus::Transient));
    assert_eq!(apm::decide(&shop.cx, bare.order.id, true).await.unwrap(), None);
    assert_eq!(shop.pay(&guest, &bare.instrument, 5_000, None).await.state, TransactionState::Approved);
    shop.wait(days(2)).await;
    assert_eq!(code(apm::open(&shop.cx, &jo, order("A-1"), key(1)).await), "checkout_over", "the key outlives its checkout");
}

#[tokio::test]
async fn nobody_opens_more_than_ten_checkouts_a_minute() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, "jo").await;
    let mut refused = 0;
    for _ in 0..21 {
        refused += u32::from(apm::open(&shop.cx, &jo, order("A-1"), None).await.is_err());
    }
    assert!((1..=11).contains(&refused), "{refused}");
}
