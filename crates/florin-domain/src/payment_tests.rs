//! Tests of transactions: what each step leaves behind.

use proptest::prelude::*;

use super::*;
use crate::InstrumentToken;
use crate::instrument::{InstrumentId, InstrumentKind};
use crate::ledger::Account;
use crate::money::Currency;
use crate::movement::PaidWith;
use crate::time::days;

const NOW: Timestamp = Timestamp::from_micros(1_795_255_800_000_000);

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Aud)
}

fn movement(number: i64, kind: MovementKind, amount: i64) -> Movement {
    let paid_with = PaidWith {
        instrument: InstrumentId::kept(90_731),
        token: InstrumentToken::from_random([7; 16]),
        kind: InstrumentKind::Card,
        network: Some("VISA".to_owned()),
        bin: None,
        suffix: None,
        expiry: None,
        fingerprint: [0; 32],
    };
    Movement::asked((Reference::FIRST, number), kind, dollars(amount), paid_with)
}

fn payment(atomicity: Atomicity, movements: Vec<Movement>) -> Transaction {
    Transaction {
        receipt: Reference::FIRST,
        merchant: MerchantId::parse("10006").unwrap(),
        seller: SellerId::from_random([1; 16]),
        wallet: WalletId::from_random([2; 16]),
        kind: TransactionKind::Payment,
        client_reference: "c".to_owned(),
        order_number: "o".to_owned(),
        atomicity,
        agreement: None,
        occasion: None,
        fee_bps: 100,
        state: TransactionState::Processing,
        rollback: Rollback::NotRequired,
        created_at: NOW,
        version: 1,
        movements,
    }
}

fn outcome(number: i64, result: Result<&str, Fault>) -> Outcome {
    Outcome { movement: Reference::FIRST.plus(number), service: None, result: result.map(str::to_owned), plan: None }
}

fn balance(entry: &Entry) -> i64 {
    entry.legs().iter().map(|leg| leg.amount.minor()).sum()
}

#[test]
fn a_purchase_owes_the_merchant_the_amount_less_the_fee() {
    let payment = payment(Atomicity::KeepSuccesses, vec![movement(1, MovementKind::Purchase, 10_000)]);
    let change = payment.conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW);
    assert_eq!((change.transaction.state, change.owed), (TransactionState::Approved, dollars(9_900)));
    assert_eq!(change.transaction.movements[0].captured, dollars(10_000));
    assert_eq!((balance(&change.entry), change.entry.legs().len()), (0, 4));
}

#[test]
fn concluding_twice_books_once() {
    let payment = payment(Atomicity::KeepSuccesses, vec![movement(1, MovementKind::Purchase, 10_000)]);
    let once = payment.conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW).transaction;
    let twice = once.clone().conclude(vec![outcome(1, Err(Fault::Declined))], Vec::new(), NOW);
    assert_eq!((twice.transaction, twice.owed), (once, dollars(0)));
    assert!(twice.entry.legs().is_empty());
}

#[test]
fn a_charge_that_was_taken_for_never_sent_is_booked_when_it_turns_up() {
    let payment = payment(Atomicity::KeepSuccesses, vec![movement(1, MovementKind::Purchase, 10_000)]);
    let given_up = payment.conclude(vec![outcome(1, Err(Fault::NotSent))], Vec::new(), NOW).transaction;
    assert_eq!(given_up.state, TransactionState::Rejected);
    let change = given_up.conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW);
    assert_eq!((change.transaction.state, change.owed), (TransactionState::Approved, dollars(9_900)));
}

#[test]
fn a_refund_that_was_taken_for_never_sent_is_booked_when_it_turns_up() {
    let bought = payment(Atomicity::KeepSuccesses, vec![movement(1, MovementKind::Purchase, 1_000)]);
    let bought = bought.conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW).transaction.movements.remove(0);
    let (reserved, _) = bought.begin_refund(Some(dollars(400))).unwrap();
    let step = follow_up(TransactionKind::Refund, MovementKind::Refund, 400, &reserved);
    let given_up = step.conclude(vec![outcome(11, Err(Fault::NotSent))], vec![reserved], NOW);
    assert_eq!(given_up.originals[0].refundable(), dollars(1_000));
    let late = given_up.transaction.conclude(vec![outcome(11, Ok("R1"))], given_up.originals, NOW);
    assert_eq!((late.originals[0].refundable(), late.owed), (dollars(600), dollars(-400)));
}

