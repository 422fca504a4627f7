//! What every noun promises, on both engines: what is written is read back, and what must not happen twice does not.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the path of a method does not fit every lifetime of a transaction")]

use florin_domain::application::{Applicant, Application, ApplicationState, Buyer, Code, Email};
use florin_domain::bank::{BankPayment, BankPaymentState};
use florin_domain::card::{Card, CardExpiry};
use florin_domain::company::CompanyNumber;
use florin_domain::credit::{Outcome, Verdict};
use florin_domain::loan::{Loan, LoanIds, Offer, Term};
use florin_domain::order::{EndReason, NewOrder, Order, PayMethod, PayMethods};
use florin_domain::payout::{Payout, PayoutState, bill_fees};
use florin_domain::seller::{Pricing, Seller};
use florin_domain::time::{days, hours, minutes};
use florin_domain::{
    BankPaymentId, CardId, Currency, LinkToken, LoanId, MailId, Money, OrderId, PayoutId, SellerId, Timestamp, TokenId, WebhookId,
};
use florin_store::{
    AnnouncementFilter, Attempt, Delivery, IdempotencyRecord, IntegrationEvent, MailRecord, Settled, Store, StoreError, TokenRecord, Tx,
};

use crate::bed::{NOW, on_both_engines, undone, write};

on_both_engines! {
    an_order_is_read_back_as_it_was_saved_in_every_state
    a_change_of_an_order_that_moved_is_stale
    a_limit_cannot_be_held_twice
    an_application_is_read_back_in_every_state
    an_instalment_is_booked_once
    a_bank_payment_is_final_once_it_is_executed
    a_payout_is_sent_once_and_fees_are_billed_once
    a_job_is_claimed_by_one_worker_at_a_time
    of_an_order_the_oldest_announcement_goes_first
    one_endpoint_gets_a_few_announcements_at_once
    an_announcement_keeps_its_id_and_bytes
    credentials_are_kept_until_they_end
    mails_answers_cards_and_settings_are_kept
    changed_books_are_found_out
}

fn company() -> CompanyNumber {
    CompanyNumber::parse("10000001").unwrap()
}

fn terms(number: u8) -> NewOrder {
    NewOrder {
        id: OrderId::from_random([number; 16]),
        link: LinkToken::parse(&format!("{number:032}")).unwrap(),
        pay_link_id: OrderId::from_random([number ^ 0xff; 16]),
        seller: SellerId::from_random([3; 16]),
        token: TokenId::from_random([4; 16]),
        amount: Money::pence(420_099),
        reference: "#order1 – ünï©ode".to_owned(),
        methods: PayMethods::new(&[PayMethod::Later, PayMethod::Now]).unwrap(),
        source: Some("plugin".to_owned()),
        redirect_url: Some("https://shop.example/?a=1".to_owned()),
        webhook_url: Some("https://shop.example/hook".to_owned()),
        meta_data: Some("{\"a\":null}".to_owned()),
    }
}

fn open(tx: &mut Tx<'_>, terms: NewOrder) -> Result<Order, StoreError> {
    tx.save(Order::create(terms, NOW).unwrap(), false)
}

fn begun(tx: &mut Tx<'_>, terms: NewOrder) -> Result<Order, StoreError> {
    let order = open(tx, terms)?;
    tx.save(order.begin(NOW).unwrap().unwrap(), true)
}

fn approved(tx: &mut Tx<'_>, terms: NewOrder) -> Result<Order, StoreError> {
    let order = begun(tx, terms)?;
    tx.set_credit_limit(&company(), Money::pounds(30_000))?;
    tx.save(order.approve(company(), NOW).unwrap(), true)
}

fn loan(order: &Order) -> Loan {
    let offer = Offer::new(order.terms.amount, Term::Months3, Term::Months3.rate(), NOW).unwrap();
    let card = CardId::from_random([6; 16]);
    let ids = LoanIds { loan: LoanId::from_random([5; 16]), order: order.id(), seller: order.terms.seller, card };
    Loan::fund(ids, company(), &offer, NOW)
}

fn seller() -> Seller {
    let pricing = Pricing::SellerPays { fee_bps: 350 };
    Seller { id: terms(1).seller, name: "Harbour".to_owned(), pricing, payout_hold_days: 3, created_at: NOW }
}

/// An order paid later, with all that belongs to it.
fn paid(tx: &mut Tx<'_>) -> Result<Loan, StoreError> {
    let order = approved(tx, terms(1))?;
    let loan = loan(&order);
    tx.insert_loan(&loan)?;
    tx.save(order.pay_with_credit(&loan, &seller(), NOW).unwrap(), true)?;
    Ok(loan)
}

