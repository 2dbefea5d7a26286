//! A server on a free port with its cache in a temporary folder, and pictures to send to it.

use std::{num::NonZeroUsize, sync::Once, thread::JoinHandle};

use clearcut_server::{Application, Settings};
use clearcut_testkit::scene;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A server that ends with this value.
pub struct Server {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub url: String,
    /// Temporary files: `cache/`, `keys.toml`.
    pub folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// With the default settings, but for a free port and its own folder.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// With settings changed by `change`.
    pub fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.listen.port = 0;
        settings.listen.workers = NonZeroUsize::MIN;
        settings.cache.folder = Some(folder.path().join("cache"));
        settings.access.keys_file = folder.path().join("keys.toml");
        settings.limits.calls.clear();
        change(&mut settings);
        let (bound, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let application = Application::build(settings).await.unwrap();
                bound.send(application.addresses()[0]).unwrap();
                let _ = stopped.await;
                application.stop().await.unwrap();
            });
        });
        let address = address.recv().expect("the server starts");
        Self { url: format!("http://{address}"), folder, stop: Some(stop), thread: Some(thread) }
    }

    /// The URL of a path that begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the server ends without a panic");
            }
        }
    }
}

/// A client that keeps no proxy and no redirects of its own.
pub fn client() -> reqwest::Client {
    static TLS: Once = Once::new();
    TLS.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A small photo in which the embedded model finds a subject, as PNG; each `seed` is another picture.
pub fn photo(seed: u64) -> Vec<u8> {
    scene::product_photo(240, 160, seed).png()
}
