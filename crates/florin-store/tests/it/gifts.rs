//! What is kept of gift cards that are sold, and the rules that hold it together.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the path of a method does not fit every lifetime of a transaction")]

use florin_domain::fault::Fault;
use florin_domain::gift_card::GiftCard;
use florin_domain::gift_order::{Gift, GiftItem, GiftOrder, GiftOrderState, GiftQuote, Recipient};
use florin_domain::instrument::InstrumentId;
use florin_domain::movement::{MovementKind, Reference};
use florin_domain::time::minutes;
use florin_domain::{GiftOrderId, GiftQuoteId};
use florin_store::{Store, StoreError, Tx};

use crate::bed::{NOW, on_both_engines, undone, write};
use crate::shoppers::{merchant, seller, wallet};
use crate::transactions::{conclude, dollars, gift_card, part, pay};

on_both_engines! {
    a_quote_is_read_back_and_forgotten_unless_it_was_ordered
    a_quote_has_one_order_that_was_not_rejected
    an_order_ends_once_with_its_cards
    honest_orders_break_no_rule
    changed_orders_are_found_out
}

fn recipient() -> Recipient {
    Recipient {
        to: "Jö".to_owned(),
        from: "Ann".to_owned(),
        message: Some("Many\nhappy returns".to_owned()),
        image_url: None,
        mobile: "+61 400 000 000".to_owned(),
    }
}

/// Two cards of 10.30 at 5 % off, one of them given away, and one of 20.00.
fn quote(number: u8) -> GiftQuote {
    let item = |design: &str, minor, recipient| GiftItem { design: design.to_owned(), face: dollars(minor), quantity: 1, recipient };
    let items = vec![
        item("everyday-birthday", 1_030, Some(recipient())),
        item("everyday-classic", 1_030, None),
        item("celebration-stars", 2_000, None),
    ];
    GiftQuote::of(GiftQuoteId::from_random([number; 16]), merchant("10006").id, items, NOW).unwrap()
}

fn order(number: u8, quote: &GiftQuote, receipt: Reference) -> GiftOrder {
    GiftOrder {
        id: GiftOrderId::from_random([number; 16]),
        quote: quote.id,
        merchant: merchant("10006").id,
        seller: seller().id,
        wallet: wallet(1),
        guest: false,
        receipt,
        state: GiftOrderState::Processing,
        created_at: NOW,
    }
}

/// The cards of an order, of which one is for delivery.
fn cards(order: &GiftOrder, quote: &GiftQuote) -> Vec<(GiftCard, Gift)> {
    let make = |(number, quoted): (u32, &florin_domain::gift_order::QuotedItem)| {
        let card = GiftCard { fingerprint: [u8::try_from(number).unwrap(); 32], balance: quoted.item.face, ..gift_card() };
        let gift = Gift {
            order: order.id,
            number,
            design: quoted.item.design.clone(),
            fingerprint: card.fingerprint,
            programme: card.programme.clone(),
            suffix: card.suffix.clone(),
            face: quoted.item.face,
            price: quoted.unit_price,
            instrument: quoted.item.recipient.is_none().then(|| InstrumentId::kept(90_000 + i64::from(number))),
            recipient: quoted.item.recipient.clone(),
            attempt: number - 1,
            issued_at: NOW,
        };
        (card, gift)
    };
    quote.cards().map(make).collect()
}

/// Pays for a quote and writes the order down; it is left where it stands then.
fn buy(tx: &mut Tx<'_>, number: u8, result: Option<Result<&str, Fault>>) -> Result<(GiftOrder, GiftQuote), StoreError> {
    let quote = quote(number);
    tx.insert_gift_quote(&quote)?;
    let bought = pay(tx, vec![part(MovementKind::Purchase, quote.totals().total.minor())])?;
    let order = order(number, &quote, bought.receipt);
    tx.insert_gift_order(&order)?;
    if let Some(result) = result {
        conclude(tx, &bought, &[result])?;
    }
    Ok((order, quote))
}

async fn a_quote_is_read_back_and_forgotten_unless_it_was_ordered(store: &Store) {
    let found = write(store, |tx| {
        for number in [1, 2, 3] {
            tx.insert_gift_quote(&quote(number))?;
        }
        tx.insert_gift_order(&order(1, &quote(1), Reference::FIRST))?;
        tx.insert_gift_order(&GiftOrder { state: GiftOrderState::Rejected, ..order(2, &quote(2), Reference::FIRST.plus(5)) })?;
        let found = tx.find_gift_quote(quote(1).id)?;
        let forgotten = (tx.forget_gift_quotes(NOW.plus(minutes(30)))?, tx.forget_gift_quotes(NOW.plus(minutes(31)))?);
        Ok((found, forgotten, tx.find_gift_quote(quote(1).id)?, tx.find_gift_quote(quote(2).id)?))
    });
    assert_eq!(found.await, (Some(quote(1)), (0, 1), Some(quote(1)), Some(quote(2))));
}

