-- What happened on each day (UTC). Written in batches: it outlives the results it counts.
CREATE TABLE cache_days (
    day_ms            INTEGER PRIMARY KEY,
    total_requests    INTEGER NOT NULL,
    cache_hits        INTEGER NOT NULL,
    unreadable        INTEGER NOT NULL,
    time_saved_ms     REAL    NOT NULL,
    computed          INTEGER NOT NULL,
    processing_sum_ms REAL    NOT NULL,
    processing_min_ms REAL    NOT NULL,
    processing_max_ms REAL    NOT NULL
) STRICT;

CREATE VIEW cache_performance AS
SELECT date(day_ms / 1000, 'unixepoch') AS date,
       total_requests,
       cache_hits,
       CASE WHEN total_requests > 0 THEN round(cache_hits * 100.0 / total_requests, 2) ELSE 0.0 END AS hit_ratio_percent
FROM cache_days;

CREATE TABLE processing_metrics (
    id           INTEGER PRIMARY KEY,
    component    TEXT    NOT NULL,
    metric_name  TEXT    NOT NULL,
    metric_value REAL    NOT NULL,
    recorded_ms  INTEGER NOT NULL,
    recorded_at  TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%dT%H:%M:%fZ', recorded_ms / 1000.0, 'unixepoch')) VIRTUAL
) STRICT;

CREATE INDEX processing_metrics_recorded ON processing_metrics (recorded_ms);
