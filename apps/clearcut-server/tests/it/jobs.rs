//! `/v1/jobs`: accepted, worked on, told of, cancelled, forgotten.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clearcut_server::trust::{
    key_file::{KeyFile, NewKey},
    keys::Role,
};
use reqwest::{
    RequestBuilder,
    multipart::{Form, Part},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    support::{Server, client, photo},
    told::{ended, refusal, status},
};

async fn accepted(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let location = answer.headers().get("location").cloned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 202, "{body}");
    assert_eq!(location.unwrap(), body["status_url"].as_str().unwrap());
    body
}

fn id(accepted: &Value) -> &str {
    accepted["job_id"].as_str().unwrap()
}

/// An id of the time `age` ago that no job has.
fn made_up(age: Duration) -> Uuid {
    let at = (SystemTime::now() - age).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    uuid::Builder::from_unix_timestamp_millis(at.as_millis() as u64, &[7; 10]).into_uuid()
}

#[tokio::test]
async fn a_picture_is_cut_out_after_the_answer() {
    let server = Server::start();
    let accepted = accepted(client().post(server.at("/v1/jobs?crop=true")).body(photo(1))).await;
    assert_eq!(accepted["status_url"], server.at(&format!("/v1/jobs/{}", id(&accepted))));
    assert!(accepted.get("upload_url").is_none(), "{accepted}");
    let done = ended(&server, id(&accepted)).await;
    assert_eq!((&done["status"], &done["progress"], &done["message"]), (&json!("done"), &json!(100), &json!("done")));
    assert_eq!((&done["attempts"], &done["job_id"]), (&json!(1), &accepted["job_id"]));
    assert!(done["updated_at"].as_str().unwrap().ends_with('Z') && done.get("error").is_none(), "{done}");
    assert_eq!(done["result"]["width"], done["result"]["foreground"]["width"], "cropped to the subject");

    let direct = client().post(server.at("/v1/cutouts?crop=true&format=png")).body(photo(1)).send().await.unwrap();
    assert_eq!(direct.headers().get("x-cache").unwrap(), "hit", "one cache for both");
    assert_eq!(direct.headers().get("x-cache-key").unwrap(), done["result"]["key"].as_str().unwrap());
    let direct = direct.bytes().await.unwrap();
    for url in [&done["result_url"], &accepted["image_url"]] {
        let picture = client().get(url.as_str().unwrap()).send().await.unwrap();
        assert_eq!(
            (picture.status().as_u16(), picture.headers().get("content-type").unwrap().as_bytes()),
            (200, &b"image/png"[..])
        );
        let headers = picture.headers().clone();
        assert!(headers.get("cache-control").unwrap().to_str().unwrap().contains("immutable"));
        assert_eq!(picture.bytes().await.unwrap(), direct);
        let again = client().get(url.as_str().unwrap()).header("if-none-match", headers.get("etag").unwrap());
        assert_eq!(again.send().await.unwrap().status(), 304);
    }
}

#[tokio::test]
async fn every_way_of_sending_a_picture_is_a_way_of_sending_a_job() {
    let server = Server::start();
    let url = server.at("/v1/jobs");
    let form = Form::new().part("image", Part::bytes(photo(1)).file_name("a.png")).text("format", "webp");
    let behind = Part::bytes(photo(7)).file_name("b.png");
    let with_background =
        Form::new().part("image", Part::bytes(photo(1)).file_name("a.png")).part("background_image", behind);
    for (request, media_type) in [
        (client().post(&url).multipart(form), "image/webp"),
        (
            client().post(&url).json(&json!({ "image_base64": STANDARD.encode(photo(1)), "format": "jpeg" })),
            "image/jpeg",
        ),
        (client().post(&url).multipart(with_background), "image/png"),
    ] {
        let accepted = accepted(request).await;
        let done = ended(&server, id(&accepted)).await;
        assert_eq!((&done["status"], &done["result"]["media_type"]), (&json!("done"), &json!(media_type)), "{done}");
    }
    let behind =
        json!({ "image_base64": STANDARD.encode(photo(1)), "background_image_base64": STANDARD.encode(photo(7)) });
    let direct = client().post(server.at("/v1/cutouts")).json(&behind).send().await.unwrap();
    assert_eq!(direct.headers().get("x-cache").unwrap(), "hit", "the picture behind it came along");
}

