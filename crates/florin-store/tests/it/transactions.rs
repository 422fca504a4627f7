//! What transactions, gift cards and settlements promise, on both engines.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the path of a method does not fit every lifetime of a transaction")]

use florin_domain::card::CardExpiry;
use florin_domain::fault::Fault;
use florin_domain::gift_card::GiftCard;
use florin_domain::instrument::{InstrumentId, InstrumentKind};
use florin_domain::movement::{Hold, Movement, MovementKind, PaidWith, Reference, Service};
use florin_domain::payment::{
    Atomicity, GiftCardMove, Outcome, Rollback, Transaction, TransactionChange, TransactionKind, TransactionState,
};
use florin_domain::settlement::Settlement;
use florin_domain::time::{days, minutes};
use florin_domain::{AgreementId, Currency, InstrumentToken, Money, SettlementId, TransactionId};
use florin_store::{HistoryFilter, Store, StoreError, Tx};

use crate::bed::{NOW, on_both_engines, write};
use crate::shoppers::{merchant, seller, wallet};

on_both_engines! {
    a_transaction_is_read_back_in_every_state
    references_are_counted_up_without_gaps
    a_transaction_that_moved_is_stale_and_nothing_is_written
    a_purchase_and_its_refund_owe_the_merchant_the_rest
    a_hold_is_taken_or_freed_with_its_original
    a_gift_card_is_never_spent_beyond_what_is_on_it
    what_is_in_doubt_is_found_until_it_is_known
    a_settlement_takes_what_it_pays_and_is_sent_once
    a_client_reference_is_noted_once
    a_history_is_sifted_and_counted
}

pub fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

pub fn card() -> PaidWith {
    PaidWith {
        instrument: InstrumentId::kept(90_731),
        token: InstrumentToken::from_random([7; 16]),
        kind: InstrumentKind::Card,
        network: Some("VISA".to_owned()),
        bin: Some("424242".to_owned()),
        suffix: Some("4242".to_owned()),
        expiry: Some(CardExpiry { year: 2029, month: 9 }),
        fingerprint: [7; 32],
    }
}

pub fn gift_card() -> GiftCard {
    GiftCard {
        fingerprint: [9; 32],
        programme: "Everyday Gift Card".to_owned(),
        suffix: "2689".to_owned(),
        pin_hash: [8; 32],
        balance: dollars(5_000),
        held: dollars(0),
        expires_on: "2029-11-30".parse().unwrap(),
    }
}

pub fn on_gift_card() -> PaidWith {
    PaidWith {
        instrument: InstrumentId::kept(90_732),
        kind: InstrumentKind::GiftCard,
        network: Some(gift_card().programme),
        bin: None,
        expiry: None,
        fingerprint: gift_card().fingerprint,
        ..card()
    }
}

/// What is asked of one instrument.
pub struct Part {
    pub kind: MovementKind,
    pub minor: i64,
    pub paid_with: PaidWith,
    pub original: Option<Reference>,
}

pub fn part(kind: MovementKind, minor: i64) -> Part {
    Part { kind, minor, paid_with: card(), original: None }
}

/// Writes the intent: a transaction whose movements are asked.
pub fn ask(tx: &mut Tx<'_>, kind: TransactionKind, atomicity: Atomicity, parts: Vec<Part>) -> Result<Transaction, StoreError> {
    ask_on(tx, kind, atomicity, parts, None)
}

/// As [`ask`], on an occasion if one is named.
pub fn ask_on(
    tx: &mut Tx<'_>,
    kind: TransactionKind,
    atomicity: Atomicity,
    parts: Vec<Part>,
    occasion: Option<TransactionId>,
) -> Result<Transaction, StoreError> {
    let receipt = tx.next_reference()?;
    let movements = (1..).zip(parts).map(|(number, part)| Movement {
        original: part.original,
        ..Movement::asked((receipt, number), part.kind, dollars(part.minor), part.paid_with)
    });
    let transaction = Transaction {
        receipt,
        merchant: merchant("10006").id,
        seller: seller().id,
        wallet: wallet(1),
        kind,
        client_reference: format!("c-{receipt}"),
        order_number: "ö-1".to_owned(),
        atomicity,
        agreement: None,
        occasion,
        fee_bps: 100,
        state: TransactionState::Processing,
        rollback: Rollback::NotRequired,
        created_at: NOW,
        version: 1,
        movements: movements.collect(),
    };
    tx.insert_transaction(&transaction)?;
    Ok(transaction)
}

