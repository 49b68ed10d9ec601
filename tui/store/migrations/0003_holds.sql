-- No reference to the sessions: what one that is removed for good has left open stays counted.
CREATE TABLE holds (
    request    TEXT    NOT NULL PRIMARY KEY,
    session    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    payer      TEXT    NOT NULL,
    connection TEXT    NOT NULL,
    folder     TEXT    NOT NULL,
    nano       INTEGER NOT NULL,
    sent       INTEGER NOT NULL DEFAULT 0,
    gone       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Of a charge of unknown cost: the most that it can be, and the moment whose budgets bear it.
ALTER TABLE charges ADD COLUMN held INTEGER;

ALTER TABLE charges ADD COLUMN held_at INTEGER;

CREATE INDEX charges_held ON charges (held_at) WHERE held_at IS NOT NULL;

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