async fn an_order_is_read_back_as_it_was_saved_in_every_state(store: &Store) {
    let saved = write(store, |tx| {
        let refused = begun(tx, terms(5))?;
        let banked = begun(tx, terms(6))?;
        Ok(vec![
            open(tx, terms(2))?,
            begun(tx, terms(3))?,
            approved(tx, terms(4))?,
            tx.save(refused.end(EndReason::Refused, NOW).unwrap(), true)?,
            tx.save(banked.pay_with_bank(BankPaymentId::from_random([9; 16]), NOW).unwrap(), true)?,
        ])
    })
    .await;
    for order in saved {
        let id = order.id();
        assert_eq!(write(store, move |tx| tx.find_order(id)).await, Some(order));
    }
    let unknown = OrderId::from_random([77; 16]);
    assert_eq!(write(store, move |tx| tx.find_order(unknown)).await, None);
    let open_ones = write(store, |tx| tx.list_open_orders(NOW, 10)).await;
    assert_eq!(open_ones.len(), 3, "ended orders are not open");
    assert_eq!(write(store, |tx| tx.oldest_open_order()).await, Some(NOW));
}

async fn a_change_of_an_order_that_moved_is_stale(store: &Store) {
    let outcome: Result<Order, StoreError> = store
        .write(|tx| {
            let order = begun(tx, terms(2))?;
            tx.save(order.clone().end(EndReason::Cancelled, NOW).unwrap(), true)?;
            tx.save(order.end(EndReason::Expired, NOW).unwrap(), true)
        })
        .await;
    assert_eq!(outcome, Err(StoreError::Stale));
    let twice: Result<Order, StoreError> = store.write(|tx| open(tx, terms(3)).and_then(|_| open(tx, terms(3)))).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })), "{twice:?}");
}

async fn a_limit_cannot_be_held_twice(store: &Store) {
    let outcome: Result<Order, StoreError> = store
        .write(|tx| {
            let order = begun(tx, NewOrder { amount: Money::pounds(20_000), ..terms(2) })?;
            let other = begun(tx, NewOrder { amount: Money::pounds(20_000), ..terms(3) })?;
            tx.set_credit_limit(&company(), Money::pounds(30_000))?;
            tx.save(order.approve(company(), NOW).unwrap(), true)?;
            tx.save(other.approve(company(), NOW).unwrap(), true)
        })
        .await;
    assert_eq!(outcome, Err(StoreError::Stale));
    let lines = write(store, |tx| {
        let order = approved(tx, terms(4))?;
        let held = tx.find_credit_line(&company())?;
        tx.save(order.end(EndReason::Cancelled, NOW).unwrap(), true)?;
        Ok((held, tx.list_credit_lines()?))
    })
    .await;
    assert_eq!(lines.0.map(|line| line.held), Some(Money::pence(420_099)));
    assert_eq!(lines.1[0].available(), Money::pounds(30_000), "what ended is free again");
}

async fn an_application_is_read_back_in_every_state(store: &Store) {
    let applicant = Applicant {
        company: company(),
        company_name: "Alder & Co Ltd".to_owned(),
        director: "Ada Þór".to_owned(),
        turnover: Money::pence(0),
    };
    let verdict = |outcome| Verdict { outcome, reasons: vec!["One.".to_owned(), "Two.".to_owned()], rule_version: "v1".to_owned() };
    let (yes, card) = (verdict(Outcome::Approved { limit: Money::pounds(30_000) }), CardId::from_random([6; 16]));
    let referred = verdict(Outcome::Referred { ask_again_at: NOW.plus(hours(1)) });
    let states = vec![
        ApplicationState::Confirming,
        ApplicationState::Confirmed,
        ApplicationState::Submitted { applicant: applicant.clone(), at: NOW },
        ApplicationState::Referred { applicant: applicant.clone(), at: NOW, verdict: referred },
        ApplicationState::Declined { applicant: applicant.clone(), verdict: verdict(Outcome::Declined) },
        ApplicationState::Approved { applicant: applicant.clone(), verdict: yes.clone(), term: None, card: None },
        ApplicationState::Approved { applicant: applicant.clone(), verdict: yes.clone(), term: Some(Term::Months12), card: Some(card) },
        ApplicationState::Agreed { applicant: applicant.clone(), verdict: yes, term: Term::Days30, card, at: NOW },
    ];
    let email = Email::parse("Buyer@Example.com").unwrap();
    for (number, state) in (10..).zip(states) {
        let code = Code { number: 2, sent_at: NOW, misses: 1 };
        let application = Application { order: OrderId::from_random([number; 16]), email: email.clone(), code, state, version: 0 };
        let read = write(store, move |tx| {
            let opened = tx.save_application(application.clone())?;
            let moved = tx.save_application(opened.clone())?;
            assert_eq!(tx.save_application(opened), Err(StoreError::Stale), "only the newest version can be moved");
            Ok((moved.clone(), tx.find_application(moved.order)?))
        })
        .await;
        assert_eq!(read.1, Some(read.0));
    }
    let buyer = Buyer { email: email.clone(), applicant, card };
    let known = buyer.clone();
    let found = write(store, move |tx| {
        tx.remember_buyer(&buyer)?;
        tx.remember_buyer(&buyer)?;
        tx.find_buyer(&email)
    });
    assert_eq!(found.await, Some(known));
}

