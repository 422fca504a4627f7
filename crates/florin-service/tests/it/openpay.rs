//! Openpay at a till: paid, completed, voided, given back; and what is told of it.

use florin_domain::fault::Fault;
use florin_domain::movement::{MovementKind, MovementState};
use florin_domain::payment::TransactionState;
use florin_domain::time::minutes;
use florin_domain::{Currency, Money};
use florin_service::caller::{MerchantCaller, ShopperCaller};
use florin_service::follow_ups::{self, FollowItem, FollowUp};
use florin_service::idempotency::IdempotencyKey;
use florin_service::openpay::{self, OpenpayFollowItem, OpenpayFollowUp, OpenpayItem, OpenpayOrder, OpenpayPaid};
use florin_service::{Secret, ServiceError};
use florin_sim::named_barcodes;

use crate::shop::{GOOD_CARD, Shop, code};

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

fn barcode(outcome: &str) -> String {
    named_barcodes().into_iter().find(|named| named.outcome == outcome).expect(outcome).barcode
}

fn order(kind: MovementKind, items: &[(&str, i64)]) -> OpenpayOrder {
    let items = items.iter().map(|(barcode, minor)| OpenpayItem {
        barcode: (*barcode).to_owned(),
        amount: dollars(*minor),
        gst: Some(dollars(minor / 11)),
    });
    OpenpayOrder {
        client_reference: "c".to_owned(),
        order_number: "T-1".to_owned(),
        kind,
        channel: "POS".to_owned(),
        store: "4952110".to_owned(),
        pin: None,
        items: items.collect(),
    }
}

async fn buy(shop: &Shop, jo: &ShopperCaller, barcode: &str, minor: i64) -> OpenpayPaid {
    openpay::pay(&shop.cx, jo, order(MovementKind::Purchase, &[(barcode, minor)]), None).await.unwrap()
}

fn follow(paid: &OpenpayPaid, minor: Option<i64>) -> OpenpayFollowUp {
    let item = OpenpayFollowItem {
        reference: paid.transaction.movements[0].reference.to_string(),
        amount: minor.map(dollars),
        gst: minor.map(|minor| dollars(minor / 11)),
        reason: Some("broken".to_owned()),
    };
    OpenpayFollowUp { client_reference: "f".to_owned(), order_number: None, store: Some("4952110".to_owned()), items: vec![item] }
}

async fn shop_with(shopper: &str) -> (Shop, MerchantCaller, ShopperCaller) {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let jo = shop.shopper(&merchant, shopper).await;
    (shop, merchant, jo)
}

/// Time passes, and what was left behind is looked after.
async fn later(shop: &Shop) {
    shop.wait(minutes(2)).await;
    shop.wait(minutes(2)).await;
}

#[tokio::test]
async fn a_barcode_is_paid_with_and_given_back_in_parts() {
    let (shop, merchant, jo) = shop_with("jo").await;
    let paid = buy(&shop, &jo, &barcode("business"), 11_000).await;
    assert_eq!((paid.transaction.state, shop.owed(&merchant).await), (TransactionState::Approved, 11_000 - 165));
    let part = &paid.parts[0];
    let plan = part.plan.as_ref().unwrap();
    assert_eq!((part.store.as_deref(), part.gst, plan.method.as_str()), (Some("4952110"), Some(dollars(1_000)), "INSTALMENTS"));
    assert_eq!(paid.transaction.movements[0].done_reference(), Some(plan.transaction.as_str()));
    assert!(plan.account.as_ref().is_some_and(|account| account.abn.len() == 11), "{plan:?}");
    assert!(shop.wallet(&jo).await.is_empty());

    let refunded = openpay::refund(&shop.cx, &merchant, follow(&paid, Some(4_400)), None).await.unwrap();
    let movement = refunded.answer.items[0].movement.as_ref().unwrap();
    assert_eq!(
        (movement.amount, refunded.parts[0].reason.as_deref(), refunded.parts[0].gst),
        (dollars(4_400), Some("broken"), Some(dollars(400)))
    );
    assert!(refunded.parts[0].plan.is_some());
    let above = openpay::refund(&shop.cx, &merchant, follow(&paid, Some(6_601)), None).await.unwrap();
    assert_eq!((above.answer.items[0].fault, above.parts.len()), (Some(Fault::AboveRefundable), 0));
    let rest = openpay::refund(&shop.cx, &merchant, follow(&paid, None), None).await.unwrap();
    assert_eq!(rest.answer.items[0].movement.as_ref().map(|movement| movement.amount), Some(dollars(6_600)));
    shop.books_balance().await;
}

