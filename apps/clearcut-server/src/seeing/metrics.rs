//! What is counted for Prometheus. Labels are bounded: no address, key or file name is ever one.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clearcut::{Cutout, ErrorKind, RemoveError, Timings};
use clearcut_jobs::Depth;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::stages::StageTimes;
use crate::{answer, trust::limits::Call};

/// Recorded times lie in memory until they are sorted into buckets, which is done after so many of them.
const SORTED_AFTER: u64 = 1024;

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const MILLISECONDS: &[f64] =
    &[1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0];

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// Every metric: its name, what sort it is, and what it says.
pub(super) const METRICS: &[(&str, Sort, &str)] = &[
    ("cache_requests_total", Sort::Counter, "Cut-outs that were asked for"),
    ("cache_hits_total", Sort::Counter, "Cut-outs that the cache answered"),
    ("processing_time_ms", Sort::Histogram, "Time of a cut-out by status: hit, miss, joined or failure"),
    ("cached_entries_total", Sort::Counter, "Entries written to the most lasting tier of the cache"),
    ("clearcut_http_requests_total", Sort::Counter, "Answered requests by route, method and status"),
    ("clearcut_http_request_duration_seconds", Sort::Histogram, "Time of a request by route, its answer sent"),
    ("clearcut_http_requests_in_flight", Sort::Gauge, "Requests that are being answered"),
    ("clearcut_http_request_bytes_total", Sort::Counter, "Bytes of bodies received, as announced"),
    ("clearcut_http_response_bytes_total", Sort::Counter, "Bytes of bodies sent"),
    ("clearcut_stage_duration_seconds", Sort::Histogram, "Time of each stage of computed cut-outs"),
    ("clearcut_no_foreground_total", Sort::Counter, "Pictures in which no foreground was found"),
    ("clearcut_rate_limited_total", Sort::Counter, "Requests refused by a limit, by call"),
    ("clearcut_cache_hits_total", Sort::Counter, "Lookups that a tier answered"),
    ("clearcut_cache_misses_total", Sort::Counter, "Lookups that a tier did not answer"),
    ("clearcut_cache_errors_total", Sort::Counter, "Calls of a tier that failed"),
    ("clearcut_cache_timeouts_total", Sort::Counter, "Calls of a tier that took too long"),
    ("clearcut_cache_skipped_total", Sort::Counter, "Calls of a tier that were not made, its breaker being open"),
    ("clearcut_cache_corrupt_total", Sort::Counter, "Unreadable entries of a tier, which were removed"),
    ("clearcut_cache_read_bytes_total", Sort::Counter, "Bytes read from a tier"),
    ("clearcut_cache_written_bytes_total", Sort::Counter, "Bytes written to a tier"),
    (
        "clearcut_cache_breaker_open",
        Sort::Gauge,
        "Whether a tier is not asked at present: 1 open, 0.5 trying, 0 closed",
    ),
    ("clearcut_computed_total", Sort::Counter, "Results and mattes computed"),
    ("clearcut_joined_total", Sort::Counter, "Requests that waited for another one's computation"),
    ("clearcut_room_requests", Sort::Gauge, "Requests that have a place in the waiting room"),
    ("clearcut_room_requests_max", Sort::Gauge, "Places of the waiting room"),
    ("clearcut_room_bytes", Sort::Gauge, "Bytes that these requests were estimated to hold"),
    ("clearcut_room_bytes_max", Sort::Gauge, "Bytes that the waiting room has"),
    ("clearcut_engine_pictures", Sort::Gauge, "Pictures in the works or waiting for it"),
    ("clearcut_jobs", Sort::Gauge, "Jobs by where they are: interactive, batch, delayed, running, awaiting, dead"),
    ("clearcut_jobs_ended_total", Sort::Counter, "Attempts at jobs by how they ended: done, failed, retry"),
    ("clearcut_job_wait_seconds", Sort::Histogram, "Time from accepting a job to its first attempt, by its line"),
    ("clearcut_webhooks_total", Sort::Counter, "Webhooks sent, by outcome: taken or refused"),
    ("clearcut_engine_runtime_info", Sort::Gauge, "What really runs the network: always 1, its labels say what"),
    (
        "clearcut_engine_operations",
        Sort::Gauge,
        "Operations of the network by where they run, on another place than the CPU",
    ),
    ("clearcut_engine_threads", Sort::Gauge, "Pictures that are worked on at once"),
];

