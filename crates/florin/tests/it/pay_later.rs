//! Pay Later from the landing page to the shop, for each fate that a company can have.

use crate::cast::{Buyer, CompanyFate, Florin, Order, Receiver, Tab, Wish, story};

fn applies(florin: &Florin, fate: CompanyFate) -> (Order, Tab) {
    let order = florin.shop(0).creates(&Wish::of(900.0).on_credit());
    let mut tab = florin.buyer(fate).opens(&order);
    tab.chooses_credit();
    tab.goes_on_until(|tab| tab.is_asked_for("term") || tab.is_at_an_end());
    (order, tab)
}

story! {
    fn a_buyer_walks_from_the_shop_and_back_and_the_order_is_paid(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        let order = shop.creates(&Wish::of(4200.0).told_to(&news.url()).with("redirect_url", "https://shop.example/thanks?basket=7#top"));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        assert_eq!(shop.status(&order), "CREATED");
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("code"));
        assert_eq!(shop.status(&order), "PENDING", "the buyer has begun");
        tab.goes_on_until(|tab| tab.is_asked_for("company") || tab.is_asked_for("company_number"));
        assert_eq!(shop.status(&order), "PENDING");
        tab.goes_on_until(|tab| tab.is_asked_for("term"));
        assert_eq!(shop.status(&order), "APPROVED", "credit is granted before the term is chosen");
        tab.goes_on_until(|tab| tab.is_asked_for("card_number"));
        tab.goes_on_until(|tab| tab.is_asked_for("agree"));
        assert_eq!(shop.status(&order), "APPROVED", "nothing is paid before the buyer agrees");
        tab.goes_on();
        assert_eq!(shop.status(&order), "SUCCESSFUL", "committed before the buyer is sent back");
        let home = tab.way_to_shop("https://shop.example/thanks");
        assert_eq!(home.as_str(), format!("https://shop.example/thanks?basket=7&orderId={}#top", order.id));
        news.hears_of("the end", |heard| heard.field("status") == "SUCCESSFUL");
        let told: Vec<_> = news.statuses(&order.id).into_iter().filter(|status| status != "CREATED").collect();
        assert_eq!(told, ["PENDING", "APPROVED", "SUCCESSFUL"]);
    }
}

story! {
    fn every_term_shows_its_whole_cost_before_it_is_chosen(florin) {
        for (term, first, total) in [("30_days", "1,025.00", "1,025.00"), ("3_months", "350.14", "1,050.41"), ("12_months", "94.56", "1,134.70")] {
            let shop = florin.shop(0);
            let order = shop.creates(&Wish::of(1000.0));
            let mut tab = florin.buyer(CompanyFate::Approved).over(term).opens(&order);
            tab.chooses_credit();
            tab.goes_on_until(|tab| tab.is_asked_for("term"));
            assert_eq!(tab.page.form_with("term").expect("a form").offers("term"), ["30_days", "3_months", "12_months"]);
            tab.page.says(first).says(total).says("APR").says(if term == "12_months" { "27.2" } else { "35.0" });
            tab.goes_on_until(|tab| tab.is_asked_for("agree"));
            tab.page.says(total).says(&shop.name);
            tab.goes_on();
            assert_eq!(shop.status(&order), "SUCCESSFUL");
            let instalments = florin.books().number(&format!(
                "SELECT CAST(SUM(instalments.principal_minor + interest_minor) AS BIGINT) FROM instalments JOIN loans ON loans.loan_id = instalments.loan_id WHERE order_id = '{}'",
                order.id
            ));
            assert_eq!(instalments, total.replace([',', '.'], "").parse::<i64>().expect("pence"), "what was shown is what is owed");
        }
    }
}

story! {
    fn a_declined_company_gets_a_clear_no_and_a_way_back(florin) {
        let (order, tab) = applies(florin, CompanyFate::Declined);
        let shop = florin.shop(0);
        assert_eq!(shop.status(&order), "UNSUCCESSFUL");
        assert_eq!(tab.way_to_shop(shop.redirect_url.as_deref().expect("a home")), shop.way_back(&order));
        let reasons = florin.books().words(&format!("SELECT reasons FROM applications WHERE order_id = '{}' AND rule_version IS NOT NULL", order.id));
        assert!(reasons.len() == 1 && reasons[0].len() > 10, "the decision is kept with its reasons: {reasons:?}");
    }
}