#[test]
fn one_refusal_puts_everything_back_unless_said_otherwise() {
    let table = [
        (Atomicity::AllOrNothing, TransactionState::Processing, Rollback::Required, "reversing"),
        (Atomicity::KeepSuccesses, TransactionState::PartlyApproved, Rollback::NotRequired, "done"),
        (Atomicity::SkipRollback, TransactionState::Rejected, Rollback::Required, "done"),
    ];
    for (atomicity, state, rollback, first) in table {
        let parts = vec![movement(1, MovementKind::Purchase, 500), movement(2, MovementKind::Purchase, 700)];
        let change = payment(atomicity, parts).conclude(vec![outcome(1, Ok("A1")), outcome(2, Err(Fault::Declined))], Vec::new(), NOW);
        let after = &change.transaction;
        assert_eq!((after.state, after.rollback, after.movements[0].state.name()), (state, rollback, first), "{atomicity:?}");
    }
}

#[test]
fn what_is_put_back_leaves_the_books_as_they_were() {
    let parts =
        vec![movement(1, MovementKind::Purchase, 333), movement(2, MovementKind::Preauth, 700), movement(3, MovementKind::Purchase, 1)];
    let outcomes = vec![outcome(1, Ok("A1")), outcome(2, Ok("A2")), outcome(3, Err(Fault::Declined))];
    let first = payment(Atomicity::AllOrNothing, parts).conclude(outcomes, Vec::new(), NOW);
    let owed = first.owed;
    let back = first.transaction.put_back(vec![outcome(1, Ok("R1")), outcome(2, Ok("R2"))], NOW);
    assert_eq!((back.transaction.state, back.transaction.rollback), (TransactionState::Rejected, Rollback::Successful));
    assert_eq!(back.owed.plus(owed), Ok(dollars(0)));
    assert_eq!(balance(&back.entry), 0);
    assert!(back.transaction.movements.iter().all(|part| !part.refundable().is_positive() && !part.is_open()));
}

#[test]
fn what_cannot_be_put_back_stays_charged_and_says_so() {
    let parts = vec![movement(1, MovementKind::Purchase, 500), movement(2, MovementKind::Purchase, 700)];
    let outcomes = vec![outcome(1, Ok("A1")), outcome(2, Err(Fault::Declined))];
    let first = payment(Atomicity::AllOrNothing, parts).conclude(outcomes, Vec::new(), NOW);
    let back = first.transaction.put_back(vec![outcome(1, Err(Fault::Technical))], NOW);
    assert_eq!((back.transaction.state, back.transaction.rollback), (TransactionState::Rejected, Rollback::Failed));
    assert_eq!((back.transaction.movements[0].refundable(), back.owed), (dollars(500), dollars(0)));
}

#[test]
fn a_late_yes_beside_parts_that_are_being_put_back_goes_the_same_way() {
    let parts = vec![movement(1, MovementKind::Purchase, 500), movement(2, MovementKind::Purchase, 700)];
    let given_up =
        payment(Atomicity::AllOrNothing, parts).conclude(vec![outcome(1, Ok("A1")), outcome(2, Err(Fault::NotSent))], Vec::new(), NOW);
    let late = given_up.transaction.conclude(vec![outcome(2, Ok("A2"))], Vec::new(), NOW);
    assert_eq!(names(&late.transaction), ["reversing", "reversing"]);
    let first = late.transaction.put_back(vec![outcome(1, Ok("R1"))], NOW);
    assert!(first.transaction.is_turning_back(), "the other one is still charged");
    let last = first.transaction.put_back(vec![outcome(2, Ok("R2"))], NOW);
    assert_eq!((names(&last.transaction), last.transaction.rollback), (vec!["reversed", "reversed"], Rollback::Successful));
    assert_eq!(given_up.owed.minor() + late.owed.minor() + first.owed.minor() + last.owed.minor(), 0);
}

#[test]
fn a_late_yes_after_a_failed_putting_back_never_hides_what_stays_charged() {
    let parts = (1..=3).map(|number| movement(number, MovementKind::Purchase, 500)).collect();
    let answers = vec![outcome(1, Ok("A1")), outcome(2, Err(Fault::NotSent)), outcome(3, Err(Fault::Declined))];
    let begun = payment(Atomicity::AllOrNothing, parts).conclude(answers, Vec::new(), NOW).transaction;
    let failed = begun.put_back(vec![outcome(1, Err(Fault::Declined))], NOW).transaction;
    assert_eq!((failed.state, failed.rollback), (TransactionState::Rejected, Rollback::Failed));
    let late = failed.conclude(vec![outcome(2, Ok("A2"))], Vec::new(), NOW).transaction;
    let end = late.put_back(vec![outcome(1, Err(Fault::Declined)), outcome(2, Ok("R2"))], NOW).transaction;
    assert_eq!((names(&end), end.rollback), (vec!["done", "reversed", "refused"], Rollback::Failed));
}