#[tokio::test]
async fn a_picture_that_cannot_be_decoded_fails_with_the_engines_code() {
    let server = Server::start();
    let photo = photo(1);
    let accepted = accepted(client().post(server.at("/v1/jobs")).body(photo[..photo.len() / 2].to_vec())).await;
    let failed = ended(&server, id(&accepted)).await;
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("corrupt_picture")),
        "{failed}"
    );
    assert_eq!(
        (&failed["attempts"], &failed["message"]),
        (&json!(1), &failed["error"]["detail"]),
        "it is not tried again"
    );
    let image = client().get(accepted["image_url"].as_str().unwrap());
    assert_eq!(refusal(image).await, (422, "job_failed".to_owned()));
}

#[tokio::test]
async fn what_is_wrong_at_once_is_said_at_once() {
    let server = Server::start();
    let url = server.at("/v1/jobs");
    for (request, expected) in [
        (client().post(&url).body("this is no picture"), (415, "not_a_picture")),
        (client().post(server.at("/v1/jobs?colour=red")).body(photo(1)), (400, "invalid_field")),
        (client().post(&url).json(&json!({ "image_url": "http://127.0.0.1:1/a.png" })), (400, "url_refused")),
        (client().post(&url).json(&json!({ "image_urls": ["https://example.com/a.png"] })), (400, "invalid_field")),
        (client().post(&url).json(&json!({ "webhook_url": "https://example.com/" })), (400, "invalid_field")),
    ] {
        assert_eq!(refusal(request).await, (expected.0, expected.1.to_owned()));
    }
}

#[tokio::test]
async fn a_job_that_nobody_knows_was_lost_or_forgotten_or_never_there() {
    let server = Server::start();
    let hour = Duration::from_hours(1);
    for (id, expected) in [
        (made_up(hour).to_string(), (410, "job_lost")),
        (made_up(hour * 24 * 8).to_string(), (410, "job_expired")),
        (Uuid::new_v4().to_string(), (404, "job_unknown")),
        ("1".to_owned(), (404, "job_unknown")),
    ] {
        let expected = (expected.0, expected.1.to_owned());
        for path in [format!("/v1/jobs/{id}"), format!("/v1/jobs/{id}/events"), format!("/v1/jobs/{id}/image")] {
            assert_eq!(refusal(client().get(server.at(&path))).await, expected, "{path}");
        }
        assert_eq!(refusal(client().delete(server.at(&format!("/v1/jobs/{id}")))).await, expected);
    }
}

#[tokio::test]
async fn events_tell_of_a_job_until_it_has_ended() {
    let server = Server::start();
    let announced = accepted(client().post(server.at("/v1/jobs"))).await;
    let url = server.at(&format!("/v1/jobs/{}/events", id(&announced)));
    let events = client().get(&url).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(events.headers().get("content-type").unwrap(), "text/event-stream");
    assert!(events.headers().get("content-encoding").is_none(), "an event that is compressed is late");
    let uploaded = client().put(announced["upload_url"].as_str().unwrap()).body(photo(1)).send().await.unwrap();
    assert_eq!(uploaded.status(), 202);
    let text = events.text().await.unwrap();
    let told: Vec<Value> = text
        .split("\n\n")
        .filter_map(|event| serde_json::from_str(event.strip_prefix("event: status\ndata: ")?).ok())
        .collect();
    assert_eq!(told.first().unwrap()["status"], "awaiting_upload", "{text}");
    assert_eq!(told.last().unwrap()["status"], "done", "{text}");
    assert_eq!(told.last().unwrap()["result"], status(&server, id(&announced)).await["result"]);
}

