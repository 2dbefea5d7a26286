//! What a cache can say about itself.

use std::fmt;

use async_trait::async_trait;
use clearcut_cache::{CacheKey, Ledger, RequestOutcome, TierError};
use sqlx::Error;

use crate::{
    SqlTier,
    database::Database,
    day::Day,
    statement::{Record, Statement},
    statistics::{CacheEfficiency, CacheStatistics, DayStatistics, TaskSummary, count, ratio_percent},
    store::Store,
};

/// Keys that begin so are leases of this crate's own upkeep, not of anybody's computation.
pub(crate) const OWN_KEYS: &str = "clearcut.upkeep:";

const DAYS: &str = "SELECT day_ms, total_requests, cache_hits, unreadable, time_saved_ms, computed, processing_sum_ms, \
     processing_min_ms, processing_max_ms FROM cache_days WHERE day_ms >= $1 AND day_ms <= $2 ORDER BY day_ms";
const KEPT: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) \
     FROM task_results WHERE expires_ms > $1";
const RECENT: &str = "SELECT CAST(id AS TEXT) AS id, task_id, cache_key, status, media_type, body_bytes, \
     processing_time_ms, cache_hits, submitted_ms, last_read_ms, expires_ms \
     FROM task_results WHERE expires_ms > $1 \
     UNION ALL SELECT owner, owner, cache_key, 'PENDING', '', 0, 0.0, 0, acquired_ms, acquired_ms, expires_ms \
     FROM task_leases WHERE expires_ms > $1 AND cache_key NOT LIKE 'clearcut.upkeep:%' \
     ORDER BY submitted_ms DESC, id LIMIT $2";
const TOP: &str = "SELECT CAST(id AS TEXT), task_id, cache_key, status, media_type, body_bytes, processing_time_ms, \
     cache_hits, submitted_ms, last_read_ms, expires_ms \
     FROM task_results WHERE expires_ms > $1 AND cache_hits > 0 ORDER BY cache_hits DESC, last_read_ms DESC LIMIT $2";

/// What a cache can say about itself. Both tiers can, so that a program uses either.
#[async_trait]
pub trait CacheReports: fmt::Debug + Send + Sync {
    /// What happened on the last `days` days, today included, and what is kept now. Own counts are written first.
    async fn stats(&self, days: u32) -> Result<CacheStatistics, TierError>;

    /// The newest `limit` results and running computations, the newest first, without intermediate ones.
    async fn recent(&self, limit: u32) -> Result<Vec<TaskSummary>, TierError>;

    /// The `limit` results that were answered most often, the most often first. Results never answered and
    /// intermediate ones are left out.
    async fn top(&self, limit: u32) -> Result<Vec<TaskSummary>, TierError>;

    /// Keeps a measurement of a component (`segment`, `decode_time_ms`, 12.5). Written in batches.
    fn record_metric(&self, component: &str, name: &str, value: f64);
}

#[async_trait]
impl<D: Database> CacheReports for SqlTier<D> {
    async fn stats(&self, days: u32) -> Result<CacheStatistics, TierError> {
        let store = &self.store;
        store.flush().await?;
        let now_ms = store.keeping.now_ms();
        let today = Day::of_ms(now_ms);
        let first = today.plus(1 - i64::from(days.max(1)));
        let arguments = [first.start_ms().into(), today.start_ms().into()];
        let days = store.patiently(Statement::read(DAYS, arguments)).await?;
        let kept = store.patiently(Statement::read(KEPT, [now_ms.into()])).await?;
        statistics(&days, &kept).map_err(|error| store.failed(&error))
    }

    async fn recent(&self, limit: u32) -> Result<Vec<TaskSummary>, TierError> {
        self.store.flush().await?;
        self.store.tasks(RECENT, limit).await
    }

    async fn top(&self, limit: u32) -> Result<Vec<TaskSummary>, TierError> {
        self.store.flush().await?;
        self.store.tasks(TOP, limit).await
    }

