//! After the buyer has agreed: payouts, instalments, late ones, fees; all on the sandbox's clock, all of it in the books.

use serde_json::Value;

use crate::cast::{CompanyFate, Fate, Florin, Order, Shop, Tab, Wish, story};

/// What the operator sees of an order's loan.
fn loan(florin: &Florin, order: &Order) -> Value {
    florin.admin("GET", &format!("/admin/loans?order={}", order.id), None).is(200).json()
}

fn states(loan: &Value) -> Vec<&str> {
    loan["instalments"].as_array().expect("instalments").iter().map(|one| one["state"].as_str().expect("a state")).collect()
}

/// A seller that the operator takes on.
fn merchant(florin: &Florin, terms: &[&str]) -> Shop {
    let made = florin.operator(&[&["merchant", "create", "--name", "Fennel & Oak"], terms].concat());
    let uuid =
        made.split_whitespace().find(|word| word.len() == 36 && word.matches('-').count() == 4).expect("the new seller's id").to_owned();
    let token = florin.operator(&["token", "issue", "--seller", &uuid, "--redirect-url", "https://fennel.example/thanks"]);
    Shop::new(florin.http.clone(), "Fennel & Oak", &uuid, token.trim(), Some("https://fennel.example/thanks".to_owned()))
}

story! {
    fn a_seller_is_paid_in_full_at_once(florin) {
        let shop = florin.shop(0);
        let credit = shop.creates(&Wish::of(1000.0));
        florin.buyer(CompanyFate::Approved).pays_later(&credit);
        let bank = shop.creates(&Wish::of(75.25));
        florin.buyer(CompanyFate::Approved).pays_now(florin, &bank, Fate::Pays);
        florin.time_passes("1h");
        let books = florin.books();
        let sent = |order: &Order| books.number(&format!("SELECT amount_minor FROM payouts WHERE state = 'sent' AND order_id = '{}'", order.id));
        assert_eq!((sent(&credit), sent(&bank)), (100_000, 7_525));
        assert_eq!(books.balance("merchant_payable", &shop.uuid), 0, "nothing is owed any more");
        assert_eq!(books.balance("buyer_receivable", ""), 100_000);
        // The bank brought 75.25 and paid out 1,075.25.
        assert_eq!(books.balance("bank_clearing", ""), 7_525 - 107_525);
    }
}

story! {
    fn three_instalments_are_collected_when_they_fall_due(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(1000.0));
        let buyer = florin.buyer(CompanyFate::Approved);
        buyer.pays_later(&order);
        let fresh = loan(florin, &order);
        let totals: Vec<_> = fresh["instalments"].as_array().expect("instalments").iter().map(|one| one["total"].to_string().replace('"', "")).collect();
        assert_eq!(totals, ["350.14", "350.14", "350.13"]);
        assert_eq!(states(&fresh), ["scheduled"; 3]);
        florin.time_passes("29d");
        assert_eq!(states(&loan(florin, &order)), ["scheduled"; 3], "not before its day");
        // The issue's own way to move the clock.
        florin.operator(&["clock", "advance", "2d"]);
        assert_eq!(states(&loan(florin, &order)), ["paid", "scheduled", "scheduled"]);
        florin.time_passes("30d");
        assert_eq!(states(&loan(florin, &order)), ["paid", "paid", "scheduled"]);
        florin.time_passes("30d");
        assert_eq!(states(&loan(florin, &order)), ["paid"; 3]);
        let books = florin.books();
        assert_eq!(books.balance("buyer_receivable", &buyer.company), 0, "all of it is paid back");
        assert_eq!(books.balance("interest_income", ""), -5_041);
        assert_eq!(books.balance("card_clearing", ""), 105_041);
    }
}

story! {
    fn thirteen_months_at_one_stroke_do_all_that_falls_due_in_order(florin) {
        let shop = florin.shop(0);
        let year = shop.creates(&Wish::of(12_000.0));
        florin.buyer(CompanyFate::Approved).over("12_months").pays_later(&year);
        let late = shop.creates(&Wish::of(1000.0));
        let debtor = florin.buyer(CompanyFate::ApprovedThenLate);
        debtor.pays_later(&late);
        let waiting = shop.creates(&Wish::of(50.0));
        florin.time_passes("400d");
        assert_eq!(states(&loan(florin, &year)), ["paid"; 12]);
        assert_eq!(states(&loan(florin, &late)), ["paid", "late", "paid"], "the second is never collectable");
        let missed = loan(florin, &late)["instalments"][1].clone();
        assert_eq!(missed["refusals"], 4, "tried, then again after 1, 3 and 7 days");
        assert!(missed["late_since"].is_string());
        assert_eq!(shop.status(&waiting), "UNSUCCESSFUL", "expired on the way");
        let books = florin.books();
        let owed: i64 = books.balance("buyer_receivable", &debtor.company);
        assert!((33_000..35_100).contains(&owed), "the missed principal is still owed: {owed}");
        let times = books.words("SELECT CAST(at AS TEXT) FROM journal ORDER BY seq");
        let mut sorted = times.clone();
        sorted.sort();
        assert_eq!(times, sorted, "what fell due earlier was booked earlier");
        let paid = books.words("SELECT CAST(state_at AS TEXT) FROM instalments WHERE state = 'paid' ORDER BY state_at");
        let mut days = paid.clone();
        days.dedup();
        assert!(days.len() >= 12, "each on its own day, not all at the end: {paid:?}");
    }
}