#[test]
fn a_payment_for_which_there_is_no_room_any_more_is_put_back_whatever_its_terms() {
    for atomicity in Atomicity::ALL {
        let parts = vec![movement(1, MovementKind::Purchase, 500), movement(2, MovementKind::Preauth, 700)];
        let change = payment(atomicity, parts).conclude(vec![outcome(1, Ok("A1")), outcome(2, Ok("A2"))], Vec::new(), NOW).turned_back();
        assert!(change.transaction.is_turning_back(), "{atomicity:?}");
        let back = change.transaction.put_back(vec![outcome(1, Ok("R1")), outcome(2, Ok("R2"))], NOW);
        assert_eq!((back.transaction.state, back.transaction.rollback), (TransactionState::Rejected, Rollback::Successful));
        assert_eq!(change.owed.plus(back.owed), Ok(dollars(0)));
    }
}

#[test]
fn what_turns_up_after_others_were_put_back_is_put_back_too() {
    for atomicity in Atomicity::ALL {
        let parts = vec![movement(1, MovementKind::Purchase, 500), movement(2, MovementKind::Purchase, 700)];
        let given_up = payment(atomicity, parts).conclude(vec![outcome(1, Ok("A1")), outcome(2, Err(Fault::NotSent))], Vec::new(), NOW);
        let back = given_up.turned_back().transaction.put_back(vec![outcome(1, Ok("R1"))], NOW).transaction;
        assert_eq!((back.state, back.rollback), (TransactionState::Rejected, Rollback::Successful));
        let late = back.conclude(vec![outcome(2, Ok("A2"))], Vec::new(), NOW).transaction;
        assert_eq!((names(&late), late.is_turning_back()), (vec!["reversed", "reversing"], true), "{atomicity:?}");
    }
}

fn names(transaction: &Transaction) -> Vec<&'static str> {
    transaction.movements.iter().map(|movement| movement.state.name()).collect()
}

fn authorised() -> Movement {
    let asked = payment(Atomicity::KeepSuccesses, vec![movement(1, MovementKind::Preauth, 1_000)]);
    asked.conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW).transaction.movements.remove(0)
}

fn follow_up(kind: TransactionKind, movement_kind: MovementKind, amount: i64, original: &Movement) -> Transaction {
    let part = Movement { original: Some(original.reference), ..movement(11, movement_kind, amount) };
    Transaction { kind, receipt: Reference::FIRST.plus(10), ..payment(Atomicity::KeepSuccesses, vec![part]) }
}

#[test]
fn a_completion_takes_part_of_the_hold_and_frees_the_rest() {
    let original = authorised().begin_completion(dollars(400), NOW).unwrap();
    let change = follow_up(TransactionKind::Completion, MovementKind::Completion, 400, &original);
    let change = change.conclude(vec![outcome(11, Ok("C1"))], vec![original], NOW);
    let original = &change.originals[0];
    assert_eq!((original.hold, original.captured, change.owed), (Some(Hold::Completed), dollars(400), dollars(396)));
    let freed: i64 =
        change.entry.legs().iter().filter(|leg| leg.account == Account::AuthorisationHolds).map(|leg| leg.amount.minor()).sum();
    assert_eq!(freed, -1_000);
    assert_eq!(original.clone().begin_completion(dollars(1), NOW), Err(Fault::OriginalNotFound), "a hold is taken once");
}

#[test]
fn a_completion_above_the_authorisation_is_refused() {
    assert_eq!(authorised().begin_completion(dollars(1_001), NOW), Err(Fault::AboveAuthorisation));
    let late = NOW.plus(days(PREAUTH_DAYS));
    assert_eq!(authorised().begin_completion(dollars(1), late), Err(Fault::OriginalNotFound), "the hold has ended");
}

