//! Rules of gift cards that were sold: orders, what was issued for them, and the discounts that the house bears.
//!
//! Queries only. They go through whole tables, so they are for looking after the books and never for a request.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "a gift order that is being processed has its job",
        counterexamples: "
            SELECT o.order_id, 'order without a job' FROM gift_orders o
             WHERE o.state = 'processing'
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'issue_gifts' AND j.subject = o.order_id)",
    },
    Rule {
        name: "a gift order ends as its payment does, which is of the quoted price",
        counterexamples: "
            SELECT o.order_id, o.state || ', payment ' || COALESCE(t.state, 'missing')
              FROM gift_orders o LEFT JOIN transactions t ON t.receipt = o.receipt AND t.kind = 'payment'
             WHERE t.state IS NULL
                OR (o.state = 'approved' AND t.state <> 'approved')
                OR (o.state = 'rejected' AND t.state <> 'rejected'
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'issue_gifts' AND j.subject = o.order_id))
             UNION ALL
            SELECT order_id, CAST(SUM(minor) AS TEXT) FROM (
                SELECT o.order_id, m.amount_minor AS minor FROM gift_orders o
                  JOIN movements m ON m.receipt = o.receipt
                 WHERE o.state <> 'rejected'
                 UNION ALL
                SELECT o.order_id, -i.unit_price_minor * i.quantity FROM gift_orders o
                  JOIN gift_quote_items i ON i.quote_id = o.quote_id
                 WHERE o.state <> 'rejected'
            ) AS sides GROUP BY order_id HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "what was issued for an approved gift order is what was quoted, and for no other order anything",
        counterexamples: "
            SELECT order_id, CAST(SUM(cards) AS TEXT) || ' cards, ' || CAST(SUM(face) AS TEXT) || ' on them apart' FROM (
                SELECT order_id, 1 AS cards, face_minor AS face, price_minor AS price FROM gifts
                 UNION ALL
                SELECT o.order_id, -i.quantity, -i.face_minor * i.quantity, -i.unit_price_minor * i.quantity
                  FROM gift_orders o JOIN gift_quote_items i ON i.quote_id = o.quote_id WHERE o.state = 'approved'
            ) AS sides GROUP BY order_id HAVING SUM(cards) <> 0 OR SUM(face) <> 0 OR SUM(price) <> 0",
    },
    Rule {
        name: "every card that was issued is there",
        counterexamples: "
            SELECT s.order_id, s.programme || ' ' || s.suffix FROM gifts s
             WHERE NOT EXISTS (SELECT 1 FROM gift_cards g WHERE g.fingerprint = s.fingerprint AND g.programme = s.programme)",
    },
    Rule {
        name: "discounts on gift cards stand in the books, by programme",
        counterexamples: "
            SELECT owner, CAST(SUM(minor) AS TEXT) || ' ' || currency FROM (
                SELECT owner, currency, amount_minor AS minor FROM legs WHERE account = 'gift_card_discounts'
                 UNION ALL
                SELECT programme, currency, price_minor - face_minor FROM gifts
            ) AS sides GROUP BY owner, currency HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "every gift order that was approved is booked once, and no other",
        counterexamples: "
            SELECT subject, CAST(SUM(issued) AS TEXT) || ' issued, ' || CAST(SUM(booked) AS TEXT) || ' booked' FROM (
                SELECT order_id AS subject, 1 AS issued, 0 AS booked FROM gift_orders WHERE state = 'approved'
                 UNION ALL
                SELECT subject, 0, 1 FROM journal WHERE kind = 'gift_order'
            ) AS sides GROUP BY subject HAVING SUM(issued) <> 1 OR SUM(booked) <> 1",
    },
];
