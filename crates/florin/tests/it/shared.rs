//! Two servers on one `PostgreSQL` database: they share the work, and nobody can tell which of them did it.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::cast::{Buyer, CompanyFate, Engine, Fate, Florin, Http, Launch, Receiver, Run, Shop, Tab, Wish, eventually};

/// A second server beside `first`: the same keys, the same database, files and a port of its own.
fn second_beside(first: &Florin) -> Run {
    let data_dir: PathBuf = first.data_dir().join("../second");
    fs::create_dir(&data_dir).expect("a directory");
    for entry in fs::read_dir(first.data_dir()).expect("a directory").flatten() {
        let name = entry.file_name();
        if name != "sandbox.json" && name != "lock" {
            fs::copy(entry.path(), data_dir.join(name)).expect("a key can be copied");
        }
    }
    let log = first.data_dir().join("../second.log");
    Launch { data_dir, log, port: 0, ..first.launch.clone() }.start()
}

fn shop_at(run: &Run, shop: &Shop) -> Shop {
    Shop::new(run.http.clone(), &shop.name, &shop.uuid, &shop.token, shop.redirect_url.clone())
}

#[test]
fn each_change_is_told_once_whichever_server_made_it() {
    let florin = Florin::start(Engine::Postgres);
    let second = second_beside(&florin);
    let (here, news) = (florin.shop(0), Receiver::new());
    let there = shop_at(&second, &here);
    std::thread::scope(|scope| {
        for shop in [&here, &there, &here, &there] {
            scope.spawn(|| {
                for _ in 0..15 {
                    let order = shop.creates(&Wish::of(75.0).told_to(&news.url()));
                    shop.cancels(&order.id).is(204);
                }
            });
        }
    });
    let books = florin.books();
    eventually("all news to be taken", || (books.count("events WHERE target IS NOT NULL AND delivery = 'pending'") == 0).then_some(()));
    let mut told: Vec<_> = news.heard().iter().map(|heard| heard.field("webhook_id")).collect();
    let deliveries = told.len();
    told.sort();
    told.dedup();
    assert_eq!(deliveries, told.len(), "nothing is told twice");
    assert_eq!(i64::try_from(deliveries).expect("a count"), books.count("events WHERE target IS NOT NULL AND delivery = 'delivered'"));
    drop(second);
    florin.books_are_right();
}

#[test]
fn a_buyer_goes_from_one_server_to_the_other_at_every_step() {
    let florin = Florin::start(Engine::Postgres);
    let second = second_beside(&florin);
    let (here, there) = (florin.sandbox.base_url.clone(), second.sandbox.base_url.clone());
    let order = florin.shop(0).creates(&Wish::of(900.0));
    let buyer = florin.buyer(CompanyFate::Approved);
    let twin = Buyer::new(second.http.clone(), &buyer.email, &buyer.company);
    let mut tab = buyer.opens(&order);
    tab.chooses_credit();
    let mut is_here = true;
    while !tab.is_at_an_end() {
        tab.goes_on();
        if tab.left_to.is_some() {
            break;
        }
        is_here = !is_here;
        let url = tab.page.url.as_str();
        tab = if is_here { buyer.opens_url(&url.replace(&there, &here)) } else { twin.opens_url(&url.replace(&here, &there)) };
    }
    assert_eq!(shop_at(&second, &florin.shop(0)).status(&order), "SUCCESSFUL");
    let bank = florin.shop(0).creates(&Wish::of(75.0));
    let mut tab = twin.opens_url(&bank.order_url.replace(&here, &there));
    tab.chooses_bank_payment(&florin.bank(Fate::Pays));
    tab.goes_on_until(Tab::is_at_an_end);
    assert_eq!(florin.shop(0).status(&bank), "SUCCESSFUL");
    drop(second);
    florin.books_are_right();
}

#[test]
fn what_falls_due_is_done_once_though_both_look_for_it() {
    let florin = Florin::start(Engine::Postgres);
    let second = second_beside(&florin);
    let shop = florin.shop(0);
    for _ in 0..5 {
        let order = shop.creates(&Wish::of(1000.0));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
    }
    let advance = |http: &Http| {
        let ask = http.ask("POST", "/admin/clock/advance").bearer(&florin.sandbox.admin_token);
        ask.json(&json!({"by": "93d"})).send().is(200);
    };
    // Both are sent ahead at the same moment, and meet the same due jobs on the way.
    std::thread::scope(|scope| {
        scope.spawn(|| advance(&florin.http));
        scope.spawn(|| advance(&second.http));
    });
    let books = florin.books();
    eventually("every instalment", || (books.count("instalments WHERE state = 'paid'") == 15).then_some(()));
    assert_eq!(books.balance("card_clearing", ""), 5 * 105_041, "each collected once");
    assert_eq!(books.count("payouts WHERE state = 'sent'"), 5);
    assert_eq!(books.balance("merchant_payable", ""), 0);
    drop(second);
    florin.books_are_right();
}

#[test]
fn the_other_server_learns_what_time_it_is() {
    let florin = Florin::start(Engine::Postgres);
    let second = second_beside(&florin);
    florin.time_passes("15d");
    let now = |http: &Http| http.ask("GET", "/admin/clock").bearer(&florin.sandbox.admin_token).send().is(200).json()["now"].to_string();
    let here = now(&florin.http);
    eventually("the other to follow", || (now(&second.http) >= here).then_some(()));
}
