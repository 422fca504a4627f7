-- More ways to pay and more to buy: what fraud screens decided, checkouts at pay-later providers, Openpay, gift cards sold.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units.

-- Only of payments that came with something for a screen, so that the others need not be asked.
CREATE TABLE fraud_decisions (
    receipt BIGINT PRIMARY KEY,
    decision_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    rules TEXT NOT NULL,
    decided_at BIGINT NOT NULL
);

CREATE TABLE apm_orders (
    order_id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    instrument_id TEXT NOT NULL,
    order_number TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    return_url TEXT,
    state TEXT NOT NULL,
    state_at BIGINT,
    receipt BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX apm_orders_to_forget ON apm_orders (expires_at) WHERE state <> 'used';

-- One row for each movement that is paid with Openpay.
CREATE TABLE openpay_parts (
    reference BIGINT PRIMARY KEY,
    store TEXT,
    channel TEXT,
    gst_minor BIGINT,
    currency TEXT NOT NULL,
    reason TEXT,
    plan_transaction TEXT,
    plan_order TEXT,
    plan_method TEXT,
    plan_created_at BIGINT,
    account_id TEXT,
    account_name TEXT,
    account_abn TEXT
);

CREATE TABLE gift_quotes (
    quote_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX gift_quotes_to_forget ON gift_quotes (expires_at);

CREATE TABLE gift_quote_items (
    quote_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    design TEXT NOT NULL,
    product TEXT NOT NULL,
    face_minor BIGINT NOT NULL,
    unit_price_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    to_name TEXT,
    from_name TEXT,
    message TEXT,
    image_url TEXT,
    mobile TEXT,
    PRIMARY KEY (quote_id, number)
);

CREATE TABLE gift_orders (
    order_id TEXT PRIMARY KEY,
    quote_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    guest BIGINT NOT NULL,
    receipt BIGINT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A quote is ordered once; after a payment that was refused, again.
CREATE UNIQUE INDEX gift_orders_of_quote ON gift_orders (quote_id) WHERE state <> 'rejected';

CREATE TABLE gifts (
    order_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    design TEXT NOT NULL,
    fingerprint BYTEA NOT NULL UNIQUE,
    programme TEXT NOT NULL,
    suffix TEXT NOT NULL,
    face_minor BIGINT NOT NULL,
    price_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    instrument_id TEXT,
    to_name TEXT,
    from_name TEXT,
    message TEXT,
    image_url TEXT,
    mobile TEXT,
    attempt BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    PRIMARY KEY (order_id, number)
);

CREATE INDEX gifts_to_deliver ON gifts (issued_at) WHERE instrument_id IS NULL;