    fn record_metric(&self, component: &str, name: &str, value: f64) {
        self.store.counters.metric(self.store.keeping.now_ms(), component, name, value);
    }
}

/// Give it to [`TieredBuilder::ledger`](clearcut_cache::TieredBuilder::ledger): only then are there requests in the
/// statistics.
impl<D: Database> Ledger for SqlTier<D> {
    fn record(&self, key: &CacheKey, outcome: RequestOutcome<'_>) {
        let Store { keeping, counters, .. } = &*self.store;
        if keeping.is_intermediate(key.as_str()) {
            return;
        }
        // What this tier answered itself, it has counted where it knew the row.
        let elsewhere = matches!(outcome, RequestOutcome::Hit { tier, .. } if tier != Some(D::NAME));
        counters.request(keeping.now_ms(), outcome, elsewhere.then_some(key));
    }
}

impl<D: Database> Store<D> {
    async fn tasks(&self, sql: &'static str, limit: u32) -> Result<Vec<TaskSummary>, TierError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        // Most cut-outs come with a matte.
        let mut asked = limit.saturating_mul(2);
        loop {
            let arguments = [self.keeping.now_ms().into(), i64::try_from(asked).unwrap_or(i64::MAX).into()];
            let rows = self.patiently(Statement::read(sql, arguments)).await?;
            let tasks = rows.iter().map(TaskSummary::from_row).collect::<Result<Vec<_>, _>>();
            let mut tasks = tasks.map_err(|error| self.failed(&error))?;
            tasks.retain(|task| !self.keeping.is_intermediate(&task.cache_key));
            if tasks.len() >= limit || rows.len() < asked {
                tasks.truncate(limit);
                return Ok(tasks);
            }
            asked = asked.saturating_mul(4);
        }
    }
}

fn statistics(day_rows: &[Record], kept: &[Record]) -> Result<CacheStatistics, Error> {
    let kept = kept.first().ok_or(Error::RowNotFound)?;
    let mut total = CacheStatistics {
        total_requests: 0,
        cache_hits: 0,
        cache_hit_ratio: 0.0,
        avg_processing_time_ms: 0.0,
        min_processing_time_ms: f64::INFINITY,
        max_processing_time_ms: 0.0,
        cache_efficiency: CacheEfficiency::Unknown,
        time_saved_ms: 0.0,
        computed: 0,
        unreadable: 0,
        entries: count(kept, 0)?,
        bytes: count(kept, 1)?,
        days: Vec::with_capacity(day_rows.len()),
    };
    let mut processing_sum_ms = 0.0;
    for row in day_rows {
        let day = DayStatistics {
            date: Day::of_ms(row.int(0)?).to_string(),
            total_requests: count(row, 1)?,
            cache_hits: count(row, 2)?,
            hit_ratio_percent: ratio_percent(count(row, 2)?, count(row, 1)?),
            time_saved_ms: row.float(4)?,
            computed: count(row, 5)?,
        };
        total.total_requests += day.total_requests;
        total.cache_hits += day.cache_hits;
        total.unreadable += count(row, 3)?;
        total.time_saved_ms += day.time_saved_ms;
        if day.computed > 0 {
            total.computed += day.computed;
            processing_sum_ms += row.float(6)?;
            total.min_processing_time_ms = total.min_processing_time_ms.min(row.float(7)?);
            total.max_processing_time_ms = total.max_processing_time_ms.max(row.float(8)?);
        }
        total.days.push(day);
    }
    if total.computed == 0 {
        total.min_processing_time_ms = 0.0;
    } else {
        total.avg_processing_time_ms = processing_sum_ms / total.computed as f64;
    }
    total.cache_hit_ratio = ratio_percent(total.cache_hits, total.total_requests);
    total.cache_efficiency = CacheEfficiency::of(total.cache_hits, total.total_requests);
    Ok(total)
}