pub fn pay(tx: &mut Tx<'_>, parts: Vec<Part>) -> Result<Transaction, StoreError> {
    ask(tx, TransactionKind::Payment, Atomicity::KeepSuccesses, parts)
}

/// Begins a step on a movement of an earlier transaction, and reserves for it what it takes.
pub fn follow_up(tx: &mut Tx<'_>, kind: MovementKind, original: Reference, minor: i64) -> Result<Transaction, StoreError> {
    follow_up_on(tx, kind, original, minor, None)
}

/// As [`follow_up`], on an occasion if one is named.
pub fn follow_up_on(
    tx: &mut Tx<'_>,
    kind: MovementKind,
    original: Reference,
    minor: i64,
    occasion: Option<TransactionId>,
) -> Result<Transaction, StoreError> {
    let before = tx.find_movement(original)?.unwrap();
    let (whole, reserved) = match kind {
        MovementKind::Completion => (TransactionKind::Completion, before.begin_completion(dollars(minor), NOW).unwrap()),
        MovementKind::Void => (TransactionKind::Void, before.begin_void(NOW).unwrap()),
        _ => (TransactionKind::Refund, before.begin_refund(Some(dollars(minor))).unwrap().0),
    };
    tx.save_movement(&reserved)?;
    let part = Part { kind, minor, paid_with: reserved.paid_with, original: Some(original) };
    ask_on(tx, whole, Atomicity::KeepSuccesses, vec![part], occasion)
}

fn outcomes(transaction: &Transaction, results: &[Result<&str, Fault>]) -> Vec<Outcome> {
    let outcome = |(movement, result): (&Movement, &Result<&str, Fault>)| {
        let service = result.is_ok().then(|| Service { code: "00".to_owned(), message: "APPROVED".to_owned() });
        Outcome { movement: movement.reference, service, result: result.map(str::to_owned), plan: None }
    };
    transaction.movements.iter().zip(results).map(outcome).collect()
}

/// What the outside world said to each movement, as a change.
pub fn known(tx: &mut Tx<'_>, transaction: &Transaction, results: &[Result<&str, Fault>]) -> Result<TransactionChange, StoreError> {
    let mut originals = Vec::new();
    for original in transaction.movements.iter().filter_map(|movement| movement.original) {
        originals.extend(tx.find_movement(original)?);
    }
    Ok(transaction.clone().conclude(outcomes(transaction, results), originals, NOW))
}

/// Saves what the outside world said to each movement, with the jobs of the holds that it leaves open.
pub fn conclude(tx: &mut Tx<'_>, transaction: &Transaction, results: &[Result<&str, Fault>]) -> Result<Transaction, StoreError> {
    let change = known(tx, transaction, results)?;
    let saved = tx.save_transaction(change)?;
    for movement in saved.movements.iter().filter(|movement| movement.is_open()) {
        tx.put_job("expire_hold", &movement.reference.to_string(), movement.expires_at.unwrap(), None)?;
    }
    Ok(saved)
}

fn put_back(tx: &mut Tx<'_>, transaction: &Transaction, results: &[Result<&str, Fault>]) -> Result<Transaction, StoreError> {
    tx.save_transaction(transaction.clone().put_back(outcomes(transaction, results), NOW))
}

fn unsettled(tx: &mut Tx<'_>) -> Result<Vec<i64>, StoreError> {
    Ok(tx.list_unsettled()?.into_iter().map(|(_, amount)| amount.minor()).collect())
}

