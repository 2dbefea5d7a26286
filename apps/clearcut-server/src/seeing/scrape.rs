//! What is looked up when Prometheus asks, because others count it already.

use clearcut_cache::BreakerState;
use clearcut_segment::Provider;
use metrics::Label;

use super::metrics::Metrics;
use crate::service::Service;

impl Metrics {
    /// Everything in Prometheus' text format.
    pub fn scrape(service: &Service) -> String {
        let metrics = &service.metrics;
        metrics.cache(service);
        metrics.load(service);
        metrics.runtime(service);
        metrics.render()
    }

    fn cache(&self, service: &Service) {
        let Some(stats) = service.engine.cache().map(clearcut::TieredCache::stats) else { return };
        for tier in &stats.tiers {
            let labels = || vec![Label::new("tier", tier.name.clone())];
            for (name, value) in [
                ("clearcut_cache_hits_total", tier.hits),
                ("clearcut_cache_misses_total", tier.misses),
                ("clearcut_cache_errors_total", tier.errors),
                ("clearcut_cache_timeouts_total", tier.timeouts),
                ("clearcut_cache_skipped_total", tier.skipped),
                ("clearcut_cache_corrupt_total", tier.corrupt),
                ("clearcut_cache_read_bytes_total", tier.bytes_read),
                ("clearcut_cache_written_bytes_total", tier.bytes_written),
            ] {
                self.counter(name, labels()).absolute(value);
            }
            self.gauge("clearcut_cache_breaker_open", labels()).set(match tier.breaker {
                BreakerState::Closed => 0.0,
                BreakerState::HalfOpen => 0.5,
                BreakerState::Open => 1.0,
            });
        }
        let kept = stats.tiers.last().map_or(0, |tier| tier.puts);
        for (name, value) in [
            ("cached_entries_total", kept),
            ("clearcut_computed_total", stats.flights.computed),
            ("clearcut_joined_total", stats.flights.joined),
        ] {
            self.counter(name, Vec::new()).absolute(value);
        }
    }

    fn load(&self, service: &Service) {
        let Service { engine, room, settings, .. } = service;
        for (name, value) in [
            ("clearcut_room_requests", room.taken() as f64),
            ("clearcut_room_requests_max", settings.load.max_requests as f64),
            ("clearcut_room_bytes", room.taken_bytes() as f64),
            ("clearcut_room_bytes_max", settings.load.max_request_memory_bytes as f64),
            ("clearcut_engine_pictures", engine.in_flight() as f64),
            ("clearcut_engine_threads", engine.threads() as f64),
        ] {
            self.gauge(name, Vec::new()).set(value);
        }
    }

    fn runtime(&self, service: &Service) {
        let runtime = &service.runtime;
        let labels = vec![
            Label::from_static_parts("runtime", runtime.name),
            Label::new("version", runtime.version.clone().unwrap_or_default()),
            Label::from_static_parts("provider", runtime.provider.as_str()),
        ];
        self.gauge("clearcut_engine_runtime_info", labels).set(1.0);
        let Some(operations) = runtime.operations else { return };
        for (place, number) in [
            (runtime.provider, operations.on_provider),
            (Provider::Cpu, operations.all.saturating_sub(operations.on_provider)),
        ] {
            let place = vec![Label::from_static_parts("provider", place.as_str())];
            self.gauge("clearcut_engine_operations", place).set(number as f64);
        }
    }
}
