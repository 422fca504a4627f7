-- Cards typed into elements of a merchant's page, and cardholders authenticated by their issuers.
-- Whole numbers, text and bytes only; times are UTC microseconds, amounts minor units. The code on a card stands nowhere.

CREATE TABLE frames_actions (
    action_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    guest BIGINT NOT NULL,
    gone_at BIGINT NOT NULL,
    instrument_id TEXT,
    wants_save BIGINT NOT NULL,
    wants_verify BIGINT NOT NULL,
    wants_authentication BIGINT NOT NULL,
    sealed BYTEA,
    expiry_year BIGINT,
    expiry_month BIGINT,
    state TEXT NOT NULL,
    result_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX frames_actions_to_forget ON frames_actions (expires_at);

CREATE TABLE three_ds_sessions (
    session_id TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    action_id TEXT,
    movement BIGINT,
    instrument_id TEXT,
    amount_minor BIGINT,
    currency TEXT,
    fingerprint BYTEA NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    proof TEXT,
    frictionless BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX three_ds_sessions_to_forget ON three_ds_sessions (expires_at);
CREATE INDEX three_ds_sessions_of_action ON three_ds_sessions (action_id) WHERE action_id IS NOT NULL;
