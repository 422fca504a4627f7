-- In store: what merchants ask to be paid, codes and sessions that lead there, and the occasions on which money moved.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units.
-- Where a fill factor stands, rows are updated soon after they were written, and none of the changed columns is in an index.

-- Most transactions are of no occasion; those that are say so in their row, so that the others need not be asked.
ALTER TABLE transactions ADD COLUMN occasion_id TEXT;

CREATE TABLE schemas (
    schema_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX schemas_of_merchant ON schemas (merchant_id, created_at);

CREATE TABLE preferences (
    owner TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE acceptances (
    wallet_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    version TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (wallet_id, kind, version)
);

CREATE TABLE payment_requests (
    request_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    merchant_reference TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    max_uses BIGINT,
    uses BIGINT NOT NULL CHECK (uses >= 0),
    expires_at BIGINT,
    wallet_id TEXT,
    basket TEXT,
    pos_schema_id TEXT,
    pos_payload TEXT,
    merchant_schema_id TEXT,
    merchant_payload TEXT,
    created_at BIGINT NOT NULL,
    closed_at BIGINT
) WITH (fillfactor = 80);

CREATE INDEX payment_requests_of_merchant ON payment_requests (merchant_id, created_at);

CREATE TABLE payment_sessions (
    session_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    location TEXT NOT NULL,
    merchant_schema_id TEXT,
    merchant_info TEXT,
    customer_schema_id TEXT,
    customer_info TEXT,
    wallet_id TEXT,
    request_id TEXT,
    preapproval BYTEA,
    payment_id TEXT,
    paid_at BIGINT,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    closed_at BIGINT,
    closed_reason TEXT
);

CREATE INDEX payment_sessions_of_request ON payment_sessions (request_id) WHERE request_id IS NOT NULL;

CREATE TABLE qr_codes (
    qr_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    request_id TEXT,
    session_id TEXT,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    cancelled_at BIGINT,
    CHECK ((request_id IS NULL) <> (session_id IS NULL))
);

CREATE TABLE occasions (
    occasion_id TEXT PRIMARY KEY,
    receipt BIGINT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    merchant_reference TEXT NOT NULL,
    session_id TEXT,
    original_id TEXT,
    reason TEXT,
    gross_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    holds_use BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITH (fillfactor = 90);

CREATE INDEX occasions_of_merchant ON occasions (merchant_id, created_at, receipt);
CREATE INDEX occasions_of_wallet ON occasions (wallet_id, created_at, receipt);
CREATE INDEX occasions_of_session ON occasions (session_id) WHERE session_id IS NOT NULL;
