//! How this dialect announces to a seller's server that an order's status has changed.

use florin_domain::WebhookId;
use florin_domain::event::Event;
use florin_service::dialect::Dialect;

use crate::SIGNATURE_HEADER;
use crate::order;

/// The iwocaPay dialect of announcements.
#[derive(Debug, Clone, Copy)]
pub struct Announcements;

impl Dialect for Announcements {
    fn announcement(&self, webhook: WebhookId, event: &Event) -> Vec<u8> {
        order::announced(webhook, event)
    }

    fn signature_header(&self) -> &'static str {
        SIGNATURE_HEADER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_domain::order::Status;
    use florin_domain::{Money, OrderId, SellerId, Timestamp};

    #[test]
    fn an_announcement_has_the_published_fields() {
        let event = Event {
            order: OrderId::from_random([1; 16]),
            seller: SellerId::from_random([2; 16]),
            number: 2,
            status: Status::Successful,
            amount: Money::pence(27_822),
            reference: "#order \"1\"".to_owned(),
            at: Timestamp::from_micros(0),
            webhook_url: None,
        };
        let body = Announcements.announcement(WebhookId::from_random([3; 16]), &event);
        let expected = r##"{"data":{"webhook_id":"03030303-0303-4303-8303-030303030303","event_type":"ORDER_STATUS_CHANGED","order_id":"01010101-0101-4101-8101-010101010101","amount":278.22,"reference":"#order \"1\"","status":"SUCCESSFUL"}}"##;
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
