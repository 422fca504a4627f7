//! SQL for the rules that the whole database must keep: each is a query for its counterexamples.
//!
//! Read-only. A clean database answers every query with nothing. Here are the rules of the books and of orders.

mod gifts;
mod instore;
mod keys;
mod payments;
mod providers;

use crate::{StoreError, Tx};

/// A rule of the whole database, and the query that finds what breaks it as subject and detail.
struct Rule {
    name: &'static str,
    counterexamples: &'static str,
}

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule, as a claim.
    pub rule: &'static str,
    /// What breaks it.
    pub subject: String,
    /// How.
    pub detail: String,
}

const RULES: &[Rule] = &[
    Rule {
        name: "the legs of every entry add up to zero",
        counterexamples: "
            SELECT CAST(seq AS TEXT), CAST(SUM(amount_minor) AS TEXT) || ' ' || currency
              FROM legs GROUP BY seq, currency HAVING SUM(amount_minor) <> 0",
    },
    Rule {
        name: "every leg belongs to an entry, and every entry has legs",
        counterexamples: "
            SELECT CAST(l.seq AS TEXT), 'legs without an entry' FROM legs l
             WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.seq = l.seq)
             UNION ALL
            SELECT CAST(j.seq AS TEXT), 'an entry without legs' FROM journal j
             WHERE NOT EXISTS (SELECT 1 FROM legs l WHERE l.seq = j.seq)",
    },
    Rule {
        name: "every change of an order left one event",
        counterexamples: "
            SELECT order_id, 'version ' || CAST(SUM(version) AS TEXT) || ', events ' || CAST(SUM(events) AS TEXT) FROM (
                SELECT order_id, version, 0 AS events, 0 AS numbers, 0 AS last FROM orders
                 UNION ALL
                SELECT order_id, 0, COUNT(*), COUNT(DISTINCT number), MAX(number) FROM events GROUP BY order_id
            ) AS sides GROUP BY order_id
            HAVING SUM(events) <> SUM(version) OR SUM(numbers) <> SUM(version) OR SUM(last) <> SUM(version)",
    },
    Rule {
        name: "the last event of an order says where the order stands",
        counterexamples: "
            SELECT order_id, MAX(state) || ', event ' || MAX(status) FROM (
                SELECT order_id, version AS number, state, '' AS status FROM orders
                 UNION ALL
                SELECT order_id, number, '', status FROM events
            ) AS sides GROUP BY order_id, number HAVING MAX(state) <> '' AND MAX(state) <> MAX(status)",
    },
    Rule {
        name: "open orders stand in the books with their amounts, by seller",
        counterexamples: "
            SELECT owner, CAST(SUM(minor) AS TEXT) FROM (
                SELECT owner, amount_minor AS minor FROM legs WHERE account = 'orders_open'
                 UNION ALL
                SELECT seller_id, -amount_minor FROM orders WHERE state IN ('created', 'pending', 'approved')
            ) AS sides GROUP BY owner HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "held credit is that of approved orders, in the books and in the limits, by company",
        counterexamples: "
            SELECT company, 'books ' || CAST(SUM(booked) AS TEXT) || ', limits ' || CAST(SUM(held) AS TEXT) FROM (
                SELECT owner AS company, amount_minor AS booked, 0 AS held FROM legs WHERE account = 'credit_held'
                 UNION ALL
                SELECT company, 0, held_minor FROM credit_lines
                 UNION ALL
                SELECT state_detail, -amount_minor, -amount_minor FROM orders WHERE state = 'approved'
            ) AS sides GROUP BY company HAVING SUM(booked) <> 0 OR SUM(held) <> 0",
    },
    Rule {
        name: "drawn credit is the principal still owed, in the books and in the limits, by company",
        counterexamples: "
            SELECT company, 'books ' || CAST(SUM(booked) AS TEXT) || ', limits ' || CAST(SUM(drawn) AS TEXT) FROM (
                SELECT owner AS company, amount_minor AS booked, 0 AS drawn FROM legs WHERE account = 'buyer_receivable'
                 UNION ALL
                SELECT company, 0, drawn_minor FROM credit_lines
                 UNION ALL
                SELECT l.company, -i.principal_minor, -i.principal_minor
                  FROM loans l JOIN instalments i ON i.loan_id = l.loan_id WHERE i.state <> 'paid'
            ) AS sides GROUP BY company HAVING SUM(booked) <> 0 OR SUM(drawn) <> 0",
    },
    Rule {
        name: "no company holds or draws less than nothing",
        counterexamples: "
            SELECT company, CAST(held_minor AS TEXT) || ' held, ' || CAST(drawn_minor AS TEXT) || ' drawn' FROM credit_lines
             WHERE held_minor < 0 OR drawn_minor < 0",
    },
    Rule {
        name: "every successful order is settled by its own loan or bank payment",
        counterexamples: "
            SELECT o.order_id, o.state_detail FROM orders o
             WHERE o.state = 'successful'
               AND NOT EXISTS (SELECT 1 FROM loans l WHERE l.order_id = o.order_id AND 'loan:' || l.loan_id = o.state_detail
                                  AND l.principal_minor = o.amount_minor)
               AND NOT EXISTS (SELECT 1 FROM bank_payments b WHERE b.order_id = o.order_id AND b.state = 'executed'
                                  AND 'bank:' || b.payment_id = o.state_detail AND b.amount_minor = o.amount_minor)",
    },
    Rule {
        name: "only successful orders have a loan or an executed bank payment, and no order has two",
        counterexamples: "
            SELECT paid.order_id, CAST(COUNT(*) AS TEXT) || ' settlements' FROM (
                SELECT order_id FROM loans UNION ALL SELECT order_id FROM bank_payments WHERE state = 'executed'
            ) AS paid LEFT JOIN orders o ON o.order_id = paid.order_id
             GROUP BY paid.order_id, o.state HAVING COUNT(*) > 1 OR o.state IS NULL OR o.state <> 'successful'",
    },
    Rule {
        name: "every successful order has one payout of its amount, and no other order has one",
        counterexamples: "
            SELECT o.order_id, 'payout missing or wrong' FROM orders o
             WHERE o.state = 'successful'
               AND NOT EXISTS (SELECT 1 FROM payouts p WHERE p.order_id = o.order_id AND p.amount_minor = o.amount_minor)
             UNION ALL
            SELECT p.order_id, 'paid out without success' FROM payouts p
             WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.order_id = p.order_id AND o.state = 'successful')",
    },
    Rule {
        name: "every seller is owed its payouts, settlements and card sales to come, less the fees billed",
        counterexamples: "
            SELECT owner, CAST(SUM(minor) AS TEXT) || ' ' || currency FROM (
                SELECT owner, currency, amount_minor AS minor FROM legs WHERE account = 'merchant_payable'
                 UNION ALL
                SELECT seller_id, currency, amount_minor FROM payouts WHERE state = 'scheduled'
                 UNION ALL
                SELECT seller_id, currency, -amount_minor FROM fees WHERE billed_at IS NOT NULL
                 UNION ALL
                SELECT seller_id, currency, unsettled_minor FROM balances
                 UNION ALL
                SELECT seller_id, currency, amount_minor FROM settlements WHERE sent_at IS NULL
            ) AS sides GROUP BY owner, currency HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "fees not yet billed stand in the books, by seller",
        counterexamples: "
            SELECT owner, CAST(SUM(minor) AS TEXT) FROM (
                SELECT owner, amount_minor AS minor FROM legs WHERE account = 'fees_receivable'
                 UNION ALL
                SELECT seller_id, -amount_minor FROM fees WHERE billed_at IS NULL
            ) AS sides GROUP BY owner HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "the instalments of a loan pay back its principal exactly",
        counterexamples: "
            SELECT l.loan_id, CAST(SUM(i.principal_minor) - l.principal_minor AS TEXT)
              FROM loans l LEFT JOIN instalments i ON i.loan_id = l.loan_id
             GROUP BY l.loan_id, l.principal_minor
            HAVING SUM(i.principal_minor) IS NULL OR SUM(i.principal_minor) <> l.principal_minor",
    },
    Rule {
        name: "every instalment that is paid is booked once, and no other",
        counterexamples: "
            SELECT subject, CAST(SUM(paid) AS TEXT) || ' paid, ' || CAST(SUM(booked) AS TEXT) || ' booked' FROM (
                SELECT loan_id || '/' || CAST(number AS TEXT) AS subject, 1 AS paid, 0 AS booked FROM instalments WHERE state = 'paid'
                 UNION ALL
                SELECT subject, 0, 1 FROM journal WHERE kind = 'instalment_paid'
            ) AS sides GROUP BY subject HAVING SUM(paid) <> 1 OR SUM(booked) <> 1",
    },
    Rule {
        name: "interest income is the interest of paid instalments",
        counterexamples: "
            SELECT 'interest_income', CAST(SUM(minor) AS TEXT) FROM (
                SELECT amount_minor AS minor FROM legs WHERE account = 'interest_income'
                 UNION ALL
                SELECT interest_minor FROM instalments WHERE state = 'paid'
            ) AS sides HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "bank payments that came too late are owed back until they are returned",
        counterexamples: "
            SELECT 'returns', CAST(SUM(minor) AS TEXT) FROM (
                SELECT amount_minor AS minor FROM legs WHERE account = 'returns'
                 UNION ALL
                SELECT amount_minor FROM bank_payments WHERE state = 'returning'
            ) AS sides HAVING SUM(minor) <> 0",
    },
    Rule {
        name: "what must happen later has its job",
        counterexamples: "
            SELECT p.payout_id, 'payout without a job' FROM payouts p
             WHERE p.state = 'scheduled'
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'pay_out' AND j.subject = p.payout_id)
             UNION ALL
            SELECT i.loan_id, 'instalment without a job' FROM instalments i
             WHERE i.state = 'scheduled'
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'collect' AND j.subject = i.loan_id || '/' || CAST(i.number AS TEXT))
             UNION ALL
            SELECT b.payment_id, 'bank payment without a job' FROM bank_payments b
             WHERE b.state IN ('starting', 'awaiting_authorisation', 'processing', 'returning')
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'bank' AND j.subject = b.payment_id)
             UNION ALL
            SELECT a.order_id, 'application without a job' FROM applications a JOIN orders o ON o.order_id = a.order_id
             WHERE a.state IN ('submitted', 'referred') AND o.state = 'pending'
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'underwrite' AND j.subject = a.order_id)
             UNION ALL
            SELECT m.mail_id, 'mail without a job' FROM mails m
             WHERE m.sent_at IS NULL AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'send_mail' AND j.subject = m.mail_id)",
    },
    Rule {
        name: "a delivered webhook has an attempt that was answered with success",
        counterexamples: "
            SELECT CAST(e.seq AS TEXT), 'no successful attempt' FROM events e
             WHERE e.delivery = 'delivered'
               AND NOT EXISTS (SELECT 1 FROM webhook_attempts a WHERE a.seq = e.seq AND a.status BETWEEN 200 AND 299)",
    },
    Rule {
        name: "no two webhooks share an id",
        counterexamples: "
            SELECT webhook_id, CAST(COUNT(*) AS TEXT) FROM events WHERE webhook_id IS NOT NULL
             GROUP BY webhook_id HAVING COUNT(*) > 1",
    },
];