#[tokio::test]
async fn held_money_is_taken_or_freed() {
    let (shop, merchant, jo) = shop_with("jo").await;
    let hold = async |barcode: &str| openpay::pay(&shop.cx, &jo, order(MovementKind::Preauth, &[(barcode, 10_000)]), None).await.unwrap();
    let (taken, freed) = (hold("690000000017").await, hold("690000000025").await);
    let completed = openpay::complete(&shop.cx, &merchant, follow(&taken, Some(8_800)), None).await.unwrap();
    assert_eq!(completed.answer.items[0].fault, None);
    assert_eq!(completed.parts[0].gst, Some(dollars(800)));
    let refund_of_completion = OpenpayFollowUp {
        items: vec![OpenpayFollowItem {
            reference: completed.answer.items[0].movement.as_ref().unwrap().reference.to_string(),
            amount: Some(dollars(100)),
            gst: Some(dollars(9)),
            reason: Some("late".to_owned()),
        }],
        ..follow(&taken, None)
    };
    let refunded = openpay::refund(&shop.cx, &merchant, refund_of_completion, None).await.unwrap();
    assert_eq!((refunded.answer.items[0].fault, refunded.parts[0].reason.as_deref()), (None, Some("late")));
    let voided = openpay::void(&shop.cx, &merchant, follow(&freed, None), None).await.unwrap();
    assert_eq!(voided.answer.items[0].movement.as_ref().map(|movement| movement.amount), Some(dollars(10_000)));
    let again = openpay::void(&shop.cx, &merchant, follow(&freed, None), None).await.unwrap();
    assert_eq!(again.answer.items[0].fault, Some(Fault::OriginalNotFound));
    shop.books_balance().await;
}

#[tokio::test]
async fn every_published_barcode_meets_its_fate() {
    let (shop, _, jo) = shop_with("jo").await;
    let table = [
        ("approved", None),
        ("pin_needed", Some(Fault::PasscodeWrong)),
        ("declined", Some(Fault::Declined)),
        ("limit_reached", Some(Fault::InsufficientFunds)),
        ("expired", Some(Fault::Expired)),
        ("account_closed", Some(Fault::Closed)),
        ("used_before", Some(Fault::Duplicate)),
        ("unavailable", Some(Fault::IssuerUnavailable)),
    ];
    for (outcome, fault) in table {
        let paid = buy(&shop, &jo, &barcode(outcome), 1_000).await;
        assert_eq!(paid.transaction.movements[0].fault(), fault, "{outcome}");
        assert_eq!(paid.parts[0].plan.is_some(), fault.is_none(), "{outcome}");
    }
    assert_eq!(buy(&shop, &jo, "700000000017", 1_000).await.transaction.movements[0].fault(), Some(Fault::Invalid));
    let with_pin =
        |pin: &str| OpenpayOrder { pin: Some(Secret::new(pin.to_owned())), ..order(MovementKind::Purchase, &[("690000000550", 1_000)]) };
    let opened = openpay::pay(&shop.cx, &jo, with_pin("1234"), None).await.unwrap();
    assert_eq!(opened.transaction.state, TransactionState::Approved);
    let wrong = openpay::pay(&shop.cx, &jo, with_pin("0000"), None).await.unwrap();
    assert_eq!(wrong.transaction.movements[0].fault(), Some(Fault::PasscodeWrong));
    shop.books_balance().await;
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let (shop, merchant, jo) = shop_with("jo").await;
    let unknown = buy(&shop, &jo, &barcode("unknown_outcome"), 1_000).await;
    assert_eq!((unknown.transaction.state, shop.owed(&merchant).await), (TransactionState::Processing, 0));
    later(&shop).await;
    assert_eq!(shop.owed(&merchant).await, 985);

    // The refund of this amount happens, and its answer is lost.
    let paid = buy(&shop, &jo, "690000000017", 999_168).await;
    let refunded = openpay::refund(&shop.cx, &merchant, follow(&paid, None), None).await.unwrap();
    let movement = refunded.answer.items[0].movement.as_ref().unwrap();
    assert_eq!((&movement.state, refunded.parts[0].plan.as_ref()), (&MovementState::Asked, None));
    later(&shop).await;
    shop.books_balance().await;
}

