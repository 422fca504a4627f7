//! `POST …/seller/integrations/{seller}/events/`: what a shop's plugin wants us to know.
//!
//! Both published shapes, any type of event. Clients wait two seconds at the most, so nothing but one write happens here.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use florin_service::Tx;
use florin_service::idempotency::Answer;
use florin_service::integrations::{self, IntegrationEvent};
use florin_web::Surface;

use crate::body;
use crate::call::Call;
use crate::fault::{Fault, Refusal};
use crate::fields::{Fields, Given, TEXT_MAX, json_items};
use crate::order;

/// The most events in one call.
const EVENTS_MAX: usize = 100;

/// Keeps the events.
pub async fn record(State(surface): State<Surface>, call: Call, body: Body) -> Response {
    let outcome = keep(&surface, &call, body).await;
    call.respond(outcome)
}

async fn keep(surface: &Surface, call: &Call, body: Body) -> Result<Answer, Refusal> {
    let body = call.read(surface, body).await?;
    let ticket = call.ticket(surface, "events", body.bytes())?;
    let events = ticket.accept(surface, read(&body)).await?;
    let (seller, now) = (call.caller.seller.id, surface.cx.clock.now());
    let keep = move |tx: &mut Tx<'_>| {
        integrations::record(tx, seller, &events, now)?;
        Ok(Answer { status: 202, body: accepted(events.len()), replayed: false })
    };
    ticket.once(surface, keep).await
}

fn accepted(count: usize) -> Vec<u8> {
    order::data(|data| {
        data.raw("accepted", &count.to_string());
    })
}

/// `{"events":[…]}`, or the older `{"data":{…}}` with one event.
fn read(body: &body::Body) -> Result<Vec<IntegrationEvent>, Refusal> {
    let outer = body.outer()?;
    let mut faults = Vec::new();
    let events = match outer.find("events") {
        Some(Given::Json(json)) => read_list(&outer, json, &mut faults),
        Some(Given::Form(_)) | None => read_one(&body.data()?, &mut faults).map(|event| vec![event]),
    };
    events.filter(|_| faults.is_empty()).ok_or_else(|| Refusal::invalid(faults))
}

fn read_list(outer: &Fields<'_>, json: &str, faults: &mut Vec<Fault>) -> Option<Vec<IntegrationEvent>> {
    let items = json_items(json).map_err(|complaint| faults.push(outer.fault("events", &complaint))).ok()?;
    if items.len() > EVENTS_MAX {
        faults.push(outer.fault("events", "holds more than 100 events"));
        return None;
    }
    let mut events = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        match Fields::from_json(format!("/events/{index}"), item.get()) {
            Ok(fields) => events.extend(read_one(&fields, faults)),
            Err(_) => faults.push(outer.fault(&format!("events/{index}"), "must be an object")),
        }
    }
    Some(events)
}

fn read_one(fields: &Fields<'_>, faults: &mut Vec<Fault>) -> Option<IntegrationEvent> {
    let text = |given: &Given<'_>| given.text(TEXT_MAX);
    let event_type = fields.require("event_type", faults, |given| given.words(TEXT_MAX));
    let integration_name = fields.read("integration_name", faults, text);
    let integration_version = fields.read("integration_version", faults, text);
    let meta_data = fields.read("meta_data", faults, Given::json_object).unwrap_or_else(|| "{}".to_owned());
    Some(IntegrationEvent { event_type: event_type?, integration_name, integration_version, meta_data })
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;

    fn told(text: &str) -> Result<Vec<IntegrationEvent>, Refusal> {
        read(&body::Body::new(Bytes::copy_from_slice(text.as_bytes()), body::Encoding::Json))
    }

    #[test]
    fn both_published_shapes_are_read() {
        let event =
            r#"{"event_type":"SELLER_HEARTBEAT","integration_name":"magento","integration_version":"2.9.0","meta_data":{"a":[1]},"x":1}"#;
        for body in [format!("{{\"events\":[{event}]}}"), format!("{{\"data\":{event}}}")] {
            let events = told(&body).unwrap();
            assert_eq!(events.len(), 1);
            assert_eq!((events[0].event_type.as_str(), events[0].meta_data.as_str()), ("SELLER_HEARTBEAT", "{\"a\":[1]}"));
            assert_eq!(events[0].integration_version.as_deref(), Some("2.9.0"));
        }
        for meta_data in ["{}", "[]", "[ ]", "null"] {
            let body = format!("{{\"data\":{{\"event_type\":\"ANYTHING\",\"meta_data\":{meta_data}}}}}");
            assert_eq!(told(&body).unwrap()[0].meta_data, "{}");
        }
        assert_eq!(told("{\"events\":[]}").unwrap(), []);
    }

    #[test]
    fn a_bad_event_is_refused_by_its_place() {
        let many = format!("{{\"events\":[{}]}}", vec![r#"{"event_type":"A"}"#; 101].join(","));
        let table = [
            ("{}", "/data"),
            (r#"{"data":{}}"#, "/data/event_type"),
            (r#"{"events":{}}"#, "/events"),
            (r#"{"events":[{"event_type":"A"},{"event_type":7}]}"#, "/events/1/event_type"),
            (r#"{"events":[7]}"#, "/events/0"),
            (r#"{"events":[{"event_type":"A","meta_data":7}]}"#, "/events/0/meta_data"),
            (&many, "/events"),
        ];
        for (body, place) in table {
            let Err(Refusal::Faults(status, faults)) = told(body) else { panic!("{body} was read") };
            assert_eq!((status, faults.len()), (http::StatusCode::BAD_REQUEST, 1), "{body}");
            assert_eq!(faults[0].source, crate::fault::Source::Pointer(place.to_owned()), "{body}");
        }
    }
}
