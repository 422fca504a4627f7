//! What the tables of cards being typed and of cardholders' authentications promise, on both engines.

use florin_domain::card::CardExpiry;
use florin_domain::frames::{FramesAction, FramesKind, FramesState, FramesWish};
use florin_domain::instrument::InstrumentId;
use florin_domain::movement::Reference;
use florin_domain::three_ds::{ThreeDsAnswer, ThreeDsEnrolment, ThreeDsSession, ThreeDsState, ThreeDsSubject};
use florin_domain::time::minutes;
use florin_domain::{Currency, FramesActionId, FramesSessionId, Money, ThreeDsSessionId, ThreeDsTransactionId};
use florin_store::{Store, StoreError};

use crate::bed::{NOW, on_both_engines, write};
use crate::shoppers::{merchant, wallet};

on_both_engines! {
    an_action_is_read_back_as_it_was_saved_and_completed_once
    a_session_is_read_back_at_every_step
    what_ended_is_forgotten
}

fn action() -> FramesAction {
    FramesAction {
        id: FramesActionId::from_random([1; 16]),
        session: FramesSessionId::from_random([2; 16]),
        kind: FramesKind::UpdateCard,
        merchant: merchant("10006").id,
        wallet: wallet(1),
        guest: false,
        gone_at: NOW.plus(minutes(60)),
        instrument: Some(InstrumentId::kept(7)),
        wish: FramesWish { save: true, verify: false, authenticate: true },
        sealed: None,
        expiry: None,
        state: FramesState::Init,
        created_at: NOW,
        expires_at: NOW.plus(minutes(15)),
    }
}

fn session(number: u8, subject: ThreeDsSubject) -> ThreeDsSession {
    ThreeDsSession {
        id: ThreeDsSessionId::from_random([number; 16]),
        transaction: ThreeDsTransactionId::from_random([number + 100; 16]),
        merchant: merchant("10006").id,
        wallet: wallet(1),
        subject,
        fingerprint: [9; 32],
        state: ThreeDsState::Begun,
        created_at: NOW,
        expires_at: NOW.plus(minutes(15)),
    }
}

fn of_payment() -> ThreeDsSession {
    let (instrument, amount) = (InstrumentId::kept(7), Money::new(4_550, Currency::Aud));
    session(3, ThreeDsSubject::Payment { movement: Reference::FIRST, instrument, amount })
}

async fn an_action_is_read_back_as_it_was_saved_and_completed_once(store: &Store) {
    let found = write(store, |tx| {
        tx.insert_frames_action(&action())?;
        tx.find_frames_action(action().id)
    });
    assert_eq!(found.await, Some(action()));
    let typed = action().submit(Some(vec![1, 2]), Some(CardExpiry { year: 2034, month: 9 }), NOW).unwrap();
    let (saved, wanted) = (typed.clone(), typed.clone().require_authentication(NOW).unwrap());
    let found = write(store, move |tx| {
        tx.save_frames_action(&saved)?;
        let submitted = tx.find_frames_action(saved.id)?;
        tx.save_frames_action(&wanted)?;
        Ok((submitted, tx.find_frames_action(saved.id)?))
    });
    let (submitted, required) = found.await;
    assert_eq!(submitted, Some(typed.clone()));
    assert_eq!(required.map(|found| found.state), Some(FramesState::AuthenticationRequired));
    let done = typed.clone().complete(InstrumentId::kept(8), NOW).unwrap();
    let saved = done.clone();
    let found = write(store, move |tx| {
        tx.save_frames_action(&saved)?;
        tx.find_frames_action(saved.id)
    });
    assert_eq!(found.await, Some(done));
    let again: Result<(), StoreError> = store.write(move |tx| tx.save_frames_action(&typed)).await;
    assert_eq!(again, Err(StoreError::Stale), "what is complete stays as it is");
}

async fn a_session_is_read_back_at_every_step(store: &Store) {
    let challenged = of_payment().enrol(ThreeDsEnrolment::Challenge, NOW).unwrap();
    let wrong = challenged.clone().answer(ThreeDsAnswer::Wrong, NOW).unwrap();
    let right = wrong.clone().answer(ThreeDsAnswer::Right("proof".to_owned()), NOW).unwrap();
    let (used, _) = right.clone().use_up(NOW).unwrap();
    write(store, |tx| tx.insert_three_ds_session(&of_payment())).await;
    for step in [challenged, wrong, right.clone(), used] {
        let saved = step.clone();
        let found = write(store, move |tx| {
            tx.save_three_ds_session(&saved)?;
            Ok((tx.find_three_ds_session(saved.id)?, tx.find_three_ds_session_of(saved.transaction)?))
        });
        assert_eq!(found.await, (Some(step.clone()), Some(step)));
    }
    let again: Result<(), StoreError> = store.write(move |tx| tx.save_three_ds_session(&right)).await;
    assert_eq!(again, Err(StoreError::Stale), "a proof that was used is not good again");
    let of_capture = session(4, ThreeDsSubject::Capture(action().id)).enrol(ThreeDsEnrolment::Frictionless("p".to_owned()), NOW).unwrap();
    let saved = of_capture.clone();
    let found = write(store, move |tx| {
        tx.insert_three_ds_session(&session(4, ThreeDsSubject::Capture(action().id)))?;
        tx.save_three_ds_session(&saved)?;
        tx.latest_three_ds_session(action().id)
    });
    assert_eq!(found.await, Some(of_capture));
}

async fn what_ended_is_forgotten(store: &Store) {
    let forgotten = write(store, |tx| {
        tx.insert_frames_action(&action())?;
        tx.insert_three_ds_session(&of_payment())?;
        let (before, after) = (NOW.plus(minutes(15)), NOW.plus(minutes(16)));
        assert_eq!((tx.forget_frames_actions(before)?, tx.forget_three_ds_sessions(before)?), (0, 0));
        Ok((tx.forget_frames_actions(after)?, tx.forget_three_ds_sessions(after)?))
    });
    assert_eq!(forgotten.await, (1, 1));
}