async fn an_instalment_is_booked_once(store: &Store) {
    let loan = write(store, paid).await;
    let read = loan.clone();
    let found = write(store, move |tx| Ok((tx.find_loan(read.id)?, tx.find_loan_by_order(read.order)?))).await;
    assert_eq!((found.0.as_ref(), found.1.as_ref()), (Some(&loan), Some(&loan)));

    let (missed, collected) = (loan.miss(1, NOW).unwrap(), loan.collect(1, "ref".to_owned(), NOW).unwrap());
    let line = write(store, move |tx| {
        tx.save_instalment(&missed)?;
        tx.save_instalment(&collected)?;
        tx.find_credit_line(&company())
    });
    let drawn = loan.principal.minor() - loan.instalments[0].principal.minor();
    assert_eq!(line.await.map(|line| line.drawn.minor()), Some(drawn), "what is repaid can be spent again");

    let again = loan.collect(1, "again".to_owned(), NOW).unwrap();
    let twice: Result<(), StoreError> = store.write(move |tx| tx.save_instalment(&again)).await;
    assert_eq!(twice, Err(StoreError::Stale));
    let income = write(store, |tx| tx.balance("interest_income", "", Currency::Gbp)).await;
    assert_eq!(income, loan.instalments[0].interest.negated());
}

async fn a_bank_payment_is_final_once_it_is_executed(store: &Store) {
    let payment = |number: u8, state| BankPayment {
        id: BankPaymentId::from_random([number; 16]),
        order: terms(1).id,
        bank: "avon".to_owned(),
        amount: Money::pounds(5),
        created_at: NOW.plus(minutes(number.into())),
        state,
    };
    let reference = || "ref".to_owned();
    let states = vec![
        BankPaymentState::Processing,
        BankPaymentState::AwaitingAuthorisation { authorise_url: "https://bank.example".to_owned() },
        BankPaymentState::Executed { at: NOW, reference: reference() },
        BankPaymentState::Failed { at: NOW, reason: "no".to_owned() },
        BankPaymentState::Returning { at: NOW, reference: reference() },
        BankPaymentState::Returned { at: NOW, reference: reference() },
    ];
    for (number, state) in (1_u8..).zip(states) {
        let (started, expected) = (payment(number, BankPaymentState::Starting), payment(number, state.clone()));
        let found = write(store, move |tx| {
            tx.insert_bank_payment(&started)?;
            assert_eq!(tx.find_bank_payment(started.id)?.as_ref(), Some(&started));
            tx.save_bank_payment(started.clone().moves(state.clone(), NOW))?;
            Ok((tx.find_bank_payment(started.id)?, tx.find_last_bank_payment(started.order)?))
        })
        .await;
        assert_eq!(found, (Some(expected.clone()), Some(expected)));
    }
    let executed = payment(3, BankPaymentState::Processing);
    let moved: Result<BankPayment, StoreError> =
        store.write(move |tx| tx.save_bank_payment(executed.clone().moves(BankPaymentState::Processing, NOW))).await;
    assert_eq!(moved, Err(StoreError::Stale));
}