/// Every rule, by theme.
const ALL: [&[Rule]; 6] = [RULES, payments::RULES, instore::RULES, gifts::RULES, providers::RULES, keys::RULES];

/// What is counted for the report, with its query.
const COUNTS: &[(&str, &str)] = &[
    ("sellers", "SELECT COUNT(*) FROM sellers"),
    ("orders", "SELECT COUNT(*) FROM orders"),
    ("events", "SELECT COUNT(*) FROM events"),
    ("ledger entries", "SELECT COUNT(*) FROM journal"),
    ("loans", "SELECT COUNT(*) FROM loans"),
    ("bank payments", "SELECT COUNT(*) FROM bank_payments"),
    ("payouts", "SELECT COUNT(*) FROM payouts"),
    ("webhooks to deliver", "SELECT COUNT(*) FROM events WHERE delivery = 'pending'"),
    ("merchants", "SELECT COUNT(*) FROM merchants"),
    ("instruments", "SELECT COUNT(*) FROM instruments"),
    ("transactions", "SELECT COUNT(*) FROM transactions"),
    ("movements", "SELECT COUNT(*) FROM movements"),
    ("gift cards", "SELECT COUNT(*) FROM gift_cards"),
    ("agreements", "SELECT COUNT(*) FROM agreements"),
    ("gift orders", "SELECT COUNT(*) FROM gift_orders"),
    ("pay-later checkouts", "SELECT COUNT(*) FROM apm_orders"),
    ("fraud decisions", "SELECT COUNT(*) FROM fraud_decisions"),
    ("payment requests", "SELECT COUNT(*) FROM payment_requests"),
    ("payment sessions", "SELECT COUNT(*) FROM payment_sessions"),
    ("transactions in store", "SELECT COUNT(*) FROM occasions"),
    ("jobs", "SELECT COUNT(*) FROM jobs"),
    ("idempotency keys", "SELECT COUNT(*) FROM idempotency"),
];

