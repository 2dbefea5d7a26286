//! What the cache did, and what that was worth.

use clearcut::Engine;
use clearcut_cache::{CacheStats, FlightStats, TierStats};
use serde::Serialize;

use crate::{
    service::Service,
    wire::{CacheEfficiency, CacheStatistics, DayStatistics},
};

/// Under this ratio something is probably wrong with how the cache is used.
const POOR_RATIO_PERCENT: f64 = 50.0;
const POOR_RATIO_HINT: &str = "less than half of the requests were answered from the cache: send the same bytes and fields for the same picture, \
     keep results for longer, or give the cache more room";

const DAYS_OF_A_MONTH: f64 = 30.0;

/// What the cache did, from its books or from this process' counters.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) total_requests: u64,
    pub(super) cache_hits: u64,
    /// In percent, to two decimals.
    cache_hit_ratio: f64,
    avg_processing_time_ms: f64,
    min_processing_time_ms: f64,
    max_processing_time_ms: f64,
    cache_efficiency: CacheEfficiency,
    time_saved_ms: f64,
    /// Results computed.
    computed: u64,
    /// Entries that were damaged, and removed.
    unreadable: u64,
    /// Entries kept now.
    entries: u64,
    /// Their bytes.
    bytes: u64,
    /// The oldest first.
    days: Vec<DayStatistics>,
}

/// The answer of the facial-processing service, and more.
#[derive(Debug, Serialize)]
pub(super) struct Statistics {
    #[serde(flatten)]
    figures: Figures,
    period_days: u32,
    /// Where hits came from, since this process started.
    tiers: Vec<TierFigures>,
    /// In the currency of the cost.
    cost_per_image: f64,
    /// Hits times cost.
    money_saved: f64,
    /// The same, for a month like these days.
    money_saved_per_month: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

/// One tier's share, lookups of mattes included.
#[derive(Debug, Serialize)]
struct TierFigures {
    name: String,
    hits: u64,
    misses: u64,
    hit_ratio: f64,
    /// Failed calls of any kind.
    errors: u64,
    puts: u64,
    bytes_read: u64,
    bytes_written: u64,
}

impl Figures {
    /// What this process has counted since its start, lookups of mattes included. Times are not counted.
    pub(super) fn of_this_process(engine: &Engine) -> Self {
        let (cache_hits, misses) = hits_and_misses(engine);
        let total_requests = cache_hits + misses;
        Self {
            total_requests,
            cache_hits,
            cache_hit_ratio: percent(cache_hits, total_requests),
            avg_processing_time_ms: 0.0,
            min_processing_time_ms: 0.0,
            max_processing_time_ms: 0.0,
            cache_efficiency: CacheEfficiency::of(cache_hits, total_requests),
            time_saved_ms: 0.0,
            computed: engine.cache().map_or(0, |cache| cache.stats().flights.computed),
            unreadable: 0,
            entries: 0,
            bytes: 0,
            days: Vec::new(),
        }
    }
}

impl From<CacheStatistics> for Figures {
    fn from(books: CacheStatistics) -> Self {
        Self {
            total_requests: books.total_requests,
            cache_hits: books.cache_hits,
            cache_hit_ratio: books.cache_hit_ratio,
            avg_processing_time_ms: books.avg_processing_time_ms,
            min_processing_time_ms: books.min_processing_time_ms,
            max_processing_time_ms: books.max_processing_time_ms,
            cache_efficiency: books.cache_efficiency,
            time_saved_ms: books.time_saved_ms,
            computed: books.computed,
            unreadable: books.unreadable,
            entries: books.entries,
            bytes: books.bytes,
            days: books.days,
        }
    }
}

impl Statistics {
    /// `figures` of `period_days` days, with what hits were worth.
    pub(super) fn new(figures: Figures, period_days: u32, service: &Service) -> Self {
        let cost_per_image = service.settings.cache.cost_per_image;
        let money_saved = cost_per_image * figures.cache_hits as f64;
        let poor = figures.total_requests > 0 && figures.cache_hit_ratio < POOR_RATIO_PERCENT;
        let tiers = service.engine.cache().map(|cache| cache.stats().tiers).unwrap_or_default();
        Self {
            period_days,
            tiers: tiers.into_iter().map(TierFigures::from).collect(),
            cost_per_image,
            money_saved,
            money_saved_per_month: money_saved * DAYS_OF_A_MONTH / f64::from(period_days),
            hint: poor.then_some(POOR_RATIO_HINT),
            figures,
        }
    }
}

impl From<TierStats> for TierFigures {
    fn from(stats: TierStats) -> Self {
        Self {
            hits: stats.hits,
            misses: stats.misses,
            hit_ratio: percent(stats.hits, stats.hits + stats.misses),
            errors: stats.errors + stats.timeouts + stats.corrupt,
            puts: stats.puts,
            bytes_read: stats.bytes_read,
            bytes_written: stats.bytes_written,
            name: stats.name,
        }
    }
}

/// Answers and computations of this process: both zero without a cache.
pub(super) fn hits_and_misses(engine: &Engine) -> (u64, u64) {
    let Some(CacheStats { tiers, flights, .. }) = engine.cache().map(clearcut::TieredCache::stats) else {
        return (0, 0);
    };
    let FlightStats { computed, refused, failed, joined, waited, .. } = flights;
    (tiers.iter().map(|tier| tier.hits).sum::<u64>() + joined + waited, computed + refused + failed)
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 * 10_000.0 / whole as f64).round() / 100.0 }
}