async fn a_transaction_is_read_back_in_every_state(store: &Store) {
    use MovementKind::{Preauth, Purchase};
    let saved = write(store, |tx| {
        let bare = PaidWith { network: None, bin: None, suffix: None, expiry: None, kind: InstrumentKind::PayPal, ..card() };
        let asked = pay(tx, vec![part(Purchase, 500), Part { paid_with: bare, ..part(Preauth, 700) }])?;
        let approved = pay(tx, vec![part(Purchase, 500), part(Preauth, 700)])?;
        let approved = conclude(tx, &approved, &[Ok("A1"), Ok("A2")])?;
        let partly = pay(tx, vec![part(Purchase, 500), part(Purchase, 700)])?;
        let partly = conclude(tx, &partly, &[Ok("A1"), Err(Fault::InsufficientFunds)])?;
        let parts = || vec![part(Purchase, 500), part(Preauth, 700), part(Purchase, 1)];
        let answers = [Ok("A1"), Ok("A2"), Err(Fault::Declined)];
        let reversing = ask(tx, TransactionKind::Payment, Atomicity::AllOrNothing, parts())?;
        let reversing = conclude(tx, &reversing, &answers)?;
        let reversed = ask(tx, TransactionKind::Payment, Atomicity::AllOrNothing, parts())?;
        let reversed = conclude(tx, &reversed, &answers)?;
        let reversed = put_back(tx, &reversed, &[Ok("R1"), Ok("R2")])?;
        let charged = ask(tx, TransactionKind::Payment, Atomicity::SkipRollback, parts())?;
        let charged = conclude(tx, &charged, &answers)?;
        let agreed = Transaction { agreement: Some(AgreementId::from_random([5; 16])), receipt: tx.next_reference()?, ..asked.clone() };
        let movements = (1..).zip(&agreed.movements);
        let movements = movements.map(|(number, movement)| Movement {
            receipt: agreed.receipt,
            reference: agreed.receipt.plus(number),
            ..movement.clone()
        });
        let agreed = Transaction { movements: movements.collect(), ..agreed };
        tx.insert_transaction(&agreed)?;
        Ok(vec![asked, approved, partly, reversing, reversed, charged, agreed])
    })
    .await;
    let states: Vec<_> = saved.iter().map(|transaction| (transaction.state.name(), transaction.rollback.name())).collect();
    let expected = [
        ("processing", "not_required"),
        ("approved", "not_required"),
        ("partly_approved", "not_required"),
        ("processing", "required"),
        ("rejected", "successful"),
        ("rejected", "required"),
        ("processing", "not_required"),
    ];
    assert_eq!(states, expected);
    for transaction in saved {
        let (receipt, first) = (transaction.receipt, transaction.movements[0].reference);
        let last = transaction.movements.last().unwrap().reference;
        let found = write(store, move |tx| {
            assert_eq!(tx.find_transaction(receipt)?, tx.find_transaction_with(last)?);
            Ok((tx.find_transaction_with(first)?, tx.find_movement(last)?, tx.find_movement(receipt)?))
        });
        let last = transaction.movements.last().cloned();
        assert_eq!(found.await, (Some(transaction), last, None), "a receipt is no movement");
    }
    let unknown = Reference::FIRST.plus(1_000);
    let found = write(store, move |tx| Ok((tx.find_transaction(unknown)?, tx.find_transaction_with(unknown)?))).await;
    assert_eq!(found, (None, None));
}

async fn references_are_counted_up_without_gaps(store: &Store) {
    write(store, |tx| {
        assert_eq!(tx.next_reference()?, Reference::FIRST);
        let one = pay(tx, vec![part(MovementKind::Purchase, 1), part(MovementKind::Purchase, 2)])?;
        assert_eq!(tx.next_reference()?, one.receipt.plus(3));
        let other = pay(tx, vec![part(MovementKind::Purchase, 1)])?;
        assert_eq!((other.receipt, tx.next_reference()?), (one.receipt.plus(3), one.receipt.plus(5)));
        let receipt = tx.next_reference()?;
        let gap = StoreError::corrupt("movements", "reference");
        assert_eq!(tx.insert_transaction(&Transaction { receipt, movements: Vec::new(), ..one.clone() }), Err(gap.clone()));
        assert_eq!(tx.insert_transaction(&Transaction { receipt, ..one }), Err(gap), "another receipt's movements");
        Ok(())
    })
    .await;
    let again: Result<(), StoreError> = store
        .write(|tx| {
            let first = tx.find_transaction(Reference::FIRST)?.unwrap();
            tx.insert_transaction(&first)
        })
        .await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
}

