//! `POST …/seller/{seller}/order/`: a seller asks to be paid.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use florin_domain::order::{PayMethod, PayMethods};
use florin_service::idempotency::Answer;
use florin_service::orders::{self, CreateOrder};
use florin_service::{Environment, Tx};
use florin_web::Surface;

use crate::call::Call;
use crate::fault::Refusal;
use crate::fields::{Complaint, Fields, Given, TEXT_MAX};
use crate::order;

/// Reads the order, opens it, and shows where its buyer goes.
pub async fn create(State(surface): State<Surface>, call: Call, body: Body) -> Response {
    let outcome = open(&surface, &call, body).await;
    call.respond(outcome)
}

async fn open(surface: &Surface, call: &Call, body: Body) -> Result<Answer, Refusal> {
    let body = call.read(surface, body).await?;
    let ticket = call.ticket(surface, "create", body.bytes())?;
    let wanted = call.check_version(surface).and_then(|()| read(&body.data()?, surface.cx.policy.environment));
    let wanted = ticket.accept(surface, wanted).await?;
    let (order, now, writer) = (orders::prepare(&surface.cx, &call.caller, wanted), surface.cx.clock.now(), surface.cx.clone());
    let open = move |tx: &mut Tx<'_>| {
        let order = orders::create(tx, &order, writer.policy.announce_creation, now)?;
        Ok(Answer { status: 201, body: order::created(&order, &writer.policy), replayed: false })
    };
    ticket.once(surface, open).await
}

/// What the fields ask for; all their faults are told at once.
fn read(fields: &Fields<'_>, environment: Environment) -> Result<CreateOrder, Refusal> {
    let mut faults = Vec::new();
    let amount = fields.require("amount", &mut faults, Given::amount);
    let reference = fields.require("reference", &mut faults, |given| given.words(TEXT_MAX));
    let methods = fields.read("allowed_payment_terms", &mut faults, methods);
    let source = fields.read("source", &mut faults, |given| given.text(TEXT_MAX));
    let redirect_url = fields.read("redirect_url", &mut faults, |given| given.url(false));
    let webhook_url = fields.read("webhook_url", &mut faults, |given| given.url(environment == Environment::Production));
    let meta_data = fields.read("meta_data", &mut faults, Given::json_object);
    match (amount, reference) {
        (Some(amount), Some(reference)) if faults.is_empty() => {
            let methods = methods.unwrap_or_else(PayMethods::both);
            Ok(CreateOrder { amount, reference, methods, source, redirect_url, webhook_url, meta_data })
        }
        _ => Err(Refusal::invalid(faults)),
    }
}

