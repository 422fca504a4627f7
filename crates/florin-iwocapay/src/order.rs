//! Orders on the wire: the words for their statuses and ways to pay, and the bodies that show them.

use florin_domain::event::Event;
use florin_domain::loan::Term;
use florin_domain::order::{Order, PayMethod, Status};
use florin_domain::seller::{Pricing, Seller};
use florin_domain::{Money, OrderId, WebhookId};
use florin_service::{Policy, orders};

use crate::json::{Object, object};

/// A status as the client compares it.
pub const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Created => "CREATED",
        Status::Pending => "PENDING",
        Status::Approved => "APPROVED",
        Status::Successful => "SUCCESSFUL",
        Status::Unsuccessful => "UNSUCCESSFUL",
    }
}

/// A way to pay, in the vendor's words.
pub const fn method_word(method: PayMethod) -> &'static str {
    match method {
        PayMethod::Now => "PAY_NOW",
        PayMethod::Later => "PAY_LATER",
    }
}

/// The way to pay that `word` names.
pub fn method(word: &str) -> Option<PayMethod> {
    [PayMethod::Now, PayMethod::Later].into_iter().find(|method| method_word(*method) == word)
}

/// The body that answers the creation of `order`.
pub fn created(order: &Order, policy: &Policy) -> Vec<u8> {
    data(|data| {
        head(data, order.id(), order.terms.amount, &order.terms.reference);
        data.text("order_url", &orders::order_url(policy, order));
        data.plain("status", status_word(order.status()));
        methods(data, order);
    })
}

/// The body that shows `order` to its `seller`.
pub fn shown(order: &Order, seller: &Seller) -> Vec<u8> {
    data(|data| {
        head(data, order.id(), order.terms.amount, &order.terms.reference);
        match orders::return_url(order) {
            Some(url) => data.text("redirect_url", &url),
            None => data.raw("redirect_url", "null"),
        };
        data.object("pricing", |pricing| show_pricing(pricing, seller));
        data.plain("pay_link_id", order.terms.pay_link_id).text("seller_name", &seller.name);
        data.plain("status", status_word(order.status()));
        methods(data, order);
        if let Some(meta_data) = &order.terms.meta_data {
            data.raw("meta_data", meta_data);
        }
    })
}

/// The body that announces `event`.
pub fn announced(webhook: WebhookId, event: &Event) -> Vec<u8> {
    data(|data| {
        data.plain("webhook_id", webhook).plain("event_type", "ORDER_STATUS_CHANGED").plain("order_id", event.order);
        data.raw("amount", &event.amount.to_decimal()).text("reference", &event.reference);
        data.plain("status", status_word(event.status));
    })
}

/// The envelope that every good answer comes in.
pub fn data(fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    object(|body| {
        body.object("data", fill);
    })
}

fn head(data: &mut Object<'_>, id: OrderId, amount: Money, reference: &str) {
    data.plain("id", id).raw("amount", &amount.to_decimal()).text("reference", reference);
}

fn methods(data: &mut Object<'_>, order: &Order) {
    data.texts("allowed_payment_terms", order.terms.methods.as_slice().iter().map(|method| method_word(*method)));
}

/// The representative rate is a fraction per 30 days, and nothing where the seller pays for credit.
fn show_pricing(pricing: &mut Object<'_>, seller: &Seller) {
    let promotions: &[&str] = match seller.pricing {
        Pricing::BuyerPays => &["equal_repayments"],
        Pricing::SellerPays { .. } => &[],
    };
    pricing.raw("representative_interest", &seller.rate(Term::Days30).to_decimal());
    pricing.texts("promotions", promotions.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_domain::order::{NewOrder, PayMethods};
    use florin_domain::{LinkToken, SellerId, Timestamp, TokenId};

    fn seller(pricing: Pricing) -> Seller {
        let id = SellerId::from_random([5; 16]);
        Seller { id, name: "Alder & Sons \"Joinery\"".to_owned(), pricing, payout_hold_days: 0, created_at: Timestamp::from_micros(0) }
    }

    fn order(redirect_url: Option<&str>, meta_data: Option<&str>) -> Order {
        let terms = NewOrder {
            id: OrderId::from_random([1; 16]),
            link: LinkToken::parse(&"a".repeat(32)).unwrap(),
            pay_link_id: OrderId::from_random([2; 16]),
            seller: SellerId::from_random([5; 16]),
            token: TokenId::from_random([4; 16]),
            amount: Money::pounds(4_200),
            reference: "#order1".to_owned(),
            methods: PayMethods::both(),
            source: None,
            redirect_url: redirect_url.map(str::to_owned),
            webhook_url: None,
            meta_data: meta_data.map(str::to_owned),
        };
        Order::create(terms, Timestamp::from_micros(0)).unwrap().order().clone()
    }

    fn text(body: Vec<u8>) -> String {
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn an_order_is_shown_with_the_published_fields() {
        let head = r##"{"data":{"id":"01010101-0101-4101-8101-010101010101","amount":4200.0,"reference":"#order1","##;
        let back = r#""redirect_url":"https://shop.example/?orderId=01010101-0101-4101-8101-010101010101","#;
        let tail = r#""pay_link_id":"02020202-0202-4202-8202-020202020202","seller_name":"Alder & Sons \"Joinery\"","status":"CREATED","allowed_payment_terms":["PAY_NOW","PAY_LATER"]"#;
        let buyer_pays = r#""pricing":{"representative_interest":0.025,"promotions":["equal_repayments"]},"#;
        let seller_pays = r#""pricing":{"representative_interest":0.0,"promotions":[]},"#;

        let plain = shown(&order(Some("https://shop.example"), None), &seller(Pricing::SellerPays { fee_bps: 350 }));
        assert_eq!(text(plain), format!("{head}{back}{seller_pays}{tail}}}}}"));
        let rich = shown(&order(None, Some("{\"a\":1}")), &seller(Pricing::BuyerPays));
        assert_eq!(text(rich), format!("{head}\"redirect_url\":null,{buyer_pays}{tail},\"meta_data\":{{\"a\":1}}}}}}"));
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for method_said in [PayMethod::Now, PayMethod::Later] {
            assert_eq!(method(method_word(method_said)), Some(method_said));
        }
        assert_eq!(Status::ALL.map(status_word), ["CREATED", "PENDING", "APPROVED", "SUCCESSFUL", "UNSUCCESSFUL"]);
    }
}
