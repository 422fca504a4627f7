-- The spine: orders from creation to payment, the books behind them, and the work that is still to do.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE data_keys (
    owner TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE sellers (
    seller_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    fee_bps INTEGER,
    payout_hold_days INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    token_id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    seller_id TEXT NOT NULL REFERENCES sellers (seller_id),
    sealed BLOB NOT NULL,
    redirect_url TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX tokens_of_seller ON tokens (seller_id);

CREATE TABLE orders (
    seq INTEGER PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    link TEXT NOT NULL,
    pay_link_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    reference TEXT NOT NULL,
    methods TEXT NOT NULL,
    source TEXT,
    redirect_url TEXT,
    webhook_url TEXT,
    meta_data TEXT,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_at INTEGER NOT NULL,
    state_detail TEXT,
    version INTEGER NOT NULL
) STRICT;

-- The sweep that ends forgotten orders walks this from its old end. Not written with IN: SQLite would build a table of the
-- listed words for every row that it writes.
CREATE INDEX orders_open ON orders (created_at) WHERE state <> 'successful' AND state <> 'unsuccessful';

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    order_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    reference TEXT NOT NULL,
    at INTEGER NOT NULL,
    target TEXT,
    endpoint TEXT,
    delivery TEXT NOT NULL,
    webhook_id TEXT,
    body BLOB,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL
) STRICT;

-- Only what is still to be delivered, so that an order without a webhook costs no index.
CREATE INDEX events_pending ON events (order_id, seq) WHERE delivery = 'pending';
CREATE INDEX events_of_order ON events (order_id, number) WHERE target IS NOT NULL;

CREATE TABLE webhook_attempts (
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER,
    error TEXT,
    duration_ms INTEGER NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE legs (
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    account TEXT NOT NULL,
    owner TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE credit_lines (
    company TEXT PRIMARY KEY,
    currency TEXT NOT NULL,
    limit_minor INTEGER NOT NULL,
    held_minor INTEGER NOT NULL CHECK (held_minor >= 0),
    drawn_minor INTEGER NOT NULL CHECK (drawn_minor >= 0)
) STRICT;

CREATE TABLE applications (
    order_id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    code_number INTEGER NOT NULL,
    code_sent_at INTEGER NOT NULL,
    code_misses INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_at INTEGER,
    company TEXT,
    company_name TEXT,
    director TEXT,
    turnover_minor INTEGER,
    outcome TEXT,
    outcome_detail INTEGER,
    reasons TEXT,
    rule_version TEXT,
    term TEXT,
    card_id TEXT,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE buyers (
    email TEXT PRIMARY KEY,
    company TEXT NOT NULL,
    company_name TEXT NOT NULL,
    director TEXT NOT NULL,
    turnover_minor INTEGER NOT NULL,
    card_id TEXT NOT NULL
) STRICT;

CREATE TABLE cards (
    card_id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    expiry_year INTEGER NOT NULL,
    expiry_month INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE bank_payments (
    payment_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    bank TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_at INTEGER,
    state_detail TEXT
) STRICT;

CREATE INDEX bank_payments_of_order ON bank_payments (order_id, created_at);

CREATE TABLE loans (
    loan_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    seller_id TEXT NOT NULL,
    company TEXT NOT NULL,
    principal_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    term TEXT NOT NULL,
    rate TEXT NOT NULL,
    funded_at INTEGER NOT NULL,
    card_id TEXT NOT NULL
) STRICT;

CREATE INDEX loans_of_company ON loans (company);

CREATE TABLE instalments (
    loan_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    principal_minor INTEGER NOT NULL,
    interest_minor INTEGER NOT NULL,
    refusals INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_at INTEGER,
    state_detail TEXT,
    PRIMARY KEY (loan_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE payouts (
    payout_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    seller_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_at INTEGER,
    state_detail TEXT
) STRICT;

CREATE TABLE fees (
    order_id TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    month_end INTEGER NOT NULL,
    billed_at INTEGER
) STRICT;

CREATE INDEX fees_to_bill ON fees (seller_id, month_end) WHERE billed_at IS NULL;

CREATE TABLE jobs (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_due ON jobs (due_at);

CREATE TABLE mails (
    seq INTEGER PRIMARY KEY,
    mail_id TEXT NOT NULL UNIQUE,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER
) STRICT;

CREATE TABLE integration_events (
    seq INTEGER PRIMARY KEY,
    seller_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    integration_name TEXT,
    integration_version TEXT,
    meta_data TEXT NOT NULL
) STRICT;

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    idem_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, idem_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE sim_notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Kept alike with PostgreSQL, where it tells whether a commit with a lost answer happened; SQLite never loses one.
CREATE TABLE batches (
    writer TEXT NOT NULL PRIMARY KEY,
    batch INTEGER NOT NULL,
    begun_at INTEGER NOT NULL
) STRICT;