async fn a_payout_is_sent_once_and_fees_are_billed_once(store: &Store) {
    let payout = Payout {
        id: PayoutId::from_random([1; 16]),
        seller: seller().id,
        order: terms(1).id,
        amount: Money::pounds(42),
        due_at: NOW,
        state: PayoutState::Scheduled,
    };
    let (sent, entry) = payout.clone().send("ref".to_owned(), NOW).unwrap();
    let (expected, month_end) = (sent.clone(), NOW.month_end());
    let found = write(store, move |tx| {
        tx.insert_payout(&payout)?;
        assert_eq!(tx.find_payout_by_order(payout.order)?.as_ref(), Some(&payout));
        tx.save_payout(&sent, &entry)?;
        tx.find_payout(payout.id)
    });
    assert_eq!(found.await, Some(expected.clone()));
    let (_, entry) = Payout { state: PayoutState::Scheduled, ..expected.clone() }.send("again".to_owned(), NOW).unwrap();
    let twice: Result<(), StoreError> = store.write(move |tx| tx.save_payout(&expected, &entry)).await;
    assert_eq!(twice, Err(StoreError::Stale));

    let fee = Money::pence(147);
    let left = write(store, move |tx| {
        tx.insert_fee(terms(1).id, seller().id, fee, month_end)?;
        assert_eq!(tx.fees_to_bill(seller().id, month_end)?, fee);
        tx.save_fee_bill(seller().id, month_end, &bill_fees(seller().id, fee, month_end, NOW))?;
        tx.fees_to_bill(seller().id, month_end)
    });
    assert_eq!(left.await, Money::pence(0));
}

async fn a_job_is_claimed_by_one_worker_at_a_time(store: &Store) {
    let later = NOW.plus(minutes(1));
    write(store, move |tx| {
        tx.put_job("second", "b", NOW.minus(minutes(1)), None)?;
        tx.put_job("first", "a", NOW.minus(minutes(2)), None)?;
        tx.put_job("first", "a", NOW, None)?;
        tx.put_job("mine", "c", NOW, Some(later))?;
        tx.put_job("later", "d", later, None)
    })
    .await;
    let kinds = |jobs: Vec<florin_store::Job>| jobs.into_iter().map(|job| job.kind).collect::<Vec<_>>();
    assert_eq!(
        kinds(write(store, move |tx| tx.claim_jobs(NOW, later, 10)).await),
        ["first", "second"],
        "in order, the claimed one left out"
    );
    assert_eq!(kinds(write(store, move |tx| tx.claim_jobs(NOW, later, 10)).await), [] as [&str; 0]);
    assert_eq!(
        kinds(write(store, move |tx| tx.claim_jobs(later, later.plus(hours(1)), 10)).await),
        ["first", "second", "mine", "later"],
        "claims run out"
    );
    let left = write(store, move |tx| {
        tx.free_job_claims()?;
        tx.remove_job("first", "a")?;
        tx.remove_job("second", "b")?;
        tx.delay_job("mine", "c", later.plus(hours(1)), 3)?;
        Ok((tx.next_job_due()?, tx.find_job("mine", "c")?, tx.find_job("first", "a")?))
    })
    .await;
    assert_eq!((left.0, left.1.map(|job| job.attempts), left.2), (Some(later), Some(3), None));
}

fn claim(tx: &mut Tx<'_>, until: Timestamp) -> Result<Vec<florin_store::Announcement>, StoreError> {
    let due = tx.list_due_announcements(NOW, 4, 64)?;
    let claimed = tx.claim_announcements(&due, NOW, until)?;
    assert!(until == NOW || tx.claim_announcements(&due, NOW, until)?.is_empty(), "what is taken is not taken twice");
    Ok(claimed)
}

fn attempt(status: u32) -> Attempt {
    Attempt { number: 0, at: NOW, status: Some(status), error: None, duration_ms: 12, answer: b"\xff\x00ok".to_vec() }
}

async fn of_an_order_the_oldest_announcement_goes_first(store: &Store) {
    write(store, |tx| approved(tx, terms(2)).map(drop)).await;
    let until = NOW.plus(minutes(1));
    let claim = move |tx: &mut Tx<'_>| claim(tx, until);
    let first = write(store, claim).await;
    assert_eq!(first.iter().map(|one| one.event.status.name()).collect::<Vec<_>>(), ["pending"], "the approval waits its turn");
    assert!(write(store, claim).await.is_empty(), "claimed is claimed");
    let (seq, settled) = (first[0].seq, Settled { delivery: Delivery::Delivered, attempts: 1, due_at: NOW });
    write(store, move |tx| tx.settle_announcement(seq, &attempt(200), settled)).await;
    assert_eq!(write(store, claim).await[0].event.status.name(), "approved");
    let history = write(store, |tx| tx.list_events_of_order(terms(2).id)).await;
    assert_eq!(history.iter().map(|one| one.event.number).collect::<Vec<_>>(), [1, 2, 3], "the silent creation is kept too");
}