#[test]
fn a_refused_step_leaves_the_payment_as_it_was() {
    let open = authorised();
    let original = open.clone().begin_void(NOW).unwrap();
    let step = follow_up(TransactionKind::Void, MovementKind::Void, 1_000, &original);
    let change = step.conclude(vec![outcome(11, Err(Fault::Technical))], vec![original], NOW);
    assert_eq!((&change.originals[0], change.transaction.state), (&open, TransactionState::Rejected));
}

#[test]
fn refunds_never_exceed_what_was_taken() {
    let bought = payment(Atomicity::KeepSuccesses, vec![movement(1, MovementKind::Purchase, 1_000)]);
    let bought = bought.conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW).transaction.movements.remove(0);
    let (after, amount) = bought.clone().begin_refund(Some(dollars(400))).unwrap();
    assert_eq!((amount, after.refundable()), (dollars(400), dollars(600)));
    assert_eq!(after.clone().begin_refund(Some(dollars(601))), Err(Fault::AboveRefundable));
    assert_eq!(after.clone().begin_refund(None).map(|(_, rest)| rest), Ok(dollars(600)), "all that is left");
    let step = follow_up(TransactionKind::Refund, MovementKind::Refund, 400, &after);
    let change = step.conclude(vec![outcome(11, Err(Fault::Declined))], vec![after], NOW);
    assert_eq!(change.originals[0].refundable(), dollars(1_000), "a refused refund reserves nothing");
}

#[test]
fn a_hold_ends_by_itself_and_only_then() {
    let held = payment(Atomicity::KeepSuccesses, vec![movement(1, MovementKind::Preauth, 1_000)]);
    let held = held.conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW).transaction;
    assert!(held.clone().expire(Reference::FIRST.plus(1), NOW).is_none());
    let change = held.expire(Reference::FIRST.plus(1), NOW.plus(days(PREAUTH_DAYS))).unwrap();
    assert_eq!((change.transaction.movements[0].hold, balance(&change.entry)), (Some(Hold::Expired), 0));
}

/// What somebody tries with a payment.
#[derive(Debug, Clone)]
enum Step {
    Complete(i64, bool),
    Void(bool),
    Refund(i64, bool),
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..1_500_i64, any::<bool>()).prop_map(|(amount, yes)| Step::Complete(amount, yes)),
        any::<bool>().prop_map(Step::Void),
        (1..1_500_i64, any::<bool>()).prop_map(|(amount, yes)| Step::Refund(amount, yes)),
        Just(Step::Expire),
    ]
}

/// The legs of an account, added up.
fn sum(entries: &[Entry], account: Account) -> i64 {
    entries.iter().flat_map(Entry::legs).filter(|leg| leg.account == account).map(|leg| leg.amount.minor()).sum()
}

/// Tries a step on the one movement of `bought`; gives its entry and what is owed for it.
fn tried(bought: &mut Transaction, step: &Step) -> Option<TransactionChange> {
    let original = bought.movements[0].clone();
    let (begun, kind, movement_kind, amount, yes) = match step {
        Step::Expire => {
            let change = bought.clone().expire(original.reference, NOW.plus(days(PREAUTH_DAYS)))?;
            *bought = change.transaction.clone();
            return Some(change);
        }
        Step::Complete(amount, yes) => {
            let begun = original.begin_completion(dollars(*amount), NOW).ok()?;
            (begun, TransactionKind::Completion, MovementKind::Completion, *amount, *yes)
        }
        Step::Void(yes) => {
            (original.clone().begin_void(NOW).ok()?, TransactionKind::Void, MovementKind::Void, original.amount.minor(), *yes)
        }
        Step::Refund(amount, yes) => {
            let (begun, amount) = original.begin_refund(Some(dollars(*amount))).ok()?;
            (begun, TransactionKind::Refund, MovementKind::Refund, amount.minor(), *yes)
        }
    };
    let answer = if yes { Ok("F1") } else { Err(Fault::Declined) };
    let change = follow_up(kind, movement_kind, amount, &begun).conclude(vec![outcome(11, answer)], vec![begun], NOW);
    bought.movements[0] = change.originals[0].clone();
    Some(change)
}

/// What is heard of a part of a split payment.
#[derive(Debug, Clone)]
enum Heard {
    Answer(i64, Result<(), Fault>),
    PutBack(i64, bool),
}

fn heard() -> impl Strategy<Value = Heard> {
    let answer = prop_oneof![Just(Ok(())), Just(Err(Fault::NotSent)), Just(Err(Fault::Declined))];
    prop_oneof![
        (1..=4_i64, answer).prop_map(|(part, answer)| Heard::Answer(part, answer)),
        (1..=4_i64, any::<bool>()).prop_map(|(part, yes)| Heard::PutBack(part, yes)),
    ]
}