async fn a_quote_has_one_order_that_was_not_rejected(store: &Store) {
    let first = order(1, &quote(1), Reference::FIRST);
    let second = order(2, &quote(1), Reference::FIRST.plus(5));
    let (one, other) = (first.clone(), second.clone());
    let twice = store
        .write(move |tx| {
            tx.insert_gift_order(&one)?;
            tx.insert_gift_order(&other)
        })
        .await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })), "{twice:?}");
    let (one, other) = (first.clone(), second.clone());
    let found = write(store, move |tx| {
        tx.insert_gift_order(&one)?;
        tx.end_gift_order(&one.clone().reject().unwrap())?;
        tx.insert_gift_order(&other)?;
        Ok((tx.find_gift_order_of(one.quote)?, tx.find_gift_order_with(one.receipt)?, tx.find_gift_order(other.id)?))
    });
    let rejected = first.reject();
    assert_eq!(found.await, (Some(second.clone()), rejected.clone(), Some(second.clone())));
    let revived = rejected.and_then(|order| order.revive(quote(9).id)).unwrap();
    let order = revived.clone();
    let found = write(store, move |tx| {
        tx.revive_gift_order(&order)?;
        tx.find_gift_order(order.id)
    });
    assert_eq!(found.await, Some(revived.clone()));
    let again = store.write(move |tx| tx.revive_gift_order(&revived)).await;
    assert_eq!(again, Err(StoreError::Stale));
}

async fn an_order_ends_once_with_its_cards(store: &Store) {
    let (order, gifts, on_card, to_deliver) = write(store, |tx| {
        let (order, quote) = buy(tx, 1, Some(Ok("A1")))?;
        tx.save_gift_issue(&order.clone().issue(cards(&order, &quote), NOW).unwrap())?;
        let found = tx.find_gift_order(order.id)?.unwrap();
        let on_card = tx.find_gift_card(&[1; 32])?.unwrap().balance;
        Ok((found, tx.list_gifts(order.id)?, on_card, tx.list_gifts_to_deliver(10)?))
    })
    .await;
    assert_eq!((order.state, on_card), (GiftOrderState::Approved, dollars(1_030)));
    let expected: Vec<_> = cards(&order, &quote(1)).into_iter().map(|(_, gift)| gift).collect();
    assert_eq!((&gifts, to_deliver.as_slice()), (&expected, &expected[..1]));
    let id = order.id;
    assert_eq!(write(store, move |tx| tx.find_gift(id, 2)).await.as_ref(), Some(&expected[1]));
    let standing = GiftOrder { state: GiftOrderState::Processing, ..order };
    let again = store.write(move |tx| tx.save_gift_issue(&standing.clone().issue(Vec::new(), NOW).unwrap())).await;
    assert_eq!(again, Err(StoreError::Stale));
}

/// Orders of every ending.
fn trade(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let (bought, quote) = buy(tx, 1, Some(Ok("A1")))?;
    tx.save_gift_issue(&bought.clone().issue(cards(&bought, &quote), NOW).unwrap())?;
    let (refused, _) = buy(tx, 2, Some(Err(Fault::Declined)))?;
    tx.end_gift_order(&refused.reject().unwrap())?;
    for (number, result) in [(3, None), (4, Some(Ok("A2")))] {
        let (waiting, _) = buy(tx, number, result)?;
        tx.put_job("issue_gifts", &waiting.id.to_string(), NOW, None)?;
    }
    Ok(())
}

async fn honest_orders_break_no_rule(store: &Store) {
    write(store, trade).await;
    assert_eq!(write(store, |tx| tx.list_violations()).await, []);
    assert!(write(store, |tx| tx.list_counts()).await.contains(&("gift orders", 4)));
}

async fn changed_orders_are_found_out(store: &Store) {
    write(store, trade).await;
    let frauds: [(&'static str, &str); 13] = [
        ("DELETE FROM jobs WHERE kind = 'issue_gifts'", "has its job"),
        ("UPDATE gift_orders SET state = 'approved' WHERE state = 'rejected'", "ends as its payment does"),
        ("UPDATE gift_orders SET state = 'rejected' WHERE state = 'approved'", "ends as its payment does"),
        ("UPDATE gift_orders SET receipt = 5 WHERE state = 'approved'", "ends as its payment does"),
        ("UPDATE gift_quote_items SET unit_price_minor = unit_price_minor - 1", "is of the quoted price"),
        ("DELETE FROM gifts WHERE number = 2", "is what was quoted"),
        ("UPDATE gifts SET face_minor = face_minor + 1 WHERE number = 2", "is what was quoted"),
        ("UPDATE gift_orders SET state = 'approved' WHERE state = 'processing'", "is what was quoted"),
        ("UPDATE gifts SET programme = 'Store Gift Card' WHERE number = 2", "that was issued is there"),
        ("DELETE FROM gift_cards", "that was issued is there"),
        ("UPDATE gifts SET price_minor = price_minor + 1 WHERE number = 2", "discounts on gift cards"),
        ("DELETE FROM journal WHERE kind = 'gift_order'", "is booked once"),
        ("UPDATE gift_cards SET balance_minor = balance_minor + 1", "what is on gift cards"),
    ];
    for (fraud, rule) in frauds {
        let found = undone(store, fraud).await.unwrap_err();
        assert!(found.iter().any(|violation| violation.rule.contains(rule)), "{fraud}: {found:?}");
    }
}
