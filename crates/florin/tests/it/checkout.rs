//! The hosted checkout as every buyer meets it: what the pages show, how they are protected, and that they need nothing of the browser.

use serde_json::json;

use crate::cast::{CompanyFate, Fate, Page, Tab, Wish, story};

/// Expects the headers that every page carries.
#[track_caller]
fn is_guarded(page: &Page) {
    let header = |name: &str| page.answer.header(name).to_lowercase();
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"), "{}: {policy}", page.url);
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("strict-transport-security"), "", "a sandbox must not bind every other project on localhost to HTTPS");
    assert!(header("cache-control").contains("no-store"), "{}", header("cache-control"));
    assert_eq!(header("set-cookie"), "", "the checkout needs no cookies");
    assert!(!page.html.to_lowercase().contains("<script"), "the checkout needs no scripts");
    assert!(!page.html.contains(" style=\"") && !page.html.contains(" onclick="), "a strict policy leaves no inline style");
    assert!(page.html.contains("<html lang=\"en"), "a screen reader needs the language");
    assert!(page.html.contains("name=\"viewport\""), "a phone needs a viewport");
    assert_ne!(page.heading, "", "a page has one heading that says what it is");
}

story! {
    fn the_landing_page_says_what_is_to_be_paid_to_whom_and_how(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(1234.5).with("reference", "PO-77"));
        let tab = florin.buyer(CompanyFate::Approved).opens(&order);
        let page = &tab.page;
        page.says("1,234.50").says("PO-77").says(&shop.name).says(&format!("Back to {}", shop.name)).says("APR");
        assert!(page.form_offering("pay", "PAY_LATER").is_some() || page.form_with("email").is_some());
        assert!(page.form_offering("pay", "PAY_NOW").is_some());
        assert_eq!(tab.way_to_shop(shop.redirect_url.as_deref().expect("a home")), shop.way_back(&order));
        assert_eq!(shop.status(&order), "CREATED", "looking changes nothing");
    }
}

story! {
    fn only_the_allowed_and_possible_ways_are_offered(florin) {
        let shop = florin.shop(0);
        let buyer = florin.buyer(CompanyFate::Approved);
        let offered = |wish: &Wish| {
            let page = buyer.opens(&shop.creates(wish)).page;
            (page.form_offering("pay", "PAY_NOW").is_some(), page.form_offering("pay", "PAY_LATER").is_some() || page.form_with("email").is_some())
        };
        assert_eq!(offered(&Wish::of(500.0)), (true, true));
        assert_eq!(offered(&Wish::of(500.0).by_bank()), (true, false));
        assert_eq!(offered(&Wish::of(500.0).on_credit()), (false, true));
        assert_eq!(offered(&Wish::of(149.99)), (true, false), "credit begins at £150");
        assert_eq!(offered(&Wish::of(150.0)), (true, true));
        assert_eq!(offered(&Wish::of(30_000.0)), (true, true));
        assert_eq!(offered(&Wish::of(30_000.01)), (false, false));
        let none = buyer.opens(&shop.creates(&Wish::of(149.99).on_credit()));
        none.page.says("Back to");
        assert!(none.page.forms.iter().all(|form| !form.asks_for("pay") && !form.asks_for("email")), "the page explains instead");
    }
}

story! {
    fn a_way_that_is_not_offered_cannot_be_forced(florin) {
        let shop = florin.shop(0);
        let open = shop.creates(&Wish::of(500.0));
        let tab = florin.buyer(CompanyFate::Approved).opens(&open);
        let form = tab.page.form_offering("pay", "PAY_NOW").expect("a form").clone();
        let closed = shop.creates(&Wish::of(500.0).on_credit());
        let link = |url: &str| url.split('/').nth(5).expect("a link").to_owned();
        let forced = form.action.as_str().replace(&link(&open.order_url), &link(&closed.order_url));
        let answer = florin.http.ask("POST", &forced).form(&[("pay", "PAY_NOW")]).send();
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        assert_eq!(shop.status(&closed), "CREATED");
    }
}

