//! Rate limits: who is counted, what is said, and that several servers share a count.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clearcut_server::{
    Settings,
    trust::limits::{Call, Limit},
};
use clearcut_testkit::server::RedisServer;
use reqwest::Response;
use serde_json::Value;

use crate::support::{Server, client};

/// A server with a limit for one call.
fn limited(call: Call, calls: u32, change: impl FnOnce(&mut Settings)) -> Server {
    Server::start_with(|settings| {
        settings.limits.calls = vec![(call, Limit { calls, per: Duration::from_hours(1) })];
        change(settings);
    })
}

/// A call that is counted, and refused for its body if not for its number.
async fn ask(server: &Server, forwarded_for: Option<&str>) -> Response {
    let request = client().post(server.at("/v1/cutouts")).body("no picture");
    forwarded_for
        .into_iter()
        .fold(request, |request, from| request.header("X-Forwarded-For", from))
        .send()
        .await
        .unwrap()
}

fn number(answer: &Response, header: &str) -> u64 {
    answer.headers()[header].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_limit_says_what_is_left_and_when_to_come_again() {
    let server = limited(Call::Native, 3, |_| {});
    for _ in 0..3 {
        assert_eq!(ask(&server, None).await.status(), 415);
    }
    let refused = ask(&server, None).await;
    assert_eq!(refused.status(), 429);
    assert_eq!((number(&refused, "x-ratelimit-limit"), number(&refused, "x-ratelimit-remaining")), (3, 0));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!((now + 3500..=now + 3601).contains(&number(&refused, "x-ratelimit-reset")));
    assert!((1100..=1200).contains(&number(&refused, "retry-after")));
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "rate_limited");
    let other = client().get(server.at("/health/live")).send().await.unwrap();
    assert_eq!(other.status(), 200, "other calls are not counted with it");
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_counted_each() {
    let server = limited(Call::Native, 1, |settings| {
        settings.access.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    for (from, status) in [
        ("203.0.113.1", 415),
        ("203.0.113.2", 415),
        ("203.0.113.1", 429),
        ("198.51.100.9, 203.0.113.1", 429),
        ("2001:db8:1:1::1", 415),
        ("2001:db8:1:1::2", 429),
        ("2001:db8:1:2::1", 415),
    ] {
        assert_eq!(ask(&server, Some(from)).await.status(), status, "{from}");
    }
}

#[tokio::test]
async fn nobody_else_chooses_the_address_that_is_counted() {
    let server = limited(Call::Native, 1, |_| {});
    assert_eq!(ask(&server, Some("203.0.113.1")).await.status(), 415);
    assert_eq!(ask(&server, Some("203.0.113.2")).await.status(), 429);
}

#[tokio::test]
async fn admin_keys_cannot_be_guessed_fast() {
    let server = limited(Call::Admin, 2, |_| {});
    let guess = async || {
        let request = client().get(server.at("/api/admin/cache/stats")).header("X-Api-Key", "cc_guess");
        request.send().await.unwrap().status()
    };
    assert_eq!((guess().await.as_u16(), guess().await.as_u16(), guess().await.as_u16()), (403, 403, 429));
}

#[tokio::test]
async fn servers_with_one_redis_share_their_counts_and_go_on_without_it() {
    let Some(redis) = RedisServer::start_or_skip() else { return };
    let start = || {
        limited(Call::Native, 2, |settings| {
            settings.limits.shared = true;
            settings.cache.redis_url = Some(redis.url().into());
        })
    };
    let (one, other) = (start(), start());
    assert_eq!(ask(&one, None).await.status(), 415);
    assert_eq!(ask(&other, None).await.status(), 415);
    assert_eq!(
        (ask(&one, None).await.status(), ask(&other, None).await.status()),
        (429.try_into().unwrap(), 429.try_into().unwrap())
    );

    redis.kill().unwrap();
    for server in [&one, &other] {
        let statuses = [ask(server, None).await, ask(server, None).await, ask(server, None).await];
        assert_eq!(statuses.map(|answer| answer.status().as_u16()), [415, 415, 429], "each counts alone");
    }
}
