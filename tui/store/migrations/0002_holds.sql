CREATE TABLE holds (
    request    TEXT    NOT NULL PRIMARY KEY,
    session    INTEGER NOT NULL REFERENCES sessions (row) ON DELETE CASCADE,
    at         INTEGER NOT NULL,
    payer      TEXT    NOT NULL,
    connection TEXT    NOT NULL,
    folder     TEXT    NOT NULL,
    nano       INTEGER NOT NULL,
    sent       INTEGER NOT NULL DEFAULT 0,
    gone       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

ALTER TABLE charges ADD COLUMN connection TEXT;

ALTER TABLE charges ADD COLUMN folder TEXT;

ALTER TABLE charges ADD COLUMN held INTEGER;

CREATE TABLE raises (
    scope   TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    span    TEXT    NOT NULL,
    nano    INTEGER NOT NULL,
    PRIMARY KEY (scope, subject, span)
) STRICT, WITHOUT ROWID;

CREATE TABLE warnings (
    scope   TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    span    TEXT    NOT NULL,
    nano    INTEGER NOT NULL,
    PRIMARY KEY (scope, subject, span)
) STRICT, WITHOUT ROWID;
