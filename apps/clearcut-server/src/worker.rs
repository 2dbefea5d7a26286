//! The running worker: jobs and nothing else, but for its health.

use std::net::SocketAddr;

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::from_fn,
    web::{self, Data},
};
use anyhow::{Context as _, Result};

use crate::{
    Settings,
    application::{finish, stop_signal},
    jobs::{Crew, at_once},
    middleware, native, routes,
    service::Service,
    wire,
};

/// A process that works on jobs until it is stopped.
#[derive(Debug)]
pub struct Worker {
    service: Data<Service>,
    crew: Crew,
    works: wire::Works,
    health: Option<(SocketAddr, ServerHandle)>,
}

impl Worker {
    /// Opens what the settings name and begins.
    ///
    /// # Errors
    ///
    /// A queue in memory, which has no jobs but its own process's; a port that is taken; a model, a database or a store
    /// that cannot be opened. Redis that is down is no error.
    pub async fn build(settings: Settings) -> Result<Self> {
        let works = wire::works(&settings).await?;
        let service = Data::new(works.service(settings)?);
        let jobs = service.jobs.as_ref().context("a worker needs a store: set store.url")?;
        anyhow::ensure!(
            jobs.queue_name != "memory",
            "a worker needs a queue that it shares with servers: set cache.redis_url; \
             without Redis `clearcut-server serve` works on its jobs itself"
        );
        let health = match service.settings.jobs.worker_port {
            Some(port) => Some(serve_health(&service, port)?),
            None => None,
        };
        let crew = Crew::start(&service, true);
        Ok(Self { service, crew, works, health })
    }

    /// The queue's name and the store's.
    pub fn names(&self) -> (&'static str, &'static str) {
        self.service.jobs.as_ref().map_or(("none", "none"), |jobs| (jobs.queue_name, jobs.store.name()))
    }

    /// Jobs that it works on at once.
    pub fn at_once(&self) -> usize {
        at_once(&self.service).get()
    }

    /// Where its health is served, if it is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.health.as_ref().map(|(address, _)| *address)
    }

    /// Works until the process is told to stop (SIGTERM, SIGINT); then the jobs in hand are done or given back.
    pub async fn run(self) -> Result<()> {
        stop_signal().await;
        tracing::info!("stopping: no new jobs, waiting for those in hand");
        let Self { service, crew, works, health } = self;
        service.room.close();
        crew.stop().await;
        if let Some((_, handle)) = health {
            handle.stop(true).await;
        }
        finish(&service, &works).await;
        Ok(())
    }
}

/// `/health` and `/metrics` at `port`, and nothing else.
fn serve_health(service: &Data<Service>, port: u16) -> Result<(SocketAddr, ServerHandle)> {
    let settings = &service.settings.listen;
    let address = SocketAddr::new(settings.host, port);
    let shared = service.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(middleware::respond))
            .app_data(shared.clone())
            .configure(native::health::routes)
            .configure(native::metrics::routes)
            .default_service(web::to(routes::fallback))
    })
    .workers(1)
    .client_request_timeout(settings.request_timeout)
    .shutdown_timeout(settings.drain_timeout.as_secs())
    .disable_signals()
    .bind(address)
    .with_context(|| format!("cannot listen on {address}; is another server running there?"))?;
    let address = *server.addrs().first().context("nothing was bound")?;
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((address, handle))
}