story! {
    fn a_turnover_of_nothing_is_always_declined(florin) {
        let shop = florin.shop(0);
        for turnover in ["0.00", "0", "0.0"] {
            let order = shop.creates(&Wish::of(900.0));
            florin.buyer(CompanyFate::Approved).with_turnover(turnover).pays_later(&order);
            assert_eq!(shop.status(&order), "UNSUCCESSFUL", "{turnover}");
        }
    }
}

story! {
    fn a_referred_company_is_approved_after_an_hour(florin) {
        let (order, mut tab) = applies(florin, CompanyFate::ReferredThenApproved);
        let shop = florin.shop(0);
        assert_eq!(shop.status(&order), "PENDING");
        assert!(tab.is_at_an_end(), "there is nothing to do but wait: {}", tab.page.text);
        florin.time_passes("59m");
        assert_eq!(shop.status(&order), "PENDING");
        florin.time_passes("2m");
        assert_eq!(shop.status(&order), "APPROVED", "decided by the clock, without the buyer");
        tab.reloads();
        tab.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
    }
}

story! {
    fn a_referred_company_is_declined_after_an_hour(florin) {
        let (order, mut tab) = applies(florin, CompanyFate::ReferredThenDeclined);
        let shop = florin.shop(0);
        assert_eq!(shop.status(&order), "PENDING");
        florin.time_passes("61m");
        assert_eq!(shop.status(&order), "UNSUCCESSFUL");
        tab.reloads();
        assert!(tab.is_at_an_end());
        assert_eq!(tab.way_to_shop(shop.redirect_url.as_deref().expect("a home")), shop.way_back(&order));
    }
}

story! {
    fn the_seeded_companies_meet_their_published_fates(florin) {
        let shop = florin.shop(0);
        for (fate, _, name) in CompanyFate::ALL {
            let seeded: Vec<_> = florin.sandbox.companies.iter().filter(|company| company.outcome == name).cloned().collect();
            assert!(!seeded.is_empty(), "no company that is {name}");
            let company = &seeded[0];
            // Found by its name as well as by its number.
            let order = shop.creates(&Wish::of(300.0).on_credit());
            let mut tab = Buyer::new(florin.http.clone(), "seeded@example.co.uk", &company.number).opens(&order);
            tab.chooses_credit();
            tab.goes_on_until(|tab| tab.is_asked_for("company"));
            tab.fills("company", &[("company", &company.name)]);
            assert!(tab.page.form_offering("company_number", &company.number).is_some(), "{} is found by name: {}", company.name, tab.page.text);
            tab.goes_on_until(|tab| tab.is_asked_for("term") || tab.is_at_an_end());
            let status = shop.status(&order);
            let expected = match fate {
                CompanyFate::Approved | CompanyFate::ApprovedThenLate => "APPROVED",
                CompanyFate::ReferredThenApproved | CompanyFate::ReferredThenDeclined => "PENDING",
                CompanyFate::Declined => "UNSUCCESSFUL",
            };
            assert_eq!(status, expected, "{name}");
        }
    }
}

story! {
    fn a_company_that_is_not_on_the_register_is_not_found(florin) {
        let shop = florin.shop(0);
        for number in ["99999999", "00000000", "no such company at all"] {
            let order = shop.creates(&Wish::of(300.0).on_credit());
            let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
            tab.chooses_credit();
            tab.goes_on_until(|tab| tab.is_asked_for("company"));
            tab.fills("company", &[("company", number)]);
            assert!(tab.is_asked_for("company"), "the buyer can search again: {}", tab.page.text);
            assert_eq!(shop.status(&order), "PENDING");
        }
    }
}

