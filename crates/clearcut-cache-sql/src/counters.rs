//! What happened since the last flush: counted in memory, written in batches.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use clearcut_cache::{CacheKey, RequestOutcome, TierError};
use tokio::sync::Notify;

use crate::{
    database::Database,
    day::Day,
    statement::{Statement, Value},
    store::Store,
};

/// So many counted entries or metrics are written at once, before the timer says so.
const FLUSH_AT: usize = 1_000;
/// So many are held while the database does not take them; what comes after is not counted. About 10 MB.
const HOLD_AT_MOST: usize = 50_000;

/// One row for each day; `$1` to `$9` are its columns.
const ADD_DAY: &str = "INSERT INTO cache_days (day_ms, total_requests, cache_hits, unreadable, time_saved_ms, computed, \
     processing_sum_ms, processing_min_ms, processing_max_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (day_ms) DO UPDATE SET \
     total_requests = cache_days.total_requests + excluded.total_requests, \
     cache_hits = cache_days.cache_hits + excluded.cache_hits, \
     unreadable = cache_days.unreadable + excluded.unreadable, \
     time_saved_ms = cache_days.time_saved_ms + excluded.time_saved_ms, \
     computed = cache_days.computed + excluded.computed, \
     processing_sum_ms = cache_days.processing_sum_ms + excluded.processing_sum_ms, \
     processing_min_ms = CASE WHEN excluded.computed = 0 OR (cache_days.computed > 0 \
         AND cache_days.processing_min_ms < excluded.processing_min_ms) \
         THEN cache_days.processing_min_ms ELSE excluded.processing_min_ms END, \
     processing_max_ms = CASE WHEN cache_days.processing_max_ms > excluded.processing_max_ms \
         THEN cache_days.processing_max_ms ELSE excluded.processing_max_ms END";

/// What happened since the last flush.
#[derive(Debug, Default)]
pub struct Counters {
    pending: Mutex<Pending>,
    /// Told when there is enough to be written.
    pub(crate) full: Notify,
}

/// Which stored result was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Read {
    pub(crate) cache_key: CacheKey,
    pub(crate) revision: i64,
    pub(crate) expires_ms: i64,
}

