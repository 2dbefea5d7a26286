//! Downloads from a server on this machine that interrupts, lies and redirects.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clearcut_segment::{Catalogue, ModelSpec, ModelStore, PullError, PullOptions, Sha256Digest, Verification, pull};
use clearcut_testkit::http::{Answer, ScriptedServer};
use tempfile::TempDir;

/// What is downloaded: several pieces of a stream, all different.
fn weights() -> Vec<u8> {
    (0..300_000_u32).flat_map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[..1].to_vec()).collect()
}

struct Fixture {
    folder: TempDir,
    store: ModelStore,
    spec: ModelSpec,
    options: PullOptions,
}

impl Fixture {
    fn new(server: &ScriptedServer) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spec = Catalogue::builtin().family("u2net", "tiny").expect("a family");
        spec.bytes = Some(weights().len() as u64);
        spec.sha256 = Some(Sha256Digest::of(&weights()));
        spec.source = Some(server.url("/tiny.onnx"));
        spec.commercial_use = true;
        let mut options = PullOptions::default();
        options.retry_delay = Duration::ZERO;
        Self { store: ModelStore::at(folder.path().join("models")), folder, spec, options }
    }

    async fn pull(&self) -> Result<(), PullError> {
        let path = pull(&self.spec, &self.store, &self.options).await?;
        assert_eq!(path, self.store.path(&self.spec));
        assert_eq!(fs::read(path).expect("downloaded"), weights());
        assert_eq!(self.leftovers(), ["u2net.onnx"], "nothing but the file itself is left");
        Ok(())
    }

    async fn pull_error(&self) -> PullError {
        let error = self.pull().await.expect_err("this download cannot succeed");
        assert_eq!(self.store.verify(&self.spec).expect("readable"), Verification::Absent, "half a file: {error}");
        error
    }

    fn leftovers(&self) -> Vec<String> {
        let names = fs::read_dir(self.store.folder()).expect("a folder");
        names.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
    }
}

#[tokio::test]
async fn a_download_is_verified_and_not_repeated() {
    let server = ScriptedServer::start([Answer::whole(&weights())]);
    let mut fixture = Fixture::new(&server);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    fixture.options.progress = Some(Arc::new(move |progress| sink.lock().expect("unpoisoned").push(progress)));
    fixture.pull().await.expect("a download");
    fixture.pull().await.expect("already there");
    assert_eq!(server.requests().len(), 1);

    let seen = seen.lock().expect("unpoisoned");
    let last = seen.last().expect("progress was reported");
    assert_eq!((last.received_bytes, last.total_bytes), (300_000, 300_000));
    assert!(seen.is_sorted_by_key(|progress| progress.received_bytes));
}

#[tokio::test]
async fn an_interruption_is_continued_in_the_same_call() {
    let weights = weights();
    let server = ScriptedServer::start([
        Answer::whole(&weights).etag("\"v1\"").cut_after(100_000),
        Answer::partial(&weights, 100_000).cut_after(50_000),
        Answer::partial(&weights, 150_000),
    ]);
    Fixture::new(&server).pull().await.expect("a download in three pieces");
    let requests = server.requests();
    assert_eq!(
        requests.iter().map(|r| r.header("range")).collect::<Vec<_>>(),
        [None, Some("bytes=100000-"), Some("bytes=150000-")]
    );
    assert_eq!(requests[1].header("if-range"), Some("\"v1\""));
}

#[tokio::test]
async fn an_interruption_is_continued_by_a_later_call() {
    let server =
        ScriptedServer::start([Answer::whole(&weights()).cut_after(100_000), Answer::partial(&weights(), 100_000)]);
    let mut fixture = Fixture::new(&server);
    fixture.options.attempts = 1;
    let error = fixture.pull_error().await;
    assert!(matches!(error, PullError::Interrupted { received_bytes: 100_000, total_bytes: 300_000, .. }), "{error}");
    fixture.pull().await.expect("the rest");
    assert_eq!(server.requests()[1].header("range"), Some("bytes=100000-"));
}

