-- The spine: orders from creation to payment, the books behind them, and the work that is still to do.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE data_keys (
    owner TEXT PRIMARY KEY,
    wrapped BYTEA NOT NULL
);

CREATE TABLE sellers (
    seller_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    fee_bps BIGINT,
    payout_hold_days BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    token_id TEXT PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    seller_id TEXT NOT NULL REFERENCES sellers (seller_id),
    sealed BYTEA NOT NULL,
    redirect_url TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE INDEX tokens_of_seller ON tokens (seller_id);

CREATE TABLE orders (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    link TEXT NOT NULL,
    pay_link_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    reference TEXT NOT NULL,
    methods TEXT NOT NULL,
    source TEXT,
    redirect_url TEXT,
    webhook_url TEXT,
    meta_data TEXT,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT NOT NULL,
    state_detail TEXT,
    version BIGINT NOT NULL
);

-- The sweep that ends forgotten orders walks this from its old end. Not written with IN: SQLite would build a table of the
-- listed words for every row that it writes.
CREATE INDEX orders_open ON orders (created_at) WHERE state <> 'successful' AND state <> 'unsuccessful';

CREATE TABLE events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    reference TEXT NOT NULL,
    at BIGINT NOT NULL,
    target TEXT,
    endpoint TEXT,
    delivery TEXT NOT NULL,
    webhook_id TEXT,
    body BYTEA,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL
);

-- Only what is still to be delivered, so that an order without a webhook costs no index.
CREATE INDEX events_pending ON events (order_id, seq) WHERE delivery = 'pending';
CREATE INDEX events_of_order ON events (order_id, number) WHERE target IS NOT NULL;

CREATE TABLE webhook_attempts (
    seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    status BIGINT,
    error TEXT,
    duration_ms BIGINT NOT NULL,
    answer BYTEA NOT NULL,
    PRIMARY KEY (seq, number)
);

CREATE TABLE journal (
    seq BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE legs (
    seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    account TEXT NOT NULL,
    owner TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    PRIMARY KEY (seq, number)
);

CREATE TABLE credit_lines (
    company TEXT PRIMARY KEY,
    currency TEXT NOT NULL,
    limit_minor BIGINT NOT NULL,
    held_minor BIGINT NOT NULL CHECK (held_minor >= 0),
    drawn_minor BIGINT NOT NULL CHECK (drawn_minor >= 0)
);

CREATE TABLE applications (
    order_id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    code_number BIGINT NOT NULL,
    code_sent_at BIGINT NOT NULL,
    code_misses BIGINT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT,
    company TEXT,
    company_name TEXT,
    director TEXT,
    turnover_minor BIGINT,
    outcome TEXT,
    outcome_detail BIGINT,
    reasons TEXT,
    rule_version TEXT,
    term TEXT,
    card_id TEXT,
    version BIGINT NOT NULL
);

CREATE TABLE buyers (
    email TEXT PRIMARY KEY,
    company TEXT NOT NULL,
    company_name TEXT NOT NULL,
    director TEXT NOT NULL,
    turnover_minor BIGINT NOT NULL,
    card_id TEXT NOT NULL
);

CREATE TABLE cards (
    card_id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    expiry_year BIGINT NOT NULL,
    expiry_month BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE bank_payments (
    payment_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    bank TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT,
    state_detail TEXT
);

CREATE INDEX bank_payments_of_order ON bank_payments (order_id, created_at);

CREATE TABLE loans (
    loan_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    seller_id TEXT NOT NULL,
    company TEXT NOT NULL,
    principal_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    term TEXT NOT NULL,
    rate TEXT NOT NULL,
    funded_at BIGINT NOT NULL,
    card_id TEXT NOT NULL
);

CREATE INDEX loans_of_company ON loans (company);

CREATE TABLE instalments (
    loan_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    due_on TEXT NOT NULL,
    principal_minor BIGINT NOT NULL,
    interest_minor BIGINT NOT NULL,
    refusals BIGINT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT,
    state_detail TEXT,
    PRIMARY KEY (loan_id, number)
);

CREATE TABLE payouts (
    payout_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    seller_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    state_at BIGINT,
    state_detail TEXT
);

CREATE TABLE fees (
    order_id TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    month_end BIGINT NOT NULL,
    billed_at BIGINT
);

CREATE INDEX fees_to_bill ON fees (seller_id, month_end) WHERE billed_at IS NULL;

CREATE TABLE jobs (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

CREATE INDEX jobs_due ON jobs (due_at);

CREATE TABLE mails (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mail_id TEXT NOT NULL UNIQUE,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);

CREATE TABLE integration_events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seller_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    integration_name TEXT,
    integration_version TEXT,
    meta_data TEXT NOT NULL
);

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    idem_key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status BIGINT NOT NULL,
    body BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (scope, idem_key)
);

CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE sim_notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The last batch each process committed: tells whether a commit whose answer was lost happened.
CREATE TABLE batches (
    writer TEXT NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL,
    begun_at BIGINT NOT NULL
) WITH (fillfactor = 50);

-- Empty for ever: the writers of all processes queue for this table's lock. A table of its own, because the upkeep of a
-- table that holds rows takes locks that would hold up every write.
CREATE TABLE turn (
    unused BIGINT
);
