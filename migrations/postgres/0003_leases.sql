-- Who computes what just now. Times are the database's own: servers need not agree on the time.
CREATE TABLE task_leases (
    cache_key   text   COLLATE "C" PRIMARY KEY,
    owner       text   NOT NULL,
    fence       bigint NOT NULL,
    acquired_ms bigint NOT NULL,
    expires_ms  bigint NOT NULL
) WITH (fillfactor = 50);