async fn one_endpoint_gets_a_few_announcements_at_once(store: &Store) {
    write(store, |tx| {
        for number in 10..20 {
            begun(tx, terms(number))?;
        }
        let elsewhere = NewOrder { webhook_url: Some("https://other.example/hook".to_owned()), ..terms(30) };
        begun(tx, elsewhere).map(drop)
    })
    .await;
    let claim = |tx: &mut Tx<'_>| claim(tx, NOW.plus(minutes(1)));
    let claimed = write(store, claim).await;
    let here = claimed.iter().filter(|one| one.event.webhook_url == terms(1).webhook_url).count();
    assert_eq!((here, claimed.len()), (4, 5), "a slow server holds up nobody else");
    assert!(write(store, claim).await.is_empty(), "its places are taken until one is answered");
    let (seq, later) = (claimed[0].seq, NOW.plus(minutes(1)));
    let failed = Settled { delivery: Delivery::Pending, attempts: 1, due_at: later };
    write(store, move |tx| tx.settle_announcement(seq, &attempt(500), failed)).await;
    assert_eq!(write(store, claim).await.len(), 1);
    let due = write(store, |tx| {
        tx.free_announcement_claims()?;
        tx.next_announcement_due()
    });
    assert_eq!(due.await, Some(NOW));
}

async fn an_announcement_keeps_its_id_and_bytes(store: &Store) {
    write(store, |tx| begun(tx, terms(2)).map(drop)).await;
    let claimed = write(store, |tx| claim(tx, NOW)).await;
    let (seq, webhook) = (claimed[0].seq, WebhookId::from_random([1; 16]));
    write(store, move |tx| tx.render_announcement(seq, webhook, b"{}")).await;
    let again: Result<(), StoreError> = store.write(move |tx| tx.render_announcement(seq, WebhookId::from_random([2; 16]), b"[]")).await;
    assert_eq!(again, Err(StoreError::Stale));
    let found = write(store, move |tx| {
        tx.settle_announcement(seq, &attempt(500), Settled { delivery: Delivery::GivenUp, attempts: 7, due_at: NOW })?;
        tx.revive_announcement(seq, NOW)?;
        tx.settle_announcement(seq, &attempt(204), Settled { delivery: Delivery::Delivered, attempts: 1, due_at: NOW })?;
        Ok((tx.find_announcement(seq)?, tx.list_attempts(seq)?))
    })
    .await;
    assert_eq!(found.0.and_then(|one| one.rendered), Some((webhook, b"{}".to_vec())));
    assert_eq!(found.1, [Attempt { number: 1, ..attempt(500) }, Attempt { number: 2, ..attempt(204) }]);
    let filter = |delivery: &str| AnnouncementFilter {
        delivery: delivery.to_owned(),
        order: terms(2).id.to_string(),
        limit: 5,
        ..Default::default()
    };
    let (delivered, pending) = (filter("delivered"), filter("pending"));
    let listed = write(store, move |tx| Ok((tx.list_announcements(&delivered)?.len(), tx.list_announcements(&pending)?.len())));
    assert_eq!(listed.await, (1, 0));
}

async fn credentials_are_kept_until_they_end(store: &Store) {
    let (hash, end) = ([7; 32], NOW.plus(days(1)));
    let record = move |number: u8| TokenRecord {
        id: TokenId::from_random([number; 16]),
        seller: seller().id,
        redirect_url: None,
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        sealed: vec![0, 1, 2],
    };
    let tokens = write(store, move |tx| {
        tx.insert_seller(&seller())?;
        tx.insert_token(&record(1), &hash)?;
        assert!(matches!(tx.find_token_by_hash(&hash)?, Some((found, token)) if found == seller() && token == record(1)));
        tx.expire_token(record(1).id, end)?;
        tx.revoke_token(record(1).id, NOW)?;
        assert_eq!(tx.find_seller(seller().id)?, Some(seller()));
        assert_eq!(tx.list_sellers()?, [seller()]);
        Ok((tx.find_token(record(1).id)?, tx.list_tokens(None)?.len(), tx.list_tokens(Some(SellerId::from_random([8; 16])))?.len()))
    })
    .await;
    let token = tokens.0.unwrap();
    assert_eq!((token.expires_at, token.revoked_at, token.is_good(NOW)), (Some(end), Some(NOW), false));
    assert_eq!((tokens.1, tokens.2), (1, 0));
}

