//! Credentials: how an operator takes sellers on and gives, rotates and ends their tokens.

use crate::cast::{CompanyFate, Florin, Receiver, Shop, Wish, story};

/// Takes a seller on and gives its server a token.
fn new_shop(florin: &Florin, name: &str) -> Shop {
    let made = florin.operator(&["merchant", "create", "--name", name]);
    let uuid =
        made.split_whitespace().find(|word| word.len() == 36 && word.matches('-').count() == 4).expect("the new seller's id").to_owned();
    let token = florin.operator(&["token", "issue", "--seller", &uuid, "--redirect-url", "https://new.example/thanks?from=florin"]);
    Shop::new(florin.http.clone(), name, &uuid, token.trim(), Some("https://new.example/thanks?from=florin".to_owned()))
}

/// The id of the only token of a seller.
fn token_ids(florin: &Florin, shop: &Shop) -> Vec<String> {
    let list = florin.admin("GET", &format!("/admin/tokens?seller={}", shop.uuid), None).is(200).json();
    list["tokens"].as_array().expect("tokens").iter().map(|token| token["id"].as_str().expect("an id").to_owned()).collect()
}

fn is_let_in(shop: &Shop) -> bool {
    let answer = shop.send(shop.ask("GET", &shop.connection_path()));
    assert!(matches!(answer.status, 200 | 401), "{}", answer.status);
    answer.status == 200
}

story! {
    fn a_new_seller_sells_with_its_token(florin) {
        let shop = new_shop(florin, "Fennel & Oak <Trade>");
        assert!(shop.token.len() == 40 && shop.token.bytes().all(|byte| byte.is_ascii_hexdigit()), "plugins check the shape");
        let order = shop.creates(&Wish::of(500.0));
        assert_eq!(shop.gets(&order.id)["redirect_url"], format!("https://new.example/thanks?from=florin&orderId={}", order.id));
        let tab = florin.buyer(CompanyFate::Approved).pays_later(&order);
        tab.page.says("Fennel & Oak <Trade>");
        assert_eq!(shop.status(&order), "SUCCESSFUL");
        let listed = florin.operator(&["token", "list"]);
        assert!(listed.contains(&shop.uuid) && !listed.contains(&shop.token), "a token is shown once: {listed}");
        assert!(florin.operator(&["merchant", "list"]).contains("Fennel & Oak <Trade>"));
    }
}

story! {
    fn a_token_without_a_redirect_url_still_sells(florin) {
        let uuid = new_shop(florin, "Plain").uuid;
        let token = florin.operator(&["token", "issue", "--seller", &uuid]);
        let shop = Shop::new(florin.http.clone(), "Plain", &uuid, token.trim(), None);
        let order = shop.creates(&Wish::of(500.0));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
    }
}

story! {
    fn a_revoked_token_opens_nothing(florin) {
        let shop = new_shop(florin, "Fennel & Oak");
        let order = shop.creates(&Wish::of(500.0));
        let id = token_ids(florin, &shop).remove(0);
        florin.operator(&["token", "revoke", &id]);
        assert!(!is_let_in(&shop));
        shop.send(shop.ask("GET", &shop.seller_path(&order.id))).is(401);
        assert!(florin.shop(0).gets(&florin.shop(0).creates(&Wish::of(1.0)).id).is_object(), "others are not touched");
        let second = florin.operator(&["token", "issue", "--seller", &shop.uuid]);
        let shop = shop.with_token(second.trim());
        assert!(is_let_in(&shop));
        assert_eq!(shop.status(&order), "CREATED", "orders belong to the seller, not to its token");
    }
}

story! {
    fn a_rotated_token_stays_good_for_the_overlap_and_no_longer(florin) {
        let old = new_shop(florin, "Fennel & Oak");
        let news = Receiver::new();
        let order = old.creates(&Wish::of(500.0).told_to(&news.url()));
        let id = token_ids(florin, &old).remove(0);
        let made = florin.operator(&["token", "rotate", &id, "--overlap", "24h"]);
        let new = old.with_token(made.trim());
        assert_ne!(new.token, old.token);
        assert!(is_let_in(&old) && is_let_in(&new), "both during the overlap");
        let moved = new.creates(&Wish::of(500.0));
        assert_eq!(new.gets(&moved.id)["redirect_url"], new.way_back(&moved).as_str(), "the redirect goes with the token");
        florin.time_passes("25h");
        assert!(!is_let_in(&old) && is_let_in(&new));
        new.cancels(&order.id).is(204);
        let told = news.hears_of("the cancel", |heard| heard.field("status") == "UNSUCCESSFUL");
        let signed = told.header("x-iwocapay-hmac-sha256");
        let known = [&old, &new].iter().any(|shop| signed == crate::cast::signature(&shop.token, &told.body));
        assert!(known, "signed with a token that the seller has");
        let at_once = florin.operator(&["token", "rotate", &token_ids_of_good(florin, &new)]);
        assert!(!is_let_in(&new) && is_let_in(&new.with_token(at_once.trim())), "no overlap unless one is named");
    }
}

/// The id of the token that is still good for ever.
fn token_ids_of_good(florin: &Florin, shop: &Shop) -> String {
    let list = florin.admin("GET", &format!("/admin/tokens?seller={}", shop.uuid), None).is(200).json();
    let good =
        list["tokens"].as_array().expect("tokens").iter().find(|token| token["expires_at"].is_null() && token["revoked_at"].is_null());
    good.expect("a good token")["id"].as_str().expect("an id").to_owned()
}

story! {
    fn the_operators_commands_say_what_is_wrong(florin) {
        for words in [
            ["token", "issue", "--seller", "00000000-0000-4000-8000-000000000000"].as_slice(),
            &["token", "issue", "--seller", "x"],
            &["token", "revoke", "00000000-0000-4000-8000-000000000000"],
            &["token", "rotate", "x"],
            &["merchant", "create", "--name", ""],
            &["merchant", "create", "--name", "x", "--payout-hold", "15"],
            &["merchant", "create", "--name", "x", "--pricing", "seller-pays"],
            &["merchant", "create", "--name", "x", "--pricing", "seller-pays", "--fee", "-1"],
            &["webhooks", "show", "999999"],
            &["webhooks", "redeliver", "999999"],
            &["clock", "advance", "yesterday"],
            &["clock", "advance", "35d", "--key", "wrong"],
        ] {
            let output = florin.operator_tries(words);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{words:?} went through");
            assert!(said.trim().len() > 10 && !said.contains("panicked"), "{words:?}: {said}");
        }
    }
}