#[tokio::test]
async fn a_refused_barcode_puts_the_others_back() {
    let (shop, merchant, jo) = shop_with("jo").await;
    let declined = barcode("declined");
    let two = order(MovementKind::Purchase, &[("690000000017", 1_000), (&declined, 500)]);
    let paid = openpay::pay(&shop.cx, &jo, two, None).await.unwrap();
    assert_eq!((paid.transaction.state, shop.owed(&merchant).await), (TransactionState::Rejected, 0));
    assert_eq!(paid.transaction.movements[0].fault(), Some(Fault::PutBack));
    shop.books_balance().await;
}

#[tokio::test]
async fn a_barcode_whose_putting_back_was_not_answered_is_asked_about() {
    let (shop, merchant, jo) = shop_with("jo").await;
    let declined = barcode("declined");
    // The refund of this amount happens, and its answer is lost.
    let two = order(MovementKind::Purchase, &[("690000000017", 999_168), (&declined, 500)]);
    let paid = openpay::pay(&shop.cx, &jo, two, None).await.unwrap();
    assert!(paid.transaction.is_turning_back());
    later(&shop).await;
    assert_eq!(shop.owed(&merchant).await, 0);
    shop.books_balance().await;
}

#[tokio::test]
async fn openpay_and_other_payments_are_followed_up_by_calls_of_their_own() {
    let (shop, merchant, jo) = shop_with("jo").await;
    let paid = buy(&shop, &jo, "690000000017", 1_000).await;
    let card = shop.card(&jo, GOOD_CARD).await.unwrap();
    let by_card = shop.pay(&jo, &card, 1_000, None).await;
    let reference = paid.transaction.movements[0].reference.to_string();
    let plain =
        FollowUp { client_reference: "r".to_owned(), order_number: "o".to_owned(), items: vec![FollowItem { reference, amount: None }] };
    let refused = follow_ups::refund(&shop.cx, &merchant, plain, None).await.unwrap();
    assert_eq!(refused.items[0].fault, Some(Fault::OriginalNotFound));
    let other = OpenpayPaid { transaction: by_card, parts: Vec::new() };
    let refused = openpay::refund(&shop.cx, &merchant, follow(&other, None), None).await.unwrap();
    assert_eq!(refused.answer.items[0].fault, Some(Fault::OriginalNotFound));
}

#[tokio::test]
async fn a_payment_is_checked_and_made_once_a_key() {
    let (shop, merchant, jo) = shop_with("jo").await;
    let good = || order(MovementKind::Purchase, &[("690000000017", 1_000)]);
    let item = |gst| OpenpayItem { barcode: "690000000017".to_owned(), amount: dollars(1_000), gst: Some(dollars(gst)) };
    let table = [
        (order(MovementKind::Purchase, &[]), "payments"),
        (order(MovementKind::Purchase, &[("!", 1_000)]), "paymentToken"),
        (order(MovementKind::Purchase, &[("690000000017", 1_000), ("690000000017", 1)]), "paymentToken"),
        (order(MovementKind::Purchase, &[("690000000017", 0)]), "amount"),
        (OpenpayOrder { items: vec![item(1_001)], ..good() }, "gstAmount"),
        (OpenpayOrder { items: vec![item(-1)], ..good() }, "gstAmount"),
        (OpenpayOrder { pin: Some(Secret::new("1\n2".to_owned())), ..good() }, "pin"),
    ];
    for (order, field) in table {
        assert_eq!(code(openpay::pay(&shop.cx, &jo, order, None).await), field);
    }
    let key = |fingerprint| Some(IdempotencyKey { scope: "wpay:10006".to_owned(), key: "k".to_owned(), fingerprint: [fingerprint; 32] });
    let first = openpay::pay(&shop.cx, &jo, good(), key(1)).await.unwrap();
    let again = openpay::pay(&shop.cx, &jo, good(), key(1)).await.unwrap();
    assert_eq!((again.transaction.receipt, &again.parts), (first.transaction.receipt, &first.parts));
    assert!(matches!(openpay::pay(&shop.cx, &jo, good(), key(2)).await, Err(ServiceError::KeyReused)));
    assert_eq!(shop.owed(&merchant).await, 985);
    let text = format!("{:?} {:?}", good(), first);
    assert!(!text.contains("690000000017"), "{text}");
}