fn methods(given: &Given<'_>) -> Result<PayMethods, Complaint> {
    let words = given.texts()?;
    let methods: Option<Vec<PayMethod>> = words.iter().map(|word| order::method(word)).collect();
    let methods = methods.ok_or("must hold PAY_NOW, PAY_LATER or both")?;
    PayMethods::new(&methods).ok_or_else(|| "must not be empty".into())
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use florin_domain::Money;

    use super::*;
    use crate::body;
    use crate::fault::Source;

    fn asked(encoding: body::Encoding, text: &str) -> Result<CreateOrder, Vec<(String, String)>> {
        let body = body::Body::new(Bytes::copy_from_slice(text.as_bytes()), encoding);
        body.data().and_then(|fields| read(&fields, Environment::Production)).map_err(places)
    }

    fn json(fields: &str) -> Result<CreateOrder, Vec<(String, String)>> {
        asked(body::Encoding::Json, &format!("{{\"data\":{{{fields}}}}}"))
    }

    /// Every fault with its place.
    fn places(refusal: Refusal) -> Vec<(String, String)> {
        let Refusal::Faults(_, faults) = refusal else { return Vec::new() };
        let place = |source| match source {
            Source::Pointer(pointer) => pointer,
            Source::Call | Source::Parameter(_) | Source::Header(_) => String::new(),
        };
        faults.into_iter().map(|fault| (place(fault.source), fault.detail.into_owned())).collect()
    }

    #[test]
    fn json_and_forms_ask_for_the_same_order() {
        let whole = r##""amount":119.99,"reference":"#1","allowed_payment_terms":["PAY_LATER","PAY_NOW"],"source":"s",
            "redirect_url":"https://shop.example/?a=1#b","webhook_url":"https://shop.example/hook","meta_data":{"a":1},"other":[1]"##;
        let flat = "amount=119.99&reference=%231&allowed_payment_terms=PAY_LATER&allowed_payment_terms=PAY_NOW&source=s\
            &redirect_url=https%3A%2F%2Fshop.example%2F%3Fa%3D1%23b&webhook_url=https://shop.example/hook&meta_data={\"a\":1}&other=1";
        let brackets = "data[amount]=119.99&data[reference]=%231&data[allowed_payment_terms][]=PAY_LATER&data[allowed_payment_terms][]=PAY_NOW\
            &data[source]=s&data[redirect_url]=https://shop.example/?a=1%23b&data[webhook_url]=https://shop.example/hook&data[meta_data]={\"a\":1}";
        let orders = [json(whole), asked(body::Encoding::Form, flat), asked(body::Encoding::Form, brackets)];
        for order in orders.map(Result::unwrap) {
            assert_eq!((order.amount, order.reference.as_str()), (Money::pence(11_999), "#1"));
            assert_eq!(order.methods.as_slice(), [PayMethod::Later, PayMethod::Now]);
            assert_eq!((order.source.as_deref(), order.meta_data.as_deref()), (Some("s"), Some("{\"a\":1}")));
            assert_eq!(order.redirect_url.as_deref(), Some("https://shop.example/?a=1#b"));
            assert_eq!(order.webhook_url.as_deref(), Some("https://shop.example/hook"));
        }
    }

    #[test]
    fn whatever_is_left_out_or_null_has_its_default() {
        for fields in [
            r#""amount":4200,"reference":"000000123""#,
            r#""amount":42e2,"reference":"000000123","allowed_payment_terms":null,"source":null,"redirect_url":null,"webhook_url":null,"meta_data":null"#,
        ] {
            let order = json(fields).unwrap();
            assert_eq!((order.amount, order.reference.as_str()), (Money::pounds(4_200), "000000123"));
            assert_eq!(order.methods, PayMethods::both());
            assert_eq!((order.source, order.redirect_url, order.webhook_url, order.meta_data), (None, None, None, None));
        }
        assert_eq!(json(r#""amount":1,"reference":"r","meta_data":[]"#).unwrap().meta_data.as_deref(), Some("{}"));
        assert!(asked(body::Encoding::Form, "amount=1&reference=r&redirect_url=").unwrap().redirect_url.is_none());
    }

    #[test]
    fn a_bad_value_is_refused_by_its_name() {
        let long = format!("\"reference\":\"{}\"", "x".repeat(256));
        let far = format!("\"redirect_url\":\"https://shop.example/{}\"", "x".repeat(2_048));
        let table = [
            ("amount", r#""amount":0"#),
            ("amount", r#""amount":-1"#),
            ("amount", r#""amount":1.234"#),
            ("amount", r#""amount":1e400"#),
            ("amount", r#""amount":"4200""#),
            ("amount", r#""amount":[1]"#),
            ("amount", r#""amount":true"#),
            ("amount", r#""amount":null"#),
            ("amount", r#""amount":1,"amount":2"#),
            ("reference", r#""reference":7"#),
            ("reference", r#""reference":"""#),
            ("reference", r#""reference":" ""#),
            ("reference", r#""reference":"a\u0000b""#),
            ("reference", r#""reference":"\ud800""#),
            ("reference", &long),
            ("allowed_payment_terms", r#""allowed_payment_terms":[]"#),
            ("allowed_payment_terms", r#""allowed_payment_terms":"PAY_NOW""#),
            ("allowed_payment_terms", r#""allowed_payment_terms":["PAY_NOW","pay_later"]"#),
            ("allowed_payment_terms", r#""allowed_payment_terms":[1]"#),
            ("allowed_payment_terms", r#""allowed_payment_terms":{"0":"PAY_NOW"}"#),
            ("source", r#""source":{}"#),
            ("redirect_url", r#""redirect_url":"""#),
            ("redirect_url", r#""redirect_url":"/callback""#),
            ("redirect_url", r#""redirect_url":"shop.example/callback""#),
            ("redirect_url", r#""redirect_url":"javascript:alert(1)""#),
            ("redirect_url", r#""redirect_url":"https://shop.example/\r\nX: y""#),
            ("redirect_url", r#""redirect_url":"https:///""#),
            ("redirect_url", &far),
            ("webhook_url", r#""webhook_url":"http://shop.example/hook""#),
            ("webhook_url", r#""webhook_url":"ftp://shop.example/hook""#),
            ("meta_data", r#""meta_data":[1]"#),
            ("meta_data", r#""meta_data":"{}""#),
            ("meta_data", r#""meta_data":{"a":{"b":"\u0000"}}"#),
            ("meta_data", r#""meta_data":{"a":"\udfff"}"#),
        ];
        for (name, field) in table {
            let rest = [("amount", "\"amount\":1"), ("reference", "\"reference\":\"r\"")].into_iter().filter(|(other, _)| *other != name);
            let fields: Vec<&str> = rest.map(|(_, field)| field).chain([field]).collect();
            let faults = json(&fields.join(",")).expect_err(field);
            assert_eq!(faults.len(), 1, "{field}: {faults:?}");
            assert_eq!(faults[0].0, format!("/data/{name}"), "{field}");
            assert!(faults[0].1.starts_with(name), "{field}: {faults:?}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = json(r#""amount":"1","redirect_url":"x","allowed_payment_terms":[]"#).unwrap_err();
        let places: Vec<&str> = faults.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["/data/amount", "/data/reference", "/data/allowed_payment_terms", "/data/redirect_url"]);
    }

    #[test]
    fn forms_are_as_strict_as_json() {
        for form in
            ["amount=&reference=r", "amount=x&reference=r", "amount=1&amount=2&reference=r", "amount=1", "amount=1&reference=r&meta_data=x"]
        {
            assert!(asked(body::Encoding::Form, form).is_err(), "{form}");
        }
    }
}