#[tokio::test]
async fn a_cancelled_job_is_not_done() {
    let server = Server::start();
    let announced = accepted(client().post(server.at("/v1/jobs"))).await;
    let url = server.at(&format!("/v1/jobs/{}", id(&announced)));
    for _ in 0..2 {
        let cancelled: Value = client().delete(&url).send().await.unwrap().json().await.unwrap();
        assert_eq!(cancelled["status"], "cancelled");
    }
    let gone = (410, "job_cancelled".to_owned());
    assert_eq!(refusal(client().put(announced["upload_url"].as_str().unwrap()).body(photo(1))).await, gone);
    assert_eq!(refusal(client().get(announced["image_url"].as_str().unwrap())).await, gone);

    let done = accepted(client().post(server.at("/v1/jobs")).body(photo(1))).await;
    ended(&server, id(&done)).await;
    let url = server.at(&format!("/v1/jobs/{}", id(&done)));
    assert_eq!(refusal(client().delete(url)).await, (409, "job_ended".to_owned()));
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_again_and_keeps_nothing() {
    let server = Server::start_with(|settings| settings.jobs.max_queued = 1);
    accepted(client().post(server.at("/v1/jobs"))).await;
    let refused = client().post(server.at("/v1/jobs")).body(photo(1)).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers().get("retry-after").unwrap(), "5");
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "queue_full");
    let kept = std::fs::read_dir(server.folder.path().join("cache/store/uploads")).map_or(0, Iterator::count);
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn uploads_go_when_their_jobs_have_ended_and_results_that_are_gone_are_said_to_be() {
    let server = Server::start();
    let job = accepted(client().post(server.at("/v1/jobs")).body(photo(1))).await;
    let done = ended(&server, id(&job)).await;
    let store = server.folder.path().join("cache/store");
    let upload = store.join("uploads").join(id(&job));
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while upload.exists() {
        assert!(std::time::Instant::now() < deadline, "{}", upload.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    std::fs::remove_file(store.join(done["result"]["object"].as_str().unwrap())).unwrap();
    for url in [&done["result_url"], &job["image_url"]] {
        assert_eq!(refusal(client().get(url.as_str().unwrap())).await, (410, "result_expired".to_owned()), "{url}");
    }
    let no_name = server.at("/v1/results/ab/..%2F..%2Fkeys.toml");
    assert_eq!(refusal(client().get(no_name)).await, (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_job_is_seen_by_the_key_that_asked_for_it_and_by_admins() {
    let mut keys = Vec::new();
    let server = Server::start_with(|settings| {
        let file = KeyFile::at(&settings.access.keys_file);
        keys = [Role::User, Role::User, Role::Admin]
            .map(|role| {
                let new = NewKey { name: "a test".to_owned(), role, quota_per_day: None };
                file.add(new, SystemTime::now()).unwrap().key.expose_secret().to_owned()
            })
            .into();
        settings.access.require_key = true;
    });
    let [one, other, admin] = &keys[..] else { panic!() };
    let job = accepted(client().post(server.at("/v1/jobs")).header("x-api-key", one).body(photo(1))).await;
    let get = |key: &str| client().get(job["status_url"].as_str().unwrap()).header("x-api-key", key);
    assert_eq!(get(one).send().await.unwrap().status(), 200);
    assert_eq!(get(admin).send().await.unwrap().status(), 200);
    assert_eq!(refusal(get(other)).await, (404, "job_unknown".to_owned()));
    let image = |key: &str| client().get(job["image_url"].as_str().unwrap()).header("x-api-key", key);
    assert_eq!(refusal(image(other)).await, (404, "job_unknown".to_owned()));
    assert_ne!(image(one).send().await.unwrap().status(), 404);
    assert_eq!(refusal(client().get(job["status_url"].as_str().unwrap())).await, (401, "unauthorized".to_owned()));

    let dead = |key: &str| client().get(server.at("/v1/jobs/dead")).header("x-api-key", key);
    assert_eq!(refusal(dead(one)).await, (403, "forbidden".to_owned()));
    let listed: Value = dead(admin).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed, json!({ "jobs": [] }));
    let redrive = client().post(server.at("/v1/jobs/dead/redrive")).header("x-api-key", admin);
    assert_eq!(redrive.send().await.unwrap().json::<Value>().await.unwrap(), json!({ "redriven": 0 }));
}

#[tokio::test]
async fn health_and_metrics_tell_of_jobs() {
    let server = Server::start();
    let job = accepted(client().post(server.at("/v1/jobs")).body(photo(1))).await;
    ended(&server, id(&job)).await;
    accepted(client().post(server.at("/v1/jobs"))).await;
    let health: Value = client().get(server.at("/health")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&health["checks"]["queue"], &health["checks"]["store"]), (&json!(true), &json!(true)), "{health}");
    assert_eq!((&health["jobs"]["queue"], &health["jobs"]["store"]), (&json!("memory"), &json!("folder")), "{health}");
    assert_eq!(health["jobs"]["awaiting"], 1);
    let metrics = client().get(server.at("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "clearcut_jobs{state=\"awaiting\"} 1",
        "clearcut_jobs{state=\"dead\"} 0",
        "clearcut_jobs_ended_total{outcome=\"done\"} 1",
        "clearcut_job_wait_seconds_count{line=\"interactive\"} 1",
    ] {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
}
