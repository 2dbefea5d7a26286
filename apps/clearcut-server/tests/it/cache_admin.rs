//! The cache's figures and upkeep as dashboards and admins ask for them.

use std::time::{Duration, SystemTime};

use clearcut_server::{
    Settings,
    trust::{
        key_file::{KeyFile, NewKey},
        keys::Role,
    },
};
use reqwest::{
    Method, Response, StatusCode,
    multipart::{Form, Part},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{Server, client, photo};

/// A server with a user's and an admin's key.
fn with_keys(change: impl FnOnce(&mut Settings)) -> (Server, String, String) {
    let mut keys = Vec::new();
    let server = Server::start_with(|settings| {
        let file = KeyFile::at(&settings.access.keys_file);
        for role in [Role::User, Role::Admin] {
            let new = NewKey { name: "test".to_owned(), role, quota_per_day: None };
            keys.push(file.add(new, SystemTime::now()).unwrap().key.expose_secret().to_owned());
        }
        change(settings);
    });
    let [user, admin] = keys.try_into().unwrap();
    (server, user, admin)
}

async fn ask(server: &Server, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Response {
    let mut request = client().request(method, server.at(path));
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap()
}

async fn get(server: &Server, path: &str) -> Value {
    let answer = ask(server, Method::GET, path, None, None).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.json().await.unwrap()
}

async fn cut_out(server: &Server, seed: u64) {
    let form = Form::new().part("file", Part::bytes(photo(seed)).file_name("photo.png"));
    let answer = client().post(server.at("/api/remove-bg")).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn statistics_count_each_request_once_and_no_matte() {
    let server = Server::start_with(|settings| settings.cache.cost_per_image = 0.01);
    for _ in 0..4 {
        cut_out(&server, 1).await;
    }
    let stats = get(&server, "/api/v1/cache/stats?days=7").await;
    assert_eq!(
        names(&stats),
        [
            "avg_processing_time_ms",
            "bytes",
            "cache_efficiency",
            "cache_hit_ratio",
            "cache_hits",
            "computed",
            "cost_per_image",
            "days",
            "entries",
            "max_processing_time_ms",
            "min_processing_time_ms",
            "money_saved",
            "money_saved_per_month",
            "period_days",
            "tiers",
            "time_saved_ms",
            "total_requests",
            "unreadable",
        ]
    );
    assert_eq!((&stats["total_requests"], &stats["cache_hits"]), (&json!(4), &json!(3)), "{stats}");
    assert_eq!((&stats["cache_hit_ratio"], &stats["cache_efficiency"]), (&json!(75.0), &json!("good")));
    assert_eq!((&stats["computed"], &stats["period_days"]), (&json!(1), &json!(7)));
    let ms = |name: &str| stats[name].as_f64().unwrap();
    assert!(ms("avg_processing_time_ms") > 0.0);
    assert!(ms("min_processing_time_ms") <= ms("max_processing_time_ms"));
    assert!(
        (ms("time_saved_ms") / ms("avg_processing_time_ms") - 3.0).abs() < 0.1,
        "three times what it took: {stats}"
    );
    assert!((ms("money_saved") - 0.03).abs() < 1e-9 && (ms("money_saved_per_month") - 0.9 / 7.0).abs() < 1e-9);
    let days = stats["days"].as_array().unwrap();
    assert!(!days.is_empty());
    assert_eq!(days.iter().map(|day| day["total_requests"].as_u64().unwrap()).sum::<u64>(), 4);
    let tiers: Vec<_> = stats["tiers"].as_array().unwrap().iter().map(|tier| tier["name"].as_str().unwrap()).collect();
    assert_eq!(tiers, ["memory", "sqlite"]);
}

#[tokio::test]
async fn a_poor_hit_ratio_is_pointed_out() {
    let server = Server::start();
    let stats = get(&server, "/api/v1/cache/stats").await;
    assert_eq!((&stats["total_requests"], &stats["cache_efficiency"]), (&json!(0), &json!("unknown")));
    assert!(stats.get("hint").is_none(), "nobody has asked yet");
    for seed in [1, 2, 2] {
        cut_out(&server, seed).await;
    }
    let stats = get(&server, "/api/v1/cache/stats").await;
    assert_eq!(stats["cache_hit_ratio"], 33.33);
    assert!(stats["hint"].as_str().is_some_and(|hint| hint.contains("less than half")), "{stats}");
}

#[tokio::test]
async fn recent_tasks_are_cut_outs_the_newest_first() {
    let server = Server::start();
    for seed in [1, 2, 3] {
        cut_out(&server, seed).await;
    }
    // Results reach the database after they are answered.
    let written = async {
        loop {
            let recent = get(&server, "/api/v1/cache/recent?limit=10").await;
            let tasks = recent["tasks"].as_array().unwrap();
            if tasks.len() == 3 && tasks.iter().all(|task| task["status"] == "SUCCESS") {
                break recent;
            }
        }
    };
    let recent = tokio::time::timeout(Duration::from_secs(20), written).await.expect("results reach the database");
    let task = &recent["tasks"][0];
    assert_eq!(
        names(task),
        [
            "body_bytes",
            "cache_hits",
            "cache_key",
            "id",
            "input_hash",
            "last_read_at",
            "media_type",
            "processing_time_ms",
            "status",
            "submitted_at",
            "task_id",
            "ttl_expires_at",
        ]
    );
    assert!(task["cache_key"].as_str().unwrap().starts_with("remove_bg:"));
    let two = get(&server, "/api/v1/cache/recent?limit=2").await;
    assert_eq!(two["tasks"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn admin_figures_have_the_documented_shape() {
    let (server, _, admin) = with_keys(|_| {});
    for _ in 0..3 {
        cut_out(&server, 1).await;
    }
    let answer = ask(&server, Method::GET, "/api/admin/cache/stats", Some(&admin), None).await;
    let expected = json!({
        "success": true, "cache": { "enabled": true, "status": "connected", "hits": "2", "misses": "1" },
    });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

#[tokio::test]
async fn clearing_removes_what_matches_and_says_how_much() {
    let (server, _, admin) = with_keys(|_| {});
    for seed in [1, 2] {
        cut_out(&server, seed).await;
    }
    let clear = async |body| {
        let answer = ask(&server, Method::POST, "/api/admin/cache/clear", Some(&admin), body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json::<Value>().await.unwrap()
    };
    let none = clear(Some(json!({ "pattern": "analysis:*" }))).await;
    assert_eq!(
        none,
        json!({
            "success": true, "pattern": "analysis:*", "removed": 0, "tiers": { "memory": 0, "sqlite": 0 },
        })
    );
    let some = clear(Some(json!({ "pattern": "remove_bg:*" }))).await;
    assert_eq!((&some["removed"], &some["tiers"]["memory"]), (&json!(2), &json!(2)));
    let rest = clear(None).await;
    assert_eq!(rest["pattern"], "*");
    assert!(rest["removed"].as_u64().unwrap() >= 2, "the mattes: {rest}");
    assert_eq!(get(&server, "/api/v1/cache/recent").await, json!({ "tasks": [] }));
}

#[tokio::test]
async fn a_cleanup_says_what_it_took_out() {
    let (server, _, admin) = with_keys(|_| {});
    let answer = ask(&server, Method::POST, "/api/v1/cache/cleanup", Some(&admin), None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let report: Value = answer.json().await.unwrap();
    assert_eq!(
        names(&report),
        [
            "bytes_freed",
            "expired",
            "failures",
            "over_size",
            "partitions_dropped",
            "removed",
            "skipped",
            "success",
            "unread",
        ]
    );
    assert_eq!((&report["success"], &report["removed"]), (&json!(true), &json!(0)));
}

const ADMIN_CALLS: [(Method, &str); 3] = [
    (Method::GET, "/api/admin/cache/stats"),
    (Method::POST, "/api/admin/cache/clear"),
    (Method::POST, "/api/v1/cache/cleanup"),
];

#[tokio::test]
async fn admin_calls_are_closed_until_there_is_an_admin_key() {
    let server = Server::start();
    for (method, path) in ADMIN_CALLS {
        for key in [None, Some("anything")] {
            check_error(ask(&server, method.clone(), path, key, None).await, 403, "forbidden").await;
        }
    }
}

#[tokio::test]
async fn admin_calls_need_an_admins_key() {
    let (server, user, admin) = with_keys(|_| {});
    for (method, path) in ADMIN_CALLS {
        check_error(ask(&server, method.clone(), path, None, None).await, 401, "unauthorized").await;
        check_error(ask(&server, method.clone(), path, Some("wrong"), None).await, 401, "unauthorized").await;
        check_error(ask(&server, method.clone(), path, Some(&user), None).await, 403, "forbidden").await;
        assert_eq!(ask(&server, method, path, Some(&admin), None).await.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn figures_are_open_unless_cut_outs_need_a_key_too() {
    let (server, user, _) = with_keys(|settings| settings.access.require_key = true);
    for path in ["/api/v1/cache/stats", "/api/v1/cache/recent"] {
        check_error(ask(&server, Method::GET, path, None, None).await, 401, "unauthorized").await;
        assert_eq!(ask(&server, Method::GET, path, Some(&user), None).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_shape() {
    let (server, _, admin) = with_keys(|_| {});
    for path in [
        "/api/v1/cache/stats?days=0",
        "/api/v1/cache/stats?days=week",
        "/api/v1/cache/stats?days=3651",
        "/api/v1/cache/stats?days=1&days=2",
        "/api/v1/cache/stats?weeks=1",
        "/api/v1/cache/recent?limit=0",
        "/api/v1/cache/recent?limit=501",
        "/api/v1/cache/recent?limit=-1",
    ] {
        check_error(ask(&server, Method::GET, path, None, None).await, 400, "invalid_field").await;
    }
    let clear = async |body| ask(&server, Method::POST, "/api/admin/cache/clear", Some(&admin), Some(body)).await;
    check_error(clear(json!({ "pattern": "" })).await, 400, "invalid_field").await;
    check_error(clear(json!({ "pattern": "with space" })).await, 400, "invalid_field").await;
    check_error(clear(json!({ "pattern": "*".repeat(600) })).await, 400, "invalid_field").await;
    check_error(clear(json!({ "patern": "*" })).await, 400, "invalid_field").await;
    check_error(clear(json!(["*"])).await, 400, "invalid_request").await;
    check_error(ask(&server, Method::POST, "/api/v1/cache/stats", None, None).await, 405, "method_not_allowed").await;
    check_error(ask(&server, Method::GET, "/api/admin/cache/clear", None, None).await, 405, "method_not_allowed").await;
}

async fn check_error(answer: Response, status: u16, code: &str) {
    let got = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(body, json!({ "success": false, "error": body["error"], "code": code }));
    assert!(body["error"].as_str().is_some_and(|error| error.len() > 5), "{body}");
}

#[tokio::test]
async fn a_database_that_is_down_is_said_and_cut_outs_are_made_all_the_same() {
    let (server, _, admin) = with_keys(|settings| {
        settings.cache.database_url = Some("postgres://clearcut:hidden@127.0.0.1:1/cache".into());
    });
    cut_out(&server, 1).await;
    for path in ["/api/v1/cache/stats", "/api/v1/cache/recent"] {
        let answer = ask(&server, Method::GET, path, None, None).await;
        assert!(answer.headers().contains_key("retry-after"));
        check_error(answer, 503, "unavailable").await;
    }
    for path in ["/api/v1/cache/cleanup", "/api/admin/cache/clear"] {
        check_error(ask(&server, Method::POST, path, Some(&admin), None).await, 503, "unavailable").await;
    }
    let answer = ask(&server, Method::GET, "/api/admin/cache/stats", Some(&admin), None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let stats: Value = answer.json().await.unwrap();
    assert_eq!((&stats["cache"]["enabled"], &stats["cache"]["status"]), (&json!(true), &json!("degraded")));
}

#[tokio::test]
async fn a_server_without_a_cache_has_figures_of_nothing() {
    let (server, _, admin) = with_keys(|settings| settings.cache.enabled = false);
    cut_out(&server, 1).await;
    let stats = get(&server, "/api/v1/cache/stats").await;
    assert_eq!((&stats["total_requests"], &stats["tiers"]), (&json!(0), &json!([])));
    assert_eq!(get(&server, "/api/v1/cache/recent").await, json!({ "tasks": [] }));
    let answer = ask(&server, Method::GET, "/api/admin/cache/stats", Some(&admin), None).await;
    let expected =
        json!({ "success": true, "cache": { "enabled": false, "status": "disabled", "hits": "0", "misses": "0" } });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
    for path in ["/api/v1/cache/cleanup", "/api/admin/cache/clear"] {
        assert_eq!(ask(&server, Method::POST, path, Some(&admin), None).await.status(), StatusCode::OK);
    }
}