story! {
    fn repayment_gives_the_limit_back(florin) {
        let shop = florin.shop(0);
        let buyer = florin.buyer(CompanyFate::Approved).over("30_days");
        buyer.pays_later(&shop.creates(&Wish::of(30_000.0)));
        let refused = shop.creates(&Wish::of(150.0));
        buyer.pays_later(&refused);
        assert_eq!(shop.status(&refused), "UNSUCCESSFUL", "nothing is left of the limit");
        florin.time_passes("31d");
        let again = shop.creates(&Wish::of(30_000.0));
        buyer.pays_later(&again);
        assert_eq!(shop.status(&again), "SUCCESSFUL");
    }
}

story! {
    fn a_seller_that_pays_is_billed_at_the_end_of_the_month_and_its_buyers_pay_no_interest(florin) {
        let shop = merchant(florin, &["--pricing", "seller-pays", "--fee", "3.5"]);
        let order = shop.creates(&Wish::of(1000.0));
        assert_eq!(shop.gets(&order.id)["pricing"]["representative_interest"], 0.0);
        let buyer = florin.buyer(CompanyFate::Approved);
        let mut tab = buyer.opens(&order);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("term"));
        tab.page.says("333.33").says("333.34");
        tab.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
        let books = florin.books();
        assert_eq!(books.balance("fees_receivable", &shop.uuid), 3_500);
        assert_eq!(books.count("fees WHERE billed_at IS NOT NULL"), 0, "not before the month ends");
        florin.time_passes("32d");
        assert_eq!(books.count("fees WHERE billed_at IS NOT NULL"), 1);
        assert_eq!(books.balance("fees_receivable", &shop.uuid), 0);
        assert_eq!(books.balance("merchant_fees", ""), -3_500);
        assert_eq!(books.balance("merchant_payable", &shop.uuid), 3_500, "taken out of what the seller is owed");
        florin.time_passes("70d");
        assert_eq!(states(&loan(florin, &order)), ["paid"; 3]);
        assert_eq!(books.balance("interest_income", ""), 0);
        assert_eq!(books.balance("buyer_receivable", &buyer.company), 0);
        // A bank payment costs the seller nothing.
        let free = shop.creates(&Wish::of(500.0));
        florin.buyer(CompanyFate::Approved).pays_now(florin, &free, Fate::Pays);
        assert_eq!(books.balance("fees_receivable", &shop.uuid), 0);
    }
}

story! {
    fn a_payout_waits_as_long_as_the_seller_agreed(florin) {
        let shop = merchant(florin, &["--payout-hold", "14"]);
        let order = shop.creates(&Wish::of(200.0));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        let books = florin.books();
        florin.time_passes("13d");
        assert_eq!(books.count("payouts WHERE state = 'sent'"), 0);
        assert_eq!(books.balance("merchant_payable", &shop.uuid), -20_000);
        florin.time_passes("2d");
        assert_eq!(books.count("payouts WHERE state = 'sent'"), 1);
        assert_eq!(books.balance("merchant_payable", &shop.uuid), 0);
    }
}

story! {
    fn a_card_that_stops_paying_makes_every_instalment_late_and_none_is_booked(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(1000.0));
        let buyer = florin.buyer(CompanyFate::Approved).with_card("4000 0000 0000 0341");
        buyer.pays_later(&order);
        florin.time_passes("120d");
        assert_eq!(states(&loan(florin, &order)), ["late"; 3]);
        assert_eq!(florin.books().balance("card_clearing", ""), 0);
        assert_eq!(florin.books().balance("buyer_receivable", &buyer.company), 100_000);
        assert_eq!(shop.status(&order), "SUCCESSFUL", "the seller has its money whatever the buyer does");
    }
}

story! {
    fn the_clock_goes_on_across_a_restart(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(1000.0));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        florin.time_passes("31d");
        let now = |florin: &Florin| florin.admin("GET", "/admin/clock", None).is(200).json()["now"].as_str().expect("a time").to_owned();
        let before = now(florin);
        florin.stops();
        florin.comes_back();
        assert!(now(florin) >= before, "time does not run backwards");
        assert_eq!(states(&loan(florin, &order)), ["paid", "scheduled", "scheduled"]);
        florin.time_passes("30d");
        assert_eq!(states(&loan(florin, &order)), ["paid", "paid", "scheduled"]);
    }
}