async fn a_transaction_that_moved_is_stale_and_nothing_is_written(store: &Store) {
    write(store, |tx| {
        let asked = pay(tx, vec![part(MovementKind::Purchase, 10_000)])?;
        let (first, second) = (known(tx, &asked, &[Ok("A1")])?, known(tx, &asked, &[Ok("A2")])?);
        let saved = tx.save_transaction(first)?;
        assert_eq!(saved.version, 2);
        assert_eq!(tx.save_transaction(second).map(|saved| saved.version), Err(StoreError::Stale));
        assert_eq!(tx.find_transaction(asked.receipt)?, Some(saved), "the first answer stands");
        assert_eq!((unsettled(tx)?, tx.list_entries(0, 9)?.len()), (vec![9_900], 1), "and is booked once");
        Ok(())
    })
    .await;
}

async fn a_purchase_and_its_refund_owe_the_merchant_the_rest(store: &Store) {
    write(store, |tx| {
        let bought = pay(tx, vec![part(MovementKind::Purchase, 10_000)])?;
        let bought = conclude(tx, &bought, &[Ok("A1")])?.movements[0].reference;
        let refund = follow_up(tx, MovementKind::Refund, bought, 4_000)?;
        conclude(tx, &refund, &[Ok("R1")])?;
        let refused = follow_up(tx, MovementKind::Refund, bought, 6_000)?;
        assert_eq!(tx.find_movement(bought)?.map(|movement| movement.refundable()), Some(dollars(0)), "reserved while it is asked");
        conclude(tx, &refused, &[Err(Fault::Declined)])?;
        assert_eq!(tx.find_movement(bought)?.map(|movement| movement.refundable()), Some(dollars(6_000)));
        assert_eq!(unsettled(tx)?, [5_900]);
        let payable = tx.balance("merchant_payable", &seller().id.to_string(), Currency::Aud)?;
        assert_eq!(payable, dollars(-5_900));
        Ok(())
    })
    .await;
}

async fn a_hold_is_taken_or_freed_with_its_original(store: &Store) {
    write(store, |tx| {
        let held = pay(tx, vec![part(MovementKind::Preauth, 1_000), part(MovementKind::Preauth, 700)])?;
        let held = conclude(tx, &held, &[Ok("A1"), Ok("A2")])?;
        let [one, other] = [held.movements[0].reference, held.movements[1].reference];
        let taken = follow_up(tx, MovementKind::Completion, one, 400)?;
        assert_eq!(tx.find_movement(one)?.unwrap().hold, Some(Hold::Completing));
        conclude(tx, &taken, &[Ok("C1")])?;
        let freed = follow_up(tx, MovementKind::Void, other, 700)?;
        conclude(tx, &freed, &[Ok("V1")])?;
        let (one, other) = (tx.find_movement(one)?.unwrap(), tx.find_movement(other)?.unwrap());
        assert_eq!((one.hold, one.captured), (Some(Hold::Completed), dollars(400)));
        assert_eq!((other.hold, other.captured), (Some(Hold::Voided), dollars(0)));
        assert_eq!(tx.balance("authorisation_holds", &seller().id.to_string(), Currency::Aud)?, dollars(0));
        assert_eq!(unsettled(tx)?, [396]);
        assert_eq!(tx.save_movement(&Movement { reference: one.reference.plus(100), ..one }), Err(StoreError::Stale));
        Ok(())
    })
    .await;
}

