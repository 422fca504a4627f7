-- More ways to pay and more to buy: what fraud screens decided, checkouts at pay-later providers, Openpay, gift cards sold.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units.

-- Only of payments that came with something for a screen, so that the others need not be asked.
CREATE TABLE fraud_decisions (
    receipt INTEGER PRIMARY KEY,
    decision_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    rules TEXT NOT NULL,
    decided_at INTEGER NOT NULL
) STRICT;

CREATE TABLE apm_orders (
    order_id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    instrument_id TEXT NOT NULL,
    order_number TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    return_url TEXT,
    state TEXT NOT NULL,
    state_at INTEGER,
    receipt INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX apm_orders_to_forget ON apm_orders (expires_at) WHERE state <> 'used';

-- One row for each movement that is paid with Openpay.
CREATE TABLE openpay_parts (
    reference INTEGER PRIMARY KEY,
    store TEXT,
    channel TEXT,
    gst_minor INTEGER,
    currency TEXT NOT NULL,
    reason TEXT,
    plan_transaction TEXT,
    plan_order TEXT,
    plan_method TEXT,
    plan_created_at INTEGER,
    account_id TEXT,
    account_name TEXT,
    account_abn TEXT
) STRICT;

CREATE TABLE gift_quotes (
    quote_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX gift_quotes_to_forget ON gift_quotes (expires_at);

CREATE TABLE gift_quote_items (
    quote_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    design TEXT NOT NULL,
    product TEXT NOT NULL,
    face_minor INTEGER NOT NULL,
    unit_price_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    to_name TEXT,
    from_name TEXT,
    message TEXT,
    image_url TEXT,
    mobile TEXT,
    PRIMARY KEY (quote_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE gift_orders (
    order_id TEXT PRIMARY KEY,
    quote_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    guest INTEGER NOT NULL,
    receipt INTEGER NOT NULL UNIQUE,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A quote is ordered once; after a payment that was refused, again.
CREATE UNIQUE INDEX gift_orders_of_quote ON gift_orders (quote_id) WHERE state <> 'rejected';

CREATE TABLE gifts (
    order_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    design TEXT NOT NULL,
    fingerprint BLOB NOT NULL UNIQUE,
    programme TEXT NOT NULL,
    suffix TEXT NOT NULL,
    face_minor INTEGER NOT NULL,
    price_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    instrument_id TEXT,
    to_name TEXT,
    from_name TEXT,
    message TEXT,
    image_url TEXT,
    mobile TEXT,
    attempt INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    PRIMARY KEY (order_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX gifts_to_deliver ON gifts (issued_at) WHERE instrument_id IS NULL;
