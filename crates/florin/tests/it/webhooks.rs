//! News to sellers' servers: every change once, in order, signed, the same bytes however often they are sent.

use std::time::{Duration, Instant};

use crate::cast::{CompanyFate, Fate, Heard, Receiver, Wish, eventually, story};

fn without_creation(heard: Vec<Heard>) -> Vec<Heard> {
    heard.into_iter().filter(|heard| heard.field("status") != "CREATED").collect()
}

story! {
    fn each_change_of_status_is_told_once_in_order_and_signed(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        let order = shop.creates(&Wish::of(278.22).told_to(&news.url()));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        news.hears_of("the end", |heard| heard.field("status") == "SUCCESSFUL");
        let heard = without_creation(news.heard());
        assert_eq!(heard.iter().map(|heard| heard.field("status")).collect::<Vec<_>>(), ["PENDING", "APPROVED", "SUCCESSFUL"]);
        let mut ids = Vec::new();
        for one in &heard {
            assert_eq!((one.method.as_str(), one.path.as_str()), ("POST", "/florin/news?shop=1"));
            assert!(one.header("content-type").starts_with("application/json"));
            one.is_signed_with(&shop.token);
            let data = one.data();
            assert_eq!(data["event_type"], "ORDER_STATUS_CHANGED");
            assert_eq!((&data["order_id"], &data["reference"]), (&order.id.clone().into(), &"#order1".into()));
            assert_eq!(data["amount"], 278.22);
            let id = one.field("webhook_id");
            assert!(id.len() == 36 && id.as_bytes()[14] == b'4', "{id}");
            ids.push(id);
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3, "a new id for each change");
    }
}

story! {
    fn an_order_without_a_webhook_url_tells_nobody(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        let quiet = shop.creates(&Wish::of(75.0));
        let loud = shop.creates(&Wish::of(75.0).told_to(&news.url()));
        for order in [&quiet, &loud] {
            florin.buyer(CompanyFate::Approved).pays_now(florin, order, Fate::Pays);
        }
        news.hears_of("the end", |heard| heard.field("status") == "SUCCESSFUL");
        assert!(news.heard().iter().all(|heard| heard.field("order_id") == loud.id));
        assert_eq!(florin.books().count(&format!("events WHERE order_id = '{}' AND target IS NOT NULL", quiet.id)), 0);
    }
}

story! {
    fn a_cancel_is_told(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        let order = shop.creates(&Wish::of(75.0).told_to(&news.url()));
        shop.cancels(&order.id).is(204);
        news.hears_of("the cancel", |heard| heard.field("status") == "UNSUCCESSFUL").is_signed_with(&shop.token);
    }
}

story! {
    fn what_was_not_taken_is_sent_again_on_the_clock_with_the_same_bytes(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        news.answers(500);
        let order = shop.creates(&Wish::of(75.0).told_to(&news.url()));
        shop.cancels(&order.id).is(204);
        let first = news.hears_of("the first try", |_| true);
        for wait in ["2m", "6m", "35m", "3h"] {
            let before = news.heard().len();
            florin.time_passes(wait);
            news.hears(before + 1);
        }
        let tries = news.heard();
        assert!(tries.iter().all(|one| one.body == first.body && one.field("webhook_id") == first.field("webhook_id")), "the same bytes each time");
        for one in &tries {
            one.is_signed_with(&shop.token);
        }
        news.answers(204);
        let before = tries.len();
        florin.time_passes("7h");
        news.hears(before + 1);
        florin.time_passes("3d");
        let end = without_creation(news.heard());
        assert_eq!(end.iter().filter(|one| one.answered == 204 && one.field("status") == "UNSUCCESSFUL").count(), 1, "taken once, never sent again");
    }
}