async fn a_gift_card_is_never_spent_beyond_what_is_on_it(store: &Store) {
    let step = |balance, held| GiftCardMove { fingerprint: gift_card().fingerprint, balance, held };
    write(store, move |tx| {
        tx.insert_gift_card(&gift_card(), &gift_card().issued(NOW))?;
        assert!(tx.find_gift_card(&[9; 32])? == Some(gift_card()) && tx.find_gift_card(&[1; 32])?.is_none());
        assert!(!tx.move_gift_card(&step(-5_001, 0))? && !tx.move_gift_card(&step(0, -1))? && !tx.move_gift_card(&step(0, 5_001))?);
        assert!(tx.move_gift_card(&step(0, 3_000))? && !tx.move_gift_card(&step(-2_001, 0))?, "held money is not spent");
        assert!(tx.move_gift_card(&step(-2_000, 0))? && tx.move_gift_card(&step(-1_000, -3_000))?);
        let card = tx.find_gift_card(&[9; 32])?.unwrap();
        assert_eq!((card.balance, card.held, card.available()), (dollars(2_000), dollars(0), dollars(2_000)));
        assert!(!tx.move_gift_card(&GiftCardMove { fingerprint: [1; 32], ..step(1, 0) })?, "an unknown card");
        assert_eq!(tx.balance("gift_card_liability", &card.programme, Currency::Aud)?, dollars(-5_000));
        Ok(())
    })
    .await;
    let again = store.write(|tx| tx.insert_gift_card(&gift_card(), &gift_card().issued(NOW))).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let beyond: Result<Transaction, StoreError> = store
        .write(move |tx| {
            let asked = pay(tx, vec![part(MovementKind::Purchase, 1)])?;
            let change = known(tx, &asked, &[Ok("A1")])?;
            tx.save_transaction(TransactionChange { gift_cards: vec![step(-2_001, 0)], ..change })
        })
        .await;
    assert_eq!(beyond, Err(StoreError::corrupt("gift_cards", "held_minor")));
    assert_eq!(write(store, |tx| tx.next_reference()).await, Reference::FIRST, "nothing of it was kept");
}

async fn what_is_in_doubt_is_found_until_it_is_known(store: &Store) {
    write(store, |tx| {
        let asked = pay(tx, vec![part(MovementKind::Purchase, 1), Part { paid_with: on_gift_card(), ..part(MovementKind::Purchase, 2) }])?;
        let other = pay(tx, vec![part(MovementKind::Purchase, 1)])?;
        let found = tx.list_in_doubt(NOW, None, 9)?;
        assert_eq!(found.iter().map(|found| found.receipt).collect::<Vec<_>>(), [asked.receipt, other.receipt], "oldest first");
        assert_eq!(tx.list_in_doubt(NOW, None, 1)?, found[..1]);
        assert_eq!(tx.list_in_doubt(NOW, Some(found[0]), 9)?, found[1..], "each in its turn");
        assert_eq!(tx.list_in_doubt(NOW, Some(found[1]), 9)?, []);
        assert_eq!(tx.list_in_doubt(NOW.minus(minutes(1)), None, 9)?, []);
        conclude(tx, &other, &[Ok("A1")])?;
        assert!(tx.has_in_doubt(&card().instrument)? && tx.has_in_doubt(&on_gift_card().instrument)?);
        assert!(!tx.has_in_doubt(&InstrumentId::kept(1))?);
        conclude(tx, &asked, &[Ok("A1"), Err(Fault::Declined)])?;
        assert!(!tx.has_in_doubt(&card().instrument)? && tx.list_in_doubt(NOW, None, 9)?.is_empty());
        Ok(())
    })
    .await;
}

async fn a_settlement_takes_what_it_pays_and_is_sent_once(store: &Store) {
    let settlement = |number: u8, minor| Settlement {
        id: SettlementId::from_random([number; 16]),
        seller: seller().id,
        amount: dollars(minor),
        created_at: NOW,
        sent: None,
    };
    write(store, move |tx| {
        assert_eq!(tx.insert_settlement(&settlement(1, 1)), Err(StoreError::Stale), "nothing is owed");
        let bought = pay(tx, vec![part(MovementKind::Purchase, 10_000)])?;
        conclude(tx, &bought, &[Ok("A1")])?;
        assert_eq!(tx.list_unsettled()?, [(seller().id, dollars(9_900))]);
        assert_eq!(tx.insert_settlement(&settlement(1, 9_901)), Err(StoreError::Stale));
        tx.insert_settlement(&settlement(1, 9_900))?;
        assert_eq!(tx.list_unsettled()?, []);
        assert_eq!(tx.find_settlement(settlement(1, 0).id)?, Some(settlement(1, 9_900)));
        assert_eq!(tx.find_settlement(SettlementId::from_random([2; 16]))?, None);
        let (sent, entry) = settlement(1, 9_900).send("bank-1".to_owned(), NOW).unwrap();
        tx.save_settlement(&sent, &entry)?;
        assert_eq!(tx.find_settlement(sent.id)?.as_ref(), Some(&sent));
        assert_eq!(tx.save_settlement(&sent, &entry), Err(StoreError::Stale));
        assert_eq!(tx.balance("merchant_payable", &seller().id.to_string(), Currency::Aud)?, dollars(0));
        Ok(())
    })
    .await;
}

