//! Pay Now from the landing page through the bank and back, for each fate that a bank payment can have.

use crate::cast::{CompanyFate, Fate, Receiver, Tab, Wish, story};

story! {
    fn a_buyer_pays_from_a_bank_and_comes_back_to_the_shop(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        let order = shop.creates(&Wish::of(75.25).told_to(&news.url()).with("redirect_url", "https://shop.example/thanks#top"));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        tab.chooses_bank_payment(&florin.bank(Fate::Pays));
        for bank in &florin.sandbox.banks {
            tab.page.says(&bank.name);
        }
        assert_eq!(shop.status(&order), "CREATED", "choosing a way is not paying");
        tab.goes_on_until(|tab| tab.page.form_offering("authorise", "yes").is_some());
        assert_eq!(shop.status(&order), "PENDING", "the bank payment has begun");
        tab.page.says("75.25").says(&florin.sandbox.banks.iter().find(|bank| bank.outcome == "pays").expect("a bank").name);
        tab.goes_on();
        assert_eq!(shop.status(&order), "SUCCESSFUL");
        let home = tab.way_to_shop("https://shop.example/thanks");
        assert_eq!(home.as_str(), format!("https://shop.example/thanks?orderId={}#top", order.id));
        news.hears_of("the end", |heard| heard.field("status") == "SUCCESSFUL");
        let told: Vec<_> = news.statuses(&order.id).into_iter().filter(|status| status != "CREATED").collect();
        assert_eq!(told, ["PENDING", "SUCCESSFUL"], "there is nothing to approve");
        assert_eq!(florin.books().balance("credit_held", ""), 0);
    }
}

story! {
    fn a_bank_that_refuses_ends_the_order(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let tab = florin.buyer(CompanyFate::Approved).pays_now(florin, &order, Fate::Refuses);
        assert_eq!(shop.status(&order), "UNSUCCESSFUL");
        assert_eq!(tab.way_to_shop(shop.redirect_url.as_deref().expect("a home")), shop.way_back(&order));
        assert_eq!(florin.books().count("payouts"), 0);
    }
}

story! {
    fn a_buyer_who_says_no_at_the_bank_ends_the_order(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        tab.chooses_bank_payment(&florin.bank(Fate::Pays));
        tab.will_refuse();
        tab.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "UNSUCCESSFUL");
        assert_eq!(tab.way_to_shop(shop.redirect_url.as_deref().expect("a home")), shop.way_back(&order));
    }
}

story! {
    fn a_payment_that_takes_an_hour_is_waited_for(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let mut tab = florin.buyer(CompanyFate::Approved).pays_now(florin, &order, Fate::Pending);
        assert_eq!(shop.status(&order), "PENDING");
        tab.reloads();
        assert_eq!(shop.status(&order), "PENDING", "asking does not hurry a bank");
        florin.time_passes("61m");
        assert_eq!(shop.status(&order), "SUCCESSFUL", "found out without the buyer");
        tab.reloads();
        assert_eq!(tab.way_to_shop(shop.redirect_url.as_deref().expect("a home")), shop.way_back(&order));
    }
}

story! {
    fn a_bank_that_cannot_be_reached_leaves_the_order_open_for_another(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        tab.chooses_bank_payment(&florin.bank(Fate::Unavailable));
        let (form, fields) = tab.next_form().expect("a form");
        let answer = tab.posts(&form, &fields);
        assert!(answer.status < 500 || answer.status == 503, "{}", answer.status);
        assert_eq!(shop.status(&order), "CREATED", "no payment has begun");
        let mut again = florin.buyer(CompanyFate::Approved).opens(&order);
        again.chooses_bank_payment(&florin.bank(Fate::Pays));
        again.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
    }
}

story! {
    fn a_buyer_who_turns_back_from_the_bank_may_choose_another_way(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(750.0));
        let buyer = florin.buyer(CompanyFate::Approved);
        let mut tab = buyer.opens(&order);
        tab.chooses_bank_payment(&florin.bank(Fate::Pays));
        tab.goes_on_until(|tab| tab.page.form_offering("authorise", "yes").is_some());
        // Back on the order's address, at the bank with nothing decided: the way to the bank is still there.
        let back = buyer.opens(&order);
        assert!(back.page.status == 200 && shop.status(&order) == "PENDING", "{}", back.page.text);
        tab.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
        assert_eq!(florin.books().count("payouts"), 1);
    }
}

