//! Pictures by URL: what is fetched, what is not, and what is said of it.

use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use bytes::Bytes;
use clearcut_server::{
    Settings,
    failure::{Code, Failure},
    settings::FetchSettings,
    trust::fetch::Fetcher,
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::{Server, client, photo};

const LIMIT_BYTES: u64 = 1 << 20;

/// A host of pictures on this machine. It ends with this value.
struct Host {
    url: String,
    handle: ServerHandle,
}

impl Host {
    fn start() -> Self {
        let server = HttpServer::new(|| App::new().default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, handle }
    }

    async fn fetch(&self, path: &str, fetcher: &Fetcher) -> Result<Bytes, Failure> {
        fetcher.fetch(&format!("{}{path}", self.url), LIMIT_BYTES).await
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// What the path asks for.
async fn answer(request: HttpRequest) -> HttpResponse {
    let redirect = |to: &str| HttpResponse::Found().insert_header(("Location", to)).finish();
    let megabytes =
        |count| stream::repeat_with(|| Ok::<_, actix_web::Error>(Bytes::from(vec![7; 1 << 20]))).take(count);
    let signature = || stream::iter([Ok(Bytes::from_static(b"\x89PNG\r\n\x1a\n"))]);
    let never = || stream::pending::<Result<Bytes, actix_web::Error>>();
    match request.path() {
        "/photo.png" => HttpResponse::Ok().body(photo(1)),
        // The declared type is never believed.
        "/typed" => HttpResponse::Ok().content_type("text/html").body(photo(1)),
        "/page" => HttpResponse::Ok().content_type("image/png").body("<!doctype html><p>the admin's secret</p>"),
        "/page/endless" => {
            HttpResponse::Ok().streaming(stream::iter([Ok(Bytes::from("<html>"))]).chain(megabytes(usize::MAX)))
        }
        "/empty" => HttpResponse::Ok().finish(),
        "/announced" => HttpResponse::Ok().no_chunking(LIMIT_BYTES + 1).streaming(signature().chain(never())),
        "/large" => HttpResponse::Ok().streaming(signature().chain(megabytes(usize::MAX))),
        "/silent" => std::future::pending().await,
        "/stalled" => HttpResponse::Ok().streaming(signature().chain(never())),
        "/torn" => {
            // More than is held back, so that the answer has begun when it breaks off.
            let begun = stream::iter([Ok(Bytes::from(vec![7; 500 << 10]))]);
            let torn = stream::iter([Err(actix_web::error::ErrorInternalServerError("the disk broke"))]);
            HttpResponse::Ok().streaming(signature().chain(begun).chain(torn))
        }
        "/hop/1" => redirect("/photo.png"),
        "/hop/2" => redirect("/hop/1"),
        "/hop/3" => redirect("2"),
        "/hop/4" => redirect("/hop/3"),
        "/loop" => redirect("/loop"),
        "/nowhere" => HttpResponse::Found().finish(),
        "/to" => redirect(&request.query_string().replace("%3A", ":")),
        "/status" => HttpResponse::build(request.query_string().parse::<u16>().unwrap().try_into().unwrap())
            .body("the admin's secret"),
        "/cookies" if request.headers().contains_key("cookie") => HttpResponse::Forbidden().finish(),
        "/cookies" => HttpResponse::Ok().insert_header(("Set-Cookie", "a=b")).body(photo(1)),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// The default settings, with this machine opened.
fn opened() -> FetchSettings {
    FetchSettings { allowed_networks: vec!["127.0.0.0/8".parse().unwrap()], ..Settings::default().fetch }
}

fn fetcher() -> Fetcher {
    Fetcher::new(&opened()).unwrap()
}

#[actix_web::test]
async fn a_picture_is_fetched_from_a_network_that_was_opened() {
    let (host, fetcher) = (Host::start(), fetcher());
    for path in ["/photo.png", "/typed", "/hop/1", "/hop/3", "/cookies", "/cookies"] {
        assert_eq!(host.fetch(path, &fetcher).await.unwrap(), photo(1), "{path}");
    }
}

#[actix_web::test]
async fn the_own_machine_is_not_fetched_from_unless_it_was_opened() {
    let host = Host::start();
    let fetcher = Fetcher::new(&Settings::default().fetch).unwrap();
    let failure = host.fetch("/photo.png", &fetcher).await.unwrap_err();
    assert_eq!(failure.code(), Code::UrlRefused);
    let off = Fetcher::new(&FetchSettings { enabled: false, ..opened() }).unwrap();
    assert_eq!(host.fetch("/photo.png", &off).await.unwrap_err().code(), Code::UrlRefused);
}

#[actix_web::test]
async fn redirects_are_checked_and_counted() {
    let (host, fetcher) = (Host::start(), fetcher());
    for (path, code) in [
        ("/hop/4", Code::UrlFailed),
        ("/loop", Code::UrlFailed),
        ("/nowhere", Code::UrlFailed),
        ("/to?http://169.254.169.254/latest/meta-data/", Code::UrlRefused),
        ("/to?http://10.0.0.1/", Code::UrlRefused),
        ("/to?http://[::1]/", Code::UrlRefused),
        ("/to?http://localhost/photo.png", Code::UrlRefused),
        ("/to?file:///etc/passwd", Code::UrlRefused),
        ("/to?http://user@127.0.0.1/", Code::UrlRefused),
    ] {
        let failure = host.fetch(path, &fetcher).await.unwrap_err();
        assert_eq!(failure.code(), code, "{path}: {failure}");
    }
    let none = Fetcher::new(&FetchSettings { max_redirects: 0, ..opened() }).unwrap();
    assert!(host.fetch("/hop/1", &none).await.is_err());
    assert!(host.fetch("/photo.png", &none).await.is_ok());
}

#[actix_web::test]
async fn no_more_is_fetched_than_may_be_uploaded() {
    let (host, fetcher) = (Host::start(), fetcher());
    for path in ["/announced", "/large"] {
        let failure = host.fetch(path, &fetcher).await.unwrap_err();
        assert_eq!(failure.code(), Code::TooLarge, "{path}: {failure}");
    }
}

#[actix_web::test]
async fn a_host_that_takes_its_time_is_left() {
    let host = Host::start();
    let fetcher = Fetcher::new(&FetchSettings { timeout: Duration::from_millis(300), ..opened() }).unwrap();
    for path in ["/silent", "/stalled"] {
        let failure = host.fetch(path, &fetcher).await.unwrap_err();
        assert_eq!(failure.code(), Code::UrlFailed, "{path}: {failure}");
        assert!(failure.detail().contains("too long"), "{failure}");
    }
}

#[actix_web::test]
async fn what_is_no_picture_is_not_passed_on_and_not_described() {
    let (host, fetcher) = (Host::start(), fetcher());
    for (path, part) in [
        ("/page", "something else than a picture"),
        ("/page/endless", "something else than a picture"),
        ("/empty", "something else than a picture"),
        ("/torn", "broke off"),
        ("/status?404", "404"),
        ("/status?500", "500"),
        ("/status?206", "206"),
        ("/status?304", "304"),
    ] {
        let failure = host.fetch(path, &fetcher).await.unwrap_err();
        assert_eq!(failure.code(), Code::UrlFailed, "{path}: {failure}");
        let detail = failure.detail();
        assert!(detail.contains("127.0.0.1") && detail.contains(part), "{path}: {failure}");
        assert!(!detail.contains("secret") && !detail.contains("html") && !detail.contains("HTML"), "{failure}");
    }
    // Nothing listens on port 1.
    let failure = fetcher.fetch("http://127.0.0.1:1/?token=secret", LIMIT_BYTES).await.unwrap_err();
    assert_eq!(failure.code(), Code::UrlFailed);
    assert!(!failure.detail().contains("refused") && !failure.detail().contains("secret"), "{failure}");
}

#[actix_web::test]
async fn calls_by_url_cut_out_and_say_why_not() {
    let host = Host::start();
    let server = Server::start_with(|settings| settings.fetch = opened());
    let call = async |server: &Server, url: &str| {
        client().post(server.at("/v1/cutouts")).json(&json!({ "image_url": url })).send().await.unwrap()
    };
    let answer = call(&server, &format!("{}/photo.png", host.url)).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, "image/png"));
    for (url, status, code) in [
        ("http://169.254.169.254/latest/meta-data/".to_owned(), 400, "url_refused"),
        (format!("{}/page", host.url), 400, "url_failed"),
        (format!("{}/to?http://10.0.0.1/", host.url), 400, "url_refused"),
    ] {
        let answer = call(&server, &url).await;
        assert_eq!(answer.status(), status, "{url}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], code, "{url}");
    }
}