story! {
    fn every_page_of_both_ways_is_guarded_and_needs_no_cookies_or_scripts(florin) {
        let shop = florin.shop(0);
        for credit in [true, false] {
            let order = shop.creates(&Wish::of(600.0));
            let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
            is_guarded(&tab.page);
            if credit { tab.chooses_credit() } else { tab.chooses_bank_payment(&florin.bank(Fate::Pays)) }
            while !tab.is_at_an_end() {
                is_guarded(&tab.page);
                tab.goes_on();
            }
            is_guarded(&tab.page);
            assert_eq!(shop.status(&order), "SUCCESSFUL");
        }
        for page in ["/sandbox/mailbox", "/pay/order/unknown/landing/"] {
            is_guarded(&Page::read(florin.http.get(page)));
        }
    }
}

story! {
    fn an_order_url_works_with_and_without_its_slash(florin) {
        let order = florin.shop(0).creates(&Wish::of(500.0));
        let with = florin.http.get(&order.order_url).is(200).text();
        let without = florin.http.get(order.order_url.trim_end_matches('/')).is(200).text();
        assert_eq!(with, without);
    }
}

story! {
    fn no_page_or_mail_shows_a_secret(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(600.0));
        let buyer = florin.buyer(CompanyFate::Approved).with_card("4111 1111 1111 1111");
        let mut tab = buyer.opens(&order);
        tab.chooses_credit();
        let mut pages = Vec::new();
        while !tab.is_at_an_end() {
            pages.push(tab.page.html.clone());
            tab.goes_on();
        }
        pages.push(tab.page.html.clone());
        pages.push(florin.http.get("/sandbox/mailbox").text());
        for html in pages {
            for secret in [shop.token.as_str(), "4111111111111111", "4111 1111 1111 1111", florin.sandbox.admin_token.as_str()] {
                assert!(!html.contains(secret), "a page shows {secret:.8}…");
            }
        }
        // The database and its journals; what the sandbox keeps for its own restart is no secret.
        let files = std::fs::read_dir(florin.data_dir()).expect("a directory").flatten().map(|entry| entry.path());
        for file in files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".db"))) {
            let bytes = std::fs::read(&file).expect("a file");
            let shows = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!shows("4111111111111111"), "{} holds a card number in clear", file.display());
            assert!(!shows(&shop.token), "{} holds a token in clear", file.display());
        }
    }
}

story! {
    fn a_buyer_carries_on_with_another_device_where_the_first_stopped(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(600.0));
        let buyer = florin.buyer(CompanyFate::Approved);
        let mut desk = buyer.opens(&order);
        desk.chooses_credit();
        desk.goes_on_until(|tab| tab.is_asked_for("term"));
        // The phone has nothing but the address.
        let mut phone = buyer.opens(&order);
        assert!(phone.is_asked_for("term"), "{}", phone.page.heading);
        phone.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
        desk.reloads();
        assert!(desk.is_at_an_end(), "{}", desk.page.heading);
    }
}

story! {
    fn every_end_has_a_page_of_its_own_and_a_way_back(florin) {
        let shop = florin.shop(0);
        let home = shop.redirect_url.clone().expect("a home");
        let buyer = florin.buyer(CompanyFate::Approved);
        let mut headings = Vec::new();

        let paid = shop.creates(&Wish::of(600.0));
        florin.buyer(CompanyFate::Approved).pays_later(&paid);
        let declined = shop.creates(&Wish::of(600.0));
        florin.buyer(CompanyFate::Declined).pays_later(&declined);
        let refused = shop.creates(&Wish::of(600.0));
        buyer.pays_now(florin, &refused, Fate::Refuses);
        let cancelled = shop.creates(&Wish::of(600.0));
        shop.cancels(&cancelled.id).is(204);
        let expired = shop.creates(&Wish::of(600.0));
        florin.time_passes("15d");

        for (what, order) in [("paid", &paid), ("declined", &declined), ("refused", &refused), ("cancelled", &cancelled), ("expired", &expired)] {
            let tab = buyer.opens(order);
            assert!(tab.is_at_an_end(), "{what} asks for something: {}", tab.page.text);
            assert_eq!(tab.way_to_shop(&home), shop.way_back(order), "{what}");
            headings.push(tab.page.heading.clone());
        }
        let unknown = buyer.opens_url(&paid.order_url.replace("/pay/order/", "/pay/order/x"));
        assert_eq!(unknown.page.status, 404);
        headings.push(unknown.page.heading);
        let mut distinct = headings.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), headings.len(), "each says what happened: {headings:?}");
    }
}

