//! The running server: bound, served, drained.

use std::{net::SocketAddr, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, web, web::Data};
use anyhow::{Context as _, Result};
use tokio::task::JoinHandle;

use crate::{Settings, jobs::Crew, middleware, routes, routes::mount, service::Service, wire};

/// How long a connection may rest between two requests: longer than clients and proxies keep theirs, because one that is
/// closed just when the next request is on its way fails that request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A server that is bound and serves until it is stopped.
#[derive(Debug)]
pub struct Application {
    service: Data<Service>,
    addresses: Vec<SocketAddr>,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    works: wire::Works,
    crew: Crew,
}

impl Application {
    /// Opens what the settings name, binds, and works on jobs beside requests; port 0 binds a free port.
    ///
    /// # Errors
    ///
    /// A port that is taken, a model or a database that cannot be opened. Redis that is down is no error.
    pub async fn build(settings: Settings) -> Result<Self> {
        Self::open(settings, true).await
    }

    /// Like [`Application::build`], but its jobs are left to other processes.
    ///
    /// # Errors
    ///
    /// Those of [`Application::build`], and a queue in memory: nobody else would work on its jobs.
    pub async fn build_without_worker(settings: Settings) -> Result<Self> {
        Self::open(settings, false).await
    }

    async fn open(settings: Settings, with_workers: bool) -> Result<Self> {
        let works = wire::works(&settings).await?;
        let service = Data::new(works.service(settings)?);
        let has_own_queue = service.jobs.as_ref().is_some_and(|jobs| jobs.queue_name == "memory");
        anyhow::ensure!(
            with_workers || !has_own_queue,
            "without a worker nobody would do the jobs: set cache.redis_url, or serve without --no-worker"
        );
        let settings = &service.settings;
        let address = SocketAddr::new(settings.listen.host, settings.listen.port);
        let shared = service.clone();
        let server = HttpServer::new(move || {
            App::new()
                .wrap(middleware::cors(&shared.settings.access))
                .wrap(from_fn(middleware::keep_pictures))
                .wrap(middleware::compress())
                .wrap(from_fn(middleware::respond))
                .configure(mount(shared.clone()))
                .default_service(web::to(routes::fallback))
        })
        .workers(settings.listen.workers.get())
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(settings.listen.request_timeout)
        .shutdown_timeout(settings.listen.drain_timeout.as_secs())
        // A stop is ours: the room closes first, so that load balancers see it before connections end.
        .disable_signals();
        let server = match wire::tls(&settings.listen)? {
            Some(tls) => server.bind_rustls_0_23(address, tls),
            None => server.bind(address),
        }
        .with_context(|| format!("cannot listen on {address}; is another server running there?"))?;
        let addresses = server.addrs();
        let server = server.run();
        let handle = server.handle();
        let crew = Crew::start(&service, with_workers);
        Ok(Self { service, addresses, handle, server: tokio::spawn(server), works, crew })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What all requests share.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT), then drains.
    pub async fn run(self) -> Result<()> {
        let told = stop_signal();
        tokio::pin!(told);
        let Self { service, handle, mut server, works, crew, .. } = self;
        tokio::select! {
            ended = &mut server => ended.context("the server stopped by itself")??,
            () = &mut told => {
                tracing::info!("stopping: no new requests, waiting for those under way");
                service.room.close();
                tokio::join!(handle.stop(true), crew.stop());
                server.await.context("the server did not stop")??;
            }
        }
        finish(&service, &works).await;
        Ok(())
    }

    /// Stops as a signal would, for tests and for embedding.
    pub async fn stop(self) -> Result<()> {
        self.service.room.close();
        tokio::join!(self.handle.stop(true), self.crew.stop());
        self.server.await.context("the server did not stop")??;
        finish(&self.service, &self.works).await;
        Ok(())
    }
}

/// Writes what is still on its way to the cache.
pub(crate) async fn finish(service: &Service, works: &wire::Works) {
    /// A cache that is down must not hold up the end.
    const PATIENCE: Duration = Duration::from_secs(10);
    let written = tokio::time::timeout(PATIENCE, async {
        service.engine.flush().await;
        works.close().await;
    });
    if written.await.is_err() {
        tracing::warn!("stopped without writing the last results to the cache");
    }
}

pub(crate) async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}
