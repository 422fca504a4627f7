//! Rules of what is paid in store: requests and their uses, occasions and their transactions, till sessions.
//!
//! Queries only. They go through whole tables, so they are for looking after the books and never for a request.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "the uses of a payment request are its payments that were not rejected",
        counterexamples: "
            SELECT request_id, CAST(SUM(number) AS TEXT) || ' apart' FROM (
                SELECT request_id, uses AS number FROM payment_requests
                 UNION ALL
                SELECT request_id, -1 FROM occasions WHERE holds_use = 1
            ) AS sides GROUP BY request_id HAVING SUM(number) <> 0",
    },
    Rule {
        name: "a payment request is paid no more often than it may be",
        counterexamples: "
            SELECT request_id, CAST(uses AS TEXT) || ' of ' || CAST(max_uses AS TEXT) FROM payment_requests WHERE uses > max_uses",
    },
    Rule {
        name: "a payment in store holds a use of its request unless it is rejected or put back for coming too late, and nothing else does",
        counterexamples: "
            SELECT o.occasion_id, t.kind || ' ' || t.state FROM occasions o JOIN transactions t ON t.receipt = o.receipt
             WHERE o.holds_use <> CASE WHEN t.kind = 'payment' AND t.state <> 'rejected' THEN 1 ELSE 0 END
               AND NOT (o.holds_use = 0 AND t.kind = 'payment' AND t.state = 'processing' AND t.put_back = 'required')",
    },
    Rule {
        name: "every transaction in store has its occasion, and every occasion its transaction and its request",
        counterexamples: "
            SELECT CAST(t.receipt AS TEXT), 'occasion missing' FROM transactions t
             WHERE t.occasion_id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM occasions o WHERE o.occasion_id = t.occasion_id AND o.receipt = t.receipt
                                  AND o.merchant_id = t.merchant_id)
             UNION ALL
            SELECT o.occasion_id, 'transaction missing' FROM occasions o
             WHERE NOT EXISTS (SELECT 1 FROM transactions t WHERE t.receipt = o.receipt AND t.occasion_id = o.occasion_id)
             UNION ALL
            SELECT o.occasion_id, 'request missing' FROM occasions o
             WHERE NOT EXISTS (SELECT 1 FROM payment_requests r WHERE r.request_id = o.request_id AND r.merchant_id = o.merchant_id)
             UNION ALL
            SELECT o.occasion_id, 'original missing' FROM occasions o
             WHERE o.original_id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM occasions b WHERE b.occasion_id = o.original_id AND b.request_id = o.request_id)",
    },
    Rule {
        name: "what a transaction in store is about adds up from its parts",
        counterexamples: "
            SELECT occasion_id, CAST(SUM(minor) AS TEXT) FROM (
                SELECT occasion_id, gross_minor AS minor FROM occasions
                 UNION ALL
                SELECT t.occasion_id, -m.amount_minor FROM transactions t
                  JOIN movements m ON m.reference > t.receipt AND m.reference <= t.receipt + t.parts
                 WHERE t.occasion_id IS NOT NULL
            ) AS sides GROUP BY occasion_id HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "a payment in store is of what its request asks, and only what follows one has an original",
        counterexamples: "
            SELECT o.occasion_id, CAST(o.gross_minor AS TEXT) || ' of ' || CAST(r.amount_minor AS TEXT)
              FROM occasions o JOIN payment_requests r ON r.request_id = o.request_id
             WHERE o.original_id IS NULL AND (o.gross_minor <> r.amount_minor OR o.currency <> r.currency)
             UNION ALL
            SELECT o.occasion_id, 'original of a ' || t.kind FROM occasions o JOIN transactions t ON t.receipt = o.receipt
             WHERE (o.original_id IS NULL) <> (t.kind = 'payment')",
    },
    Rule {
        name: "a till session stands where its facts say",
        counterexamples: "
            SELECT session_id, state FROM payment_sessions
             WHERE state <> CASE WHEN closed_at IS NOT NULL THEN 'closed'
                                 WHEN paid_at IS NOT NULL THEN 'paid'
                                 WHEN payment_id IS NOT NULL THEN 'paying'
                                 WHEN request_id IS NOT NULL THEN 'linked'
                                 WHEN preapproval IS NOT NULL THEN 'preapproved'
                                 WHEN wallet_id IS NOT NULL THEN 'associated'
                                 ELSE 'created' END",
    },
    Rule {
        name: "a till session is paid when its payment is, and no other payment is made at it",
        counterexamples: "
            SELECT s.session_id, 'payment ' || s.payment_id FROM payment_sessions s
             WHERE s.payment_id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM occasions o JOIN transactions t ON t.receipt = o.receipt
                                WHERE o.occasion_id = s.payment_id AND o.session_id = s.session_id AND o.request_id = s.request_id
                                  AND o.holds_use = 1 AND (t.state = 'processing') = (s.paid_at IS NULL))
             UNION ALL
            SELECT o.session_id, 'another payment ' || o.occasion_id FROM occasions o
             WHERE o.session_id IS NOT NULL AND o.holds_use = 1
               AND NOT EXISTS (SELECT 1 FROM payment_sessions s WHERE s.session_id = o.session_id AND s.payment_id = o.occasion_id)",
    },
    Rule {
        name: "what a shopper approved beforehand has its job once it is known what is to be paid",
        counterexamples: "
            SELECT s.session_id, s.state FROM payment_sessions s
             WHERE s.preapproval IS NOT NULL AND s.state = 'linked'
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'pay_preapproved' AND j.subject = s.session_id)",
    },
];