#[tokio::test]
async fn a_server_that_ignores_ranges_sends_all_of_it_again() {
    let weights = weights();
    let server = ScriptedServer::start([Answer::whole(&weights).cut_after(100_000), Answer::whole(&weights)]);
    Fixture::new(&server).pull().await.expect("a download from the start");
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_downloaded_afresh() {
    let old = vec![7; 300_000];
    let server = ScriptedServer::start([
        Answer::whole(&old).etag("\"old\"").cut_after(100_000),
        // If-Range does not match any more: the whole new file.
        Answer::whole(&weights()).etag("\"new\""),
    ]);
    Fixture::new(&server).pull().await.expect("the new file");
    assert_eq!(server.requests()[1].header("if-range"), Some("\"old\""));
}

#[tokio::test]
async fn a_mixture_of_two_files_is_noticed_and_downloaded_afresh() {
    let server = ScriptedServer::start([Answer::partial(&weights(), 1000), Answer::whole(&weights())]);
    let fixture = Fixture::new(&server);
    fs::create_dir(fixture.store.folder()).expect("writable");
    fs::write(fixture.store.path(&fixture.spec).with_added_extension("part"), vec![9; 1000]).expect("writable");
    fixture.pull().await.expect("the second attempt starts from nothing");
}

#[tokio::test]
async fn an_answer_to_another_range_is_not_appended() {
    let server = ScriptedServer::start([
        Answer::whole(&weights()).cut_after(100_000),
        Answer::partial(&weights(), 5),
        Answer::whole(&weights()),
    ]);
    Fixture::new(&server).pull().await.expect("a download from the start");
    assert_eq!(server.requests()[2].header("range"), None);
}

#[tokio::test]
async fn a_wrong_digest_removes_the_file() {
    let mut wrong = weights();
    wrong[5] ^= 1;
    let server = ScriptedServer::start([Answer::whole(&wrong)]);
    let fixture = Fixture::new(&server);
    let error = fixture.pull_error().await;
    assert!(matches!(error, PullError::WrongDigest { .. }), "{error}");
    assert!(error.to_string().contains(&Sha256Digest::of(&wrong).to_string()), "{error}");
    assert!(fixture.leftovers().is_empty());
}

#[tokio::test]
async fn a_wrong_size_is_noticed_before_or_during_the_download() {
    let mut long = weights();
    long.push(0);
    for answer in [Answer::whole(&long), Answer::whole(&long).without_length(), Answer::whole(&long[..9])] {
        let server = ScriptedServer::start([answer]);
        let fixture = Fixture::new(&server);
        let error = fixture.pull_error().await;
        assert!(matches!(error, PullError::WrongSize { expected_bytes: 300_000, .. }), "{error}");
        assert!(fixture.leftovers().is_empty());
    }
}

#[tokio::test]
async fn redirects_are_followed_up_to_a_limit() {
    let server = ScriptedServer::start([Answer::redirect("/elsewhere"), Answer::whole(&weights())]);
    Fixture::new(&server).pull().await.expect("a redirected download");
    assert_eq!(server.requests()[1].path, "/elsewhere");

    let circle = ScriptedServer::start((0..20).map(|_| Answer::redirect("/tiny.onnx")));
    let error = Fixture::new(&circle).pull_error().await;
    assert!(matches!(error, PullError::Redirect { .. }), "{error}");
    assert_eq!(circle.requests().len(), 6);
}

#[tokio::test]
async fn a_refusal_is_final_and_a_busy_server_is_asked_again() {
    let absent = ScriptedServer::start([Answer::status(404)]);
    let error = Fixture::new(&absent).pull_error().await;
    assert!(matches!(error, PullError::Status { status: 404, .. }), "{error}");
    assert_eq!(absent.requests().len(), 1);

    let busy = ScriptedServer::start([Answer::status(503), Answer::status(429), Answer::whole(&weights())]);
    Fixture::new(&busy).pull().await.expect("the third answer");

    let down = ScriptedServer::start((0..9).map(|_| Answer::status(500)));
    let error = Fixture::new(&down).pull_error().await;
    assert!(matches!(error, PullError::Status { status: 500, .. }), "{error}");
    assert_eq!(down.requests().len(), 5);
}

#[tokio::test]
async fn an_unreachable_server_is_named() {
    let mut fixture = Fixture::new(&ScriptedServer::start([]));
    fixture.spec.source = Some("http://127.0.0.1:1/tiny.onnx".to_owned());
    let message = fixture.pull_error().await.to_string();
    assert!(message.contains("http://127.0.0.1:1/tiny.onnx broke off after 0 of 300000 bytes"), "{message}");
}

#[tokio::test]
async fn licenses_and_missing_pins_are_refused_before_any_request() {
    let server = ScriptedServer::start([]);
    let mut fixture = Fixture::new(&server);
    fixture.spec.commercial_use = false;
    fixture.spec.license = "CC-BY-NC-4.0".to_owned();
    fixture.options.commercial_only = true;
    let error = fixture.pull_error().await;
    assert!(matches!(&error, PullError::NonCommercial { .. }) && error.to_string().contains("CC-BY-NC-4.0"), "{error}");

    fixture.options.commercial_only = false;
    for (strip, missing) in [
        ((|spec| spec.sha256 = None) as fn(&mut ModelSpec), "no digest"),
        (|spec| spec.bytes = None, "no size"),
        (|spec| spec.source = None, "no source"),
    ] {
        strip(&mut fixture.spec);
        let error = fixture.pull().await.expect_err(missing);
        assert!(error.to_string().contains(missing), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_damaged_file_is_replaced() {
    let server = ScriptedServer::start([Answer::whole(&weights())]);
    let fixture = Fixture::new(&server);
    fs::create_dir(fixture.store.folder()).expect("writable");
    fs::write(fixture.store.path(&fixture.spec), b"damaged").expect("writable");
    fixture.pull().await.expect("the right file");
}

#[tokio::test]
async fn two_downloads_of_one_model_do_not_mix() {
    let server = ScriptedServer::start([]);
    let fixture = Fixture::new(&server);
    fs::create_dir(fixture.store.folder()).expect("writable");
    let part = fixture.store.path(&fixture.spec).with_added_extension("part");
    let other = fs::File::create(part).expect("writable");
    other.lock().expect("lockable");
    let error = fixture.pull_error().await;
    assert!(matches!(error, PullError::Busy { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let server = ScriptedServer::start([]);
    let mut fixture = Fixture::new(&server);
    let file = fixture.folder.path().join("file");
    fs::write(&file, b"").expect("writable");
    fixture.store = ModelStore::at(file.join("models"));
    let error = fixture.pull().await.expect_err("a file in place of a folder");
    assert!(matches!(error, PullError::Store(_)) && error.to_string().contains("file/models"), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_an_error_with_a_way_out() {
    let server = ScriptedServer::start([Answer::whole(&weights())]);
    let fixture = Fixture::new(&server);
    fs::create_dir(fixture.store.folder()).expect("writable");
    let part = fixture.store.path(&fixture.spec).with_added_extension("part");
    std::os::unix::fs::symlink("/dev/full", part).expect("a link");
    let message = fixture.pull_error().await.to_string();
    assert!(message.contains("u2net.onnx.part") && message.contains("free some room"), "{message}");
}
