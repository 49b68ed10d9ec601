-- Amounts are whole nano-credits. A balance is the sum of its account's entries, kept beside them
-- so that the database itself refuses what would go below nothing.
CREATE TABLE ledger_accounts (
    account  INTEGER PRIMARY KEY,
    service  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    expires  INTEGER NOT NULL,
    nano     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (service, kind, expires),
    CHECK (CASE WHEN kind IN ('granted', 'owed') THEN nano <= 0 ELSE nano >= 0 END)
) STRICT;

-- A key is used once for each kind of step, and what was asked and answered then stands here.
CREATE TABLE ledger_transactions (
    number   INTEGER PRIMARY KEY,
    service  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    key      TEXT,
    at       INTEGER NOT NULL,
    asked    TEXT    NOT NULL,
    answered TEXT    NOT NULL,
    UNIQUE (kind, key)
) STRICT;

CREATE TABLE ledger_entries (
    number   INTEGER NOT NULL REFERENCES ledger_transactions (number),
    account  INTEGER NOT NULL REFERENCES ledger_accounts (account),
    nano     INTEGER NOT NULL,
    PRIMARY KEY (number, account)
) STRICT, WITHOUT ROWID;

-- No reference to the sessions: what one that is removed for good has spent stays spent.
CREATE TABLE ledger_holds (
    key      TEXT    NOT NULL PRIMARY KEY,
    service  TEXT    NOT NULL,
    session  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    nano     INTEGER NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('open', 'sent', 'unsettled', 'settled', 'released')),
    charged  INTEGER,
    owed     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_holds_by_state ON ledger_holds (service, state);

-- Nano-credits of a charge, or none where no credits paid or the rate is not known.
ALTER TABLE charges ADD COLUMN credits INTEGER;
