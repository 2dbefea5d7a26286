//! The pages and their files, and signing in on the admin page.

use std::{path::Path, time::SystemTime};

use clearcut_server::trust::{
    key_file::{KeyFile, MadeKey, NewKey},
    keys::Role,
};
use clearcut_testkit::server::RedisServer;
use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::support::{Server, client};

const SESSION: &str = "/admin/session";
const OWN_CALL: (&str, &str) = ("X-Requested-With", "clearcut");

/// Every `"…?v=…"` of a page or one of its files: what the browser will ask for.
fn references(text: &str) -> Vec<String> {
    text.split(['"', '\'']).filter(|part| part.contains("?v=") && !part.contains(' ')).map(str::to_owned).collect()
}

fn add_key(file: &Path, role: Role) -> MadeKey {
    let new = NewKey { name: "Ada".to_owned(), role, quota_per_day: None };
    KeyFile::at(file).add(new, SystemTime::now()).unwrap()
}

fn server_with_key(role: Role) -> (Server, MadeKey) {
    let mut made = None;
    let server = Server::start_with(|settings| made = Some(add_key(&settings.access.keys_file, role)));
    (server, made.unwrap())
}

async fn sign_in(server: &Server, key: &str) -> Response {
    client().post(server.at(SESSION)).header("X-Api-Key", key).send().await.unwrap()
}

