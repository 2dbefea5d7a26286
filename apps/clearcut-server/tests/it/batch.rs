//! `/v1/batch`: many pictures, one plan.

use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::{
    support::{Server, client, photo},
    told::{ended, refusal},
};

fn form(photos: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Form {
    photos.into_iter().fold(Form::new(), |form, (name, photo)| form.part("image", Part::bytes(photo).file_name(name)))
}

fn uploads(server: &Server) -> usize {
    std::fs::read_dir(server.folder.path().join("cache/store/uploads")).map_or(0, Iterator::count)
}

async fn done(server: &Server, batch_id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = client().get(server.at(&format!("/v1/batch/{batch_id}"))).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let status: Value = answer.json().await.unwrap();
        if status["status"] == "done" {
            return status;
        }
        assert!(Instant::now() < deadline, "{status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn many_pictures_have_one_plan_wherever_it_stands() {
    let server = Server::start();
    let photos =
        [("a.png", photo(1)), ("b.png", photo(2)), ("broken.png", b"no picture".to_vec()), ("a again.png", photo(1))];
    let body = form(photos).text("crop", "true").text("format", "webp");
    let answer = client().post(server.at("/v1/batch")).multipart(body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let location = answer.headers().get("location").unwrap().to_str().unwrap().to_owned();
    let batch: Value = answer.json().await.unwrap();
    assert_eq!(batch["status_url"], location);
    let names: Vec<&Value> = batch["jobs"].as_array().unwrap().iter().map(|job| &job["filename"]).collect();
    assert_eq!(names, ["a.png", "b.png", "broken.png", "a again.png"]);

    let status = done(&server, batch["batch_id"].as_str().unwrap()).await;
    assert_eq!((&status["total"], &status["done"], &status["failed"]), (&json!(4), &json!(3), &json!(1)), "{status}");
    let jobs = status["jobs"].as_array().unwrap();
    let ids = |jobs: &Value| jobs.as_array().unwrap().iter().map(|job| job["job_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&status["jobs"]), ids(&batch["jobs"]), "in the order of the pictures");
    assert_eq!(jobs[2]["error"]["code"], "not_a_picture");
    assert_eq!(jobs[0]["result"]["media_type"], "image/webp");
    assert_eq!(jobs[0]["result"]["object"], jobs[3]["result"]["object"], "the same picture is the same result");
    assert_eq!(jobs[0]["batch_id"], batch["batch_id"]);
    let picture = client().get(jobs[1]["result_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(picture.status(), 200);

    let page = |query: &str| client().get(format!("{location}?{query}"));
    let first: Value = page("limit=3").send().await.unwrap().json().await.unwrap();
    assert_eq!(first["jobs"].as_array().unwrap().len(), 3);
    let next: Value = client().get(first["next_url"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();
    assert_eq!((next["jobs"].as_array().unwrap().len(), next.get("next_url")), (1, None), "{next}");
    let totals: Value = page("limit=0").send().await.unwrap().json().await.unwrap();
    assert_eq!((&totals["jobs"], &totals["total"]), (&json!([]), &json!(4)));
    assert_eq!(refusal(page("limit=1001")).await, (400, "invalid_field".to_owned()));
}

#[tokio::test]
async fn a_batch_is_accepted_whole_or_not_at_all() {
    let server = Server::start_with(|settings| {
        settings.load.max_upload_bytes = 100_000;
        settings.jobs.max_queued = 3;
    });
    let post = |form: Form| client().post(server.at("/v1/batch")).multipart(form);
    let large = ("large.png", vec![7; 100_001]);
    let many = ["a", "b", "c", "d"].map(|name| (name, photo(1)));
    for (form, expected) in [
        (form([("a.png", photo(1)), large]), (413, "too_large")),
        (form([("a.png", photo(1))]).text("colour", "red"), (400, "invalid_field")),
        (form([]).text("crop", "true"), (400, "missing_image")),
        (form(many), (503, "queue_full")),
    ] {
        assert_eq!(refusal(post(form)).await, (expected.0, expected.1.to_owned()));
        assert_eq!(uploads(&server), 0);
    }
    let wrong = json!({ "image_urls": ["https://example.com/a.png", "http://127.0.0.1/a.png"] });
    let refused = refusal(client().post(server.at("/v1/batch")).json(&wrong)).await;
    assert_eq!(refused, (400, "url_refused".to_owned()));
    for body in [json!({ "image_urls": [1] }), json!({ "image_urls": "a" })] {
        let refused = refusal(client().post(server.at("/v1/batch")).json(&body)).await;
        assert_eq!(refused, (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn every_picture_of_a_batch_counts() {
    use clearcut_server::trust::limits::{Call, Limit};
    let server = Server::start_with(|settings| {
        settings.limits.calls = vec![(Call::Native, Limit { calls: 3, per: Duration::from_hours(1) })];
    });
    let many = ["a", "b", "c", "d"].map(|name| (name, photo(1)));
    let answer = client().post(server.at("/v1/batch")).multipart(form(many)).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().get("retry-after").is_some());
    assert_eq!(uploads(&server), 0);
}

#[tokio::test]
async fn pictures_by_address_are_fetched_by_the_workers() {
    use actix_web::{App, HttpResponse, HttpServer, web};
    let host = HttpServer::new(|| {
        App::new()
            .route("/a.png", web::get().to(async || HttpResponse::Ok().body(photo(1))))
            .route("/page", web::get().to(async || HttpResponse::Ok().body("<html>")))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .unwrap();
    let url = format!("http://{}", host.addrs()[0]);
    let host = host.run();
    let handle = host.handle();
    let system = std::thread::spawn(move || actix_web::rt::System::new().block_on(host).unwrap());
    let server = Server::start_with(|settings| {
        settings.fetch.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        settings.jobs.backoff = Duration::from_millis(1);
    });
    let body = json!({ "image_urls": [format!("{url}/a.png"), format!("{url}/page")], "crop": true });
    let answer = client().post(server.at("/v1/batch")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let batch: Value = answer.json().await.unwrap();
    let job = |at: usize| batch["jobs"][at]["job_id"].as_str().unwrap();
    assert_eq!(ended(&server, job(0)).await["status"], "done");
    let failed = ended(&server, job(1)).await;
    assert_eq!((&failed["error"]["code"], &failed["attempts"]), (&json!("url_failed"), &json!(3)), "{failed}");
    handle.stop(false).await;
    system.join().unwrap();
}