story! {
    fn a_bank_gets_a_reference_it_can_carry_and_the_shop_keeps_its_own(florin) {
        let shop = florin.shop(0);
        let long = "#INV-2026-000000123456789 / Alder & Sons";
        let order = shop.creates(&Wish::of(75.0).with("reference", long));
        florin.buyer(CompanyFate::Approved).pays_now(florin, &order, Fate::Pays);
        assert_eq!(shop.gets(&order.id)["reference"], long);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
    }
}

story! {
    fn money_that_comes_for_an_order_that_has_ended_goes_back(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        florin.buyer(CompanyFate::Approved).pays_now(florin, &order, Fate::Pending);
        shop.cancels(&order.id).is(204);
        florin.time_passes("2h");
        assert_eq!(shop.status(&order), "UNSUCCESSFUL", "an end is an end");
        let books = florin.books();
        assert_eq!(books.words(&format!("SELECT state FROM bank_payments WHERE order_id = '{}'", order.id)), ["returned"]);
        assert_eq!((books.balance("bank_clearing", ""), books.balance("returns", "")), (0, 0));
        assert_eq!(books.count("payouts"), 0);
    }
}

fn states(florin: &crate::cast::Florin, order: &crate::cast::Order) -> Vec<String> {
    florin.books().words(&format!("SELECT state FROM bank_payments WHERE order_id = '{}' ORDER BY state", order.id))
}

story! {
    fn a_payment_that_nobody_waits_for_can_no_longer_be_authorised(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        tab.chooses_bank_payment(&florin.bank(Fate::Pays));
        tab.goes_on_until(|tab| tab.page.form_offering("authorise", "yes").is_some());
        let (form, fields) = tab.next_form().expect("the bank's form");
        shop.cancels(&order.id).is(204);
        florin.time_passes("10m");
        assert_eq!(states(florin, &order), ["failed"], "withdrawn at the bank");
        tab.posts(&form, &fields);
        florin.time_passes("2h");
        assert_eq!((shop.status(&order).as_str(), states(florin, &order)), ("UNSUCCESSFUL", vec!["failed".to_owned()]));
        assert_eq!(florin.books().balance("bank_clearing", ""), 0, "no money came that nobody knows of");
    }
}

story! {
    fn a_buyer_who_turns_to_another_bank_pays_once(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let mut first = florin.buyer(CompanyFate::Approved).opens(&order);
        first.chooses_bank_payment("avon");
        first.goes_on_until(|tab| tab.page.form_offering("authorise", "yes").is_some());
        let (form, fields) = first.next_form().expect("the first bank's form");
        let mut second = florin.buyer(CompanyFate::Approved).opens(&order);
        second.chooses_bank_payment("severn");
        second.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
        first.posts(&form, &fields);
        florin.time_passes("2h");
        assert_eq!(states(florin, &order), ["executed", "failed"]);
        assert_eq!(florin.books().count("payouts"), 1);
    }
}

story! {
    fn a_bank_that_was_authorised_is_asked_before_another_is_offered(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let mut first = florin.buyer(CompanyFate::Approved).opens(&order);
        first.chooses_bank_payment(&florin.bank(Fate::Pending));
        first.goes_on_until(|tab| tab.page.form_offering("authorise", "yes").is_some());
        let (form, fields) = first.next_form().expect("the bank's form");
        let mut second = florin.buyer(CompanyFate::Approved).opens(&order);
        // Authorised, but the way back to us is not taken; a stale page then offers another bank.
        first.posts(&form, &fields);
        second.chooses_bank_payment(&florin.bank(Fate::Refuses));
        second.goes_on();
        assert_eq!((shop.status(&order).as_str(), states(florin, &order)), ("PENDING", vec!["processing".to_owned()]));
        florin.time_passes("61m");
        assert_eq!(shop.status(&order), "SUCCESSFUL");
    }
}

story! {
    fn a_look_at_a_bank_that_is_away_costs_nothing_at_the_bank_before(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(75.0));
        let mut first = florin.buyer(CompanyFate::Approved).opens(&order);
        first.chooses_bank_payment(&florin.bank(Fate::Pays));
        first.goes_on_until(|tab| tab.page.form_offering("authorise", "yes").is_some());
        let mut second = florin.buyer(CompanyFate::Approved).opens(&order);
        second.chooses_bank_payment(&florin.bank(Fate::Unavailable));
        let (form, fields) = second.next_form().expect("a form");
        second.posts(&form, &fields).is(503);
        florin.time_passes("3h");
        assert_eq!((shop.status(&order).as_str(), states(florin, &order).join(" ").as_str()), ("PENDING", "awaiting_authorisation failed"));
        first.goes_on_until(Tab::is_at_an_end);
        florin.time_passes("10m");
        assert_eq!(shop.status(&order), "SUCCESSFUL");
    }
}
