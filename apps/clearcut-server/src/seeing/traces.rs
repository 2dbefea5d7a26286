//! Traces to an OpenTelemetry collector.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tokio::runtime::{self, Handle, Runtime};
use tracing_subscriber::{Layer as _, Registry};
use url::Url;

/// For one batch, and for the last one at the end of the process.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends the spans of requests and of their stages in batches, beside the requests; what is left is sent when this is dropped.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
    runtime: Option<Runtime>,
}

impl Traces {
    /// Sends to `endpoint`, OTLP over HTTP; to its `/v1/traces` if it has no path.
    pub(super) fn start(endpoint: &str) -> anyhow::Result<Self> {
        let mut url = Url::parse(endpoint)?;
        if url.path() == "/" {
            url.set_path("/v1/traces");
        }
        // Fails where a provider is installed already, which is as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("traces")
            .enable_all()
            .build()
            .context("cannot start a thread")?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(reqwest::Client::builder().timeout(PATIENCE).build()?)
            .with_endpoint(url)
            .with_timeout(PATIENCE)
            .build()?;
        let exporter = OnRuntime { exporter, runtime: runtime.handle().clone(), failing: AtomicBool::new(false) };
        let service = [
            opentelemetry::KeyValue::new("service.name", env!("CARGO_PKG_NAME")),
            opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ];
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(Resource::builder().with_attributes(service).build())
            .build();
        Ok(Self { provider, runtime: Some(runtime) })
    }

    /// Turns spans into traces.
    pub(super) fn layer(&self) -> Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync> {
        let tracer = self.provider.tracer(env!("CARGO_PKG_NAME"));
        tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).boxed()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // A collector that is out of reach was told of when it first was.
        let _ = self.provider.shutdown_with_timeout(PATIENCE);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The SDK exports from a thread without a runtime, which the HTTP client cannot do without.
#[derive(Debug)]
struct OnRuntime {
    exporter: opentelemetry_otlp::SpanExporter,
    runtime: Handle,
    failing: AtomicBool,
}

impl SpanExporter for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut export = pin!(self.exporter.export(batch));
        let outcome = poll_fn(|context| {
            let _inside = self.runtime.enter();
            export.as_mut().poll(context)
        })
        .await;
        // Said once, not for every batch.
        match (&outcome, self.failing.swap(outcome.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(%error, "traces do not reach the collector and are dropped"),
            (Ok(()), true) => tracing::info!("traces reach the collector again"),
            _ => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
