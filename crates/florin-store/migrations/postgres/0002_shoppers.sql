-- Shoppers: merchants and who may call for them, wallets and what is in them, and the money that moves with them.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units.
-- Where a fill factor stands, rows are updated soon after they were written, and none of the changed columns is in an index.

CREATE TABLE merchants (
    merchant_id TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL REFERENCES sellers (seller_id),
    name TEXT NOT NULL,
    origins TEXT NOT NULL,
    networks TEXT NOT NULL,
    fee_bps BIGINT NOT NULL,
    duplicate_references TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    key_id TEXT PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL REFERENCES merchants (merchant_id),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX api_keys_of_merchant ON api_keys (merchant_id);

CREATE TABLE server_keys (
    merchant_id TEXT NOT NULL REFERENCES merchants (merchant_id),
    kid TEXT NOT NULL,
    pem TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, kid)
);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retires_at BIGINT
);

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- No index beside the key: one is written for every sign-in. That a family is revoked stands in a table of its own, because
-- to find a family's tokens would take one.
CREATE TABLE refresh_tokens (
    hash BYTEA PRIMARY KEY,
    family_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    shopper TEXT NOT NULL,
    guest BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    access_s BIGINT NOT NULL,
    refresh_s BIGINT NOT NULL,
    spent_at BIGINT
);

CREATE TABLE revoked_families (
    family_id TEXT PRIMARY KEY,
    revoked_at BIGINT NOT NULL
);

CREATE TABLE numbers (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE instruments (
    instrument_id TEXT PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    wallet_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    is_primary BIGINT NOT NULL,
    network TEXT,
    bin TEXT,
    suffix TEXT,
    expiry_year BIGINT,
    expiry_month BIGINT,
    code_checked BIGINT NOT NULL,
    account TEXT,
    customer TEXT,
    fingerprint BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    used_at BIGINT,
    gone_at BIGINT
) WITH (fillfactor = 80);

CREATE INDEX instruments_of_wallet ON instruments (wallet_id);
CREATE INDEX instruments_to_forget ON instruments (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE captures (
    capture_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    gone_at BIGINT,
    client_reference TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    instrument_id TEXT
);

CREATE TABLE attempts (
    subject TEXT PRIMARY KEY,
    window_at BIGINT NOT NULL,
    tries BIGINT NOT NULL
);

CREATE TABLE spent_proofs (
    proof BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE TABLE gift_cards (
    fingerprint BYTEA PRIMARY KEY,
    programme TEXT NOT NULL,
    suffix TEXT NOT NULL,
    pin_hash BYTEA NOT NULL,
    balance_minor BIGINT NOT NULL,
    held_minor BIGINT NOT NULL CHECK (held_minor >= 0),
    currency TEXT NOT NULL,
    expires_on TEXT NOT NULL,
    CHECK (held_minor <= balance_minor)
) WITH (fillfactor = 80);

CREATE TABLE transactions (
    receipt BIGINT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    client_reference TEXT NOT NULL,
    order_number TEXT NOT NULL,
    atomicity TEXT NOT NULL,
    agreement_id TEXT,
    fee_bps BIGINT NOT NULL,
    parts BIGINT NOT NULL CHECK (parts > 0),
    state TEXT NOT NULL,
    put_back TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE INDEX transactions_in_doubt ON transactions (created_at) WHERE state = 'processing';

-- The parts of a transaction are the numbers that follow its receipt, so that no index is needed to find them.
CREATE TABLE movements (
    reference BIGINT PRIMARY KEY,
    receipt BIGINT NOT NULL,
    wallet_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    original BIGINT,
    instrument_id TEXT NOT NULL,
    token TEXT NOT NULL,
    instrument_kind TEXT NOT NULL,
    network TEXT,
    bin TEXT,
    suffix TEXT,
    expiry_year BIGINT,
    expiry_month BIGINT,
    fingerprint BYTEA NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    state_detail TEXT,
    service_code TEXT,
    service_message TEXT,
    hold TEXT,
    captured_minor BIGINT NOT NULL,
    refunded_minor BIGINT NOT NULL,
    expires_at BIGINT
) WITH (fillfactor = 70);

CREATE INDEX movements_of_wallet ON movements (wallet_id, reference);

CREATE TABLE client_references (
    merchant_id TEXT NOT NULL,
    client_reference TEXT NOT NULL,
    PRIMARY KEY (merchant_id, client_reference)
);

-- What card sales have earned a seller that is in no settlement yet; below nothing after refunds.
CREATE TABLE balances (
    seller_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    unsettled_minor BIGINT NOT NULL,
    PRIMARY KEY (seller_id, currency)
) WITH (fillfactor = 50);

CREATE TABLE settlements (
    settlement_id TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    bank_reference TEXT
);

CREATE TABLE agreements (
    agreement_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    shopper TEXT NOT NULL,
    instrument_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    frequency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    cycle BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX agreements_of_wallet ON agreements (wallet_id);
