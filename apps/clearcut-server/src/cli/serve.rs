//! `clearcut-server serve`.

use clap::Args;

use crate::{Application, seeing::log, settings::Loaded};

/// How to serve.
#[derive(Debug, Default, Args)]
pub(super) struct ServeArgs {
    /// Accept jobs and leave them to `clearcut-server worker`
    #[arg(long)]
    no_worker: bool,
}

/// Serves until the process is told to stop.
pub(super) fn run(loaded: Loaded, args: &ServeArgs) -> anyhow::Result<()> {
    let Loaded { settings, notices } = loaded;
    // Outlives the runtime: what is logged last is written when everything else is gone.
    let _log = log::start(&settings.seeing)?;
    for notice in notices {
        tracing::warn!("{notice}");
    }
    let with_worker = !args.no_worker;
    actix_web::rt::System::new().block_on(async move {
        let application = if with_worker {
            Application::build(settings).await?
        } else {
            Application::build_without_worker(settings).await?
        };
        announce(&application);
        application.run().await
    })
}

/// The one line that says that it runs, where, and with what.
fn announce(application: &Application) {
    let service = application.service();
    let settings = &service.settings;
    let scheme = if settings.listen.tls_certificate.is_some() { "https" } else { "http" };
    let addresses: Vec<String> =
        application.addresses().iter().map(|address| format!("{scheme}://{address}")).collect();
    let tiers: Vec<String> = service
        .engine
        .cache()
        .map(|cache| cache.stats().tiers.into_iter().map(|tier| tier.name).collect())
        .unwrap_or_default();
    tracing::info!(
        "clearcut-server {} listens on {}; runs {} in {}; cache: {}; API keys: {}",
        env!("CARGO_PKG_VERSION"),
        addresses.join(" and "),
        service.engine.model().name,
        service.runtime,
        if tiers.is_empty() { "none".to_owned() } else { tiers.join(", ") },
        if settings.access.require_key { "required" } else { "not required" },
    );
}