async fn mails_answers_cards_and_settings_are_kept(store: &Store) {
    let end = NOW.plus(days(1));
    let mail = MailRecord {
        id: MailId::from_random([1; 16]),
        recipient: "a@b.c".to_owned(),
        subject: "s".to_owned(),
        body: "code".to_owned(),
        created_at: NOW,
        sent_at: None,
    };
    let answer = IdempotencyRecord { fingerprint: [9; 32], status: 201, body: b"{}".to_vec() };
    let card = Card {
        id: CardId::from_random([6; 16]),
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
        expiry: CardExpiry { year: 2029, month: 9 },
        sealed: vec![],
        created_at: NOW,
    };
    let event = IntegrationEvent {
        event_type: "E".to_owned(),
        integration_name: None,
        integration_version: Some("1".to_owned()),
        meta_data: "{}".to_owned(),
    };
    write(store, move |tx| {
        tx.insert_mail(&mail)?;
        tx.mark_mail_sent(mail.id, NOW, true)?;
        let sent = MailRecord { body: String::new(), sent_at: Some(NOW), ..mail.clone() };
        assert!(tx.find_mail(mail.id)? == Some(sent.clone()) && tx.list_mails(5)? == [sent]);
        tx.insert_answer("s", "k", &answer, NOW)?;
        assert_eq!(tx.find_answer("s", "k")?, Some(answer.clone()));
        assert_eq!(tx.find_answer("t", "k")?, None, "keys of two callers do not meet");
        assert_eq!(tx.forget_answers(NOW)?, 0);
        assert_eq!(tx.forget_answers(end)?, 1);
        tx.insert_card(&card)?;
        assert_eq!(tx.find_card(card.id)?, Some(card.clone()));
        tx.insert_integration_event(seller().id, &event, NOW)?;
        assert_eq!(tx.count_integration_events(seller().id)?, 1);
        tx.set_setting("a", "1")?;
        assert_eq!(tx.keep_setting("a", "2")?, "1");
        assert_eq!(tx.keep_data_key("o", &[1])?, tx.keep_data_key("o", &[2])?);
        tx.set_sim_note("n", "1")?;
        tx.set_sim_note("n", "2")?;
        assert_eq!(tx.sim_note("n")?.as_deref(), Some("2"));
        Ok(())
    })
    .await;
}

async fn changed_books_are_found_out(store: &Store) {
    let loan = write(store, paid).await;
    write(store, move |tx| {
        let order = loan.order;
        let payout = Payout {
            id: PayoutId::from_random([1; 16]),
            seller: loan.seller,
            order,
            amount: loan.principal,
            due_at: NOW,
            state: PayoutState::Scheduled,
        };
        tx.insert_payout(&payout)?;
        tx.insert_fee(order, loan.seller, seller().fee(loan.principal), NOW.month_end())?;
        tx.put_job("pay_out", &payout.id.to_string(), NOW, None)?;
        for instalment in &loan.instalments {
            tx.put_job("collect", &format!("{}/{}", loan.id, instalment.number), NOW, None)?;
        }
        Ok(())
    })
    .await;
    assert_eq!(write(store, |tx| tx.list_violations()).await, [], "an honest database breaks no rule");
    assert!(write(store, |tx| tx.list_counts()).await.contains(&("loans", 1)));
    let frauds: [(&'static str, &str); 9] = [
        ("UPDATE legs SET amount_minor = amount_minor + 1 WHERE seq = 1 AND number = 1", "add up to zero"),
        ("DELETE FROM legs WHERE seq = 1", "every entry has legs"),
        ("DELETE FROM events WHERE number = 2", "left one event"),
        ("UPDATE events SET status = 'created' WHERE number = 4", "says where the order stands"),
        ("UPDATE orders SET state = 'created'", "open orders stand in the books"),
        ("UPDATE credit_lines SET drawn_minor = 0", "drawn credit"),
        ("DELETE FROM payouts", "one payout of its amount"),
        ("UPDATE instalments SET principal_minor = 1 WHERE number = 1", "pay back its principal"),
        ("DELETE FROM jobs", "has its job"),
    ];
    for (fraud, rule) in frauds {
        let found: Result<(), Vec<florin_store::Violation>> = undone(store, fraud).await;
        let found = found.unwrap_err();
        assert!(found.iter().any(|violation| violation.rule.contains(rule)), "{fraud}: {found:?}");
    }
}