story! {
    fn a_mistake_on_a_page_is_said_beside_its_field_and_nothing_is_lost(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(600.0));
        let mut tab = florin.buyer(CompanyFate::Approved).with_card("4111 1111 1111 1111").opens(&order);
        tab.chooses_credit();
        for wrong in ["", "nobody", "a b@c.d", "a@b", "@x.y"] {
            tab.fills("email", &[("email", wrong)]);
            assert!(tab.is_asked_for("email"), "{wrong}: {}", tab.page.text);
        }
        tab.goes_on_until(|tab| tab.is_asked_for("code"));
        let code = tab.page.attribute("data-sandbox-code").expect("the sandbox tells its code");
        let wrong = if code.starts_with('1') { "222222" } else { "111111" };
        tab.fills("code", &[("code", wrong)]);
        assert!(tab.is_asked_for("code"), "{}", tab.page.text);
        tab.goes_on_until(|tab| tab.is_asked_for("turnover"));
        for wrong in ["", "lots", "-5", "12.345", "1e400"] {
            tab.fills("turnover", &[("turnover", wrong)]);
            assert!(tab.is_asked_for("turnover"), "{wrong}: {}", tab.page.text);
        }
        tab.goes_on_until(|tab| tab.is_asked_for("term"));
        tab.goes_on_until(|tab| tab.is_asked_for("card_number"));
        for (field, wrong) in [
            ("card_number", "4242 4242 4242 4241"), ("card_number", ""), ("card_number", "abcd"), ("card_expiry", "13/30"), ("card_expiry", "01/20"),
            ("card_expiry", ""), ("card_cvc", "12"), ("card_cvc", "abc"), ("card_number", "4000000000000002"),
        ] {
            tab.fills("card_number", &[(field, wrong)]);
            assert!(tab.is_asked_for("card_number"), "{field}={wrong}: {}", tab.page.text);
            assert!(!tab.page.html.contains("4111 1111 1111 1111"), "a card number is never shown again");
        }
        tab.goes_on_until(Tab::is_at_an_end);
        assert_eq!(shop.status(&order), "SUCCESSFUL");
    }
}

story! {
    fn a_code_is_good_for_ten_minutes_five_tries_and_one_address(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(600.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("code"));
        let first = tab.page.attribute("data-sandbox-code").expect("a code");
        let wrong = if first.starts_with('1') { "222222" } else { "111111" };
        for _ in 0..5 {
            tab.fills("code", &[("code", wrong)]);
        }
        let (form, _) = tab.next_form().expect("a form");
        if form.asks_for("code") {
            tab.fills("code", &[("code", &first)]);
        }
        assert!(!tab.is_asked_for("turnover") && !tab.is_asked_for("company"), "after five misses the right code is no good any more");

        let second = shop.creates(&Wish::of(600.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&second);
        tab.chooses_credit();
        tab.goes_on_until(|tab| tab.is_asked_for("code"));
        let old = tab.page.attribute("data-sandbox-code").expect("a code");
        florin.time_passes("11m");
        if tab.is_asked_for("code") {
            tab.fills("code", &[("code", &old)]);
        }
        assert!(!tab.is_asked_for("company") && !tab.is_asked_for("turnover"), "a code runs out: {}", tab.page.text);
    }
}

story! {
    fn the_mailbox_shows_every_mail(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(600.0).with("reference", "PO-99").with("allowed_payment_terms", json!(["PAY_LATER"])));
        let buyer = florin.buyer(CompanyFate::Approved);
        buyer.pays_later(&order);
        let mailbox = Page::read(florin.http.get("/sandbox/mailbox").is(200));
        mailbox.says(&buyer.email);
        let mails = florin.books().words(&format!("SELECT subject FROM mails WHERE recipient = '{}' ORDER BY seq", buyer.email));
        assert!(mails.len() >= 2, "a code and an agreement: {mails:?}");
        for subject in &mails {
            mailbox.says(subject);
        }
        let bodies = florin.books().words(&format!("SELECT body FROM mails WHERE recipient = '{}' ORDER BY seq", buyer.email));
        assert!(bodies.iter().any(|body| body.contains("600.00") && body.contains(&shop.name)), "the agreement is mailed: {bodies:?}");
    }
}