story! {
    fn the_next_change_waits_until_the_one_before_is_taken(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        news.answers(503);
        let order = shop.creates(&Wish::of(500.0).told_to(&news.url()));
        florin.buyer(CompanyFate::Approved).pays_later(&order);
        news.hears(1);
        florin.time_passes("2m");
        news.hears(2);
        let refused: Vec<_> = without_creation(news.heard()).iter().map(|heard| heard.field("status")).collect();
        assert!(refused.iter().all(|status| status == "PENDING"), "{refused:?}");
        news.answers(200);
        florin.time_passes("10m");
        news.hears_of("the end", |heard| heard.field("status") == "SUCCESSFUL");
        let taken: Vec<_> = news.statuses(&order.id).into_iter().filter(|status| status != "CREATED").collect();
        assert_eq!(taken, ["PENDING", "APPROVED", "SUCCESSFUL"]);
    }
}

story! {
    fn a_dead_endpoint_delays_nobody_else(florin) {
        let shop = florin.shop(0);
        let (dead, alive) = (Receiver::new(), Receiver::new());
        dead.falls_silent();
        for _ in 0..40 {
            let order = shop.creates(&Wish::of(75.0).told_to(&dead.url()));
            shop.cancels(&order.id).is(204);
        }
        dead.hears(1);
        let order = shop.creates(&Wish::of(75.0).told_to(&alive.url()));
        let begun = Instant::now();
        shop.cancels(&order.id).is(204);
        alive.hears_of("the cancel", |heard| heard.field("status") == "UNSUCCESSFUL");
        assert!(begun.elapsed() < Duration::from_secs(3), "told after {:?}", begun.elapsed());
    }
}

story! {
    fn an_endpoint_has_five_seconds_and_a_redirect_is_no_yes(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        news.falls_silent();
        let slow = shop.creates(&Wish::of(75.0).told_to(&news.url()));
        shop.cancels(&slow.id).is(204);
        let moved = Receiver::new();
        moved.answers(302);
        let order = shop.creates(&Wish::of(75.0).told_to(&moved.url()));
        shop.cancels(&order.id).is(204);
        moved.hears(1);
        let books = florin.books();
        eventually("both attempts to be written down", || {
            let seen = books.count("webhook_attempts WHERE error IS NOT NULL AND duration_ms BETWEEN 4500 AND 9000") > 0
                && books.count("webhook_attempts WHERE status = 302") > 0;
            seen.then_some(())
        });
        assert_eq!(books.count("events WHERE delivery = 'delivered' AND target IS NOT NULL AND status = 'unsuccessful'"), 0);
    }
}

story! {
    fn after_the_last_try_it_is_given_up_and_the_operator_can_send_it_again(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        news.answers(500);
        let order = shop.creates(&Wish::of(75.0).told_to(&news.url()));
        shop.cancels(&order.id).is(204);
        news.hears(1);
        for wait in ["2m", "6m", "35m", "3h", "7h", "27h"] {
            florin.time_passes(wait);
        }
        let first = news.heard()[0].clone();
        let before = news.heard().len();
        assert_eq!(before, 7, "six waits, seven tries");
        florin.time_passes("30d");
        assert_eq!(news.heard().len(), before, "given up");
        let list = florin.operator(&["webhooks", "list"]);
        assert!(list.contains(&order.id), "{list}");
        let number = florin.books().number(&format!("SELECT seq FROM events WHERE order_id = '{}' AND webhook_id IS NOT NULL", order.id)).to_string();
        let shown = florin.operator(&["webhooks", "show", &number]);
        assert!(shown.contains("500") && shown.contains("note"), "every attempt with what was answered: {shown}");
        news.answers(200);
        florin.operator(&["webhooks", "redeliver", &number]);
        let again = news.hears(before + 1).pop().expect("a delivery");
        assert_eq!(again.body, first.body, "the same bytes again");
    }
}

story! {
    fn news_survives_a_crash_of_the_server(florin) {
        let shop = florin.shop(0);
        let news = Receiver::new();
        news.answers(500);
        let order = shop.creates(&Wish::of(75.0).told_to(&news.url()));
        shop.cancels(&order.id).is(204);
        let first = news.hears(1).remove(0);
        florin.dies();
        news.answers(200);
        florin.comes_back();
        florin.time_passes("10m");
        let again = news.hears_of("the news after the crash", |heard| heard.answered == 200);
        assert_eq!(again.body, first.body);
    }
}
