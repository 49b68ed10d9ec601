CREATE TABLE sessions (
    row      INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    created  INTEGER NOT NULL,
    deleted  INTEGER
) STRICT;

CREATE TABLE events (
    session  INTEGER NOT NULL REFERENCES sessions (row) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    turn     INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE summaries (
    session  INTEGER PRIMARY KEY REFERENCES sessions (row) ON DELETE CASCADE,
    cwd      TEXT    NOT NULL,
    title    TEXT,
    branch   TEXT,
    model    TEXT,
    payer    TEXT,
    state    TEXT    NOT NULL,
    messages INTEGER NOT NULL,
    nano     INTEGER NOT NULL,
    unknown  INTEGER NOT NULL,
    updated  INTEGER NOT NULL,
    seq      INTEGER NOT NULL
) STRICT;

CREATE TABLE charges (
    session  INTEGER NOT NULL REFERENCES sessions (row) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    nano     INTEGER,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX charges_by_time ON charges (at);