const CREATED_ANSWERS: &str = "
    SELECT scope, idem_key, body FROM idempotency
     WHERE (scope, idem_key) > ($1, $2) AND status = 201 ORDER BY scope, idem_key LIMIT $3";

/// A kept answer: its scope, its key, its body.
pub type CreatedAnswer = (String, String, Vec<u8>);

impl Tx<'_> {
    /// How many rules there are.
    pub fn count_rules() -> usize {
        ALL.iter().map(|rules| rules.len()).sum()
    }

    /// Everything that breaks a rule.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn list_violations(&mut self) -> Result<Vec<Violation>, StoreError> {
        let mut violations = Vec::new();
        for rule in ALL.into_iter().flatten() {
            violations.extend(self.query(rule.counterexamples, &[], |row| {
                let text = |index| Ok::<_, StoreError>(row.opt_text(index)?.unwrap_or("").to_owned());
                Ok(Violation { rule: rule.name, subject: text(0)?, detail: text(1)? })
            })?);
        }
        Ok(violations)
    }

    /// How many rows of each kind there are.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn list_counts(&mut self) -> Result<Vec<(&'static str, i64)>, StoreError> {
        let mut counts = Vec::with_capacity(COUNTS.len());
        for (name, sql) in COUNTS {
            counts.push((*name, self.query_one(sql, &[], |row| row.int(0))?.unwrap_or(0)));
        }
        Ok(counts)
    }

    /// The kept answers to keys that created something, by scope and key, after the given ones.
    ///
    /// # Errors
    /// Only if the store fails.
    pub fn list_created_answers(&mut self, (scope, key): (&str, &str), count: i64) -> Result<Vec<CreatedAnswer>, StoreError> {
        self.query(CREATED_ANSWERS, &[scope.into(), key.into(), count.into()], |row| {
            Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.blob(2)?.to_vec()))
        })
    }
}