#[derive(Debug, Default)]
struct Pending {
    reads: HashMap<Read, Reads>,
    /// Results that a faster tier, or a computation under way, answered: which row that is, only the key says.
    elsewhere: HashMap<CacheKey, Reads>,
    days: BTreeMap<Day, DayCounts>,
    metrics: Vec<Metric>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Reads {
    hits: i64,
    last_ms: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct DayCounts {
    requests: i64,
    hits: i64,
    unreadable: i64,
    saved_ms: f64,
    computed: i64,
    processing_sum_ms: f64,
    processing_min_ms: f64,
    processing_max_ms: f64,
}

#[derive(Debug)]
struct Metric {
    component: String,
    name: String,
    value: f64,
    recorded_ms: i64,
}

impl Counters {
    /// An answer with what `read` says.
    pub(crate) fn read(&self, read: &Read, now_ms: i64) {
        let mut pending = self.lock();
        count_one(&mut pending.reads, read, now_ms);
        self.tell_if_full(&pending);
    }

    /// An entry that could not be read.
    pub(crate) fn unreadable(&self, now_ms: i64) {
        self.lock().day(now_ms).unreadable += 1;
    }

    /// A request, whichever tier answered it. `elsewhere` is the key of a result for which this tier was not asked.
    pub(crate) fn request(&self, now_ms: i64, outcome: RequestOutcome<'_>, elsewhere: Option<&CacheKey>) {
        let mut counts = DayCounts { requests: 1, ..DayCounts::default() };
        match outcome {
            RequestOutcome::Hit { saved, .. } => {
                counts.hits = 1;
                counts.saved_ms = saved.as_secs_f64() * 1_000.0;
            }
            RequestOutcome::Computed { took } => {
                let ms = took.as_secs_f64() * 1_000.0;
                counts.computed = 1;
                (counts.processing_sum_ms, counts.processing_min_ms, counts.processing_max_ms) = (ms, ms, ms);
            }
            RequestOutcome::Missed => {}
        }
        let mut pending = self.lock();
        pending.day(now_ms).add(&counts);
        if let Some(key) = elsewhere {
            count_one(&mut pending.elsewhere, key, now_ms);
            self.tell_if_full(&pending);
        }
    }

    /// A measurement. What is not a finite number is not kept.
    pub(crate) fn metric(&self, now_ms: i64, component: &str, name: &str, value: f64) {
        let mut pending = self.lock();
        if value.is_finite() && pending.metrics.len() < HOLD_AT_MOST {
            let (component, name) = (component.to_owned(), name.to_owned());
            pending.metrics.push(Metric { component, name, value, recorded_ms: now_ms });
        }
        self.tell_if_full(&pending);
    }

    fn tell_if_full(&self, pending: &Pending) {
        let Pending { reads, elsewhere, metrics, .. } = pending;
        if [reads.len(), elsewhere.len(), metrics.len()].contains(&FLUSH_AT) {
            self.full.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One more answer, unless too many others wait to be written.
fn count_one<K: Clone + Eq + Hash>(counted: &mut HashMap<K, Reads>, what: &K, now_ms: i64) {
    if let Some(reads) = counted.get_mut(what) {
        reads.add(Reads { hits: 1, last_ms: now_ms });
    } else if counted.len() < HOLD_AT_MOST {
        counted.insert(what.clone(), Reads { hits: 1, last_ms: now_ms });
    }
}

impl Pending {
    fn day(&mut self, now_ms: i64) -> &mut DayCounts {
        self.days.entry(Day::of_ms(now_ms)).or_default()
    }
}

impl DayCounts {
    fn add(&mut self, other: &Self) {
        if other.computed > 0 {
            let first = self.computed == 0;
            self.processing_min_ms =
                if first { other.processing_min_ms } else { self.processing_min_ms.min(other.processing_min_ms) };
            self.processing_max_ms = self.processing_max_ms.max(other.processing_max_ms);
        }
        self.requests = self.requests.saturating_add(other.requests);
        self.hits = self.hits.saturating_add(other.hits);
        self.unreadable += other.unreadable;
        self.saved_ms += other.saved_ms;
        self.computed += other.computed;
        self.processing_sum_ms += other.processing_sum_ms;
    }

    fn row(&self, day: Day) -> [Value; 9] {
        [
            day.start_ms().into(),
            self.requests.into(),
            self.hits.into(),
            self.unreadable.into(),
            self.saved_ms.into(),
            self.computed.into(),
            self.processing_sum_ms.into(),
            self.processing_min_ms.into(),
            self.processing_max_ms.into(),
        ]
    }
}

impl Reads {
    fn add(&mut self, other: Self) {
        self.hits = self.hits.saturating_add(other.hits);
        self.last_ms = self.last_ms.max(other.last_ms);
    }

    fn row_elsewhere(&self, key: &CacheKey) -> Vec<Value> {
        vec![key.as_str().into(), self.hits.into(), self.last_ms.into()]
    }

    fn row(&self, read: &Read) -> Vec<Value> {
        vec![
            read.cache_key.as_str().into(),
            read.revision.into(),
            read.expires_ms.into(),
            self.hits.into(),
            self.last_ms.into(),
        ]
    }
}

impl Metric {
    fn row(&self) -> Vec<Value> {
        vec![self.component.as_str().into(), self.name.as_str().into(), self.value.into(), self.recorded_ms.into()]
    }
}

/// What a flush has taken and not yet written: counted again when the flush fails or is dropped.
struct Taken<'a> {
    counters: &'a Counters,
    pending: Pending,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let unwritten = mem::take(&mut self.pending);
        let mut pending = self.counters.lock();
        for (day, counts) in unwritten.days {
            pending.days.entry(day).or_default().add(&counts);
        }
        for (read, reads) in unwritten.reads {
            pending.reads.entry(read).or_default().add(reads);
        }
        for (key, reads) in unwritten.elsewhere {
            pending.elsewhere.entry(key).or_default().add(reads);
        }
        pending.metrics.extend(unwritten.metrics);
    }
}

impl<D: Database> Store<D> {
    /// Writes what was counted. What could not be written stays counted.
    ///
    /// An answer that gets lost after the database has written makes a batch count twice: figures for people, not for
    /// accounts.
    pub(crate) async fn flush(&self) -> Result<(), TierError> {
        let pending = mem::take(&mut *self.counters.lock());
        let mut taken = Taken { counters: &self.counters, pending };
        while let Some((&day, counts)) = taken.pending.days.first_key_value() {
            self.bounded(Statement::write_many(ADD_DAY, counts.row(day))).await?;
            taken.pending.days.pop_first();
        }
        while !taken.pending.reads.is_empty() {
            let batch: Vec<_> =
                taken.pending.reads.iter().take(FLUSH_AT).map(|(read, reads)| (read.clone(), *reads)).collect();
            let rows: Vec<_> = batch.iter().map(|(read, reads)| reads.row(read)).collect();
            self.in_time(self.database.run_for_each(D::DIALECT.count_reads, &rows)).await?;
            for (read, _) in &batch {
                taken.pending.reads.remove(read);
            }
        }
        while !taken.pending.elsewhere.is_empty() {
            let batch: Vec<_> = taken.pending.elsewhere.iter().take(FLUSH_AT).map(|(key, _)| key.clone()).collect();
            let rows: Vec<_> = batch.iter().map(|key| taken.pending.elsewhere[key].row_elsewhere(key)).collect();
            self.in_time(self.database.run_for_each(D::DIALECT.count_reads_elsewhere, &rows)).await?;
            for key in &batch {
                taken.pending.elsewhere.remove(key);
            }
        }
        while !taken.pending.metrics.is_empty() {
            let batch = taken.pending.metrics.len().min(FLUSH_AT);
            let rows: Vec<_> = taken.pending.metrics[..batch].iter().map(Metric::row).collect();
            self.in_time(self.database.run_for_each(D::DIALECT.record_metrics, &rows)).await?;
            taken.pending.metrics.drain(..batch);
        }
        Ok(())
    }
}
