ALTER TABLE charges RENAME TO charges_before;

DROP INDEX charges_by_time;

-- No reference to the sessions: what was spent stays counted when a session is removed for good.
-- Kept in the order of time: sums are of a span of it.
CREATE TABLE charges (
    session    TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    payer      TEXT    NOT NULL,
    nano       INTEGER,
    requests   INTEGER NOT NULL,
    input      INTEGER,
    output     INTEGER,
    cache_read INTEGER,
    model      TEXT    NOT NULL,
    connection TEXT    NOT NULL,
    label      TEXT    NOT NULL,
    folder     TEXT    NOT NULL,
    request    TEXT    NOT NULL,
    theirs     TEXT    NOT NULL,
    side       TEXT    NOT NULL,
    PRIMARY KEY (at, session, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO charges
WITH told AS (
    SELECT session, seq, CAST(body AS TEXT) AS said
    FROM events
    WHERE instr(substr(body, 1, 30), CAST('"charge"' AS BLOB))
       OR instr(substr(body, 1, 30), CAST('"usage"' AS BLOB))
       OR instr(substr(body, 1, 30), CAST('"route"' AS BLOB))
       OR instr(substr(body, 1, 30), CAST('"opened"' AS BLOB))
       OR instr(substr(body, 1, 30), CAST('"request_finished"' AS BLOB))
       OR instr(substr(body, 1, 30), CAST('"compacted"' AS BLOB))
),
sound AS MATERIALIZED (
    SELECT session, seq, said, json_extract(said, '$.type') AS type,
           json_extract(said, '$.request') AS request
    FROM told WHERE json_valid(said)
),
routes AS MATERIALIZED (
    SELECT session, request, max(seq) AS last, json_extract(said, '$.model') AS model,
           json_extract(said, '$.connection') AS connection,
           coalesce(json_extract(said, '$.label'), '') AS label
    FROM sound WHERE type = 'route' GROUP BY session, request
),
uses AS MATERIALIZED (
    SELECT session, request, max(seq) AS last, json_extract(said, '$.input') AS input,
           json_extract(said, '$.output') AS output,
           json_extract(said, '$.cache_read') AS cache_read
    FROM sound WHERE type = 'usage' GROUP BY session, request
),
opened AS MATERIALIZED (
    SELECT session, request, max(seq) AS last,
           coalesce(json_extract(said, '$.provider_request_id'), '') AS theirs
    FROM sound WHERE type = 'opened' GROUP BY session, request
),
ends AS MATERIALIZED (
    SELECT session, request, max(seq) AS last, coalesce(json_extract(said, '$.model'), '') AS model
    FROM sound WHERE type = 'request_finished' GROUP BY session, request
),
sums AS MATERIALIZED (
    SELECT session, request, 'summary' AS side
    FROM sound WHERE type = 'compacted' AND request IS NOT NULL GROUP BY session, request
),
paid AS MATERIALIZED (
    SELECT b.session, b.seq, b.at, b.nano, s.request, json_extract(s.said, '$.payer') AS payer
    FROM charges_before b JOIN sound s ON s.session = b.session AND s.seq = b.seq
    WHERE s.type = 'charge'
),
firsts AS MATERIALIZED (
    SELECT session, request, min(seq) AS seq
    FROM paid WHERE payer <> 'platform_credits' GROUP BY session, request
)
SELECT
    sessions.id, paid.seq, paid.at, paid.payer, paid.nano, firsts.seq IS NOT NULL,
    CASE WHEN firsts.seq IS NOT NULL THEN uses.input END,
    CASE WHEN firsts.seq IS NOT NULL THEN uses.output END,
    CASE WHEN firsts.seq IS NOT NULL THEN uses.cache_read END,
    CASE
        WHEN routes.model IS NULL THEN ''
        WHEN coalesce(ends.model, '') = '' THEN routes.model
        WHEN instr(routes.model, '/') = 0 THEN ends.model
        WHEN substr(routes.model, instr(routes.model, '/') + 1) <> '' AND (
            substr(ends.model, 1, length(routes.model) - instr(routes.model, '/'))
                = substr(routes.model, instr(routes.model, '/') + 1)
            OR substr(ends.model, instr(routes.model, '/') - length(routes.model))
                = substr(routes.model, instr(routes.model, '/') + 1)
        ) THEN routes.model
        ELSE substr(routes.model, 1, instr(routes.model, '/')) || ends.model
    END,
    coalesce(routes.connection, ''), coalesce(routes.label, ''),
    coalesce(summaries.cwd, ''), paid.request, coalesce(opened.theirs, ''),
    coalesce(sums.side, '')
FROM paid
JOIN sessions ON sessions.row = paid.session
LEFT JOIN summaries ON summaries.session = paid.session
LEFT JOIN routes ON routes.session = paid.session AND routes.request = paid.request
LEFT JOIN uses ON uses.session = paid.session AND uses.request = paid.request
LEFT JOIN opened ON opened.session = paid.session AND opened.request = paid.request
LEFT JOIN ends ON ends.session = paid.session AND ends.request = paid.request
LEFT JOIN sums ON sums.session = paid.session AND sums.request = paid.request
LEFT JOIN firsts ON firsts.session = paid.session AND firsts.seq = paid.seq;

DROP TABLE charges_before;

CREATE INDEX charges_by_session ON charges (session, seq);