async fn a_client_reference_is_noted_once(store: &Store) {
    write(store, |tx| {
        let (one, other) = (merchant("10006").id, merchant("petculture").id);
        assert!(tx.note_client_reference(&one, "r")? && !tx.note_client_reference(&one, "r")?);
        assert!(tx.note_client_reference(&other, "r")? && tx.note_client_reference(&one, "R")?);
        Ok(())
    })
    .await;
}

async fn a_history_is_sifted_and_counted(store: &Store) {
    use MovementKind::{Preauth, Purchase, Refund};
    let (one, two) = write(store, |tx| {
        let one = pay(tx, vec![part(Purchase, 1_000), Part { paid_with: on_gift_card(), ..part(Preauth, 500) }])?;
        let one = conclude(tx, &one, &[Ok("A1"), Ok("A2")])?;
        let two = follow_up(tx, Refund, one.movements[0].reference, 300)?;
        Ok((one, conclude(tx, &two, &[Ok("R1")])?))
    })
    .await;
    let all = HistoryFilter {
        wallet: wallet(1),
        kinds: MovementKind::ALL.to_vec(),
        instruments: None,
        client_reference: None,
        reference: None,
        order_number: None,
        from: None,
        to: None,
        max: 10,
    };
    let list = async |filter: HistoryFilter| {
        let (total, items) = store.read(move |tx| tx.list_history(&filter)).await.unwrap();
        (total, items.into_iter().map(|item| item.movement.reference).collect::<Vec<_>>())
    };
    let [first, second] = [one.movements[0].reference, one.movements[1].reference];
    let third = two.movements[0].reference;
    assert_eq!(list(all.clone()).await, (3, vec![third, second, first]), "newest first");
    let cases = [
        (HistoryFilter { max: 1, ..all.clone() }, 3, vec![third]),
        (HistoryFilter { kinds: vec![Purchase, Preauth], ..all.clone() }, 2, vec![second, first]),
        (HistoryFilter { instruments: Some(vec![on_gift_card().instrument]), ..all.clone() }, 1, vec![second]),
        (HistoryFilter { client_reference: Some(two.client_reference.clone()), ..all.clone() }, 1, vec![third]),
        (HistoryFilter { reference: Some(first.to_string()), ..all.clone() }, 1, vec![first]),
        (HistoryFilter { reference: Some(one.receipt.to_string()), ..all.clone() }, 2, vec![second, first]),
        (HistoryFilter { order_number: Some("ö-1".to_owned()), ..all.clone() }, 3, vec![third, second, first]),
        (HistoryFilter { order_number: Some("ö".to_owned()), ..all.clone() }, 0, vec![]),
        (HistoryFilter { from: Some(NOW), to: Some(NOW), ..all.clone() }, 3, vec![third, second, first]),
        (HistoryFilter { from: Some(NOW.plus(days(1))), ..all.clone() }, 0, vec![]),
        (HistoryFilter { to: Some(NOW.minus(days(1))), ..all.clone() }, 0, vec![]),
        (HistoryFilter { wallet: wallet(2), ..all.clone() }, 0, vec![]),
    ];
    for (filter, total, references) in cases {
        assert_eq!(list(filter.clone()).await, (total, references), "{filter:?}");
    }
    let (_, items) = store.read(move |tx| tx.list_history(&all)).await.unwrap();
    let newest = items.into_iter().next().unwrap();
    assert_eq!((&newest.movement, newest.created_at), (&two.movements[0], NOW));
    assert_eq!((newest.client_reference, newest.order_number), (two.client_reference, two.order_number));
}
