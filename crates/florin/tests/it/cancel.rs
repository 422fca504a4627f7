//! Ends: what a seller cancels, and what runs out by itself.

use serde_json::json;

use crate::cast::{CompanyFate, Fate, Florin, Order, Receiver, Shop, Wish, story};

const FINAL: &str = "Can't cancel order of terminal state";

/// Brings an order into a state by what a buyer does.
fn brought_to(florin: &Florin, state: &str) -> Order {
    let order = florin.shop(0).creates(&Wish::of(500.0));
    let buyer = florin.buyer(CompanyFate::Approved);
    match state {
        "CREATED" => {}
        "PENDING" => {
            let mut tab = buyer.opens(&order);
            tab.chooses_credit();
            tab.goes_on_until(|tab| tab.is_asked_for("company"));
        }
        "APPROVED" => {
            let mut tab = buyer.opens(&order);
            tab.chooses_credit();
            tab.goes_on_until(|tab| tab.is_asked_for("term"));
        }
        "SUCCESSFUL" => {
            buyer.pays_later(&order);
        }
        "UNSUCCESSFUL" => {
            buyer.pays_now(florin, &order, Fate::Refuses);
        }
        other => panic!("no such state: {other}"),
    }
    assert_eq!(florin.shop(0).status(&order), state);
    order
}

story! {
    fn an_open_order_is_cancelled_once_and_a_final_one_never(florin) {
        let shop = florin.shop(0);
        for state in ["CREATED", "PENDING", "APPROVED"] {
            for path in [Shop::lending_path as fn(&str) -> String, |id| format!("/api/lending/edge/ecommerce/order/{id}")] {
                let order = brought_to(florin, state);
                let answer = shop.send(shop.ask("DELETE", &path(&order.id))).is(204);
                assert!(answer.body.is_empty());
                assert_eq!(shop.status(&order), "UNSUCCESSFUL");
                assert_eq!(shop.cancels(&order.id).is(400).detail(), FINAL, "the second time");
            }
            let order = brought_to(florin, state);
            shop.send(shop.ask("DELETE", &shop.seller_path(&order.id))).is(204);
            assert_eq!(shop.status(&order), "UNSUCCESSFUL");
            let tab = florin.buyer(CompanyFate::Approved).opens(&order);
            assert!(tab.is_at_an_end(), "the buyer is told: {}", tab.page.text);
        }
        for state in ["SUCCESSFUL", "UNSUCCESSFUL"] {
            let order = brought_to(florin, state);
            for path in [Shop::lending_path(&order.id), shop.seller_path(&order.id)] {
                let answer = shop.send(shop.ask("DELETE", &path)).is(400);
                assert_eq!(answer.json()["errors"], json!([{"detail": FINAL}]), "exactly this, a plugin compares it");
            }
            assert_eq!(shop.status(&order), state);
        }
        assert_eq!(florin.books().balance("credit_held", ""), 0, "what was held is free again");
    }
}

story! {
    fn a_buyer_cannot_go_on_with_a_cancelled_order(florin) {
        let shop = florin.shop(0);
        for stop in ["email", "code", "company", "term", "card_number", "agree"] {
            let order = shop.creates(&Wish::of(500.0));
            let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
            tab.chooses_credit();
            tab.goes_on_until(|tab| tab.is_asked_for(stop));
            let (form, fields) = tab.next_form().expect("a step");
            shop.cancels(&order.id).is(204);
            tab.sends(&form, &fields);
            assert_eq!(shop.status(&order), "UNSUCCESSFUL", "cancelled before {stop}");
            tab.reloads();
            let seen = florin.buyer(CompanyFate::Approved).opens(&order);
            assert!(seen.is_at_an_end(), "{}", seen.page.text);
        }
        assert_eq!(florin.books().count("loans"), 0);
    }
}

story! {
    fn an_order_waits_seventy_two_hours_at_least_and_fourteen_days_at_most(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        let created = shop.creates(&Wish::of(500.0).told_to(&news.url()));
        let states = ["PENDING", "APPROVED"].map(|state| (state, brought_to(florin, state)));
        florin.time_passes("72h");
        assert_eq!(shop.status(&created), "CREATED");
        for (state, order) in &states {
            assert_eq!(shop.status(order), *state);
        }
        florin.time_passes("10d");
        assert_eq!(shop.status(&created), "CREATED", "not before its time");
        florin.time_passes("25h");
        assert_eq!(shop.status(&created), "UNSUCCESSFUL");
        for (state, order) in &states {
            assert_eq!(shop.status(order), "UNSUCCESSFUL", "was {state}");
        }
        news.hears_of("the end", |heard| heard.field("status") == "UNSUCCESSFUL");
        assert_eq!(florin.books().balance("credit_held", ""), 0);
    }
}
