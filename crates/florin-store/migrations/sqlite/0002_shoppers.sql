-- Shoppers: merchants and who may call for them, wallets and what is in them, and the money that moves with them.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units.

CREATE TABLE merchants (
    merchant_id TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL REFERENCES sellers (seller_id),
    name TEXT NOT NULL,
    origins TEXT NOT NULL,
    networks TEXT NOT NULL,
    fee_bps INTEGER NOT NULL,
    duplicate_references TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    key_id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL REFERENCES merchants (merchant_id),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX api_keys_of_merchant ON api_keys (merchant_id);

CREATE TABLE server_keys (
    merchant_id TEXT NOT NULL REFERENCES merchants (merchant_id),
    kid TEXT NOT NULL,
    pem TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, kid)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retires_at INTEGER
) STRICT;

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- No index beside the key: one is written for every sign-in. That a family is revoked stands in a table of its own, because
-- to find a family's tokens would take one.
CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY,
    family_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    shopper TEXT NOT NULL,
    guest INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    access_s INTEGER NOT NULL,
    refresh_s INTEGER NOT NULL,
    spent_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE revoked_families (
    family_id TEXT PRIMARY KEY,
    revoked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE numbers (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE instruments (
    instrument_id TEXT PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    wallet_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    is_primary INTEGER NOT NULL,
    network TEXT,
    bin TEXT,
    suffix TEXT,
    expiry_year INTEGER,
    expiry_month INTEGER,
    code_checked INTEGER NOT NULL,
    account TEXT,
    customer TEXT,
    fingerprint BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    used_at INTEGER,
    gone_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX instruments_of_wallet ON instruments (wallet_id);
CREATE INDEX instruments_to_forget ON instruments (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE captures (
    capture_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    gone_at INTEGER,
    client_reference TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    instrument_id TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    subject TEXT PRIMARY KEY,
    window_at INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE spent_proofs (
    proof BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE gift_cards (
    fingerprint BLOB PRIMARY KEY,
    programme TEXT NOT NULL,
    suffix TEXT NOT NULL,
    pin_hash BLOB NOT NULL,
    balance_minor INTEGER NOT NULL,
    held_minor INTEGER NOT NULL CHECK (held_minor >= 0),
    currency TEXT NOT NULL,
    expires_on TEXT NOT NULL,
    CHECK (held_minor <= balance_minor)
) STRICT, WITHOUT ROWID;

CREATE TABLE transactions (
    receipt INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    seller_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    client_reference TEXT NOT NULL,
    order_number TEXT NOT NULL,
    atomicity TEXT NOT NULL,
    agreement_id TEXT,
    fee_bps INTEGER NOT NULL,
    parts INTEGER NOT NULL CHECK (parts > 0),
    state TEXT NOT NULL,
    put_back TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE INDEX transactions_in_doubt ON transactions (created_at) WHERE state = 'processing';

-- The parts of a transaction are the numbers that follow its receipt, so that no index is needed to find them.
CREATE TABLE movements (
    reference INTEGER PRIMARY KEY,
    receipt INTEGER NOT NULL,
    wallet_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    original INTEGER,
    instrument_id TEXT NOT NULL,
    token TEXT NOT NULL,
    instrument_kind TEXT NOT NULL,
    network TEXT,
    bin TEXT,
    suffix TEXT,
    expiry_year INTEGER,
    expiry_month INTEGER,
    fingerprint BLOB NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    state_detail TEXT,
    service_code TEXT,
    service_message TEXT,
    hold TEXT,
    captured_minor INTEGER NOT NULL,
    refunded_minor INTEGER NOT NULL,
    expires_at INTEGER
) STRICT;

CREATE INDEX movements_of_wallet ON movements (wallet_id, reference);

CREATE TABLE client_references (
    merchant_id TEXT NOT NULL,
    client_reference TEXT NOT NULL,
    PRIMARY KEY (merchant_id, client_reference)
) STRICT, WITHOUT ROWID;

-- What card sales have earned a seller that is in no settlement yet; below nothing after refunds.
CREATE TABLE balances (
    seller_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    unsettled_minor INTEGER NOT NULL,
    PRIMARY KEY (seller_id, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE settlements (
    settlement_id TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    bank_reference TEXT
) STRICT;

CREATE TABLE agreements (
    agreement_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    shopper TEXT NOT NULL,
    instrument_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    frequency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER,
    cycle INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX agreements_of_wallet ON agreements (wallet_id);
