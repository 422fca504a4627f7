//! Rules of idempotency keys that keep no answer but the name of what they made: it is there, and no other key made it.
//!
//! Queries only. They go through whole tables, so they are for looking after the books and never for a request. A name is told by
//! its length: a receipt has 16 digits; a request or a session is an id and a space, with the id of its code if it has one; a
//! code alone is a space and its id. An id alone is of what may be gone by now (an agreement, a quote, a checkout), and no name at
//! all is kept of what left nothing to tell. Such a key has 0 in place of a status; with a status the body is an answer. On both
//! engines the bytes are read as the text that they are.

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "a key that made a transaction names one of its own merchant and wallet, and no other key does",
        counterexamples: "
            SELECT k.scope || '/' || k.idem_key, COALESCE('a transaction of merchant ' || t.merchant_id, 'no transaction') FROM (
                SELECT scope, idem_key, CASE WHEN LTRIM(CAST(body AS TEXT), '0123456789') = ''
                                             THEN CAST(CAST(body AS TEXT) AS BIGINT) END AS receipt
                  FROM idempotency WHERE status = 0 AND LENGTH(body) = 16
            ) AS k LEFT JOIN transactions t ON t.receipt = k.receipt
             WHERE t.receipt IS NULL
                OR (k.scope NOT IN ('wpay:' || t.merchant_id, 'wpay:' || t.merchant_id || ':' || t.wallet_id)
                    AND (k.scope <> 'wpay:' || t.merchant_id || ':' || t.wallet_id || ':charge' OR t.agreement_id IS NULL))
             UNION ALL
            SELECT scope || '/' || idem_key, 'names nothing' FROM idempotency
             WHERE status = 0 AND LENGTH(body) < 36 AND LENGTH(body) NOT IN (0, 16)
             UNION ALL
            SELECT MIN(scope || '/' || idem_key), CAST(COUNT(*) AS TEXT) || ' keys' FROM idempotency
             WHERE status = 0 AND LENGTH(body) = 16 GROUP BY body HAVING COUNT(*) > 1",
    },
    Rule {
        name: "a key that made a request, a session or a code names it, of its own merchant, and no other key does",
        counterexamples: "
            SELECT k.scope || '/' || k.idem_key, k.made || ' ' || k.code FROM (
                SELECT scope, idem_key,
                       CASE WHEN SUBSTR(name, 1, 1) = ' ' THEN '' ELSE SUBSTR(name, 1, 36) END AS made,
                       CASE WHEN SUBSTR(name, 1, 1) = ' ' THEN SUBSTR(name, 2) ELSE SUBSTR(name, 38) END AS code
                  FROM (SELECT scope, idem_key, CAST(body AS TEXT) AS name FROM idempotency
                         WHERE status = 0 AND LENGTH(body) IN (37, 73)) AS names
            ) AS k LEFT JOIN payment_requests r ON r.request_id = k.made
                   LEFT JOIN payment_sessions s ON s.session_id = k.made
                   LEFT JOIN qr_codes q ON q.qr_id = k.code
             WHERE (k.made <> '' AND r.request_id IS NULL AND s.session_id IS NULL)
                OR (k.code <> '' AND (q.qr_id IS NULL OR (k.made <> '' AND COALESCE(q.request_id, q.session_id) <> k.made)))
                OR k.scope NOT IN ('wpay:' || COALESCE(r.merchant_id, s.merchant_id, q.merchant_id),
                                   'payment request:' || COALESCE(r.merchant_id, s.merchant_id, q.merchant_id))
             UNION ALL
            SELECT MIN(scope || '/' || idem_key), CAST(COUNT(*) AS TEXT) || ' keys' FROM idempotency
             WHERE status = 0 AND LENGTH(body) IN (37, 73) GROUP BY body HAVING COUNT(*) > 1",
    },
];