story! {
    fn a_returning_buyer_with_limit_left_skips_what_is_known(florin) {
        let shop = florin.shop(0);
        let buyer = florin.buyer(CompanyFate::Approved);
        buyer.pays_later(&shop.creates(&Wish::of(1000.0)));
        let again = shop.creates(&Wish::of(2000.0));
        let mut tab = buyer.opens(&again);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("code"));
        tab.goes_on();
        assert!(tab.is_asked_for("term"), "straight to the terms: {}", tab.page.text);
        assert_eq!(shop.status(&again), "APPROVED");
        tab.goes_on();
        assert!(!tab.is_asked_for("company") && !tab.is_asked_for("company_number"));
        tab.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&again), "SUCCESSFUL");
        // Somebody else's address does not open the door.
        let stranger = shop.creates(&Wish::of(2000.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&stranger);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("code"));
        tab.goes_on();
        assert!(!tab.is_asked_for("term"), "a stranger is asked who it is");
    }
}

story! {
    fn a_company_never_owes_more_than_its_limit(florin) {
        let shop = florin.shop(0);
        let buyer = florin.buyer(CompanyFate::Approved);
        let first = shop.creates(&Wish::of(20_000.0));
        buyer.pays_later(&first);
        assert_eq!(shop.status(&first), "SUCCESSFUL");
        let too_much = shop.creates(&Wish::of(10_000.01));
        let mut other = buyer.clone();
        "somebody.else@example.co.uk".clone_into(&mut other.email);
        other.pays_later(&too_much);
        assert_eq!(shop.status(&too_much), "UNSUCCESSFUL", "over what is left of the limit");
        let just_right = shop.creates(&Wish::of(10_000.0));
        other.pays_later(&just_right);
        assert_eq!(shop.status(&just_right), "SUCCESSFUL");
    }
}

story! {
    fn a_limit_held_for_one_order_is_free_again_when_that_order_ends(florin) {
        let shop = florin.shop(0);
        let buyer = florin.buyer(CompanyFate::Approved);
        let first = shop.creates(&Wish::of(20_000.0));
        let mut tab = buyer.opens(&first);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("term"));
        let second = shop.creates(&Wish::of(20_000.0));
        buyer.pays_later(&second);
        assert_eq!(shop.status(&second), "UNSUCCESSFUL", "held by the first");
        shop.cancels(&first.id).is(204);
        let third = shop.creates(&Wish::of(20_000.0));
        buyer.pays_later(&third);
        assert_eq!(shop.status(&third), "SUCCESSFUL");
    }
}

story! {
    fn a_standing_limit_needs_no_second_decision(florin) {
        let shop = florin.shop(0);
        let buyer = florin.buyer(CompanyFate::ReferredThenApproved);
        let first = shop.creates(&Wish::of(1000.0));
        let mut tab = buyer.opens(&first);
        tab.chooses_credit();
        tab.goes_on_until(|_| shop.status(&first) == "PENDING" && florin.books().count("applications WHERE state = 'referred'") == 1);
        florin.time_passes("61m");
        tab.reloads();
        tab.goes_on_until(crate::cast::Tab::is_at_an_end);
        assert_eq!(shop.status(&first), "SUCCESSFUL");

        let second = shop.creates(&Wish::of(1000.0));
        let mut tab = buyer.opens(&second);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("term"));
        assert_eq!(shop.status(&second), "APPROVED", "nobody waits a second time");
        tab.goes_on_until(crate::cast::Tab::is_at_an_end);
        assert_eq!(shop.status(&second), "SUCCESSFUL");
    }
}

story! {
    fn a_card_that_has_run_out_is_asked_for_anew(florin) {
        let shop = florin.shop(0);
        let buyer = florin.buyer(CompanyFate::Approved);
        let first = shop.creates(&Wish::of(1000.0));
        let mut tab = buyer.opens(&first);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("card_number"));
        let now = florin.admin("GET", "/admin/clock", None).is(200).json()["now"].as_str().expect("a time").to_owned();
        let this_month = format!("{}/{}", &now[5..7], &now[2..4]);
        tab.fills("card_number", &[("card_number", "4242424242424242"), ("card_expiry", &this_month), ("card_cvc", "123")]);
        tab.goes_on_until(crate::cast::Tab::is_at_an_end);
        florin.time_passes("32d");

        let second = shop.creates(&Wish::of(1000.0));
        let mut tab = buyer.opens(&second);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("term"));
        tab.goes_on();
        assert!(tab.is_asked_for("card_number"), "{}", tab.page.text);
        tab.goes_on_until(crate::cast::Tab::is_at_an_end);
        assert_eq!(shop.status(&second), "SUCCESSFUL");
    }
}
