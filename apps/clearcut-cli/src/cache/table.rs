//! The cache's books as tables for people.

use crate::wire::{CacheStatistics, CleanupReport, TaskSummary};

/// Under this ratio something is probably wrong with how the cache is used.
const POOR_RATIO_PERCENT: f64 = 50.0;

pub fn stats(stats: &CacheStatistics, days: u32, cost_per_image: Option<f64>) {
    println!("the last {days} days");
    println!("requests          {:>12}", stats.total_requests);
    println!("hits              {:>12}", stats.cache_hits);
    println!("hit ratio         {:>11.2} %", stats.cache_hit_ratio);
    println!("computing, mean   {:>12}", duration(stats.avg_processing_time_ms));
    println!("computing, range  {:>12}", range(stats.min_processing_time_ms, stats.max_processing_time_ms));
    println!("time saved        {:>12}", duration(stats.time_saved_ms));
    if let Some(cost) = cost_per_image {
        println!("money saved       {:>12.2}", cost * stats.cache_hits as f64);
    }
    println!("entries           {:>12}", stats.entries);
    println!("size              {:>9.1} MB", stats.bytes as f64 / 1e6);
    if !stats.days.is_empty() {
        println!("\n{:<12} {:>10} {:>10} {:>9} {:>12}", "day", "requests", "hits", "ratio", "time saved");
        for day in &stats.days {
            println!(
                "{:<12} {:>10} {:>10} {:>7.2} % {:>12}",
                day.date,
                day.total_requests,
                day.cache_hits,
                day.hit_ratio_percent,
                duration(day.time_saved_ms)
            );
        }
    }
    if stats.total_requests > 0 && stats.cache_hit_ratio < POOR_RATIO_PERCENT {
        println!(
            "\nThe hit ratio is below {POOR_RATIO_PERCENT:.0} %: most pictures were new, or came in changed bytes, plans or models."
        );
    }
}

pub fn recent(entries: &[TaskSummary]) {
    println!("{:<8} {:>10} {:>10} {:>6}  key", "status", "size", "computing", "hits");
    for entry in entries {
        println!(
            "{:<8} {:>7.1} kB {:>10} {:>6}  {}",
            entry.status.as_str(),
            entry.body_bytes as f64 / 1e3,
            duration(entry.processing_time_ms),
            entry.cache_hits,
            entry.cache_key
        );
    }
}

pub fn cleanup(report: &CleanupReport) {
    if report.skipped {
        println!("another process is cleaning up just now");
        return;
    }
    println!(
        "{} entries removed ({} expired, {} old failures, {} long unread, {} over the size limit), {:.1} MB freed",
        report.entries(),
        report.expired,
        report.failures,
        report.unread,
        report.over_size,
        report.bytes_freed as f64 / 1e6
    );
}

fn range(low_ms: f64, high_ms: f64) -> String {
    format!("{} - {}", duration(low_ms), duration(high_ms))
}

fn duration(ms: f64) -> String {
    match ms {
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 120_000.0 => format!("{:.1} s", ms / 1e3),
        ms if ms < 7_200_000.0 => format!("{:.1} min", ms / 60e3),
        ms => format!("{:.1} h", ms / 3.6e6),
    }
}
