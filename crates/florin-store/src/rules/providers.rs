//! Rules of payments that others have a say in: pay-later providers, Openpay, fraud screens.
//!
//! Queries only. They go through whole tables, so they are for looking after the books and never for a request.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "a payment with a pay-later checkout used it, within its amount, and no checkout is used without one",
        counterexamples: "
            SELECT CAST(m.reference AS TEXT), 'without a checkout of its own' FROM movements m
             WHERE m.instrument_kind IN ('zip_pay', 'afterpay') AND m.kind IN ('preauth', 'purchase') AND m.state <> 'refused'
               AND NOT EXISTS (SELECT 1 FROM apm_orders o
                                WHERE o.instrument_id = m.instrument_id AND o.state = 'used' AND o.receipt = m.receipt
                                  AND o.provider = m.instrument_kind AND o.currency = m.currency AND m.amount_minor <= o.amount_minor)
             UNION ALL
            SELECT o.order_id, 'used by nothing' FROM apm_orders o
             WHERE o.state = 'used'
               AND NOT EXISTS (SELECT 1 FROM movements m WHERE m.receipt = o.receipt AND m.instrument_id = o.instrument_id)",
    },
    Rule {
        name: "every movement of Openpay's has its part, and no other",
        counterexamples: "
            SELECT CAST(reference AS TEXT), CAST(SUM(parts) AS TEXT) || ' apart' FROM (
                SELECT reference, 1 AS parts FROM openpay_parts
                 UNION ALL
                SELECT reference, -1 FROM movements WHERE instrument_kind = 'openpay'
            ) AS sides GROUP BY reference HAVING SUM(parts) <> 0",
    },
    Rule {
        name: "what Openpay did has its particulars, and the movement says the same",
        counterexamples: "
            SELECT CAST(m.reference AS TEXT), m.state FROM movements m LEFT JOIN openpay_parts p ON p.reference = m.reference
             WHERE m.instrument_kind = 'openpay' AND m.state IN ('done', 'reversing', 'reversed')
               AND (p.plan_transaction IS NULL OR p.plan_transaction <> m.state_detail)",
    },
    Rule {
        name: "a tax is no more than the amount that it is part of",
        counterexamples: "
            SELECT CAST(p.reference AS TEXT), CAST(p.gst_minor AS TEXT) FROM openpay_parts p JOIN movements m ON m.reference = p.reference
             WHERE p.gst_minor < 0 OR p.gst_minor > m.amount_minor",
    },
    Rule {
        name: "a fraud screen decides about a payment, and what it rejects moves nothing",
        counterexamples: "
            SELECT CAST(f.receipt AS TEXT), 'a decision about nothing' FROM fraud_decisions f
             WHERE NOT EXISTS (SELECT 1 FROM transactions t WHERE t.receipt = f.receipt AND t.kind = 'payment')
             UNION ALL
            SELECT CAST(m.reference AS TEXT), m.state FROM movements m JOIN fraud_decisions f ON f.receipt = m.receipt
             WHERE f.verdict = 'reject' AND m.state <> 'refused'
             UNION ALL
            SELECT CAST(m.reference AS TEXT), 'rejected by nobody' FROM movements m
             WHERE m.state = 'refused' AND m.state_detail = 'fraud_rejected'
               AND NOT EXISTS (SELECT 1 FROM fraud_decisions f WHERE f.receipt = m.receipt AND f.verdict = 'reject')",
    },
];
