-- The cache's results, one partition per day of expiry.
--
-- A partition is droppable as soon as its day is over, whatever the time to live of what is in it: expiry deletes no
-- rows. There is no DEFAULT partition: attaching a day would then lock and scan it. Days are attached when the first
-- result for them arrives, and a time to live is cut to the tier's longest, so that there are never more partitions
-- than days in it.
--
-- A key is not unique here, and cannot be: a unique index on a partitioned table must contain the day. A put therefore
-- only inserts, with a revision that grows, and takes the older revisions of its key out in the same statement; a read
-- takes the greatest revision. Two puts at once may leave two rows: the newer one is answered until both expire.
--
-- Numbers of milliseconds since 1970 (UTC) are what the program reads and writes; the timestamps are derived from them
-- for people, dashboards and SQL by hand.
CREATE SEQUENCE task_revision;

CREATE TABLE task_results (
    id                 uuid             NOT NULL,
    task_id            text             NOT NULL,
    cache_key          text             NOT NULL COLLATE "C",
    input_hash         text             NOT NULL,
    status             text             NOT NULL CHECK (status IN ('SUCCESS', 'FAILURE', 'PENDING')),
    media_type         text             NOT NULL,
    result_data        bytea            NOT NULL,
    body_bytes         bigint           NOT NULL,
    stored_bytes       bigint           NOT NULL,
    processing_time_ms double precision NOT NULL,
    cache_hits         bigint           NOT NULL DEFAULT 0,
    revision           bigint           NOT NULL DEFAULT nextval('task_revision'),
    submitted_ms       bigint           NOT NULL,
    last_read_ms       bigint           NOT NULL,
    expires_ms         bigint           NOT NULL,
    submitted_at       timestamptz GENERATED ALWAYS AS (to_timestamp(submitted_ms::double precision / 1000)) STORED,
    last_read_at       timestamptz GENERATED ALWAYS AS
        (CASE WHEN cache_hits > 0 THEN to_timestamp(last_read_ms::double precision / 1000) END) STORED,
    ttl_expires_at     timestamptz GENERATED ALWAYS AS (to_timestamp(expires_ms::double precision / 1000)) STORED,
    PRIMARY KEY (cache_key, revision, expires_ms)
) PARTITION BY RANGE (expires_ms);

-- Pictures are compressed already: trying again costs time and saves nothing.
ALTER TABLE task_results ALTER COLUMN result_data SET STORAGE EXTERNAL;

-- Neither cache_hits nor last_read_ms is indexed: counting hits then touches the heap only (HOT) and never a body.
CREATE INDEX task_results_submitted ON task_results (submitted_ms);

COMMENT ON COLUMN task_results.result_data IS 'the entry in its checksummed envelope, not the bare picture';
COMMENT ON COLUMN task_results.last_read_ms IS 'when it was put, until it is read';
