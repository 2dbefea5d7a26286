-- The cache's results.
--
-- Bodies stand in a table of their own: SQLite rewrites a whole row to change one number in it, and counting a hit
-- must not rewrite a picture. A put deletes what was there and inserts, in one transaction.
--
-- Numbers of milliseconds since 1970 (UTC) are what the program reads and writes; the texts are derived from them for
-- people and SQL by hand.

-- "CLRc": says whose file it is.
PRAGMA application_id = 1129075299;

CREATE TABLE task_results (
    revision           INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT    NOT NULL,
    task_id            TEXT    NOT NULL,
    cache_key          TEXT    NOT NULL,
    input_hash         TEXT    NOT NULL,
    status             TEXT    NOT NULL CHECK (status IN ('SUCCESS', 'FAILURE', 'PENDING')),
    media_type         TEXT    NOT NULL,
    body_bytes         INTEGER NOT NULL,
    stored_bytes       INTEGER NOT NULL,
    processing_time_ms REAL    NOT NULL,
    cache_hits         INTEGER NOT NULL DEFAULT 0,
    submitted_ms       INTEGER NOT NULL,
    last_read_ms       INTEGER NOT NULL,
    expires_ms         INTEGER NOT NULL,
    submitted_at       TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%dT%H:%M:%fZ', submitted_ms / 1000.0, 'unixepoch')) VIRTUAL,
    last_read_at       TEXT GENERATED ALWAYS AS
        (CASE WHEN cache_hits > 0 THEN strftime('%Y-%m-%dT%H:%M:%fZ', last_read_ms / 1000.0, 'unixepoch') END) VIRTUAL,
    ttl_expires_at     TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%dT%H:%M:%fZ', expires_ms / 1000.0, 'unixepoch')) VIRTUAL
) STRICT;

CREATE UNIQUE INDEX task_results_key ON task_results (cache_key);
CREATE INDEX task_results_submitted ON task_results (submitted_ms);
CREATE INDEX task_results_last_read ON task_results (last_read_ms);
CREATE INDEX task_results_expires ON task_results (expires_ms);

-- result_data: the entry in its checksummed envelope, not the bare picture.
CREATE TABLE task_bodies (
    revision    INTEGER PRIMARY KEY REFERENCES task_results (revision) ON DELETE CASCADE,
    result_data BLOB NOT NULL
) STRICT;
