//! What the nouns around shoppers promise, on both engines: merchants, keys, sign-ins, wallets and what is in them.

use florin_domain::agreement::{Agreement, AgreementKind, Frequency};
use florin_domain::card::CardExpiry;
use florin_domain::instrument::{Instrument, InstrumentId, InstrumentKind, InstrumentStatus};
use florin_domain::merchant::{DuplicateReferences, Merchant, MerchantId};
use florin_domain::seller::{Pricing, Seller};
use florin_domain::shopper::ShopperId;
use florin_domain::time::{days, hours, minutes};
use florin_domain::{AgreementId, ApiKeyId, CaptureId, Currency, FamilyId, InstrumentToken, Money, SellerId, Timestamp, WalletId};
use florin_store::{ApiKeyRecord, CaptureRecord, RefreshRecord, SigningKeyRecord, Store, StoreError, Tx};

use crate::bed::{NOW, on_both_engines, write};

on_both_engines! {
    a_merchant_is_read_back_with_its_networks
    an_api_key_leads_to_its_merchant_and_says_when_it_was_revoked
    the_public_keys_of_a_merchant_are_its_own
    signing_keys_retire_and_are_forgotten
    a_refresh_token_is_spent_once_and_its_family_is_revoked
    refresh_tokens_are_forgotten_part_by_part
    an_instrument_is_read_back_as_it_was_saved
    an_instrument_is_found_by_all_its_names
    a_payment_verifies_what_is_kept_and_nothing_else
    a_wallet_is_removed_with_everything_in_it
    a_capture_is_finished_once
    attempts_are_counted_by_window
    a_proof_is_spent_once
    an_agreement_is_read_back_as_it_was_saved
    keys_and_secrets_are_kept_and_wrapped_anew
}

pub fn seller() -> Seller {
    Seller {
        id: SellerId::from_random([3; 16]),
        name: "Harbour".to_owned(),
        pricing: Pricing::BuyerPays,
        payout_hold_days: 0,
        created_at: NOW,
    }
}