/// What the browser sends back of `Set-Cookie`.
fn cookie(headers: &HeaderMap) -> String {
    headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

fn with_cookie(server: &Server, method: Method, path: &str, cookie: &str) -> RequestBuilder {
    client().request(method, server.at(path)).header("Cookie", cookie)
}

async fn signed_in(server: &Server, cookie: &str) -> bool {
    let answer: Value = with_cookie(server, Method::GET, SESSION, cookie).send().await.unwrap().json().await.unwrap();
    answer["signed_in"].as_bool().unwrap()
}

async fn code(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn pages_name_only_files_of_this_server_and_all_of_them_exist() {
    let server = Server::start();
    for path in ["/", "/admin"] {
        let page = client().get(server.at(path)).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let html = page.text().await.unwrap();
        assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"), "{path}: inline");
        let mut wanted = references(&html);
        assert!(wanted.len() >= 4, "{path} names {wanted:?}");
        let mut seen = Vec::new();
        while let Some(reference) = wanted.pop() {
            let asset = reference.strip_prefix("./").map_or(reference.clone(), |name| format!("assets/{name}"));
            if seen.contains(&asset) {
                continue;
            }
            let answer = client().get(server.at(&format!("/{asset}"))).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{asset}, which {path} names");
            assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable", "{asset}");
            if let Ok(text) = String::from_utf8(answer.bytes().await.unwrap().to_vec()) {
                let foreign = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!foreign.contains("http:") && !foreign.contains("https:"), "{asset} names another server");
                wanted.extend(references(&text));
            }
            seen.push(asset);
        }
        assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("\"//"), "{path}");
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let server = Server::start();
    for path in ["/", "/admin", "/assets/base.css", "/assets/sample.jpg"] {
        let first = client().get(server.at(path)).send().await.unwrap();
        assert_eq!(first.headers()["cache-control"], "no-cache", "{path} without its version");
        let tag = first.headers()["etag"].clone();
        let again = client().get(server.at(path)).header("If-None-Match", &tag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        let other = client().get(server.at(path)).header("If-None-Match", "\"other\"").send().await.unwrap();
        assert_eq!(other.status(), 200, "{path}");
        let head = client().head(server.at(path)).send().await.unwrap();
        assert_eq!((head.status().as_u16(), &head.headers()["etag"]), (200, &tag), "{path}");
        let posted = client().post(server.at(path)).send().await.unwrap();
        assert_eq!(code(posted).await, (405, "method_not_allowed".to_owned()), "{path}");
    }
    for path in ["/assets/nothing.js", "/assets/index.html", "/assets/..%2FCargo.toml"] {
        let answer = client().get(server.at(path)).send().await.unwrap();
        assert_eq!(code(answer).await, (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn only_an_admin_key_signs_in() {
    let (server, user) = server_with_key(Role::User);
    let closed = sign_in(&server, user.key.expose_secret()).await;
    assert_eq!(code(closed).await, (403, "forbidden".to_owned()), "there is no admin key yet");

    let (server, _) = server_with_key(Role::Admin);
    let nobody = client().post(server.at(SESSION)).send().await.unwrap();
    assert_eq!(code(nobody).await, (401, "unauthorized".to_owned()));
    assert_eq!(code(sign_in(&server, "wrong").await).await, (401, "unauthorized".to_owned()));
    let overview = client().get(server.at("/admin/overview")).send().await.unwrap();
    assert_eq!(code(overview).await, (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn a_users_key_does_not_sign_in_beside_an_admins() {
    let mut user = None;
    let server = Server::start_with(|settings| {
        add_key(&settings.access.keys_file, Role::Admin);
        user = Some(add_key(&settings.access.keys_file, Role::User));
    });
    let answer = sign_in(&server, user.unwrap().key.expose_secret()).await;
    assert!(!answer.headers().contains_key("set-cookie"));
    assert_eq!(code(answer).await, (403, "forbidden".to_owned()));
}

#[tokio::test]
async fn a_session_sees_the_overview_until_it_is_signed_out() {
    let (server, key) = server_with_key(Role::Admin);
    let answer = sign_in(&server, key.key.expose_secret()).await;
    assert_eq!(answer.status(), 200);
    let sent = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
        assert!(sent.contains(flag), "{sent}");
    }
    assert!(!sent.contains("Secure"), "the connection has no TLS: {sent}");
    assert!(!sent.contains(key.key.expose_secret()));
    let cookie = cookie(answer.headers());
    assert!(signed_in(&server, &cookie).await);

    let overview = with_cookie(&server, Method::GET, "/admin/overview", &cookie).send().await.unwrap();
    assert_eq!(overview.status(), 200);
    let overview: Value = overview.json().await.unwrap();
    assert_eq!(overview["tiers"][0]["healthy"], true);
    assert_eq!(overview["books"]["statistics"]["total_requests"], 0);
    assert_eq!(overview["server"]["version"], env!("CARGO_PKG_VERSION"));

    // Another site can make a browser send the cookie, but not the header.
    let foreign = with_cookie(&server, Method::DELETE, SESSION, &cookie).send().await.unwrap();
    assert_eq!(code(foreign).await, (403, "forbidden".to_owned()));
    assert!(signed_in(&server, &cookie).await);

    let (name, value) = OWN_CALL;
    let own = with_cookie(&server, Method::DELETE, SESSION, &cookie).header(name, value).send().await.unwrap();
    assert_eq!(own.status(), 204);
    assert!(own.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert!(!signed_in(&server, &cookie).await);
    for made_up in
        ["clearcut_session=", "clearcut_session=AAAA", "clearcut_session=%00%ff", &"clearcut_session=A".repeat(9)]
    {
        assert!(!signed_in(&server, made_up).await, "{made_up}");
    }
}

#[tokio::test]
async fn a_cookie_changes_the_cache_only_with_the_pages_own_header() {
    let (server, key) = server_with_key(Role::Admin);
    let cookie = cookie(sign_in(&server, key.key.expose_secret()).await.headers());
    let clear = || {
        let body = serde_json::json!({ "pattern": "remove_bg:*" });
        with_cookie(&server, Method::POST, "/api/admin/cache/clear", &cookie).json(&body)
    };
    let foreign = clear().send().await.unwrap();
    assert_eq!(foreign.status(), 401);
    let (name, value) = OWN_CALL;
    let own = clear().header(name, value).send().await.unwrap();
    assert_eq!(own.status(), 200);
}

#[tokio::test]
async fn a_cookie_over_tls_is_sent_over_tls_only() {
    let (server, key) = server_with_key(Role::Admin);
    let request = client().post(server.at(SESSION)).header("X-Api-Key", key.key.expose_secret());
    let answer = request.header("X-Forwarded-Proto", "https").send().await.unwrap();
    assert!(answer.headers()["set-cookie"].to_str().unwrap().contains("Secure"));
}

#[tokio::test]
async fn a_session_ends_when_its_key_is_revoked() {
    let (server, key) = server_with_key(Role::Admin);
    let cookie = cookie(sign_in(&server, key.key.expose_secret()).await.headers());
    assert!(signed_in(&server, &cookie).await);
    let file = server.folder.path().join("keys.toml");
    add_key(&file, Role::Admin);
    KeyFile::at(&file).revoke(&key.id).unwrap();
    // The server looks at the file once a second.
    while signed_in(&server, &cookie).await {
        tokio::task::yield_now().await;
    }
    let overview = with_cookie(&server, Method::GET, "/admin/overview", &cookie).send().await.unwrap();
    assert_eq!(code(overview).await, (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn servers_share_sessions_through_redis_and_go_on_without_it() {
    let Some(redis) = RedisServer::start_or_skip() else { return };
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("keys.toml");
    let key = add_key(&file, Role::Admin);
    let start = || {
        Server::start_with(|settings| {
            settings.cache.redis_url = Some(SecretString::from(redis.url()));
            settings.access.keys_file.clone_from(&file);
        })
    };
    let (one, other) = (start(), start());
    let cookie = cookie(sign_in(&one, key.key.expose_secret()).await.headers());
    assert!(signed_in(&one, &cookie).await && signed_in(&other, &cookie).await);

    redis.kill().unwrap();
    let answer = with_cookie(&other, Method::GET, SESSION, &cookie).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["signed_in"], false);
    assert!(answer["message"].as_str().unwrap().contains("does not answer"), "{answer}");
    assert_eq!(code(sign_in(&other, key.key.expose_secret()).await).await, (503, "unavailable".to_owned()));
    // The key itself still opens everything.
    let overview = client().get(other.at("/admin/overview")).header("X-Api-Key", key.key.expose_secret());
    let overview: Value = overview.send().await.unwrap().json().await.unwrap();
    let redis = overview["tiers"].as_array().unwrap().iter().find(|tier| tier["name"] == "redis").unwrap();
    assert_eq!(redis["healthy"], false, "{redis}");
}
