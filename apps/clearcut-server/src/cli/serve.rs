//! `clearcut-server serve`.

use crate::{Application, seeing::log, settings::Loaded};

/// Serves until the process is told to stop.
pub(super) fn run(loaded: Loaded) -> anyhow::Result<()> {
    let Loaded { settings, notices } = loaded;
    // Outlives the runtime: what is logged last is written when everything else is gone.
    let _log = log::start(&settings.seeing)?;
    for notice in notices {
        tracing::warn!("{notice}");
    }
    actix_web::rt::System::new().block_on(async move {
        let application = Application::build(settings).await?;
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
        "clearcut-server {} listens on {}; cache: {}; API keys: {}",
        env!("CARGO_PKG_VERSION"),
        addresses.join(" and "),
        if tiers.is_empty() { "none".to_owned() } else { tiers.join(", ") },
        if settings.access.require_key { "required" } else { "not required" },
    );
}