/// The payment once `heard` is in its books.
fn after(transaction: &Transaction, heard: &Heard) -> TransactionChange {
    let transaction = transaction.clone();
    match heard {
        Heard::Answer(part, answer) => transaction.conclude(vec![outcome(*part, answer.map(|()| "A"))], Vec::new(), NOW),
        Heard::PutBack(part, true) => transaction.put_back(vec![outcome(*part, Ok("R"))], NOW),
        Heard::PutBack(part, false) => transaction.put_back(vec![outcome(*part, Err(Fault::Declined))], NOW),
    }
}

/// What is heard in the end of every part: whatever has no answer is refused, whatever is being put back is.
fn rest(parts: i64) -> Vec<Heard> {
    let answers = (1..=parts).map(|part| Heard::Answer(part, Err(Fault::Declined)));
    answers.chain((1..=parts).map(|part| Heard::PutBack(part, true))).collect()
}

proptest! {
    #[test]
    fn however_the_answers_come_all_is_paid_or_none_is_or_it_says_so(
        parts in 1..=4_i64, is_preauth in any::<bool>(), events in prop::collection::vec(heard(), 0..24)
    ) {
        let kind = if is_preauth { MovementKind::Preauth } else { MovementKind::Purchase };
        let mut standing = payment(Atomicity::AllOrNothing, (1..=parts).map(|number| movement(number, kind, 100 * number)).collect());
        let (mut owed, mut entries) = (0, Vec::new());
        for heard in events.into_iter().chain(rest(parts)) {
            let change = after(&standing, &heard);
            let waiting = names(&change.transaction).iter().any(|name| matches!(*name, "asked" | "reversing"));
            prop_assert_eq!(change.transaction.is_open(), waiting, "{:?}", change.transaction);
            owed += change.owed.minor();
            entries.push(change.entry);
            standing = change.transaction;
        }
        let done = names(&standing).iter().filter(|name| **name == "done").count();
        match standing.rollback {
            Rollback::NotRequired => prop_assert!(done == 0 || done == standing.movements.len()),
            Rollback::Successful => prop_assert_eq!(done, 0),
            Rollback::Failed => prop_assert!(done > 0),
            Rollback::Required => prop_assert!(false, "the payment is over"),
        }
        prop_assert_eq!(standing.state == TransactionState::Approved, standing.rollback == Rollback::NotRequired && done > 0);
        let taken: i64 = standing.movements.iter().map(|part| part.captured.minor()).sum();
        prop_assert_eq!(sum(&entries, Account::CardClearing), taken);
        prop_assert_eq!(-sum(&entries, Account::MerchantPayable), owed);
        prop_assert_eq!(owed == 0, taken == 0);
    }

    #[test]
    fn whatever_is_tried_the_books_balance_and_nothing_is_taken_or_given_twice(
        is_preauth in any::<bool>(), amount in 1..1_000_i64, steps in prop::collection::vec(step(), 0..12)
    ) {
        let kind = if is_preauth { MovementKind::Preauth } else { MovementKind::Purchase };
        let change = payment(Atomicity::KeepSuccesses, vec![movement(1, kind, amount)]).conclude(vec![outcome(1, Ok("A1"))], Vec::new(), NOW);
        let (mut owed, mut entries, mut bought) = (change.owed.minor(), vec![change.entry], change.transaction);
        for step in &steps {
            if let Some(change) = tried(&mut bought, step) {
                owed += change.owed.minor();
                entries.push(change.entry);
            }
            let part = &bought.movements[0];
            prop_assert!((0..=part.amount.minor()).contains(&part.captured.minor()));
            prop_assert!((0..=part.captured.minor()).contains(&part.refunded.minor()));
        }
        for entry in &entries {
            prop_assert_eq!(balance(entry), 0);
        }
        let part = &bought.movements[0];
        let held = if part.hold.is_some_and(Hold::is_held) { part.amount.minor() } else { 0 };
        prop_assert_eq!(sum(&entries, Account::AuthorisationHolds), held);
        prop_assert_eq!(sum(&entries, Account::CardClearing), part.captured.minor() - part.refunded.minor());
        prop_assert_eq!(-sum(&entries, Account::MerchantPayable), owed);
    }
}
