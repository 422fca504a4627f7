//! Impatient buyers: every step sent twice, in two tabs, at the same moment. It counts once.

use std::sync::Barrier;

use crate::cast::{Answer, CompanyFate, Fate, Florin, Order, Tab, Wish, story};

/// How many tabs press the same button at once.
const TABS: usize = 4;

/// Sends the step that the page offers from several tabs at once; then the buyer goes on in this one.
fn presses_together(tab: &mut Tab) {
    let (form, fields) = tab.next_form().expect("a step");
    let start = Barrier::new(TABS);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let press = || {
            start.wait();
            tab.posts(&form, &fields)
        };
        let tabs: Vec<_> = (0..TABS).map(|_| scope.spawn(press)).collect();
        tabs.into_iter().map(|tab| tab.join().expect("a tab")).collect()
    });
    for answer in &answers {
        assert!(answer.status < 500, "{} answered {}: {}", answer.asked, answer.status, answer.text());
    }
    let last = answers.into_iter().next_back().expect("an answer");
    tab.shows(last);
}

fn is_paid_once(florin: &Florin, order: &Order) {
    let books = florin.books();
    let (shop, id) = (florin.shop(0), &order.id);
    assert_eq!(shop.status(order), "SUCCESSFUL");
    assert_eq!(books.count(&format!("payouts WHERE order_id = '{id}'")), 1);
    let paid = format!("journal WHERE subject = '{id}' AND kind IN ('order_paid_later', 'order_paid_now')");
    assert_eq!(books.count(&paid), 1, "one entry for one payment");
    let statuses = books.words(&format!("SELECT status FROM events WHERE order_id = '{id}' ORDER BY number"));
    let mut once = statuses.clone();
    once.dedup();
    assert_eq!(once, statuses, "each status is announced once");
}

story! {
    fn every_step_of_credit_sent_from_many_tabs_at_once_counts_once(florin) {
        let order = florin.shop(0).creates(&Wish::of(900.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        tab.chooses_credit();
        while !tab.is_at_an_end() {
            presses_together(&mut tab);
            // Whatever the last answer showed, the order's address knows where the buyer stands.
            if tab.is_at_an_end() {
                break;
            }
        }
        is_paid_once(florin, &order);
        let books = florin.books();
        assert_eq!(books.count(&format!("loans WHERE order_id = '{}'", order.id)), 1);
        assert_eq!(books.balance("buyer_receivable", ""), 90_000);
        assert_eq!(books.balance("credit_held", ""), 0);
    }
}

story! {
    fn every_step_of_a_bank_payment_sent_from_many_tabs_at_once_counts_once(florin) {
        let order = florin.shop(0).creates(&Wish::of(80.0));
        let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
        tab.chooses_bank_payment(&florin.bank(Fate::Pays));
        while !tab.is_at_an_end() {
            presses_together(&mut tab);
        }
        is_paid_once(florin, &order);
        assert_eq!(florin.books().count(&format!("bank_payments WHERE order_id = '{}' AND state = 'executed'", order.id)), 1);
    }
}

story! {
    fn every_step_sent_again_later_changes_nothing(florin) {
        let shop = florin.shop(0);
        for fate in [CompanyFate::Approved, CompanyFate::Declined, CompanyFate::ReferredThenApproved] {
            let order = shop.creates(&Wish::of(900.0));
            let mut tab = florin.buyer(fate).opens(&order);
            tab.chooses_credit();
            let mut sent = Vec::new();
            while !tab.is_at_an_end() {
                let (form, fields) = tab.next_form().expect("a step");
                tab.sends(&form, &fields);
                sent.push((form, fields));
                for (form, fields) in &sent {
                    let status = tab.posts(form, fields).status;
                    assert!(status < 500, "{status}: {} again", form.action);
                }
            }
            let expected = match fate {
                CompanyFate::Approved => "SUCCESSFUL",
                CompanyFate::Declined => "UNSUCCESSFUL",
                _ => "PENDING",
            };
            assert_eq!(shop.status(&order), expected, "{fate:?}");
            if fate == CompanyFate::Approved {
                is_paid_once(florin, &order);
            }
        }
    }
}

story! {
    fn credit_and_bank_payment_at_once_pay_once(florin) {
        let shop = florin.shop(0);
        let order = shop.creates(&Wish::of(900.0));
        let buyer = florin.buyer(CompanyFate::Approved);
        let mut credit = buyer.opens(&order);
        credit.chooses_credit();
        credit.goes_on_until(|tab| tab.is_asked_for("code"));
        let mut bank = buyer.opens_url(&order.order_url);
        if bank.page.form_offering("pay", "PAY_NOW").is_some() || bank.page.form_with("bank").is_some() {
            bank.chooses_bank_payment(&florin.bank(Fate::Pays));
            bank.goes_on_until(|tab| tab.is_at_an_end() || tab.page.form_offering("authorise", "yes").is_some());
        }
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                while let Some((form, fields)) = credit.next_form() {
                    let answer = credit.posts(&form, &fields);
                    assert!(answer.status < 500, "{}", answer.text());
                    let before = credit.page.url.clone();
                    credit.shows(answer);
                    if credit.page.url == before && credit.page.answer.status >= 400 {
                        return;
                    }
                }
            });
            scope.spawn(|| {
                start.wait();
                if let Some((form, fields)) = bank.next_form() {
                    let answer = bank.posts(&form, &fields);
                    assert!(answer.status < 500, "{}", answer.text());
                }
            });
        });
        florin.time_passes("2h");
        is_paid_once(florin, &order);
    }
}

story! {
    fn a_cancel_and_a_payment_at_the_same_moment_leave_one_of_them(florin) {
        let shop = florin.shop(0);
        for _ in 0..10 {
            let order = shop.creates(&Wish::of(300.0));
            let mut tab = florin.buyer(CompanyFate::Approved).opens(&order);
            tab.chooses_credit();
            tab.goes_on_until(|tab| tab.is_asked_for("agree"));
            let (form, fields) = tab.next_form().expect("the agreement");
            let start = Barrier::new(2);
            let (agreed, cancelled) = std::thread::scope(|scope| {
                let agreed = scope.spawn(|| {
                    start.wait();
                    tab.posts(&form, &fields)
                });
                let cancelled = scope.spawn(|| {
                    start.wait();
                    shop.cancels(&order.id)
                });
                (agreed.join().expect("a buyer"), cancelled.join().expect("a seller"))
            });
            assert!(agreed.status < 500, "{}", agreed.text());
            match cancelled.status {
                204 => assert_eq!(shop.status(&order), "UNSUCCESSFUL"),
                400 => {
                    assert_eq!(cancelled.detail(), "Can't cancel order of terminal state");
                    is_paid_once(florin, &order);
                }
                other => panic!("cancel answered {other}: {}", cancelled.text()),
            }
        }
        assert_eq!(florin.books().balance("credit_held", ""), 0);
    }
}
