//! The server answers, says what it leans on, and when it is about to stop.

use serde_json::{Value, json};

use crate::support::{Server, client, photo};

async fn health(server: &Server) -> (u16, Value) {
    let answer = client().get(server.at("/health")).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_started_server_is_alive_and_ready() {
    let server = Server::start();
    for path in ["/health/live", "/health/ready"] {
        let answer = client().get(server.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key("x-request-id"), "every answer has its id");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn health_names_what_the_server_leans_on() {
    let server = Server::start();
    let (status, health) = health(&server).await;
    assert_eq!(status, 200);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        health["model"],
        json!({
            "name": "clearcut-s",
            "runtime": "tract",
            "runtime_version": null,
            "execution_provider": "cpu",
            "operations": null
        })
    );
    assert_eq!((&health["checks"]["app"], &health["checks"]["redis"]), (&json!(true), &Value::Null), "{health}");
    assert_eq!(health["checks"]["database"], true);
    assert!(health["disk"]["total_bytes"].as_u64().unwrap() > 0);
    if cfg!(target_os = "linux") {
        assert!(health["memory"]["resident_bytes"].as_u64().unwrap() > 1 << 20);
    }
    let tiers: Vec<_> =
        health["cache"].as_array().unwrap().iter().map(|tier| (&tier["tier"], &tier["status"])).collect();
    assert_eq!(tiers, [(&json!("memory"), &json!("ok")), (&json!("sqlite"), &json!("ok"))]);
}

#[tokio::test]
async fn without_redis_the_server_is_degraded_and_answers() {
    // A port that was free a moment ago: nothing listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start_with(|settings| {
        settings.cache.redis_url = Some(format!("redis://:hunter2@127.0.0.1:{port}").into());
    });
    let (status, health) = health(&server).await;
    assert_eq!((status, &health["status"]), (200, &json!("degraded")), "{health}");
    assert_eq!(health["checks"]["redis"], false);
    assert!(!health.to_string().contains("hunter2") && !health.to_string().contains(&port.to_string()), "{health}");
    let ready = client().get(server.at("/health/ready")).send().await.unwrap();
    assert_eq!(ready.status(), 200, "what Redis kept is computed again");
}

#[tokio::test]
async fn a_full_room_is_not_ready() {
    let server = Server::start_with(|settings| settings.load.max_requests = 0);
    let answer = client().get(server.at("/health/ready")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "status": "full" }));
    assert_eq!(health(&server).await.0, 200, "it is busy, not down");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_with_a_code() {
    let server = Server::start();
    let answer = client().get(server.at("/nowhere")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "not_found");
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_others_are_replaced() {
    let server = Server::start();
    let id_for = async |sent: &str| {
        let answer = client().get(server.at("/health/live")).header("x-request-id", sent).send().await.unwrap();
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id_for("order-17_b.3").await, "order-17_b.3");
    for wild in ["", "two words", "a\"b", &"x".repeat(65)] {
        let id = id_for(wild).await;
        assert!(id.len() == 36 && id.as_bytes()[14] == b'7', "{id} is no UUID of version 7");
    }
}

#[tokio::test]
async fn text_is_compressed_and_a_picture_is_not() {
    let server = Server::start();
    let text = client().get(server.at("/openapi.json")).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(text.headers()["content-encoding"], "gzip");
    assert_eq!(text.headers()["vary"], "accept-encoding");
    assert_eq!(&text.bytes().await.unwrap()[..2], b"\x1f\x8b", "once");
    let request =
        client().post(server.at("/v1/cutouts")).header("accept-encoding", "gzip").header("content-type", "image/png");
    let picture = request.body(photo(1)).send().await.unwrap();
    assert_eq!(picture.headers().get("content-encoding"), None);
    assert_eq!(&picture.bytes().await.unwrap()[..4], b"\x89PNG");
}

#[tokio::test]
async fn an_encoding_that_nobody_has_is_no_error() {
    let server = Server::start();
    let request = client().get(server.at("/health/live")).header("accept-encoding", "identity;q=0, zstd");
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().get("content-encoding")), (200, None));
}

#[tokio::test]
async fn browsers_may_call_from_the_origins_of_the_settings_alone() {
    let server = Server::start_with(|settings| settings.access.cors_origins = vec!["https://shop.example".to_owned()]);
    let allowed_for = async |origin: &str| {
        let answer = client().get(server.at("/health/live")).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(allowed_for("https://shop.example").await.as_deref(), Some("https://shop.example"));
    assert_eq!(allowed_for("https://elsewhere.example").await, None);
    let closed = Server::start();
    let request = client().get(closed.at("/health/live")).header("origin", "https://shop.example");
    assert_eq!(request.send().await.unwrap().headers().get("access-control-allow-origin"), None);
}
