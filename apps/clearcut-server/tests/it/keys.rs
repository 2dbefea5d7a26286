//! API keys: what a key opens, what is closed without one, and that a running server sees what changes.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant, SystemTime},
};

use clearcut_server::trust::{
    key_file::{KeyFile, NewKey},
    keys::Role,
};
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::support::{Server, client, photo};

const ADMIN_CALL: &str = "/api/admin/cache/stats";

/// The file of keys of a running server.
fn keys_of(server: &Server) -> KeyFile {
    KeyFile::at(server.folder.path().join("keys.toml"))
}

fn add(file: &KeyFile, role: Role, quota_per_day: Option<u32>) -> (String, String) {
    let quota_per_day = quota_per_day.and_then(NonZeroU32::new);
    let made = file.add(NewKey { name: "a test".to_owned(), role, quota_per_day }, SystemTime::now()).unwrap();
    (made.id, made.key.expose_secret().to_owned())
}

async fn cut_out(server: &Server, header: Option<(&str, &str)>) -> Response {
    let request = client().post(server.at("/v1/cutouts")).body(photo(1));
    header.into_iter().fold(request, |request, (name, value)| request.header(name, value)).send().await.unwrap()
}

async fn admin_call(server: &Server, key: Option<&str>) -> StatusCode {
    let request = client().get(server.at(ADMIN_CALL));
    key.into_iter().fold(request, |request, key| request.header("X-Api-Key", key)).send().await.unwrap().status()
}

/// Waits until `ask` says yes, as a server looks at its keys now and then.
async fn eventually(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !ask().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn cut_outs_need_a_key_where_the_operator_wants_one() {
    let server = Server::start_with(|settings| {
        settings.access.require_key = true;
        add(&KeyFile::at(&settings.access.keys_file), Role::User, None);
    });
    let (id, key) = add(&keys_of(&server), Role::User, None);
    for header in
        [None, Some(("X-Api-Key", "")), Some(("X-Api-Key", "cc_guess")), Some(("Authorization", "Bearer cc_guess"))]
    {
        let answer = cut_out(&server, header).await;
        assert_eq!(answer.status(), 401, "{header:?}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "unauthorized");
    }
    eventually("a key that was added is known", async || {
        cut_out(&server, Some(("X-Api-Key", &key))).await.status() == 200
    })
    .await;
    assert_eq!(cut_out(&server, Some(("Authorization", &format!("Bearer {key}")))).await.status(), 200);

    keys_of(&server).revoke(&id).unwrap();
    eventually("a key that was revoked is unknown", async || {
        cut_out(&server, Some(("X-Api-Key", &key))).await.status() == 401
    })
    .await;
}

#[tokio::test]
async fn any_key_will_do_where_none_is_needed() {
    let server = Server::start();
    assert_eq!(cut_out(&server, Some(("X-Api-Key", "a key of a hosted service"))).await.status(), 200);
}

#[tokio::test]
async fn admin_calls_are_closed_until_an_admin_key_exists() {
    let server = Server::start();
    for key in [None, Some("cc_guess")] {
        assert_eq!(admin_call(&server, key).await, 403);
    }
    let (_, user) = add(&keys_of(&server), Role::User, None);
    let (id, admin) = add(&keys_of(&server), Role::Admin, None);
    eventually("an admin key opens them", async || admin_call(&server, Some(&admin)).await == 200).await;
    assert_eq!(admin_call(&server, None).await, 401);
    assert_eq!(admin_call(&server, Some("cc_guess")).await, 401);
    assert_eq!(admin_call(&server, Some(&user)).await, 403);
    keys_of(&server).revoke(&id).unwrap();
    eventually("they are closed again", async || admin_call(&server, Some(&admin)).await == 403).await;
}

#[tokio::test]
async fn a_key_has_its_quota() {
    let mut keys = Vec::new();
    let server = Server::start_with(|settings| {
        let file = KeyFile::at(&settings.access.keys_file);
        keys = [Some(2), None].map(|quota| add(&file, Role::User, quota).1).into();
    });
    for remaining in ["1", "0"] {
        let answer = cut_out(&server, Some(("X-Api-Key", &keys[0]))).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-ratelimit-remaining"], remaining);
    }
    let refused = cut_out(&server, Some(("X-Api-Key", &keys[0]))).await;
    assert_eq!(refused.status(), 429);
    let retry_after_s: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((43_000..=43_200).contains(&retry_after_s), "half a day: {retry_after_s}");
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "quota_exceeded");
    assert_eq!(cut_out(&server, Some(("X-Api-Key", &keys[1]))).await.status(), 200, "nobody else's");
}

#[test]
fn the_command_line_shows_a_key_once_and_never_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_clearcut-server"))
            .env_clear()
            .current_dir(folder.path())
            .args(words)
            .output()
            .unwrap()
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let added = run(&["keys", "add", "--name", "shop"]);
    let key = text(added.stdout);
    assert!(added.status.success() && key.starts_with("cc_") && key.lines().count() == 1, "{}", text(added.stderr));
    // Without a setting the file lies in the working folder.
    let file = std::fs::read_to_string(folder.path().join("clearcut-keys.toml")).unwrap();
    assert!(file.contains("shop") && !file.contains(key.trim()));

    let listed = text(run(&["keys", "list", "--json"]).stdout);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    assert!(run(&["keys", "revoke", id]).status.success());
    let again = run(&["keys", "revoke", id]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(again.stderr).contains("there is no key"));
}
