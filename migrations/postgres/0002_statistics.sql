-- What happened on each day (UTC). Written in batches: it outlives the results it counts.
CREATE TABLE cache_days (
    day_ms            bigint           PRIMARY KEY,
    total_requests    bigint           NOT NULL,
    cache_hits        bigint           NOT NULL,
    unreadable        bigint           NOT NULL,
    time_saved_ms     double precision NOT NULL,
    computed          bigint           NOT NULL,
    processing_sum_ms double precision NOT NULL,
    processing_min_ms double precision NOT NULL,
    processing_max_ms double precision NOT NULL
) WITH (fillfactor = 50);

CREATE VIEW cache_performance AS
SELECT (to_timestamp(day_ms::double precision / 1000) AT TIME ZONE 'UTC')::date AS date,
       total_requests,
       cache_hits,
       CASE WHEN total_requests > 0 THEN round(cache_hits * 100.0 / total_requests, 2) ELSE 0 END AS hit_ratio_percent
FROM cache_days;

CREATE TABLE processing_metrics (
    id           bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    component    text             NOT NULL,
    metric_name  text             NOT NULL,
    metric_value double precision NOT NULL,
    recorded_ms  bigint           NOT NULL,
    recorded_at  timestamptz GENERATED ALWAYS AS (to_timestamp(recorded_ms::double precision / 1000)) STORED
);

CREATE INDEX processing_metrics_recorded ON processing_metrics (recorded_ms);