/// What sort of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Counter,
    Gauge,
    Histogram,
}

/// A route, a method, a status.
type Answered = (Cow<'static, str>, &'static str, u16);

/// The counters of answers that are alike.
#[derive(Debug, Clone)]
struct Answers {
    number: Counter,
    took: Histogram,
}

/// The counters of one service. The recorder is its own, not the process's: services do not mix.
#[derive(Debug)]
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    stages: StageTimes,
    recorded: AtomicU64,
    cache_requests: Counter,
    cache_hits: Counter,
    no_foreground: Counter,
    in_flight: Gauge,
    received_bytes: Counter,
    sent_bytes: Counter,
    answers: RwLock<HashMap<Answered, Answers>>,
}

/// A request that has been answered.
#[derive(Debug)]
pub(super) struct Request {
    /// The route's pattern.
    pub(super) route: Cow<'static, str>,
    pub(super) method: &'static str,
    pub(super) status: u16,
    pub(super) took: Duration,
    pub(super) received_bytes: u64,
    pub(super) sent_bytes: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[expect(clippy::missing_panics_doc, reason = "the buckets are constants")]
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_ms".to_owned()), MILLISECONDS))
            .expect("there are buckets")
            .build_recorder();
        for (name, sort, help) in METRICS {
            let (name, help) = (KeyName::from_const_str(name), (*help).into());
            match sort {
                Sort::Counter => recorder.describe_counter(name, None, help),
                Sort::Gauge => recorder.describe_gauge(name, None, help),
                Sort::Histogram => recorder.describe_histogram(name, None, help),
            }
        }
        let counter = |name| recorder.register_counter(&Key::from_static_name(name), &METADATA);
        Self {
            handle: recorder.handle(),
            stages: StageTimes::default(),
            recorded: AtomicU64::new(0),
            cache_requests: counter("cache_requests_total"),
            cache_hits: counter("cache_hits_total"),
            no_foreground: counter("clearcut_no_foreground_total"),
            in_flight: recorder.register_gauge(&Key::from_static_name("clearcut_http_requests_in_flight"), &METADATA),
            received_bytes: counter("clearcut_http_request_bytes_total"),
            sent_bytes: counter("clearcut_http_response_bytes_total"),
            answers: RwLock::default(),
            recorder,
        }
    }

    /// Counts a cut-out, or why there is none, and what its stages took.
    pub fn cut_out(&self, result: &Result<Cutout, RemoveError>, took: Duration) {
        let status = match result {
            Ok(cutout) => answer::source(&cutout.source),
            Err(_) => "failure",
        };
        self.cache_requests.increment(1);
        if status == "hit" {
            self.cache_hits.increment(1);
        }
        self.record("processing_time_ms", Label::from_static_parts("status", status), took.as_secs_f64() * 1e3);
        match result {
            Ok(cutout) if status == "miss" => self.computed(cutout.timings),
            Err(error) if error.kind() == ErrorKind::NoForeground => self.no_foreground.increment(1),
            _ => {}
        }
    }

    /// Counts a refusal by a limit.
    pub fn rate_limited(&self, call: Call) {
        let call = Label::from_static_parts("call", call.as_str());
        self.counter("clearcut_rate_limited_total", vec![call]).increment(1);
    }

    /// Counts an attempt at a job.
    pub(crate) fn job_ended(&self, outcome: &'static str) {
        let outcome = Label::from_static_parts("outcome", outcome);
        self.counter("clearcut_jobs_ended_total", vec![outcome]).increment(1);
    }

    /// Notes how long a job was in line.
    pub(crate) fn job_waited(&self, line: &'static str, waited: Duration) {
        self.record("clearcut_job_wait_seconds", Label::from_static_parts("line", line), waited.as_secs_f64());
    }

    /// Counts a webhook.
    pub(crate) fn webhook(&self, taken: bool) {
        let outcome = Label::from_static_parts("outcome", if taken { "taken" } else { "refused" });
        self.counter("clearcut_webhooks_total", vec![outcome]).increment(1);
    }

    /// Notes how many jobs are where, as the queue has just said.
    pub(crate) fn queue_depth(&self, depth: &Depth) {
        let Depth { interactive, batch, delayed, running, awaiting, dead } = *depth;
        for (state, jobs) in [
            ("interactive", interactive),
            ("batch", batch),
            ("delayed", delayed),
            ("running", running),
            ("awaiting", awaiting),
            ("dead", dead),
        ] {
            self.gauge("clearcut_jobs", vec![Label::from_static_parts("state", state)]).set(jobs as f64);
        }
    }

    /// Each stage by name, and the median of what it took in the last computed cut-outs; zero if it never ran.
    pub fn stage_medians(&self) -> Vec<(&'static str, Duration)> {
        self.stages.medians()
    }

    /// Everything in Prometheus' text format, but for what [`Metrics::scrape`] looks up.
    pub(super) fn render(&self) -> String {
        self.handle.render()
    }

    pub(super) fn request_began(&self) {
        self.in_flight.increment(1.0);
    }

    pub(super) fn request_ended(&self, request: Request) {
        let Request { route, method, status, took, received_bytes, sent_bytes } = request;
        self.in_flight.decrement(1.0);
        self.received_bytes.increment(received_bytes);
        self.sent_bytes.increment(sent_bytes);
        let answered = (route, method, status);
        let known = self.answers.read().unwrap_or_else(PoisonError::into_inner).get(&answered).cloned();
        let answers = known.unwrap_or_else(|| self.answers(answered));
        answers.number.increment(1);
        answers.took.record(took.as_secs_f64());
        self.sort_sometimes();
    }

    /// The counters of these answers, which the recorder would look up by name and labels for each of them.
    fn answers(&self, answered: Answered) -> Answers {
        let (route, method, status) = answered.clone();
        let took = self.histogram("clearcut_http_request_duration_seconds", Label::new("route", route.clone()));
        let labels = vec![
            Label::new("route", route),
            Label::from_static_parts("method", method),
            Label::new("status", status.to_string()),
        ];
        let answers = Answers { number: self.counter("clearcut_http_requests_total", labels), took };
        self.answers.write().unwrap_or_else(PoisonError::into_inner).insert(answered, answers.clone());
        answers
    }

    pub(super) fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        self.recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    }

    pub(super) fn gauge(&self, name: &'static str, labels: Vec<Label>) -> Gauge {
        self.recorder.register_gauge(&Key::from_parts(name, labels), &METADATA)
    }

    fn computed(&self, timings: Timings) {
        self.stages.record(timings);
        for (stage, time) in timings.stages() {
            // A stage that did not run, such as segmenting a picture whose matte was known.
            if !time.is_zero() {
                let stage = Label::from_static_parts("stage", stage);
                self.record("clearcut_stage_duration_seconds", stage, time.as_secs_f64());
            }
        }
    }

    fn record(&self, name: &'static str, label: Label, value: f64) {
        self.histogram(name, label).record(value);
        self.sort_sometimes();
    }

    fn histogram(&self, name: &'static str, label: Label) -> Histogram {
        self.recorder.register_histogram(&Key::from_parts(name, vec![label]), &METADATA)
    }

    fn sort_sometimes(&self) {
        if self.recorded.fetch_add(1, Ordering::Relaxed) % SORTED_AFTER == SORTED_AFTER - 1 {
            self.handle.run_upkeep();
        }
    }
}
