//! Metrics: who may read them, what they count, and that Prometheus can.

use std::{collections::HashSet, fs, path::Path};

use reqwest::StatusCode;

use crate::support::{Server, client, photo};

async fn scrape(server: &Server) -> String {
    let answer = client().get(server.at("/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.unwrap()
}

/// The value of a sample, as `name{labels}` names it.
fn value(metrics: &str, sample: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{metrics}")).parse().unwrap()
}

async fn cut_out(server: &Server, picture: Vec<u8>) -> StatusCode {
    let request = client().post(server.at("/v1/cutouts")).header("content-type", "image/png").body(picture);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    answer.bytes().await.unwrap();
    status
}

#[tokio::test]
async fn hits_and_misses_are_counted_under_the_names_of_the_dashboards() {
    let server = Server::start();
    assert_eq!(cut_out(&server, photo(1)).await, 200);
    assert_eq!(cut_out(&server, photo(1)).await, 200);
    assert_eq!(cut_out(&server, b"no picture".to_vec()).await, 415);
    let metrics = scrape(&server).await;
    assert_eq!(value(&metrics, "cache_requests_total"), 3);
    assert_eq!(value(&metrics, "cache_hits_total"), 1);
    for status in ["hit", "miss", "failure"] {
        assert_eq!(value(&metrics, &format!("processing_time_ms_count{{status=\"{status}\"}}")), 1);
    }
    assert!(value(&metrics, "cached_entries_total") >= 1);
    assert_eq!(value(&metrics, "clearcut_stage_duration_seconds_count{stage=\"segment\"}"), 1);
    assert!(value(&metrics, "clearcut_cache_hits_total{tier=\"memory\"}") >= 1);
    assert_eq!(value(&metrics, "clearcut_cache_breaker_open{tier=\"sqlite\"}"), 0);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    let server = Server::start();
    for path in ["/health/live", "/health/live", "/no/such/thing?key=hunter2", "/v1/cutouts/hunter2"] {
        client().get(server.at(path)).send().await.unwrap();
    }
    let metrics = scrape(&server).await;
    let requests = |route: &str, status: u16| {
        value(
            &metrics,
            &format!("clearcut_http_requests_total{{route=\"{route}\",method=\"GET\",status=\"{status}\"}}"),
        )
    };
    assert_eq!(requests("/health/live", 200), 2);
    assert_eq!(requests("unmatched", 404), 1);
    assert_eq!(requests("/v1/cutouts/{key}", 404), 1);
    assert_eq!(value(&metrics, "clearcut_http_requests_in_flight"), 1, "the scrape itself");
    assert!(!metrics.contains("hunter2"));
    assert!(value(&metrics, "clearcut_http_response_bytes_total") > 0);
}

#[tokio::test]
async fn only_this_machine_and_admins_may_read() {
    let server = Server::start_with(|settings| settings.access.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]);
    let status_for = async |server: &Server, header: &str, from: &str| {
        client().get(server.at("/metrics")).header(header, from).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status_for(&server, "x-forwarded-for", "127.0.0.1").await, 200);
    assert_eq!(status_for(&server, "x-forwarded-for", "203.0.113.7").await, 403, "there is no admin key");
    let undeclared = Server::start();
    assert_eq!(status_for(&undeclared, "x-forwarded-for", "127.0.0.1").await, 403, "a proxy that nobody declared");
    let open = Server::start_with(|settings| settings.seeing.metrics_public = true);
    assert_eq!(status_for(&open, "x-forwarded-for", "203.0.113.7").await, 200);
}

#[tokio::test]
async fn prometheus_can_read_what_is_written() {
    let server = Server::start();
    assert_eq!(cut_out(&server, photo(2)).await, 200);
    let metrics = scrape(&server).await;
    let (mut described, mut typed, mut samples) = (HashSet::new(), HashSet::new(), HashSet::new());
    for line in metrics.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            assert!(described.insert(help.split(' ').next().unwrap()), "described twice: {line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(typed.insert(name), "typed twice: {line}");
        } else {
            let (sample, number) = line.rsplit_once(' ').unwrap();
            assert!(number.parse::<f64>().is_ok(), "{line}");
            assert!(samples.insert(sample), "said twice: {line}");
            let name = sample.split('{').next().unwrap();
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{line}");
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
            assert!(typed.contains(name) || typed.contains(family), "no type before {line}");
        }
    }
    assert_eq!(described, typed, "every metric is described");
}

#[tokio::test]
async fn every_metric_stands_in_the_documents() {
    let server = Server::start();
    assert_eq!(cut_out(&server, photo(3)).await, 200);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/observability.md");
    let page = fs::read_to_string(page).unwrap();
    for name in scrape(&server).await.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(page.contains(&format!("`{name}")), "{name} is not in docs/observability.md");
    }
}
