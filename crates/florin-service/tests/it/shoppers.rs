//! Tokens: whom they let in, how they are renewed, and which keys sign them.

use std::time::Duration;

use florin_domain::shopper::WalletKind;
use florin_domain::time::hours;
use florin_service::caller;
use florin_service::shoppers::{self, SignIn};
use florin_service::{Algorithm, merchants, signing};

use crate::shop::{Shop, code, master, process};

#[tokio::test]
async fn a_token_lets_its_shopper_in_until_it_ends() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let ask = SignIn { shopper: "jo".to_owned(), guest: false, access_s: Some(120), refresh_s: Some(600) };
    let tokens = shoppers::sign_in(&shop.cx, &merchant, ask).await.unwrap();
    assert_eq!((tokens.access_expires_in_s, tokens.refresh_expires_in_s), (119, 599));

    let jo = caller::shopper(&shop.cx, &merchant, &tokens.access, WalletKind::Merchant).await.unwrap();
    assert_eq!((jo.shopper.as_str(), jo.guest), ("jo", false));
    let again = caller::shopper(&shop.cx, &merchant, &tokens.access, WalletKind::Everyday).await.unwrap();
    assert_ne!(again.wallet, jo.wallet, "the header chooses the wallet");
    assert_eq!(caller::wallet_of(&merchant.merchant.id, &jo.shopper, WalletKind::Merchant), jo.wallet);

    shop.wait(Duration::from_secs(121)).await;
    assert_eq!(code(caller::shopper(&shop.cx, &merchant, &tokens.access, WalletKind::Merchant).await), "unauthorised");
    let renewed = shoppers::refresh(&shop.cx, &merchant, tokens.refresh.expose()).await.unwrap();
    let back = caller::shopper(&shop.cx, &merchant, &renewed.access, WalletKind::Merchant).await.unwrap();
    assert_eq!((back.wallet, renewed.access_expires_in_s), (jo.wallet, 119));
    shop.wait(Duration::from_secs(601)).await;
    assert_eq!(code(shoppers::refresh(&shop.cx, &merchant, renewed.refresh.expose()).await), "unauthorised");
}

#[tokio::test]
async fn a_token_opens_nothing_at_another_merchant() {
    let shop = Shop::open().await;
    let (one, other) = (shop.merchant("10006").await, shop.merchant("petculture").await);
    let tokens = shop.sign_in(&one, "jo", false).await;
    assert_eq!(code(caller::shopper(&shop.cx, &other, &tokens.access, WalletKind::Merchant).await), "unauthorised");
    assert!(caller::shopper(&shop.cx, &one, &tokens.access, WalletKind::Merchant).await.is_ok());
    assert_eq!(code(caller::shopper(&shop.cx, &other, &tokens.access, WalletKind::Merchant).await), "unauthorised", "known by now");
    assert_eq!(code(shoppers::refresh(&shop.cx, &other, tokens.refresh.expose()).await), "unauthorised");
    assert!(shoppers::refresh(&shop.cx, &one, tokens.refresh.expose()).await.is_ok(), "the stranger spent nothing");
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_all_that_came_from_its_sign_in() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let first = shop.sign_in(&merchant, "jo", false).await;
    let elsewhere = shop.sign_in(&merchant, "jo", false).await;
    let second = shoppers::refresh(&shop.cx, &merchant, first.refresh.expose()).await.unwrap();
    assert_eq!(code(shoppers::refresh(&shop.cx, &merchant, first.refresh.expose()).await), "unauthorised");
    assert_eq!(code(shoppers::refresh(&shop.cx, &merchant, second.refresh.expose()).await), "unauthorised", "the thief's is gone as well");
    assert!(shoppers::refresh(&shop.cx, &merchant, elsewhere.refresh.expose()).await.is_ok());
}

#[tokio::test]
async fn of_many_that_refresh_at_once_one_succeeds() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let tokens = shop.sign_in(&merchant, "jo", false).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (cx, merchant, text) = (shop.cx.clone(), merchant.clone(), tokens.refresh.expose().to_owned());
        calls.spawn(async move { shoppers::refresh(&cx, &merchant, &text).await.is_ok() });
    }
    let mut won = 0;
    while let Some(outcome) = calls.join_next().await {
        won += u32::from(outcome.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn shoppers_are_not_named_by_e_mail_and_lives_are_bounded() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let ask = |shopper: &str, access_s, refresh_s| SignIn { shopper: shopper.to_owned(), guest: false, access_s, refresh_s };
    for (ask, expected) in [
        (ask("jo@example.com", None, None), "shopperId"),
        (ask("", None, None), "shopperId"),
        (ask("jo", Some(59), None), "access_token_exp"),
        (ask("jo", None, Some(59)), "refresh_token_exp"),
    ] {
        assert_eq!(code(shoppers::sign_in(&shop.cx, &merchant, ask).await), expected);
    }
}

#[tokio::test]
async fn old_tokens_outlive_the_rotation_of_their_key() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let old = shop.sign_in(&merchant, "jo", false).await;
    let other = process(&shop.database, &master(), None).await.unwrap();
    assert!(caller::shopper(&other, &merchant, &old.access, WalletKind::Merchant).await.is_ok(), "another process knows the key");

    let kid = signing::rotate(&shop.cx, Some(Algorithm::Es256)).await.unwrap();
    let jwks = signing::jwks(&shop.cx).await.unwrap();
    assert!(jwks.contains(&kid) && jwks.contains("EdDSA") && jwks.contains("ES256"), "{jwks}");
    let new = shop.sign_in(&merchant, "jo", false).await;
    for token in [&old.access, &new.access] {
        let found = caller::shopper(&other, &merchant, token, WalletKind::Merchant).await;
        assert!(found.is_ok(), "{found:?}");
    }
    shop.wait(hours(25)).await;
    let jwks = signing::jwks(&shop.cx).await.unwrap();
    assert!(jwks.contains("ES256") && !jwks.contains("EdDSA"), "{jwks}");
}

#[tokio::test]
async fn a_revoked_api_key_opens_nothing() {
    let shop = Shop::open().await;
    let merchant = shop.merchant("10006").await;
    let (record, key) = merchants::issue_key(&shop.cx, &merchant.merchant.id).await.unwrap();
    assert!(caller::merchant(&shop.cx, Some(key.expose())).await.is_ok());
    merchants::revoke_key(&shop.cx, record.id).await.unwrap();
    assert_eq!(code(caller::merchant(&shop.cx, Some(key.expose())).await), "unauthorised");
    for bad in [None, Some("short"), Some("0123456789abcdef")] {
        assert_eq!(code(caller::merchant(&shop.cx, bad).await), "unauthorised");
    }
}
