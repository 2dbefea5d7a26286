//! `clearcut-server worker`.

use crate::{Worker, seeing::log, settings::Loaded};

/// Works on jobs until the process is told to stop.
pub(super) fn run(loaded: Loaded) -> anyhow::Result<()> {
    let Loaded { settings, notices } = loaded;
    // Outlives the runtime: what is logged last is written when everything else is gone.
    let _log = log::start(&settings.seeing)?;
    for notice in notices {
        tracing::warn!("{notice}");
    }
    actix_web::rt::System::new().block_on(async move {
        let worker = Worker::build(settings).await?;
        let (queue, store) = worker.names();
        tracing::info!(
            "clearcut-server {} works on jobs; queue: {queue}; store: {store}; at once: {}; health: {}",
            env!("CARGO_PKG_VERSION"),
            worker.at_once(),
            worker.address().map_or_else(|| "not served".to_owned(), |address| format!("http://{address}/health")),
        );
        worker.run().await
    })
}