pub fn merchant(name: &str) -> Merchant {
    Merchant {
        id: MerchantId::parse(name).unwrap(),
        seller: seller().id,
        name: "Harbour – Tëa".to_owned(),
        origins: vec!["https://shop.example".to_owned(), "https://app.example:8443".to_owned()],
        allowed: vec!["127.0.0.1/32".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        fee_bps: 100,
        duplicate_references: DuplicateReferences::Reject,
        created_at: NOW,
    }
}

/// Two merchants of one seller.
fn open(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.insert_seller(&seller())?;
    tx.insert_merchant(&merchant("10006"))?;
    tx.insert_merchant(&Merchant { origins: Vec::new(), allowed: Vec::new(), ..merchant("petculture") })
}

pub fn wallet(number: u8) -> WalletId {
    WalletId::from_random([number; 16])
}

pub fn instrument(number: u8) -> Instrument {
    Instrument {
        id: InstrumentId::kept(90_730 + i64::from(number)),
        token: InstrumentToken::from_random([number; 16]),
        wallet: wallet(1),
        merchant: merchant("10006").id,
        kind: InstrumentKind::Card,
        status: InstrumentStatus::Unverified,
        primary: false,
        network: Some("VISA".to_owned()),
        bin: Some("424242".to_owned()),
        suffix: Some("4242".to_owned()),
        expiry: Some(CardExpiry { year: 2029, month: 9 }),
        code_checked: false,
        account: None,
        customer: None,
        fingerprint: [number; 32],
        sealed: vec![0, 255, number],
        created_at: NOW.plus(minutes(number.into())),
        updated_at: NOW,
        used_at: None,
        gone_at: None,
    }
}

async fn a_merchant_is_read_back_with_its_networks(store: &Store) {
    write(store, |tx| {
        open(tx)?;
        let known = merchant("10006");
        assert_eq!(tx.find_merchant(&known.id)?.as_ref(), Some(&known));
        let plain = tx.find_merchant(&merchant("petculture").id)?.unwrap();
        assert!(plain.origins.is_empty() && plain.allowed.is_empty());

        let changed = Merchant {
            name: "Other".to_owned(),
            origins: Vec::new(),
            fee_bps: 0,
            duplicate_references: DuplicateReferences::Accept,
            ..known.clone()
        };
        tx.save_merchant(&Merchant { allowed: Vec::new(), ..changed.clone() })?;
        assert_eq!(tx.find_merchant(&known.id)?, Some(changed), "networks have their own verbs");

        let network = "203.0.113.0/24".parse().unwrap();
        tx.allow_network(&known.id, &network)?;
        tx.allow_network(&known.id, &network)?;
        assert_eq!(tx.find_merchant(&known.id)?.map(|merchant| merchant.allowed.len()), Some(3), "allowed once");
        assert!(tx.disallow_network(&known.id, &network)? && !tx.disallow_network(&known.id, &network)?);
        assert_eq!(tx.find_merchant(&known.id)?.map(|merchant| merchant.allowed), Some(known.allowed));

        let nobody = MerchantId::parse("nobody").unwrap();
        assert_eq!(tx.find_merchant(&nobody)?, None);
        assert_eq!(tx.save_merchant(&merchant("nobody")), Err(StoreError::Stale));
        assert_eq!(tx.allow_network(&nobody, &network), Err(StoreError::Stale));
        assert_eq!(tx.disallow_network(&nobody, &network), Err(StoreError::Stale));
        assert_eq!(tx.list_merchants()?.len(), 2);
        Ok(())
    })
    .await;
    let again = store.write(|tx| tx.insert_merchant(&merchant("10006"))).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
}

async fn an_api_key_leads_to_its_merchant_and_says_when_it_was_revoked(store: &Store) {
    let key = |number: u8| ApiKeyRecord {
        id: ApiKeyId::from_random([number; 16]),
        merchant: merchant("10006").id,
        created_at: NOW.plus(minutes(number.into())),
        revoked_at: None,
    };
    write(store, move |tx| {
        open(tx)?;
        tx.insert_api_key(&key(2), &[2; 32])?;
        tx.insert_api_key(&key(1), &[1; 32])?;
        assert_eq!(tx.find_api_key(&[1; 32])?, Some((merchant("10006"), key(1))));
        assert_eq!(tx.find_api_key(&[9; 32])?, None);
        assert_eq!(tx.list_api_keys(&merchant("10006").id)?, [key(1), key(2)]);
        assert_eq!(tx.list_api_keys(&merchant("petculture").id)?, []);
        assert!(tx.revoke_api_key(key(1).id, NOW)? && !tx.revoke_api_key(key(1).id, NOW)?, "revoked once");
        let revoked = ApiKeyRecord { revoked_at: Some(NOW), ..key(1) };
        assert_eq!(tx.find_api_key(&[1; 32])?.map(|(_, key)| key), Some(revoked));
        Ok(())
    })
    .await;
    let again = store.write(move |tx| tx.insert_api_key(&key(3), &[1; 32])).await;
    assert_eq!(again, Err(StoreError::Conflict { on: "api_keys.hash".to_owned() }));
}

async fn the_public_keys_of_a_merchant_are_its_own(store: &Store) {
    write(store, |tx| {
        open(tx)?;
        let (one, other) = (merchant("10006").id, merchant("petculture").id);
        tx.insert_server_key(&one, "k1", "PEM", NOW)?;
        tx.insert_server_key(&other, "k1", "OTHER", NOW)?;
        assert_eq!(tx.find_server_key(&one, "k1")?.as_deref(), Some("PEM"));
        assert_eq!(tx.find_server_key(&one, "k2")?, None);
        assert_eq!(tx.list_server_keys(&one)?, [("k1".to_owned(), "PEM".to_owned(), NOW)]);
        assert!(tx.remove_server_key(&one, "k1")? && !tx.remove_server_key(&one, "k1")?);
        assert_eq!(tx.find_server_key(&other, "k1")?.as_deref(), Some("OTHER"));
        Ok(())
    })
    .await;
}

async fn signing_keys_retire_and_are_forgotten(store: &Store) {
    let key = |kid: &str, minute| SigningKeyRecord {
        kid: kid.to_owned(),
        algorithm: "EdDSA".to_owned(),
        public: vec![1, 2],
        sealed: vec![0, 255],
        created_at: NOW.plus(minutes(minute)),
        retires_at: None,
    };
    write(store, move |tx| {
        tx.insert_signing_key(&key("old", 0))?;
        tx.insert_signing_key(&key("new", 1))?;
        assert!(tx.list_signing_keys()? == [key("new", 1), key("old", 0)], "newest first");
        let end = NOW.plus(hours(1));
        assert_eq!(tx.retire_signing_keys("new", end)?, 1);
        assert_eq!(tx.retire_signing_keys("new", end.plus(hours(1)))?, 0, "an end that is settled stays");
        let ends: Vec<_> = tx.list_signing_keys()?.iter().map(|key| key.retires_at).collect();
        assert_eq!(ends, [None, Some(end)]);
        assert_eq!(tx.forget_signing_keys(end)?, 0);
        assert_eq!(tx.forget_signing_keys(end.plus(hours(1)))?, 1);
        assert!(tx.list_signing_keys()? == [key("new", 1)]);
        Ok(())
    })
    .await;
}

fn refresh_token(number: u8) -> RefreshRecord {
    RefreshRecord {
        hash: [number; 32],
        family: FamilyId::from_random([number / 100; 16]),
        merchant: merchant("10006").id,
        key: ApiKeyId::from_random([1; 16]),
        shopper: "1100000000093126352".to_owned(),
        guest: number.is_multiple_of(2),
        expires_at: NOW.plus(days(30)),
        access_s: 3_600,
        refresh_s: 2_592_000,
    }
}

async fn a_refresh_token_is_spent_once_and_its_family_is_revoked(store: &Store) {
    write(store, |tx| {
        for number in [1, 2, 201] {
            tx.insert_refresh_token(&refresh_token(number))?;
            assert_eq!(tx.find_refresh_token(&[number; 32])?, Some((refresh_token(number), false, false)));
        }
        assert_eq!(tx.find_refresh_token(&[9; 32])?, None);
        assert!(tx.spend_refresh_token(&[1; 32], NOW)? && !tx.spend_refresh_token(&[1; 32], NOW)?, "spent once");
        assert!(!tx.spend_refresh_token(&[9; 32], NOW)?);
        assert_eq!(tx.find_refresh_token(&[1; 32])?, Some((refresh_token(1), true, false)));
        tx.revoke_family(refresh_token(1).family, NOW)?;
        tx.revoke_family(refresh_token(1).family, NOW)?;
        assert_eq!(tx.find_refresh_token(&[2; 32])?, Some((refresh_token(2), false, true)));
        assert_eq!(tx.find_refresh_token(&[201; 32])?, Some((refresh_token(201), false, false)), "another sign-in goes on");
        Ok(())
    })
    .await;
}

async fn refresh_tokens_are_forgotten_part_by_part(store: &Store) {
    write(store, |tx| {
        for number in [0, 1, 127, 128, 255] {
            tx.insert_refresh_token(&refresh_token(number))?;
        }
        let lasting = RefreshRecord { expires_at: NOW.plus(days(60)), ..refresh_token(7) };
        tx.insert_refresh_token(&lasting)?;
        let family = lasting.family;
        tx.revoke_family(family, NOW)?;
        let later = NOW.plus(days(31));
        let forgotten: u64 = (0..256).map(|_| tx.forget_refresh_tokens(later)).sum::<Result<_, _>>()?;
        assert_eq!(forgotten, 5);
        assert_eq!(tx.find_refresh_token(&[7; 32])?, Some((lasting, false, true)), "a family stays revoked while a token is good");
        tx.forget_refresh_tokens(NOW.plus(days(500)))?;
        assert_eq!(tx.find_refresh_token(&[7; 32])?.map(|(_, _, revoked)| revoked), Some(false));
        Ok(())
    })
    .await;
}

async fn an_instrument_is_read_back_as_it_was_saved(store: &Store) {
    let bare = Instrument {
        kind: InstrumentKind::PayPal,
        network: None,
        bin: None,
        suffix: None,
        expiry: None,
        account: Some("jo".to_owned()),
        customer: Some("Jo".to_owned()),
        sealed: Vec::new(),
        ..instrument(2)
    };
    let changed = Instrument {
        status: InstrumentStatus::Verified,
        primary: true,
        network: Some("AMEX".to_owned()),
        bin: None,
        suffix: Some("0005".to_owned()),
        expiry: Some(CardExpiry { year: 2031, month: 12 }),
        code_checked: true,
        account: Some("a".to_owned()),
        customer: Some("c".to_owned()),
        fingerprint: [77; 32],
        sealed: vec![7],
        updated_at: NOW.plus(days(1)),
        used_at: Some(NOW.plus(days(2))),
        gone_at: Some(NOW.plus(days(3))),
        ..instrument(1)
    };
    write(store, move |tx| {
        tx.insert_instrument(&instrument(1))?;
        tx.insert_instrument(&bare)?;
        assert!(tx.find_instrument(&instrument(1).id)? == Some(instrument(1)));
        assert!(tx.find_instrument(&bare.id)?.as_ref() == Some(&bare));
        tx.save_instrument(&changed)?;
        assert!(tx.find_instrument(&changed.id)?.as_ref() == Some(&changed));
        assert_eq!(tx.save_instrument(&instrument(3)), Err(StoreError::Stale));
        assert_eq!((tx.take_number("instruments", 90_731)?, tx.take_number("instruments", 90_731)?), (90_731, 90_732));
        assert_eq!(tx.take_number("others", 5)?, 5, "each name counts for itself");
        Ok(())
    })
    .await;
    let twin = Instrument { id: instrument(4).id, ..instrument(1) };
    let again = store.write(move |tx| tx.insert_instrument(&twin)).await;
    assert_eq!(again, Err(StoreError::Conflict { on: "instruments.token".to_owned() }));
}

async fn an_instrument_is_found_by_all_its_names(store: &Store) {
    write(store, |tx| {
        let twin = Instrument { fingerprint: [1; 32], ..instrument(3) };
        let elsewhere = Instrument { wallet: wallet(2), fingerprint: [1; 32], ..instrument(2) };
        for instrument in [&twin, &elsewhere, &instrument(1)] {
            tx.insert_instrument(instrument)?;
        }
        assert!(tx.find_instrument_by_token(elsewhere.token)?.as_ref() == Some(&elsewhere));
        assert!(tx.find_instrument_by_token(InstrumentToken::from_random([9; 16]))?.is_none());
        let find = |tx: &mut Tx<'_>, wallet, kind| tx.find_instrument_by_fingerprint(wallet, kind, &[1; 32]);
        assert!(find(tx, wallet(1), InstrumentKind::Card)? == Some(instrument(1)), "the oldest");
        assert!(find(tx, wallet(2), InstrumentKind::Card)?.as_ref() == Some(&elsewhere));
        assert!(find(tx, wallet(1), InstrumentKind::GiftCard)?.is_none());
        let listed = tx.list_instruments(wallet(1))?;
        assert!(listed == [instrument(1), twin], "oldest first, of one wallet");
        Ok(())
    })
    .await;
}

async fn a_payment_verifies_what_is_kept_and_nothing_else(store: &Store) {
    write(store, |tx| {
        let guest = Instrument { status: InstrumentStatus::Transient, gone_at: Some(NOW.plus(hours(1))), ..instrument(2) };
        tx.insert_instrument(&Instrument { primary: true, ..instrument(1) })?;
        tx.insert_instrument(&guest)?;
        let status = |tx: &mut Tx<'_>, number| Ok::<_, StoreError>(tx.find_instrument(&instrument(number).id)?.unwrap().status);
        tx.use_instrument(&instrument(1).id, NOW, false)?;
        assert_eq!(status(tx, 1)?, InstrumentStatus::Unverified);
        for number in [1, 2, 3] {
            tx.use_instrument(&instrument(number).id, NOW.plus(days(1)), true)?;
        }
        assert_eq!((status(tx, 1)?, status(tx, 2)?), (InstrumentStatus::Verified, InstrumentStatus::Transient));
        tx.clear_primary(wallet(1), NOW.plus(days(2)))?;
        let kept = tx.find_instrument(&instrument(1).id)?.unwrap();
        assert_eq!((kept.used_at, kept.primary, kept.updated_at), (Some(NOW.plus(days(1))), false, NOW.plus(days(2))));
        assert_eq!(tx.forget_transients(NOW.plus(minutes(59)))?, 0);
        assert_eq!(tx.forget_transients(NOW.plus(hours(1)))?, 1, "gone with the guest's token");
        assert!(tx.remove_instrument(&instrument(1).id)? && !tx.remove_instrument(&instrument(1).id)?);
        Ok(())
    })
    .await;
}

fn agreement(number: u8) -> Agreement {
    Agreement {
        id: AgreementId::from_random([number; 16]),
        merchant: merchant("10006").id,
        wallet: wallet(1),
        shopper: ShopperId::parse("s-1").unwrap(),
        instrument: instrument(1).id,
        kind: AgreementKind::Recurring,
        frequency: Frequency::Monthly,
        amount: Money::new(1_299, Currency::Aud),
        description: None,
        starts_at: NOW,
        ends_at: None,
        cycle: 0,
        created_at: NOW.plus(minutes(number.into())),
        updated_at: NOW,
        used_at: None,
    }
}

async fn a_wallet_is_removed_with_everything_in_it(store: &Store) {
    write(store, |tx| {
        let elsewhere = Instrument { wallet: wallet(2), ..instrument(3) };
        for instrument in [&instrument(1), &instrument(2), &elsewhere] {
            tx.insert_instrument(instrument)?;
        }
        tx.insert_agreement(&agreement(1))?;
        assert_eq!(tx.remove_wallet(wallet(1))?, 3);
        assert_eq!(tx.remove_wallet(wallet(1))?, 0);
        assert!(tx.list_instruments(wallet(1))?.is_empty() && tx.list_agreements(wallet(1))?.is_empty());
        assert_eq!(tx.list_instruments(wallet(2))?.len(), 1);
        Ok(())
    })
    .await;
}

async fn a_capture_is_finished_once(store: &Store) {
    let capture = |number: u8, gone_at| CaptureRecord {
        id: CaptureId::from_random([number; 16]),
        merchant: merchant("10006").id,
        wallet: wallet(1),
        gone_at,
        client_reference: "c".to_owned(),
        created_at: NOW,
        expires_at: NOW.plus(minutes(30)),
        instrument: None,
    };
    let (one, guest) = (capture(1, None), capture(2, Some(NOW.plus(hours(1)))));
    write(store, move |tx| {
        for capture in [&one, &guest] {
            tx.insert_capture(capture)?;
            assert_eq!(tx.find_capture(capture.id)?.as_ref(), Some(capture));
        }
        assert!(tx.finish_capture(one.id, &instrument(1).id)? && !tx.finish_capture(one.id, &instrument(2).id)?);
        let finished = CaptureRecord { instrument: Some(instrument(1).id), ..one.clone() };
        assert_eq!(tx.find_capture(one.id)?, Some(finished));
        assert_eq!(tx.forget_captures(one.expires_at)?, 0);
        assert_eq!(tx.forget_captures(one.expires_at.plus(minutes(1)))?, 2);
        assert_eq!(tx.find_capture(one.id)?, None);
        assert!(!tx.finish_capture(one.id, &instrument(1).id)?);
        Ok(())
    })
    .await;
}

async fn attempts_are_counted_by_window(store: &Store) {
    write(store, |tx| {
        let next = NOW.plus(minutes(1));
        assert_eq!((tx.count_attempt("a", NOW)?, tx.count_attempt("a", NOW)?, tx.count_attempt("b", NOW)?), (1, 2, 1));
        assert_eq!((tx.count_attempt("a", next)?, tx.count_attempt("a", next)?), (1, 2), "a new window begins at one");
        assert_eq!(tx.forget_attempts(next)?, 1);
        assert_eq!((tx.count_attempt("a", next)?, tx.count_attempt("b", next)?), (3, 1));
        Ok(())
    })
    .await;
}

async fn a_proof_is_spent_once(store: &Store) {
    write(store, |tx| {
        let end = NOW.plus(minutes(15));
        assert!(tx.spend_proof(b"ticket", end)? && !tx.spend_proof(b"ticket", end)? && tx.spend_proof(b"other", end)?);
        assert_eq!(tx.forget_proofs(end)?, 0);
        assert_eq!(tx.forget_proofs(Timestamp::from_micros(end.micros() + 1))?, 2);
        Ok(())
    })
    .await;
}

async fn an_agreement_is_read_back_as_it_was_saved(store: &Store) {
    write(store, |tx| {
        tx.insert_agreement(&agreement(2))?;
        tx.insert_agreement(&agreement(1))?;
        assert_eq!(tx.list_agreements(wallet(1))?, [agreement(1), agreement(2)]);
        let changed = Agreement {
            instrument: instrument(2).id,
            kind: AgreementKind::Instalment,
            frequency: Frequency::Annually,
            amount: Money::new(1, Currency::Aud),
            description: Some("a paper a day".to_owned()),
            starts_at: NOW.plus(days(1)),
            ends_at: Some(NOW.plus(days(9))),
            updated_at: NOW.plus(days(2)),
            ..agreement(1)
        };
        let changed = changed.charged(NOW.plus(days(3)));
        tx.save_agreement(&changed)?;
        assert_eq!(tx.find_agreement(changed.id)?, Some(changed));
        assert_eq!(tx.save_agreement(&agreement(3)), Err(StoreError::Stale));
        assert!(tx.remove_agreement(agreement(1).id)? && !tx.remove_agreement(agreement(1).id)?);
        assert_eq!(tx.find_agreement(agreement(1).id)?, None);
        Ok(())
    })
    .await;
}

async fn keys_and_secrets_are_kept_and_wrapped_anew(store: &Store) {
    write(store, |tx| {
        assert_eq!(tx.secret("house")?, None);
        assert_eq!((tx.keep_secret("house", &[1])?, tx.keep_secret("house", &[2])?), (vec![1], vec![1]));
        assert_eq!(tx.secret("house")?, Some(vec![1]));
        tx.keep_data_key("b", &[1])?;
        tx.keep_data_key("a", &[2])?;
        assert_eq!(tx.list_data_keys()?, [("a".to_owned(), vec![2]), ("b".to_owned(), vec![1])]);
        assert!(tx.replace_data_key("a", &[2], &[3])?);
        assert!(!tx.replace_data_key("a", &[2], &[4])?, "somebody else has wrapped it anew");
        assert_eq!(tx.data_key("a")?, Some(vec![3]));
        Ok(())
    })
    .await;
}
