//! `/metrics`, for Prometheus.

use actix_web::{HttpRequest, HttpResponse, http::header, web};

use crate::{
    failure::Outcome,
    seeing::metrics::Metrics,
    service::Service,
    trust::{address, admin::admin},
};

/// Mounts the call.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/metrics", web::get().to(metrics));
}

/// All metrics in Prometheus' text format: for this machine and for admins, unless the settings open it to all.
async fn metrics(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    if !service.settings.seeing.metrics_public && !is_local(&request, &service) {
        admin(&request, &service).await?;
    }
    if let Some(jobs) = &service.jobs
        && let Ok(depth) = jobs.depth().await
    {
        service.metrics.queue_depth(&depth);
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(Metrics::scrape(&service)))
}

/// Whether a program of this machine asks. Behind a proxy on this machine that nobody declared, everybody would seem
/// to: what such a proxy forwards is not local.
fn is_local(request: &HttpRequest, service: &Service) -> bool {
    let proxies = &service.settings.access.trusted_proxies;
    let client = address::client(request, proxies);
    let declared = request
        .peer_addr()
        .is_some_and(|peer| proxies.iter().any(|network| network.contains(&peer.ip().to_canonical())));
    let headers = request.headers();
    let forwarded = headers.contains_key(header::X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
    client.is_loopback() && (declared || !forwarded)
}
