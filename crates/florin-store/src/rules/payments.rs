//! Rules of card sales: transactions and their movements, gift cards, what merchants are owed and how they are paid.
//!
//! Queries only. They go through whole tables, so they are for looking after the books and never for a request.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "no more is captured than was authorised",
        counterexamples: "
            SELECT CAST(reference AS TEXT), CAST(captured_minor AS TEXT) || ' of ' || CAST(amount_minor AS TEXT) FROM movements
             WHERE captured_minor < 0 OR captured_minor > amount_minor",
    },
    Rule {
        name: "no more is given back than was captured",
        counterexamples: "
            SELECT CAST(reference AS TEXT), CAST(refunded_minor AS TEXT) || ' of ' || CAST(captured_minor AS TEXT) FROM movements
             WHERE refunded_minor < 0 OR refunded_minor > captured_minor",
    },
    Rule {
        name: "what is given back of a movement is the sum of its refunds",
        counterexamples: "
            SELECT CAST(reference AS TEXT), CAST(SUM(minor) AS TEXT) FROM (
                SELECT reference, refunded_minor AS minor FROM movements WHERE refunded_minor <> 0
                 UNION ALL
                SELECT original, -amount_minor FROM movements WHERE kind = 'refund' AND state IN ('asked', 'done')
            ) AS sides GROUP BY reference HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "a completed hold was taken by one completion of its captured amount",
        counterexamples: "
            SELECT CAST(reference AS TEXT), CAST(SUM(minor) AS TEXT) || ' apart' FROM (
                SELECT reference, 1 AS number, captured_minor AS minor FROM movements WHERE hold = 'completed'
                 UNION ALL
                SELECT original, -1, -amount_minor FROM movements WHERE kind = 'completion' AND state = 'done'
            ) AS sides GROUP BY reference HAVING SUM(number) <> 0 OR SUM(minor) <> 0",
    },
    Rule {
        name: "a voided hold was freed by one void, or was put back",
        counterexamples: "
            SELECT CAST(reference AS TEXT), CAST(SUM(number) AS TEXT) || ' apart' FROM (
                SELECT reference, 1 AS number FROM movements WHERE hold = 'voided' AND state <> 'reversed'
                 UNION ALL
                SELECT original, -1 FROM movements WHERE kind = 'void' AND state = 'done'
            ) AS sides GROUP BY reference HAVING SUM(number) <> 0",
    },
    Rule {
        name: "what issuers hold stands in the books, by seller",
        counterexamples: "
            SELECT owner, CAST(SUM(minor) AS TEXT) || ' ' || currency FROM (
                SELECT owner, currency, amount_minor AS minor FROM legs WHERE account = 'authorisation_holds'
                 UNION ALL
                SELECT t.seller_id, m.currency, -m.amount_minor FROM movements m LEFT JOIN transactions t ON t.receipt = m.receipt
                 WHERE m.hold IN ('open', 'completing', 'voiding')
            ) AS sides GROUP BY owner, currency HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "what is on gift cards stands in the books, by programme",
        counterexamples: "
            SELECT owner, CAST(SUM(minor) AS TEXT) || ' ' || currency FROM (
                SELECT owner, currency, amount_minor AS minor FROM legs WHERE account = 'gift_card_liability'
                 UNION ALL
                SELECT programme, currency, balance_minor FROM gift_cards
            ) AS sides GROUP BY owner, currency HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "what is held of a gift card is held by its payments to come",
        counterexamples: "
            SELECT MAX(name), CAST(SUM(minor) AS TEXT) FROM (
                SELECT fingerprint, programme || ' ' || suffix AS name, held_minor AS minor FROM gift_cards
                 UNION ALL
                SELECT fingerprint, '', -amount_minor FROM movements
                 WHERE instrument_kind = 'gift_card' AND hold IN ('open', 'completing', 'voiding')
            ) AS sides GROUP BY fingerprint HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "card collections are what was captured less what was given back",
        counterexamples: "
            SELECT 'card_clearing', CAST(SUM(minor) AS TEXT) FROM (
                SELECT amount_minor AS minor FROM legs WHERE account = 'card_clearing' AND currency = 'AUD'
                 UNION ALL
                SELECT -captured_minor FROM movements WHERE instrument_kind <> 'gift_card'
                 UNION ALL
                SELECT amount_minor FROM movements WHERE instrument_kind <> 'gift_card' AND kind = 'refund' AND state = 'done'
            ) AS sides HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "every transaction has its parts, and every part its transaction",
        counterexamples: "
            SELECT CAST(t.receipt AS TEXT), 'parts missing' FROM transactions t
             WHERE t.parts <> (SELECT COUNT(*) FROM movements m
                                WHERE m.reference > t.receipt AND m.reference <= t.receipt + t.parts
                                  AND m.receipt = t.receipt AND m.wallet_id = t.wallet_id)
             UNION ALL
            SELECT CAST(m.reference AS TEXT), 'a part of nothing' FROM movements m
             WHERE NOT EXISTS (SELECT 1 FROM transactions t WHERE t.receipt = m.receipt
                                  AND m.reference > t.receipt AND m.reference <= t.receipt + t.parts)",
    },
    Rule {
        name: "a transaction is processing while something of it is asked or being put back, and no longer",
        counterexamples: "
            SELECT CAST(receipt AS TEXT), CAST(SUM(waiting) AS TEXT) || ' waiting' FROM (
                SELECT receipt, 1 AS processing, 0 AS waiting FROM transactions WHERE state = 'processing'
                 UNION ALL
                SELECT receipt, 0, 1 FROM movements WHERE state IN ('asked', 'reversing')
            ) AS sides GROUP BY receipt HAVING SUM(processing) = 0 OR SUM(waiting) = 0",
    },
    Rule {
        name: "a transaction stands where its parts do, and is put back as far as they are",
        counterexamples: "
            SELECT CAST(receipt AS TEXT), state || ', put back: ' || put_back || ', ' || CAST(done AS TEXT) || ' done, '
                       || CAST(refused AS TEXT) || ' refused, ' || CAST(reversed AS TEXT) || ' reversed' FROM (
                SELECT t.receipt, t.state, t.put_back, t.atomicity, t.occasion_id, COUNT(*) AS parts,
                       SUM(CASE WHEN m.state = 'done' THEN 1 ELSE 0 END) AS done,
                       SUM(CASE WHEN m.state = 'refused' THEN 1 ELSE 0 END) AS refused,
                       SUM(CASE WHEN m.state = 'reversing' THEN 1 ELSE 0 END) AS reversing,
                       SUM(CASE WHEN m.state = 'reversed' THEN 1 ELSE 0 END) AS reversed
                  FROM transactions t JOIN movements m ON m.reference > t.receipt AND m.reference <= t.receipt + t.parts
                 GROUP BY t.receipt, t.state, t.put_back, t.atomicity, t.occasion_id
            ) AS wholes
             WHERE NOT CASE state || ' ' || put_back
                       WHEN 'approved not_required' THEN done = parts
                       WHEN 'partly_approved not_required'
                            THEN atomicity = 'keep_successes' AND done > 0 AND refused > 0 AND done + refused = parts
                       WHEN 'rejected not_required' THEN refused = parts
                       WHEN 'rejected required'
                            THEN atomicity = 'skip_rollback' AND done > 0 AND refused > 0 AND done + refused = parts
                       WHEN 'rejected successful' THEN (atomicity = 'all_or_nothing' OR occasion_id IS NOT NULL) AND done = 0 AND reversed > 0
                       WHEN 'rejected failed' THEN (atomicity = 'all_or_nothing' OR occasion_id IS NOT NULL) AND done > 0
                       WHEN 'processing required' THEN (atomicity = 'all_or_nothing' OR occasion_id IS NOT NULL) AND reversing > 0
                       WHEN 'processing not_required' THEN reversing = 0
                       ELSE FALSE END",
    },
    Rule {
        name: "what a movement did is in its columns, and nothing else is",
        counterexamples: "
            SELECT CAST(reference AS TEXT), kind || ' ' || state || ', captured ' || CAST(captured_minor AS TEXT) || ' of '
                       || CAST(amount_minor AS TEXT) || ', hold ' || COALESCE(hold, 'none') FROM movements
             WHERE NOT CASE kind
                       WHEN 'purchase' THEN original IS NULL AND hold IS NULL AND expires_at IS NULL
                            AND captured_minor = CASE WHEN state IN ('done', 'reversing') THEN amount_minor ELSE 0 END
                       WHEN 'preauth' THEN original IS NULL
                            AND (hold IS NOT NULL) = (state IN ('done', 'reversing', 'reversed'))
                            AND (expires_at IS NOT NULL) = (hold IS NOT NULL)
                            AND (state <> 'reversing' OR COALESCE(hold, '') = 'open')
                            AND (state <> 'reversed' OR COALESCE(hold, '') = 'voided')
                            AND (captured_minor > 0) = (COALESCE(hold, '') = 'completed')
                       ELSE original IS NOT NULL AND hold IS NULL AND expires_at IS NULL AND captured_minor = 0 END",
    },
    Rule {
        name: "a hold that is open and a settlement that is not sent have their jobs",
        counterexamples: "
            SELECT CAST(m.reference AS TEXT), 'hold without a job' FROM movements m
             WHERE m.hold = 'open' AND m.state = 'done'
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'expire_hold' AND j.subject = CAST(m.reference AS TEXT))
             UNION ALL
            SELECT s.settlement_id, 'settlement without a job' FROM settlements s
             WHERE s.sent_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'settle_out' AND j.subject = s.settlement_id)",
    },
];
